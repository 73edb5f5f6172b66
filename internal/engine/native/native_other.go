// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package native

import (
	"context"
	"os"
	"runtime"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// New fails: there is no native engine for this system.
func New(ctx context.Context, _ Config) (workflow.Engine, error) {
	_, _, err := Probe(ctx, "")
	return nil, err
}

// Probe fails: there is no native engine for this system.
func Probe(context.Context, string) (mode Mode, lacks, err error) {
	return "", nil, diag.Hint(diag.Machinef("the native engine runs containers on Linux only, and this is %s", runtime.GOOS),
		"run it on a Linux machine, such as a virtual machine or a CI job")
}

// Emulates fails as well.
func Emulates(string) (bool, error) {
	_, _, err := Probe(context.Background(), "")
	return false, err
}

// RemoveAll is [os.RemoveAll]: what containers left here is none of this
// system's.
func RemoveAll(path string) error { return os.RemoveAll(path) }
