// SPDX-License-Identifier: Apache-2.0

package changed

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
)

func write(t *testing.T, dir string, files ...string) {
	t.Helper()
	for _, name := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// repository makes a Git repository with one commit of some files.
func repository(t *testing.T, files ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs the program git")
	}
	t.Setenv("HOME", t.TempDir())
	dir := t.TempDir()
	write(t, dir, files...)
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "."}, {"-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "one"},
	} {
		if _, err := git(t.Context(), dir, args...); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSince(t *testing.T) {
	dir := repository(t, "app/same", "app/changed", "app/moved", "gone", ".gitignore", "ä b")
	write(t, dir, "app/new/file", "app/ignored")
	for name, content := range map[string]string{".gitignore": "ignored", "app/changed": "x", "ä b": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "gone")), os.Rename(filepath.Join(dir, "app/moved"), filepath.Join(dir, "app/here"))); err != nil {
		t.Fatal(err)
	}
	files, err := Since(t.Context(), filepath.Join(dir, "app"), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range files {
		got = append(got, strings.TrimPrefix(file, dir+"/"))
	}
	want := []string{"app/changed", "app/moved", "gone", "ä b", ".gitignore", "app/here", "app/new/file"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changed files (-want +got):\n%s", diff)
	}
}

// What looks like an option is no option of Git's.
func TestSinceNoCommit(t *testing.T) {
	dir := repository(t, "file")
	for _, ref := range []string{"nothing", "--all", "HEAD:file"} {
		if files, err := Since(t.Context(), dir, ref); diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("since %q: %v, %v, want an input error", ref, files, err)
		}
	}
}

// until reads from a watcher until it has told of all the files, which may come
// in several pieces.
func until(t *testing.T, w *Watcher, dir string, want ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, name := range want {
		missing[filepath.Join(dir, name)] = true
	}
	for len(missing) > 0 {
		files, err := w.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.Contains(file, "skipped") {
				t.Errorf("%s was not to be watched", file)
			}
			delete(missing, file)
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a/old", "a/edited", "skipped/file")
	w, err := Watch(dir, func(path string) bool { return filepath.Base(path) == "skipped" })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})

	// A directory that is new, and one in it: their files count, then and later.
	write(t, dir, "skipped/file", "b/c/new")
	until(t, w, dir, "b/c/new")
	write(t, dir, "b/c/later")
	until(t, w, dir, "b/c/later")

	// An editor that replaces a file, and then again.
	for range 2 {
		write(t, dir, "a/.edited.tmp")
		if err := os.Rename(filepath.Join(dir, "a/.edited.tmp"), filepath.Join(dir, "a/edited")); err != nil {
			t.Fatal(err)
		}
		until(t, w, dir, "a/edited")
	}

	// A file that is gone, and a directory that is moved in with all it holds.
	outside := t.TempDir()
	write(t, outside, "d/e/moved")
	if err := errors.Join(os.Remove(filepath.Join(dir, "a/old")), os.Rename(filepath.Join(outside, "d"), filepath.Join(dir, "d"))); err != nil {
		t.Fatal(err)
	}
	until(t, w, dir, "a/old", "d/e/moved")
}
