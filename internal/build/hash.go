// SPDX-License-Identifier: Apache-2.0

package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Hash gives a hash of a stage's sources: 64 hex digits made of the names, the
// contents and the executable bits of all files below dir. What editors and
// version control leave there does not count, and neither do times, owners and
// the place of dir.
func Hash(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && isJunk(d):
			return skip(d)
		case d.IsDir():
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return hashFile(h, filepath.ToSlash(name), path, d.Type())
	})
	if err != nil {
		return "", diag.Input(fmt.Errorf("hashing the sources of a container: %w", err))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// isJunk tells whether a file is none of the sources.
func isJunk(d fs.DirEntry) bool {
	name := d.Name()
	switch {
	case slices.Contains([]string{".git", ".hg", ".svn", ".idea", ".vscode", ".DS_Store", "Thumbs.db"}, name):
		return true
	case d.IsDir():
		return false
	}
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, ".#") ||
		strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#") ||
		strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".swo"))
}

// outside matches a line of go.mod that takes a module from another directory.
var outside = regexp.MustCompile(`(?m)=>\s*"?(\.{1,2}[/\\]|\.{1,2}\s|/)`)

// selfContained tells whether all that goes into a stage's program, but for
// modules with a checksum, is in the stage's directory, so that its hash tells
// everything.
func selfContained(stage string) bool {
	dir, err := mainPackage(stage)
	if err != nil || os.Getenv("GOWORK") != "" {
		return false
	}
	for _, d := range []string{dir, stage} {
		if mod, err := os.ReadFile(filepath.Join(d, "go.mod")); err == nil {
			return !outside.Match(mod)
		}
	}
	return false
}

// hashFile adds one file: its kind, its name, its length and its content, so
// that no two trees add up to the same bytes.
func hashFile(h hash.Hash, name, path string, kind fs.FileMode) error {
	switch kind {
	case 0:
		return hashRegular(h, name, path)
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		if err == nil {
			_, err = fmt.Fprintf(h, "link %q %q\n", name, filepath.ToSlash(target))
		}
		return err
	}
	return fmt.Errorf("%s is neither a file nor a directory", path)
}

func hashRegular(h hash.Hash, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	content := sha256.New()
	if _, err := io.Copy(content, f); err != nil {
		return err
	}
	_, err = fmt.Fprintf(h, "file %q executable=%v %x\n", name, info.Mode()&0o111 != 0, content.Sum(nil))
	return err
}
