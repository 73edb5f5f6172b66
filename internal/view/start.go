// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/term"
)

// A Start is what somebody has to begin with, in a directory of a machine, and
// the commands that come next.
type Start struct {
	Program string // as it is called here
	Facts   []Fact // what there is
	Missing string // in place of facts
	Found   []diag.Finding
	Next    []NextCommand
}

// A Fact is a thing that there is, with what is known of it, a line each.
type Fact struct {
	Name  string
	Lines []string
}

// A NextCommand is one to be pasted, and what it is good for.
type NextCommand struct{ Command, For string }

// ShowStart shows where somebody is and what comes next.
func ShowStart(w term.Stream, s Start) {
	st := stylesFor(w)
	if s.Missing != "" {
		fmt.Fprintln(w, text(s.Missing))
	}
	facts := table{}
	for _, f := range s.Facts {
		for i, line := range f.Lines {
			label := ""
			if i == 0 {
				label = st.strong.Render(f.Name)
			}
			facts.row(label, text(line))
		}
	}
	facts.print(w)
	if len(s.Found) > 0 {
		fmt.Fprintln(w)
		Findings(w, s.Found)
	}
	fmt.Fprintf(w, "\n%s\n", st.strong.Render("Next"))
	for _, line := range nextLines(s.Next) {
		fmt.Fprintln(w, "  "+line)
	}
	fmt.Fprintf(w, "\n%s --help lists all commands.\n", s.Program)
}

// longCommand is the length from which on a command has a line of its own.
const longCommand = 46

// nextLines puts what a command is good for behind it, in a column, or below it
// if it is long.
func nextLines(next []NextCommand) []string {
	column := 0
	for _, n := range next {
		if len(n.Command) < longCommand {
			column = max(column, len(n.Command))
		}
	}
	var lines []string
	for _, n := range next {
		if pad := column - len(n.Command); pad >= 0 {
			lines = append(lines, n.Command+strings.Repeat(" ", pad+2)+n.For)
		} else {
			lines = append(lines, n.Command, "    "+n.For)
		}
	}
	return lines
}
