// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"

	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A Shell is one that is opened in the place of a step.
type Shell struct {
	Path    string
	Image   string // that it is of, if not the step's own
	BuiltIn bool   // it is this program, since the image has none
}

// what tells in words which shell it is.
func (s Shell) what() string {
	switch {
	case s.BuiltIn:
		return `kratix' own, as the image has none; "commands" lists what it can do`
	case s.Image != "":
		return s.Path + " of " + s.Image
	default:
		return s.Path
	}
}

// DebugShell tells in place of which step a shell is opened, what the step
// printed unless that was told, and how to leave.
func DebugShell(w term.Stream, step workflow.Step, shell Shell, told bool) {
	v := newViewer(w)
	ending := v.ok.Render(step.Ending())
	if step.State != workflow.StepSucceeded {
		ending = v.bad.Render(step.Ending())
	}
	fmt.Fprintf(v, "\n%s %s\n", step, ending)
	if !told {
		v.log(step, "  ")
	}
	fmt.Fprintf(v, "%s %s\n", v.strong.Render("shell:"), shell.what())
	fmt.Fprintf(v, "%s exit, or Ctrl-D\n\n", v.strong.Render("leave:"))
}
