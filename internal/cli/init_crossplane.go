// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/crossplane"
)

type initCrossplaneOptions struct {
	translateFlags

	xrd                     string
	compositions, functions []string
	skipDependencies        bool
}

func newInitCrossplaneCmd(env *Env) *cobra.Command {
	var opts initCrossplaneOptions
	cmd := &cobra.Command{
		Use:   "crossplane-promise NAME --xrd PATH --group GROUP --kind KIND",
		Short: "Write a Promise of a Crossplane composite resource",
		Long: `Write a Promise whose API is that of a CompositeResourceDefinition. The
definition, its compositions and functions become dependencies, and a stage makes
a claim of each request, or a composite resource if the definition has no claims.

The API has the version of the definition that compositions refer to. All paths
may be directories, and - for standard input.`,
		Example: `  kratix init crossplane-promise network --xrd definition.yaml \
    --compositions composition.yaml --functions functions.yaml \
    --group acme.org --kind Network`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			opts.Name = args[0]
			return runInitCrossplane(env, opts)
		},
	}
	opts.register(cmd, "that of the definition", crossplane.StageImage)
	flags := cmd.Flags()
	flags.StringVarP(&opts.xrd, "xrd", "x", "", "`PATH` of the CompositeResourceDefinition (required)")
	flags.StringArrayVarP(&opts.compositions, "compositions", "c", nil, "`PATH` of compositions; may be repeated")
	flags.StringArrayVarP(&opts.functions, "functions", "f", nil, "`PATH` of functions that they call; may be repeated")
	flags.BoolVarP(&opts.skipDependencies, "skip-dependencies", "s", false, "leave the definition, compositions and functions out of the Promise, for destinations that have them")
	return cmd
}

func runInitCrossplane(env *Env, opts initCrossplaneOptions) error {
	if err := opts.check(scaffold.Required{Flag: "--xrd", Given: opts.xrd != "", Example: "definition.yaml"}); err != nil {
		return err
	}
	sources, err := opts.read(env)
	if err != nil {
		return err
	}
	content, findings, err := crossplane.Content(crossplane.Options{
		Promise: opts.options(), XRD: opts.xrd, Compositions: opts.compositions, Functions: opts.functions,
		SkipDependencies: opts.skipDependencies, StageImage: opts.stageImage,
	}, sources)
	if err != nil {
		return err
	}
	return opts.write(env, content, findings)
}

func (o *initCrossplaneOptions) read(env *Env) (sources crossplane.Sources, err error) {
	for _, source := range []struct {
		paths []string
		set   **manifest.Set
	}{{[]string{o.xrd}, &sources.XRD}, {o.compositions, &sources.Compositions}, {o.functions, &sources.Functions}} {
		if len(source.paths) == 0 {
			continue
		}
		if *source.set, err = manifest.Read(source.paths, env.In); err != nil {
			return sources, err
		}
	}
	return sources, nil
}
