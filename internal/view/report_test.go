// SPDX-License-Identifier: Apache-2.0

package view

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/workflow"
)

var update = flag.Bool("update", false, "rewrite golden files")

// hostile is what neither XML nor a workflow command holds as it is.
const hostile = "50% <b> & ]]> a:b,c \r \x00 \x1b[31m \xff \ufffe ::error::"

// testReport has a case of every kind.
func testReport() *suite.Report {
	step := workflow.Step{Number: 1, Of: 2, Container: "render", Image: "acme/render:v1", State: workflow.StepFailed, Exit: 3, Duration: 20 * time.Millisecond}
	step.Log = workflow.Log{Total: 2, Lines: []workflow.Line{{Text: "cannot render", Stderr: true}, {Text: hostile}}}
	skipped := workflow.Step{Number: 2, Of: 2, Container: "after", Image: "acme/after:v1", State: workflow.StepNotStarted}
	exit := 3
	failed := simulate.Pipeline{PipelineResult: workflow.PipelineResult{Name: "instance", Steps: []workflow.Step{step, skipped}}}
	failed.Failure = &simulate.Failure{Container: "render", Code: 3, Err: errors.New("render exited 3")}

	newCase := func(name string, ms int64, verdict compare.Verdict, differences *compare.Differences, placements ...placement.Placement) suite.Case {
		c := suite.Case{Report: compare.NewReport(name, verdict, differences, placements), Fixture: "tests/" + name, Warnings: []diag.Finding{}}
		c.DurationMS = ms
		return c
	}
	passed := newCase("resource-configure/passed", 1250, compare.Verdict{Result: compare.Passed}, nil, placement.Placement{
		Decision: schedule.Decision{
			Group:      schedule.Group{Directory: "."},
			Candidates: []schedule.Candidate{{Destination: "eu", Verdict: schedule.Matched, Chosen: true, Reason: schedule.ReasonChosen}},
		},
		Documents: []placement.Document{{Path: "a.yaml", Size: 10, Destination: "eu", Store: &placement.Store{Kind: "GitStateStore", Name: "git", Path: "eu/a.yaml"}}},
	})
	passed.Documents = 1
	passed.Warnings = []diag.Finding{
		{Severity: diag.SeverityWarning, Code: "M5", Position: diag.Position{File: "metadata/destination-selectors.yaml"}, Message: hostile},
		{Severity: diag.SeverityNote, Message: "a risk, which is not told"},
	}
	differs := newCase("resource-configure/differs", 900, compare.Verdict{Result: compare.Failed, Reason: compare.ReasonGoldenMismatch, Message: "1 of 1 document differs"}, &compare.Differences{
		Documents: 1,
		Files: []compare.FileDiff{{
			Where: compare.Where{Area: compare.AreaOutput}, Path: "a.yaml", Change: compare.Modified, ByStep: "render", Fields: []compare.Field{},
			Hunks: []compare.Hunk{{At: "spec", Lines: []string{"-replicas: 1", "+replicas: 2"}}},
		}},
	})
	differs.Dir = ".kratix/runs/last/resource-configure/differs"
	stepFailed := newCase("resource-configure/step failed", 20, compare.Verdict{Result: compare.Failed, Reason: compare.ReasonStepFailed, Message: "render exited 3"}, nil)
	stepFailed.Pipelines = []simulate.Pipeline{failed}
	stepFailed.Steps = []compare.Step{{Pipeline: "instance", Container: "render", Image: "acme/render:v1", ExitCode: &exit, DurationMS: 20, Log: ".kratix/runs/last/render.log"}}
	broken := newCase("resource-delete/broken", 1, compare.Verdict{Result: compare.Failed, Reason: compare.ReasonError, Message: "cannot be run"}, nil)
	broken.Err = diag.Problems("reading tests", []diag.Finding{
		{Position: diag.Position{File: "tests/resource-delete/broken/case.yaml", Line: 4, Column: 7}, Field: "timeout", Message: "no duration", Hint: "write 30s"},
		{Position: diag.Position{File: "tests/resource-delete/broken/case.yaml"}, Field: "env", Message: hostile},
	})
	unplaced := newCase("resource-delete/nowhere", 1, compare.Verdict{Result: compare.Failed, Reason: compare.ReasonError, Message: "cannot be run"}, nil)
	unplaced.Err = diag.Hint(diag.Input(errors.New("no place is known")), "look elsewhere")
	return &suite.Report{
		APIVersion: apiVersion, Kind: "TestReport", Promise: "app",
		Summary:     suite.Summary{Passed: 1, Failed: 4, Skipped: 1, DurationMS: 1300, ExitCode: 2},
		Environment: suite.Environment{Engine: "native", Platform: "linux/amd64"},
		Cases: []suite.Case{
			passed, differs, stepFailed, broken, unplaced,
			newCase("resource-delete/skipped", 0, compare.Verdict{Result: compare.Skipped, Message: "no Work: a delete workflow makes none"}, nil),
		},
	}
}

