package cli

import (
	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
)

// showPlan tells what a run would do.
func (o *testWorkflowOptions) showPlan(env *Env, p *promise.Promise, cases []*fixture.Case) error {
	sources, err := o.sources()
	if err == nil {
		err = checkSources(p, sources)
	}
	if err != nil {
		return err
	}
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
				Image: s.Container.Image, Source: o.source(dir, s.Container.Image, sources),
			})
		}
		planned = append(planned, one)
	}
	return view.Plan(env.out(), o.format, view.NewTestPlan(p.Name, planned))
}

// source says where the image of a container would come from.
func (f *containerFlags) source(dir, ref string, sources map[string]string) string {
	switch {
	case f.build != buildNever && build.Detect(dir) == build.KindGo:
		return "built from " + relative(dir)
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
