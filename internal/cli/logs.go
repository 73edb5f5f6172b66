// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/kube"
	"github.com/kratix-tools/kratix/internal/view"
)

func newLogsCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "logs",
		Short:   "Print what the steps of a workflow have said on a platform",
		GroupID: groupPlatform,
	}
	cmd.AddCommand(newLogsRequestCmd(env), newLogsPromiseCmd(env))
	return cmd
}

type logsOptions struct {
	config kube.Config

	container, pipeline string
	follow, timestamps  bool
	all, own            bool
	tail                int64
}

func (o *logsOptions) register(cmd *cobra.Command) {
	o.config.Register(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&o.pipeline, "pipeline", "", "only the Pipeline `NAME`")
	flags.StringVar(&o.container, "container", "", "only the step `NAME`")
	flags.BoolVarP(&o.follow, "follow", "f", false, "go on until the workflow has ended")
	flags.BoolVar(&o.timestamps, "timestamps", false, "when each line was printed")
	flags.BoolVar(&o.all, "previous", false, "earlier runs as well, not only the last of each Pipeline")
	flags.BoolVar(&o.own, "kratix", false, "Kratix' own steps as well: reader, work-writer and status-writer")
	flags.Int64Var(&o.tail, "tail", -1, "only the last `N` lines of each step")
}

func newLogsRequestCmd(env *Env) *cobra.Command {
	var opts logsOptions
	cmd := &cobra.Command{
		Use:   "request KIND/NAME",
		Short: "Print the steps' logs of the workflow of a request, in running order",
		Example: `  kratix logs request postgres/orders -n team-shop
  kratix logs request postgres/orders --follow`,
		Args: requestArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLogs(cmd.Context(), env, opts, strings.Join(args, "/"), "")
		},
	}
	opts.register(cmd)
	return cmd
}

func newLogsPromiseCmd(env *Env) *cobra.Command {
	var opts logsOptions
	cmd := &cobra.Command{
		Use:     "promise NAME",
		Short:   "Print the steps' logs of the workflow of a Promise itself",
		Example: `  kratix logs promise postgres --follow`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLogs(cmd.Context(), env, opts, "", args[0])
		},
	}
	opts.register(cmd)
	return cmd
}

// runLogs prints the logs of a request or of a Promise.
func runLogs(ctx context.Context, env *Env, opts logsOptions, request, promise string) error {
	opts.config.Getenv = env.Getenv
	client, err := opts.config.Connect()
	if err != nil {
		return err
	}
	l := &logs{env: env, opts: &opts, client: client, in: inspect.New(client, inspect.Options{})}
	l.query.Promise = promise
	if request != "" {
		kind, name, err := kindAndName(request)
		if err != nil {
			return err
		}
		l.query.Namespace, l.query.Name = client.Namespace, name
		if l.query.Promise, l.resource, err = l.in.Serving(ctx, kind); err != nil {
			return err
		}
	}
	return l.print(ctx)
}

// logs prints logs.
type logs struct {
	env      *Env
	opts     *logsOptions
	client   *kube.Client
	in       *inspect.Inspector
	query    inspect.RunsQuery
	resource inspect.Resource

	printed map[string]bool // by Pod and step
	failed  error
}

// poll is how often new Pods and steps are looked for while following.
const poll = time.Second

