// SPDX-License-Identifier: Apache-2.0

//go:build unix

package statestore

import (
	"os/exec"
	"syscall"
)

// alone gives a command a session of its own, without a terminal, and lets the
// end of its context end all of that session.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
