// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package engine

import (
	"runtime"

	"github.com/kratix-tools/kratix/internal/doctor"
)

// ThisMachine tells of a machine on which containers run elsewhere: in the
// virtual machine of a daemon.
func ThisMachine() doctor.Machine {
	return doctor.Machine{Platform: runtime.GOOS + "/" + runtime.GOARCH, UserNamespaces: "none: this is not Linux", Cgroups: "none: this is not Linux"}
}
