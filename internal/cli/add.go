// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/view"
)

func newAddCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "add",
		Short:   "Add a container or a test case to a Promise",
		GroupID: groupAuthor,
	}
	cmd.AddCommand(newAddContainerCmd(env), newAddTestCmd(env))
	return cmd
}

type addContainerOptions struct {
	updateFlags

	ref      string
	image    string
	name     string
	language string
}

func newAddContainerCmd(env *Env) *cobra.Command {
	opts := addContainerOptions{language: "bash"}
	cmd := &cobra.Command{
		Use:   "container TYPE/ACTION/PIPELINE --image IMAGE",
		Short: "Add a container to a pipeline, with sources to start from",
		Long: `Add a container to the end of a pipeline, which is made if the Promise does
not have it, and write sources to start from into
workflows/TYPE/ACTION/PIPELINE/CONTAINER/. All other bytes of promise.yaml
stay as they are.`,
		Example: `  kratix add container resource/configure/instance --image ghcr.io/acme/postgres-label:v0.1.0 --language go`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			opts.ref = args[0]
			return runAddContainer(env, opts)
		},
	}
	opts.register(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&opts.image, "image", "i", "", "`IMAGE` of the container (required)")
	flags.StringVarP(&opts.name, "name", "n", "", "`NAME` of the container (default from the image)")
	flags.VarP(newEnum(&opts.language, scaffold.Languages()...), "language", "l", "language of the sources: go, bash or python")
	flags.BoolVar(&opts.force, "force", false, "overwrite sources that exist")
	return cmd
}

func runAddContainer(env *Env, opts addContainerOptions) error {
	ref, err := promise.ParseRef(opts.ref)
	if err != nil {
		return err
	}
	if ref.Pipeline == "" {
		return diag.Hint(diag.Inputf("%s names no pipeline", ref), fmt.Sprintf("kratix add container %s/instance --image %s", ref, opts.image))
	}
	p, err := opts.load()
	if err != nil {
		return err
	}
	crd, err := p.CRD()
	if err != nil {
		return err
	}
	taken, err := containerNames(p, ref)
	if err != nil {
		return err
	}
	container, files, err := scaffold.Container(scaffold.ContainerOptions{
		Ref: ref, Image: opts.image, Name: opts.name, Language: opts.language, Taken: taken, API: crd,
	})
	if err != nil {
		return err
	}
	if err := checkImageIsNew(p, ref, container); err != nil {
		return err
	}
	edit, err := p.AddContainer(ref, container)
	if err != nil {
		return err
	}
	if err := opts.write(env, p, promise.Update{Edits: []promise.Edit{edit}}, files); err != nil || opts.dryRun {
		return err
	}
	view.Next(env.err(), opts.next(relative(p.Dir), ref, container.Name)...)
	return nil
}

// containerNames lists the containers that a Pipeline has already.
func containerNames(p *promise.Promise, ref promise.WorkflowRef) ([]string, error) {
	pipelines, err := p.Pipelines(ref.Type, ref.Action)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, pipeline := range pipelines {
		if pipeline.Name != ref.Pipeline {
			continue
		}
		for _, c := range pipeline.Spec.Containers {
			names = append(names, c.Name)
		}
	}
	return names, nil
}

// next lists what to do with a new container.
func (o *addContainerOptions) next(dir string, ref promise.WorkflowRef, name string) []string {
	sources := shownPath(dir, filepath.FromSlash(scaffold.SourceDir(ref, name)))
	steps := []string{"edit the sources in " + filepath.Join(sources, "scripts")}
	if o.language != "go" {
		steps = append(steps, fmt.Sprintf("docker build --tag %s %s && docker push %s", o.image, shellQuote(sources), o.image))
	}
	return append(steps, inDir(dir, "kratix run workflow "+ref.String()))
}

type addTestOptions struct {
	promiseFlags

	ref     string
	name    string
	request string
	force   bool
	dryRun  bool
}

func newAddTestCmd(env *Env) *cobra.Command {
	var opts addTestOptions
	cmd := &cobra.Command{
		Use:   "test TYPE/ACTION CASE",
		Short: "Add a test case to a Promise",
		Long: `Add a test case: a directory below tests/ with a request, and a case.yaml to
say more. The first case of a Promise also brings a Destination, so that there
is a place for documents to go to. promise/dependencies in place of
TYPE/ACTION is about the static dependencies, which no workflow makes.`,
		Example: `  kratix add test resource/configure orders --request example-resource.yaml
  kratix test workflow orders --update`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			opts.ref, opts.name = args[0], args[1]
			return runAddTest(env, opts)
		},
	}
	opts.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&opts.request, "request", "", "`FILE` with the request (default example-resource.yaml)")
	flags.BoolVar(&opts.force, "force", false, "overwrite a case that exists")
	flags.BoolVar(&opts.dryRun, "dry-run", false, "only list what would be written")
	return cmd
}

func runAddTest(env *Env, opts addTestOptions) error {
	var ref promise.WorkflowRef
	workflow := fixture.DependenciesDir
	if opts.ref != "promise/dependencies" {
		var err error
		if ref, err = promise.ParseRef(opts.ref); err != nil {
			return err
		}
		workflow = string(ref.Type) + "-" + string(ref.Action)
	}
	p, err := opts.load()
	if err != nil {
		return err
	}
	files, err := scaffold.Case(scaffold.CaseOptions{Promise: p, Ref: ref, Name: opts.name, Request: opts.request})
	if err != nil {
		return err
	}
	if err := writeFiles(env, p.Dir, files, opts.force, opts.dryRun); err != nil {
		return err
	}
	view.Next(env.err(), inDir(relative(p.Dir), "kratix test workflow "+workflow+"/"+opts.name+" --update"))
	return nil
}
