// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
)

// checkImages refuses a Promise in which two containers have different sources
// for an image of the same name.
func checkImages(p *promise.Promise) error {
	sources, err := allSources(p)
	if err != nil {
		return err
	}
	return build.CheckImages(sources)
}

// allSources lists where the containers of a Promise would have their sources.
func allSources(p *promise.Promise) ([]build.Sources, error) {
	var all []build.Sources
	for _, ref := range promise.Workflows() {
		stages, err := pipelineStages(p, ref)
		if err != nil {
			return nil, err
		}
		for _, s := range stages {
			all = append(all, build.Sources{Container: s.ref.String() + "/" + s.name, Image: s.tag, Dir: relative(s.dir)})
		}
	}
	return all, nil
}

// checkImageIsNew refuses an image that another container of the Promise has
// sources for: the sources of the new one would be for the same name.
func checkImageIsNew(p *promise.Promise, ref promise.WorkflowRef, added api.Container) error {
	all, err := allSources(p)
	if err != nil {
		return err
	}
	own := ref.String() + "/" + added.Name
	for _, s := range all {
		if s.Container != own && s.Image == added.Image && build.Detect(s.Dir) != build.KindNone {
			err := diag.Inputf("--image %s: %s has sources for an image of this name already, in %s", added.Image, s.Container, s.Dir)
			return diag.Hint(err, "choose another name for the image: each has sources of its own")
		}
	}
	return nil
}

// buildStages builds the images of the containers that have sources here, and
// gives for each image that the Promise names the one to run in its place.
func (f *containerFlags) buildStages(ctx context.Context, env *Env, store *image.Store, containers []stepContainer) (map[string]string, error) {
	built, done := map[string]string{}, map[string]bool{}
	builder := sync.OnceValues(func() (*build.Builder, error) { return build.FindBuilder(ctx, f.builders()...) })
	for _, c := range containers {
		kind := build.Detect(c.dir)
		if f.build == buildNever || kind == build.KindNone || done[c.Image] || f.build == buildAuto && f.isGiven(c.Image) {
			continue
		}
		done[c.Image] = true
		ref, err := f.buildStage(ctx, env, store, c, kind, builder)
		var none *build.NoBuilderError
		if f.build == buildAuto && errors.As(err, &none) {
			view.Note(env.err(), fmt.Sprintf("%s has a Dockerfile and nothing here builds it (%s): what runs is the published %s", relative(c.dir), none.Summary(), c.Image))
			continue
		}
		if err != nil {
			return nil, err
		}
		built[c.Image] = ref
	}
	return built, nil
}

// builders names the programs that may build Dockerfiles, first that of the
// engine if one is named.
func (f *containerFlags) builders() []string {
	names := build.Builders()
	slices.SortStableFunc(names, func(a, b string) int {
		switch string(f.engine) {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return names
}

// isGiven tells whether --image says where to take an image from.
func (f *containerFlags) isGiven(ref string) bool {
	return slices.ContainsFunc(f.images, func(text string) bool { return strings.HasPrefix(text, ref+"=") })
}

// buildStage builds the image of a stage from its sources, unless they have
// not changed since it was last built.
func (f *containerFlags) buildStage(ctx context.Context, env *Env, store *image.Store, c stepContainer, kind build.Kind, builder func() (*build.Builder, error)) (ref string, err error) {
	fresh, with := false, ""
	started := time.Now()
	busy := view.NewBusy(f.stderr(env))
	defer busy.Stop()
	o := build.StageOptions{
		GoOptions: build.GoOptions{Dir: relative(c.dir), Store: store, Stderr: busy, Platform: f.platform},
		Container: filepath.Base(c.dir),
		Always:    f.build == buildAlways,
		Building: func() {
			fresh = true
			busy.Start("building " + c.Image)
		},
		Builder: func(context.Context) (*build.Builder, error) {
			found, err := builder()
			if err == nil {
				with = " with " + found.Name
			}
			return found, err
		},
	}
	if kind == build.KindDockerfile {
		o.Building = func() {
			fresh = true
			fmt.Fprintf(env.Err, "building %s from %s%s\n", c.Image, relative(c.dir), with)
			if f.verbose == 0 { // else the builder tells
				busy.Start("building " + c.Image)
			}
		}
		if f.verbose > 0 {
			o.Output = env.Err
		}
	}
	img, err := build.Stage(ctx, store, o)
	busy.Stop()
	if err != nil {
		return "", err
	}
	if fresh {
		fmt.Fprintf(env.Err, "built %s from %s%s (%.1fs)\n", c.Image, relative(c.dir), with, time.Since(started).Seconds())
	}
	return img.Reference, nil
}

// fetchesAtOnce is how many images are fetched at the same time.
const fetchesAtOnce = 4

// ready makes the images of containers ready, several at a time, and tells how
// those come along that have to be fetched. All that is wrong with any of them
// is one error.
func (m *machine) ready(ctx context.Context, containers []stepContainer, fetches *view.Fetches) error {
	defer fetches.Stop()
	var images []string
	for _, c := range containers {
		if !slices.Contains(images, c.Image) {
			images = append(images, c.Image)
		}
	}
	failed := make([]error, len(images))
	var group errgroup.Group
	group.SetLimit(fetchesAtOnce)
	for i, ref := range images {
		group.Go(func() error {
			failed[i] = m.Prepare(ctx, []string{ref})
			fetches.Done(ref, failed[i])
			return nil
		})
	}
	_ = group.Wait() // failed has it all
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(failed...)
}
