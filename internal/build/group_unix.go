// SPDX-License-Identifier: Apache-2.0

//go:build unix

package build

import (
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// runGroup runs a command with all that it starts, and leaves none of it
// running: the go command that is told to stop does not wait for its
// compilers.
func runGroup(cmd *exec.Cmd) error { return runGroupUntil(cmd, syscall.SIGKILL) }

// runGroupUntil is runGroup for a command that is told to stop by a signal of
// its own, and then has a moment to clean up.
func runGroupUntil(cmd *exec.Cmd, stop syscall.Signal) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, stop) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if cmd.Process != nil && err != nil {
		awaitGroup(cmd.Process.Pid)
	}
	return err
}

// awaitGroup kills what is left of a process group and waits until it is gone,
// but not for processes that their new parent never buries.
func awaitGroup(group int) {
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err := syscall.Kill(-group, syscall.SIGKILL); errors.Is(err, syscall.ESRCH) {
			return
		}
	}
}
