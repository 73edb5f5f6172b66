// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func program(t *testing.T, file string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, mode); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no permission to be run there")
	}
	dir := t.TempDir()
	for _, name := range []string{"a/kratix-foo", "a/kratix-foo-bar_baz", "b/kratix-foo", "b/kratix-later", "b/kratix-foo-dir/x"} {
		program(t, filepath.Join(dir, name), 0o755)
	}
	program(t, filepath.Join(dir, "a/kratix-later"), 0o644)
	d := Directories{dirs: []string{filepath.Join(dir, "a"), "", filepath.Join(dir, "none"), filepath.Join(dir, "b")}}
	for args, want := range map[string]string{
		"foo":             "a/kratix-foo 1",
		"foo x --flag":    "a/kratix-foo 1",
		"foo bar-baz":     "a/kratix-foo-bar_baz 2",
		"foo bar-baz x":   "a/kratix-foo-bar_baz 2",
		"foo --flag bar":  "a/kratix-foo 1",
		"foo dir":         "a/kratix-foo 1",
		"later":           "b/kratix-later 1",
		"nothing":         "",
		"--flag foo":      "",
		"../a/kratix-foo": "",
		"foo-bar_baz":     "",
		"foo bar_baz":     "a/kratix-foo-bar_baz 2",
	} {
		got := ""
		if path, words, ok := d.Find(strings.Fields(args)); ok {
			below, _ := filepath.Rel(dir, path)
			got = below + " " + string(rune('0'+words))
		}
		if got != want {
			t.Errorf("Find(%q) gives %q, want %q", args, got, want)
		}
	}
}

// TestEndings is how Windows finds programs, on any system.
func TestEndings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"kratix-foo.exe", "kratix-foo.txt", "kratix-bar.cmd", "kratix-baz"} {
		program(t, filepath.Join(dir, name), 0o644)
	}
	d := Directories{dirs: []string{dir}, exts: []string{".com", ".exe", ".cmd"}}
	for word, want := range map[string]string{"foo": "kratix-foo.exe", "bar": "kratix-bar.cmd", "baz": ""} {
		path, _, _ := d.Find([]string{word})
		if path != "" {
			path = filepath.Base(path)
		}
		if path != want {
			t.Errorf("%s is %q, want %q", word, path, want)
		}
	}
	var list []string
	for _, p := range d.List() {
		if p.Executable {
			list = append(list, p.Command)
		}
	}
	if diff := cmp.Diff([]string{"bar", "foo"}, list); diff != "" {
		t.Errorf("plugins (-want +got):\n%s", diff)
	}
}
