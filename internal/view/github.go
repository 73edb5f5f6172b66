// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/suite"
)

// An Anchor tells in which file of the repository an annotation stands: given
// a file, its path there, and given the directory of a case, the file that
// makes it one.
type Anchor func(path string) string

// GitHub writes the workflow commands that make GitHub Actions put annotations
// on a commit: an error for each case that failed, or for each thing that is
// wrong with its files, and a warning for each warning.
func GitHub(w io.Writer, r *suite.Report, anchor Anchor) error {
	var b strings.Builder
	for _, c := range r.Cases {
		at := diag.Position{File: anchor(c.Fixture), Line: 1}
		switch problems := placed(diag.Findings(c.Err)); {
		case c.Result != compare.Failed:
		case len(problems) > 0:
			for _, f := range problems {
				where := diag.Position{File: anchor(f.File), Line: f.Line, Column: f.Column}
				fmt.Fprintln(&b, command("error", where, c.Name, problem(f)))
			}
		default:
			shown := plain(r, c)
			fmt.Fprintln(&b, command("error", at, c.Name, shown.outcome+"\n\n"+shown.details))
		}
		for _, f := range warnings(c) {
			fmt.Fprintln(&b, command("warning", at, c.Name, coded(f)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// placed gives the findings if all say in which file they stand.
func placed(findings []diag.Finding) []diag.Finding {
	for _, f := range findings {
		if f.File == "" {
			return nil
		}
	}
	return findings
}

// problem is a finding without its position, which the annotation has.
func problem(f diag.Finding) string {
	hint := f.Hint
	f.Position = diag.Position{}
	if hint == "" {
		return coded(f)
	}
	return coded(f) + "\nhint: " + hint
}

// command gives a workflow command. One is a line, whatever its parts hold.
func command(name string, at diag.Position, title, message string) string {
	column := ""
	if at.Column > 0 {
		column = fmt.Sprintf(",col=%d", at.Column)
	}
	return fmt.Sprintf("::%s file=%s,line=%d%s,title=%s::%s", name, property(at.File), cmp.Or(at.Line, 1), column,
		property(title), escapeData.Replace(strings.TrimRight(legible(message), "\n")))
}

func property(text string) string { return escapeProperty.Replace(legible(text)) }

// What workflow commands do not take as it is, in their message and in their
// properties.
var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
