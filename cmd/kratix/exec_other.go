// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package main

import (
	"errors"
	"os"
	"os/exec"
)

// become runs the program with the streams of this process and gives its exit
// code. An interrupt reaches all processes of a console by itself.
func become(path string, args []string) (code int, err error) {
	cmd := exec.Command(path, args...) //nolint:noctx // it lives as long as this process
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}