// print prints what there is and, if asked, what comes.
func (l *logs) print(ctx context.Context) error {
	l.printed = map[string]bool{}
	for {
		runs, err := l.runs(ctx)
		if err != nil {
			return err
		}
		if len(runs) == 0 && !l.opts.follow {
			return l.nothing(ctx, runs)
		}
		for i := range runs {
			if err := l.run(ctx, &runs[i]); err != nil {
				return err
			}
		}
		if !l.opts.follow || ended(runs) {
			if len(l.printed) == 0 {
				return l.nothing(ctx, runs)
			}
			return l.failed
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

// runs are the Pods whose logs are wanted: the last of each Pipeline, unless
// all are.
func (l *logs) runs(ctx context.Context) ([]inspect.Run, error) {
	all, err := l.in.Runs(ctx, l.query)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r inspect.Run) bool { return l.opts.pipeline != "" && r.Pipeline != l.opts.pipeline })
	if l.opts.all {
		return all, nil
	}
	last := map[string]string{}
	for _, r := range all {
		last[r.Action+"/"+r.Pipeline] = r.Pod
	}
	return slices.DeleteFunc(all, func(r inspect.Run) bool { return last[r.Action+"/"+r.Pipeline] != r.Pod }), nil
}

func ended(runs []inspect.Run) bool {
	for i := range runs {
		steps := runs[i].Steps
		failed := slices.ContainsFunc(steps, func(s inspect.Step) bool { return s.State == inspect.StepFailed })
		if len(steps) > 0 && steps[len(steps)-1].State != inspect.StepSucceeded && !failed {
			return false
		}
	}
	return len(runs) > 0
}

func (l *logs) run(ctx context.Context, r *inspect.Run) error {
	for i := range r.Steps {
		s := &r.Steps[i]
		key := r.Pod + "/" + s.Name
		if l.printed[key] || !l.wanted(s) {
			continue
		}
		if !s.Has() {
			if l.opts.follow {
				return nil // later ones begin after it
			}
			continue
		}
		l.printed[key] = true
		view.LogHead(l.env.out(), r, s)
		if err := l.step(ctx, r, s); err != nil {
			return err
		}
	}
	return nil
}

func (l *logs) wanted(s *inspect.Step) bool {
	if l.opts.container != "" {
		return s.Name == l.opts.container
	}
	return l.opts.own || !s.Own
}

// step prints the log of one step. One that is gone does not keep others from
// being printed.
func (l *logs) step(ctx context.Context, r *inspect.Run, s *inspect.Step) error {
	log, err := l.client.Logs(ctx, r.Namespace, r.Pod, s.Name, kube.LogOptions{
		Follow: l.opts.follow, Timestamps: l.opts.timestamps, TailLines: l.opts.tail,
	})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		view.Error(l.env.err(), err)
		l.failed = shown(diag.Machine(err))
		return nil
	}
	defer func() { _ = log.Close() }()
	for lines := bufio.NewReader(log); ; {
		line, err := lines.ReadString('\n')
		if line != "" {
			view.LogLine(l.env.out(), strings.TrimSuffix(line, "\n"))
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return diag.Machine(fmt.Errorf("reading the log of %s: %w", s.Name, err))
		}
	}
}

// nothing says why there are no logs: there is no such request, or no such
// step, or no Pod.
func (l *logs) nothing(ctx context.Context, runs []inspect.Run) error {
	what := "the workflow of Promise " + l.query.Promise
	hint := "kratix inspect promise " + l.query.Promise
	if l.query.Name != "" {
		if _, err := l.in.Request(ctx, l.query.Promise, l.query.Namespace, l.query.Name); err != nil {
			return err
		}
		what = fmt.Sprintf("the workflow of %s %s/%s", l.resource.Kind, l.query.Namespace, l.query.Name)
		hint = fmt.Sprintf("kratix inspect request %s/%s -n %s", l.query.Promise, l.query.Name, l.query.Namespace)
	}
	if steps := stepNames(runs); l.opts.container != "" && len(steps) > 0 && !slices.Contains(steps, l.opts.container) {
		err := diag.NotFoundf("there is no step %q in %s", l.opts.container, what)
		return diag.Hint(err, cmp.Or(diag.DidYouMean(l.opts.container, steps), "there are: "+strings.Join(steps, ", ")))
	}
	return diag.Hint(diag.NotFoundf("no logs: %s has no Pods with such steps; Kubernetes removes the Pod of a Job that failed", what), hint)
}

// stepNames lists the steps of Pods, each once, in running order.
func stepNames(runs []inspect.Run) []string {
	var names []string
	for i := range runs {
		for _, s := range runs[i].Steps {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return names
}
