// SPDX-License-Identifier: Apache-2.0

// Package simulate does on this machine what Kratix does in a cluster: it runs
// the Pipelines of a workflow in order, makes a Work of what each leaves
// behind, merges the status, schedules the Work onto Destinations and finds
// the place of every document.
//
// The result is a [Delivery]. What Kratix refuses on the way, in its
// work-writer, its status-writer or its scheduler, is part of the result with
// Kratix' own words ([Failure]); an error means that the machine could not do
// the work or that the input is unusable.
package simulate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/redact"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/work"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A Simulation is one run of one workflow.
type Simulation struct {
	Workflow workflow.Spec
	// Selectors are the destinationSelectors of the Promise.
	Selectors []api.PromiseSelector
	Platform  *platform.Platform
	Engine    workflow.Engine

	// Recorded gives the directories with what the containers of a Pipeline
	// left in another run; one that is absent is empty. When set, no container
	// is started: no Engine is needed, and no Dir.
	Recorded func(pipeline string) (output, metadata string)

	// Only names the Pipelines to run; empty runs all of the action. Those
	// left out count as done.
	Only []string
	// Choose names the Destination that is drawn for a group where Kratix
	// draws one at random, by the directory of the group; "" is for all groups
	// that the Destination matches. Otherwise it is the first by name.
	Choose map[string]string
	// Dir receives what the Pipelines leave behind: the copy of each
	// Pipeline's directories and the logs of its containers in a directory
	// named after it.
	Dir string

	Env      []workflow.EnvVar
	Fixtures workflow.Fixtures
	Network  workflow.Network
	Timeout  time.Duration // of each Pipeline; 0 is no limit
	Until    string        // the container after which a Pipeline that has it ends
	Alone    string        // the only container to run; Pipelines without it count as done
	// Observer is told of the steps of each Pipeline.
	Observer func(pipeline string) workflow.Observer
	// Halt is called with the step at which a Pipeline was ended, as
	// [workflow.PipelineRun] says; nil for nothing.
	Halt func(ctx context.Context, at workflow.Halted) error

	// Locate tells where in a file a field of the Promise is.
	Locate func(field string) diag.Position
}

// A Delivery is what a workflow delivers: its Works and where their documents
// go. The values of the Secrets that the steps were given are hidden in all of
// it, also in the files on disk; the next Pipeline has yet seen them.
type Delivery struct {
	Pipelines []Pipeline
	// Object is the request or Promise after the workflow, status included.
	Object map[string]any
}

// A Pipeline is what one Pipeline of a workflow did.
type Pipeline struct {
	workflow.PipelineResult

	// Dir holds the copy of the output and metadata directories, and the logs.
	Dir string
	// Object is /kratix/input/object.yaml as the containers saw it.
	Object []byte
	Schedule
}

// A Suspension stops a workflow until somebody lets it go on.
type Suspension struct {
	Message string
	// RetryAfter is the text of the key retryAfter; empty waits for the label
	// to be removed.
	RetryAfter string
}

// A Failure is a Pipeline that Kratix would report as failed.
type Failure struct {
	// Container is the step that failed, or Kratix' own work-writer,
	// status-writer, scheduler or controller.
	Container string
	// Code is the exit code of Container; 0 for the scheduler and the
	// controller, which do not exit.
	Code int
	Err  error
}

// Names of Kratix' own containers, and of what makes and schedules Works in its
// controller.
const (
	WorkWriter   = "work-writer"
	StatusWriter = "status-writer"
	Scheduler    = "scheduler"
	Controller   = "controller"
)

// Failed gives the Pipeline that ended the workflow with a failure, if any.
func (d *Delivery) Failed() (Pipeline, bool) {
	for _, p := range d.Pipelines {
		if p.Failure != nil {
			return p, true
		}
	}
	return Pipeline{}, false
}

