// SPDX-License-Identifier: Apache-2.0

// Package redact keeps secrets out of all that people, files and other programs
// get to see: each is replaced by [Mask], wherever it stands.
//
// A secret rarely leaves a container as it went in. So beside the value itself
// its lines are hidden, and what becomes of it in base64 (alone or inside of
// something longer, on one line or wrapped), in JSON and YAML strings, in URLs
// and in a shell's quotes. What a program computes from a secret, such as a
// hash, is another text and stays.
//
// What surprises is what is no secret: a value of less than four characters and
// words such as "true" stand for themselves ([Hides]), since without them no
// output could be read any more.
//
//	secrets := redact.New("hunter22")
//	secrets.Text("password=hunter22")             // password=***
//	secrets.File("a.yaml", []byte("p: hunter22")) // p: '***'
//
// A nil *Secrets hides nothing.
package redact

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Mask is what stands in the place of a secret.
const Mask = "***"

// shortest is the length of the shortest text that is hidden, in bytes.
const shortest = 4

// Secrets are texts to hide. They are safe for concurrent use.
type Secrets struct {
	// Forms of all values by their first byte, the longest first.
	forms [256][][]byte
	any   bool
}

// New hides some values.
func New(values ...string) *Secrets {
	s := &Secrets{}
	for _, v := range values {
		if Hides(v) {
			s.add(v)
		}
	}
	for i := range s.forms {
		slices.SortFunc(s.forms[i], func(a, b []byte) int {
			return cmp.Or(cmp.Compare(len(b), len(a)), bytes.Compare(a, b))
		})
		s.forms[i] = slices.CompactFunc(s.forms[i], bytes.Equal)
	}
	return s
}

// OfData hides the values of some Secrets, each of which has keys.
func OfData(secrets map[string]map[string][]byte) *Secrets {
	var values []string
	for _, data := range secrets {
		for _, value := range data {
			values = append(values, string(value))
		}
	}
	return New(values...)
}

// Empty reports whether there is nothing to hide.
func (s *Secrets) Empty() bool { return s == nil || !s.any }

// Hides reports whether a value is one that [New] hides: it has four characters
// and is no truth value.
func Hides(value string) bool {
	value = strings.TrimSpace(value)
	_, err := strconv.ParseBool(value)
	return len(value) >= shortest && err != nil
}

func (s *Secrets) add(value string) {
	for form := range forms(value) {
		if len(form) >= shortest {
			s.forms[form[0]] = append(s.forms[form[0]], []byte(form))
			s.any = true
		}
	}
}

// Text replaces the secrets in a text.
func (s *Secrets) Text(text string) string {
	shown := s.Bytes([]byte(text))
	if string(shown) == text {
		return text
	}
	return string(shown)
}

// Bytes replaces the secrets in bytes of any kind.
func (s *Secrets) Bytes(content []byte) []byte {
	if s.Empty() {
		return content
	}
	shown, _ := s.Stream(nil, content, true)
	return shown
}

// Stream replaces the secrets in bytes that arrive in pieces: it appends to
// shown what of the input is decided, and gives back what may be the beginning
// of a secret, which goes before the next piece. At the end all is decided.
func (s *Secrets) Stream(shown, in []byte, end bool) (decided, held []byte) {
	if s.Empty() {
		return append(shown, in...), nil
	}
	for len(in) > 0 {
		n, wait := s.run(in, end)
		switch {
		case wait:
			return shown, bytes.Clone(in)
		case n > 0:
			shown, in = append(shown, Mask...), in[n:]
		default:
			shown, in = append(shown, in[0]), in[1:]
		}
	}
	return shown, nil
}

// run gives the length of the secrets at the start of in, of which one may begin
// within another, or says that it takes more input to tell.
func (s *Secrets) run(in []byte, end bool) (n int, wait bool) {
	for i := 0; i == 0 || i < n; i++ {
		length, wait := s.match(in[i:], end)
		if wait {
			return 0, true
		}
		if length > 0 {
			n = max(n, i+length)
		}
	}
	return n, false
}

// match gives the length of the longest secret at the start of in.
func (s *Secrets) match(in []byte, end bool) (n int, wait bool) {
	for _, form := range s.forms[in[0]] {
		switch {
		case bytes.HasPrefix(in, form):
			return len(form), false
		case !end && len(in) < len(form) && bytes.HasPrefix(form, in):
			return 0, true
		}
	}
	return 0, false
}
