// SPDX-License-Identifier: Apache-2.0

package diag

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	plain := errors.New("it broke")
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"no error":                          {nil, 0},
		"an error without a class":          {plain, 1},
		"a bad answer":                      {Answer(plain), 1},
		"a bad question":                    {Input(plain), 2},
		"a bad machine":                     {Machine(plain), 3},
		"nothing there":                     {NotFound(plain), 4},
		"the class survives wrapping":       {fmt.Errorf("loading: %w", Input(plain)), 2},
		"the outermost class counts":        {Machine(Input(plain)), 3},
		"a hint has no class":               {Hint(Input(plain), "do better"), 2},
		"an interrupted run":                {Machine(fmt.Errorf("fetching: %w", context.Canceled)), 130},
		"a deadline is no interruption":     {Answer(context.DeadlineExceeded), 1},
		"problems are a bad question":       {Problems("loading", []Finding{{Message: "bad"}}), 2},
		"no problems are no error":          {Problems("loading", nil), 0},
		"a class of nothing is still nil":   {Input(nil), 0},
		"a hint about nothing is still nil": {Hint(nil, "advice"), 0},
	} {
		if got := ExitCode(test.err); got != test.want {
			t.Errorf("%s: got exit code %d, want %d", name, got, test.want)
		}
	}
}

func TestHintsAreCollectedFromTheWholeChain(t *testing.T) {
	t.Parallel()
	problems := Problems("", []Finding{{Message: "a", Hint: "third"}, {Message: "b", Hint: "third"}})
	err := Hint(fmt.Errorf("outer: %w", errors.Join(Hint(errors.New("x"), "second"), problems)), "first")
	if diff := cmp.Diff([]string{"first", "second", "third"}, Hints(err)); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
}

func TestProblemsAreOneErrorInFileOrder(t *testing.T) {
	t.Parallel()
	findings := []Finding{
		{Position: Position{File: "b.yaml", Line: 1}, Message: "last"},
		{Position: Position{File: "a.yaml", Line: 12, Column: 3}, Field: "spec.x", Message: "second"},
		{Position: Position{File: "a.yaml", Line: 2}, Message: "first"},
	}
	err := fmt.Errorf("doing this: %w", Problems("loading", findings))
	want := "doing this: loading:\na.yaml:2: first\na.yaml:12:3: spec.x: second\nb.yaml:1: last"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if got := What(err); got != "doing this: loading" {
		t.Errorf("What gives %q", got)
	}
	if got := Problems("", findings[:1]).Error(); got != "b.yaml:1: last" {
		t.Errorf("one problem alone reads %q", got)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"configure", "delete", "metadata"}
	for word, want := range map[string]string{
		"configur": "configure", "Delete": "delete", "metdaata": "metadata", "nothing-like-it": "", "": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) is %q, want %q", word, got, want)
		}
	}
	if got := DidYouMean("delet", names); got != "did you mean delete?" {
		t.Errorf("got %q", got)
	}
}

func TestFullDiskIsHintedAt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	full := &fs.PathError{Op: "write", Err: syscall.ENOSPC}
	err := Machine(fmt.Errorf("fetching image a: %w", errors.Join(full)))
	another := ", or name another place: XDG_CACHE_HOME is for images, TMPDIR for runs"
	for path, want := range map[string]string{
		filepath.Join(dir, "blob-1"):              "make room in " + dir + " (df -h " + dir + ")" + another,
		filepath.Join(dir, "gone", "in", "vain"):  "make room in " + dir + " (df -h " + dir + ")" + another,
		"testdata-not-there/.promise.yaml-1":      "make room in . (df -h .)",
		".kratix/runs/2026/small/output/gone.txt": "make room in . (df -h .)",
	} {
		full.Path = path
		if diff := cmp.Diff([]string{want}, Hints(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	full.Err = syscall.EACCES
	if hints := Hints(err); len(hints) > 0 {
		t.Errorf("hints %q of an error that is another", hints)
	}
}

func TestReworded(t *testing.T) {
	t.Parallel()
	rewrite := func(text string) string { return strings.ReplaceAll(text, "secret", "***") }
	problems := Problems("reading secret", []Finding{
		{Position: Position{File: "secret.yaml", Line: 3}, Field: "a", Message: "is secret", Hint: "no secret"},
		{Position: Position{File: "secret.yaml", Line: 4}, Field: "b.secret", Message: "bad"},
	})
	for name, err := range map[string]error{
		"a text":      Machine(fmt.Errorf("dialing secret: %w", errors.New("refused"))),
		"a hint":      Hint(NotFound(errors.New("none")), "ask secret"),
		"findings":    fmt.Errorf("case secret: %w", problems),
		"all at once": Hint(fmt.Errorf("case: %w", errors.Join(Hint(errors.New("x"), "second secret"), problems)), "first"),
	} {
		got := Reworded(err, rewrite)
		if want := rewrite(err.Error()); got.Error() != want {
			t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(want, got.Error()))
		}
		if ExitCode(got) != ExitCode(err) {
			t.Errorf("%s: exit code %d, was %d", name, ExitCode(got), ExitCode(err))
		}
		var hints []string
		for _, h := range Hints(err) {
			hints = append(hints, rewrite(h))
		}
		if diff := cmp.Diff(hints, Hints(got)); diff != "" {
			t.Errorf("%s: hints (-want +got):\n%s", name, diff)
		}
		if len(Findings(got)) != len(Findings(err)) {
			t.Errorf("%s: findings %v", name, Findings(got))
		}
	}
	if err := Machine(context.Canceled); Reworded(err, rewrite) != err { //nolint:errorlint // the very error is meant
		t.Error("an error without anything to rewrite is another one")
	}
	if Reworded(nil, rewrite) != nil {
		t.Error("no error became one")
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	got := []string{
		Count(0, "file"), Count(1, "file"), Count(2, "file"),
		Size(0), Size(1023), Size(1024), Size(1536 << 10), Size(5 << 30),
		Describe(nil), Describe(map[string]any{}), Describe([]any{1}), Describe("a"), Describe(int64(1)), Describe(true),
	}
	want := []string{
		"0 files", "1 file", "2 files",
		"0 B", "1023 B", "1.0 KiB", "1.5 MiB", "5.0 GiB",
		"nothing", "an object", "a list", `the string "a"`, "1", "true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
