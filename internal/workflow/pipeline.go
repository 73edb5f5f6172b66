// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/redact"
	"github.com/kratix-tools/kratix/internal/tree"
)

// A PipelineRun is one run of the containers of one Pipeline.
type PipelineRun struct {
	Identity Identity
	Pipeline api.Pipeline
	Object   []byte // content of /kratix/input/object.yaml

	// Dir receives copies of the directories of the Pod, as Dir/output and
	// Dir/metadata. It exists and is empty.
	Dir string

	// Until ends the run after the container of this name; empty runs all.
	Until string
	// Alone is the only container to run; empty runs all. It finds the
	// directories as the first container of a Pipeline does: empty.
	Alone string
	// Trace finds out which step wrote which file, which takes one more copy
	// of the directories per step.
	Trace bool

	// Env is set in every container after the Pipeline's own variables.
	Env []EnvVar
	// Fixtures are what the Pipeline refers to. No log, and no name of a file in
	// a Step, shows the values of their Secrets.
	Fixtures Fixtures
	Network  Network // NetworkNone when empty
	// Timeout is the time that all containers together may take; 0 is no
	// limit. The images have been prepared before, so fetching does not count.
	Timeout time.Duration

	// Logs opens the file that takes the whole log of a container, stdout and
	// stderr joined line by line; nil keeps the last lines only.
	Logs func(container string) (io.WriteCloser, error)
	// TailLines is the number of lines that a Step keeps, 50 when 0.
	TailLines int

	Observer Observer

	// Halt is called with the step at which the run has ended, if it failed or if
	// it is Until or Alone, while its Pod is still there. What Halt does there
	// comes too late for the result. Nil for nothing.
	Halt func(ctx context.Context, at Halted) error

	// Field is the place of the Pipeline in its Promise, such as
	// "spec.workflows.resource.configure[0]", and Locate tells where in a file
	// a field of the Promise is; both may be missing.
	Field  string
	Locate func(field string) diag.Position
}

// An Observer is told of the progress of a run. Each function may be nil;
// Line may be called by several goroutines, but not at the same time.
type Observer struct {
	StepStarted  func(step Step)
	Line         func(step Step, line Line)
	StepFinished func(step Step)
}

// A StepState is how far a step has come.
type StepState string

// The states of a step.
const (
	StepNotStarted StepState = "not started"
	StepRunning    StepState = "running" // also if the engine could not bring it to an end
	StepSucceeded  StepState = "succeeded"
	StepFailed     StepState = "failed"    // it ended with an exit code other than 0
	StepTimedOut   StepState = "timed out" // it was killed
)

// A Step is one container of a Pipeline that is run.
type Step struct {
	Number    int // counts from 1
	Of        int // how many there are
	Container string
	Image     string
	Digest    string
	State     StepState
	Exit      int
	// OutOfMemory is the limit in bytes for which the kernel killed a process
	// of the step; 0 if that did not happen.
	OutOfMemory int64
	Duration    time.Duration
	Log         Log
	// Wrote lists the files that the step made, changed or removed, as
	// "output/deployment.yaml"; only if PipelineRun.Trace is set.
	Wrote []string
}

// String names the step as in `step 2/3 "render"`.
func (s Step) String() string {
	return fmt.Sprintf("step %d/%d %q", s.Number, s.Of, s.Container)
}

// Ending tells in a few words how the step came to its end, as in "exited 1".
func (s Step) Ending() string {
	switch {
	case s.State == StepTimedOut:
		return "was stopped after " + s.Duration.Round(time.Millisecond).String()
	case s.OutOfMemory > 0:
		return fmt.Sprintf("was killed: out of memory (limit %s)", formatMemory(s.OutOfMemory))
	default:
		return fmt.Sprintf("exited %d", s.Exit)
	}
}

// Halted is a step at which a run has ended, with all that it takes to start
// something in its place.
type Halted struct {
	Step      Step
	Container Container // as the step was given it, with the values of its secrets
	Pod       Pod
	// Spare is an empty volume of the Pod that no step has seen.
	Spare string
}

// A PipelineResult is what the containers of a Pipeline did and left behind.
type PipelineResult struct {
	Name string
	// Steps has an entry for every container, started or not.
	Steps []Step
	// Warnings are the fields of the Pipeline that mean something else, or
	// nothing, in a local run.
	Warnings []diag.Finding
	// Output and Metadata are /kratix/output and /kratix/metadata, also after
	// a failure; nil only if RunPipeline says with an error that they could
	// not be had.
	Output   tree.FS
	Metadata tree.FS
}

// Failed gives the step that failed, if one did. Kratix would try it again; a
// local run does not.
func (r PipelineResult) Failed() (Step, bool) {
	for _, s := range r.Steps {
		if s.State == StepFailed || s.State == StepTimedOut {
			return s, true
		}
	}
	return Step{}, false
}

// Err is the failure of a step as an error, or nil.
func (r PipelineResult) Err() error {
	s, failed := r.Failed()
	if !failed {
		return nil
	}
	return diag.Answer(fmt.Errorf("pipeline %q: %s %s", r.Name, s, s.Ending()))
}

// errTimeout is the cause of a context that has used up PipelineRun.Timeout.
var errTimeout = errors.New("timeout")

