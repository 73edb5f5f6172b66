// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/view"
)

func newInspectCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Show what landed at which Destination of a platform, and why",
		Long: `Show what landed at which Destination of a platform, and why. The verdict is
computed from the Works, the Destinations' labels and the WorkPlacements that
exist, not copied from conditions; where the two differ, that is shown too.

It reads a cluster, as kubectl would, or with -f what was saved from one:

  kubectl get promises,works,workplacements,destinations,gitstatestores,bucketstatestores -A -o yaml > platform.yaml
  kratix inspect works -A -f platform.yaml

For "inspect request" the file needs the requests, too: add their kinds to the
list, such as webapps.`,
		GroupID: groupPlatform,
	}
	cmd.AddCommand(
		newInspectWorksCmd(env), newInspectWorkCmd(env), newInspectWorkPlacementsCmd(env),
		newInspectDestinationsCmd(env), newInspectDestinationCmd(env),
		newInspectPromisesCmd(env), newInspectPromiseCmd(env), newInspectRequestCmd(env),
	)
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknownCommand(cmd, args[0])
	}
	return cmd
}

// inspectFlags are those of all sub-commands of inspect.
type inspectFlags struct {
	sourceFlags

	output      view.Output
	exitCode    bool
	limit       int64
	showSecrets bool
}

func (o *inspectFlags) register(cmd *cobra.Command, formats ...view.Format) {
	o.sourceFlags.register(cmd)
	o.output = view.NewOutput(append([]view.Format{view.Text}, formats...)...)
	flags := cmd.Flags()
	flags.VarP(&o.output, "output", "o", "format: "+o.output.Formats())
	flags.BoolVar(&o.exitCode, "exit-code", false, "exit 1 if something is not as it should be")
}

// listFormats and oneFormats are those of lists and of single objects.
func listFormats() []view.Format {
	return []view.Format{view.Wide, view.JSON, view.YAML, view.Name, view.JSONPath, view.GoTemplate}
}

func oneFormats() []view.Format {
	return append(listFormats(), view.Dot, view.Mermaid)
}

// inspector opens the platform.
func (o *inspectFlags) inspector(env *Env) (*inspect.Inspector, *platformSource, error) {
	source, err := o.open(env)
	if err != nil {
		return nil, nil, err
	}
	o.output.Again = o.again()
	return inspect.New(source, inspect.Options{Now: source.now, MaxDocument: o.limit, ShowSecrets: o.showSecrets}), source, nil
}

// judged is the exit code's error of a verdict, if one was asked for.
func (o *inspectFlags) judged(healthy bool, what string) error {
	if !o.exitCode || healthy {
		return nil
	}
	return shown(diag.Answer(fmt.Errorf("%s is not healthy", what)))
}

// worksFlags narrow a list of Works or WorkPlacements.
type worksFlags struct {
	inspectFlags

	query inspect.WorksQuery
}

func (o *worksFlags) register(cmd *cobra.Command) {
	o.inspectFlags.register(cmd, listFormats()...)
	flags := cmd.Flags()
	flags.BoolVarP(&o.query.AllNamespaces, "all-namespaces", "A", false, "in all namespaces")
	flags.StringVarP(&o.query.Labels, "selector", "l", "", "only with labels that match `SELECTOR`")
	flags.StringVar(&o.query.Fields, "field-selector", "", "only with fields that match `SELECTOR`")
	flags.StringVar(&o.query.Promise, "promise", "", "only those of the Promise `NAME`")
	flags.StringVar(&o.query.Request, "request", "", "only those of the request `[KIND/]NAME`")
	flags.StringVar(&o.query.Destination, "destination", "", "only those with something on the Destination `NAME`")
	flags.BoolVar(&o.query.NotReady, "not-ready", false, "only those that are not as they should be")
}

func newInspectWorksCmd(env *Env) *cobra.Command {
	var opts worksFlags
	var follow followFlags
	cmd := &cobra.Command{
		Use:     "works",
		Aliases: []string{"works.platform.kratix.io"},
		Short:   "List Works, how far each has come and what is wrong",
		Example: `  # everything that is not where it should be
  kratix inspect works -A --not-ready

  # in CI: fail if a request did not land
  kratix inspect works --request orders --exit-code`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeNames(env, &opts.sourceFlags, inspect.Works),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return runInspectWork(cmd.Context(), env, workOptions{inspectFlags: opts.inspectFlags}, args[0])
			}
			return runInspectWorks(cmd.Context(), env, opts, follow)
		},
	}
	opts.register(cmd)
	follow.register(cmd)
	return cmd
}

func runInspectWorks(ctx context.Context, env *Env, opts worksFlags, follow followFlags) error {
	in, source, err := opts.inspector(env)
	if err != nil {
		return err
	}
	opts.query.Namespace = source.namespace
	return follow.run(ctx, env, source, worksScope(opts.query), opts.output.Format, func(ctx context.Context) (progress, error) {
		list, err := in.Works(ctx, opts.query)
		if err != nil {
			return progress{}, err
		}
		return progress{
			report:  list,
			show:    func() error { return view.Works(env.out(), &opts.output, list, opts.query.AllNamespaces) },
			reached: func(s inspect.State) bool { return reachedAll(list, s) },
			verdict: opts.judged(list.Healthy == list.Total, "a Work"),
		}, nil
	})
}

// reachedAll says whether all Works of a list have come as far as a state.
func reachedAll(l *inspect.WorkList, s inspect.State) bool {
	return len(l.Items) > 0 && !slices.ContainsFunc(l.Items, func(w inspect.WorkSummary) bool { return !w.Verdict.Reached(s) })
}

