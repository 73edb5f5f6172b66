// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sys/unix"
)

// entry makes one entry of a layer: a name, and what it is, in one word and an
// argument.
func file(name, content string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content)), PAXRecords: map[string]string{contentRecord: content}}
}

// contentRecord carries the content of a file in its header until it is
// written.
const contentRecord = "TEST.content"

func dir(name string) tar.Header { return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755} }

func symlink(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}
}

func hardLink(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target}
}

func with(h tar.Header, change func(*tar.Header)) tar.Header {
	change(&h)
	return h
}

func archive(tb testing.TB, entries ...tar.Header) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range entries {
		content := h.PAXRecords[contentRecord]
		h.PAXRecords = nil
		if h.ModTime.IsZero() {
			h.ModTime = time.Unix(1_000_000_000, 0)
		}
		if err := w.WriteHeader(&h); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// sandbox is a directory to unpack into with something to break beside it.
type sandbox struct{ parent, layer string }

func newSandbox(tb testing.TB) sandbox {
	tb.Helper()
	parent := tb.TempDir()
	s := sandbox{parent, filepath.Join(parent, "layer")}
	for _, d := range []string{"layer", "canary", "canary/dir"} {
		if err := os.Mkdir(filepath.Join(parent, d), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(parent, "canary", "passwd"), []byte("untouched"), 0o640); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = removeAll(s.layer) })
	return s
}

// outside lists all that is beside the layer.
func (s sandbox) outside(tb testing.TB) []string {
	tb.Helper()
	all := list(tb, filepath.Join(s.parent, "canary"), true)
	beside, err := os.ReadDir(s.parent)
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range beside {
		all = append(all, e.Name())
	}
	return all
}

// list tells of everything below dir what it is.
func list(tb testing.TB, dir string, times bool) []string {
	tb.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		line := name + " " + describe(path, info)
		if times {
			line += fmt.Sprint(" ", info.ModTime().UnixNano(), " ", stat(info).Nlink)
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return lines
}

// stat gives what only Unix knows of a file.
func stat(info fs.FileInfo) syscall.Stat_t {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return *s
	}
	return syscall.Stat_t{}
}

func describe(path string, info fs.FileInfo) string {
	switch {
	case info.IsDir() && isOpaque(path):
		return "opaque " + info.Mode().String()
	case info.IsDir():
		return info.Mode().String()
	case info.Mode()&fs.ModeSymlink != 0:
		target, _ := os.Readlink(path)
		return "-> " + target
	case info.Mode()&fs.ModeCharDevice != 0 && stat(info).Rdev == 0:
		return "whiteout"
	case info.Mode().IsRegular():
		data, err := os.ReadFile(path)
		if err != nil {
			return info.Mode().String() + " unreadable"
		}
		return fmt.Sprintf("%v %s", info.Mode(), data)
	}
	return "unexpected " + info.Mode().String()
}