// RunPipeline runs the containers of a Pipeline one after the other in a Pod
// of their own, and stops at the first that fails. A failure is part of the
// result and no error; an error is a fault of the machine, a mistake in the
// input, or a timeout, and the result tells how far the run came.
func RunPipeline(ctx context.Context, engine Engine, run PipelineRun) (PipelineResult, error) {
	p := &pipelineRun{PipelineRun: run, result: PipelineResult{Name: run.Identity.Pipeline}, secrets: run.Fixtures.Hidden()}
	err := p.run(ctx, engine)
	if err != nil {
		err = fmt.Errorf("pipeline %q: %w", run.Identity.Pipeline, err)
	}
	return p.result, err
}

// pipelineRun is a run under way.
type pipelineRun struct {
	PipelineRun
	pod    Pod
	result PipelineResult
	before contents // of the directories before the step, when tracing
	halted *Halted  // nil if the run went on to its end
	// secrets are those that no log may show.
	secrets *redact.Secrets
}

func (p *pipelineRun) run(ctx context.Context, engine Engine) (err error) {
	plan, err := p.plan()
	if err != nil {
		return err
	}
	p.result.Steps, p.result.Warnings = plan.steps(), plan.warnings
	p.pod, err = engine.NewPod(ctx, plan.volumeNames())
	if err != nil {
		return err
	}
	defer func() {
		if closed := p.pod.Close(); err == nil && closed != nil {
			err = diag.Machine(closed)
		}
	}()
	for _, v := range plan.volumes {
		if v.files == nil {
			continue
		}
		if err := p.pod.CopyIn(ctx, v.name, v.files); err != nil {
			return err
		}
	}
	ended := p.runSteps(ctx, plan.containers)
	if cancelled := ctx.Err(); cancelled != nil {
		return cmp.Or(ended, cancelled)
	}
	ended = errors.Join(ended, p.collect(ctx))
	if p.Halt == nil || p.halted == nil {
		return ended
	}
	return errors.Join(ended, p.Halt(ctx, *p.halted))
}

// runSteps runs the containers until one fails.
func (p *pipelineRun) runSteps(ctx context.Context, containers []Container) error {
	if p.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, p.Timeout, errTimeout)
		defer cancel()
	}
	for i, c := range containers {
		if p.Alone != "" && c.Name != p.Alone {
			continue
		}
		step := &p.result.Steps[i]
		err := p.runStep(ctx, step, c)
		p.halt(*step, c)
		if err != nil {
			return err
		}
		if step.State != StepSucceeded || c.Name == p.Until {
			return nil
		}
	}
	return nil
}

// halt notes a step at which the run ends.
func (p *pipelineRun) halt(step Step, c Container) {
	switch step.State {
	case StepFailed, StepTimedOut:
	case StepSucceeded:
		if c.Name != p.Until && c.Name != p.Alone {
			return
		}
	default:
		return // the engine could not run it
	}
	p.halted = &Halted{Step: step, Container: c, Pod: p.pod, Spare: volumeSpare}
}

func (p *pipelineRun) runStep(ctx context.Context, step *Step, c Container) error {
	log, err := p.openLog(step)
	if err != nil {
		return diag.Machinef("log of %s: %w", step, err)
	}
	step.State = StepRunning
	call(p.Observer.StepStarted, *step)
	started := time.Now()
	exit, err := p.pod.Run(ctx, c, log.stdout(), log.stderr())
	logged := log.close()
	step.Log = log.tail()
	step.Duration, step.Digest, step.Exit = exit.Duration, exit.Digest, exit.Code
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errTimeout):
		step.State, step.Duration = StepTimedOut, time.Since(started)
		err = p.timedOut(step)
	case err != nil:
		err = fmt.Errorf("%s: %w", step, err)
	case logged != nil:
		err = diag.Machinef("log of %s: %w", step, logged)
	case exit.Code == 0:
		step.State = StepSucceeded
	default:
		step.State = StepFailed
		if exit.OOMKilled {
			step.OutOfMemory = c.Limits.Memory
		}
	}
	if err == nil && p.Trace {
		err = p.trace(ctx, step)
	}
	call(p.Observer.StepFinished, *step)
	return err
}

func (p *pipelineRun) timedOut(step *Step) error {
	err := fmt.Errorf("%s ran for %s when the timeout of %s ended the pipeline",
		step, step.Duration.Round(time.Millisecond), p.Timeout)
	longer := max(2*p.Timeout, time.Second).Round(time.Second)
	return diag.Hint(diag.Answer(err), "if it only needs longer: --timeout "+longer.String())
}

func call(f func(Step), s Step) {
	if f != nil {
		f(s)
	}
}

// collect copies the two directories that outlive the Pod.
func (p *pipelineRun) collect(ctx context.Context) (err error) {
	p.result.Output, err = p.copyOut(ctx, volumeOutput, filepath.Join(p.Dir, "output"))
	if err != nil {
		return err
	}
	p.result.Metadata, err = p.copyOut(ctx, volumeMetadata, filepath.Join(p.Dir, "metadata"))
	return err
}

func (p *pipelineRun) copyOut(ctx context.Context, volume, dir string) (tree.FS, error) {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // nothing secret
		return nil, diag.Machine(err)
	}
	return p.pod.CopyOut(ctx, volume, dir)
}

func (p *pipelineRun) openLog(step *Step) (*recorder, error) {
	keep := p.TailLines
	if keep == 0 {
		keep = 50
	}
	r := &recorder{keep: keep, hide: p.secrets}
	if p.Observer.Line != nil {
		started := *step
		r.live = func(l Line) { p.Observer.Line(started, l) }
	}
	if p.Logs != nil {
		w, err := p.Logs(step.Container)
		if err != nil {
			return nil, err
		}
		r.file = w
	}
	return r, nil
}
