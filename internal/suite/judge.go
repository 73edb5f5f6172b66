// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A judgement is one case under way.
type judgement struct {
	suite   *Suite
	fixture *fixture.Case
	dir     string
	chain   chain // zero in a replay, which runs nothing
	// findings are about what the case gives, not about what came out.
	findings []diag.Finding
}

func (j *judgement) run(ctx context.Context) (*Case, error) {
	if err := j.fixture.Err(); err != nil {
		return nil, err
	}
	j.findings = append(j.findings, j.fixture.Warnings...)
	if j.fixture.Dependencies {
		return j.dependencies()
	}
	sim, err := j.simulation()
	if j.fixture.Expect.Refuses() {
		return j.refusal(err)
	}
	if err != nil {
		return nil, hintRefused(err, j.fixture)
	}
	pipelines, err := j.fixture.SelectPipelines(pipelineNames(sim.Workflow.Action, sim.Workflow.Pipelines))
	if err != nil {
		return nil, err
	}
	if err := j.fixture.CheckContainer(containerNames(sim, pipelines)); err != nil {
		return nil, err
	}
	if j.suite.Recorded {
		return j.replay(ctx, sim, pipelines)
	}
	if err := os.MkdirAll(j.dir, 0o755); err != nil { //nolint:gosec // for people to look into
		return nil, diag.Machine(err)
	}
	j.chain = j.suite.Narrow.chain(sim.Workflow.Pipelines, pipelines).expecting(j.fixture.Expect, pipelines)
	sim.Only, sim.Alone, sim.Until = j.chain.pipelines, j.suite.Narrow.Container, j.suite.Narrow.Until
	delivery, err := simulate.Run(ctx, sim)
	if err != nil {
		return nil, err
	}
	return j.judge(delivery, pipelines)
}

// containerNames lists the containers of some Pipelines, and Kratix' own.
func containerNames(sim simulate.Simulation, pipelines []string) []string {
	names := []string{}
	for _, p := range sim.Workflow.Pipelines {
		for _, c := range p.Spec.Containers {
			if slices.Contains(pipelines, p.Name) && !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
	}
	return append(names, simulate.WorkWriter, simulate.StatusWriter, simulate.Scheduler, simulate.Controller)
}

// simulation prepares what the case asks for.
func (j *judgement) simulation() (simulate.Simulation, error) {
	c, s := j.fixture, j.suite
	var request *promise.Request
	if c.Request != "" {
		var err error
		if request, err = promise.LoadRequest(c.Request, s.Promise); err != nil {
			return simulate.Simulation{}, err
		}
		j.findings = append(j.findings, request.Findings...)
	}
	sim, err := simulate.New(s.Promise, promise.WorkflowRef{Type: c.Type, Action: c.Action}, request)
	if err != nil {
		return simulate.Simulation{}, err
	}
	sim.Platform, err = platform.Load(nil, append(slices.Clone(c.Destinations), c.Existing...)...)
	if err != nil {
		return simulate.Simulation{}, err
	}
	j.findings = append(j.findings, sim.Platform.Warnings...)
	sim.Dir, sim.Engine = j.dir, s.Engine
	sim.Network, sim.Timeout = network(c.Network), c.Timeout
	if s.Network != "" {
		sim.Network = s.Network
	}
	if s.Timeout != 0 {
		sim.Timeout = s.Timeout
	}
	sim.Fixtures = workflow.Fixtures{Secrets: c.Objects.Secrets, ConfigMaps: c.Objects.ConfigMaps, Advice: c.Objects.Advice}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		sim.Env = append(sim.Env, workflow.EnvVar{Name: name, Value: c.Env[name]})
	}
	if s.Observer != nil {
		sim.Observer = func(pipeline string) workflow.Observer { return s.Observer(c.Name, pipeline) }
	}
	if s.Halt != nil {
		sim.Halt = func(ctx context.Context, at workflow.Halted) error { return s.Halt(ctx, c.Name, at) }
	}
	return sim, nil
}

// network gives the network for a case; a bridge is the machine's.
func network(n fixture.Network) workflow.Network {
	if n == fixture.NetworkBridge || n == fixture.NetworkHost {
		return workflow.NetworkHost
	}
	return workflow.NetworkNone
}

// judge compares what was delivered with what was expected.
func (j *judgement) judge(d *simulate.Delivery, pipelines []string) (*Case, error) {
	started := time.Now()
	c := j.fixture
	outcome, actual := outcomeOf(d), actualOf(d)
	if j.chain.part != "" {
		result := j.result(d, j.chain.partial(c.Expect, outcome), nil)
		result.Partial = j.chain.part
		return result, nil
	}
	var differences *compare.Differences
	var changes fixture.Changes
	var err error
	update := j.suite.Update && mayUpdate(c, outcome)
	if update {
		changes, err = c.Update(pipelines, actual)
	}
	notCompared := 0
	switch {
	case err != nil:
	case failedUnexpectedly(c, outcome): // then what came out tells nothing
		notCompared, err = c.CountGolden()
	case c.Expect.NeedsGolden() || c.HasGolden():
		differences, err = c.Compare(pipelines, actual)
	}
	if err != nil {
		return nil, err
	}
	if !j.suite.Recorded {
		differences = j.chain.within(differences, pipelines)
	}
	result := j.result(d, compare.Judge(c.Expect, outcome, differences), differences)
	result.Changes, result.Updated, result.NotCompared = changes, update, notCompared
	result.Timing.CompareMS = time.Since(started).Milliseconds()
	if result.Result == compare.Failed && mayUpdate(c, outcome) && len(j.chain.pipelines) == len(pipelines) {
		result.Review = func(accept func(fixture.Proposal) (bool, error)) (fixture.Changes, error) {
			return c.Review(pipelines, actual, accept)
		}
	}
	if result.Result == compare.Passed && !j.suite.Keep && j.dir != "" {
		err = os.RemoveAll(j.dir)
	}
	return result, err
}

