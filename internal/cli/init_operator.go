// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/operator"
)

type initOperatorOptions struct {
	translateFlags

	manifests  []string
	definition string
}

func newInitOperatorCmd(env *Env) *cobra.Command {
	var opts initOperatorOptions
	cmd := &cobra.Command{
		Use:   "operator-promise NAME --operator-manifests PATH --api-schema-from CRD --group GROUP --kind KIND",
		Short: "Write a Promise of a Kubernetes operator",
		Long: `Write a Promise whose API is one of the CustomResourceDefinitions of an
operator. The operator's manifests become its dependencies, and a stage makes an
object of the operator's kind of each request.

The API has the version of the definition that is stored. Manifests are read as
"kratix update dependencies" reads them.`,
		Example: `  kratix init operator-promise postgresql --operator-manifests operator.yaml \
    --api-schema-from clusters.postgresql.acme.io --group acme.org --kind Database
  kustomize build config/default | kratix init operator-promise cache -m - \
    -a caches.acme.io --group acme.org --kind Cache`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			opts.Name = args[0]
			return runInitOperator(env, opts)
		},
	}
	opts.register(cmd, "that of the operator's API", operator.StageImage)
	flags := cmd.Flags()
	flags.StringArrayVarP(&opts.manifests, "operator-manifests", "m", nil, "`PATH` of the operator's manifests: a file, a directory, or - for standard input; may be repeated (required)")
	flags.StringVarP(&opts.definition, "api-schema-from", "a", "", "name of the `CRD` among them that users are to ask for, such as clusters.postgresql.acme.io (required)")
	return cmd
}

func runInitOperator(env *Env, opts initOperatorOptions) error {
	err := opts.check(
		scaffold.Required{Flag: "--operator-manifests", Given: len(opts.manifests) > 0, Example: "operator.yaml"},
		scaffold.Required{Flag: "--api-schema-from", Given: opts.definition != "", Example: "clusters.postgresql.acme.io"},
	)
	if err != nil {
		return err
	}
	set, err := manifest.Read(opts.manifests, env.In)
	if err != nil {
		return err
	}
	content, findings, err := operator.Content(operator.Options{
		Promise: opts.options(), Manifests: opts.manifests, Definition: opts.definition, StageImage: opts.stageImage,
	}, set)
	if err != nil {
		return err
	}
	return opts.write(env, content, findings)
}
