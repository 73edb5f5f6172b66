// SPDX-License-Identifier: Apache-2.0

package scaffold_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

func selector(key, value string) api.PromiseSelector {
	return api.PromiseSelector{MatchLabels: map[string]string{key: value}}
}

func files(pairs ...string) []scaffold.File {
	var out []scaffold.File
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, scaffold.File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	return out
}

func TestWriteRefusesToReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, files("a", "1", "b/c", "2"))
	err := scaffold.Write(dir, files("new", "3", "b/c", "4", "a", "5"), scaffold.WriteOptions{})
	want := "files exist already: " + filepath.Join(dir, "a") + ", " + filepath.Join(dir, "b/c")
	if err == nil || err.Error() != want || diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("error %v, want %s", err, want)
	}
	if diff := cmp.Diff([]string{"add --force to replace them"}, diag.Hints(err)); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "b/c": "2"}, readTree(t, dir)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestWriteReplacesWithForceAndKeepsTheMode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, []scaffold.File{{Path: "run.sh", Mode: 0o755, Data: []byte("1")}})
	if err := scaffold.Write(dir, files("run.sh", "2"), scaffold.WriteOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "run.sh"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if diff := cmp.Diff(map[string]string{"run.sh": "2"}, readTree(t, dir)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestWriteTakesEditsWithoutForce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, files("promise.yaml", "1"))
	write(t, dir, []scaffold.File{{Path: "promise.yaml", Data: []byte("2"), Replace: true}, {Path: "new", Data: []byte("3")}})
	if diff := cmp.Diff(map[string]string{"promise.yaml": "2", "new": "3"}, readTree(t, dir)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestWriteKeepsWhatSomebodyElseWrote(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, files("a", "theirs", "b", "1"))
	edits := []scaffold.File{
		{Path: "b", Data: []byte("2"), Replace: true, Before: []byte("1")},
		{Path: "a", Data: []byte("ours"), Replace: true, Before: []byte("before")},
	}
	err := scaffold.Write(dir, edits, scaffold.WriteOptions{})
	want := filepath.Join(dir, "a") + ": somebody else has changed it in the meantime"
	if err == nil || err.Error() != want || diag.ExitCode(err) != diag.ExitMachine {
		t.Errorf("error %v, want %s", err, want)
	}
	if diff := cmp.Diff(map[string]string{"a": "theirs", "b": "1"}, readTree(t, dir)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestWriteFollowsALinkToTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, files("real/promise.yaml", "1"))
	if err := os.Symlink("real/promise.yaml", filepath.Join(dir, "promise.yaml")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, []scaffold.File{{Path: "promise.yaml", Data: []byte("2"), Replace: true}})
	if target, err := os.Readlink(filepath.Join(dir, "promise.yaml")); err != nil || target != "real/promise.yaml" {
		t.Errorf("the link is %q, %v", target, err)
	}
	if got := readTree(t, dir)["real/promise.yaml"]; got != "2" {
		t.Errorf("the file is %q", got)
	}
}

// TestWriteRollsBack makes the last write fail: an earlier file of the same
// batch is in the way of its directory.
func TestWriteRollsBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, files("old", "1"))
	batch := files("deep/er/new", "2", "wall", "3", "wall/x", "4")
	batch = append([]scaffold.File{{Path: "old", Data: []byte("5"), Replace: true}}, batch...)
	err := scaffold.Write(dir, batch, scaffold.WriteOptions{})
	if err == nil || !strings.Contains(err.Error(), "wall") || diag.ExitCode(err) != diag.ExitMachine {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff(map[string]string{"old": "1"}, readTree(t, dir)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "deep")); err == nil {
		t.Error("a directory is left behind")
	}
}

func TestWriteStaysInside(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"../x", "/x", "a/../../x"} {
		if err := scaffold.Write(t.TempDir(), files(path, ""), scaffold.WriteOptions{}); diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

func TestWriteSaysWhichFileCannotBeWritten(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	write(t, dir, files("old", "1"))
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // not to be written to
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) //nolint:gosec // to be removed
	err := scaffold.Write(dir, []scaffold.File{{Path: "old", Data: []byte("2"), Replace: true}}, scaffold.WriteOptions{})
	if err == nil || err.Error() != filepath.Join(dir, "old")+" cannot be written: permission denied" {
		t.Errorf("error %v", err)
	}
}
