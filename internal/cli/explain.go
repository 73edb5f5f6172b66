// SPDX-License-Identifier: Apache-2.0

package cli

import "github.com/spf13/cobra"

func newExplainCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "explain",
		Short:   "Explain a decision of Kratix, or what its pipelines may do",
		GroupID: groupTest,
	}
	cmd.AddCommand(newExplainPlacementCmd(env), newExplainPermissionsCmd(env))
	return cmd
}
