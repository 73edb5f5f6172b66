// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/view"
)

type scheduleOptions struct {
	outputFlags

	dir           string
	write         string
	allowUnplaced bool
	format        view.Format
}

func newScheduleCmd(env *Env) *cobra.Command {
	var opts scheduleOptions
	cmd := &cobra.Command{
		Use:     "schedule [OUTPUT_DIR]",
		Short:   "Show where Kratix would place an output tree, and why",
		GroupID: groupTest,
		Long: `Make the Work that Kratix would make of an output tree, schedule it onto
Destinations and find the place of every document in its state store, with the
reason for every Destination that is passed over. No container is run and no
cluster is touched. Without OUTPUT_DIR it is about the static dependencies of
the Promise.

OUTPUT_DIR may be what "kratix run workflow -O" left in PIPELINE/output, the
expected/output of a test case, or a case itself; request, workflow, pipeline
and Destinations are then those of the case.`,
		Example: `  # where would this land?
  kratix run workflow -O out
  kratix schedule out/instance/output

  # with the Destinations of a cluster
  kubectl get destinations,gitstatestores,bucketstatestores -o yaml |
    kratix schedule out/instance/output --destinations -

  # the state stores as Kratix would leave them
  kratix schedule tests/resource-configure/small-development --write stores`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.dir = args[0]
			}
			return runSchedule(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&opts.write, "write", "", "write the state stores as Kratix would leave them into `DIR`; created, or empty")
	flags.BoolVar(&opts.allowUnplaced, "allow-unplaced", false, "exit 0 also when a group has no Destination")
	flags.VarP(newEnum(&opts.format, view.Text, view.JSON, view.YAML, view.Dot, view.Mermaid), "output", "o",
		"format: text, json, yaml, dot or mermaid")
	return cmd
}

func runSchedule(ctx context.Context, env *Env, opts scheduleOptions) error {
	if err := opts.checkWrite(); err != nil {
		return err
	}
	scheduled, world, err := opts.schedule(ctx, env)
	if err != nil {
		return err
	}
	view.Findings(env.err(), view.Untold(opts.format, scheduled.Findings))
	if err := view.Schedule(env.out(), opts.format, scheduled); err != nil {
		return err
	}
	if opts.write != "" {
		if err := opts.writeStores(env, scheduled.Schedule, world); err != nil {
			return err
		}
	}
	return opts.verdict(&scheduled)
}

// schedule makes the Work and places it.
func (o *scheduleOptions) schedule(ctx context.Context, env *Env) (view.Scheduled, *platform.Platform, error) {
	if o.dir == "" {
		return o.staticDependencies(env)
	}
	t, err := o.load(env, o.dir)
	if err != nil {
		return view.Scheduled{}, nil, err
	}
	if len(t.pipelines) != 1 {
		err := diag.Inputf("%s holds the output of %d pipelines, and each makes a Work of its own", o.dir, len(t.pipelines))
		return view.Scheduled{}, nil, diag.Hint(err, "--pipeline "+strings.Join(t.pipelines, " or --pipeline "))
	}
	delivery, err := t.run(ctx)
	if err != nil {
		return view.Scheduled{}, nil, err
	}
	s := view.Scheduled{
		Schedule: &delivery.Pipelines[0].Schedule,
		Promise:  t.promise.Name, Version: t.promise.Labels[api.LabelPromiseVersion],
		Workflow: t.ref.String(), Pipeline: t.pipelines[0],
	}
	if t.request != nil {
		s.Request = t.request.Namespace + "/" + t.request.Name
	}
	return s, t.sim.Platform, nil
}

// staticDependencies schedules what a Promise brings along without any workflow.
func (o *scheduleOptions) staticDependencies(env *Env) (view.Scheduled, *platform.Platform, error) {
	if err := o.checkDependencies("without OUTPUT_DIR this"); err != nil {
		return view.Scheduled{}, nil, err
	}
	p, err := o.loadPromise(env, ".")
	if err != nil {
		return view.Scheduled{}, nil, err
	}
	world, err := loadPlatform(env, p, o.destinations, o.existing)
	if err == nil {
		err = checkDestinations(world, o.destinations)
	}
	if err != nil {
		return view.Scheduled{}, nil, err
	}
	s, err := simulate.Dependencies(&p.Promise, world)
	if err == nil && s.Work == nil {
		err = diag.Hint(diag.NotFoundf("the Promise %q has no static dependencies", p.Name), "kratix schedule OUTPUT_DIR")
	}
	return view.Scheduled{Schedule: s, Promise: p.Name, Version: p.Labels[api.LabelPromiseVersion]}, world, err
}

// verdict is the exit code of an answer that was shown.
func (o *scheduleOptions) verdict(s *view.Scheduled) error {
	switch n := s.Unplaced(); {
	case s.Failure != nil:
		return shown(diag.Answer(s.Failure.Err))
	case n > 0 && !o.allowUnplaced:
		return shown(diag.Answer(fmt.Errorf("%d groups have no Destination", n)))
	case s.Spoiled():
		return shown(diag.Answer(errors.New("not all is as it should be")))
	}
	return nil
}

func (o *scheduleOptions) checkWrite() error {
	if o.write == "" {
		return nil
	}
	return checkNewDir("--write", o.write)
}

// writeStores writes the state stores as they would be, all files or none.
func (o *scheduleOptions) writeStores(env *Env, s *simulate.Schedule, world *platform.Platform) error {
	// The scheduler places the groups before the one at which it fails.
	placed := s.Failure == nil || s.Failure.Container == simulate.StatusWriter || s.Failure.Container == simulate.Scheduler
	if s.Work == nil || !placed {
		view.Note(env.err(), "nothing is placed, so nothing is in "+o.write)
		return nil
	}
	var stores placement.Tree
	if err := unwritten(stores.Replay(world)); err != nil {
		return fmt.Errorf("writing the placements that exist: %w", diag.Answer(err))
	}
	if _, err := placement.Deliver(s.Work, s.Placements, world, &stores); unwritten(err) != nil {
		return fmt.Errorf("writing the placements: %w", diag.Answer(unwritten(err)))
	}
	n := 0
	err := newDir(o.write, func(root *os.Root) (err error) {
		n, err = writeTree(root, &stores)
		return err
	})
	if err != nil {
		return err
	}
	view.Note(env.err(), fmt.Sprintf("%s in %s", diag.Count(n, "file"), o.write))
	return nil
}

// unwritten leaves out what Kratix passes over, too: a WorkPlacement with a
// path that leaves its store, which a finding tells.
func unwritten(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	return errors.Join(slices.DeleteFunc(slices.Clone(joined.Unwrap()), func(err error) bool {
		var escape *placement.EscapeError
		return errors.As(err, &escape)
	})...)
}

// writeTree writes the files of state stores, and counts them.
func writeTree(root *os.Root, stores *placement.Tree) (n int, err error) {
	for f := range stores.Files() {
		data, err := f.Content(0)
		if err != nil {
			return n, diag.Input(err)
		}
		// A key in a bucket may begin with a slash; on disk it cannot.
		path := strings.Join([]string{f.Kind, f.Store, strings.TrimLeft(string(f.Path), "/")}, "/")
		if err := writeBelow(root, path, fmt.Sprintf("%s in %s/%s", f.Path, f.Kind, f.Store), data); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
