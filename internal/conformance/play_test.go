// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/work"
)

// A cluster is the simulation of one case: what it made of all steps so far.
type cluster struct {
	input     string // directory of what was applied
	promises  map[string]*promise.Promise
	requests  map[key]map[string]any // as the API server keeps them
	refused   []string               // why it does not keep the others
	subjects  map[key]*subject
	works     []api.Work
	decisions map[string][]schedule.Decision // on the groups of a Work, when they were scheduled last
	placed    []api.WorkPlacement
	written   map[string]int64 // generation last written, by WorkPlacement
	stores    placement.Tree
}

// played is what a step is compared with.
type played struct {
	recorded struct {
		works  []api.Work
		placed []api.WorkPlacement
	}
	platform *platform.Platform
	object   string // how object.yaml compares
	drawn    int    // how many Destinations Kratix drew where several matched
	skipped  int    // WorkPlacements that Kratix had not written either
	failure  failure
}

func newCluster(t *testing.T, c *testCase) *cluster {
	t.Helper()
	sim := &cluster{
		input:     filepath.Join(c.dir, "input"),
		promises:  map[string]*promise.Promise{},
		requests:  map[key]map[string]any{},
		subjects:  map[key]*subject{},
		decisions: map[string][]schedule.Decision{},
		written:   map[string]int64{},
	}
	for _, document := range documents(t, filepath.Join(sim.input, "promise.yaml")) {
		p, err := promise.Load(jsonFile(t, document))
		if err != nil {
			t.Fatal(err)
		}
		sim.installPromise(t, p)
	}
	for _, document := range documents(t, filepath.Join(sim.input, "request.yaml")) {
		sim.admit(t, document)
	}
	return sim
}

func (c *cluster) play(t *testing.T, s *step) played {
	t.Helper()
	var p played
	p.recorded.works = decodeAll[api.Work](t, filepath.Join(s.dir, "recorded/works.yaml"))
	p.recorded.placed = decodeAll[api.WorkPlacement](t, filepath.Join(s.dir, "recorded/workplacements.yaml"))
	p.platform = s.platform(t, c.input)

	c.happen(t, s, p.platform)
	switch {
	case s.Run != "":
		if err := c.writeWork(t, s, p.recorded.works); err != nil {
			p.failure = failure{simulate.WorkWriter, err.Error()}
		}
	case s.Workflow.Action != "":
		c.runPipeline(t, s, &p)
	}
	c.staticDependencies(t, p.recorded.works)
	if s.Run == "" { // the controllers ran beside the work-writer
		c.schedule(t, &p)
		c.write(t, s, &p)
	}
	return p
}

