package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadmeSession runs the session of the README in a copy of
// examples/postgres and compares what is printed; "-update" records it anew.
func TestReadmeSession(t *testing.T) {
	if ok, err := condition("containers"); !ok || err != nil {
		t.Skip("needs the native engine")
	}
	if testing.Short() {
		t.Skip("builds five Go stages")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "examples", "postgres"))); err != nil {
		t.Fatal(err)
	}
	compareSection(t, "## A session\n", dir, true)
}

// TestReadmePlatform does the same for the recorded platform.
func TestReadmePlatform(t *testing.T) {
	compareSection(t, "## On a platform\n", filepath.Join("..", ".."), false)
}

// compareSection runs the commands of a section of the README in a directory.
// Warm runs them twice, since the first run builds what it needs.
func compareSection(t *testing.T, title, dir string, warm bool) {
	t.Helper()
	readme := filepath.Join("..", "..", "README.md")
	content, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, session, ok := strings.Cut(string(content), title)
	session, after, ok2 := strings.Cut(session, "\n## ")
	if !ok || !ok2 {
		t.Fatalf("README.md has no section %q", title)
	}
	cache := t.TempDir()
	got := runSession(t, dir, cache, session)
	if warm {
		got = runSession(t, dir, cache, session)
	}
	if *update {
		text := before + title + got + "\n## " + after
		if err := os.WriteFile(readme, []byte(text), 0o644); err != nil { //nolint:gosec // nothing secret
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(timed(session), timed(got)); diff != "" {
		t.Errorf("README.md is out of date; run with -update (-want +got):\n%s", diff)
	}
}

// timed replaces the durations in a text.
func timed(text string) string { return duration.ReplaceAllString(text, "0.0s") }

// runSession runs the commands in the console blocks of a Markdown text and
// gives the text with what they print.
func runSession(t *testing.T, dir, cache, text string) string {
	t.Helper()
	var out strings.Builder
	inBlock := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```"):
			inBlock = line == "```console\n"
			out.WriteString(line)
		case inBlock && strings.HasPrefix(line, "$ "):
			out.WriteString(line)
			cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.TrimPrefix(line, "$ "))
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache, "NO_COLOR=1", "GITHUB_ACTIONS=", "LC_ALL=C.UTF-8")
			printed, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			out.Write(printed)
		case !inBlock:
			out.WriteString(line)
		}
	}
	return out.String()
}
