// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	values := map[string]string{"A": "a", "B": "$(A)", "EMPTY": "", "with space": "s"}
	lookup := func(name string) (string, bool) { v, known := values[name]; return v, known }
	for _, tc := range []struct{ rule, in, want string }{
		{"a reference is replaced", "$(A)", "a"},
		{"also within a word", "x$(A)y$(A)", "xaya"},
		{"what comes in is not expanded again", "$(B)", "$(A)"},
		{"an empty value replaces", "[$(EMPTY)]", "[]"},
		{"a name may be anything", "$(with space)", "s"},
		{"an unknown reference stays", "$(NO)", "$(NO)"},
		{"an empty reference stays", "$()", "$()"},
		{"two dollars are one that starts nothing", "$$(A)", "$(A)"},
		{"three are one and a reference", "$$$(A)", "$a"},
		{"a dollar alone stays", "$A $", "$A $"},
		{"braces are not references", "${A}", "${A}"},
		{"an open reference stays", "$(A", "$(A"},
		{"and what follows it is read again", "$($(A)", "$($(A)"},
		{"a name ends at the first parenthesis", "$(A))", "a)"},
	} {
		if got := expand(tc.in, lookup); got != tc.want {
			t.Errorf("%s: expand(%q) = %q, want %q", tc.rule, tc.in, got, tc.want)
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{"$(A)", "$$(A)", "$(", "a$b", "$($(A)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		nothing := func(string) (string, bool) { return "", false }
		escaped := strings.ReplaceAll(text, "$", "$$")
		if got := expand(escaped, nothing); got != text {
			t.Errorf("expand(%q) = %q, want %q", escaped, got, text)
		}
		if got := expand(text, nothing); !strings.Contains(text, "$$") && got != text {
			t.Errorf("expand(%q) without variables = %q", text, got)
		}
	})
}
