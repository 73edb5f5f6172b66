package workflow

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

const redacted = "***"

// A redactor replaces secrets in a stream of bytes.
type redactor struct {
	secrets [][]byte // the longest first
	first   [256]bool
}

// newRedactor hides the values and, of one with several lines, each line that
// is long enough to mean something.
func newRedactor(values []string) *redactor {
	r := &redactor{}
	for _, v := range values {
		r.add(v)
		lines := strings.Split(v, "\n")
		if len(lines) == 1 {
			continue
		}
		for _, line := range lines {
			if line = strings.TrimSpace(line); len(line) >= 4 {
				r.add(line)
			}
		}
	}
	slices.SortFunc(r.secrets, func(a, b []byte) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), bytes.Compare(a, b))
	})
	r.secrets = slices.CompactFunc(r.secrets, bytes.Equal)
	return r
}

func (r *redactor) add(value string) {
	value = strings.TrimRight(value, "\r\n")
	if value == "" {
		return
	}
	r.secrets = append(r.secrets, []byte(value))
	r.first[value[0]] = true
}

// apply appends the input to out with the secrets replaced, and gives back
// what cannot be decided before more arrives. At the end all is decided.
func (r *redactor) apply(out, in []byte, end bool) (redactedOut, held []byte) {
	for len(in) > 0 {
		if !r.first[in[0]] {
			out, in = append(out, in[0]), in[1:]
			continue
		}
		n, wait := r.match(in, end)
		switch {
		case wait:
			return out, bytes.Clone(in)
		case n > 0:
			out, in = append(out, redacted...), in[n:]
		default:
			out, in = append(out, in[0]), in[1:]
		}
	}
	return out, nil
}

// match gives the length of the secret at the start of in, or says that a
// longer one may still come.
func (r *redactor) match(in []byte, end bool) (n int, wait bool) {
	for _, s := range r.secrets {
		switch {
		case bytes.HasPrefix(in, s):
			return len(s), false
		case !end && len(in) < len(s) && bytes.HasPrefix(s, in):
			return 0, true
		}
	}
	return 0, false
}
