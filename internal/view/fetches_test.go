// SPDX-License-Identifier: Apache-2.0

package view

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/term"
)

// newTestFetches has no clock of its own: the test says what time it is.
func newTestFetches(tty bool) (*Fetches, *bytes.Buffer) {
	var out bytes.Buffer
	f := NewFetches(term.Stream{Writer: &out, TTY: tty, Width: 40})
	f.once.Do(func() {})
	return f, &out
}

func at(seconds float64) time.Time {
	return time.Unix(0, 0).Add(time.Duration(seconds * float64(time.Second)))
}

// fetchTwo is what happens in the tests: two images, one of which fails.
func fetchTwo(f *Fetches) {
	f.progress("acme/a:v1", 0, 3<<20, at(0))
	f.progress("acme/b:v1", 0, 5<<20, at(0.5))
	f.show(at(0.6))
	f.progress("acme/a:v1", 1<<20, 3<<20, at(1))
	f.show(at(11))
	f.end("acme/a:v1", nil, at(12))
	f.end("acme/c:v1", nil, at(12)) // which needed no fetching
	f.show(at(12.1))
	f.end("acme/b:v1", errors.New("gone"), at(13))
	f.Stop()
}

func TestFetchesOnAPipeAreLines(t *testing.T) {
	t.Parallel()
	f, out := newTestFetches(false)
	fetchTwo(f)
	want := `fetching acme/a:v1
fetching acme/b:v1
still fetching acme/a:v1, 1.0 MiB of 3.0 MiB
still fetching acme/b:v1, 0 B of 5.0 MiB
fetched acme/a:v1 3.0 MiB in 12.0s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFetchesOnATerminalCollapse(t *testing.T) {
	t.Parallel()
	f, out := newTestFetches(true)
	fetchTwo(f)
	if diff := cmp.Diff("fetched acme/a:v1 3.0 MiB in 12.0s\n", screen(out.String())); diff != "" {
		t.Errorf("what stays (-want +got):\n%s", diff)
	}
	f, out = newTestFetches(true)
	f.progress("acme/a:v1", 0, 3<<20, at(0))
	f.progress("registry.example.org/acme/with/a/long/name:v1", 0, 5<<20, at(0.5))
	f.show(at(0.6))
	f.progress("acme/a:v1", 1<<20, 3<<20, at(1))
	f.show(at(1.1))
	want := "fetching acme/a:v1 1.0 MiB of 3.0 MiB\nfetching ...long/name:v1 0 B of 5.0 MiB\n"
	if diff := cmp.Diff(want, screen(out.String())); diff != "" {
		t.Errorf("in between (-want +got):\n%s", diff)
	}
}

// screen is what a terminal shows after some output: it knows lines, "up" and
// "erase".
func screen(output string) string {
	lines := []string{""}
	for len(output) > 0 {
		switch {
		case strings.HasPrefix(output, "\x1b[1A\x1b[2K"):
			output = strings.TrimPrefix(output, "\x1b[1A\x1b[2K")
			lines = append(lines[:len(lines)-2], "")
		case output[0] == '\n':
			lines = append(lines, "")
			output = output[1:]
		default:
			lines[len(lines)-1] += output[:1]
			output = output[1:]
		}
	}
	return strings.Join(lines, "\n")
}
