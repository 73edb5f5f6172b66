// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/view"
)

func newPlatformCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "platform",
		Short:   "Ask a platform for resources",
		GroupID: groupPlatform,
	}
	get := &cobra.Command{Use: "get", Short: "List resources of a platform"}
	get.AddCommand(newPlatformGetResourcesCmd(env))
	cmd.AddCommand(get)
	return cmd
}

func newPlatformGetResourcesCmd(env *Env) *cobra.Command {
	var opts inspectFlags
	cmd := &cobra.Command{
		Use:   "resources PROMISE",
		Short: "List the requests of a Promise, and the requests made for each",
		Long: `List the requests of a Promise in all namespaces, or in that of -n, and below
each the requests of other Promises that were made for it: those with its name
in the labels kratix.io/component-of-promise-name, -resource-name and
-resource-namespace.`,
		Example:           `  kratix platform get resources webapp -o wide`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeNames(env, &opts.sourceFlags, inspect.Promises),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPlatformGetResources(cmd.Context(), env, opts, args[0])
		},
	}
	opts.register(cmd, view.Wide, view.JSON, view.YAML, view.JSONPath, view.GoTemplate)
	return cmd
}

func runPlatformGetResources(ctx context.Context, env *Env, opts inspectFlags, promise string) error {
	name, err := named(promise, inspect.Promises)
	if err != nil {
		return err
	}
	in, _, err := opts.inspector(env)
	if err != nil {
		return err
	}
	tree, err := in.Resources(ctx, name, opts.config.Overrides.Context.Namespace)
	if err != nil {
		return err
	}
	return view.Resources(env.out(), &opts.output, tree)
}
