package workflow

import (
	"bytes"
	"strings"
	"testing"
)

func redactInPieces(r *redactor, pieces ...[]byte) []byte {
	var out, held []byte
	for _, p := range pieces {
		out, held = r.apply(out, append(held, p...), false)
	}
	out, _ = r.apply(out, held, true)
	return out
}

func TestRedact(t *testing.T) {
	t.Parallel()
	key := "-----BEGIN-----\nMIIB0000\nxy\n-----END-----\n"
	for _, tc := range []struct {
		rule    string
		secrets []string
		in      []string
		want    string
	}{
		{"a secret is replaced wherever it stands", []string{"pw"}, []string{"pw, xpwx"}, "***, x***x"},
		{"also across writes", []string{"secret"}, []string{"a s", "ecr", "et b"}, "a *** b"},
		{"the longer of two wins", []string{"abc", "abcdef"}, []string{"abc", "def abc"}, "*** ***"},
		{"a beginning that leads nowhere is kept", []string{"abcd"}, []string{"ab", "ce", "ab"}, "abceab"},
		{"an empty value hides nothing", []string{"", "\n"}, []string{"a\nb"}, "a\nb"},
		{"a line end after the value does not matter", []string{"pw\n"}, []string{"[pw]"}, "[***]"},
		{"a text of several lines is hidden whole", []string{key}, []string{key}, "***\n"},
		{"and line by line, but for short ones", []string{key}, []string{"MIIB0000 xy"}, "*** xy"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			var pieces [][]byte
			for _, p := range tc.in {
				pieces = append(pieces, []byte(p))
			}
			if got := redactInPieces(newRedactor(tc.secrets), pieces...); string(got) != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("one two one", "one", "ne t", 4)
	f.Add("aabaabaaab", "aab", "aaab", 1)
	f.Fuzz(func(t *testing.T, text, secret, other string, at int) {
		if strings.ContainsAny(secret+other, "*\n\r") {
			t.Skip("the replacement could make a secret, or the secret is several")
		}
		r := newRedactor([]string{secret, other})
		whole := redactInPieces(r, []byte(text))
		at = max(0, min(at, len(text)))
		if split := redactInPieces(r, []byte(text[:at]), []byte(text[at:])); !bytes.Equal(whole, split) {
			t.Errorf("%q in one write, %q when split at %d", whole, split, at)
		}
		for _, s := range []string{secret, other} {
			if s != "" && bytes.Contains(whole, []byte(s)) {
				t.Errorf("%q still contains %q", whole, s)
			}
		}
	})
}
