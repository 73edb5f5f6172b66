// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/view"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func newTestCmd(env *Env) *cobra.Command {
	var opts testWorkflowOptions
	cmd := &cobra.Command{
		Use:   "test [CASE...]",
		Short: "Test the workflows of a Promise",
		Long: `Test the workflows of a Promise: "kratix test" is short for "kratix test
workflow", with the same flags.`,
		GroupID: groupTest,
		Example: `  # all cases
  kratix test

  # those of a name
  kratix test --run production`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && nearCommand(cmd, args[0]) != nil {
				return unknownCommand(cmd, args[0]) // more likely than a case of that name
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.cases = args
			return runTestWorkflow(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd)
	cmd.AddCommand(newTestWorkflowCmd(env), newTestScheduleCmd(env))
	return cmd
}

type testWorkflowOptions struct {
	promiseFlags
	containerFlags
	caseFlags
	debugFlags

	narrow suite.Narrow
	keep   bool
	dryRun bool
	watch  bool
}

func newTestWorkflowCmd(env *Env) *cobra.Command {
	var opts testWorkflowOptions
	cmd := &cobra.Command{
		Use:   "workflow [CASE...]",
		Short: "Run the cases in tests/ and compare what comes out with their goldens",
		Long: `Run the workflows of a Promise in containers on this machine, once for each
case in tests/, and compare documents, metadata and placements with the files
in the case's expected/. No Docker and no cluster is needed on Linux.

A directory with a request.yaml or a case.yaml is a case; CASE is its name or
path. Without expected/ a case fails: --update writes it.

--pipeline runs one pipeline of each case and compares what it leaves.
--until ends the chain after a container. --container runs one container
alone, on empty directories. What is left of a pipeline that is not run as a
whole is kept and not compared; the case passes if the containers succeed.

--review shows one difference after another and asks: a accepts it, r rejects
it, s skips it, q quits.

--debug opens a shell in the step that fails, of one case: with its image,
volumes, environment, user and rights, and no limits of time and memory. With
--until or --container it opens in that step also if it succeeds. Other
programs of the step are gone, and what it wrote outside of its volumes. The
values of its Secrets are there to be seen. What you do in the shell changes
nothing of the result. An image without a shell gets one of ours, which
--debug-image replaces by that of another image. A script on standard input is
run in place of what one would type.

--changed runs the cases that a change can touch: those whose own directory,
Destinations or container sources have changed, and all of them if the Promise
or tests/suite.yaml has. --watch goes on with the same rule while you edit.`,
		Example: `  # all cases
  kratix test workflow

  # one case, with what its steps print
  kratix test workflow resource-configure/small-development -v

  # while editing
  kratix test workflow --watch

  # a shell in the step that fails
  kratix test workflow small-development --debug

  # take what comes out as the new golden
  kratix test workflow --update

  # in CI: what this branch can have broken, on one machine of four
  kratix test workflow --changed=origin/main --shard 1/4 --allow-empty`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.cases = args
			return runTestWorkflow(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd)
	return cmd
}

func (o *testWorkflowOptions) register(cmd *cobra.Command) {
	o.promiseFlags.register(cmd)
	cmd.ValidArgsFunction = o.completeCases
	o.containerFlags.register(cmd)
	o.caseFlags.register(cmd)
	o.debugFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.narrow.Pipeline, "pipeline", "", "run `PIPELINE` only")
	flags.StringVar(&o.narrow.Container, "container", "", "run `CONTAINER` only, on empty directories")
	flags.StringVar(&o.narrow.Until, "until", "", "end the chain after `CONTAINER`")
	flags.BoolVar(&o.keep, "keep", false, "keep the output and logs of cases that passed, too")
	flags.BoolVar(&o.review, "review", false, "show each difference and ask whether it becomes the golden")
	flags.BoolVar(&o.watch, "watch", false, "go on: when files change, run the cases that they can touch")
	flags.BoolVar(&o.dryRun, "dry-run", false, "list the cases and the containers that would run, and run nothing")
}

func runTestWorkflow(ctx context.Context, env *Env, opts testWorkflowOptions) error {
	if err := opts.consistent(); err != nil {
		return err
	}
	if opts.review && !env.canAsk() {
		err := diag.Inputf("--review asks, and standard input is no terminal")
		return diag.Hint(err, "to accept all differences: --update; Git shows them then")
	}
	if opts.watch {
		return opts.watchTests(ctx, env)
	}
	return opts.testSelected(ctx, env)
}

// testSelected runs the cases that are asked for.
func (o *testWorkflowOptions) testSelected(ctx context.Context, env *Env) error {
	p, err := o.loadChecked(env)
	if err != nil {
		return err
	}
	cases, err := o.selected(ctx, env, p, o.narrow)
	if err != nil || len(cases) == 0 {
		return errors.Join(err, o.nothing(env, p, err))
	}
	if o.dryRun {
		return o.showPlan(ctx, env, p, cases)
	}
	if err := o.one(cases); err != nil {
		return err
	}
	d, err := o.debugger(env)
	if err != nil {
		return err
	}
	return o.test(ctx, env, p, cases, d)
}

// consistent refuses flags that contradict each other.
func (o *testWorkflowOptions) consistent() error {
	switch n := o.narrow; {
	case o.update && n != (suite.Narrow{}):
		err := diag.Inputf("--update with --pipeline, --container or --until: a part of what a case leaves cannot be its golden")
		return diag.Hint(err, "run all of it: --update alone")
	case n.Container != "" && n.Until != "":
		return diag.Inputf("--container runs one container and --until all before one: give one of them")
	case o.quiet && o.verbose > 0:
		return diag.Inputf("--quiet and --verbose: give one of them")
	case o.review && (o.update || o.watch || o.dryRun || n != (suite.Narrow{})):
		return diag.Inputf("--review runs whole cases, once, and asks about them: give it without --update, --watch, --dry-run, --pipeline, --container and --until")
	case o.review && o.format != view.Text:
		return diag.Inputf("--review asks, and -o %s is for programs: give one of them", o.format)
	case o.watch && o.dryRun:
		return diag.Inputf("--watch and --dry-run: give one of them")
	case o.watch && o.format != view.Text:
		return diag.Inputf("--watch never ends, and -o %s is one answer: give one of them", o.format)
	case o.debug && (o.update || o.review || o.watch || o.dryRun):
		return diag.Inputf("--debug runs one case, once, to look into it: give it without --update, --review, --watch and --dry-run")
	}
	return o.debugFlags.consistent(o.format)
}

// test runs cases and shows them; d may be nil.
func (o *testWorkflowOptions) test(ctx context.Context, env *Env, p *promise.Promise, cases []*fixture.Case, d *debugger) error {
	containers, err := o.containersOf(p, cases)
	if err != nil {
		return err
	}
	m, err := o.prepare(ctx, env, p, containers)
	if err != nil {
		return err
	}
	defer m.close()
	if err := d.prepare(ctx, m); err != nil {
		return err
	}
	dir, err := suite.NewRunDir(p.Dir)
	if err != nil {
		return err
	}
	report, err := o.runSuite(ctx, env, p, cases, m, dir, d)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir.Path))
	}
	if err := dir.Publish(); err != nil {
		return err
	}
	if dir.Elsewhere() {
		view.Note(env.err(), "the Promise's directory cannot be written, so the run is in "+dir.Path)
	}
	if report.Summary.ExitCode != diag.ExitInput { // else it could not be run
		d.done()
	}
	if o.review {
		return o.reviewCases(ctx, env, report)
	}
	return verdict(report)
}

