package yamldoc_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

func parseOne(t *testing.T, text string) *yamldoc.Document {
	t.Helper()
	docs, err := yamldoc.Parse("promise.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return docs[0]
}

func TestAppend(t *testing.T) {
	t.Parallel()
	item := yamldoc.Map{{"name", "x"}, {"args", []any{"a", "b"}}}
	tests := map[string]struct{ path, text, want string }{
		"after the last item": {
			"a", "a:\n- name: y\nb: 1\n",
			"a:\n- name: y\n- name: x\n  args:\n  - a\n  - b\nb: 1\n",
		},
		"as deep as its siblings": {
			"a", "a:\n    - name: y\n      args:\n          - c\nb: 1\n",
			"a:\n    - name: y\n      args:\n          - c\n    - name: x\n      args:\n          - a\n          - b\nb: 1\n",
		},
		"with the gap of its siblings": {
			"a", "a:\n-   name: y\n",
			"a:\n-   name: y\n-   name: x\n    args:\n    -   a\n    -   b\n",
		},
		"before a comment on what follows": {
			"a", "a:\n- name: y\n\n# about b\nb: 1\n",
			"a:\n- name: y\n- name: x\n  args:\n  - a\n  - b\n\n# about b\nb: 1\n",
		},
		"after a comment on the last item": {
			"a", "a:\n- name: y\n\n  # args: []\nb: 1\n",
			"a:\n- name: y\n\n  # args: []\n- name: x\n  args:\n  - a\n  - b\nb: 1\n",
		},
		"after a block scalar with blank lines": {
			"a", "a:\n- name: |\n    y\n\n    z\n\nb: 1\n",
			"a:\n- name: |\n    y\n\n    z\n- name: x\n  args:\n  - a\n  - b\n\nb: 1\n",
		},
		"after quoted text that goes on to the left": {
			"a", "a:\n  - name: \"y\n z\"\nb: 1\n",
			"a:\n  - name: \"y\n z\"\n  - name: x\n    args:\n      - a\n      - b\nb: 1\n",
		},
		"after brackets that close to the left": {
			"a", "a:\n  - name: [\n]\nb: 1\n",
			"a:\n  - name: [\n]\n  - name: x\n    args:\n      - a\n      - b\nb: 1\n",
		},
		"in place of an empty list": {
			"a", "a: []\nb: 1\n",
			"a:\n- name: x\n  args:\n  - a\n  - b\nb: 1\n",
		},
		"in place of an empty list, before its comment": {
			"a", "a: [ ]  # none yet\nb: 1\n",
			"a:  # none yet\n- name: x\n  args:\n  - a\n  - b\nb: 1\n",
		},
		"in place of an empty list on a line of its own": {
			"a", "a:\n  []\nb: 1\n",
			"a:\n  - name: x\n    args:\n    - a\n    - b\nb: 1\n",
		},
		"under a key without value": {
			"a", "a: # none\n  # still none\nb: 1\n",
			"a: # none\n  # still none\n- name: x\n  args:\n  - a\n  - b\nb: 1\n",
		},
		"in place of null": {
			"a", "a: null\nb: 1\n",
			"a:\n- name: x\n  args:\n  - a\n  - b\nb: 1\n",
		},
		"with the mappings on the way": {
			"w.r.c", "w:\n   q: 1\nb: 1\n",
			"w:\n   q: 1\n   r:\n      c:\n      - name: x\n        args:\n        - a\n        - b\nb: 1\n",
		},
		"into an empty mapping": {
			"w.c", "w: {}\n",
			"w:\n  c:\n  - name: x\n    args:\n    - a\n    - b\n",
		},
		"between brackets": {
			"w.a", "w: {a: [ {name: y} ], b: 1}\n",
			"w: {a: [ {name: y}, {name: x, args: [a, b]} ], b: 1}\n",
		},
		"between empty brackets inside brackets": {
			"w.a", "w: {a: [], b: 1}\n",
			"w: {a: [{name: x, args: [a, b]}], b: 1}\n",
		},
		"after a comma before the closing bracket": {
			"a", "a: [\n  'it''s', # one\n  ]\n",
			"a: [\n  'it''s', {name: x, args: [a, b]} # one\n  ]\n",
		},
		"as a key between brackets": {
			"w.a", "w: {b: 1}\n",
			"w: {b: 1, a: [{name: x, args: [a, b]}]}\n",
		},
		"to an anchored list": {
			"a", "a: &l\n  - 1\nb: 1\n",
			"a: &l\n  - 1\n  - name: x\n    args:\n      - a\n      - b\nb: 1\n",
		},
		"without a final newline": {
			"a", "a:\n- y",
			"a:\n- y\n- name: x\n  args:\n  - a\n  - b",
		},
		"with CRLF": {
			"a", "a:\r\n- y\r\nb: 1\r\n",
			"a:\r\n- y\r\n- name: x\r\n  args:\r\n  - a\r\n  - b\r\nb: 1\r\n",
		},
		"after a comment before the first marker": {
			"a", "# top\n---\n# second\na:\n- y\n",
			"# top\n---\n# second\na:\n- y\n- name: x\n  args:\n  - a\n  - b\n",
		},
		"into the first of two documents": {
			"a", "a:\n- y\n# next\n---\na:\n- z\n",
			"a:\n- y\n- name: x\n  args:\n  - a\n  - b\n# next\n---\na:\n- z\n",
		},
		"into a list of lists": {
			"a[0]", "a:\n- - y\n- z\n",
			"a:\n- - y\n  - name: x\n    args:\n    - a\n    - b\n- z\n",
		},
		"into a list at the root": {
			"", "- y\n",
			"- y\n- name: x\n  args:\n  - a\n  - b\n",
		},
		"into a file of comments": {
			"a", "# nothing\n",
			"# nothing\na:\n- name: x\n  args:\n  - a\n  - b\n",
		},
		"into an empty file": {
			"", "",
			"- name: x\n  args:\n  - a\n  - b\n",
		},
		"into an empty list at the root": {
			"", "[]\n",
			"- name: x\n  args:\n  - a\n  - b\n",
		},
		"behind a byte order mark": {
			"a", "\ufeffa:\n- y\n",
			"\ufeffa:\n- y\n- name: x\n  args:\n  - a\n  - b\n",
		},
		"under keys that are not ASCII": {
			"ü.a", "ü: {ö: '→', a: [y]}\n",
			"ü: {ö: '→', a: [y, {name: x, args: [a, b]}]}\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(t, test.text).Append(test.path, item)
			if err != nil {
				t.Fatalf("%v\nhints: %q", err, diag.Hints(err))
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("edited file (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ path, text, err, hint string }{
		"a list that is shared": {
			"b", "a: &l [1]\nb: *l\n",
			"promise.yaml:2:1: b is written in a way that cannot be extended without rewriting it",
			"add this to b by hand:\n- x",
		},
		"an anchored list that is used again": {
			"a", "a: &l\n- 1\nb: *l\n",
			"promise.yaml:1:1: a is written in a way that cannot be extended without rewriting it",
			"add this to a by hand:\n- x",
		},
		"brackets with comments in place of items": {
			"a", "a: [\n  # none\n]\n",
			"promise.yaml:1:1: a is written in a way that cannot be extended without rewriting it",
			"add this to a by hand:\n- x",
		},
		"a mapping where a list is wanted": {
			"a", "a: {b: 1}\n", "promise.yaml:1:1: a cannot be extended: it is a mapping, not a list", "",
		},
		"text where a mapping is wanted": {
			"a.b", "a: text\n", `promise.yaml:1:1: a.b cannot be extended: "text" is in the way of "b"`, "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(t, test.text).Append(test.path, "x")
			if err == nil {
				t.Fatalf("edited to %q", got)
			}
			if diff := cmp.Diff(test.err, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.hint, strings.Join(diag.Hints(err), "|")); diff != "" {
				t.Errorf("hint (-want +got):\n%s", diff)
			}
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("exit code %d, want %d", diag.ExitCode(err), diag.ExitInput)
			}
		})
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ path, text, want string }{
		"after the last key":         {"a", "a:\n  b: 1\nc: 2\n", "a:\n  b: 1\n  key: \"yes\"\nc: 2\n"},
		"after a comment at the end": {"a", "a:\n  b: 1\n  # d: 1\nc: 2\n", "a:\n  b: 1\n  # d: 1\n  key: \"yes\"\nc: 2\n"},
		"at the root":                {"", "a: 1\n# end\n", "a: 1\nkey: \"yes\"\n# end\n"},
		"inside an item":             {"a[0]", "a:\n- b: 1\n- c\n", "a:\n- b: 1\n  key: \"yes\"\n- c\n"},
		"below an indentless list":   {"a", "a:\n  b:\n  - 1\n  - 2\nc: 2\n", "a:\n  b:\n  - 1\n  - 2\n  key: \"yes\"\nc: 2\n"},
		"between braces":             {"a", "a: {b: 1}\n", "a: {b: 1, key: \"yes\"}\n"},
		"in place of {}":             {"a", "a: {} # c\n", "a: # c\n  key: \"yes\"\n"},
		"in place of {} in an item":  {"a[0]", "a:\n- {}\n", "a:\n- key: \"yes\"\n"},
		"under a key with a slash":   {"a[x/y.z]", "a:\n  x/y.z:\n    b: 1\n", "a:\n  x/y.z:\n    b: 1\n    key: \"yes\"\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(t, test.text).Add(test.path, "key", "yes")
			if err != nil {
				t.Fatalf("%v\nhints: %q", err, diag.Hints(err))
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("edited file (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddRefusesAKeyThatExists(t *testing.T) {
	t.Parallel()
	_, err := parseOne(t, "a:\n  key: 1\n").Add("a", "key", 2)
	if want := `promise.yaml:1:1: a cannot be extended: it has a key "key" already`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
