// SPDX-License-Identifier: Apache-2.0

package yamldoc_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

func TestParseFindsTheDocuments(t *testing.T) {
	t.Parallel()
	one, two := map[string]any{"a": int64(1)}, map[string]any{"b": int64(2)}
	tests := map[string]struct {
		text string
		want []any
	}{
		"one":                          {"a: 1\n", []any{one}},
		"two":                          {"a: 1\n---\nb: 2\n", []any{one, two}},
		"a comment before a marker":    {"# c\n---\na: 1\n", []any{one}},
		"a comment between":            {"a: 1\n# c\n---\n# d\nb: 2\n", []any{one, two}},
		"an empty one between":         {"a: 1\n---\n# c\n---\nb: 2\n", []any{one, two}},
		"an end marker":                {"a: 1\n...\n# c\n---\nb: 2\n", []any{one, two}},
		"a directive":                  {"%YAML 1.1\n---\na: 1\n", []any{one}},
		"content behind the marker":    {"--- {a: 1}\n--- {b: 2}\n", []any{one, two}},
		"CRLF":                         {"a: 1\r\n---\r\nb: 2\r\n", []any{one, two}},
		"a marker inside a block text": {"a: |\n  ---\n", []any{map[string]any{"a": "---\n"}}},
		"JSON":                         {`{"a": 1}`, []any{one}},
		"an explicit null":             {"null\n", []any{nil}},
		"nothing":                      {"", []any{nil}},
		"values as Kubernetes reads them": {
			"a: [yes, on, 0x10, 1e3, 1.5, 2020-01-01, ~, '1']\n",
			[]any{map[string]any{"a": []any{true, true, int64(16), int64(1000), 1.5, "2020-01-01", nil, "1"}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			docs, err := yamldoc.Parse("f", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []any
			for _, d := range docs {
				got = append(got, d.Value())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrorsNameTheLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want, hint string }{
		"a duplicate key":              {"x:\n  a: 1\n  b: 2\n  a: 3\n", `f:4:3: duplicate key "a", first used in line 2`, ""},
		"two duplicate keys":           {"a: 1\na: 2\n---\nb: 1\nb: 2\n", "f:2:1: duplicate key \"a\", first used in line 1\nf:5:1: duplicate key \"b\", first used in line 4", ""},
		"an error in the first line":   {"a: b: c\n", "f:1: mapping values are not allowed in this context", ""},
		"a key that is indented wrong": {"\nb:\n  - c\n d: e\n", "f:4: did not find expected key", ""},
		"the same after many lines":    {"a:\n" + strings.Repeat("  k: [1,\n   2]\n", 0) + "  b: 1\n  c:\n  - 1\n  - 2\n d: 1\n", "f:6: did not find expected key", ""},
		"an item where a key belongs":  {"a: 1\n- b\n", "f:2: did not find expected key", ""},
		"a bracket that stays open":    {"a: [1, 2\nb: c\n", "f:2: did not find expected ',' or ']'", ""},
		"a tab before a key":           {"a: b\n\tc: d\n", "f:2: found a tab character that violates indentation", "indent with spaces: YAML does not allow tabs there"},
		"a tab at the end":             {"a:\n  b: c\n\td: e\n", "f:2: found a tab character that violates indentation", "indent with spaces: YAML does not allow tabs there"},
		"a tab":                        {"a:\n\t- b\n", "f:2: found character that cannot start any token", "indent with spaces: YAML does not allow tabs there"},
		"an unknown anchor":            {"a: *q\n", "f:1: unknown anchor 'q' referenced", ""},
		"the second document":          {"a: 1\n---\nb: c: d\n", "f:3: mapping values are not allowed in this context", ""},
		"UTF-16":                       {"\xff\xfea\x00", "f: the file is UTF-16, not UTF-8", "iconv -f UTF-16 -t UTF-8 f"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := yamldoc.Parse("f", []byte(test.text))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if got := strings.Join(diag.Hints(err), "|"); got != test.hint {
				t.Errorf("hint %q, want %q", got, test.hint)
			}
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("exit code %d", diag.ExitCode(err))
			}
		})
	}
}

func TestParseErrorsAtTheEndNameItsPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: [1, 2\n":         "f:1:9: did not find expected ',' or ']'",
		"a: {b: c":           "f:1:9: did not find expected ',' or '}'",
		"a: b\nc: \"ü\n\n\n": "f:2: found unexpected end of stream",
		"a: b\n---\nc: {\n":  "f:3:5: did not find expected node content",
		"a: &\n":             "f:1:5: did not find expected alphabetic or numeric character",
	} {
		if _, err := yamldoc.Parse("f", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func TestPosition(t *testing.T) {
	t.Parallel()
	text := "# top\n---\nspec: &s\n  list:\n  - name: a\n  - {name: b, x/y.z: 1}\n  a.b: 2\nother: *s\nmerged:\n  <<: *s\n  own: 1\n"
	tests := map[string]struct {
		path string
		want string
		ok   bool
	}{
		"a key":                          {"spec", "f:3:1", true},
		"an item":                        {"spec.list[0]", "f:5:5", true},
		"a key of an item":               {"spec.list[1].name", "f:6:6", true},
		"a key in brackets":              {"spec.list[1][x/y.z]", "f:6:15", true},
		"a key with a dot, without them": {"spec.a.b", "f:7:3", true},
		"through an alias":               {"other.list[0].name", "f:5:5", true},
		"through a merge":                {"merged.list[0].name", "f:5:5", true},
		"a missing key":                  {"spec.list[0].image", "f:5:5", false},
		"a missing item":                 {"spec.list[7]", "f:4:3", false},
		"everything is missing":          {"x.y", "f:3:1", false},
		"the document":                   {"", "f:3:1", true},
		"a key below text":               {"spec.list[0].name.x", "f:5:5", false},
		"a bracket that is never closed": {"spec.list[0", "f:4:3", false},
	}
	docs, err := yamldoc.Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, ok := docs[0].Position(test.path)
			if at.String() != test.want || ok != test.ok {
				t.Errorf("Position(%q) = %s, %v, want %s, %v", test.path, at, ok, test.want, test.ok)
			}
		})
	}
}

// FuzzAppend checks what Append promises on any text: it either refuses, or
// nothing but the addition has changed.
func FuzzAppend(f *testing.F) {
	for _, seed := range []string{
		"a:\n  b:\n  - 1\n", "a: {b: [1, 2]}\n", "a: {}\n", "a:\n  b: []  # c\nd: 1\n", "# c\n---\na:\n  b:\n  # none\nc: 2",
		"a:\r\n    b:\r\n      - x: |\r\n          y\r\n\r\n      # c\r\n", "a: &x\n  b: *x\n", "a:\n  b:\n  - - 1\n    - 2\n",
		"a:\n  b:\n  - \"x\n y\"\nc: 1\n", "a: {b: ['it''s', \"\\\"\" , #c\n]}\n", "a:\n  c: 1\n# end\n---\nx: 1\n", "{a: {b: []}}", "a:\n  b: ~\n",
		"a:\n  b:\n  -\n  - c:\n", "a:\n  'b':\n  - 1\n", "? a\n: b: [1]\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		docs, err := yamldoc.Parse("f", text)
		if err != nil {
			return
		}
		after, err := docs[0].Append("a.b", yamldoc.Map{{Key: "k", Value: "v"}, {Key: "l", Value: []int{1}}})
		if err != nil {
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("error of class %d: %v", diag.ExitCode(err), err)
			}
			return
		}
		edited := after.Bytes()
		if rest := changedLines(text, edited); len(rest) > 1 {
			t.Errorf("lines changed:\n%q\nbefore:\n%s\nafter:\n%s", rest, text, edited)
		}
		again, err := yamldoc.Parse("f", edited)
		if err != nil {
			t.Fatalf("edited file: %v\n%s", err, edited)
		}
		want, got := docs[0].Value(), again[0].Value()
		if diff := cmp.Diff(appended(want), got); diff != "" {
			t.Errorf("value (-want +got):\n%s", diff)
		}
	})
}

// changedLines gives the lines of the text that an edit did not keep: what is
// between the longest common beginning and the longest common end. Lines of
// nothing but brackets are left out: an empty list may be written on many.
func changedLines(before, after []byte) []string {
	a, b := bytes.SplitAfter(before, []byte("\n")), bytes.SplitAfter(after, []byte("\n"))
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[0], b[0]) {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var lines []string
	for _, line := range a {
		if strings.Trim(string(line), "[]{} \t\r\n") != "" {
			lines = append(lines, string(line))
		}
	}
	return lines
}

// appended is the change, made on the value.
func appended(value any) any {
	root, _ := value.(map[string]any)
	if root == nil {
		root = map[string]any{}
	}
	a, _ := root["a"].(map[string]any)
	if a == nil {
		a = map[string]any{}
	}
	b, _ := a["b"].([]any)
	a["b"] = append(b, map[string]any{"k": "v", "l": []any{int64(1)}})
	root["a"] = a
	return root
}
