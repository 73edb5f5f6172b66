// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine"
	"github.com/kratix-tools/kratix/internal/engine/native"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/view"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// containerFlags say how containers are run and where images come from.
type containerFlags struct {
	engine  engineName
	pull    image.Pull
	build   buildMode
	network workflow.Network
	timeout time.Duration
	images  []string
	verbose int

	platform string
	progress progressMode
}

type (
	engineName   string
	buildMode    string
	progressMode string
)

const (
	engineAuto   engineName = "auto"
	engineNative engineName = "native"
	engineDocker engineName = "docker"
	enginePodman engineName = "podman"

	buildAuto   buildMode = "auto"
	buildAlways buildMode = "always"
	buildNever  buildMode = "never"

	progressAuto  progressMode = "auto"
	progressTTY   progressMode = "tty"
	progressPlain progressMode = "plain"
)

func (f *containerFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(newEnum(&f.engine, engineAuto, engineNative, engineDocker, enginePodman), "engine",
		"what runs containers: auto, native, docker or podman")
	flags.Var(newEnum(&f.pull, image.PullMissing, image.PullAlways, image.PullNever), "pull",
		"when to ask the registry for an image: missing, always or never")
	flags.Var(newEnum(&f.build, buildAuto, buildAlways, buildNever), "build",
		"whether steps run images built from their own sources: auto, always or never")
	flags.Var(&networkFlag{&f.network}, "network", "what steps can reach: none or host (default none)")
	flags.Var(&timeoutFlag{&f.timeout}, "timeout", "`TIME` that the steps of a pipeline may take, such as 30s (default no limit)")
	flags.CountVarP(&f.verbose, "verbose", "v", "show what the steps print while they run, and why the engine was taken")
	flags.Var(&platformFlag{&f.platform}, "platform", "`OS/ARCH` of the images (default linux on this machine's processor)")
	flags.Var(newEnum(&f.progress, progressAuto, progressTTY, progressPlain), "progress",
		"how progress is shown: tty draws a line anew, plain adds lines, auto tells from the terminal")
	flags.StringArrayVar(&f.images, "image", nil, "take the image REF from an OCI layout directory or a tarball, `REF=PATH`; repeatable")
}

// A networkFlag is empty until it is set, so that a case can decide.
type networkFlag struct{ value *workflow.Network }

func (f *networkFlag) String() string { return string(*f.value) }
func (f *networkFlag) Type() string   { return "string" }

func (f *networkFlag) Set(text string) error {
	if text == string(fixture.NetworkBridge) {
		text = string(fixture.NetworkHost) // as in a case.yaml
	}
	return newEnum(f.value, workflow.NetworkNone, workflow.NetworkHost).Set(text)
}

// A platformFlag is empty until it is set.
type platformFlag struct{ value *string }

func (f *platformFlag) String() string { return *f.value }
func (f *platformFlag) Type() string   { return "string" }

func (f *platformFlag) Set(text string) error {
	system, arch, ok := strings.Cut(text, "/")
	switch {
	case !ok || arch == "":
		return errors.New("want OS/ARCH, such as linux/arm64")
	case system != "linux":
		return errors.New("containers run on linux, as in linux/arm64")
	}
	*f.value = text
	return nil
}

// stderr is standard error as --progress wants it.
func (f *containerFlags) stderr(env *Env) term.Stream {
	s := env.err()
	s.TTY = f.progress == progressTTY || f.progress != progressPlain && s.TTY
	return s
}

// A timeoutFlag is zero until it is set, and then positive.
type timeoutFlag struct{ value *time.Duration }

func (f *timeoutFlag) Type() string { return "duration" }

func (f *timeoutFlag) String() string {
	if f.value == nil || *f.value == 0 {
		return ""
	}
	return f.value.String()
}

func (f *timeoutFlag) Set(text string) error {
	t, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return errors.New("want a number with a unit, such as 30s or 5m")
	case t <= 0:
		return errors.New("it must be positive; leave it out to set no limit")
	}
	*f.value = t
	return nil
}

// sources reads the values of --image.
func (f *containerFlags) sources() (map[string]string, error) {
	sources := map[string]string{}
	for _, text := range f.images {
		i := strings.LastIndex(text, "=")
		if i <= 0 || i == len(text)-1 {
			return nil, diag.Inputf("--image %s: want REF=PATH", text)
		}
		if _, err := os.Stat(text[i+1:]); err != nil {
			return nil, diag.Input(fmt.Errorf("--image %s: %w", text, err))
		}
		sources[text[:i]] = text[i+1:]
	}
	return sources, nil
}

