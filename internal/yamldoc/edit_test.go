// SPDX-License-Identifier: Apache-2.0

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
		"as JSON between the brackets of JSON": {
			"a", "{\"a\": [1, \"b\"]}\n", "{\"a\": [1, \"b\", {\"name\": \"x\", \"args\": [\"a\", \"b\"]}]}\n",
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
			if diff := cmp.Diff(test.want, string(got.Bytes())); diff != "" {
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
			"promise.yaml:2:1: b cannot be changed alone: line 2 takes it from the anchor &l in line 1",
			"write the value out in line 2, or change it in line 1 for all that use it",
		},
		"an anchored list that is used again": {
			"a", "a: &l\n- 1\nb: *l\n",
			"promise.yaml:1:1: a cannot be changed alone: it has the anchor &l, and line 3 uses it too",
			"write the value out in line 3, or change both by hand",
		},
		"brackets with comments in place of items": {
			"a", "a: [\n  # none\n]\n",
			"promise.yaml:1:1: a is written in a way that cannot be changed without rewriting it",
			"add this to a by hand:\n- x",
		},
		"a mapping where a list is wanted": {
			"a", "a: {b: 1}\n", "promise.yaml:1:1: a cannot be changed: it is a mapping, not a list", "",
		},
		"text where a mapping is wanted": {
			"a.b", "a: text\n", `promise.yaml:1:1: a.b cannot be changed: "text" is in the way of "b"`, "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(t, test.text).Append(test.path, "x")
			if err == nil {
				t.Fatalf("edited to %q", got.Bytes())
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
			if diff := cmp.Diff(test.want, string(got.Bytes())); diff != "" {
				t.Errorf("edited file (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddRefusesAKeyThatExists(t *testing.T) {
	t.Parallel()
	_, err := parseOne(t, "a:\n  key: 1\n").Add("a", "key", 2)
	if want := `promise.yaml:1:1: a cannot be changed: it has a key "key" already`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestInsert(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		index      int
		text, want string
	}{
		"before the first":                {0, "a:\n- b\n- c\n", "a:\n- x: 1\n- b\n- c\n"},
		"before one and its comments":     {1, "a:\n  - b\n\n  # c is last\n  - c\n", "a:\n  - b\n\n  - x: 1\n  # c is last\n  - c\n"},
		"at the end":                      {2, "a:\n- b\n- c\nd: 1\n", "a:\n- b\n- c\n- x: 1\nd: 1\n"},
		"between brackets":                {1, "a: [b, c] # d\n", "a: [b, {x: 1}, c] # d\n"},
		"before the first of brackets":    {0, "a: [ \"b,\", c ]\n", "a: [ {x: 1}, \"b,\", c ]\n"},
		"behind a dash":                   {0, "a:\n- - b\n  - c\n", "a:\n- x: 1\n- - b\n  - c\n"},
		"before an item without a value":  {1, "a:\n- b\n-\n- c\n", "a:\n- b\n- x: 1\n-\n- c\n"},
		"before text that looks like one": {1, "a:\n- |\n  - z\n- c\n", "a:\n- |\n  - z\n- x: 1\n- c\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(t, test.text).Insert("a", test.index, yamldoc.Map{{"x", 1}})
			checkEdit(t, test.want, got, err)
		})
	}
}

// checkEdit wants the edited file to be that.
func checkEdit(t *testing.T, want string, got *yamldoc.Document, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v\nhints: %q", err, diag.Hints(err))
	}
	if diff := cmp.Diff(want, string(got.Bytes())); diff != "" {
		t.Errorf("edited file (-want +got):\n%s", diff)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ path, text, want string }{
		"a key":                                {"b", "a: 1\nb: 2\nc: 3\n", "a: 1\nc: 3\n"},
		"a key and what is below":              {"b", "a: 1\nb:\n  - x: |\n      y\n\n      z\n  # d\nc: 3\n", "a: 1\nc: 3\n"},
		"an indentless list":                   {"b", "a: 1\nb:\n- x\n- y\nc: 3\n", "a: 1\nc: 3\n"},
		"comments above and beside":            {"b", "a: 1 # a\n# b is\n# two\nb: 2 # b\n# c\nc: 3\n", "a: 1 # a\n# c\nc: 3\n"},
		"not comments further up":              {"b", "a: 1\n# all\n\n# b\nb: 2\nc: 3\n", "a: 1\n# all\n\nc: 3\n"},
		"not what the file begins with":        {"a", "# all\na: 1\nb: 2\n", "# all\nb: 2\n"},
		"one of two blank lines":               {"b", "a: 1\n\nb: 2\n\nc: 3\n", "a: 1\n\nc: 3\n"},
		"no blank line that is text":           {"b", "a: |+\n  x\n\nb: 2\nc: 3\n", "a: |+\n  x\n\nc: 3\n"},
		"the last key":                         {"b", "a: 1\nb: 2", "a: 1"},
		"the only key":                         {"a.b", "a: # c\n  b: 1\nd: 2\n", "a: {} # c\nd: 2\n"},
		"the only item":                        {"a[0]", "a:\n- b\nd: 2\n", "a: []\nd: 2\n"},
		"the only key of the document":         {"a", "# c\na: 1\n", "# c\n{}\n"},
		"the only key of an item":              {"a[0].b", "a:\n- b: 1\n- c\n", "a:\n- {}\n- c\n"},
		"a key beside a dash":                  {"a[0].b", "a:\n- b:\n    - 1\n  c: 1\n", "a:\n- c: 1\n"},
		"a key beside a dash, before comments": {"a[0].b", "a:\n- b: 1\n\n  # c\n  c: 1\n", "a:\n- # c\n  c: 1\n"},
		"an item":                              {"a[1]", "a:\n  - b: 1\n  # gone\n  - c: 1\n    d: 2\n  - e: 1\n", "a:\n  - b: 1\n  - e: 1\n"},
		"an item beside a dash":                {"a[0][0]", "a:\n- - b\n  - c\n- d\n", "a:\n- - c\n- d\n"},
		"between brackets":                     {"a.c", "a: { b: 1, c: [1, 2], d: 3 } # e\n", "a: { b: 1, d: 3 } # e\n"},
		"first between brackets":               {"a.b", "a: { b: 1, c: 2 }\n", "a: { c: 2 }\n"},
		"last between brackets":                {"a[1]", "a: [b, 'c' ]\n", "a: [b ]\n"},
		"alone between brackets":               {"a.b", "a: {b: 1}\n", "a: {}\n"},
		"alone before a comma":                 {"a.b", "a: {b: 1,}\n", "a: {}\n"},
		"a line between brackets":              {"a[1]", "a: [\n  b, # b\n  c, # c\n  d, # d\n]\n", "a: [\n  b, # b\n  d, # d\n]\n"},
		"the last line between brackets":       {"a[1]", "a: [\n  b, # b\n  c # c\n]\n", "a: [\n  b, # b\n]\n"},
		"with CRLF":                            {"b", "a: 1\r\nb:\r\n  c: 1\r\nd: 2\r\n", "a: 1\r\nd: 2\r\n"},
		"in the second document":               {"a", "a: 1\nb: 2\n---\n# c\na: 3\nb: 4\n", "a: 1\nb: 2\n---\n# c\na: 3\nb: 4\n"},
		"a key with an anchor of its own":      {"a", "a: &x\n  c: 1\nb: 2\n", "b: 2\n"},
		"an alias":                             {"b", "a: &x 1\nb: *x\nc: 2\n", "a: &x 1\nc: 2\n"},
		"a key without a value":                {"b", "a: 1\nb:\nc: 2\n", "a: 1\nc: 2\n"},
		"folded text":                          {"b", "a: 1\nb: some\n  words\n\n  more\nc: 2\n", "a: 1\nc: 2\n"},
		"quoted text that goes to the left":    {"a.b", "a:\n  c: 1\n  b: \"x\n y\"\nd: 2\n", "a:\n  c: 1\nd: 2\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "in the second document" {
				docs, err := yamldoc.Parse("f", []byte(test.text))
				if err != nil {
					t.Fatal(err)
				}
				got, err := docs[1].Delete(test.path)
				checkEdit(t, "a: 1\nb: 2\n---\nb: 4\n", got, err)
				return
			}
			got, err := parseOne(t, test.text).Delete(test.path)
			checkEdit(t, test.want, got, err)
		})
	}
}

