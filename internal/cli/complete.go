// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/inspect"
)

// completionTime is how long a shell waits for names: later ones are of no use
// to somebody who types.
const completionTime = 300 * time.Millisecond

// completeNames completes the names of objects of a kind from the platform, if
// it answers in time.
func completeNames(env *Env, o *sourceFlags, r inspect.Resource) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		answer := make(chan []string, 1)
		go func() { answer <- namesOf(ctx, env, o, r, prefix) }()
		select {
		case names := <-answer:
			return names, cobra.ShellCompDirectiveNoFileComp
		case <-ctx.Done():
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// namesOf lists the names that begin with a prefix; none if they cannot be had.
func namesOf(ctx context.Context, env *Env, o *sourceFlags, r inspect.Resource, prefix string) []string {
	source, err := o.open(env)
	if err != nil {
		return nil
	}
	var names []string
	err = source.Rows(ctx, r, inspect.Query{Namespace: source.namespace}, func(row inspect.Row) error {
		if strings.HasPrefix(row.Meta.Name, prefix) {
			names = append(names, row.Meta.Name)
		}
		return nil
	})
	if err != nil {
		return nil
	}
	slices.Sort(names)
	return names
}
