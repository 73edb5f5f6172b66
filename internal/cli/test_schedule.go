// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/suite"
)

type testScheduleOptions struct {
	promiseFlags
	caseFlags
}

func newTestScheduleCmd(env *Env) *cobra.Command {
	var opts testScheduleOptions
	cmd := &cobra.Command{
		Use:   "schedule [CASE...]",
		Short: "Compare placements with their goldens, without running containers",
		Long: `Place what the cases in tests/ have recorded in expected/output and
expected/metadata, and compare with their placements.yaml. No container engine
is needed: after a change of the Promise's destinationSelectors, of a
Destination or of a golden, this tells in milliseconds where documents would go.

A case whose containers have never run has nothing recorded and fails; one that
makes no Work is skipped. --update writes placements.yaml.`,
		Example: `  # all cases
  kratix test schedule

  # take the new placements as golden
  kratix test schedule --update`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.cases = args
			return runTestSchedule(cmd.Context(), env, opts)
		},
	}
	opts.promiseFlags.register(cmd)
	cmd.ValidArgsFunction = opts.completeCases
	opts.caseFlags.register(cmd)
	return cmd
}

func runTestSchedule(ctx context.Context, env *Env, opts testScheduleOptions) error {
	p, err := opts.loadChecked(env)
	if err != nil {
		return err
	}
	cases, err := opts.selected(ctx, env, p, suite.Narrow{})
	if err != nil || len(cases) == 0 {
		return errors.Join(err, opts.nothing(env, p, err))
	}
	report, err := opts.show(ctx, env, &suite.Suite{
		Promise: p, Cases: cases, Recorded: true, Environment: suite.Environment{Engine: suite.NoEngine},
		Jobs: opts.jobs, FailFast: opts.failFast, Update: opts.update,
	}, nil, false)
	if err != nil {
		return err
	}
	return verdict(report)
}
