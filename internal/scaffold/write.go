// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A File is a file to be written.
type File struct {
	Path string      // slash-separated, below the directory that is written to
	Mode fs.FileMode // 0 is that of the file it replaces, or 0644
	Data []byte
	// Replace says that the file is expected to be there: it is an edit.
	Replace bool
	// Before, if set, is what an edit was made of. A file that holds something
	// else by now is not replaced: that would undo what somebody else did.
	Before []byte
}

// WriteOptions say how [Write] writes.
type WriteOptions struct {
	Force bool // replace files that exist
}

// Write writes the files below dir, all or none. Files that exist are an input
// error that names all of them, unless they are edits or Force is set. Each file
// appears whole or not at all; after an error the directory is as it was.
func Write(dir string, files []File, opts WriteOptions) error {
	if err := Check(dir, files, opts); err != nil {
		return err
	}
	var w writer
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		err := w.write(path, f)
		switch {
		case errors.Is(err, errChanged):
			err := diag.Machine(errors.Join(fmt.Errorf("%s: %w", path, err), w.rollBack()))
			return diag.Hint(err, "run the command once more: nothing is written")
		case err != nil:
			return diag.Machine(errors.Join(inWords(path, err), w.rollBack()))
		}
	}
	return nil
}

// errChanged is that of a file that is not what its edit was made of.
var errChanged = errors.New("somebody else has changed it in the meantime")

// inWords says which file cannot be written, rather than which temporary file
// on the way to it.
func inWords(path string, err error) error {
	if denied, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s cannot be written: %w", path, denied.Err)
	}
	return err
}

// Check looks for the reasons that [Write] would have not to begin, and writes
// nothing.
func Check(dir string, files []File, opts WriteOptions) error {
	var exist []string
	for _, f := range files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return diag.Inputf("writing %s: it is outside %s", f.Path, dir)
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return diag.Input(err)
		case info.IsDir():
			return diag.Inputf("writing %s: it is a directory", path)
		case !f.Replace && !opts.Force:
			exist = append(exist, path)
		}
	}
	if len(exist) == 0 {
		return nil
	}
	slices.Sort(exist)
	err := diag.Inputf("files exist already: %s", strings.Join(exist, ", "))
	return diag.Hint(err, "add --force to replace them")
}

// A writer remembers how to undo what it did, the last step last.
type writer struct{ undo []func() error }

func (w *writer) rollBack() error {
	var errs []error
	for _, undo := range slices.Backward(w.undo) {
		errs = append(errs, undo())
	}
	return errors.Join(errs...)
}

func (w *writer) write(path string, f File) error {
	if err := w.mkdir(filepath.Dir(path)); err != nil {
		return err
	}
	path, mode, undo, err := keep(path, f.Mode)
	if err != nil {
		return err
	}
	unchanged := func() error {
		now, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(now, f.Before) {
			return errChanged
		}
		return err
	}
	if f.Before == nil {
		unchanged = func() error { return nil }
	}
	if err := writeAtomically(path, f.Data, mode, unchanged); err != nil {
		return err
	}
	w.undo = append(w.undo, undo)
	return nil
}

// mkdir makes a directory and its parents.
func (w *writer) mkdir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := w.mkdir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	w.undo = append(w.undo, func() error { return os.Remove(dir) })
	return nil
}

// keep prepares for going back to what is at path now. It gives the path to
// write to, which a link may put elsewhere, the mode to write with, and the way
// back.
func keep(path string, mode fs.FileMode) (target string, with fs.FileMode, undo func() error, err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if mode == 0 {
			mode = 0o644
		}
		return path, mode, func() error { return removeIfThere(path) }, nil
	}
	if err != nil {
		return "", 0, nil, err
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return "", 0, nil, err
	}
	undo = func() error {
		return writeAtomically(path, old, info.Mode().Perm(), func() error { return nil })
	}
	if mode == 0 {
		mode = info.Mode().Perm()
	}
	return path, mode, undo, nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writeAtomically writes a file beside path and then, if allowed at that moment,
// gives it that name.
func writeAtomically(path string, data []byte, mode fs.FileMode, allowed func() error) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := allowed(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