// result gathers what there is to tell of a case.
func (j *judgement) result(d *simulate.Delivery, verdict compare.Verdict, differences *compare.Differences) *Case {
	result := &Case{
		Report:    compare.NewReport(j.fixture.Name, verdict, differences, placementsOf(d)),
		Dir:       j.suite.Dir.Shown(j.dir),
		Pipelines: d.Pipelines,
	}
	j.describe(result)
	return result
}

// failedUnexpectedly reports whether a container failed and the case does not
// say so.
func failedUnexpectedly(c *fixture.Case, outcome compare.Outcome) bool {
	return outcome.Failure != nil && compare.Judge(c.Expect, outcome, &compare.Differences{}).Result == compare.Failed
}

// mayUpdate reports whether what came out may become the golden: not if the
// workflow ended in another way than the case expects.
func mayUpdate(c *fixture.Case, outcome compare.Outcome) bool {
	verdict := compare.Judge(c.Expect, outcome, &compare.Differences{})
	return verdict.Result == compare.Passed && c.Expect.NeedsGolden()
}

// describe adds the steps, the warnings and the number of documents.
func (j *judgement) describe(result *Case) {
	result.Warnings = append(result.Warnings, j.findings...)
	for _, p := range result.Pipelines {
		result.Warnings = append(result.Warnings, p.Findings...)
		result.Documents += p.Sizes.Documents
		for _, step := range p.Steps {
			result.Steps = append(result.Steps, j.step(p, step))
			result.Timing.RunMS += step.Duration.Milliseconds()
		}
	}
}

func (j *judgement) step(p simulate.Pipeline, s workflow.Step) compare.Step {
	step := compare.Step{
		Pipeline: p.Name, Container: s.Container, Image: s.Image, Digest: s.Digest,
		DurationMS: s.Duration.Milliseconds(),
	}
	if s.State != workflow.StepNotStarted {
		step.ExitCode = &s.Exit
		step.Log = j.suite.Dir.Shown(filepath.Join(p.Dir, s.Container+".log"))
	}
	return step
}

// outcomeOf tells how a workflow ended.
func outcomeOf(d *simulate.Delivery) compare.Outcome {
	var o compare.Outcome
	for _, p := range d.Pipelines {
		if p.Failure != nil {
			o.Failure = &compare.Failure{Pipeline: p.Name, Container: p.Failure.Container, Code: p.Failure.Code, Ending: ending(p), Stderr: stderr(p)}
		}
		if p.Suspension != nil {
			o.Suspension = suspensionOf(p)
		}
	}
	return o
}

func suspensionOf(p simulate.Pipeline) *compare.Suspension {
	s := &compare.Suspension{Pipeline: p.Name, Message: p.Suspension.Message}
	if p.Suspension.RetryAfter != "" {
		// The status-writer has read it before, so it is a duration.
		after, err := time.ParseDuration(p.Suspension.RetryAfter)
		if err == nil {
			s.RetryAfter = &after
		}
	}
	return s
}

// ending says how the failed container of a Pipeline ended.
func ending(p simulate.Pipeline) string {
	step, failed := p.Failed()
	switch {
	case !failed:
		return ""
	case step.State == workflow.StepTimedOut:
		return "timed out"
	default:
		return step.Ending()
	}
}

// stderr gives what the failed container of a Pipeline said.
func stderr(p simulate.Pipeline) string {
	step, failed := p.Failed()
	if !failed {
		return p.Failure.Err.Error()
	}
	var lines []string
	for _, line := range step.Log.Lines {
		if line.Stderr {
			lines = append(lines, line.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// actualOf gives what each Pipeline left, to be compared.
func actualOf(d *simulate.Delivery) []compare.Actual {
	var actual []compare.Actual
	for _, p := range d.Pipelines {
		a := compare.Actual{Pipeline: p.Name, Output: p.Output, Metadata: p.Metadata, WrittenBy: map[string]string{}}
		if p.Work != nil {
			a.Placements = append([]placement.Placement{}, p.Placements...)
		}
		for _, step := range p.Steps {
			for _, file := range step.Wrote {
				a.WrittenBy[file] = step.Container
			}
		}
		actual = append(actual, a)
	}
	return actual
}

func placementsOf(d *simulate.Delivery) []placement.Placement {
	var all []placement.Placement
	for _, p := range d.Pipelines {
		all = append(all, p.Placements...)
	}
	return all
}
