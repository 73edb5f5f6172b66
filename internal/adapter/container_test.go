// SPDX-License-Identifier: Apache-2.0

package adapter_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/adapter"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
)

type (
	file  = fstest.MapFile
	files = fstest.MapFS
)

func text(content string) *file { return &file{Data: []byte(content), Mode: 0o644} }

func link(target string) *file {
	return &file{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
}

func owned(uid, gid int, mode fs.FileMode) *file {
	return &file{Data: []byte("here"), Mode: mode, Sys: &tree.Ownership{UID: uid, GID: gid}}
}

func workWriter(output, metadata tree.FS) *adapter.Container {
	return adapter.WorkWriter(output, metadata, []byte("[]\n"), func(string, fs.FileInfo) {})
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

const input = adapter.InputRoot

func TestFilesAreReadAsKratixUserWhereKratixHasThem(t *testing.T) {
	t.Parallel()
	here := text("here")
	directory := func(mode fs.FileMode) *file { return &file{Mode: fs.ModeDir | mode, Sys: &tree.Ownership{}} }
	for rule, tc := range map[string]struct {
		output files
		want   string // content or error
	}{
		"a file":                                {files{"f": here}, "here"},
		"a link to a neighbour":                 {files{"f": link("d/g"), "d/g": link("../h"), "h": here}, "here"},
		"a link to Kratix' own mount":           {files{"f": link(input + "/g"), "g": here}, "here"},
		"a link to the metadata":                {files{"f": link("../metadata/note")}, "noted"},
		"a link to Kratix' own file":            {files{"f": link("../kratix-system/promise-scheduling")}, "[]\n"},
		"a link to where the user's have it":    {files{"f": link("/kratix/output/g"), "g": here}, "open " + input + "/f: no such file or directory"},
		"a link out of what is mounted":         {files{"f": link("../../../../etc/hostname")}, "open " + input + "/f: no such file or directory"},
		"a link to itself":                      {files{"f": link("f")}, "open " + input + "/f: too many levels of symbolic links"},
		"a link through a file":                 {files{"f": link("g/x"), "g": here}, "open " + input + "/f: not a directory"},
		"a link past a file":                    {files{"f": link("g/../g"), "g": here}, "open " + input + "/f: not a directory"},
		"the parent of a link is the target's":  {files{"f": link("l/../g"), "l": link("d/e"), "d/e/x": here, "d/g": here, "g": text("wrong")}, "here"},
		"a directory":                           {files{"f": directory(0o755)}, "read " + input + "/f: is a directory"},
		"a file of root's alone":                {files{"f": owned(0, 0, 0o640)}, "open " + input + "/f: permission denied"},
		"a file that others may read":           {files{"f": owned(0, 0, 0o604)}, "here"},
		"a file of Kratix' user":                {files{"f": owned(adapter.UID, 0, 0o400)}, "here"},
		"a file that Kratix' user hides":        {files{"f": owned(adapter.UID, 0, 0o044)}, "open " + input + "/f: permission denied"},
		"a file of Kratix' group":               {files{"f": owned(0, adapter.UID, 0o040)}, "here"},
		"a directory that others cannot search": {files{"d": directory(0o744), "d/g": here, "f": link("d/g")}, "open " + input + "/f: permission denied"},
		"a file of nobody knows whom":           {files{"f": &file{Data: here.Data, Mode: 0o600}}, "here"},
		"a socket":                              {files{"f": &file{Mode: fs.ModeSocket | 0o666}}, "open " + input + "/f: no such device or address"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			content, err := workWriter(tc.output, files{"note": text("noted")}).ReadFile(input + "/f")
			if diff := cmp.Diff(tc.want, string(content)+words(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, ok := errors.AsType[adapter.Errno](err); err != nil && !ok {
				t.Error("the error holds no Errno")
			}
		})
	}
}

// The status-writer has the metadata mounted and nothing else.
func TestStatusWriterSeesTheMetadataOnly(t *testing.T) {
	t.Parallel()
	c := adapter.StatusWriter(files{"in": link("../input/f"), "f": text("here")})
	if content, err := c.ReadFile(adapter.Metadata("f")); string(content) != "here" {
		t.Errorf("got %q, %v", content, err)
	}
	for _, name := range []string{adapter.Metadata("in"), input, "/work-creator-files/kratix-system"} {
		if _, err := c.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if names := list(t, c, "/work-creator-files"); names != "metadata/" {
		t.Errorf("got %s", names)
	}
}

func TestDirectoriesAreListedByName(t *testing.T) {
	t.Parallel()
	c := workWriter(files{"b": text(""), "a/x": text(""), "l": link("a")}, nil)
	for dir, want := range map[string]string{
		"/":                                 "work-creator-files/",
		"/work-creator-files":               "input/ kratix-system/ metadata/",
		"/work-creator-files/kratix-system": "promise-scheduling",
		input:                               "a/ b l",
		input + "/l/..":                     "a/ b l",
		adapter.MetadataRoot:                "",
	} {
		if got := list(t, c, dir); got != want {
			t.Errorf("%s: got %s, want %s", dir, got, want)
		}
	}
	for dir, want := range map[string]string{
		input + "/b": "open " + input + "/b: not a directory",
		input + "/c": "open " + input + "/c: no such file or directory",
	} {
		if _, err := c.ReadDir(dir); words(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func list(t *testing.T, c *adapter.Container, dir string) string {
	t.Helper()
	entries, err := c.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestLinksCanBeLookedAt(t *testing.T) {
	t.Parallel()
	c := workWriter(files{"d/l": link("../nowhere"), "f": text("")}, nil)
	info, err := c.Lstat(input + "/d/../d/l")
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("got %v, %v", info, err)
	}
	if target, err := c.ReadLink(input + "/d/l"); target != "../nowhere" {
		t.Errorf("got %q, %v", target, err)
	}
	if _, err := c.ReadLink(input + "/f"); words(err) != "readlink "+input+"/f: invalid argument" {
		t.Errorf("got %v", err)
	}
}

func TestContainerHangsOnANamedPipe(t *testing.T) {
	t.Parallel()
	pipe := files{"status.yaml": &file{Mode: fs.ModeNamedPipe | 0o666}}
	for want, c := range map[string]*adapter.Container{
		"work creator never ends: metadata/status.yaml is a named pipe, and reading it waits for a writer":  workWriter(nil, pipe),
		"status-writer never ends: metadata/status.yaml is a named pipe, and reading it waits for a writer": adapter.StatusWriter(pipe),
	} {
		_, err := c.ReadFile(adapter.Metadata("status.yaml"))
		if words(err) != want || diag.ExitCode(err) != diag.ExitAnswer || len(diag.Hints(err)) == 0 {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// A tree that cannot be read on this machine is no answer of Kratix.
func TestBrokenTreeIsTheCallersInput(t *testing.T) {
	t.Parallel()
	_, err := workWriter(broken{files{"f": text("here")}}, nil).ReadFile(input + "/f")
	if words(err) != "reading output/f: disk on fire" || diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("got %v", err)
	}
}

type broken struct{ files }

func (broken) Open(string) (fs.File, error) { return nil, errors.New("disk on fire") }

// Whoever cannot know the owner says so.
func TestModesAreDoubtedWhereTheOwnerIsNotKnown(t *testing.T) {
	t.Parallel()
	var doubted []string
	doubt := func(name string, info fs.FileInfo) {
		doubted = append(doubted, adapter.Shown(name)+" "+info.Mode().String())
	}
	output := files{"closed": &file{Mode: 0o600}, "open": text(""), "known": owned(adapter.UID, 0, 0o600)}
	c := adapter.WorkWriter(output, nil, nil, doubt)
	for name := range output {
		if _, err := c.ReadFile(input + "/" + name); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"output/closed -rw-------"}, doubted); diff != "" {
		t.Errorf("doubted (-want +got):\n%s", diff)
	}
}

func TestPathsAreShownAsTheUserKnowsThem(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		input:                               "output",
		input + "/d/a.yaml":                 "output/d/a.yaml",
		"/work-creator-files/inputs":        "/work-creator-files/inputs",
		adapter.Metadata("status.yaml"):     "metadata/status.yaml",
		"/work-creator-files/kratix-system": "/work-creator-files/kratix-system",
	} {
		if got := adapter.Shown(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