func TestRename(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ path, text, want string }{
		"a key":            {"a.b", "a:\n  # b\n  b : 1 # one\n", "a:\n  # b\n  on/off: 1 # one\n"},
		"in quotes":        {"a['b']", "a:\n  'b': 1\n", "a:\n  'on/off': 1\n"},
		"between brackets": {"a.b", "a: {c: 1, b: 2}\n", "a: {c: 1, on/off: 2}\n"},
		"beside a dash":    {"a[0].b", "a:\n- b:\n  - 1\n", "a:\n- on/off:\n  - 1\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(t, test.text).Rename(test.path, "on/off")
			want := test.want
			if name == "a key" {
				want = "a:\n  # b\n  on/off : 1 # one\n"
			}
			checkEdit(t, want, got, err)
		})
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		path, text string
		value      any
		want       string
	}{
		"what it is already":             {"a", "a:  \"x\" # c\n", "x", "a:  \"x\" # c\n"},
		"text for text":                  {"a", "a:  x   # c\n", "w", "a:  w   # c\n"},
		"text in the same quotes":        {"a", "a: 'x'\nb: 1\n", "it's", "a: 'it''s'\nb: 1\n"},
		"text in double quotes":          {"a", "a: \"x\"\n", "y\"", "a: \"y\\\"\"\n"},
		"text that would be a number":    {"a", "a: x\n", "1", "a: \"1\"\n"},
		"a number for text":              {"a", "a: 'x' # c\n", 3, "a: 3 # c\n"},
		"words over several lines":       {"a", "a: some\n  words\n  and more # c\nb: 1\n", "w", "a: w # c\nb: 1\n"},
		"quoted words over lines":        {"a", "a: \"some\n  words\" # c\nb: 1\n", 1, "a: 1 # c\nb: 1\n"},
		"a text of lines":                {"a", "a: |  # c\n  x\n\n  y\n # d\nb: 1\n", "z", "a: z  # c\n # d\nb: 1\n"},
		"lines for text":                 {"a.b", "a:\n    b: x # c\nd: 1\n", "y\n\nz\n", "a:\n    b: | # c\n        y\n\n        z\nd: 1\n"},
		"lines for lines":                {"a", "a: >-\n  x\nb: 1\n", "y\nz", "a: |-\n  y\n  z\nb: 1\n"},
		"a value for nothing":            {"a", "a:\nb: 1\n", 1, "a: 1\nb: 1\n"},
		"a value for nothing in an item": {"a[1]", "a:\n- x\n-\n", 1, "a:\n- x\n- 1\n"},
		"a value for null":               {"a", "a: ~ # c\nb: 1\n", true, "a: true # c\nb: 1\n"},
		"a value between brackets":       {"a.b", "a: {b: [1, 2], c: d}\n", "x,y", "a: {b: \"x,y\", c: d}\n"},
		"a value that has no colon":      {"a.b", "a: {b: , c: d}\n", 1, "a: {b: 1 , c: d}\n"},
		"one key of several":             {"a", "a:\n  b: 1 # b\n  c: 2 # c\n", yamldoc.Map{{"b", 1}, {"c", 3}}, "a:\n  b: 1 # b\n  c: 3 # c\n"},
		"keys come and go":               {"a", "a:\n  b: 1 # b\n  c: 2 # c\n", yamldoc.Map{{"b", 1}, {"d", 3}}, "a:\n  b: 1 # b\n  d: 3\n"},
		"an unrelated mapping":           {"a", "a:\n   b: 1\n   c: 2\nd: 1\n", yamldoc.Map{{"e", 1}}, "a:\n   e: 1\nd: 1\n"},
		"text for a mapping":             {"a", "a: # c\n  b: 1\n  # d\ne: 1\n", "x", "a: x # c\n  # d\ne: 1\n"},
		"a mapping for text":             {"a", "a: x # c\ne: 1\n", yamldoc.Map{{"b", 1}}, "a: # c\n  b: 1\ne: 1\n"},
		"a list for a mapping":           {"a", "a:\n    b: 1\ne: 1\n", []any{1, 2}, "a:\n- 1\n- 2\ne: 1\n"},
		"nothing for a mapping":          {"a", "a:\n    b: 1\ne: 1\n", nil, "a: null\ne: 1\n"},
		"an empty list for a list":       {"a", "a:\n- 1\n- 2\ne: 1\n", []any{}, "a: []\ne: 1\n"},
		"a mapping for an item":          {"a[1]", "a:\n- x\n- y # c\n- z\n", yamldoc.Map{{"b", 1}, {"c", 2}}, "a:\n- x\n- b: 1 # c\n  c: 2\n- z\n"},
		"an item for a mapping":          {"a[0]", "a:\n-   b: 1\n    c: 2\n- z\n", "x", "a:\n-   x\n- z\n"},
		"items come and go": {
			"a", "a:\n- 1 # one\n- 2 # two\n- 3 # three\n",
			[]any{1, 3, 4},
			"a:\n- 1 # one\n- 3 # three\n- 4\n",
		},
		"an object of the same name": {
			"a", "a:\n- kind: A\n  x: 1 # x\n- kind: B\n  x: 1 # x\n",
			[]any{yamldoc.Map{{"kind", "A"}, {"x", 2}}, yamldoc.Map{{"kind", "B"}, {"x", 1}}},
			"a:\n- kind: A\n  x: 2 # x\n- kind: B\n  x: 1 # x\n",
		},
		"other objects": {
			"a", "a:\n  # old\n  - kind: A\n  - kind: B\nb: 1\n",
			[]any{yamldoc.Map{{"kind", "C"}}},
			"a:\n  - kind: C\nb: 1\n",
		},
		"the list of a document":        {"", "# c\n- kind: A\n- kind: B\n# d\n", []any{yamldoc.Map{{"kind", "C"}, {"x", 1}}}, "# c\n- kind: C\n  x: 1\n# d\n"},
		"an empty document":             {"", "# c\n", []any{1}, "# c\n- 1\n"},
		"a document of nothing":         {"", "[]\n", []any{1}, "- 1\n"},
		"what is not there":             {"a.b.c", "a:\n   d: 1\n", 1, "a:\n   d: 1\n   b:\n      c: 1\n"},
		"a key that hides a merged one": {"b.x", "a: &a\n  x: 1\nb:\n  <<: *a\n  y: 1\n", 2, "a: &a\n  x: 1\nb:\n  <<: *a\n  y: 1\n  x: 2\n"},
		"a value in place of an alias":  {"b", "a: &a 1\nb: *a # c\n", 2, "a: &a 1\nb: 2 # c\n"},
		"below an unused anchor":        {"a.b", "a: &a {b: 1}\n", 2, "a: &a {b: 2}\n"},
		"at an unused anchor":           {"a", "a: &a 1\n", 2, "a: &a 2\n"},
		"a tagged value":                {"a", "a: !!str 1 # c\n", 2, "a: 2 # c\n"},
		"with CRLF":                     {"a", "a: 1\r\nb: 2\r\n", yamldoc.Map{{"x", 1}, {"w", "1\n2\n"}}, "a:\r\n  x: 1\r\n  w: |\r\n    1\r\n    2\r\nb: 2\r\n"},
		"without a final newline":       {"a", "a: 1", yamldoc.Map{{"x", 1}}, "a:\n  x: 1"},
		"a value on the next line":      {"a", "a:\n  x\nb: 1\n", "w", "a:\n  w\nb: 1\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(t, test.text).Set(test.path, test.value)
			checkEdit(t, test.want, got, err)
		})
	}
}

