// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/chart"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/helm"
	"github.com/kratix-tools/kratix/internal/view"
)

type initHelmOptions struct {
	translateFlags

	source chart.Source
}

func newInitHelmCmd(env *Env) *cobra.Command {
	var opts initHelmOptions
	cmd := &cobra.Command{
		Use:   "helm-promise NAME --chart-url URL --group GROUP --kind KIND",
		Short: "Write a Promise of a Helm chart",
		Long: `Write a Promise whose requests are the values of a Helm chart. A stage renders
the chart for each of them.

The API is made of the chart's values.schema.json, and of its values.yaml for
what that leaves out. It sets no defaults: those of the chart apply. What the
chart says of its values and an API cannot say is told, value by value.`,
		Example: `  kratix init helm-promise redis --chart-url oci://registry.acme.org/charts/redis \
    --group acme.org --kind Redis
  kratix init helm-promise redis --chart-url https://charts.acme.org \
    --chart-name redis --chart-version 1.2.3 --group acme.org --kind Redis`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name = args[0]
			return runInitHelm(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd, "v1alpha1", helm.StageImage)
	flags := cmd.Flags()
	flags.StringVar(&opts.source.URL, "chart-url", "", "`URL` of the chart: oci://..., that of a .tgz or of a repository; a directory or file for a first look (required)")
	flags.StringVar(&opts.source.Name, "chart-name", "", "`NAME` of the chart in the repository")
	flags.StringVar(&opts.source.Version, "chart-version", "", "`VERSION` of the chart, or a range such as ^1.2 (default the latest)")
	return cmd
}

func runInitHelm(ctx context.Context, env *Env, opts initHelmOptions) error {
	if err := opts.check(scaffold.Required{Flag: "--chart-url", Given: opts.source.URL != "", Example: "oci://registry.acme.org/charts/redis"}); err != nil {
		return err
	}
	stop := view.StartBusy(env.err(), "fetching the chart")
	c, err := opts.source.Get(ctx)
	stop()
	if err != nil {
		return err
	}
	content, findings, err := helm.Content(helm.Options{
		URL: opts.source.URL, Name: opts.source.Name, Version: opts.source.Version, StageImage: opts.stageImage, Local: opts.source.Local(),
	}, c.Values, c.Schema)
	if err != nil {
		return err
	}
	return opts.write(env, content, append(opts.source.Notes(c), findings...))
}
