// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/promise"
)

// completionTime is how long a shell waits for names: later ones are of no use
// to somebody who types.
const completionTime = 300 * time.Millisecond

// completeCases completes the names of the cases of the Promise.
func (f *promiseFlags) completeCases(_ *cobra.Command, given []string, prefix string) ([]string, cobra.ShellCompDirective) {
	p, err := f.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	names := slices.DeleteFunc(casesIn(p.Dir), func(name string) bool {
		return !strings.HasPrefix(name, prefix) || slices.Contains(given, name)
	})
	return names, cobra.ShellCompDirectiveDefault // a path names a case, too
}

// casesIn lists the cases of the Promise in a directory; none if they cannot be
// read.
func casesIn(dir string) []string {
	tests, err := fixture.Discover(dir)
	if err != nil {
		return nil
	}
	names := make([]string, len(tests.Cases))
	for i, c := range tests.Cases {
		names[i] = c.Name
	}
	return names
}

// completePipelines completes the names of the workflows of the Promise, and of
// their pipelines.
func (f *promiseFlags) completePipelines(_ *cobra.Command, given []string, prefix string) ([]string, cobra.ShellCompDirective) {
	p, err := f.load()
	if err != nil || len(given) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, ref := range promise.Workflows() {
		pipelines, err := p.Pipelines(ref.Type, ref.Action)
		if err != nil || len(pipelines) == 0 {
			continue
		}
		names = append(names, ref.String())
		for _, pipeline := range pipelines {
			ref.Pipeline = pipeline.Name
			names = append(names, ref.String())
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeEnums completes the values of all flags of cmd that have a closed
// list of them.
func completeEnums(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		closed, ok := flag.Value.(interface{ words() []string })
		if !ok {
			return
		}
		complete := cobra.FixedCompletions(closed.words(), cobra.ShellCompDirectiveNoFileComp)
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, complete) // of a flag that exists, once
	})
}

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
