// SPDX-License-Identifier: Apache-2.0

// Package suite runs the test cases of a Promise and judges what came out.
//
// Each case is one simulation of a workflow ([simulate.Run]) whose result is
// compared with the golden files of the case ([fixture.Case.Compare]). Cases
// run side by side, but are reported in their own order, so that two runs
// print the same. A case that fails is part of the [Report]; an error means
// that the machine failed and that nothing is known about the cases left.
package suite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A Suite is the cases to run and what they need.
type Suite struct {
	Promise *promise.Promise
	Cases   []*fixture.Case
	Engine  workflow.Engine
	// Environment goes into the Report.
	Environment Environment

	Jobs     int  // cases at a time; at least 1
	FailFast bool // start no further case after one has failed
	Update   bool // take what comes out as the new golden
	Dir      *RunDir
	// Recorded judges placements only, on the output that the golden files
	// hold: no containers are run, so there is no Engine and no Dir.
	Recorded bool
	Keep     bool // keep the output of cases that passed
	Narrow   Narrow

	Network workflow.Network // overrides the cases' own when set
	Timeout time.Duration    // overrides the cases' own when set
	// Observer is told of the steps of each case; nil for none.
	Observer func(caseName, pipeline string) workflow.Observer
	// Halt is called with the step at which a case was ended, as
	// [workflow.PipelineRun] says; nil for nothing.
	Halt func(ctx context.Context, caseName string, at workflow.Halted) error
	// Done is told of each case, in the order of Cases; nil for none.
	Done func(Case)
}

// A Report is the result of a run. It is a public JSON object: fields are only
// ever added.
type Report struct {
	APIVersion  string      `json:"apiVersion"`
	Kind        string      `json:"kind"`
	Promise     string      `json:"promise"`
	Summary     Summary     `json:"summary"`
	Environment Environment `json:"environment"`
	Cases       []Case      `json:"cases"`
}

// A Summary counts the cases.
type Summary struct {
	Passed     int   `json:"passed"`
	Failed     int   `json:"failed"`
	Skipped    int   `json:"skipped"`
	DurationMS int64 `json:"durationMs"`
	ExitCode   int   `json:"exitCode"`
}

// An Environment tells what ran the containers.
type Environment struct {
	Engine   string `json:"engine"`
	Platform string `json:"platform"`
	Emulated bool   `json:"emulated"`
}

// NoEngine is the Engine of a run that started no containers.
const NoEngine = "none"

// A Case is the result of one case.
type Case struct {
	compare.Report
	// Changes are what Update did to the golden files.
	Changes fixture.Changes `json:"changes,omitempty"`
	Updated bool            `json:"updated,omitempty"`
	// NotCompared counts the golden files that were left alone since a step
	// had failed.
	NotCompared int `json:"notCompared,omitempty"`
	// Partial says what of the case was not run, so that nothing was compared.
	Partial string `json:"partial,omitempty"`
	// Problem is why the case could not be run, and Problems are the places in
	// its files, where it is due to them.
	Problem  string         `json:"problem,omitempty"`
	Problems []diag.Finding `json:"problems,omitempty"`
	// Warnings tell what Kratix does silently to the output of the case.
	Warnings []diag.Finding `json:"warnings"`

	Fixture   string              `json:"-"` // directory of the case
	Documents int                 `json:"-"` // files in all outputs
	Dir       string              `json:"-"` // what the case left, as shown to people
	Pipelines []simulate.Pipeline `json:"-"`
	Err       error               `json:"-"` // why the case could not be run
	// Review takes the differences that are accepted into the golden files; nil
	// where there are none, or none that may become golden. It is good as long
	// as the run's directory is there.
	Review func(accept func(fixture.Proposal) (bool, error)) (fixture.Changes, error) `json:"-"`
}

