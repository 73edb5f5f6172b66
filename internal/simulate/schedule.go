// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/work"
)

// A Schedule is what Kratix makes of an output tree, or of the static
// dependencies of a Promise: a Work and where its documents go.
type Schedule struct {
	// Work is nil in a delete workflow, after a failure of the work-writer,
	// and when the Pipeline suspends.
	Work *api.Work
	// Placements has one entry for each workload group of Work.
	Placements []placement.Placement
	// Sizes tell how large Work is.
	Sizes work.Sizes
	// Suspension is set if the Pipeline stops the workflow.
	Suspension *Suspension
	// Failure is set if Kratix would fail the Pipeline or the placement of
	// its Work.
	Failure *Failure
	// Findings tell what Kratix does silently.
	Findings []diag.Finding
}

// Unplaced counts the workload groups that no Destination takes.
func (s *Schedule) Unplaced() int {
	n := 0
	for i := range s.Placements {
		if s.Placements[i].Unplaced() {
			n++
		}
	}
	return n
}

// Dependencies schedules the static dependencies of a Promise as Kratix'
// controller does, without any workflow. The Work is nil if there are none.
func Dependencies(p *api.Promise, world *platform.Platform) (*Schedule, error) {
	s := &Schedule{}
	var err error
	if s.Work, err = work.FromDependencies(p, ""); err != nil || s.Work == nil {
		return s, err
	}
	s.keepIdentity(world.Works)
	for _, d := range work.Documents(&s.Work.Spec.WorkloadGroups[0], 0) {
		s.Sizes.Documents++
		s.Sizes.Bytes += d.Size
	}
	s.Sizes.Stored = work.StoredSize(s.Work)
	if refused := work.Refusal(s.Sizes.Stored); refused != "" {
		s.Failure = &Failure{Container: Controller, Err: diag.Hint(
			diag.Answer(fmt.Errorf("%s: the Work has %s, and etcd takes %s", refused, diag.Size(s.Sizes.Stored), diag.Size(work.EtcdLimit))),
			"move dependencies into a promise workflow: each of its Pipelines has a Work of its own")}
	}
	return s, s.place(world, nil)
}

// keepIdentity gives the Work the name of the one that it replaces, which
// Kratix finds by its labels.
func (s *Schedule) keepIdentity(existing []api.Work) {
	for _, w := range existing {
		same := w.Namespace == s.Work.Namespace
		for key, value := range s.Work.Labels {
			same = same && w.Labels[key] == value
		}
		if same {
			s.Work.ObjectMeta = *w.DeepCopy()
			s.Work.Generation++
			return
		}
	}
}

// lintLimit is the largest document that is searched for mistakes, in bytes.
const lintLimit = 16 << 20

// place schedules the Work. Selectors that Kratix' scheduler cannot read fail
// the placement and not the Pipeline.
func (s *Schedule) place(world *platform.Platform, choose map[string]string) error {
	draws, err := draws(s.Work, world, choose)
	if err != nil {
		return err
	}
	s.Placements, err = placement.Place(s.Work, world, placement.Options{Choose: draws})
	switch {
	case err == nil:
	case diag.ExitCode(err) != diag.ExitAnswer:
		return err
	case s.Failure == nil:
		s.Failure = &Failure{Container: Scheduler, Err: err}
	}
	s.Findings = append(s.Findings, work.Lint(s.Work, lintLimit)...)
	s.Findings = append(s.Findings, placement.Warnings(s.Work, s.Placements, world)...)
	s.Findings = append(s.Findings, strayPlacements(s.Work, world)...)
	return nil
}

// draws tells what is drawn for each group. A choice without a directory
// stands for every group that can go there, and must have one; a choice that
// changes nothing is a mistake.
func draws(w *api.Work, world *platform.Platform, choose map[string]string) (map[string]string, error) {
	if len(choose) == 0 {
		return nil, nil
	}
	undrawn, err := placement.Place(w, world, placement.Options{})
	if err != nil {
		return nil, nil //nolint:nilerr // it is told when the Work is placed
	}
	named := map[string]string{}
	for _, directory := range slices.Sorted(maps.Keys(choose)) {
		groups := following(undrawn, directory, choose[directory])
		if len(groups) == 0 {
			return nil, noDraw(undrawn, directory, choose[directory])
		}
		for _, group := range groups {
			named[group] = choose[directory]
		}
	}
	return named, nil
}