func TestEditsOfWhatIsSharedAreRefused(t *testing.T) {
	t.Parallel()
	const text = "a: &a\n  x: {u: 1, v: 2}\nb: *a\nc:\n  <<: *a\n  d: 1\n"
	doc := parseOne(t, text)
	for name, test := range map[string]struct {
		edit func() (*yamldoc.Document, error)
		want string
	}{
		"through an alias": {
			func() (*yamldoc.Document, error) { return doc.Set("b.x.u", 2) },
			"promise.yaml:2:7: b.x.u cannot be changed alone: line 3 takes it from the anchor &a in line 1",
		},
		"what others use": {
			func() (*yamldoc.Document, error) { return doc.Delete("a.x.u") },
			"promise.yaml:2:3: a.x cannot be changed alone: it has the anchor &a, and line 3 uses it too",
		},
		"what is merged": {
			func() (*yamldoc.Document, error) { return doc.Delete("c.x") },
			"promise.yaml:2:3: c.x cannot be changed alone: it comes from line 2 through a merge (<<)",
		},
		"a name through an alias": {
			func() (*yamldoc.Document, error) { return doc.Rename("b.x", "w") },
			"promise.yaml:3:1: b cannot be changed alone: line 3 takes it from the anchor &a in line 1",
		},
	} {
		got, err := test.edit()
		if err == nil {
			t.Errorf("%s: edited to %q", name, got.Bytes())
		} else if diff := cmp.Diff(test.want, err.Error()); diff != "" {
			t.Errorf("%s: error (-want +got):\n%s", name, diff)
		}
	}
}
