// SPDX-License-Identifier: Apache-2.0

package kubetest

import "syscall"

// dieWithParent lets the kernel end a program when its parent was killed.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