// following lists the groups that can follow a choice.
func following(undrawn []placement.Placement, directory, name string) []string {
	var groups []string
	for i := range undrawn {
		d := &undrawn[i].Decision
		if (directory == "" || directory == d.Group.Directory) && drawable(d, name) {
			groups = append(groups, d.Group.Directory)
		}
	}
	return groups
}

// drawable says whether Kratix may draw a Destination for a group.
func drawable(d *schedule.Decision, name string) bool {
	return slices.ContainsFunc(d.Candidates, func(c schedule.Candidate) bool {
		return c.Destination == name && d.Rule == schedule.OneOf && c.Verdict == schedule.Matched &&
			(c.Reason == schedule.ReasonNotDrawn || c.Chosen)
	})
}

// drawables lists what Kratix draws from for a group.
func drawables(d *schedule.Decision) []string {
	var names []string
	for _, c := range d.Candidates {
		if drawable(d, c.Destination) {
			names = append(names, c.Destination)
		}
	}
	return names
}

func notDrawn(d *schedule.Decision, name string) error {
	if d.Rule == schedule.AllOf {
		return diag.Inputf("choosing Destination %q for group %q: nothing is drawn, it goes to every Destination that matches", name, d.Group.Directory)
	}
	err := diag.Inputf("choosing Destination %q for group %q: Kratix cannot draw it", name, d.Group.Directory)
	if from := drawables(d); len(from) > 0 {
		return diag.Hint(err, fmt.Sprintf("it draws from %v", from))
	}
	return diag.Hint(err, "no Destination matches the group")
}

// noDraw is the error for a choice that no group can follow.
func noDraw(undrawn []placement.Placement, directory, name string) error {
	var groups []string
	for i := range undrawn {
		d := &undrawn[i].Decision
		if directory == d.Group.Directory || len(undrawn) == 1 && directory == "" {
			return notDrawn(d, name)
		}
		groups = append(groups, d.Group.Directory)
	}
	if directory == "" {
		return diag.Inputf("choosing Destination %q: it cannot be drawn for any of the groups %q", name, groups)
	}
	return diag.Hint(diag.Inputf("choosing Destination %q: there is no group %q", name, directory), fmt.Sprintf("groups: %q", groups))
}

// strayPlacements notes WorkPlacements that are surely of this Work's kin but
// belong to a Work which was not given: then its name, by which Kratix finds
// them, is not known here.
func strayPlacements(w *api.Work, world *platform.Platform) []diag.Finding {
	known := map[string]bool{w.Name: true}
	for _, other := range world.Works {
		known[other.Name] = true
	}
	stray := map[string]int{}
	for _, wp := range world.WorkPlacements {
		kin := wp.Namespace == w.Namespace && wp.Labels[api.LabelPipelineName] == w.Labels[api.LabelPipelineName] &&
			wp.Spec.PromiseName == w.Spec.PromiseName && wp.Spec.ResourceName == w.Spec.ResourceName
		if owner := wp.Labels[api.LabelWork]; kin && !known[owner] {
			stray[owner]++
		}
	}
	var findings []diag.Finding
	for _, owner := range slices.Sorted(maps.Keys(stray)) {
		findings = append(findings, diag.Finding{
			Severity: diag.SeverityWarning, Code: "M9", Field: "Work " + w.Namespace + "/" + owner,
			Message: fmt.Sprintf("is not among the existing ones, so its WorkPlacements (%d) count as those of somebody else", stray[owner]),
			Hint:    fmt.Sprintf("kubectl get works,workplacements -n %s -o yaml", w.Namespace),
		})
	}
	return findings
}
