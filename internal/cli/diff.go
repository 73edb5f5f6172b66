// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/view"
)

func newDiffCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "diff",
		Short:   "Show how what is differs from what should be",
		GroupID: groupPlatform,
	}
	cmd.AddCommand(newDiffWorkCmd(env))
	return cmd
}

type diffOptions struct {
	sourceFlags
	storeFlags

	format      view.Format
	showSecrets bool
}

func newDiffWorkCmd(env *Env) *cobra.Command {
	var opts diffOptions
	cmd := &cobra.Command{
		Use:   "work NAME",
		Short: "Show how the state stores differ from what a Work wants there",
		Long: `Read what lies in the state stores now and show how it differs from what the
controller should have written for a Work: a unified diff for each file, with
the store on the left. Exits 1 if something differs. Values in Secrets are
replaced unless --show-secrets is given.`,
		Example:           `  kratix diff work orders-instance-19de0 -n team-shop`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeNames(env, &opts.sourceFlags, inspect.Works),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDiffWork(cmd.Context(), env, opts, args[0])
		},
	}
	opts.sourceFlags.register(cmd)
	opts.storeFlags.register(cmd)
	cmd.Flags().BoolVar(&opts.showSecrets, "show-secrets", false, "show the values in Secrets, too")
	cmd.Flags().VarP(newEnum(&opts.format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

func runDiffWork(ctx context.Context, env *Env, opts diffOptions, arg string) error {
	name, err := named(arg, inspect.Works)
	if err != nil {
		return err
	}
	source, err := opts.open(env)
	if err != nil {
		return err
	}
	stores, err := opts.stores(env, source)
	if err != nil {
		return err
	}
	defer stores.close()
	in := inspect.New(source, inspect.Options{Now: source.now, ShowSecrets: opts.showSecrets})
	report, err := in.Work(ctx, source.namespace, name)
	if err != nil {
		return err
	}
	stop := stores.reading()
	diffs, err := in.Diff(ctx, report, stores.open)
	stop()
	if err != nil {
		return err
	}
	if err := view.Diff(env.out(), opts.format, report, diffs); err != nil {
		return err
	}
	if len(diffs) == 0 {
		return nil
	}
	err = fmt.Errorf("the state stores differ from Work %s/%s", report.Namespace, report.Name)
	if !slices.ContainsFunc(diffs, func(d inspect.FileDiff) bool { return d.State != inspect.StateUnverified }) {
		return shown(diag.Machine(err)) // nothing could be read
	}
	return shown(diag.Answer(err))
}
