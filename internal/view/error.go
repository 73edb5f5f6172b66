// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/term"
)

// Error shows what stopped a command and, on lines of their own, what to do
// next. Findings that are one error are listed, each with its own advice.
func Error(w term.Stream, err error) {
	v := newViewer(w)
	findings := diag.Findings(err)
	if len(findings) < 2 {
		fmt.Fprintf(w, "%s %s\n", v.bad.Render("error:"), indentRest(text(err.Error()), "  "))
		hints(v, err, "")
		return
	}
	if what := diag.What(err); what != "" {
		fmt.Fprintf(w, "%s %s:\n", v.bad.Render("error:"), text(what))
	} else {
		fmt.Fprintln(w, v.bad.Render("error:"))
	}
	for _, f := range findings {
		fmt.Fprintf(w, "  %s\n", indentRest(text(f.String()), "    "))
		if f.Hint != "" {
			fmt.Fprintf(w, "    %s %s\n", v.strong.Render("hint:"), indentRest(advice(w, f.Hint), "          "))
		}
	}
}

// hints shows the advice that travels with err.
func hints(v viewer, err error, indent string) {
	for _, hint := range diag.Hints(err) {
		fmt.Fprintf(v, "%s%s %s\n", indent, v.strong.Render("hint:"), indentRest(advice(v.Stream, hint), indent+"      "))
	}
}

// Untold leaves out the findings that a result tells anyway when it is shown
// as text: that labels add up, that one Destination is drawn, that strict ones
// pass, that a Pipeline suspends, that there is no output.
func Untold(format Format, findings []diag.Finding) []diag.Finding {
	told := []string{"M7", "M8", "M10", "M23", "O7"}
	return slices.DeleteFunc(slices.Clone(findings), func(f diag.Finding) bool {
		return format == Text && slices.Contains(told, f.Code)
	})
}

// mostAlike is how many findings are listed that say the same of different
// files.
const mostAlike = 10

// Findings lists what was noticed about an input, one line each, with the
// advice below. Of many that say the same the first are listed, and the others
// counted.
func Findings(w term.Stream, findings []diag.Finding) {
	st := stylesFor(w)
	alike := map[diag.Finding]int{}
	for _, f := range findings {
		alike[kindOf(f)]++
	}
	listed := map[diag.Finding]int{}
	for _, f := range findings {
		kind := kindOf(f)
		listed[kind]++
		more := alike[kind] - mostAlike
		if more > 1 && listed[kind] > mostAlike {
			if listed[kind] == mostAlike+1 {
				fmt.Fprintf(w, "%s: %d more like the last%s\n", f.Severity, more, rule(f))
			}
			continue
		}
		label := string(f.Severity) + ":"
		switch f.Severity {
		case diag.SeverityError:
			label = st.bad.Render(label)
		case diag.SeverityWarning:
			label = st.warn.Render(label)
		case diag.SeverityNote:
			label = st.faint.Render(label)
		}
		fmt.Fprintf(w, "%s %s\n", label, indentRest(text(coded(f)), "  "))
		if f.Hint != "" {
			fmt.Fprintf(w, "%s %s\n", st.strong.Render("hint:"), indentRest(advice(w, f.Hint), "      "))
		}
	}
}

// kindOf is a finding without its place.
func kindOf(f diag.Finding) diag.Finding {
	f.Position = diag.Position{}
	return f
}

// rule is the code of a finding's rule, in brackets.
func rule(f diag.Finding) string {
	if f.Code == "" {
		return ""
	}
	return " (" + f.Code + ")"
}

// coded gives a finding on one line, with the code of its rule.
func coded(f diag.Finding) string {
	f.File, f.Field = name(f.File), escaped(f.Field)
	return f.String() + rule(f)
}

// ownCommand matches where a command of this program begins.
var ownCommand = regexp.MustCompile(`(?m)(^|: |, |&& |\| |or )kratix `)

// advice gives a hint with its commands as they have to be typed here.
func advice(w term.Stream, hint string) string {
	return text(ownCommand.ReplaceAllString(hint, "${1}"+cmp.Or(w.Program, "kratix")+" "))
}

// indentRest indents every line but the first.
func indentRest(text, indent string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+indent)
}