// checkSources refuses images that no step of the Promise uses: a name with a
// slip in it would be fetched, and tested, from somewhere else.
func checkSources(p *promise.Promise, sources map[string]string) error {
	used, err := containersOf(p, promise.Workflows(), "")
	if err != nil {
		return err
	}
	var images []string
	for _, c := range used {
		images = append(images, c.Image)
	}
	for _, ref := range slices.Sorted(maps.Keys(sources)) {
		if !slices.Contains(images, ref) {
			slices.Sort(images)
			err := diag.Inputf("--image %s=%s: no step of Promise %q uses this image", ref, sources[ref], p.Name)
			return diag.Hint(err, cmp.Or(diag.DidYouMean(ref, images), "its steps use: "+strings.Join(slices.Compact(images), ", ")))
		}
	}
	return nil
}

// A stepContainer is a container of the Promise with the place of its sources.
type stepContainer struct {
	api.Container

	dir string
}

// containersOf lists the containers that some workflows run, of each Pipeline
// up to the one named until.
func containersOf(p *promise.Promise, refs []promise.WorkflowRef, until string) ([]stepContainer, error) {
	var all []stepContainer
	for _, ref := range refs {
		pipelines, err := p.Pipelines(ref.Type, ref.Action)
		if err != nil {
			return nil, err
		}
		for _, pipeline := range pipelines {
			if ref.Pipeline != "" && ref.Pipeline != pipeline.Name {
				continue
			}
			for _, c := range pipeline.Spec.Containers {
				all = append(all, stepContainer{c, stageDir(p, ref, pipeline.Name, c)})
				if c.Name == until {
					break
				}
			}
		}
	}
	return all, nil
}

// machine is what runs containers: the engine, with all images it will need
// ready.
type machine struct {
	workflow.Engine
	environment suite.Environment
	close       func()
}

// prepare finds an engine and makes the images of containers ready, those
// with sources in the Promise's directory by building them.
func (f *containerFlags) prepare(ctx context.Context, env *Env, p *promise.Promise, containers []stepContainer) (*machine, error) {
	sources, err := f.sources()
	if err == nil {
		err = checkSources(p, sources)
	}
	if err == nil && f.build != buildNever {
		err = checkImages(p)
	}
	if err != nil {
		return nil, err
	}
	if len(containers) == 0 { // nothing but static dependencies, or requests to be refused
		return &machine{close: func() {}, environment: suite.Environment{Engine: suite.NoEngine}}, nil
	}
	store, err := openStore(env)
	if err != nil {
		return nil, err
	}
	fetches := view.NewFetches(f.stderr(env))
	eng, err := engine.New(ctx, string(f.engine), engine.Config{
		Images:   store,
		Platform: f.platform,
		Getenv:   env.Getenv,
		Options: func(ref string) image.GetOptions {
			return image.GetOptions{Pull: f.pull, Platform: f.platform, Sources: sources, Progress: fetches.Progress(ref)}
		},
	})
	if err != nil {
		return nil, err
	}
	if f.verbose > 0 {
		for _, note := range append([]string{eng.Why}, eng.Notes()...) {
			view.Note(env.err(), note)
		}
	}
	m := &machine{Engine: eng, close: func() { closeStore(ctx, env, store) }, environment: suite.Environment{
		Engine: eng.Name(), Platform: eng.Platform, Emulated: eng.Emulated,
	}}
	if eng.Emulated {
		view.Note(env.err(), eng.Platform+" is emulated on this machine, which takes many times as long")
	}
	built, err := f.buildStages(ctx, env, store, containers)
	if err != nil {
		return nil, err
	}
	m.Engine = workflow.Substitute(eng, built)
	return m, m.ready(ctx, containers, fetches)
}

// stageDir is where the sources of a container are, if it has any.
func stageDir(p *promise.Promise, ref promise.WorkflowRef, pipeline string, c api.Container) string {
	return filepath.Join(p.Dir, "workflows", string(ref.Type), string(ref.Action), pipeline, c.Name)
}

// openStore opens the user's cache of images.
func openStore(env *Env) (*image.Store, error) {
	dir, err := image.DefaultDir(env.Getenv)
	if err != nil {
		return nil, err
	}
	if _, err := cacheLimit(env); err != nil {
		return nil, err
	}
	store, err := image.Open(dir)
	if err == nil {
		store.RemoveAll = native.RemoveAll
	}
	return store, err
}

// relative gives a path as a user in the working directory would write it.
func relative(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	wd, err := filepath.Abs(".")
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(wd, abs)
	if err != nil || len(rel) >= len(abs) {
		return path
	}
	return rel
}
