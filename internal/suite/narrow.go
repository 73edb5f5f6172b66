// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/simulate"
)

// A Narrow leaves out parts of the chain of containers that a case runs. The
// zero value leaves out nothing.
//
// A Pipeline that is run as a whole is compared with its golden files, whatever
// else was left out. What a part of a Pipeline leaves is no more than a part of
// what is expected, so that it is not compared at all: such a case passes if
// its containers end as they should.
type Narrow struct {
	// Pipeline is the only Pipeline to run.
	Pipeline string
	// Container is the only container to run; it finds empty directories.
	Container string
	// Until is the container after which the chain ends.
	Until string
}

// A chain is what a case runs.
type chain struct {
	pipelines []string // in order
	// part says what was left out of a Pipeline; "" if each is complete.
	part string
}

// chain narrows the Pipelines of a case; all are those of its workflow.
func (n Narrow) chain(all []api.Pipeline, names []string) chain {
	c := chain{pipelines: names}
	if n.Pipeline != "" {
		c.pipelines = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name != n.Pipeline })
	}
	has := func(container string) func(string) bool {
		return func(pipeline string) bool { return slices.Contains(containersOf(all, pipeline), container) }
	}
	if n.Container != "" {
		c.pipelines = slices.DeleteFunc(slices.Clone(c.pipelines), func(name string) bool { return !has(n.Container)(name) })
		if slices.ContainsFunc(c.pipelines, func(name string) bool { return len(containersOf(all, name)) > 1 }) {
			c.part = fmt.Sprintf("only step %q was run", n.Container)
		}
	}
	if n.Until != "" {
		last := lastIndexFunc(c.pipelines, has(n.Until))
		c.pipelines = c.pipelines[:last+1]
		if slices.ContainsFunc(c.pipelines, func(name string) bool { return endsBefore(containersOf(all, name), n.Until) }) {
			c.part = fmt.Sprintf("step %q was the last to run", n.Until)
		}
	}
	return c
}

// expecting is the chain of a case with an expectation. What should end a
// workflow otherwise than by completing may be in a Pipeline that is not run.
func (c chain) expecting(expect *compare.Expectation, names []string) chain {
	if c.part == "" && expect != nil && len(c.pipelines) < len(names) {
		c.part = "of the pipelines only " + strings.Join(c.pipelines, ", ") + " was run"
	}
	return c
}

// A Step is a container that a case runs.
type Step struct {
	Pipeline  string
	Number    int // in its Pipeline, from 1
	Of        int // how many the Pipeline has
	Container api.Container
}

// Steps lists what a case runs, in order; nothing if it cannot be run, which
// [Suite.Run] tells.
func (n Narrow) Steps(p *promise.Promise, c *fixture.Case) ([]Step, error) {
	all, names, err := workflowOf(p, c)
	if c.Err() != nil || err != nil && all != nil {
		return nil, nil //nolint:nilerr // it is told when the case is run
	}
	if err != nil {
		return nil, err
	}
	var steps []Step
	pipelines := n.chain(all, names).pipelines
	for _, pipeline := range all {
		if !slices.Contains(pipelines, pipeline.Name) {
			continue
		}
		for i, container := range pipeline.Spec.Containers {
			if n.Container == "" || n.Container == container.Name {
				steps = append(steps, Step{pipeline.Name, i + 1, len(pipeline.Spec.Containers), container})
			}
			if n.Until == container.Name {
				break
			}
		}
	}
	return steps, nil
}

// endsBefore reports whether containers come behind the one named.
func endsBefore(containers []string, name string) bool {
	return slices.Contains(containers, name) && containers[len(containers)-1] != name
}

func lastIndexFunc(list []string, is func(string) bool) int {
	for i, s := range slices.Backward(list) {
		if is(s) {
			return i
		}
	}
	return -1
}

// containersOf lists the names of a Pipeline's containers.
func containersOf(all []api.Pipeline, pipeline string) []string {
	var names []string
	for _, p := range all {
		if p.Name == pipeline {
			for _, c := range p.Spec.Containers {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// Cases gives the cases that run something of what n leaves. That no case runs what n names is an error of the class
// [diag.NotFound].
func (n Narrow) Cases(p *promise.Promise, cases []*fixture.Case) ([]*fixture.Case, error) {
	if n == (Narrow{}) {
		return cases, nil
	}
	var selected []*fixture.Case
	var pipelines, containers []string
	for _, c := range cases {
		all, names, err := workflowOf(p, c)
		if err != nil {
			continue // it cannot be run, and so runs nothing of what is named
		}
		if len(n.chain(all, names).pipelines) > 0 {
			selected = append(selected, c)
		}
		for _, name := range names {
			pipelines = append(pipelines, name)
			if n.Pipeline == "" || n.Pipeline == name {
				containers = append(containers, containersOf(all, name)...)
			}
		}
	}
	if len(selected) > 0 {
		return selected, nil
	}
	return nil, n.notFound(pipelines, containers)
}

// workflowOf gives all Pipelines of a case's workflow, and the names of those
// that the case runs.
func workflowOf(p *promise.Promise, c *fixture.Case) (all []api.Pipeline, names []string, err error) {
	if all, err = p.Pipelines(c.Type, c.Action); err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, nil
	}
	names, err = c.SelectPipelines(pipelineNames(c.Action, all))
	return all, names, err
}

func (n Narrow) notFound(pipelines, containers []string) error {
	flag, name, known := "pipeline", n.Pipeline, pipelines
	switch {
	case n.Pipeline != "" && !slices.Contains(pipelines, n.Pipeline):
	case n.Container != "" && !slices.Contains(containers, n.Container):
		flag, name, known = "container", n.Container, containers
	default:
		flag, name, known = "until", n.Until, containers
	}
	slices.Sort(known)
	known = slices.Compact(known)
	err := diag.NotFoundf("--%s %s: no case runs one of this name", flag, name)
	if near := diag.DidYouMean(name, known); near != "" {
		return diag.Hint(err, near)
	}
	return diag.Hint(err, "there are: "+strings.Join(known, ", "))
}

// partial judges a case of which only a part was run: by how its containers
// ended. What Kratix would say of an incomplete output says nothing.
func (c chain) partial(expect *compare.Expectation, outcome compare.Outcome) compare.Verdict {
	ours := []string{simulate.WorkWriter, simulate.StatusWriter, simulate.Scheduler, simulate.Controller}
	if f := outcome.Failure; f != nil && !slices.Contains(ours, f.Container) {
		return compare.Judge(expect, outcome, &compare.Differences{})
	}
	return compare.Verdict{Result: compare.Passed, Message: "not compared: " + c.part}
}

// within leaves out the differences of Pipelines that were not run.
func (c chain) within(d *compare.Differences, names []string) *compare.Differences {
	if d == nil || len(names) == len(c.pipelines) {
		return d
	}
	mine := *d
	mine.Files = slices.DeleteFunc(slices.Clone(d.Files), func(f compare.FileDiff) bool { return !slices.Contains(c.pipelines, f.Pipeline) })
	mine.Placements = slices.DeleteFunc(slices.Clone(d.Placements), func(p compare.PlacementDiff) bool { return !slices.Contains(c.pipelines, p.Pipeline) })
	return &mine
}
