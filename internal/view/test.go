// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A Tests shows the cases of a test run as they are done, and the sum at the
// end.
type Tests struct {
	TestsOptions

	v     viewer
	verb  string // the command that runs the cases
	words int    // width of the first column
	width int    // of the longest name
	bare  bool   // nothing was printed since the last blank line
}

// TestsOptions say how a test run is shown.
type TestsOptions struct {
	Jobs   int  // cases at a time
	Update bool // what comes out becomes the golden
	Quiet  bool // only what failed, and the sum
	// Reviewed says that differences are shown one by one afterwards.
	Reviewed bool
	// Told says that what steps print was shown while they ran.
	Told bool
	// Dir is the directory of the Promise if commands must name it.
	Dir string
	// Review is the command that shows what an update did; empty for none.
	Review string
}

// NewTests prints the head of a test run.
func NewTests(w term.Stream, promise string, environment suite.Environment, cases []*fixture.Case, o TestsOptions) *Tests {
	t := &Tests{TestsOptions: o, v: newViewer(w), verb: "workflow", words: len("FAIL"), bare: true}
	engine := fmt.Sprintf("%s (%s)", environment.Engine, environment.Platform)
	if environment.Engine == suite.NoEngine {
		t.verb, engine = "schedule", environment.Engine
	}
	if o.Update {
		t.words = len("update")
	}
	for _, c := range cases {
		t.width = max(t.width, len(c.Name))
	}
	if o.Quiet {
		return t
	}
	fmt.Fprintf(w, "%s  tests: %s  engine: %s  -j %d\n\n", t.v.strong.Render(promise), count(len(cases), "case"), engine, o.Jobs)
	return t
}

// Done shows the result of one case: a line, and below it all that is wrong.
func (t *Tests) Done(c suite.Case) {
	took := time.Duration(c.DurationMS) * time.Millisecond
	details := t.wrong(c)
	if t.Quiet && c.Result != compare.Failed {
		return
	}
	if details && !t.bare {
		fmt.Fprintln(t.v)
	}
	word, style := t.word(c)
	fmt.Fprintf(t.v, "%s  %-*s  %s  %s\n", style.Render(fmt.Sprintf("%-*s", t.words, word)), t.width, c.Name, seconds(took), t.outcome(c))
	t.bare = details
	t.warnings(c)
	switch {
	case c.Updated:
		t.changes(c)
		t.bare = false
	case details:
		fmt.Fprintln(t.v)
		t.details(c)
		fmt.Fprintln(t.v)
	case c.Partial != "":
		fmt.Fprintf(t.v, "%sleft: %s\n", strings.Repeat(" ", t.words+2), t.v.path.Render(c.Dir))
	}
}

// warnings lists what Kratix does silently to what the case left. Notes, which
// are no more than risks, are told by the JSON.
func (t *Tests) warnings(c suite.Case) {
	for _, f := range c.Warnings {
		if f.Severity == diag.SeverityNote {
			continue
		}
		fmt.Fprintf(t.v, "%s%s %s\n", strings.Repeat(" ", t.words+2), t.v.warn.Render("warning:"), text(coded(f)))
	}
}

// wrong reports whether there is more to say of a case than one line.
func (t *Tests) wrong(c suite.Case) bool {
	return c.Result == compare.Failed && (!t.Reviewed || c.Review == nil)
}

// word is the result of a case in a word, and how it looks.
func (t *Tests) word(c suite.Case) (string, lipgloss.Style) {
	switch {
	case c.Result == compare.Failed:
		return "FAIL", t.v.bad
	case c.Result == compare.Skipped:
		return "skip", t.v.faint
	case len(c.Changes) > 0:
		return "update", t.v.warn
	default:
		return "ok", t.v.ok
	}
}

