// SPDX-License-Identifier: Apache-2.0

package view

import (
	"strings"
	"testing"
	"unicode"
)

func TestLogLinesDoNothingToTheTerminal(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"plain \ttext é":                            "plain \ttext é",
		"\x1b[31mred\x1b[0m":                        "red",
		"\x1b[2J\x1b[1;1Hok  all":                   "ok  all",
		"\x1b]0;title\x07after":                     "after",
		"\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\": "link",
		"\x1b]52;c;never ended":                     "",
		"\x1bPdcs\x1b\\x":                           "x",
		"\x1b(Bx\x1bcy\x1b7z":                       "xyz",
		"\u009b31mred":                              "red",
		"over\rwritten\x08":                         "overwritten",
		"\u202eback":                                "back",
		"ends in \x1b":                              "ends in ",
	} {
		if got := printable(given); got != want {
			t.Errorf("printable(%q) = %q, want %q", given, got, want)
		}
	}
}

func TestNamesAreQuotedWhereTheyAreNotPlain(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"output/a.yaml": "output/a.yaml",
		"a b é":         "a b é",
		"a\x1b[2J":      `"a\x1b[2J"`,
		"a\nok  all":    `"a\nok  all"`,
		"\xff":          `"\xff"`,
		"a\u202eb":      `"a\u202eb"`,
	} {
		if got := name(given); got != want {
			t.Errorf("name(%q) = %s, want %s", given, got, want)
		}
	}
}

func FuzzShownTextHasNoControls(f *testing.F) {
	f.Add("\x1b[31mred\x1b]0;t\x07")
	f.Add("a\xff\n\u009b")
	f.Fuzz(func(t *testing.T, s string) {
		for what, got := range map[string]string{"name": name(s), "text": text(s), "printable": printable(s), "escaped": escaped(s)} {
			if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && (r != '\n' || what != "text") }) {
				t.Errorf("%s(%q) = %q", what, s, got)
			}
		}
	})
}