func newInspectWorkPlacementsCmd(env *Env) *cobra.Command {
	var opts worksFlags
	cmd := &cobra.Command{
		Use:     "workplacements",
		Aliases: []string{"workplacement", "wp", "wps"},
		Short:   "List WorkPlacements and what keeps them from being written",
		Example: `  # what is not written yet, and why
  kratix inspect workplacements -A --not-ready`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, source, err := opts.inspector(env)
			if err != nil {
				return err
			}
			opts.query.Namespace = source.namespace
			opts.query.Full = opts.output.Format != view.Text && opts.output.Format != view.Name
			list, err := in.WorkPlacements(cmd.Context(), opts.query)
			if err != nil {
				return err
			}
			if err := view.WorkPlacements(env.out(), &opts.output, list, opts.query.AllNamespaces); err != nil {
				return err
			}
			return opts.judged(list.Healthy == len(list.Items), "a WorkPlacement")
		},
	}
	opts.register(cmd)
	return cmd
}

func newInspectDestinationsCmd(env *Env) *cobra.Command {
	var opts inspectFlags
	cmd := &cobra.Command{
		Use:               "destinations",
		Aliases:           []string{"dest", "dests"},
		Short:             "List Destinations, their labels and how much is written to each",
		Example:           `  kratix inspect destinations -o wide`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeNames(env, &opts.sourceFlags, inspect.Destinations),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return runInspectDestination(cmd.Context(), env, opts, args[0])
			}
			in, _, err := opts.inspector(env)
			if err != nil {
				return err
			}
			list, err := in.Destinations(cmd.Context())
			if err != nil {
				return err
			}
			if err := view.Destinations(env.out(), &opts.output, list); err != nil {
				return err
			}
			sick := slices.ContainsFunc(list.Items, func(d inspect.DestinationSummary) bool { return !d.Healthy })
			return opts.judged(!sick, "a Destination")
		},
	}
	opts.register(cmd, listFormats()...)
	return cmd
}

func newInspectDestinationCmd(env *Env) *cobra.Command {
	var opts inspectFlags
	cmd := &cobra.Command{
		Use:               "destination NAME",
		Short:             "Show what landed on a Destination, and where in its state store",
		Example:           `  kratix inspect destination eu-production`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeNames(env, &opts.sourceFlags, inspect.Destinations),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInspectDestination(cmd.Context(), env, opts, args[0])
		},
	}
	opts.register(cmd, listFormats()...)
	return cmd
}

func runInspectDestination(ctx context.Context, env *Env, opts inspectFlags, name string) error {
	name, err := named(name, inspect.Destinations)
	if err != nil {
		return err
	}
	in, _, err := opts.inspector(env)
	if err != nil {
		return err
	}
	report, err := in.Destination(ctx, name)
	if err != nil {
		return err
	}
	if err := view.Destination(env.out(), &opts.output, report); err != nil {
		return err
	}
	return opts.judged(report.Verdict.Healthy, "Destination "+name)
}

func newInspectPromisesCmd(env *Env) *cobra.Command {
	var opts inspectFlags
	cmd := &cobra.Command{
		Use:   "promises",
		Short: "List Promises and whether they can be used",
		Example: `  # in CI: fail if one cannot be used
  kratix inspect promises --exit-code`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeNames(env, &opts.sourceFlags, inspect.Promises),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return runInspectPromise(cmd.Context(), env, opts, args[0])
			}
			in, _, err := opts.inspector(env)
			if err != nil {
				return err
			}
			list, err := in.Promises(cmd.Context())
			if err != nil {
				return err
			}
			if err := view.Promises(env.out(), &opts.output, list); err != nil {
				return err
			}
			sick := slices.ContainsFunc(list.Items, func(p inspect.PromiseSummary) bool { return !p.Healthy })
			return opts.judged(!sick, "a Promise")
		},
	}
	opts.register(cmd, listFormats()...)
	return cmd
}

func newInspectPromiseCmd(env *Env) *cobra.Command {
	var opts inspectFlags
	cmd := &cobra.Command{
		Use:               "promise NAME",
		Short:             "Show all about a Promise: its workflow, Works and requests",
		Example:           `  kratix inspect promise postgres`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeNames(env, &opts.sourceFlags, inspect.Promises),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInspectPromise(cmd.Context(), env, opts, args[0])
		},
	}
	opts.register(cmd, listFormats()...)
	return cmd
}

func runInspectPromise(ctx context.Context, env *Env, opts inspectFlags, name string) error {
	name, err := named(name, inspect.Promises)
	if err != nil {
		return err
	}
	in, _, err := opts.inspector(env)
	if err != nil {
		return err
	}
	report, err := in.Promise(ctx, name)
	if err != nil {
		return err
	}
	if err := view.Promise(env.out(), &opts.output, report); err != nil {
		return err
	}
	return opts.judged(report.Verdict.Healthy, "Promise "+name)
}

// named takes NAME or TYPE/NAME, where TYPE is a name of the kind.
func named(arg string, r inspect.Resource) (string, error) {
	kind, name, both := strings.Cut(arg, "/")
	if !both {
		return arg, nil
	}
	short, _, _ := strings.Cut(strings.ToLower(kind), ".")
	if short != r.Plural && short != strings.ToLower(r.Kind) || name == "" {
		return "", diag.Inputf("%s is not the name of a %s; want NAME or %s/NAME", arg, r.Kind, strings.ToLower(r.Kind))
	}
	return name, nil
}
