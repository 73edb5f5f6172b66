// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
)

func newBuildCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "build",
		Short:   "Build a Promise and the images of its steps",
		GroupID: groupAuthor,
	}
	cmd.AddCommand(newBuildPromiseCmd(env), newBuildContainerCmd(env))
	return cmd
}

type buildContainerOptions struct {
	promiseFlags

	ref      string
	name     string
	all      bool
	base     string
	platform string
	push     bool
	output   string

	engine    builderName
	buildx    bool
	buildArgs string
}

// A builderName is that of a program that builds Dockerfiles, or builderAuto.
type builderName string

const builderAuto builderName = "auto"

func newBuildContainerCmd(env *Env) *cobra.Command {
	var opts buildContainerOptions
	cmd := &cobra.Command{
		Use:   "container [TYPE/ACTION/PIPELINE[/CONTAINER]]",
		Short: "Build the images of the containers of a pipeline",
		Long: `Build the images of the containers of a pipeline, or with --all of every
pipeline, from their sources in workflows/TYPE/ACTION/PIPELINE/CONTAINER/, and
keep them in the cache of this program under the names that the Promise gives
to them.

A Go stage needs no container engine: it is compiled and put onto an empty image
(or --base). The same sources give the same image, byte for byte. A stage with a
Go program is built this way even if it has a Dockerfile as well.

Any other stage with a Dockerfile is built by docker, podman or buildah,
whichever answers first, which then has the image, too. Where containers cannot
be started, as in many CI jobs, BUILDAH_ISOLATION=chroot helps podman and
buildah. The Dockerfile may be for several platforms at once with --buildx
--push.`,
		Example: `  kratix build container resource/configure/instance

  # all, and push them
  kratix build container --all --push

  # one, from its Dockerfile
  kratix build container resource/configure/instance/render --engine podman --build-args "--no-cache --build-arg 'GREETING=hello world'"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.ref = args[0]
			}
			return runBuildContainer(cmd.Context(), env, opts)
		},
	}
	opts.register(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&opts.name, "name", "n", "", "only the container `NAME`")
	flags.BoolVarP(&opts.all, "all", "a", false, "the containers of all pipelines")
	flags.StringVar(&opts.base, "base", "", "`IMAGE` to build Go stages onto (default an empty one)")
	flags.StringVar(&opts.platform, "platform", "", "`OS/ARCH` to build for (default "+image.DefaultPlatform()+")")
	flags.BoolVar(&opts.push, "push", false, "push each image to its registry")
	flags.StringVar(&opts.output, "output", "", "write the image to `FILE` as well, a tar that docker load and OCI tools read")
	flags.VarP(newEnum(&opts.engine, builders()...), "engine", "e", "what builds Dockerfiles: auto, docker, podman or buildah")
	flags.BoolVar(&opts.buildx, "buildx", false, "build Dockerfiles with docker's buildx")
	flags.StringVar(&opts.buildArgs, "build-args", "", "more `ARGUMENTS` for the builder of Dockerfiles, quoted as in a shell")
	return cmd
}

// A stage is a container with sources.
type stage struct {
	ref  promise.WorkflowRef // with the Pipeline
	name string
	dir  string
	tag  string
	kind build.Kind
}

func runBuildContainer(ctx context.Context, env *Env, opts buildContainerOptions) error {
	p, err := opts.load()
	if err != nil {
		return err
	}
	if err := opts.splitRef(); err != nil {
		return err
	}
	stages, err := opts.stages(p)
	if err != nil {
		return err
	}
	if len(stages) == 0 {
		view.Note(env.err(), "nothing to build: no container has sources here")
		return nil
	}
	if err := checkImages(p); err != nil {
		return err
	}
	if opts.output != "" && len(stages) > 1 {
		return diag.Hint(diag.Inputf("--output %s: there are %d images", opts.output, len(stages)), "choose one with --name")
	}
	maker, err := opts.maker(ctx, env, stages)
	if err != nil {
		return err
	}
	if maker.store, err = openStore(env); err != nil {
		return err
	}
	defer closeStore(ctx, env, maker.store)
	var failed []error
	for _, s := range stages {
		if err := maker.make(ctx, s); err != nil {
			failed = append(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// splitRef takes the container from the end of TYPE/ACTION/PIPELINE/CONTAINER.
func (o *buildContainerOptions) splitRef() error {
	parts := strings.Split(o.ref, "/")
	if len(parts) != 4 {
		return nil
	}
	if o.name != "" && o.name != parts[3] {
		return diag.Inputf("%s names the container %q, and --name %q", o.ref, parts[3], o.name)
	}
	o.ref, o.name = strings.Join(parts[:3], "/"), parts[3]
	return nil
}

// stages lists what is to be built. A Promise's containers without sources are
// somebody else's images; naming one is an error, and all may be such.
func (o *buildContainerOptions) stages(p *promise.Promise) ([]stage, error) {
	refs, err := o.refs()
	if err != nil {
		return nil, err
	}
	var stages, without []stage
	for _, ref := range refs {
		found, err := pipelineStages(p, ref)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			switch {
			case o.name != "" && s.name != o.name:
			case s.kind == build.KindNone:
				without = append(without, s)
			default:
				stages = append(stages, s)
			}
		}
	}
	if len(stages) > 0 || o.all && o.name == "" {
		return stages, nil
	}
	return nil, o.nothing(p, without)
}

// nothing is the error for an empty selection.
func (o *buildContainerOptions) nothing(p *promise.Promise, without []stage) error {
	if len(without) > 0 {
		s := without[0]
		err := diag.NotFoundf("no sources for container %q of %s: there is no Go program and no Dockerfile in %s", s.name, s.ref, relative(s.dir))
		return diag.Hint(err, "a container without sources runs the published image "+s.tag)
	}
	if o.name != "" {
		return diag.NotFoundf("no container %q in %s", o.name, p.Name)
	}
	return diag.NotFoundf("the Promise %q has no containers to build", p.Name)
}

func (o *buildContainerOptions) refs() ([]promise.WorkflowRef, error) {
	switch {
	case o.all && o.ref != "":
		return nil, diag.Inputf("--all and %s exclude each other", o.ref)
	case o.all:
		return promise.Workflows(), nil
	case o.ref == "":
		return nil, diag.Hint(diag.Inputf("no pipeline is named"), "kratix build container resource/configure/instance, or --all")
	}
	ref, err := promise.ParseRef(o.ref)
	return []promise.WorkflowRef{ref}, err
}

// pipelineStages lists the containers of a workflow, or of one Pipeline.
func pipelineStages(p *promise.Promise, ref promise.WorkflowRef) ([]stage, error) {
	pipelines, err := p.Pipelines(ref.Type, ref.Action)
	if err != nil {
		return nil, err
	}
	var stages []stage
	var names []string
	for _, pipeline := range pipelines {
		names = append(names, pipeline.Name)
		if ref.Pipeline != "" && ref.Pipeline != pipeline.Name {
			continue
		}
		for _, c := range pipeline.Spec.Containers {
			dir := stageDir(p, ref, pipeline.Name, c)
			stages = append(stages, stage{
				ref:  promise.WorkflowRef{Type: ref.Type, Action: ref.Action, Pipeline: pipeline.Name},
				name: c.Name, dir: dir, tag: c.Image, kind: build.Detect(dir),
			})
		}
	}
	if ref.Pipeline != "" && !slices.Contains(names, ref.Pipeline) {
		err := diag.NotFoundf("the Promise %q has no pipeline %s", p.Name, ref)
		if len(names) > 0 {
			err = diag.Hint(err, fmt.Sprintf("pipelines of %s/%s: %s", ref.Type, ref.Action, strings.Join(names, ", ")))
		}
		return nil, err
	}
	return stages, nil
}