// runSuite runs the cases and shows them.
func (o *testWorkflowOptions) runSuite(ctx context.Context, env *Env, p *promise.Promise, cases []*fixture.Case, m *machine, dir *suite.RunDir, d *debugger) (*suite.Report, error) {
	s := suite.Suite{
		Promise: p, Cases: cases, Engine: m, Environment: m.environment, Dir: dir, Narrow: o.narrow,
		Jobs: o.jobs, FailFast: o.failFast, Update: o.update, Keep: o.keep,
		Network: o.network, Timeout: o.timeout,
	}
	if d != nil {
		s.Jobs = 1
		s.Halt = func(ctx context.Context, _ string, at workflow.Halted) error { return d.halt(ctx, at) }
		d.told = o.verbose > 0
	}
	switch {
	case o.verbose > 0:
		s.Observer = func(name, pipeline string) workflow.Observer {
			return view.StepLog(env.err(), name+" "+pipeline+"/")
		}
		return o.show(ctx, env, &s, nil, true)
	case o.quiet:
		return o.show(ctx, env, &s, nil, false)
	}
	progress := view.NewProgress(o.stderr(env))
	defer progress.Stop()
	d.over(progress)
	s.Observer = func(name, _ string) workflow.Observer { return progress.Observer(name) }
	return o.show(ctx, env, &s, progress, false)
}

// containersOf lists the containers that the cases run, each once.
func (o *testWorkflowOptions) containersOf(p *promise.Promise, cases []*fixture.Case) ([]stepContainer, error) {
	var all []stepContainer
	seen := map[string]bool{}
	for _, c := range cases {
		steps, err := o.narrow.Steps(p, c)
		if err != nil {
			return nil, err
		}
		for _, s := range steps {
			if dir := stageDir(p, promise.WorkflowRef{Type: c.Type, Action: c.Action}, s.Pipeline, s.Container); !seen[dir] {
				seen[dir] = true
				all = append(all, stepContainer{s.Container, dir})
			}
		}
	}
	return all, nil
}

// verdict turns a report that was shown into the exit code of the program.
func verdict(r *suite.Report) error {
	switch r.Summary.ExitCode {
	case diag.ExitOK:
		return nil
	case diag.ExitInput:
		return shown(diag.Inputf("%d cases failed", r.Summary.Failed))
	default:
		return shown(diag.Answer(errors.New("cases failed")))
	}
}
