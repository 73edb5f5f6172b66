// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/changed"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/view"
)

// caseFlags say which cases are run, and how the result is shown.
type caseFlags struct {
	cases      []string
	run, skip  string
	changed    string // since this commit; "" for all cases
	shard      suite.Shard
	jobs       int
	failFast   bool
	update     bool
	quiet      bool
	review     bool
	places     bool
	allowEmpty bool
	format     view.Format
	reports    reportFlag
}

// sinceHead is what --changed means without a commit.
const sinceHead = "HEAD"

func (o *caseFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.run, "run", "", "only cases whose name matches `REGEX`")
	flags.StringVar(&o.skip, "skip", "", "no cases whose name matches `REGEX`")
	flags.StringVar(&o.changed, "changed", "", "only cases that changes since `REF` can touch, as Git tells them")
	flags.Lookup("changed").NoOptDefVal = sinceHead
	flags.Var(&shardFlag{&o.shard}, "shard", "only part K of N into which the cases are dealt, `K/N`")
	flags.IntVarP(&o.jobs, "jobs", "j", runtime.GOMAXPROCS(0), "`N` cases at a time")
	flags.BoolVar(&o.failFast, "fail-fast", false, "start no case after one has failed")
	flags.BoolVarP(&o.update, "update", "u", false, "take what comes out as the new goldens")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "show only what failed, and the sum")
	flags.BoolVar(&o.places, "placements", false, "list where every document would land")
	flags.BoolVar(&o.allowEmpty, "allow-empty", false, "exit 0 when no case is selected")
	flags.VarP(newEnum(&o.format, view.Text, view.JSON, view.YAML, view.NDJSON), "output", "o",
		"format: text, json, yaml, or ndjson for events while the cases run")
	flags.Var(&o.reports, "report", "write `FORMAT` as well: junit=FILE, json=FILE or github (annotations)")
}

// A shardFlag is all cases until it is set.
type shardFlag struct{ value *suite.Shard }

func (f *shardFlag) String() string { return f.value.String() }
func (f *shardFlag) Type() string   { return "string" }

func (f *shardFlag) Set(text string) (err error) {
	*f.value, err = suite.ParseShard(text)
	return err
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
	tests := view.NewTests(env.out(), s.Promise.Name, s.Environment, s.Cases, view.TestsOptions{
		Jobs: s.Jobs, Update: o.update, Quiet: o.quiet, Reviewed: o.review, Told: told,
		Dir: commandDir(s.Promise.Dir), Review: reviewCommand(s.Promise.Dir),
	})
	s.Done = func(c suite.Case) {
		progress.Clear()
		tests.Done(c)
	}
	report, err := s.Run(ctx)
	if err != nil {
		return nil, err
	}
	if o.places {
		tests.Places(report)
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

// commandDir is the directory that a command must name to be about the Promise
// in dir; "" in the directory itself and below it.
func commandDir(dir string) string {
	if filepath.Clean(dir) == "." || !filepath.IsLocal(dir) && !filepath.IsAbs(dir) {
		return ""
	}
	return dir
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
func (o *caseFlags) selected(ctx context.Context, env *Env, p *promise.Promise, narrow suite.Narrow) ([]*fixture.Case, error) {
	cases, err := o.pick(ctx, env, p, narrow)
	if err != nil && o.allowEmpty && diag.ExitCode(err) == diag.ExitNotFound {
		view.Note(env.err(), err)
		return nil, nil
	}
	return cases, err
}

// pick gives the cases that all flags together leave.
func (o *caseFlags) pick(ctx context.Context, env *Env, p *promise.Promise, narrow suite.Narrow) ([]*fixture.Case, error) {
	if err := o.reports.checked(o.format); err != nil {
		return nil, err
	}
	if o.jobs < 1 {
		return nil, diag.Inputf("--jobs %d: at least one case must run at a time", o.jobs)
	}
	cases, err := o.named(env, p)
	if err == nil {
		cases, err = narrow.Cases(p, cases)
	}
	if err == nil && o.changed != "" {
		cases, err = o.touched(ctx, p, cases)
	}
	if err != nil {
		return nil, err
	}
	return o.shard.Cases(cases)
}

// named gives the cases whose names are asked for.
func (o *caseFlags) named(env *Env, p *promise.Promise) ([]*fixture.Case, error) {
	run, err := pattern("--run", o.run)
	if err != nil {
		return nil, err
	}
	skip, err := pattern("--skip", o.skip)
	if err != nil {
		return nil, err
	}
	tests, err := fixture.Discover(p.Dir)
	if err != nil {
		return nil, err
	}
	view.Findings(env.err(), tests.Warnings)
	return fixture.Select(tests.Cases, o.cases, run, skip)
}

// touched gives the cases that changes since a commit can touch.
func (o *caseFlags) touched(ctx context.Context, p *promise.Promise, cases []*fixture.Case) ([]*fixture.Case, error) {
	files, err := changed.Since(ctx, p.Dir, o.changed)
	if err != nil {
		return nil, fmt.Errorf("--changed: %w", err)
	}
	touched := suite.Touched(p, cases, files, false)
	if len(touched) == 0 {
		err := diag.NotFoundf("--changed: what has changed since %s touches no case", o.changed)
		return nil, diag.Hint(err, "--allow-empty exits 0 then")
	}
	return touched, nil
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
