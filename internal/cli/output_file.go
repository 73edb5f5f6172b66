// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kratix-tools/kratix/internal/diag"
)

// writeOutput writes the file that a flag names. It appears whole or not at
// all, and a link to it stays a link. What is no regular file, such as
// /dev/stdout or a pipe, is written to as it stands: its name must not go to a
// file beside it.
func writeOutput(path string, write func(*os.File) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := isDirectory(filepath.Dir(path)); err != nil {
		return diag.Inputf("writing %s: %w", path, err)
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return diag.Inputf("writing %s: it is a directory", path)
	case err == nil && !info.Mode().IsRegular():
		err = writeInto(path, write)
	default:
		err = writeBeside(path, write)
	}
	if denied, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%s cannot be written: %w", path, denied.Err)
	}
	return diag.Machine(err)
}

// writeInto writes to what is there.
func writeInto(path string, write func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// writeBeside writes a file beside its place and moves it there when it is
// complete.
func writeBeside(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
