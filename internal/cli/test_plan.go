// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
)

// showPlan tells what a run would do.
func (o *testWorkflowOptions) showPlan(ctx context.Context, env *Env, p *promise.Promise, cases []*fixture.Case) error {
	sources, err := o.sources()
	if err == nil {
		err = checkSources(p, sources)
	}
	if err != nil {
		return err
	}
	origin := o.origins(ctx, sources)
	planned := []view.PlannedCase{}
	for _, c := range cases {
		one := view.PlannedCase{Name: c.Name, Steps: []view.PlannedStep{}}
		if err := c.Err(); err != nil {
			one.Problem = err.Error()
		}
		steps, err := o.narrow.Steps(p, c)
		if err != nil {
			return err
		}
		for _, s := range steps {
			dir := stageDir(p, promise.WorkflowRef{Type: c.Type, Action: c.Action}, s.Pipeline, s.Container)
			one.Steps = append(one.Steps, view.PlannedStep{
				Pipeline: s.Pipeline, Number: s.Number, Of: s.Of, Container: s.Container.Name,
				Image: s.Container.Image, Source: origin(dir, s.Container.Image),
			})
		}
		planned = append(planned, one)
	}
	return view.Plan(env.out(), o.format, view.NewTestPlan(p.Name, planned))
}

// origins gives what says where the image of a container would come from. Like
// a run, it asks for a builder only when there is a Dockerfile.
func (f *containerFlags) origins(ctx context.Context, sources map[string]string) func(dir, ref string) string {
	builder := sync.OnceValues(func() (*build.Builder, error) { return build.FindBuilder(ctx, f.builders()...) })
	return func(dir, ref string) string {
		kind := build.Detect(dir)
		if f.build == buildNever || f.build == buildAuto && sources[ref] != "" {
			kind = build.KindNone
		}
		switch kind {
		case build.KindGo:
			return "built from " + relative(dir)
		case build.KindDockerfile:
			return f.dockerfileOrigin(dir, ref, sources, builder)
		default:
			return f.storeOrigin(ref, sources)
		}
	}
}

func (f *containerFlags) dockerfileOrigin(dir, ref string, sources map[string]string, builder func() (*build.Builder, error)) string {
	file := relative(filepath.Join(dir, "Dockerfile"))
	switch found, err := builder(); {
	case err == nil:
		return fmt.Sprintf("built from %s with %s", file, found.Name)
	case f.build == buildAlways:
		return "cannot be built: nothing here builds " + file
	default:
		return fmt.Sprintf("%s: nothing here builds %s", f.storeOrigin(ref, sources), file)
	}
}

// storeOrigin says where an image comes from that is not built.
func (f *containerFlags) storeOrigin(ref string, sources map[string]string) string {
	switch {
	case sources[ref] != "":
		return "taken from " + sources[ref]
	case f.pull == image.PullAlways:
		return "fetched anew"
	case f.pull == image.PullNever:
		return "not fetched"
	default:
		return "fetched if missing"
	}
}
