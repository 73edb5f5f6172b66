// SPDX-License-Identifier: Apache-2.0

// Package scratch makes temporary directories that outlive no process: one that
// is killed cannot clean up, so whoever comes next does it.
package scratch

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Dir is a temporary directory that belongs to this process: it stays
// locked until [Dir.Remove], so that the directory of a killed process is
// known as such.
type Dir struct {
	Path string
	lock *os.File // the directory itself; nil where systems cannot lock it
}

// New makes a temporary directory whose name begins with prefix, and
// removes those of the same prefix that killed processes left.
func New(prefix string) (*Dir, error) {
	dir := os.TempDir()
	sweep(dir, prefix)
	for {
		path, err := os.MkdirTemp(dir, prefix)
		if err != nil {
			return nil, tempError(dir, err)
		}
		t, err := lock(path, true)
		switch {
		case err == nil:
			return t, nil
		case !errors.Is(err, fs.ErrNotExist): // else a sweep took it for one left behind
			return nil, diag.Machine(errors.Join(fmt.Errorf("locking %s: %w", path, err), os.Remove(path)))
		}
	}
}

// tempError says where the name of the directory came from.
func tempError(dir string, err error) error {
	if where, ok := errors.AsType[*fs.PathError](err); ok {
		err = where.Err
	}
	return diag.Hint(diag.Machine(fmt.Errorf("making a temporary directory in %s: %w", dir, err)),
		fmt.Sprintf("mkdir -p %s, or export TMPDIR=DIR, a directory that you may write to (TMPDIR is %s)", dir, cmp.Or(os.Getenv("TMPDIR"), "not set")))
}

// Remove removes the directory with all it holds, whatever its modes are, and
// at last the lock.
func (t *Dir) Remove() error {
	err := removeAll(t.Path)
	if t.lock != nil {
		err = errors.Join(err, t.lock.Close())
	}
	return err
}

// sweep removes the directories that nobody has locked. What cannot be removed
// is left where it is.
func sweep(dir, prefix string) {
	paths, _ := filepath.Glob(filepath.Join(dir, prefix+"*"))
	for _, path := range paths {
		if t, err := lock(path, false); err == nil {
			_ = t.Remove()
		}
	}
}

// removeAll is os.RemoveAll that also removes what directories without
// permissions hold.
func removeAll(path string) error {
	err := os.RemoveAll(path)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o700) //nolint:gosec // to be removed
		}
		return nil
	})
	return os.RemoveAll(path)
}
