// SPDX-License-Identifier: Apache-2.0

package view

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/term"
)

// busyFor is twenty-one seconds of work that says something in between.
func busyFor(tty bool) string {
	var out bytes.Buffer
	b := NewBusy(term.Stream{Writer: &out, TTY: tty, Width: 40})
	b.show(at(0)) // nothing to tell yet
	b.begin("fetching the chart", at(0))
	b.show(at(0.1))
	fmt.Fprintln(b, "go: downloading a module")
	b.show(at(10))
	b.show(at(10.1))
	fmt.Fprint(b, "half a ")
	b.show(at(20)) // would tear the line
	fmt.Fprintln(b, "line")
	b.show(at(21))
	b.Stop()
	b.Stop()
	b.show(at(40))
	return out.String()
}

func TestBusyOnAPipeIsLines(t *testing.T) {
	t.Parallel()
	want := `go: downloading a module
still fetching the chart (10s)
half a line
still fetching the chart (21s)
`
	if diff := cmp.Diff(want, busyFor(false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBusyOnATerminalGoesAway(t *testing.T) {
	t.Parallel()
	const gone = "\r\x1b[K"
	want := "fetching the chart 0.1s" + gone + "go: downloading a module\n" +
		"fetching the chart 10.0s" + gone + "fetching the chart 10.1s" + gone +
		"half a line\nfetching the chart 21.0s" + gone
	if diff := cmp.Diff(want, busyFor(true)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBusyStartsAndStops(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	stop := StartBusy(term.Stream{Writer: &out, Width: 40}, "pushing")
	stop()
	if out.Len() > 0 {
		t.Errorf("what takes no time is told: %q", out.String())
	}
}