// Run simulates a workflow. The Delivery holds what was reached, also beside
// an error.
func Run(ctx context.Context, s Simulation) (*Delivery, error) {
	run, err := workflow.NewRun(s.Workflow)
	if err != nil {
		return &Delivery{}, err
	}
	if err := s.knows(run); err != nil {
		return &Delivery{}, err
	}
	d, secrets := &Delivery{}, s.Fixtures.Hidden()
	for i := run.First(); i < run.Len(); i++ {
		run.Start(i)
		if !s.wants(run.Pipeline(i)) {
			run.Succeed(i)
			continue
		}
		p, err := s.pipeline(ctx, run, i, secrets)
		d.Pipelines = append(d.Pipelines, p)
		d.show(run, secrets)
		if err != nil || p.Failure != nil || p.Suspension != nil {
			return d, err
		}
	}
	run.Finish(s.works(d))
	d.show(run, secrets)
	return d, nil
}

// show takes the object as it is now.
func (d *Delivery) show(run *workflow.Run, secrets *redact.Secrets) {
	d.Object = run.Object()
	secrets.In(d.Object)
}

// knows reports the names in Only that no Pipeline has.
func (s *Simulation) knows(run *workflow.Run) error {
	names := map[string]bool{}
	var known []string
	for i := range run.Len() {
		name := run.Pipeline(i).Name
		names[name] = true
		known = append(known, name)
	}
	for _, name := range s.Only {
		if !names[name] {
			err := diag.NotFoundf("no pipeline %q in %s/%s of Promise %q", name, s.Workflow.Type, s.Workflow.Action, s.Workflow.Promise)
			return diag.Hint(err, "pipelines: "+strings.Join(known, ", "))
		}
	}
	return nil
}

func (s *Simulation) wants(p api.Pipeline) bool {
	return (len(s.Only) == 0 || slices.Contains(s.Only, p.Name)) && (s.Alone == "" || has(p, s.Alone))
}

// has reports whether a Pipeline has a container of this name.
func has(p api.Pipeline, container string) bool {
	return slices.ContainsFunc(p.Spec.Containers, func(c api.Container) bool { return c.Name == container })
}

// pipeline takes Pipeline i from its Job to the place of its documents, and
// hides the secrets.
func (s *Simulation) pipeline(ctx context.Context, run *workflow.Run, i int, secrets *redact.Secrets) (p Pipeline, err error) {
	p.Dir = filepath.Join(s.Dir, run.Pipeline(i).Name)
	left, remove, err := secretsDir(p.Dir, secrets)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	err = s.stages(ctx, run, i, &p, left)
	kept := p.Dir
	if s.Recorded != nil {
		kept = ""
	}
	return p, cmp.Or(diag.Reworded(err, secrets.Text), p.hide(kept, secrets))
}

// stages does all that becomes of a Pipeline; left is for what its containers
// leave.
func (s *Simulation) stages(ctx context.Context, run *workflow.Run, i int, p *Pipeline, left string) (err error) {
	if p.Object, err = run.ObjectYAML(); err != nil {
		return err
	}
	if err := s.containers(ctx, run, i, p, left); err != nil || p.Failure != nil {
		return err
	}
	if err := s.write(run, i, p); err != nil {
		var refused *refusal
		if !errors.As(err, &refused) {
			return err
		}
		run.Fail(i)
		p.Failure = &Failure{Container: refused.container, Code: 1, Err: refused.err}
	}
	if p.Work == nil {
		return nil
	}
	return p.place(s.platform(), s.Choose)
}

