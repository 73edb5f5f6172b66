// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/pulumischema"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/pulumi"
	"github.com/kratix-tools/kratix/internal/view"
)

type initPulumiComponentOptions struct {
	translateFlags

	source pulumischema.Source
	pulumi pulumi.Options
}

func newInitPulumiComponentCmd(env *Env) *cobra.Command {
	var opts initPulumiComponentOptions
	cmd := &cobra.Command{
		Use:   "pulumi-component-promise NAME --schema SCHEMA --group GROUP --kind KIND",
		Short: "Write a Promise of a Pulumi component",
		Long: `Write a Promise whose requests are the inputs of a Pulumi component. A stage
writes a program with the component, and its stack, for each of them.

The API is made of the schema of the component's package. What the component
accepts and an API cannot say is told, field by field. A schema that is a file
becomes part of the Promise, as far as the stage needs it.

To fetch a schema that is not public, put the token into PULUMI_ACCESS_TOKEN, or
the name of its file into PULUMI_ACCESS_TOKEN_FILE. It is sent over https alone.`,
		Example: `  kratix init pulumi-component-promise bucket --schema schema.json \
    --group acme.org --kind Bucket
  kratix init pulumi-component-promise bucket --group acme.org --kind Bucket \
    --schema https://packages.acme.org/storage/schema.json \
    --component storage:index:Bucket`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name = args[0]
			return runInitPulumiComponent(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd, "v1alpha1", pulumi.StageImage)
	flags := cmd.Flags()
	flags.StringVar(&opts.source.Address, "schema", "", "`SCHEMA` of the package: an https:// URL, a file, or a directory with a schema.json or schema.yaml (required)")
	flags.StringVar(&opts.pulumi.Component, "component", "", "`TOKEN` of the component (required if there are several)")
	flags.StringVar((*string)(&opts.pulumi.SchemaToken), "schema-bearer-token-secret", "", "`NAME:KEY` of the Secret that has the token with which the stage fetches the schema")
	flags.StringVar((*string)(&opts.pulumi.StackToken), "stack-access-token-secret", "", "`NAME:KEY` of the Secret that has the access token of the stack")
	return cmd
}

func runInitPulumiComponent(ctx context.Context, env *Env, opts initPulumiComponentOptions) error {
	opts.pulumi.Schema, opts.pulumi.Local, opts.pulumi.StageImage = opts.source.Address, opts.source.Local(), opts.stageImage
	schema := scaffold.Required{Flag: "--schema", Given: opts.source.Address != "", Example: "schema.json"}
	found := diag.Findings(opts.check(schema))
	found = append(append(found, opts.source.Check()...), opts.pulumi.Check()...)
	if err := diag.Problems("", found); err != nil {
		return err
	}
	opts.source.Getenv = env.Getenv
	stop := view.StartBusy(env.err(), "fetching the schema")
	data, err := opts.source.Get(ctx)
	stop()
	if err != nil {
		return err
	}
	p, err := pulumi.Parse(data)
	if err != nil {
		return opts.source.In(err)
	}
	c, err := p.Component(opts.pulumi.Component)
	if err != nil {
		return err
	}
	content, findings := pulumi.Content(opts.pulumi, p, c)
	return opts.write(env, content, append(opts.source.Notes(), findings...))
}