func TestJUnitTellsWhatTheTerminalShows(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := JUnit(&b, testReport()); err != nil {
		t.Fatal(err)
	}
	golden(t, "junit.xml", b.String())
}

func TestJUnitCountsEachCaseOnce(t *testing.T) {
	t.Parallel()
	r := newJUnit(testReport())
	want := junitCounts{Tests: 6, Failures: 2, Errors: 2, Skipped: 1, Time: 1300}
	if diff := cmp.Diff(want, r.junitCounts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var sum junitCounts
	for _, s := range r.Suites {
		sum.Tests += s.Tests
		sum.Failures += s.Failures
		sum.Errors += s.Errors
		sum.Skipped += s.Skipped
		if s.Tests != len(s.Cases) {
			t.Errorf("%s: %d tests and %d cases", s.Name, s.Tests, len(s.Cases))
		}
	}
	want.Time = 0
	if diff := cmp.Diff(want, sum); diff != "" {
		t.Errorf("sum of the suites (-want +got):\n%s", diff)
	}
}

// Whatever comes out of a container, the XML can be read, and says it.
func FuzzJUnitIsWellFormed(f *testing.F) {
	f.Add(hostile)
	f.Add("]]> <![CDATA[ ]]]]>")
	f.Add("\xed\xa0\x80 \xf0\x9f\x98\x80 \u0085\u2028\uffff")
	f.Fuzz(func(t *testing.T, s string) {
		c := suite.Case{Report: compare.NewReport(s, compare.Verdict{Result: compare.Failed, Reason: compare.ReasonError, Message: s}, nil, nil), Err: errors.New(s)}
		var b strings.Builder
		if err := JUnit(&b, &suite.Report{Promise: s, Cases: []suite.Case{c}}); err != nil {
			t.Fatal(err)
		}
		var back struct {
			Name string `xml:"name,attr"`
		}
		if err := xml.Unmarshal([]byte(b.String()), &back); err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		if got, want := back.Name, legible(s); got != want {
			t.Errorf("name %q, want %q", got, want)
		}
		if strings.ContainsRune(b.String(), '\ufffd') && !strings.ContainsRune(s, '\ufffd') {
			t.Errorf("something was lost:\n%s", b.String())
		}
	})
}

func TestGitHubAnnotatesWhereTheReasonStands(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	anchor := func(path string) string {
		if filepath.Ext(path) == "" {
			path += "/request.yaml"
		}
		return "promises/app, the: first/" + path
	}
	if err := GitHub(&b, testReport(), anchor); err != nil {
		t.Fatal(err)
	}
	golden(t, "github.txt", b.String())
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "::error ") && !strings.HasPrefix(line, "::warning ") {
			t.Errorf("not a command: %q", line)
		}
	}
}

func TestEventsAreLinesOfJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	r := testReport()
	var cases []*fixture.Case
	for _, c := range r.Cases {
		cases = append(cases, &fixture.Case{Name: c.Name})
	}
	told := 0
	next := func(string, string) workflow.Observer {
		return workflow.Observer{StepFinished: func(workflow.Step) { told++ }}
	}
	events := NewEvents(&b, r.Promise, r.Environment, cases)
	for _, c := range r.Cases {
		for _, p := range c.Pipelines {
			observer := events.Observe(next)(c.Name, p.Name)
			for _, s := range p.Steps {
				observer.StepFinished(s)
			}
		}
		events.Done(c)
	}
	if err := events.Sum(r); err != nil {
		t.Fatal(err)
	}
	golden(t, "events.ndjson", b.String())
	if told != 2 {
		t.Errorf("the observer behind was told of %d steps, want 2", told)
	}
	for line := range strings.Lines(b.String()) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.APIVersion != "cli.kratix.io/v1" || e.Kind == "" {
			t.Errorf("no event (%v): %s", err, line)
		}
	}
}

func TestEventsThatCannotBeWrittenAreTold(t *testing.T) {
	t.Parallel()
	closed, w := io.Pipe()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	r := testReport()
	if err := NewEvents(w, r.Promise, r.Environment, nil).Sum(r); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v, want %v", err, io.ErrClosedPipe)
	}
}

// golden compares a text with a file in testdata; "-update" writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil { //nolint:gosec // nothing secret
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // nothing secret
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
