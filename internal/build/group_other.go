// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package build

import (
	"os/exec"
	"syscall"
)

// runGroup runs a command. What it starts ends with it as the system pleases.
func runGroup(cmd *exec.Cmd) error { return cmd.Run() }

// runGroupUntil is runGroup: there are no signals to stop a command with.
func runGroupUntil(cmd *exec.Cmd, _ syscall.Signal) error { return cmd.Run() }