// Run runs the cases. The Report is complete unless there is an error.
func (s *Suite) Run(ctx context.Context) (*Report, error) {
	started := time.Now()
	results := make([]*Case, len(s.Cases))
	reported := inOrder(results, s.Done)
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(max(1, s.Jobs))
	var failed failFlag
	for i, c := range s.Cases {
		group.Go(func() error {
			if running.Err() != nil {
				return running.Err()
			}
			if s.FailFast && failed.get() {
				reported(i, &Case{Report: compare.NewReport(c.Name, compare.Verdict{Result: compare.Skipped}, nil, nil)})
				return nil
			}
			result, err := s.run(running, c)
			if err != nil {
				return err
			}
			failed.set(result.Result == compare.Failed)
			reported(i, result)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return s.report(results, time.Since(started)), nil
}

// NoCases is the Report of a run without any case.
func NoCases(promise string, exitCode int) *Report {
	r := newReport(promise)
	r.Environment.Engine = NoEngine
	r.Summary.ExitCode = exitCode
	return r
}

func newReport(promise string) *Report {
	return &Report{APIVersion: "cli.kratix.io/v1", Kind: "TestReport", Promise: promise, Cases: []Case{}}
}

// A failFlag remembers that some case failed.
type failFlag struct {
	mu     sync.Mutex
	failed bool
}

func (f *failFlag) set(failed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = f.failed || failed
}

func (f *failFlag) get() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// inOrder gives a function that takes results as they come and tells done of
// them in the order of their numbers.
func inOrder(results []*Case, done func(Case)) func(i int, c *Case) {
	var mu sync.Mutex
	next := 0
	return func(i int, c *Case) {
		mu.Lock()
		defer mu.Unlock()
		results[i] = c
		for next < len(results) && results[next] != nil {
			if done != nil {
				done(*results[next])
			}
			next++
		}
	}
}

func (s *Suite) report(results []*Case, took time.Duration) *Report {
	r := newReport(s.Promise.Name)
	r.Environment = s.Environment
	r.Summary.DurationMS = took.Milliseconds()
	for _, c := range results {
		r.Cases = append(r.Cases, *c)
		switch c.Result {
		case compare.Passed:
			r.Summary.Passed++
		case compare.Skipped:
			r.Summary.Skipped++
		default:
			r.Summary.Failed++
			r.Summary.ExitCode = max(r.Summary.ExitCode, c.exitCode())
		}
	}
	return r
}

// exitCode is that of a failed case: a bad question is worse than a bad
// answer.
func (c *Case) exitCode() int {
	if c.Err != nil {
		return diag.ExitInput
	}
	return diag.ExitAnswer
}

// run runs one case. What is wrong with the case itself is its result; the
// error is a fault of the machine or the end of ctx.
func (s *Suite) run(ctx context.Context, c *fixture.Case) (*Case, error) {
	started := time.Now()
	j := &judgement{suite: s, fixture: c}
	if s.Dir != nil {
		j.dir = filepath.Join(s.Dir.Path, filepath.FromSlash(c.Name))
	}
	result, err := j.run(ctx)
	err = diag.Reworded(err, c.Hidden().Text)
	code := diag.ExitCode(err)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case code == diag.ExitMachine, errors.Is(err, context.Canceled):
		return nil, err
	default:
		verdict := compare.Verdict{Result: compare.Failed, Reason: compare.ReasonError, Message: "cannot be run"}
		result = &Case{Report: compare.NewReport(c.Name, verdict, nil, nil), Err: err, Problem: err.Error(), Problems: diag.Findings(err)}
	}
	if result.Warnings == nil {
		result.Warnings = []diag.Finding{}
	}
	c.Hidden().In(&result.Message)
	c.Hidden().In(&result.Warnings)
	result.Fixture = c.Dir
	result.DurationMS = time.Since(started).Milliseconds()
	return result, nil
}

// pipelineNames lists the Pipelines that a workflow runs; of those of a delete
// action, Kratix runs only the first.
func pipelineNames(action api.WorkflowAction, pipelines []api.Pipeline) []string {
	var names []string
	for _, p := range pipelines {
		names = append(names, p.Name)
	}
	if action == api.ActionDelete {
		names = names[:min(1, len(names))]
	}
	return names
}
