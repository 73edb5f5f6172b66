// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"

	"golang.org/x/sys/windows"
)

const everything = ^uint32(0)

func lockFile(f *os.File, kind lockKind, wait bool) error {
	var flags uint32
	if kind == exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	if !wait {
		flags |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, everything, everything, new(windows.Overlapped))
	return os.NewSyscallError("LockFileEx", err)
}

func unlockFile(f *os.File) error {
	err := windows.UnlockFileEx(windows.Handle(f.Fd()), 0, everything, everything, new(windows.Overlapped))
	return os.NewSyscallError("UnlockFileEx", err)
}
