package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/promise"
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
}

func newBuildContainerCmd(env *Env) *cobra.Command {
	var opts buildContainerOptions
	cmd := &cobra.Command{
		Use:   "container [TYPE/ACTION/PIPELINE]",
		Short: "Build the images of the containers of a pipeline",
		Long: `Build the images of the containers of a pipeline, or with --all of every
pipeline, from their sources in workflows/TYPE/ACTION/PIPELINE/CONTAINER/.

A Go stage needs no container engine: it is compiled, put onto an empty image
(or --base) and kept in the cache of this program, under the name that the
Promise gives to it. The same sources give the same image, byte for byte.`,
		Example: `  kratix build container resource/configure/instance

  # all, and push them
  kratix build container --all --push`,
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
	flags.StringVar(&opts.base, "base", "", "`IMAGE` to build onto (default an empty one)")
	flags.StringVar(&opts.platform, "platform", image.DefaultPlatform(), "`OS/ARCH` to build for")
	flags.BoolVar(&opts.push, "push", false, "push each image to its registry")
	flags.StringVar(&opts.output, "output", "", "write the image to `FILE` as well, a tar that docker load and OCI tools read")
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
	stages, err := opts.stages(p)
	if err != nil {
		return err
	}
	if err := checkImages(p); err != nil {
		return err
	}
	if opts.output != "" && len(stages) > 1 {
		return diag.Hint(diag.Inputf("--output %s: there are %d images", opts.output, len(stages)), "choose one with --name")
	}
	store, err := openStore(env)
	if err != nil {
		return err
	}
	defer closeStore(ctx, env, store)
	var failed []error
	for _, s := range stages {
		if err := opts.buildStage(ctx, env, store, s); err != nil {
			failed = append(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// stages lists what is to be built. A Promise's containers without sources are
// somebody else's images; naming one is an error.
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
	if len(stages) > 0 {
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

func (o *buildContainerOptions) buildStage(ctx context.Context, env *Env, store *image.Store, s stage) error {
	if s.kind != build.KindGo {
		err := diag.Inputf("%s holds a Dockerfile, and this version builds Go stages only", relative(s.dir))
		return diag.Hint(err, fmt.Sprintf("docker build --tag %s %s", s.tag, shellQuote(relative(s.dir))))
	}
	created, err := build.Created(env.Getenv)
	if err != nil {
		return err
	}
	img, err := build.Go(ctx, build.GoOptions{
		Dir: s.dir, Base: o.base, Platform: o.platform, Store: store, Created: created, Stderr: env.Err,
	})
	if err != nil {
		return err
	}
	stored, err := store.Put(ctx, s.tag, img)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "built %s from %s (%s)\n", s.tag, relative(s.dir), stored.Digest)
	if o.push {
		if err := store.Push(ctx, stored); err != nil {
			return err
		}
		fmt.Fprintf(env.Out, "pushed %s\n", s.tag)
	}
	if o.output == "" {
		return nil
	}
	return writeAtomically(o.output, func(f *os.File) error { return image.WriteTar(f, s.tag, img) })
}

// writeAtomically writes a file beside its place and moves it there when it is
// complete.
func writeAtomically(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return diag.Machine(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
