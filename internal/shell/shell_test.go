// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What one types, and what is shown.
func TestInterpret(t *testing.T) {
	for name, test := range map[string]struct {
		script, stdout, stderr string
		code                   int
	}{
		"ls":            {"ls", "a.yaml\nb\nlink\n", "", 0},
		"ls all of it":  {"ls -a", ".\n..\n.hidden\na.yaml\nb\nlink\n", "", 0},
		"ls below":      {"ls -R", ".:\na.yaml\nb\nlink\n\nb:\nc.yaml\n", "", 0},
		"ls of several": {"ls a.yaml b nothing", "a.yaml\n\nb:\nc.yaml\n", "ls: lstat DIR/nothing: no such file or directory\n", 1},
		"ls in lines": {
			"ls -l; cd b; ls -la", "-rw-r----- UID GID 17 TIME a.yaml\ndrwxr-xr-x UID GID SIZE TIME b\nlrwxrwxrwx UID GID 6 TIME link -> a.yaml\n" +
				"drwxr-xr-x UID GID SIZE TIME .\ndrwxr-xr-x UID GID SIZE TIME ..\n-rw-r--r-- UID GID 8 TIME c.yaml\n", "", 0,
		},
		"cat":                           {"cat a.yaml b/c.yaml", "kind: A\nname: aa\nkind: C\n", "", 0},
		"cat of what is read":           {"echo one | cat", "one\n", "", 0},
		"what is not there":             {"cat x y", "", "cat: open DIR/x: no such file or directory\ncat: open DIR/y: no such file or directory\n", 1},
		"whoever reads has seen enough": {"cat a.yaml a.yaml a.yaml | head -n 1", "kind: A\n", "", 0},
		"head and tail":                 {"head -1 a.yaml; tail -n1 a.yaml", "kind: A\nname: aa\n", "", 0},
		"grep":                          {"grep -n 'a+$' a.yaml b/c.yaml", "a.yaml:2:name: aa\n", "", 0},
		"grep of any case":              {"grep -ci KIND a.yaml", "1\n", "", 0},
		"grep below":                    {"grep -rl kind .", "./a.yaml\n./b/c.yaml\n", "", 0},
		"grep that finds nothing":       {"grep x a.yaml", "", "", 1},
		"grep without":                  {"grep -v kind a.yaml", "name: aa\n", "", 0},
		"find":                          {"find . -name '*.yaml' -type f; find b", "./a.yaml\n./b/c.yaml\nb\nb/c.yaml\n", "", 0},
		"find what it cannot":           {"find . -size 3", "", "find: unknown test -size; usage: find [DIR...] [-name PATTERN] [-type f|d|l]\n", 1},
		"files": {
			"mkdir -p x/y; cp a.yaml x; cp -r b x/y; find x; rm -r x; ls", "x\nx/a.yaml\nx/y\nx/y/b\nx/y/b/c.yaml\na.yaml\nb\nlink\n", "", 0,
		},
		"a directory stays":      {"rm b; cp b x; rm -f nothing && echo gone", "gone\n", "rm: b is a directory\ncp: DIR/b is a directory: cp -r\n", 0},
		"env":                    {"GREETING=hi env | grep GREETING", "GREETING=hi\n", "", 0},
		"wc":                     {"wc a.yaml; cat a.yaml | wc -l", "2 4 17 a.yaml\n2\n", "", 0},
		"commands":               {"commands | head -2", "beside what a shell has (help lists it) and what the image has:\n  cat [FILE...]\n", "", 0},
		"an option it lacks":     {"ls -z", "", "ls: unknown option -z; usage: ls [-1alR] [FILE...]\n", 2},
		"a shell's own":          {"cd b && pwd && for f in *; do echo \"<$f>\"; done; exit 4", "DIR/b\n<c.yaml>\n", "", 4},
		"another file":           {"echo 'kind: Z' >> a.yaml && tail -1 a.yaml", "kind: Z\n", "", 0},
		"a command there is not": {"render", "", "\"render\": executable file not found in $PATH\n", 127},
		"a mistake":              {"echo one\necho )", "one\n", "sh: 2:6: a command can only contain words and redirects; encountered `)`\n", 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := files(t)
			t.Chdir(dir)
			t.Setenv("PATH", filepath.Join(dir, "nowhere"))
			var stdout, stderr bytes.Buffer
			code, err := Interpret(t.Context(), test.script, null(t), &stdout, &stderr)
			if err != nil || code != test.code {
				t.Errorf("exit code %d, want %d; %v", code, test.code, err)
			}
			if diff := cmp.Diff(test.stdout, plain(dir, stdout.String())); diff != "" {
				t.Errorf("stdout (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(test.stderr, plain(dir, stderr.String())); diff != "" {
				t.Errorf("stderr (-want +got)\n%s", diff)
			}
		})
	}
}

// files gives a directory with some.
func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"a.yaml": 0o640, "b/c.yaml": 0o644, ".hidden": 0o600} {
		content := map[string]string{"a.yaml": "kind: A\nname: aa\n", "b/c.yaml": "kind: C\n"}[name]
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.yaml", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// plain leaves out what differs from machine to machine.
func plain(dir, text string) string {
	text = regexp.MustCompile(regexp.QuoteMeta(dir)).ReplaceAllString(text, "DIR")
	text = regexp.MustCompile(`(?m)^([a-z-]{10}) +\d+ +\d+ +(\d+) \d{4}-\d\d-\d\d \d\d:\d\d`).ReplaceAllString(text, "$1 UID GID $2 TIME")
	return regexp.MustCompile(`(?m)^(d[a-z-]{9} UID GID) +\d+`).ReplaceAllString(text, "$1 SIZE")
}

func null(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// A script on standard input is read before it is run, so that nothing it runs
// can take the rest of it.
func TestScriptOnStandardInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte("echo one\ncat\necho two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = script.Close() }()
	t.Setenv("PATH", "")
	var out bytes.Buffer
	if code := Main(nil, script, &out, &out); code != 0 || out.String() != "one\ntwo\n" {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
}
