// SPDX-License-Identifier: Apache-2.0

package native

import (
	"github.com/kratix-tools/kratix/internal/image"
)

// Name is the name of this engine.
const Name = "native"

// Config is what an Engine needs.
type Config struct {
	// Images is where images come from and are unpacked to.
	Images *image.Store
	// Options says how to get an image; nil for the defaults.
	Options func(ref string) image.GetOptions
	// Dir is where Pods have their volumes while they live; empty for the
	// directory for temporary files.
	Dir string
}

// A Mode says which users there are in a container.
type Mode string

// The modes.
const (
	ModeRange       Mode = "range"       // all ids, a range of the machine's that nobody has
	ModeSubordinate Mode = "subordinate" // root, which is the caller, and those that /etc/subuid leaves to the caller
	ModeSingle      Mode = "single"      // one, which is the caller
)
