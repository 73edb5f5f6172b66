// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"errors"
	"os"
)

// A lockKind says who may hold a lock at the same time.
type lockKind int

const (
	shared lockKind = iota
	exclusive
)

// openLocked opens the file at path, makes it if need be, and locks it, waiting
// for others to release theirs. The end of the process releases it too.
func openLocked(ctx context.Context, path string, kind lockKind) (*os.File, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	locked := make(chan error, 1)
	go func() { locked <- lockFile(f, kind, true) }()
	select {
	case err = <-locked:
	case <-ctx.Done():
		go func() { // nobody may close the file while the system waits for it
			_ = errors.Join(<-locked, release(f))
		}()
		return nil, ctx.Err()
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// tryLock is openLocked for oneself alone, without waiting: it fails if
// somebody else has a lock on the file.
func tryLock(path string) (*os.File, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f, exclusive, false); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

// release unlocks and closes a file. To close it is not enough: a program that
// is just being started shares it for a moment.
func release(f *os.File) error {
	return errors.Join(unlockFile(f), f.Close())
}
