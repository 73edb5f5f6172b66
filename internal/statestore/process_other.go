// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package statestore

import "os/exec"

// alone does nothing here: there are no sessions.
func alone(*exec.Cmd) {}
