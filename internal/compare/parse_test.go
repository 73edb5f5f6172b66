// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScalarsAreReadAsTheAPIServerReadsThem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"an integer and an equal float", "a: 1", "a: 1.0", true},
		{"decimal and hexadecimal", "a: 16", "a: 0x10", true},
		{"an exponent and its digits", "a: 1e3", "a: 1000", true},
		{"large integers that a float cannot tell apart", "a: 9007199254740993", "a: 9007199254740992", false},
		{"a number and its text", "a: 1", `a: "1"`, false},
		{"two ways of quoting", `a: "x"`, `a: 'x'`, true},
		{"quoted and plain text", `a: "x y"`, `a: x y`, true},
		{"yes is a boolean", "a: yes", "a: true", true},
		{"quoted yes is text", `a: "yes"`, "a: true", false},
		{"a date is text", "a: 2001-01-01", `a: "2001-01-01"`, true},
		{"null in three ways", "a: null", "a: ~", true},
		{"null is not absent", "a: null", "{}", false},
		{"null is not empty text", "a:", `a: ""`, false},
		{"nan is itself", "a: .nan", "a: .NaN", true},
		{"infinity has a sign", "a: .inf", "a: -.inf", false},
		{"block and flow style", "a:\n- b\n- c: 1", "{a: [b, {c: 1}]}", true},
		{"literal and quoted lines", "a: |\n  x\n  y\n", `a: "x\ny\n"`, true},
		{"an alias and what it stands for", "a: &x {b: 1}\nc: *x", "a: {b: 1}\nc: {b: 1}", true},
		{"a merge and what it merges", "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", "a: {b: 1, c: 2}\nd: {b: 1, c: 3}", true},
		{"comments", "# hello\na: 1 # one\n", "a: 1", true},
		{"empty documents", "---\na: 1\n---\n---\n# nothing\n", "a: 1", true},
		{"a tag is part of the meaning", "a: !secret x", "a: x", false},
		{"keys are text", "1: a", `"1": a`, true},
		{"the order of a list counts", "[1, 2]", "[2, 1]", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Same(Where{Area: AreaOutput}, "a.yaml", []byte(tt.a), []byte(tt.b), Rules{}); got != tt.same {
				t.Errorf("Same(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.same)
			}
		})
	}
}

func TestWhatIsNoDocumentIsComparedByBytes(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, content, other string }{
		{"a key that stands twice", "a.yaml", "a: 1\na: 2\n", "a: 1\na: 2 \n"},
		{"a tab for indentation", "a.yaml", "a:\n\tb: 1\n", "a:\n\tb:  1\n"},
		{"a template", "a.yaml", "a: {{ .Values.a }}\n{{ end }}", "a: {{.Values.a}}\n{{ end }}"},
		{"an anchor that holds itself", "a.yaml", "a: &x [*x]", "a: &x [ *x ]"},
		{"JSON with a key that stands twice", "a.json", `{"a":1,"a":2}`, `{"a":1, "a":2}`},
		{"JSON that ends early", "a.json", `{"a":`, `{"a": `},
		{"another kind of file", "a.txt", "a: 1", "a:  1"},
		{"aliases that grow without end", "a.yaml", bomb, bomb + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			where := Where{Area: AreaOutput}
			if !Same(where, tt.file, []byte(tt.content), []byte(tt.content), Rules{}) {
				t.Error("a file differs from itself")
			}
			if Same(where, tt.file, []byte(tt.content), []byte(tt.other), Rules{}) {
				t.Error("other bytes are taken for the same")
			}
		})
	}
}

const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]
f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]
`

func TestJSONIsReadAsJSON(t *testing.T) {
	t.Parallel()
	docs, err := parse("a.json", []byte("{\n\t\"b\": [1.0, \"yes\", null, true],\n\t\"a\": {}\n}\n[]"))
	if err != nil {
		t.Fatal(err)
	}
	got := []any{docs[0].plain(), docs[1].plain()}
	want := []any{
		map[string]any{"b": []any{jsonNumber("1"), "yes", nil, true}, "a": map[string]any{}},
		[]any{},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("documents (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"b", "a"}, docs[0].keys); d != "" {
		t.Errorf("order of keys (-want +got):\n%s", d)
	}
}
