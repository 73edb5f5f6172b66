// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func inPieces(s *Secrets, pieces ...[]byte) []byte {
	var shown, held []byte
	for _, p := range pieces {
		shown, held = s.Stream(shown, append(held, p...), false)
	}
	shown, _ = s.Stream(shown, held, true)
	return shown
}

func TestStream(t *testing.T) {
	t.Parallel()
	key := "-----BEGIN-----\nMIIB0000\nxy\n-----END-----\n"
	for _, tc := range []struct {
		rule    string
		secrets []string
		in      []string
		want    string
	}{
		{"a secret is replaced wherever it stands", []string{"pass"}, []string{"pass, xpassx"}, "***, x***x"},
		{"also across writes", []string{"secret"}, []string{"a s", "ecr", "et b"}, "a *** b"},
		{"the longer of two wins", []string{"abcd", "abcdefgh"}, []string{"abcd", "efgh abcd"}, "*** ***"},
		{"of two that overlap nothing is left", []string{"abcdef", "efghij"}, []string{"abcd", "efgh", "ij"}, "***"},
		{"a beginning that leads nowhere is kept", []string{"abcd"}, []string{"ab", "ce", "ab"}, "abceab"},
		{"an empty value hides nothing", []string{"", "\n"}, []string{"a\nb"}, "a\nb"},
		{"nor does a short one", []string{"abc"}, []string{"abc"}, "abc"},
		{"nor a truth value", []string{"true", "false"}, []string{"enabled: true"}, "enabled: true"},
		{"a line end after the value does not matter", []string{"pass\n"}, []string{"[pass]"}, "[***]"},
		{"nor do blanks around it", []string{" pass "}, []string{"[pass]"}, "[***]"},
		{"a text of several lines is hidden whole", []string{key}, []string{key}, "***\n"},
		{"and line by line, but for short ones", []string{key}, []string{"  MIIB0000\n  xy"}, "  ***\n  xy"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			var pieces [][]byte
			for _, p := range tc.in {
				pieces = append(pieces, []byte(p))
			}
			if got := inPieces(New(tc.secrets...), pieces...); string(got) != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	secret := "p'a\"s\\s&<w>ö/rd+ #1"
	encode := base64.StdEncoding.EncodeToString
	inJSON, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	s := New(secret)
	for what, tc := range map[string]struct{ in, want string }{
		"JSON":               {string(inJSON), `"***"`},
		"a YAML string":      {"'" + strings.ReplaceAll(secret, "'", "''") + "'", "'***'"},
		"a shell's quotes":   {"'" + strings.ReplaceAll(secret, "'", `'\''`) + "'", "'***'"},
		"a query":            {"?a=" + url.QueryEscape(secret) + "&b=c", "?a=***&b=c"},
		"a path":             {"/a/" + url.PathEscape(secret) + "/b", "/a/***/b"},
		"base64":             {"data: " + encode([]byte(secret)) + ";", "data: ***;"},
		"base64 of echo":     {encode([]byte(secret + "\n")), "***"},
		"base64 for URLs":    {base64.RawURLEncoding.EncodeToString([]byte(secret)), "***"},
		"nothing of a kind ": {"password", "password"},
	} {
		if got := s.Text(tc.in); got != tc.want {
			t.Errorf("%s: %q is shown as %q, want %q", what, tc.in, got, tc.want)
		}
	}
}

// TestInsideOfBase64: whatever stands around a secret, no base64 of it can be
// decoded to the secret again.
func TestInsideOfBase64(t *testing.T) {
	t.Parallel()
	secret := "hunter22"
	s := New(secret)
	for before := range 7 {
		for after := range 7 {
			text := strings.Repeat("u", before) + secret + strings.Repeat("v", after)
			shown := s.Text(base64.StdEncoding.EncodeToString([]byte(text)))
			if !strings.Contains(shown, Mask) {
				t.Errorf("%q in base64 is shown as %q", text, shown)
			}
		}
	}
}

func TestWrappedBase64(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("a long key, ", 20)
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	s := New(secret)
	for _, width := range []int{64, 76} {
		var lines []string
		for rest := encoded; rest != ""; {
			n := min(width, len(rest))
			lines, rest = append(lines, rest[:n]), rest[n:]
		}
		for line := range strings.Lines(s.Text(strings.Join(lines, "\n"))) {
			if strings.TrimSpace(line) != Mask {
				t.Errorf("at %d columns there is a line %q", width, line)
			}
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	s := New("hunter22", "12345678", "line one\nline two\n", "key of\x01four")
	for _, tc := range []struct{ rule, name, in, want string }{
		{"a file without a secret keeps its bytes", "a.yaml", "a:   1 # x\n", "a:   1 # x\n"},
		{"one that stays what it is changes nowhere else", "a.yaml", "a:   x-hunter22 # hunter22\n", "a:   x-*** # ***\n"},
		{"a value gets quotes", "a.yaml", "a: hunter22\n", "a: '***'\n"},
		{"so does a number", "a.yml", "a: 12345678\nb: [12345678]\n", "a: '***'\nb: ['***']\n"},
		{"and a key", "a.yaml", "hunter22: a\n", "'***': a\n"},
		{"JSON stays JSON", "a.json", `{"a": 12345678, "b": "hunter22"}`, "{\"a\": \"***\", \"b\": \"***\"}\n"},
		{"all documents are kept", "a.yaml", "a: hunter22 # x\nu: a:hunter22@b\n---\nb: 2\n", "a: '***' # x\nu: a:***@b\n---\nb: 2\n"},
		{"blocks stay blocks", "a.yaml", "a: |\n  line one\n  line two\n", "a: |\n  ***\n  ***\n"},
		{"what cannot be read is text", "a.yaml", "a: [hunter22\n", "a: [***\n"},
		{"as is any other file", "a.txt", "a: hunter22\n", "a: ***\n"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			got := string(s.File(tc.name, []byte(tc.in)))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.in, diff)
			}
			if again := string(s.File(tc.name, []byte(got))); again != got {
				t.Errorf("the second time it is %q", again)
			}
		})
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	type word string
	type inner struct{ Text string }
	type outer struct {
		Name   string
		Kind   word
		Inner  *inner
		None   *inner
		List   []inner
		Object map[string]any
		Data   []byte
		hidden string
	}
	got := outer{
		Name: "a hunter22", Kind: "hunter22", Inner: &inner{"hunter22"}, List: []inner{{"b"}, {"hunter22"}},
		Object: map[string]any{"hunter22": []any{"hunter22", 1, nil, map[string]any{"a": "hunter22"}}, "b": map[string]string{"c": "hunter22"}},
		Data:   []byte("hunter22"), hidden: "hunter22",
	}
	New("hunter22").In(&got)
	want := outer{
		Name: "a ***", Kind: "hunter22", Inner: &inner{"***"}, List: []inner{{"b"}, {"***"}},
		Object: map[string]any{"***": []any{"***", 1, nil, map[string]any{"a": "***"}}, "b": map[string]string{"c": "***"}},
		Data:   []byte("hunter22"), hidden: "hunter22",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outer{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingIsHidden(t *testing.T) {
	t.Parallel()
	var none *Secrets
	if got := none.Text("a") + string(none.Bytes([]byte("b"))) + string(none.File("c.yaml", []byte("c"))); got != "abc" {
		t.Errorf("got %q", got)
	}
	none.In(nil)
}

func FuzzStream(f *testing.F) {
	f.Add("one two one", "one two", "ne t", 4)
	f.Add("aabaabaaab", "aabaa", "aaab", 1)
	f.Fuzz(func(t *testing.T, text, secret, other string, at int) {
		if strings.ContainsAny(secret+other, "*") {
			t.Skip("the replacement could make a secret")
		}
		s := New(secret, other)
		whole := inPieces(s, []byte(text))
		at = max(0, min(at, len(text)))
		if split := inPieces(s, []byte(text[:at]), []byte(text[at:])); !bytes.Equal(whole, split) {
			t.Errorf("%q in one write, %q when split at %d", whole, split, at)
		}
		for _, secret := range []string{strings.TrimSpace(secret), strings.TrimSpace(other)} {
			if Hides(secret) && bytes.Contains(whole, []byte(secret)) {
				t.Errorf("%q still contains %q", whole, secret)
			}
		}
	})
}

func BenchmarkStream(b *testing.B) {
	s := New("hunter22", strings.Repeat("MIIEpAIBAAKCAQEA75F0\n", 30))
	line := []byte(strings.Repeat("2026-01-02T03:04:05Z reading /kratix/input/object.yaml and writing\n", 1000))
	out := make([]byte, 0, len(line))
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		s.Stream(out[:0], line, true)
	}
}