// containers runs the user's containers, or takes what they have left before.
func (s *Simulation) containers(ctx context.Context, run *workflow.Run, i int, p *Pipeline, left string) error {
	if s.Recorded != nil {
		p.Name = run.Pipeline(i).Name
		output, metadata := s.Recorded(p.Name)
		p.Output, p.Metadata = tree.Dir(output), tree.Dir(metadata)
		return nil
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil { //nolint:gosec // for people to look into
		return diag.Machine(err)
	}
	var err error
	p.PipelineResult, err = workflow.RunPipeline(ctx, s.Engine, s.pipelineRun(run, i, p, left))
	p.Findings = append(p.Findings, p.Warnings...)
	if step, failed := p.Failed(); failed {
		run.Fail(i)
		p.Failure = &Failure{Container: step.Container, Code: step.Exit, Err: cmp.Or(err, p.Err())}
		if diag.ExitCode(err) == diag.ExitAnswer {
			err = nil // a timeout is a failure of the step
		}
	}
	return err
}

func (s *Simulation) pipelineRun(run *workflow.Run, i int, p *Pipeline, left string) workflow.PipelineRun {
	r := workflow.PipelineRun{
		Identity: run.Identity(i),
		Pipeline: run.Pipeline(i),
		Object:   p.Object,
		Dir:      left,
		Until:    s.Until,
		Alone:    s.Alone,
		Trace:    true,
		Env:      s.Env,
		Fixtures: s.Fixtures,
		Network:  s.Network,
		Timeout:  s.Timeout,
		Halt:     s.Halt,
		Field:    fmt.Sprintf("spec.workflows.%s.%s[%d]", s.Workflow.Type, s.Workflow.Action, i),
		Locate:   s.Locate,
		Logs: func(container string) (io.WriteCloser, error) {
			return os.Create(filepath.Join(p.Dir, container+".log"))
		},
	}
	if !has(r.Pipeline, s.Until) {
		r.Until = "" // it is a container of another Pipeline
	}
	if s.Observer != nil {
		r.Observer = s.Observer(run.Pipeline(i).Name)
	}
	return r
}

// A refusal is one of Kratix' own containers failing on what the Pipeline
// left.
type refusal struct {
	container string
	err       error
}

func (r *refusal) Error() string { return r.container + ": " + r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// write does what work-writer and status-writer do, in their order: a Work may
// be written although the status-writer fails.
func (s *Simulation) write(run *workflow.Run, i int, p *Pipeline) error {
	if s.Workflow.Action == api.ActionConfigure {
		result, err := work.FromTree(s.workInput(run, i, p))
		if result != nil {
			p.Findings = append(p.Findings, result.Warnings...)
			p.Work, p.Sizes = result.Work, result.Sizes
		}
		if err != nil {
			p.Work = nil
			return asRefusal(WorkWriter, err)
		}
	} else {
		p.Findings = append(p.Findings, s.lintDelete(p)...)
	}
	written, err := run.WriteStatus(i, p.Metadata)
	if err != nil {
		return asRefusal(StatusWriter, err)
	}
	p.Findings = append(p.Findings, written.Findings...)
	if written.Suspended {
		run.Suspend()
		p.Suspension = &Suspension{Message: written.Control.Message, RetryAfter: written.Control.RetryAfter}
		return nil
	}
	run.Succeed(i)
	return nil
}

// asRefusal tells what Kratix refuses from what this machine could not do.
func asRefusal(container string, err error) error {
	if diag.ExitCode(err) == diag.ExitAnswer {
		return &refusal{container, err}
	}
	return fmt.Errorf("%s: %w", container, err)
}

func (s *Simulation) workInput(run *workflow.Run, i int, p *Pipeline) work.Input {
	id := run.Identity(i)
	in := work.Input{
		Output:               p.Output,
		Metadata:             p.Metadata,
		WorkflowType:         id.Type,
		PromiseName:          id.Promise,
		PipelineName:         id.Pipeline,
		Namespace:            id.JobNamespace(),
		PipelineNamespaceSet: id.PipelineNamespace != "",
		PromiseSelectors:     s.Selectors,
		DryRun:               id.DryRun,
		Existing:             s.platform().Works,
	}
	if id.Type == api.WorkflowResource {
		in.ResourceName, in.ResourceNamespace = id.Name, id.Namespace
	}
	return in
}

func (s *Simulation) platform() *platform.Platform {
	if s.Platform == nil {
		return &platform.Platform{}
	}
	return s.Platform
}

// works names the Works that are not as they should be, for the status of the
// object.
func (s *Simulation) works(d *Delivery) workflow.Works {
	var works workflow.Works
	for _, p := range d.Pipelines {
		if p.Work == nil {
			continue
		}
		switch {
		case slices.ContainsFunc(p.Placements, func(pl placement.Placement) bool { return pl.Unplaced() }):
			works.Pending = append(works.Pending, p.Work.Name)
		case slices.ContainsFunc(p.Placements, func(pl placement.Placement) bool { return pl.Misplaced() }):
			works.Misplaced = append(works.Misplaced, p.Work.Name)
		}
	}
	return works
}