// platform is the world of a step: Destinations and stores as they were. Where
// they were not recorded, nothing had changed them since they were applied.
func (s *step) platform(t *testing.T, input string) *platform.Platform {
	t.Helper()
	files := existing(filepath.Join(s.dir, "recorded"), "destinations.yaml", "statestores.yaml")
	if len(files) == 0 {
		files = existing(input, "destinations.yaml", "statestores.yaml")
	}
	p, err := platform.Load(nil, files...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// happen does what somebody did to the cluster before the step. Destinations
// are in the platform already.
func (c *cluster) happen(t *testing.T, s *step, p *platform.Platform) {
	t.Helper()
	for _, store := range s.EmptyStateStores {
		if strings.Contains(s.Action, "the "+store+" was removed") {
			c.stores = placement.Tree{}
		}
	}
	what, _, _ := strings.Cut(s.Action, ";")
	what, ok := strings.CutPrefix(what, "request ")
	name, deleted := strings.CutSuffix(what, "deleted")
	if ok && deleted {
		c.terminate(t, strings.TrimSpace(name), p)
	}
}

// terminate deletes a request, "" being all requests, or makes the Job that it
// waits for then.
func (c *cluster) terminate(t *testing.T, name string, p *platform.Platform) {
	t.Helper()
	ref := promise.WorkflowRef{Type: api.WorkflowResource, Action: api.ActionDelete}
	for _, o := range c.requestsNamed(name) {
		promise := c.promises[o.spec.Promise]
		if pipelines(promise, ref) == 0 {
			c.deleteRequest(t, keyOf(o.spec.Object).name, p)
			continue
		}
		o.begin(t, promise, ref, o.run.Object())
	}
}

func (c *cluster) requestsNamed(name string) []*subject {
	var found []*subject
	for k, o := range c.subjects {
		if o.spec.Type == api.WorkflowResource && (name == "" || k.name == name) {
			found = append(found, o)
		}
	}
	return found
}

// deleteRequest deletes a request and its Works, and with them their
// WorkPlacements and documents.
func (c *cluster) deleteRequest(t *testing.T, name string, p *platform.Platform) {
	t.Helper()
	maps.DeleteFunc(c.subjects, func(k key, o *subject) bool { return o.spec.Type == api.WorkflowResource && k.name == name })
	p.WorkPlacements = c.placed
	c.works = slices.DeleteFunc(c.works, func(w api.Work) bool {
		if w.Spec.ResourceName != name {
			return false
		}
		for _, wp := range p.PlacementsOf(&w) {
			if err := c.stores.Delete(&wp, p); err != nil {
				t.Error(err)
			}
			c.placed = slices.DeleteFunc(slices.Clone(c.placed), func(o api.WorkPlacement) bool { return o.Name == wp.Name && o.Namespace == wp.Namespace })
			p.WorkPlacements = c.placed
		}
		return true
	})
}

// writeWork is the work-writer of the step.
func (c *cluster) writeWork(t *testing.T, s *step, recorded []api.Work) error {
	t.Helper()
	in := work.Input{
		Output:            directory(t, filepath.Join(s.dir, "output")),
		Metadata:          directory(t, filepath.Join(s.dir, "metadata")),
		WorkflowType:      s.Workflow.Type,
		PromiseName:       s.Promise,
		PipelineName:      s.Pipeline,
		ResourceName:      s.Resource.Name,
		ResourceNamespace: s.Resource.Namespace,
		Namespace:         s.JobNamespace,
		Existing:          c.works,
	}
	if p := c.promises[s.Promise]; p != nil {
		in.PromiseSelectors = p.Spec.DestinationSelectors
		in.PipelineNamespaceSet = p.Spec.Workflows.Config.PipelineNamespace != ""
	} else { // the work-writer was run alone, with this file instead of a Promise
		decode(t, filepath.Join(s.dir, "recorded/promise-scheduling.yaml"), &in.PromiseSelectors)
	}
	result, err := work.FromTree(in)
	if err == nil && result.Work != nil {
		c.put(*result.Work, result.Updates, recorded)
	}
	return err
}

// put creates or updates a Work, drawing the same suffix as Kratix.
func (c *cluster) put(w api.Work, updates bool, recorded []api.Work) {
	if updates {
		i := slices.IndexFunc(c.works, func(o api.Work) bool { return o.Name == w.Name && o.Namespace == w.Namespace })
		c.works[i] = w
		return
	}
	w.Generation = 1
	base := strings.TrimSuffix(w.Name, work.DefaultSuffix)
	for _, r := range recorded {
		if r.Namespace == w.Namespace && strings.HasPrefix(r.Name, base) && cmp.Equal(r.Labels, w.Labels) {
			w.Name = base + r.Name[len(r.Name)-5:]
		}
	}
	c.works = append(c.works, w)
}

func (c *cluster) staticDependencies(t *testing.T, recorded []api.Work) {
	t.Helper()
	for _, p := range c.promises {
		w, err := work.FromDependencies(&p.Promise, "")
		if err != nil {
			t.Fatal(err)
		}
		if w != nil {
			c.put(*w, false, recorded)
		}
	}
}

// schedule is the scheduler: all Works against the Destinations of the step.
func (c *cluster) schedule(t *testing.T, p *played) {
	t.Helper()
	for i := range c.works {
		w := &c.works[i]
		p.platform.WorkPlacements = c.placed
		var current []api.WorkPlacement
		for _, draw := range p.draws(t, w) {
			decisions := decide(t, w, p.platform, draw)
			c.decisions[w.Namespace+"/"+w.Name] = decisions
			change := placement.WorkPlacements(w, decisions, p.platform.PlacementsOf(w))
			for _, wp := range change.Removed {
				if err := c.stores.Delete(&wp, p.platform); err != nil {
					t.Error(err)
				}
			}
			current = append(current, change.Current...)
		}
		others := slices.DeleteFunc(slices.Clone(c.placed), func(wp api.WorkPlacement) bool {
			return wp.Namespace == w.Namespace && wp.Labels[api.LabelWork] == w.Name
		})
		c.placed = append(others, current...)
	}
}

func decide(t *testing.T, w *api.Work, p *platform.Platform, choose map[string]string) []schedule.Decision {
	t.Helper()
	placements, err := placement.Place(w, p, placement.Options{Choose: choose})
	if err != nil {
		t.Error(err)
	}
	decisions := make([]schedule.Decision, len(placements))
	for i := range placements {
		decisions[i] = placements[i].Decision
	}
	return decisions
}

// draws tells which Destinations Kratix drew for the groups of a new request.
// Each has to be one of the matches, or choosing it fails. There is one draw
// except where Kratix scheduled a group twice at a time, which it does when a
// second pass does not see the WorkPlacement of the first yet.
func (p *played) draws(t *testing.T, w *api.Work) []map[string]string {
	t.Helper()
	draws := []map[string]string{{}}
	for i := range w.Spec.WorkloadGroups {
		g := &w.Spec.WorkloadGroups[i]
		if schedule.RuleFor(w) == schedule.AllOf || len(p.platform.Placements(w, g.ID)) > 0 {
			continue
		}
		decision, err := schedule.Decide(g, p.platform.Destinations, schedule.Options{Rule: schedule.OneOf})
		if err != nil {
			t.Error(err)
		}
		if matches(decision) < 2 {
			continue
		}
		n := 0
		for _, wp := range p.recorded.placed {
			if wp.Labels[api.LabelWork] != w.Name || wp.Spec.ID != g.ID {
				continue
			}
			if n++; n > len(draws) {
				draws = append(draws, map[string]string{})
			}
			draws[n-1][g.Directory] = wp.Spec.TargetDestinationName
		}
		p.drawn = max(p.drawn, n)
	}
	return draws
}

func matches(d schedule.Decision) int {
	n := 0
	for _, c := range d.Candidates {
		if c.Verdict == schedule.Matched {
			n++
		}
	}
	return n
}

// write writes the WorkPlacements that changed, where the store could be
// written.
func (c *cluster) write(t *testing.T, s *step, p *played) {
	t.Helper()
	p.platform.WorkPlacements = c.placed
	recorded := s.recordedStores(t)
	for i := range c.placed {
		wp := &c.placed[i]
		key := wp.Namespace + "/" + wp.Name
		if !p.written(t, wp, recorded) {
			p.skipped++
			continue
		}
		if c.written[key] == wp.Spec.Generation {
			continue
		}
		var escape *placement.EscapeError
		if err := c.stores.Write(wp, p.platform); err != nil && !errors.As(err, &escape) {
			t.Error(err)
		}
		c.written[key] = wp.Spec.Generation
	}
}

// written says whether the recorded Kratix got as far as writing a
// WorkPlacement: its status says so or, where the status came too late for the
// recording, the state store has a file of it.
func (p *played) written(t *testing.T, wp *api.WorkPlacement, recorded map[string]string) bool {
	t.Helper()
	for _, r := range p.recorded.placed {
		if r.Namespace != wp.Namespace || r.Name != wp.Name {
			continue
		}
		if status := writeSucceeded(&r); status != "" {
			return status == metav1.ConditionTrue
		}
	}
	var alone placement.Tree
	if err := alone.Write(new(*wp), p.platform); err != nil {
		t.Error(err)
	}
	for f := range alone.Files() {
		if _, ok := recorded[f.Store+"/"+string(f.Path)]; ok {
			return true
		}
	}
	return false
}
