package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

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
		Use:   "test",
		Short: "Test the workflows of a Promise",
		Long: `Test the workflows of a Promise: without a word behind it, "kratix test" runs
all cases, as "kratix test workflow" does.`,
		GroupID: groupTest,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownTest(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runTestWorkflow(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd)
	cmd.AddCommand(newTestWorkflowCmd(env), newTestScheduleCmd(env))
	return cmd
}

// unknownTest is the error for a word behind test, which may be a case.
func unknownTest(cmd *cobra.Command, word string) error {
	cmd.SuggestionsMinimumDistance = 2
	if len(cmd.SuggestionsFor(word)) > 0 {
		return unknownCommand(cmd, word)
	}
	err := diag.Inputf("unknown command %q for %q", word, cmd.CommandPath())
	return diag.Hint(err, "if it is a case: "+cmd.CommandPath()+" workflow "+shellQuote(word))
}

type testWorkflowOptions struct {
	promiseFlags
	containerFlags
	caseFlags

	keep bool
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
path. Without expected/ a case fails: --update writes it.`,
		Example: `  # all cases
  kratix test workflow

  # one case, with what its steps print
  kratix test workflow resource-configure/small -v

  # take what comes out as the new golden
  kratix test workflow --update`,
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
	o.containerFlags.register(cmd)
	o.caseFlags.register(cmd)
	cmd.Flags().BoolVar(&o.keep, "keep", false, "keep the output and logs of cases that passed, too")
}

func runTestWorkflow(ctx context.Context, env *Env, opts testWorkflowOptions) error {
	p, err := opts.loadChecked(env)
	if err != nil {
		return err
	}
	cases, err := opts.selected(env, p)
	if err != nil || len(cases) == 0 {
		return errors.Join(err, opts.nothing(env, p, err))
	}
	containers, err := containersOf(p, workflowsOf(cases), "")
	if err != nil {
		return err
	}
	m, err := opts.prepare(ctx, env, p, containers)
	if err != nil {
		return err
	}
	defer m.close()
	dir, err := suite.NewRunDir(p.Dir)
	if err != nil {
		return err
	}
	report, err := opts.runSuite(ctx, env, p, cases, m, dir)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir.Path))
	}
	if err := dir.Publish(); err != nil {
		return err
	}
	if dir.Elsewhere() {
		view.Note(env.err(), "the Promise's directory cannot be written, so the run is in "+dir.Path)
	}
	return verdict(report)
}

// runSuite runs the cases and shows them.
func (o *testWorkflowOptions) runSuite(ctx context.Context, env *Env, p *promise.Promise, cases []*fixture.Case, m *machine, dir *suite.RunDir) (*suite.Report, error) {
	s := suite.Suite{
		Promise: p, Cases: cases, Engine: m, Environment: m.environment, Dir: dir,
		Jobs: o.jobs, FailFast: o.failFast, Update: o.update, Keep: o.keep,
		Network: o.network, Timeout: o.timeout,
	}
	if o.verbose > 0 {
		s.Observer = func(name, pipeline string) workflow.Observer {
			return view.StepLog(env.err(), name+" "+pipeline+"/")
		}
		return o.show(ctx, env, &s, nil, true)
	}
	progress := view.NewProgress(env.err())
	defer progress.Stop()
	s.Observer = func(name, _ string) workflow.Observer { return progress.Observer(name) }
	return o.show(ctx, env, &s, progress, false)
}

// caseFlags say which cases are run, and how the result is shown.
type caseFlags struct {
	cases      []string
	run, skip  string
	jobs       int
	failFast   bool
	update     bool
	places     bool
	allowEmpty bool
	format     view.Format
	reports    reportFlag
}

func (o *caseFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.run, "run", "", "only cases whose name matches `REGEX`")
	flags.StringVar(&o.skip, "skip", "", "no cases whose name matches `REGEX`")
	flags.IntVarP(&o.jobs, "jobs", "j", runtime.GOMAXPROCS(0), "`N` cases at a time")
	flags.BoolVar(&o.failFast, "fail-fast", false, "start no case after one has failed")
	flags.BoolVarP(&o.update, "update", "u", false, "take what comes out as the new goldens")
	flags.BoolVar(&o.places, "placements", false, "list where every document would land")
	flags.BoolVar(&o.allowEmpty, "allow-empty", false, "exit 0 when no case is selected")
	flags.VarP(newEnum(&o.format, view.Text, view.JSON, view.YAML, view.NDJSON), "output", "o",
		"format: text, json, yaml, or ndjson for events while the cases run")
	flags.Var(&o.reports, "report", "write `FORMAT` as well: junit=FILE, json=FILE or github (annotations)")
}

// show runs the cases, shows them and writes reports; progress may be nil. Told
// says that what the steps print is shown while they run.
func (o *caseFlags) show(ctx context.Context, env *Env, s *suite.Suite, progress *view.Progress, told bool) (*suite.Report, error) {
	report, err := o.present(ctx, env, s, progress, told)
	if err != nil {
		return nil, err
	}
	return report, o.reports.write(env, o.format, report)
}

// present runs the cases and shows them.
func (o *caseFlags) present(ctx context.Context, env *Env, s *suite.Suite, progress *view.Progress, told bool) (*suite.Report, error) {
	if o.format == view.NDJSON {
		return stream(ctx, env, s)
	}
	if o.format != view.Text {
		report, err := s.Run(ctx)
		if err != nil {
			return nil, err
		}
		return report, view.Encode(env.Out, o.format, report)
	}
	tests := view.NewTests(env.out(), s.Promise.Name, s.Environment, o.jobs, o.update, s.Cases)
	tests.Told, tests.Review = told, reviewCommand(s.Promise.Dir)
	s.Done = func(c suite.Case) {
		progress.Clear()
		tests.Done(c)
	}
	report, err := s.Run(ctx)
	if err != nil {
		return nil, err
	}
	if o.places {
		view.Places(env.out(), report)
	}
	tests.Sum(report)
	return report, nil
}

// nothing is the answer of a run without cases, for programs; err says why there
// are none.
func (o *caseFlags) nothing(env *Env, p *promise.Promise, err error) error {
	if err != nil && diag.ExitCode(err) != diag.ExitNotFound {
		return nil
	}
	report := suite.NoCases(p.Name, diag.ExitCode(err))
	var unshown error
	switch o.format {
	case view.NDJSON:
		unshown = view.NewEvents(env.Out, p.Name, report.Environment, nil).Sum(report)
	case view.JSON, view.YAML:
		unshown = view.Encode(env.Out, o.format, report)
	}
	return errors.Join(unshown, o.reports.write(env, o.format, report))
}

// reviewCommand shows what an update has changed, also files that are new; it
// is empty outside a Git repository.
func reviewCommand(dir string) string {
	absolute, err := filepath.Abs(dir)
	for ; err == nil; absolute = filepath.Dir(absolute) {
		if _, err := os.Stat(filepath.Join(absolute, ".git")); err == nil {
			return "git status " + shellQuote(relative(filepath.Join(dir, "tests"))+"/")
		}
		if absolute == filepath.Dir(absolute) {
			break
		}
	}
	return ""
}

// selected gives the cases to run; none if that is allowed.
func (o *caseFlags) selected(env *Env, p *promise.Promise) ([]*fixture.Case, error) {
	cases, err := o.pick(env, p)
	if err != nil && o.allowEmpty && diag.ExitCode(err) == diag.ExitNotFound {
		view.Note(env.err(), err)
		return nil, nil
	}
	return cases, err
}

func (o *caseFlags) pick(env *Env, p *promise.Promise) ([]*fixture.Case, error) {
	run, err := pattern("--run", o.run)
	if err != nil {
		return nil, err
	}
	skip, err := pattern("--skip", o.skip)
	if err != nil {
		return nil, err
	}
	if err := o.reports.checked(o.format); err != nil {
		return nil, err
	}
	if o.jobs < 1 {
		return nil, diag.Inputf("--jobs %d: at least one case must run at a time", o.jobs)
	}
	tests, err := fixture.Discover(p.Dir)
	if err != nil {
		return nil, err
	}
	view.Findings(env.err(), tests.Warnings)
	return fixture.Select(tests.Cases, o.cases, run, skip)
}

func pattern(flag, text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no pattern is a pattern that is not asked
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, diag.Inputf("%s: %w", flag, err)
	}
	return re, nil
}

// workflowsOf lists the workflows that cases run, each once; of cases that name
// Pipelines only those.
func workflowsOf(cases []*fixture.Case) []promise.WorkflowRef {
	var refs []promise.WorkflowRef
	for _, c := range cases {
		if c.Err() != nil {
			continue // it is not run
		}
		names := c.Pipelines
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			ref := promise.WorkflowRef{Type: c.Type, Action: c.Action, Pipeline: name}
			if !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	return refs
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
