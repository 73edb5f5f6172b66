// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"strings"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/term"
)

// LogHead is the line above the log of a step.
func LogHead(w term.Stream, r *inspect.Run, s *inspect.Step) {
	st := stylesFor(w)
	state := strings.ToLower(string(s.State))
	switch s.State {
	case inspect.StepFailed:
		state = st.bad.Render(fmt.Sprintf("exit %d", s.ExitCode))
		if s.Reason != "" && s.Reason != "Error" {
			state += " " + st.bad.Render(name(s.Reason))
		}
	case inspect.StepSucceeded:
		state = st.ok.Render("ok")
	}
	if s.Restarts > 0 {
		state += ", restarted " + count(int(s.Restarts), "time")
	}
	fmt.Fprintf(w, "%s  %s  %s  %s\n", st.strong.Render(name(r.Action+"/"+r.Pipeline)), st.strong.Render(name(s.Name)), state, st.faint.Render(name(r.Pod)))
}

// LogLine is a line of a step's log.
func LogLine(w term.Stream, line string) {
	fmt.Fprintln(w, "  "+printable(line))
}
