// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/view"
)

// requestOptions are those of a single request.
type requestOptions struct {
	inspectFlags
	storeFlags
	followFlags

	verify bool
}

func newInspectRequestCmd(env *Env) *cobra.Command {
	var opts requestOptions
	cmd := &cobra.Command{
		Use:   "request KIND/NAME",
		Short: "Show the whole story of a request: workflow, Works, documents",
		Long: `Show the whole story of a request, beginning with where it landed: what its
workflow did, the Works that came out, where each is placed, and the documents.
KIND is the kind of the request, its plural or the name of the Promise.`,
		Example: `  kratix inspect request postgres/orders -n team-shop

  # in a script: wait until it is written, for at most a minute
  kratix inspect request postgres/orders --wait-for written --timeout 1m`,
		Args:              requestArgs,
		ValidArgsFunction: completeRequests(env, &opts.sourceFlags),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInspectRequest(cmd.Context(), env, opts, strings.Join(args, "/"))
		},
	}
	opts.inspectFlags.register(cmd, oneFormats()...)
	opts.storeFlags.register(cmd)
	opts.followFlags.register(cmd)
	cmd.Flags().BoolVar(&opts.verify, "verify", false, "read the state stores and compare what lies there")
	return cmd
}

// requestArgs takes KIND/NAME or, as kubectl does, KIND NAME.
func requestArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError(cmd, errors.New("KIND/NAME is missing"))
	}
	if _, _, err := kindAndName(strings.Join(args, "/")); err != nil {
		return usageError(cmd, err)
	}
	return nil
}

func kindAndName(arg string) (kind, name string, err error) {
	kind, name, ok := strings.Cut(arg, "/")
	if !ok || kind == "" || name == "" || strings.Contains(name, "/") {
		return "", "", diag.Inputf("%q is not KIND/NAME, such as postgres/orders-db", arg)
	}
	return kind, name, nil
}

func runInspectRequest(ctx context.Context, env *Env, opts requestOptions, arg string) error {
	kind, name, err := kindAndName(arg)
	if err != nil {
		return err
	}
	in, source, err := opts.inspector(env)
	if err != nil {
		return err
	}
	resource, err := in.RequestResource(ctx, kind)
	if err != nil {
		return err
	}
	stores, err := opts.stores(env, source)
	if err != nil {
		return err
	}
	defer stores.close()
	opts.verify = opts.verify || opts.waitFor == waitVerified
	s := scope{source.namespace, []inspect.Resource{resource, inspect.Works, inspect.WorkPlacements, inspect.Destinations}}
	return opts.run(ctx, env, source, s, opts.output.Format, func(ctx context.Context) (progress, error) {
		report, err := in.Request(ctx, kind, source.namespace, name)
		if err != nil {
			return progress{}, err
		}
		if opts.verify {
			stop := stores.reading()
			err := in.VerifyRequest(ctx, report, stores.open)
			stop()
			if err != nil {
				return progress{}, err
			}
		}
		return progress{
			report: report,
			show: func() error {
				return view.Request(env.out(), &opts.output, report, strings.ToLower(resource.Kind)+"."+resource.Group)
			},
			reached: func(s inspect.State) bool { return requestReached(report, s) },
			verdict: opts.judged(report.Verdict.Healthy, "request "+arg),
		}, nil
	})
}

// requestReached says whether a workflow has ended and all its Works have come
// as far as a state.
func requestReached(r *inspect.RequestReport, s inspect.State) bool {
	ended := r.Workflow.State == inspect.WorkflowCompleted || r.Workflow.State == inspect.WorkflowNone
	return ended && !slices.ContainsFunc(r.Works, func(w inspect.WorkReport) bool { return !w.Verdict.Reached(s) })
}

// completeRequests completes KIND/NAME: first the kind, then the name.
func completeRequests(env *Env, o *sourceFlags) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		answer := make(chan []string, 1)
		kind, name, second := strings.Cut(prefix, "/")
		go func() {
			if !second {
				answer <- kindsOf(ctx, env, o, prefix)
				return
			}
			answer <- requestsOf(ctx, env, o, kind, name)
		}()
		directive := cobra.ShellCompDirectiveNoFileComp
		if !second {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		select {
		case names := <-answer:
			return names, directive
		case <-ctx.Done():
			return nil, directive
		}
	}
}

// kindsOf lists the Promises whose names begin with a prefix, as kinds.
func kindsOf(ctx context.Context, env *Env, o *sourceFlags, prefix string) []string {
	kinds := namesOf(ctx, env, o, inspect.Promises, prefix)
	for i := range kinds {
		kinds[i] += "/"
	}
	return kinds
}

func requestsOf(ctx context.Context, env *Env, o *sourceFlags, kind, prefix string) []string {
	source, err := o.open(env)
	if err != nil {
		return nil
	}
	resource, err := inspect.New(source, inspect.Options{}).RequestResource(ctx, kind)
	if err != nil {
		return nil
	}
	names := namesOf(ctx, env, o, resource, prefix)
	for i := range names {
		names[i] = kind + "/" + names[i]
	}
	return names
}
