// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/kustomize"
	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/view"
)

type updateDependenciesOptions struct {
	updateFlags

	paths     []string
	image     string
	kustomize bool
}

func newUpdateDependenciesCmd(env *Env) *cobra.Command {
	var opts updateDependenciesOptions
	cmd := &cobra.Command{
		Use:   "dependencies PATH...",
		Short: "Replace the objects that a Promise places once, for all requests",
		Long: `Replace the dependencies of a Promise by the objects in files, in the .yaml and
.yml files of directories, or on standard input (-), in their order. A List is
taken apart. An object without a namespace gets the namespace "default" if its
kind is known to be namespaced: those of Kubernetes and Kratix, and those whose
CustomResourceDefinition is among the objects. Others stay as they are.

With --image the objects do not go into the Promise but into an image, which a
container configure-deps of promise/configure/dependencies delivers: for
dependencies that are too large for one object. All files are copied as they
are to the sources of that container.`,
		Example: `  kratix update dependencies operator.yaml crds/
  helm template nginx ingress-nginx/ingress-nginx | kratix update dependencies -
  kratix update dependencies --kustomize overlays/dev

  # in an image
  kratix update dependencies operator/ --image ghcr.io/acme/postgresql-dependencies:v0.1.0`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.paths = args
			return runUpdateDependencies(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&opts.image, "image", "i", "", "deliver them from `IMAGE`, which a pipeline of the Promise runs")
	flags.BoolVar(&opts.kustomize, "kustomize", false, "the paths are kustomizations, built with kustomize or kubectl")
	return cmd
}

func runUpdateDependencies(ctx context.Context, env *Env, opts updateDependenciesOptions) error {
	set, err := opts.read(ctx, env)
	if err != nil {
		return err
	}
	p, err := opts.load()
	if err != nil {
		return err
	}
	if opts.image != "" {
		return opts.intoImage(env, p, set)
	}
	notes := set.DefaultNamespace("default")
	update, err := p.SetDependencies(set.Values())
	if err != nil {
		return err
	}
	update.Notes = append(notes, update.Notes...)
	return opts.write(env, p, update, nil)
}

func (o *updateDependenciesOptions) read(ctx context.Context, env *Env) (*manifest.Set, error) {
	if !o.kustomize {
		return manifest.Read(o.paths, env.In)
	}
	if len(o.paths) > 1 {
		return nil, diag.Hint(diag.Inputf("--kustomize takes one directory, not %d", len(o.paths)), "write a kustomization whose resources they are")
	}
	built, err := kustomize.Build(ctx, o.paths[0])
	if err != nil {
		return nil, err
	}
	return manifest.Parse("kustomization "+o.paths[0], built)
}

// intoImage moves the dependencies to the sources of a container.
func (o *updateDependenciesOptions) intoImage(env *Env, p *promise.Promise, set *manifest.Set) error {
	ref, container, files, stale, err := scaffold.Dependencies(p.Dir, o.image, set.Files)
	if err != nil {
		return err
	}
	update, err := p.MoveDependencies(ref, container)
	if err != nil {
		return err
	}
	for _, file := range stale {
		update.Notes = append(update.Notes, diag.Finding{
			Severity: diag.SeverityWarning, Position: diag.Position{File: relative(file)},
			Message: "it is in the image and not among the dependencies", Hint: "rm " + shellQuote(relative(file)),
		})
	}
	if err := o.write(env, p, update, files); err != nil || o.dryRun {
		return err
	}
	dir := relative(p.Dir)
	sources := filepath.Join(dir, filepath.FromSlash(scaffold.SourceDir(ref, container.Name)))
	view.Next(env.err(), fmt.Sprintf("docker build --tag %s %s && docker push %s", o.image, shellQuote(sources), o.image))
	return nil
}
