// SPDX-License-Identifier: Apache-2.0

package scratch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
)

func TestDirReclaimsWhatKilledProcessesLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	left := filepath.Join(dir, "run-left", "sub")
	other := filepath.Join(dir, "other-left")
	if err := errors.Join(os.MkdirAll(left, 0o700), os.WriteFile(filepath.Join(left, "f"), nil, 0o600), os.Chmod(left, 0), os.Mkdir(other, 0o700)); err != nil {
		t.Fatal(err)
	}
	mine, err := New("run-")
	if err != nil {
		t.Fatal(err)
	}
	second, err := New("run-")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values([]string{mine.Path, second.Path, other})), names(t, dir)); diff != "" {
		t.Errorf("directories (-want +got):\n%s", diff)
	}
	if err := errors.Join(mine.Remove(), second.Remove()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{other}, names(t, dir)); diff != "" {
		t.Errorf("directories in the end (-want +got):\n%s", diff)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestDirTellsOfTMPDIR(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	_, err := New("run-")
	if diag.ExitCode(err) != diag.ExitMachine || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v, want a fault of the machine", err)
	}
	if hint := strings.Join(diag.Hints(err), "\n"); !strings.Contains(hint, "TMPDIR is "+missing) {
		t.Errorf("hint %q does not tell of TMPDIR", hint)
	}
}
