// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// newCopy is a tree with a file of each kind.
func newCopy(t *testing.T) (*Copy, string) {
	t.Helper()
	dir := t.TempDir()
	c, err := NewCopy(dir, Attr{Mode: fs.ModeDir | 0o777})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name, content, target string
		mode                  fs.FileMode
	}{
		{name: "sub", mode: fs.ModeDir | 0o500},
		{name: "sub/secret", content: "text", mode: 0},
		{name: "sub/up", target: "../file", mode: fs.ModeSymlink | 0o777},
		{name: "file", content: "hello", mode: 0o4755},
		{name: "dir", target: "sub", mode: fs.ModeSymlink | 0o777},
		{name: "chain", target: "dir/up", mode: fs.ModeSymlink | 0o777},
		{name: "loop", target: "loop", mode: fs.ModeSymlink | 0o777},
		{name: "absolute", target: "/etc/passwd", mode: fs.ModeSymlink | 0o777},
		{name: "out", target: "../../../../etc/passwd", mode: fs.ModeSymlink | 0o777},
		{name: "fifo", mode: fs.ModeNamedPipe | 0o600},
	} {
		attr := Attr{Mode: f.mode, Owner: Ownership{UID: 7, GID: 8}}
		if err := c.Add(f.name, attr, strings.NewReader(f.content), f.target); err != nil {
			t.Fatal(err)
		}
	}
	return c, dir
}

func TestCopyFollowsLinksWithinTheTreeOnly(t *testing.T) {
	t.Parallel()
	c, _ := newCopy(t)
	for name, want := range map[string]string{"file": "hello", "sub/up": "hello", "dir/up": "hello", "chain": "hello", "dir/secret": "text"} {
		if got, err := fs.ReadFile(c, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"loop", "absolute", "out", "file/x", "none"} {
		if got, err := fs.ReadFile(c, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestCopyTellsWhatTheDiskCannot(t *testing.T) {
	t.Parallel()
	c, dir := newCopy(t)
	for name, want := range map[string]fs.FileMode{".": fs.ModeDir | 0o777, "file": 0o4755, "sub/secret": 0, "fifo": fs.ModeNamedPipe | 0o600, "out": fs.ModeSymlink | 0o777} {
		info, err := c.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s: mode %v, want %v", name, info.Mode(), want)
		}
		if o, ok := Owner(info); name != "." && (!ok || o != Ownership{UID: 7, GID: 8}) {
			t.Errorf("%s: owner %v %v", name, o, ok)
		}
	}
	if target, err := c.ReadLink("out"); err != nil || target != "../../../../etc/passwd" {
		t.Errorf("%q, %v", target, err)
	}
	if _, err := c.Open("fifo"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("opening a fifo: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "fifo")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a fifo on disk: %v", err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "sub/secret")); err != nil || string(data) != "text" {
		t.Errorf("on disk: %q, %v", data, err)
	}
}

func TestCopyIsAFileSystem(t *testing.T) {
	t.Parallel()
	c, err := NewCopy(t.TempDir(), Attr{Mode: fs.ModeDir | 0o755})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b", "b/z", "b/a"} {
		if err := c.Add(name, Attr{Mode: fs.ModeDir | 0o755}, nil, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Add("b/m", Attr{Mode: 0o644}, strings.NewReader("x"), ""); err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(c, "b/a", "b/m", "b/z"); err != nil {
		t.Error(err)
	}
}

func TestCopyRefusesWhatIsNoPathInIt(t *testing.T) {
	t.Parallel()
	c, _ := newCopy(t)
	for _, name := range []string{"", ".", "..", "../x", "/x", "a//b", "none/x", "file/x", "dir/x", "file"} {
		if err := c.Add(name, Attr{Mode: 0o644}, strings.NewReader(""), ""); err == nil {
			t.Errorf("%q was added", name)
		}
	}
}

func TestCopyTakesNamesOfAnyBytes(t *testing.T) {
	t.Parallel()
	c, _ := newCopy(t)
	const name = "\xff\xfe"
	if err := c.Add(name, Attr{Mode: 0o644}, strings.NewReader("x"), ""); err != nil {
		t.Skipf("this system does not: %v", err)
	}
	if got, err := fs.ReadFile(c, name); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestCopyKeepsContentsWithHoles(t *testing.T) {
	t.Parallel()
	c, _ := newCopy(t)
	want := bytes.Repeat([]byte{0}, 300<<10)
	want[0], want[130<<10] = 'a', 'b'
	if err := c.Add("sparse", Attr{Mode: 0o644}, bytes.NewReader(want), ""); err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(c, "sparse"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes differ from %d, %v", len(got), len(want), err)
	}
}

// TestMemory: a tree in memory is a tree as any other.
func TestMemory(t *testing.T) {
	t.Parallel()
	c := NewMemory()
	for name, content := range map[string]string{"a/b/file": "hello", "a/other": "text", "top": ""} {
		if err := c.AddFile(name, 0o640, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.AddDir("a/empty", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := c.Add("link", Attr{Mode: fs.ModeSymlink | 0o777}, nil, "a/other"); err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(c, "a/b/file", "a/other", "top", "link"); err != nil {
		t.Error(err)
	}
	if err := c.AddFile("a/other", 0o600, []byte("replaced")); err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(c, "link"); err != nil || string(got) != "replaced" {
		t.Errorf("through the link: %q, %v", got, err)
	}
	info, err := c.Lstat("a/other")
	if err != nil || info.Mode() != 0o600 || info.Size() != int64(len("replaced")) {
		t.Errorf("%v, %v", info, err)
	}
	for _, name := range []string{"a/b", "top/below", "../out"} {
		if err := c.AddFile(name, 0o600, nil); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("adding a file %s: %v", name, err)
		}
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	from, _ := newCopy(t)
	for _, dir := range []string{"one", "two"} {
		if err := from.Add(dir, Attr{Mode: fs.ModeDir | 0o700}, nil, ""); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"x.yaml", "y"} {
			if err := from.Add(dir+"/"+file, Attr{Mode: 0o600}, strings.NewReader(dir), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	name := strings.NewReplacer("one", "n", "two", "n", "sub/secret", "flat", "file", "FILE").Replace
	c, err := NewCopy(t.TempDir(), Attr{Mode: fs.ModeDir | 0o777})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Rewrite(from, name, func(_ string, data []byte) []byte { return bytes.ToUpper(data) }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"FILE": "HELLO", "chain": "HELLO", "flat": "TEXT",
		"n/x.yaml": "ONE", "n/x-2.yaml": "TWO", "n/y": "ONE", "n/y-2": "TWO",
	} {
		if got, err := fs.ReadFile(c, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	info, err := c.Lstat("FILE")
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := Owner(info); info.Mode() != 0o4755 || o != (Ownership{UID: 7, GID: 8}) {
		t.Errorf("mode %v, owner %v", info.Mode(), o)
	}
	if _, err := c.Lstat("file"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old name: %v", err)
	}
}
