// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A RunDir is where a run keeps the output trees and logs of its cases, so
// that they can be looked at afterwards: .kratix/runs/ID below the Promise,
// with the link .kratix/runs/last to the newest. Only one is kept.
type RunDir struct {
	Path string
	last string // the link
}

// NewRunDir makes a directory for a run of the Promise in dir. Where dir
// cannot be written, it makes a temporary one.
func NewRunDir(dir string) (*RunDir, error) {
	runs := filepath.Join(dir, ".kratix", "runs")
	if err := os.MkdirAll(runs, 0o755); err != nil { //nolint:gosec // for people to look into
		return newTempRunDir()
	}
	// Nothing in .kratix is worth a commit.
	ignore := filepath.Join(dir, ".kratix", ".gitignore")
	if _, err := os.Stat(ignore); err != nil {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil { //nolint:gosec // nothing secret
			return newTempRunDir()
		}
	}
	path, err := os.MkdirTemp(runs, time.Now().UTC().Format("20060102T150405")+"-")
	if err == nil {
		err = os.Chmod(path, 0o755) //nolint:gosec // for people to look into
	}
	if err != nil {
		return newTempRunDir()
	}
	return &RunDir{Path: path, last: filepath.Join(runs, "last")}, nil
}

// Elsewhere reports whether something of the run is kept outside the Promise's
// directory, where nobody would look for it.
func (r *RunDir) Elsewhere() bool {
	_, err := os.Stat(r.Path)
	return r.last == "" && err == nil
}

func newTempRunDir() (*RunDir, error) {
	dir, err := os.MkdirTemp("", "kratix-run-")
	if err != nil {
		return nil, diag.Machine(err)
	}
	return &RunDir{Path: dir}, nil
}

// Publish points "last" at this run and removes the run it pointed at before.
// Runs of other processes that are still going on are left alone, since
// nothing points at them yet.
func (r *RunDir) Publish() error {
	if r.last == "" {
		removeEmpty(r.Path)
		return nil
	}
	before, _ := os.Readlink(r.last)
	link := r.Path + ".link"
	if err := os.Symlink(filepath.Base(r.Path), link); err != nil {
		return diag.Machine(err)
	}
	if err := os.Rename(link, r.last); err != nil {
		return diag.Machine(err)
	}
	if before == "" || before == filepath.Base(r.Path) || strings.ContainsRune(before, filepath.Separator) {
		return nil
	}
	return os.RemoveAll(filepath.Join(filepath.Dir(r.Path), before))
}

// removeEmpty removes a directory if there is no file in it.
func removeEmpty(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if entry.IsDir() {
			removeEmpty(filepath.Join(dir, entry.Name()))
		}
	}
	os.Remove(dir) //nolint:errcheck,gosec // it stays if there is something in it
}

// Shown gives path, which lies in this run's directory, as one that stays
// short and true until the next run: below .kratix/runs/last of the Promise's
// directory. Without a run directory there is nothing to show.
func (r *RunDir) Shown(path string) string {
	if r == nil {
		return ""
	}
	below, err := filepath.Rel(r.Path, path)
	if r.last == "" || err != nil {
		return path
	}
	return filepath.Join(r.last, below)
}