// outcome sums a case up on one line.
func (t *Tests) outcome(c suite.Case) string {
	ran := 0
	for _, s := range c.Steps {
		if s.ExitCode != nil {
			ran++
		}
	}
	switch {
	case c.Result == compare.Skipped:
		return cmp.Or(escaped(c.Message), "not run")
	case c.Result == compare.Failed && c.Reason == compare.ReasonStepFailed:
		return stepOutcome(c.Pipelines)
	case c.Result == compare.Failed && c.Reason == compare.ReasonGoldenMismatch:
		return steps(ran) + escaped(c.Message)
	case c.Result == compare.Failed, c.Message != "":
		return escaped(c.Message)
	case c.Updated && len(c.Changes) == 0:
		return "unchanged"
	default:
		return fmt.Sprintf("%s%s  %s", steps(ran), count(c.Documents, "document"), count(used(c.Placements), "placement"))
	}
}

// used counts the places that groups get: one for every Destination that a
// group goes to.
func used(placements []placement.Placement) int {
	n := 0
	for i := range placements {
		for _, c := range placements[i].Candidates {
			if c.Chosen {
				n++
			}
		}
	}
	return n
}

// steps counts the steps that ran, if any did.
func steps(ran int) string {
	if ran == 0 {
		return ""
	}
	return count(ran, "step") + "  "
}

// stepOutcome names the step that failed: `step 2/3 "render" exited 1`.
func stepOutcome(pipelines []simulate.Pipeline) string {
	for i := range pipelines {
		p := &pipelines[i]
		if step, failed := p.Failed(); failed {
			if step.State == workflow.StepTimedOut {
				return fmt.Sprintf("%s timed out", step)
			}
			return fmt.Sprintf("%s %s", step, step.Ending())
		}
		if p.Failure != nil {
			return p.Failure.Container + " of Kratix fails"
		}
	}
	return ""
}

// details shows all that is wrong with a case and what to do about it.
func (t *Tests) details(c suite.Case) {
	if c.Err != nil {
		fmt.Fprintf(t.v, "  %s\n", indentRest(text(c.Err.Error()), "    "))
		hints(t.v, c.Err, "  ")
		return
	}
	t.v.told = t.Told
	for i := range c.Pipelines {
		if p := &c.Pipelines[i]; p.Failure != nil && c.Reason != compare.ReasonGoldenMismatch {
			t.v.steps(p.Steps, "  ")
			t.v.failure(p, "  ")
			fmt.Fprintln(t.v)
		}
	}
	if c.NotCompared > 0 {
		fmt.Fprintf(t.v, "  %s not compared\n\n", count(c.NotCompared, "golden file"))
	}
	for _, f := range c.Files {
		t.file(f)
	}
	for _, p := range c.PlacementDiffs {
		t.placement(p)
	}
	t.actions(c)
}

// file shows one file that differs.
func (t *Tests) file(f compare.FileDiff) {
	object := ""
	if f.Object != nil {
		object = "  " + escaped(f.Object.String())
	}
	by := ""
	if f.ByStep != "" {
		by = fmt.Sprintf(" by step %q", f.ByStep)
	}
	file := t.v.path.Render(name(f.Name()))
	switch f.Change {
	case compare.Added:
		fmt.Fprintf(t.v, "  %s%s  not expected (%s), written%s\n", file, object, size(f.ActualSize), by)
	case compare.Removed:
		if by != "" {
			by = ", removed" + by
		}
		fmt.Fprintf(t.v, "  %s%s  missing (%s expected)%s\n", file, object, size(f.ExpectedSize), by)
	default:
		fmt.Fprintf(t.v, "  %s%s  changed%s\n", file, object, by)
	}
	if f.Note != "" {
		fmt.Fprintf(t.v, "  %s\n", f.Note)
	}
	if len(f.Hunks) > 0 {
		fmt.Fprintln(t.v, "  --- expected\n  +++ actual")
	}
	t.hunks(f.Hunks)
	fmt.Fprintln(t.v)
}

