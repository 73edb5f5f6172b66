// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"os"
	"syscall"
)

// become makes this process the program: it has the same streams and gets every
// signal, and its exit code is that of the command. It returns only if the
// program cannot be started.
func become(path string, args []string) (code int, err error) {
	return 0, &os.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, append([]string{path}, args...), os.Environ())} //nolint:gosec // running it is the purpose
}
