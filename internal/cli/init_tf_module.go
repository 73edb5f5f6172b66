// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/terraform"
	"github.com/kratix-tools/kratix/internal/tfmodule"
	"github.com/kratix-tools/kratix/internal/view"
)

type initTFModuleOptions struct {
	translateFlags

	source tfmodule.Source
	module terraform.Options
}

func newInitTFModuleCmd(env *Env) *cobra.Command {
	var opts initTFModuleOptions
	cmd := &cobra.Command{
		Use:   "tf-module-promise NAME --module-source SOURCE --group GROUP --kind KIND",
		Short: "Write a Promise of a Terraform module",
		Long: `Write a Promise whose requests are the variables of a Terraform module. A stage
writes a call of the module for each of them.

Types, defaults and descriptions become the schema of the API, and so do the
conditions of validations that a schema can express. What it cannot is told,
variable by variable.

A directory is read as it is, and a Git repository is fetched by git. All other
sources are fetched by the terraform or tofu on the PATH; without one of them,
get the module yourself and name its directory with --module-dir.`,
		Example: `  kratix init tf-module-promise vpc --group acme.org --kind Network \
    --module-source 'git::https://git.acme.org/terraform-vpc.git?ref=v1.2.0'
  kratix init tf-module-promise vpc --group acme.org --kind Network \
    --module-source terraform-aws-modules/vpc/aws --module-registry-version 5.1.0`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name = args[0]
			return runInitTFModule(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd, "v1alpha1", terraform.StageImage)
	flags := cmd.Flags()
	flags.StringVarP(&opts.source.Address, "module-source", "s", "", "`SOURCE` of the module, as Terraform has it (required)")
	flags.StringVarP(&opts.source.Version, "module-registry-version", "r", "", "`VERSION` of a module in a registry")
	flags.StringVar(&opts.source.Dir, "module-dir", "", "`DIR` that has the files of the module; nothing is fetched then")
	flags.StringSliceVar(&opts.module.ProviderNames, "module-providers", nil, "`FILES` of the module that name its providers (default those of versions.tf and providers.tf that exist)")
	flags.BoolVar(&opts.module.Outputs, "generate-outputs", false, "give out the outputs of the module")
	flags.StringVar(&opts.module.DependenciesImage, "dependencies-image", "", "`IMAGE` that is to deliver the provider files, when its sources have been built (default they are written into the Promise)")
	return cmd
}

func runInitTFModule(ctx context.Context, env *Env, opts initTFModuleOptions) error {
	source := scaffold.Required{Flag: "--module-source", Given: opts.source.Address != "", Example: "'git::https://git.acme.org/terraform-vpc.git?ref=v1.2.0'"}
	if err := opts.check(source); err != nil {
		return err
	}
	if err := opts.source.Check(); err != nil {
		return err
	}
	if image := opts.module.DependenciesImage; image != "" {
		if err := scaffold.CheckImage("--dependencies-image", image); err != nil {
			return err
		}
	}
	stop := view.StartBusy(env.err(), "fetching the module")
	m, files, err := readTFModule(ctx, opts.source, opts.module.ProviderNames)
	stop()
	if err != nil {
		return err
	}
	o := opts.module
	o.Source, o.Version, o.Dir = opts.source.Address, opts.source.Version, opts.source.Dir
	o.StageImage, o.ProviderFiles = opts.stageImage, files
	var next []string
	if o.DependenciesImage != "" && len(files) > 0 {
		next = append(next, "kratix build container promise/configure/dependencies --push")
	}
	return opts.write(env, m.Content(o), append(opts.source.Notes(), m.Notes(o, opts.source.Here())...), next...)
}

// readTFModule gets a module and reads all that is needed of it.
func readTFModule(ctx context.Context, source tfmodule.Source, providers []string) (m *terraform.Module, files []terraform.ProviderFile, err error) {
	found, err := source.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	if m, err = terraform.Read(found.Files(), found.Name); err != nil {
		return nil, nil, err
	}
	files, err = readProviders(found.Files(), providers)
	return m, files, err
}

// readProviders reads the files that were asked for, all of which have to be
// there, or else those of the usual names that are.
func readProviders(module fs.FS, names []string) ([]terraform.ProviderFile, error) {
	var files []terraform.ProviderFile
	var problems []diag.Finding
	asked := len(names) > 0
	if !asked {
		names = []string{"versions.tf", "providers.tf"}
	}
	refuse := func(message string) {
		problems = append(problems, diag.Finding{Severity: diag.SeverityError, Field: "--module-providers", Message: message})
	}
	for _, file := range names {
		data, err := fs.ReadFile(module, path.Clean(file))
		same := func(f terraform.ProviderFile) bool { return f.Name == path.Base(file) }
		switch {
		case err != nil && asked:
			refuse("the module has no file " + file)
		case err != nil:
		case slices.ContainsFunc(files, same):
			refuse("there are two files " + path.Base(file) + ", and they go to one directory")
		default:
			files = append(files, terraform.ProviderFile{Name: path.Base(file), Data: data})
		}
	}
	return files, diag.Problems("", problems)
}