func (t *Tests) hunks(hunks []compare.Hunk) {
	for _, h := range hunks {
		object := ""
		if h.Object != nil {
			object = " " + escaped(h.Object.String())
		}
		if h.At != "" || object != "" {
			fmt.Fprintln(t.v, "  "+t.v.faint.Render("@@"+spaced(escaped(h.At))+object+" @@"))
		}
		for _, line := range h.Lines {
			t.line(line)
		}
	}
}

func spaced(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}

// line shows a line of a diff.
func (t *Tests) line(line string) {
	shown := printable(line)
	switch {
	case strings.HasPrefix(shown, "+"):
		shown = t.v.added.Render(shown)
	case strings.HasPrefix(shown, "-"):
		shown = t.v.removed.Render(shown)
	}
	fmt.Fprintln(t.v, strings.TrimRight("  "+shown, " "))
}

// placement shows a workload group whose placement differs.
func (t *Tests) placement(p compare.PlacementDiff) {
	file := "placements.yaml"
	if p.Pipeline != "" {
		file = p.Pipeline + "/" + file
	}
	fmt.Fprintf(t.v, "  %s  %s\n", t.v.path.Render(file), escaped(p.Summary()))
	for _, h := range p.Hunks {
		for _, line := range h.Lines {
			t.line(line)
		}
	}
	lost := table{indent: "     "}
	for _, l := range p.Lost {
		lost.row(name(l.Destination), "rejected", escaped(l.Why()))
	}
	lost.print(t.v)
	fmt.Fprintln(t.v)
}

// actions tells what to do about a case, ready to be pasted.
func (t *Tests) actions(c suite.Case) {
	rows := table{indent: "  "}
	switch {
	case c.Reason != compare.ReasonGoldenMismatch && c.Reason != compare.ReasonNoGolden:
		t.failureActions(&rows, c)
	case t.verb == "schedule" && c.Reason == compare.ReasonNoGolden:
		rows.row("accept:", t.command("workflow", c, "--update")) // what is recorded comes from containers
	case t.verb == "schedule":
		rows.row("why:", "kratix explain placement -f "+ShellQuote(c.Fixture))
		rows.row("accept:", t.command(t.verb, c, "--update"))
	default:
		rows.row("actual output:", t.v.path.Render(c.Dir))
		rows.row("accept:", t.command(t.verb, c, "--update"))
		rows.row("review each:", t.command(t.verb, c, "--review"))
		if step := suspect(c); step != "" {
			rows.row("look inside:", t.command(t.verb, c, "--debug --until "+ShellQuote(step)))
		}
	}
	rows.print(t.v)
}

// failureActions tells what to do about a step that failed.
func (t *Tests) failureActions(rows *table, c suite.Case) {
	step, failed := failedStep(c)
	if t.verb == "schedule" || !failed {
		verbose := " -v"
		if t.verb == "schedule" {
			verbose = ""
		}
		rows.row("only this:", t.command(t.verb, c, "")+verbose)
		return
	}
	rows.row("full log:", t.v.path.Render(step.Log))
	rows.row("only this:", t.command(t.verb, c, "--until "+ShellQuote(step.Container)+" -v"))
	rows.row("shell:", t.command(t.verb, c, "--debug"))
}

// suspect is the step to look into when files differ: the one that wrote the
// first of them, if any did. Without a golden there is nothing to suspect.
func suspect(c suite.Case) string {
	if c.Reason != compare.ReasonGoldenMismatch {
		return ""
	}
	for _, f := range c.Files {
		if f.ByStep != "" {
			return f.ByStep
		}
	}
	return ""
}

// command runs one case.
func (t *Tests) command(verb string, c suite.Case, flags string) string {
	words := []string{"kratix test", verb, ShellQuote(c.Name)}
	if t.Dir != "" {
		words = append(words, "--dir", ShellQuote(t.Dir))
	}
	return strings.TrimRight(strings.Join(append(words, flags), " "), " ")
}