func TestUntar(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long-name-", 20)
	tests := []struct {
		name    string
		entries []tar.Header
		want    []string
		wantErr string
	}{
		{"plain files and directories keep their modes", []tar.Header{
			dir("etc/"), file("etc/passwd", "root"),
			with(dir("tmp"), func(h *tar.Header) { h.Mode = 0o1777 }),
			with(file("bin", "x"), func(h *tar.Header) { h.Mode = 0o755 }),
		}, []string{"bin -rwxr-xr-x x", "etc drwxr-xr-x", "etc/passwd -rw-r--r-- root", "tmp dtrwxrwxrwx"}, ""},
		{
			"directories that are only passed through are made",
			[]tar.Header{file("a/b/c", "x")},
			[]string{"a drwxr-xr-x", "a/b drwxr-xr-x", "a/b/c -rw-r--r-- x"},
			"",
		},
		{"names are taken from the layer's root", []tar.Header{
			file("/abs", "1"), file("./dot", "2"), file("../../up", "3"), file("a/../../b", "4"), dir("/"), dir(".."), dir("./"),
		}, []string{"abs -rw-r--r-- 1", "b -rw-r--r-- 4", "dot -rw-r--r-- 2", "up -rw-r--r-- 3"}, ""},
		{"the layer's root cannot be a file", []tar.Header{file("..", "x")}, nil, "only a directory can be the root"},
		{"the layer's root cannot be a link", []tar.Header{symlink("/", "/etc")}, nil, "only a directory can be the root"},
		{"the layer's root cannot be a hard link", []tar.Header{file("f", ""), hardLink("./", "f")}, nil, "only a directory can be the root"},

		{
			"a link keeps whatever it says",
			[]tar.Header{symlink("l", "../canary/passwd"), symlink("m", "/etc/passwd")},
			[]string{"l -> ../canary/passwd", "m -> /etc/passwd"},
			"",
		},
		{
			"writing through an absolute link lands inside",
			[]tar.Header{symlink("x", "/etc"), file("x/passwd", "ours")},
			[]string{"etc drwxr-xr-x", "etc/passwd -rw-r--r-- ours", "x -> /etc"},
			"",
		},
		{
			"writing through a link upwards lands inside",
			[]tar.Header{symlink("x", "../../canary"), file("x/passwd", "ours")},
			[]string{"canary drwxr-xr-x", "canary/passwd -rw-r--r-- ours", "x -> ../../canary"},
			"",
		},
		{"links through links land inside", []tar.Header{
			dir("a"), symlink("a/up", "../.."), symlink("b", "a/up/a/up/canary"), file("b/passwd", "ours"),
		}, []string{"a drwxr-xr-x", "a/up -> ../..", "b -> a/up/a/up/canary", "canary drwxr-xr-x", "canary/passwd -rw-r--r-- ours"}, ""},
		{
			"a link inside the layer is followed",
			[]tar.Header{dir("usr/lib"), symlink("lib", "usr/lib"), file("lib/libc", "x")},
			[]string{"lib -> usr/lib", "usr drwxr-xr-x", "usr/lib drwxr-xr-x", "usr/lib/libc -rw-r--r-- x"},
			"",
		},
		{"a link in a circle ends", []tar.Header{symlink("a", "b"), symlink("b", "a"), file("a/x", "")}, nil, "too many levels of symbolic links"},
		{
			"a file replaces a link and does not write through it",
			[]tar.Header{symlink("x", "../canary/passwd"), file("x", "ours")},
			[]string{"x -rw-r--r-- ours"},
			"",
		},
		{
			"a directory replaces a link",
			[]tar.Header{symlink("x", "../canary"), dir("x"), file("x/passwd", "ours")},
			[]string{"x drwxr-xr-x", "x/passwd -rw-r--r-- ours"},
			"",
		},
		{
			"a whiteout does not pass through a link",
			[]tar.Header{symlink("x", "../canary"), file("x/.wh.passwd", "")},
			[]string{"canary drwxr-xr-x", "canary/passwd whiteout", "x -> ../canary"},
			"",
		},
		{"replacing a directory does not follow the links in it", []tar.Header{
			dir("d"), symlink("d/l", "../../canary"), symlink("d/m", "/etc"), dir("d/e"), file("d/e/f", ""), file("d", "now a file"),
		}, []string{"d -rw-r--r-- now a file"}, ""},

		{
			"hard links share a file",
			[]tar.Header{file("a", "x"), hardLink("d/b", "a"), hardLink("c", "/d/b")},
			[]string{"a -rw-r--r-- x", "c -rw-r--r-- x", "d drwxr-xr-x", "d/b -rw-r--r-- x"},
			"",
		},
		{"a hard link to the outside is to the inside", []tar.Header{hardLink("x", "../canary/passwd")}, nil, "no file of this layer"},
		{"a hard link through a link is to the inside", []tar.Header{symlink("l", "../canary"), hardLink("x", "l/passwd")}, nil, "no file of this layer"},
		{
			"a hard link to a link is that link",
			[]tar.Header{symlink("l", "../canary/passwd"), hardLink("x", "l")},
			[]string{"l -> ../canary/passwd", "x -> ../canary/passwd"},
			"",
		},
		{
			"writing to a hard link to a link replaces it",
			[]tar.Header{symlink("l", "../canary/passwd"), hardLink("x", "l"), file("x", "ours")},
			[]string{"l -> ../canary/passwd", "x -rw-r--r-- ours"},
			"",
		},
		{
			"writing to a hard link leaves the other name alone",
			[]tar.Header{file("a", "1"), hardLink("b", "a"), file("b", "2")},
			[]string{"a -rw-r--r-- 1", "b -rw-r--r-- 2"},
			"",
		},
		{"a hard link to itself is nothing", []tar.Header{file("a", "1"), hardLink("a", "a")}, []string{"a -rw-r--r-- 1"}, ""},
		{"a hard link to what is not there", []tar.Header{hardLink("a", "b")}, nil, `entry "a": it links to "b"`},
		{"a hard link to a directory", []tar.Header{dir("d"), hardLink("a", "d")}, nil, "no file of this layer"},
		{"a hard link to the root", []tar.Header{hardLink("a", "/")}, nil, "no file of this layer"},
		{"a hard link to a whiteout", []tar.Header{file(".wh.gone", ""), hardLink("a", "gone")}, nil, "no file of this layer"},
		{"a hard link below its own target", []tar.Header{file("a", ""), hardLink("a/b", "a")}, nil, "no file of this layer"},

		{"the last of several entries wins", []tar.Header{file("a", "first, longer"), file("a", "last")}, []string{"a -rw-r--r-- last"}, ""},
		{
			"a directory given twice keeps its files",
			[]tar.Header{dir("d"), file("d/f", "x"), with(dir("d"), func(h *tar.Header) { h.Mode = 0o700 })},
			[]string{"d drwx------", "d/f -rw-r--r-- x"},
			"",
		},
		{"a directory replaces a file", []tar.Header{file("a", "x"), dir("a"), file("a/b", "y")}, []string{"a drwxr-xr-x", "a/b -rw-r--r-- y"}, ""},
		{"a file below a file replaces it", []tar.Header{file("a", "x"), file("a/b", "y")}, []string{"a drwxr-xr-x", "a/b -rw-r--r-- y"}, ""},
		{"a directory closed to its owner is still filled", []tar.Header{
			with(dir("d"), func(h *tar.Header) { h.Mode = 0o500 }), file("d/f", "x"),
			with(dir("d/e"), func(h *tar.Header) { h.Mode = 0o500 }), file("other", ""), file("d/g", "y"), file("d/e/h", "z"),
		}, []string{"d dr-x------", "d/e dr-x------", "d/e/h -rw-r--r-- z", "d/f -rw-r--r-- x", "d/g -rw-r--r-- y", "other -rw-r--r-- "}, ""},
		{"a directory without any permission is replaced with all it holds", []tar.Header{
			with(dir("d"), func(h *tar.Header) { h.Mode = 0 }), with(dir("d/e"), func(h *tar.Header) { h.Mode = 0 }), file("d/e/f", "x"), file("d", "y"),
		}, []string{"d -rw-r--r-- y"}, ""},

		{
			"a whiteout hides a name of lower layers",
			[]tar.Header{dir("d"), file("d/.wh.gone", ""), file(".wh.top", "")},
			[]string{"d drwxr-xr-x", "d/gone whiteout", "top whiteout"},
			"",
		},
		{
			"an opaque directory hides all of lower layers",
			[]tar.Header{dir("d"), file("d/.wh..wh..opq", ""), file("d/f", "x")},
			[]string{"d opaque drwxr-xr-x", "d/f -rw-r--r-- x"},
			"",
		},
		{"a file made after its whiteout is there", []tar.Header{file(".wh.a", ""), file("a", "x")}, []string{"a -rw-r--r-- x"}, ""},
		{"a file made before its whiteout is there", []tar.Header{file("a", "x"), file(".wh.a", "")}, []string{"a -rw-r--r-- x"}, ""},
		{
			"a directory made after its whiteout hides the lower one",
			[]tar.Header{file(".wh.d", ""), dir("d"), file("d/f", "x")},
			[]string{"d opaque drwxr-xr-x", "d/f -rw-r--r-- x"},
			"",
		},
		{
			"a directory made before its whiteout hides the lower one",
			[]tar.Header{dir("d"), file("d/f", "x"), file(".wh.d", "")},
			[]string{"d opaque drwxr-xr-x", "d/f -rw-r--r-- x"},
			"",
		},
		{
			"a directory implied after its whiteout hides the lower one",
			[]tar.Header{file(".wh.d", ""), file("d/f", "x")},
			[]string{"d opaque drwxr-xr-x", "d/f -rw-r--r-- x"},
			"",
		},
		{"a whiteout twice is one", []tar.Header{file(".wh.a", ""), file(".wh.a", "")}, []string{"a whiteout"}, ""},
		{"notes of aufs are nothing", []tar.Header{file(".wh..wh.aufs", ""), dir(".wh..wh.plnk"), file("a", "")}, []string{"a -rw-r--r-- "}, ""},
		{"a whiteout of nothing", []tar.Header{file(".wh.", "")}, nil, "it hides nothing that has a name"},
		{"a whiteout of the directory itself", []tar.Header{file("d/.wh..", "")}, nil, "it hides nothing that has a name"},
		{"a whiteout of the directory above", []tar.Header{file(".wh...", "")}, nil, "it hides nothing that has a name"},
		{
			"a name below a whiteout is not climbed",
			[]tar.Header{file(".wh.../canary/passwd", "x")},
			[]string{".wh... drwxr-xr-x", ".wh.../canary drwxr-xr-x", ".wh.../canary/passwd -rw-r--r-- x"},
			"",
		},

		{"devices and fifos are left out", []tar.Header{
			{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3},
			{Typeflag: tar.TypeBlock, Name: "sda", Devmajor: 8},
			{Typeflag: tar.TypeFifo, Name: "fifo"},
			{Typeflag: tar.TypeChar, Name: "whiteout"},
			file("a", ""),
		}, []string{"a -rw-r--r-- "}, ""},
		{
			"setuid goes when owners do",
			[]tar.Header{with(file("su", ""), func(h *tar.Header) { h.Mode = 0o6755 }), with(dir("d"), func(h *tar.Header) { h.Mode = 0o2775 })},
			[]string{"d drwxrwxr-x", "su -rwxr-xr-x "},
			"",
		},
		{"extended attributes are left out", []tar.Header{
			with(dir("d"), func(h *tar.Header) { h.PAXRecords = map[string]string{"SCHILY.xattr." + opaqueXattr: "y"} }),
		}, []string{"d drwxr-xr-x"}, ""},
		{
			"long names",
			[]tar.Header{file("a/"+long+"/"+long, "x"), symlink("l", long+long)},
			[]string{"a drwxr-xr-x", "a/" + long + " drwxr-xr-x", "a/" + long + "/" + long + " -rw-r--r-- x", "l -> " + long + long},
			"",
		},
		{"names too long", []tar.Header{file(strings.Repeat("x/", maxPath)+"f", "")}, nil, "more than 3000 bytes"},
		{"too many directories", []tar.Header{file(strings.Repeat("x/", 300)+"f", "")}, nil, "more than 250 directories"},
		{"a component too long", []tar.Header{file(strings.Repeat("x", 300), "")}, nil, "name too long"},
		{"odd characters", []tar.Header{file("a\nb\\c\xff ..", "x")}, []string{"a\nb\\c\xff .. -rw-r--r-- x"}, ""},
		{"more than allowed", []tar.Header{with(file("a", "x"), func(h *tar.Header) { h.Size = 1 }), file("big", strings.Repeat("x", 1<<20))}, nil, "larger than allowed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newSandbox(t)
			before := box.outside(t)
			_, err := untar(box.layer, bytes.NewReader(archive(t, tt.entries...)), Owners{}, 1<<20, below{known: true})
			if diff := cmp.Diff(before, box.outside(t)); diff != "" {
				t.Errorf("outside of the layer (-before +after):\n%s", diff)
			}
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("error %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, list(t, box.layer, false)); diff != "" {
				t.Errorf("layer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUntarSetsTimes(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	at := time.Unix(1_000_000_000, 0)
	data := archive(t, dir("./"), dir("d"), file("d/f", "x"), dir("d/e"), file("other", ""), file("d/e/g", "y"))
	if _, err := untar(box.layer, bytes.NewReader(data), Owners{}, 1<<20, below{known: true}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "d", "d/f", "d/e", "d/e/g"} {
		info, err := os.Stat(filepath.Join(box.layer, name))
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(at) {
			t.Errorf("%s has the time %v, want %v", name, info.ModTime(), at)
		}
	}
}

func TestUntarShiftsOwners(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root may give files away")
	}
	owned := func(h tar.Header, uid, gid int) tar.Header {
		h.Uid, h.Gid = uid, gid
		return h
	}
	box := newSandbox(t)
	data := archive(t, dir("./"), owned(file("root", ""), 0, 0), owned(with(file("su", ""), func(h *tar.Header) { h.Mode = 0o6755 }), 12, 34),
		owned(dir("d"), 65535, 1), owned(symlink("l", "/"), 5, 6), owned(file("huge", ""), 1<<30, -1), file("implied/f", ""))
	shift := func(uid, gid int) (int, int) { return 100_000 + uid, 200_000 + gid }
	if _, err := untar(box.layer, bytes.NewReader(data), Owners{Name: "shifted", Shift: shift}, 1<<20, below{known: true}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{".", "root", "su", "d", "l", "huge", "implied", "implied/f"} {
		info, err := os.Lstat(filepath.Join(box.layer, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = fmt.Sprintf("%d:%d %v", stat(info).Uid, stat(info).Gid, info.Mode())
	}
	want := map[string]string{
		".": "100000:200000 drwxr-xr-x", "root": "100000:200000 -rw-r--r--", "su": "100012:200034 ugrwxr-xr-x",
		"d": "165535:200001 drwxr-xr-x", "l": "100005:200006 Lrwxrwxrwx", "huge": "165534:265534 -rw-r--r--",
		"implied": "100000:200000 drwxr-xr-x", "implied/f": "100000:200000 -rw-r--r--",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("owners and modes (-want +got):\n%s", diff)
	}
}

func TestUntarRefusesASparseFileBeforeItGrows(t *testing.T) {
	t.Parallel()
	// Old GNU format: 1 byte of data at the end of a file of 8 GiB.
	header := make([]byte, 512)
	copy(header, "sparse")
	copy(header[100:], "0000644\x000000000\x000000000\x0000000000001\x0000000000000\x00")
	header[156] = tar.TypeGNUSparse
	copy(header[257:], "ustar  \x00")
	copy(header[386:], "77777777777\x0000000000001\x00")
	copy(header[483:], "100000000000")
	copy(header[148:], "        ")
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	data := slices.Concat(header, make([]byte, 512+1024))
	data[512] = 'x'
	h, err := tar.NewReader(bytes.NewReader(data)).Next()
	if err != nil || h.Size != 1<<33 {
		t.Fatalf("the test's own archive is wrong: %+v, %v", h, err)
	}
	box := newSandbox(t)
	if _, err := untar(box.layer, bytes.NewReader(data), Owners{}, 1<<20, below{known: true}); !errors.Is(err, errTooBig) {
		t.Errorf("error %v, want %v", err, errTooBig)
	}
	if got := list(t, box.layer, false); len(got) != 0 {
		t.Errorf("written nevertheless: %q", got)
	}
}

// TestOverlaySeesWhiteouts mounts what Unpack gives: the form of whiteouts is
// right if the kernel says so.
func TestOverlaySeesWhiteouts(t *testing.T) {
	t.Parallel()
	if os.Getenv("KRATIX_TEST_IN_NAMESPACE") == "" {
		inNamespace(t)
		return
	}
	lower, upper := newSandbox(t).layer, newSandbox(t).layer
	layers := map[string][]byte{
		lower: archive(t, file("kept", "1"), file("gone", "1"), dir("cleared"), file("cleared/old", "1"), dir("again"), file("again/old", "1")),
		upper: archive(t, file(".wh.gone", ""), dir("cleared"), file("cleared/.wh..wh..opq", ""), file("cleared/new", "2"), file(".wh.again", ""), file("again/new", "2")),
	}
	for dir, data := range layers {
		if _, err := untar(dir, bytes.NewReader(data), Owners{}, 1<<20, below{known: true}); err != nil {
			t.Fatal(err)
		}
	}
	merged := t.TempDir()
	if err := unix.Mount("overlay", merged, "overlay", 0, "userxattr,lowerdir="+upper+":"+lower); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Unmount(merged, 0) }()
	want := []string{"again drwxr-xr-x", "again/new -rw-r--r-- 2", "cleared drwxr-xr-x", "cleared/new -rw-r--r-- 2", "kept -rw-r--r-- 1"}
	got := list(t, merged, false)
	for i := range got {
		got[i] = strings.Replace(got[i], "opaque ", "", 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("overlay (-want +got):\n%s", diff)
	}
}

// What a layer does not describe is as the layers below have it.
func TestUnpackKeepsWhatLayersBelowDescribe(t *testing.T) {
	t.Parallel()
	tmp := with(dir("tmp"), func(h *tar.Header) { h.Mode = 0o1777 })
	group := with(dir("srv/group"), func(h *tar.Header) { h.Mode = 0o750 })
	tests := []struct {
		name   string
		layers [][]tar.Header
		want   []string // of the highest layer
	}{
		{"a directory", [][]tar.Header{{tmp}, {file("tmp/x", "")}}, []string{"tmp dtrwxrwxrwx", "tmp/x -rw-r--r-- "}},
		{"a directory of a layer further down", [][]tar.Header{{tmp}, {file("y", "")}, {file("tmp/x", "")}}, []string{"tmp dtrwxrwxrwx", "tmp/x -rw-r--r-- "}},
		{"two that depend on each other", [][]tar.Header{{tmp}, {file("tmp/y", "")}, {file("tmp/x", "")}}, []string{"tmp dtrwxrwxrwx", "tmp/x -rw-r--r-- "}},
		{"a directory in one that is nowhere described", [][]tar.Header{{group}, {file("srv/group/x", "")}}, []string{"srv drwxr-xr-x", "srv/group drwxr-x---", "srv/group/x -rw-r--r-- "}},
		{"behind a link of the same layer", [][]tar.Header{{tmp}, {symlink("d", "/tmp"), file("d/x", "")}}, []string{"d -> /tmp", "tmp dtrwxrwxrwx", "tmp/x -rw-r--r-- "}},
		{"behind a link of a layer below", [][]tar.Header{{tmp, symlink("d", "/tmp")}, {file("d/x", "")}}, []string{"tmp dtrwxrwxrwx", "tmp/x -rw-r--r-- "}},
		{"links in a circle", [][]tar.Header{{symlink("a", "b"), symlink("b", "a")}, {file("c", "")}}, []string{"c -rw-r--r-- "}},
		{"not behind a link that the layer replaces", [][]tar.Header{{tmp, symlink("d", "/tmp")}, {dir("d"), file("d/e/x", "")}}, []string{"d drwxr-xr-x", "d/e drwxr-xr-x", "d/e/x -rw-r--r-- "}},
		{"not a directory that was removed", [][]tar.Header{{tmp}, {file(".wh.tmp", "")}, {file("tmp/x", "")}}, []string{"tmp drwxr-xr-x", "tmp/x -rw-r--r-- "}},
		{"not one that the layer hides", [][]tar.Header{{group}, {dir("srv"), file("srv/.wh..wh..opq", ""), file("srv/group/x", "")}}, []string{"srv opaque drwxr-xr-x", "srv/group drwxr-xr-x", "srv/group/x -rw-r--r-- "}},
		{"not a file", [][]tar.Header{{file("tmp", "")}, {file("tmp/x", "")}}, []string{"tmp drwxr-xr-x", "tmp/x -rw-r--r-- "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			img := put(t, s, imageOf(t, tt.layers...))
			dirs := mustUnpack(t, s, img)
			if diff := cmp.Diff(tt.want, list(t, dirs[len(dirs)-1], false)); diff != "" {
				t.Errorf("highest layer (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(dirs, mustUnpack(t, s, img)); diff != "" {
				t.Errorf("directories, once more (-want +got):\n%s", diff)
			}
			if _, err := s.Prune(t.Context(), PruneOptions{}); err != nil {
				t.Fatal(err)
			}
			for _, dir := range dirs {
				if !isDir(dir) {
					t.Errorf("%s is needed and was removed", dir)
				}
			}
		})
	}
}

// A layer that depends on those below is another one on top of others.
func TestUnpackTellsPilesOfLayersApart(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for mode, want := range map[int64]string{0o1777: "tmp dtrwxrwxrwx", 0o700: "tmp drwx------", 0: "tmp drwxr-xr-x"} {
		layers := [][]tar.Header{{file("tmp/x", "")}}
		if mode != 0 {
			layers = append([][]tar.Header{{with(dir("tmp"), func(h *tar.Header) { h.Mode = mode })}}, layers...)
		}
		dirs := mustUnpack(t, s, put(t, s, imageOf(t, layers...)))
		if got := list(t, dirs[len(dirs)-1], false)[0]; got != want {
			t.Errorf("on top of mode %o: %q, want %q", mode, got, want)
		}
	}
}

// imageOf makes an image of layers with any entries.
func imageOf(tb testing.TB, layers ...[]tar.Header) v1.Image {
	tb.Helper()
	img := makeImage(tb, platform)
	for _, entries := range layers {
		var err error
		if img, err = mutate.AppendLayers(img, static.NewLayer(archive(tb, entries...), types.OCIUncompressedLayer)); err != nil {
			tb.Fatal(err)
		}
	}
	return img
}

// inNamespace runs the calling test in user and mount namespaces of its own.
func inNamespace(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "KRATIX_TEST_IN_NAMESPACE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		t.Skip("no user namespaces here: ", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestAsOrdinaryUser runs the tests of this package once more without root's
// rights.
func TestAsOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("this is one already, or there is no right to become one")
	}
	const uid = 12345
	home, err := os.MkdirTemp("", "image-test-") //nolint:usetesting // the parent of t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = removeAll(home) })
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(home, "image.test")
	if err := errors.Join(os.WriteFile(self, program, 0o755), os.Chmod(home, 0o755), os.Chown(home, uid, uid)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.v")
	cmd.Dir = home
	cmd.Env = []string{"TMPDIR=" + home, "HOME=" + home, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if passed := bytes.Count(out, []byte("--- PASS")); passed < 50 {
		t.Errorf("only %d tests ran:\n%s", passed, out)
	}
}

// FuzzUntar holds that nothing outside of the directory changes, whatever the
// bytes of a layer say.
func FuzzUntar(f *testing.F) {
	f.Add(archive(f, dir("a"), file("a/b", "x"), symlink("l", "../canary"), file("l/passwd", "x"), hardLink("h", "a/b")))
	f.Add(archive(f, symlink("x", "/etc"), hardLink("y", "x"), file("y/passwd", "x"), file(".wh.x", ""), file("x/.wh..wh..opq", "")))
	f.Fuzz(func(t *testing.T, data []byte) { checkNothingOutsideChanges(t, data) })
}

// FuzzUntarEntries holds the same for well-formed layers of a few entries,
// three bytes for each: its type and mode, its name, and what it links to.
func FuzzUntarEntries(f *testing.F) {
	f.Add([]byte{2, 0, 7, 0, 11, 0, 1, 13, 4})
	f.Add([]byte{2, 0, 0x47, 2, 1, 0x0c, 3, 2, 1, 0, 2, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		var entries []tar.Header
		for ; len(program) >= 3 && len(entries) < 12; program = program[3:] {
			entries = append(entries, oddEntry(program[0], program[1], program[2]))
		}
		checkNothingOutsideChanges(t, archive(t, entries...))
	})
}

func oddEntry(kind, name, target byte) tar.Header {
	words := []string{"a", "b", "c", "..", "../canary", "/", ".", "../../canary", "passwd", "dir", ".wh.a", ".wh..wh..opq", "canary", ".wh..", "b/..", "x\x01"}
	word := func(i byte) string { return words[i&15] + "/" + words[i>>4] }
	h := []tar.Header{file(word(name), "ours"), dir(word(name)), symlink(word(name), word(target)), hardLink(word(name), word(target))}[kind&3]
	if h.Typeflag == tar.TypeReg {
		h.Name = strings.TrimRight(h.Name, "/") + "f"
	}
	h.Mode = []int64{0o755, 0, 0o500, 0o7777}[kind>>2&3]
	if kind&16 != 0 {
		h.Name = words[name&15]
	}
	if h.Typeflag != tar.TypeDir && strings.HasSuffix(h.Name, "/") {
		h.Name += "f"
	}
	return h
}

func checkNothingOutsideChanges(t *testing.T, layer []byte) {
	t.Helper()
	box := newSandbox(t)
	before := box.outside(t)
	_, _ = untar(box.layer, bytes.NewReader(layer), Owners{}, 1<<20, below{known: true})
	if diff := cmp.Diff(before, box.outside(t)); diff != "" {
		t.Errorf("outside of the layer (-before +after):\n%s", diff)
	}
}
