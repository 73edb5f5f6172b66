// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kratix-tools/kratix/internal/diag"
)

// checkNewDir refuses a directory that would not be new, before anything else
// is done; flag is the one that named it.
func checkNewDir(flag, dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return diag.Inputf("%s %s: it is a file", flag, dir)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return diag.Hint(diag.Inputf("%s %s: it is not empty", flag, dir), "name a new directory, or remove that one")
	}
	return nil
}

// newDir fills a directory with all files or none: beside it first, and then in
// its place.
func newDir(dir string, fill func(*os.Root) error) (err error) {
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // for people to look into
		return diag.Machine(err)
	}
	fresh, err := os.MkdirTemp(parent, ".kratix-")
	if err != nil {
		return diag.Machine(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	if err := fillDir(fresh, fill); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return diag.Machine(err)
	}
	if err := os.Rename(fresh, dir); err != nil {
		return diag.Machine(err)
	}
	return nil
}

func fillDir(dir string, fill func(*os.Root) error) (err error) {
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // for people to look into
		return diag.Machine(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return diag.Machine(err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return fill(root)
}

// writeBelow writes one file of a directory, whatever its path says. What is
// how the file is called in errors.
func writeBelow(root *os.Root, path, what string, data []byte) error {
	name, err := filepath.Localize(path)
	if err != nil {
		return diag.Inputf("%s: this machine has no such file name", what)
	}
	if err := errors.Join(root.MkdirAll(filepath.Dir(name), 0o755), root.WriteFile(name, data, 0o644)); err != nil {
		return diag.Machine(fmt.Errorf("%s: %w", what, err))
	}
	return nil
}
