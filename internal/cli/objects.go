// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// objectFlags name the Secrets and ConfigMaps that steps may refer to.
type objectFlags struct{ secrets, configMaps []string }

func (f *objectFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.secrets, "secrets", nil, "`FILE` or directory with Secrets for the steps, beside tests/secrets; repeatable")
	flags.StringArrayVar(&f.configMaps, "configmaps", nil, "`FILE` or directory with ConfigMaps for the steps, beside tests/configmaps; repeatable")
}

// fixtures reads what all cases of the Promise share, and over it what the flags
// name.
func (f *objectFlags) fixtures(env *Env, p *promise.Promise) (workflow.Fixtures, error) {
	shared, err := fixture.ReadObjects(filepath.Join(p.Dir, "tests"), nil, nil)
	if err != nil {
		return workflow.Fixtures{}, err
	}
	given, err := fixture.ReadObjects("", f.secrets, f.configMaps)
	if err != nil {
		return workflow.Fixtures{}, err
	}
	view.Findings(env.err(), append(shared.Warnings, given.Warnings...))
	all := given.Over(shared)
	return workflow.Fixtures{Secrets: all.Secrets, ConfigMaps: all.ConfigMaps, Advice: all.Advice}, nil
}
