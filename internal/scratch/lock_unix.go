// SPDX-License-Identifier: Apache-2.0

//go:build unix

package scratch

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// lock locks a directory of this user, and waits for it if told to. It fails
// with fs.ErrNotExist if somebody removed the directory in the meantime.
func lock(path string, wait bool) (*Dir, error) {
	f, err := os.OpenFile(path, unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	how := unix.LOCK_EX
	if !wait {
		how |= unix.LOCK_NB
	}
	err = unix.Flock(int(f.Fd()), how)
	if err == nil {
		err = own(f, path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Dir{Path: path, lock: f}, nil
}

// own checks that an open directory is this user's and still has its name.
func own(f *os.File, path string) error {
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &stat); err != nil {
		return err
	}
	if int(stat.Uid) != os.Geteuid() {
		return fs.ErrPermission
	}
	_, err := os.Lstat(path)
	return err
}
