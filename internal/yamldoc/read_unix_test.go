// SPDX-License-Identifier: Apache-2.0

//go:build unix

package yamldoc_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

func TestReadFileRefusesWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(
		syscall.Mkfifo(path("fifo"), 0o600),
		os.Mkdir(path("dir"), 0o700),
		os.Symlink("nowhere", path("dangling")),
		os.Symlink("fifo", path("to-fifo")),
	)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		path("fifo"):     "it is a named pipe, not a file",
		path("to-fifo"):  "it is a named pipe, not a file",
		path("dir"):      "it is a directory, not a file",
		path("dangling"): "it is a link to nowhere, which does not exist",
		path("missing"):  "no such file or directory",
		"/dev/zero":      "it is a device, not a file",
	} {
		_, err := yamldoc.ReadFile(name)
		if diag.ExitCode(err) != diag.ExitInput || !strings.HasSuffix(err.Error(), name+": "+want) {
			t.Errorf("error %v, want %s: %s", err, name, want)
		}
	}
}

func TestReadFileReadsAnOpenPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := w.WriteString("a: b\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := yamldoc.ReadFile(fmt.Sprintf("/dev/fd/%d", r.Fd()))
	if err != nil || string(data) != "a: b\n" {
		t.Errorf("got %q, %v", data, err)
	}
}