// failedStep is the step that failed, if one did.
func failedStep(c suite.Case) (compare.Step, bool) {
	for _, s := range c.Steps {
		if s.ExitCode != nil && *s.ExitCode != 0 {
			return s, true
		}
	}
	return compare.Step{}, false
}

// changes lists what an update did to the golden files.
func (t *Tests) changes(c suite.Case) {
	rows := table{indent: strings.Repeat(" ", t.words+4)}
	for _, change := range c.Changes {
		mark := change.Mark()
		switch mark {
		case "+":
			mark = t.v.added.Render(mark)
		case "-":
			mark = t.v.removed.Render(mark)
		}
		rows.row(mark+" "+name(change.Path), escaped(change.Detail))
	}
	rows.print(t.v)
}

// Sum prints the end of the report.
func (t *Tests) Sum(r *suite.Report) {
	parts := []string{}
	if r.Summary.Failed > 0 {
		parts = append(parts, t.v.bad.Render(fmt.Sprintf("%d failed", r.Summary.Failed)))
	}
	parts = append(parts, fmt.Sprintf("%d passed", r.Summary.Passed))
	if r.Summary.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped", r.Summary.Skipped))
	}
	if !t.bare {
		fmt.Fprintln(t.v)
	}
	took := ""
	if r.Environment.Engine != suite.NoEngine {
		took = "   " + times(r)
	}
	fmt.Fprintf(t.v, "%s in %s%s\n", strings.Join(parts, ", "), seconds(time.Duration(r.Summary.DurationMS)*time.Millisecond), took)
	t.updated(r)
}

// times tells where the time of a run went.
func times(r *suite.Report) string {
	var containers, compared int64
	for _, c := range r.Cases {
		containers += c.Timing.RunMS
		compared += c.Timing.CompareMS
	}
	return fmt.Sprintf("(containers %s, compare %s)",
		seconds(time.Duration(containers)*time.Millisecond), seconds(time.Duration(compared)*time.Millisecond))
}

func (t *Tests) updated(r *suite.Report) {
	cases, changed, added, removed := 0, 0, 0, 0
	for _, c := range r.Cases {
		if len(c.Changes) == 0 {
			continue
		}
		cases++
		cc, ca, cr := c.Changes.Count()
		changed, added, removed = changed+cc, added+ca, removed+cr
	}
	if cases > 0 {
		review := ""
		if t.Review != "" {
			review = "   " + t.Review
		}
		fmt.Fprintf(t.v, "%s updated: %d changed, %d added, %d removed.%s\n", count(cases, "case"), changed, added, removed, review)
	}
}

// Changed tells which cases are run since files have changed, of all.
func Changed(w term.Stream, files []string, cases []*fixture.Case, all int) {
	const most = 3
	names := make([]string, 0, len(cases))
	for _, c := range cases {
		names = append(names, c.Name)
	}
	ran := several(names, most)
	if len(cases) == all {
		ran = "all cases"
	}
	v := newViewer(w)
	fmt.Fprintf(w, "%s %s  ->  %s\n", v.strong.Render("changed:"), several(files, most), ran)
}

// several lists some names on one line, and how many more there are.
func several(names []string, most int) string {
	shown := make([]string, 0, most)
	for _, n := range names[:min(most, len(names))] {
		shown = append(shown, name(n))
	}
	if more := len(names) - most; more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(shown, ", ")
}

// Places lists where every document of every case would land.
func (t *Tests) Places(r *suite.Report) {
	for _, c := range r.Cases {
		if len(c.Placements) == 0 {
			continue
		}
		if !t.bare {
			fmt.Fprintln(t.v)
		}
		t.bare = false
		fmt.Fprintln(t.v, t.v.strong.Render(c.Name))
		for _, p := range c.Placements {
			t.v.places(p, "  ")
		}
	}
}
