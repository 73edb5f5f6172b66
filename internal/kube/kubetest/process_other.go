// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package kubetest

import "syscall"

// dieWithParent does nothing: only Linux can be asked for it.
func dieWithParent() *syscall.SysProcAttr { return nil }
