// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func owner(t *testing.T, files tree.FS, name string) tree.Ownership {
	t.Helper()
	info, err := files.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := tree.Owner(info)
	if !ok {
		t.Errorf("%s has no owner", name)
	}
	return o
}

// listing gives a line for each file: mode, name, size, target of a link.
func listing(t *testing.T, files tree.FS) []string {
	t.Helper()
	var lines []string
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%v %q", info.Mode(), name)
		switch info.Mode().Type() {
		case 0:
			line += fmt.Sprintf(" %d", info.Size())
		case fs.ModeSymlink:
			target, err := files.ReadLink(name)
			if err != nil {
				return err
			}
			line += " -> " + target
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestCopyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	r := w.run(step(
		"write /v/plain text", "chmod /v/plain 0640", "write /v/shut x", "chmod /v/shut 0",
		"mkdir /v/closed/inner", "write /v/closed/inner/file y", "chmod /v/closed/inner 0", "chmod /v/closed 0111",
		"symlink /etc/passwd /v/absolute", "symlink ../../../../etc/passwd /v/out", "symlink plain /v/in", "symlink nowhere /v/dangling",
		"mkfifo /v/fifo", "socket /v/socket", "link /v/plain /v/hard", "create /v/sparse 1073741824", "chmod /v/plain 04640",
		"write /v/\xff\x01name z", "mkdir /v/empty"))
	if r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	for range 2 { // the first leaves everything as it is
		dir := t.TempDir()
		files, err := w.pod.CopyOut(t.Context(), "v", dir)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			`drwxrwxrwx "."`,
			`Lrwxrwxrwx "absolute" -> /etc/passwd`,
			`d--x--x--x "closed"`,
			`d--------- "closed/inner"`,
			`-rw-r--r-- "closed/inner/file" 2`,
			`Lrwxrwxrwx "dangling" -> nowhere`,
			`drwxr-xr-x "empty"`,
			`prw-r----- "fifo"`,
			`urw-r----- "hard" 5`,
			`Lrwxrwxrwx "in" -> plain`,
			`Lrwxrwxrwx "out" -> ../../../../etc/passwd`,
			`urw-r----- "plain" 5`,
			`---------- "shut" 2`,
			`Srwxr-xr-x "socket"`,
			`-rw-r--r-- "sparse" 1073741824`,
			`-rw-r--r-- "\xff\x01name" 2`,
		}
		if diff := cmp.Diff(want, listing(t, files)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		for name, want := range map[string]string{"shut": "x\n", "closed/inner/file": "y\n", "in": "text\n", "\xff\x01name": "z\n"} {
			if got, err := fs.ReadFile(files, name); err != nil || string(got) != want {
				t.Errorf("%q: %q, %v", name, got, err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
				t.Errorf("%q on disk: %q, %v", name, got, err)
			}
		}
		if got := owner(t, files, "plain"); got != (tree.Ownership{}) {
			t.Errorf("owner %+v", got)
		}
		info, err := os.Lstat(filepath.Join(dir, "plain"))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o644 {
			t.Errorf("mode on disk: %v", info.Mode())
		}
	}
}

func TestOwnersComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	if w.mode == ModeSingle {
		t.Skip("there is one owner only")
	}
	w.run(step("write /v/f x", "chown /v/f 65532"))
	files, err := w.pod.CopyOut(t.Context(), "v", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := owner(t, files, "f"), (tree.Ownership{UID: 65532, GID: 65532}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCopyIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("untouched"), 0o666); err != nil {
		t.Fatal(err)
	}
	w.run(step("symlink "+outside+" /v/object.yaml", "mkfifo /v/fifo"))
	files := fstest.MapFS{
		"object.yaml":   {Data: []byte("kind: Database\n"), Mode: 0o644},
		"fifo":          {Data: []byte("no fifo\n"), Mode: 0o600},
		"sealed":        {Mode: fs.ModeDir | 0o555},
		"sealed/script": {Data: []byte("#!"), Mode: 0o755},
		"link":          {Data: []byte("object.yaml"), Mode: fs.ModeSymlink | 0o777},
	}
	if err := w.pod.CopyIn(t.Context(), "v", files); err != nil {
		t.Fatal(err)
	}
	want := `kind: Database
no fifo
kind: Database
/v/object.yaml 100644 0:0
/v/fifo 100600 0:0
/v/sealed 40555 0:0
/v/sealed/script 100755 0:0
`
	got := w.run(step("cat /v/object.yaml /v/fifo /v/link", "stat /v/object.yaml /v/fifo /v/sealed /v/sealed/script"))
	if diff := cmp.Diff(result{Stdout: want}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if data, _ := os.ReadFile(outside); string(data) != "untouched" {
		t.Errorf("written through a container's link: %q", data)
	}
}

func TestSubPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	w.run(step("mkdir /v/dir", "write /v/dir/file of-the-volume", "symlink /etc /v/out", "symlink ../.. /v/up", "symlink dir /v/in"))
	c := step("ls /m", "cat /m/file /f/file /in/file", "write /made/x y", "ls /v")
	c.Mounts = append(c.Mounts,
		workflow.Mount{Volume: "v", Target: "/m", SubPath: "dir", ReadOnly: true},
		workflow.Mount{Volume: "v", Target: "/f/file", SubPath: "dir/file"},
		workflow.Mount{Volume: "v", Target: "/in", SubPath: "in"},
		workflow.Mount{Volume: "v", Target: "/made", SubPath: "new/deep"})
	want := "file\nof-the-volume\nof-the-volume\nof-the-volume\ndir\nin\nnew\nout\nup\n"
	if diff := cmp.Diff(result{Stdout: want}, w.run(c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, sub := range []string{"out", "up", "../x", "/etc", "out/shadow", "up/x"} {
		c := step("ls /m")
		c.Mounts = []workflow.Mount{{Volume: "v", Target: "/m", SubPath: sub}}
		r, err := w.try(t.Context(), c)
		if diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("subPath %s: %+v, %v", sub, r, err)
		}
	}
}

func TestLayersLieOverEachOther(t *testing.T) {
	t.Parallel()
	layers := []v1.Layer{
		layer(t, file{name: "d/"}, file{name: "d/gone", content: "1"}, file{name: "d/kept", content: "low"}, file{name: "o/"}, file{name: "o/hidden", content: "1"}),
		layer(t, file{name: "d/.wh.gone"}, file{name: "o/"}, file{name: "o/.wh..wh..opq"}, file{name: "o/new", content: "1"}),
	}
	for i := range 80 {
		layers = append(layers, layer(t, file{name: "d/kept", content: fmt.Sprintf("layer %d\n", i)}, file{name: fmt.Sprintf("n/%d", i), content: "x"}))
	}
	w := newWorld(t, v1.Config{}, layers...)
	want := "kept\nnew\nlayer 79\n"
	if diff := cmp.Diff(result{Stdout: want}, w.run(step("ls /d", "ls /o", "cat /d/kept", "rm /o", "mkdir /o", "rm /d/kept", "write /d/kept new"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := strings.Count(w.run(step("ls /n")).Stdout, "\n"); got != 80 {
		t.Errorf("%d files of 80 layers", got)
	}
	if got := w.run(step("cat /d/kept")).Stdout; got != "layer 79\n" {
		t.Errorf("a container changed the image: %q", got)
	}
}

func TestCloseRemovesWhatAStepClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{}) // its cleanup looks for what is left
	w.run(step("mkdir /v/a/b/c", "write /v/a/b/c/f x", "chmod /v/a/b/c 0", "chmod /v/a/b 0", "chmod /v/a 0555"))
}

func TestSweepRemovesOnlyWhatNobodyHolds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	alive, err := (&runner{mode: ModeSingle}).newPodDir(dir, []string{"v"})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := (&runner{mode: ModeSingle}).newPodDir(dir, []string{"v"})
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.lock.Close() // as the kernel does for a killed process
	sweep(dir, nil)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if diff := cmp.Diff([]string{alive.path}, left); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if err := alive.remove(); err != nil {
		t.Error(err)
	}
}

func TestReadImageFileAsTheOverlayShowsIt(t *testing.T) {
	t.Parallel()
	layers := make([]string, 3)
	for i := range layers {
		layers[i] = t.TempDir()
	}
	put := func(layer int, name, content string) {
		path := filepath.Join(layers[layer], name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(0, "etc/low", "low")
	put(0, "etc/both", "low")
	put(1, "etc/both", "high")
	put(2, "etc/top", "top")
	for name, want := range map[string]string{"etc/low": "low", "etc/both": "high", "etc/top": "top", "etc/none": ""} {
		got, _ := readImageFile(layers, name)
		if !bytes.Equal(got, []byte(want)) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(layers[2], "etc/low")); err != nil {
		t.Fatal(err)
	}
	if got, err := readImageFile(layers, "etc/low"); err == nil {
		t.Errorf("followed a link: %q", got)
	}
}
