// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/work"
)

// assess decides about a Work anew and holds the answer against the
// WorkPlacements that exist. Placed is false if those could not be read.
func (in *Inspector) assess(w *api.Work, placed []api.WorkPlacement, placedKnown bool, world *world) *WorkReport {
	r := &WorkReport{
		Header:    in.header("WorkReport"),
		Namespace: w.Namespace, Name: w.Name, Generation: w.Generation, CreatedAt: w.CreationTimestamp.Time,
		Pipeline: w.Labels[api.LabelPipelineName], DryRun: w.Labels[api.LabelDryRun] == "true",
		For:          ownerOf(w.Labels, w.Namespace, w.Spec.PromiseName, w.Spec.ResourceName),
		Groups:       []placement.Placement{},
		Contents:     []Content{},
		Conditions:   append([]metav1.Condition{}, w.Status.Conditions...),
		Destinations: []Site{}, Disagreements: []Disagreement{}, Verification: []StoreCheck{}, Events: []Event{}, Unknown: []Unknown{},
		work: w, world: world, placed: sortedPlaced(placed), placedKnown: placedKnown,
	}
	if t := w.Spec.LastExecutionTimestamp; t != nil {
		r.ExecutedAt = moment(*t)
	}
	r.place(in.options.MaxDocument)
	r.gather()
	r.count()
	r.judge()
	r.compare()
	return r
}

func sortedPlaced(placed []api.WorkPlacement) []api.WorkPlacement {
	return slices.SortedStableFunc(slices.Values(placed), func(a, b api.WorkPlacement) int { return strings.Compare(a.Name, b.Name) })
}

// view gives the platform with the WorkPlacements of this Work.
func (r *WorkReport) view() *world {
	w := *r.world
	w.WorkPlacements = r.placed
	return &w
}

// place decides about all groups.
func (r *WorkReport) place(limit int64) {
	var errs []error
	for p, err := range placement.Each(r.work, &r.view().Platform, placement.Options{Limit: limit}) {
		r.settle(&p)
		at := r.EvaluatedAt
		p.EvaluatedAt = &at
		r.Groups = append(r.Groups, p)
		errs = append(errs, err)
	}
	r.failure = errors.Join(errs...)
}

// group gives the WorkPlacements of a group.
func (r *WorkReport) group(id string) []*api.WorkPlacement {
	var found []*api.WorkPlacement
	for i := range r.placed {
		if groupID(&r.placed[i]) == id {
			found = append(found, &r.placed[i])
		}
	}
	return found
}

func on(placed []*api.WorkPlacement, destination string) *api.WorkPlacement {
	for _, wp := range placed {
		if wp.Spec.TargetDestinationName == destination {
			return wp
		}
	}
	return nil
}

// settle replaces what the scheduler would choose by what it chose: on a live
// platform a Destination is chosen if there is a WorkPlacement.
func (r *WorkReport) settle(p *placement.Placement) {
	placed := r.group(p.Group.ID)
	if agrees, known := r.agrees(&p.Decision, placed); known {
		p.AgreesWithStored = &agrees
	}
	p.Candidates = r.candidates(p.Candidates, placed)
	p.Documents = r.documents(p, placed)
}

// candidates marks as chosen what has a WorkPlacement. The given ones are
// shared and stay as they are.
func (r *WorkReport) candidates(decided []schedule.Candidate, placed []*api.WorkPlacement) []schedule.Candidate {
	candidates := slices.Clone(decided)
	for i := range candidates {
		c := &candidates[i]
		c.Chosen = on(placed, c.Destination) != nil
		switch {
		case c.Reason == schedule.ReasonChosen && !c.Chosen:
			c.Reason = schedule.ReasonNotDrawn // was drawn here and now only
		case c.Reason == schedule.ReasonMisplaced && !r.world.destinationsKnown:
			c.Reason = schedule.ReasonUnknown
		}
	}
	for _, wp := range placed { // whose Destination is gone, when nothing could be decided
		i, found := slices.BinarySearchFunc(candidates, wp.Spec.TargetDestinationName, func(c schedule.Candidate, name string) int {
			return strings.Compare(c.Destination, name)
		})
		if !found {
			candidates = slices.Insert(candidates, i, schedule.Candidate{
				Destination: wp.Spec.TargetDestinationName, Verdict: schedule.Rejected, Chosen: true, Reason: schedule.ReasonUnknown,
			})
		}
	}
	return candidates
}

// documents says how far each document has come.
func (r *WorkReport) documents(p *placement.Placement, placed []*api.WorkPlacement) []placement.Document {
	documents := []placement.Document{}
	seen := map[string]bool{}
	for _, d := range p.Documents {
		wp := on(placed, d.Destination)
		switch {
		case wp != nil:
			d.State = r.stateOf(&d, wp)
			if d.State == placement.Written {
				d.Store = versioned(d.Store, wp)
			}
		case !r.placedKnown:
			d.State = placement.Unverified
		case p.Rule == schedule.OneOf || d.Destination == "":
			d.Destination, d.Store, d.State = "", nil, placement.Unplaced
		default:
			d.State = placement.Unplaced
		}
		if d.Destination == "" && seen[d.Path] {
			continue
		}
		seen[d.Path] = true
		documents = append(documents, d)
	}
	return documents
}

// versioned adds the commit that last changed a WorkPlacement's documents. The
// version of a bucket names nothing that one could look up.
func versioned(store *placement.Store, wp *api.WorkPlacement) *placement.Store {
	if store == nil || store.Kind != api.KindGitStateStore {
		return store
	}
	with := *store
	with.Version = wp.Status.VersionID
	return &with
}

// stateOf says how far a document is on one Destination. A WorkPlacement that
// has another content was made from an older Work: what was written is not
// this document.
func (r *WorkReport) stateOf(d *placement.Document, wp *api.WorkPlacement) placement.State {
	p := newPlaced(wp)
	if p.State != StateWritten || !r.holds(wp, d) {
		return placement.Placed
	}
	return placement.Written
}

func (r *WorkReport) holds(wp *api.WorkPlacement, d *placement.Document) bool {
	own := content(r.work, wp, d.Path)
	for i := range wp.Spec.Workloads {
		held := &wp.Spec.Workloads[i]
		if held.Filepath != d.Path {
			continue
		}
		if held.Content == own || d.SHA256 == "" {
			return held.Content == own
		}
		// Gzip is not the same everywhere: the bytes inside count.
		return work.Documents(&api.WorkloadGroup{Workloads: []api.Workload{*held}}, d.Size+1)[0].SHA256 == d.SHA256
	}
	return false
}

// content gives the content of a document as the Work holds it.
func content(w *api.Work, wp *api.WorkPlacement, path string) string {
	for i := range w.Spec.WorkloadGroups {
		g := &w.Spec.WorkloadGroups[i]
		for j := range g.Workloads {
			if g.ID == groupID(wp) && g.Workloads[j].Filepath == path {
				return g.Workloads[j].Content
			}
		}
	}
	return ""
}

// agrees says whether the WorkPlacements of a group are those that the
// scheduler asks for.
func (r *WorkReport) agrees(d *schedule.Decision, placed []*api.WorkPlacement) (agrees, known bool) {
	if !r.placedKnown || !r.world.destinationsKnown || undecided(d) {
		return false, false
	}
	matching := 0
	for _, c := range d.Candidates {
		is := on(placed, c.Destination) != nil
		switch {
		case is != (c.Verdict == schedule.Matched) && d.Rule == schedule.AllOf, is && c.Verdict != schedule.Matched:
			return false, true
		case c.Verdict == schedule.Matched:
			matching++
		}
	}
	return d.Rule == schedule.AllOf || len(placed) == min(1, matching), true
}

// undecided says that Kratix cannot decide about a group at all.
func undecided(d *schedule.Decision) bool {
	return slices.ContainsFunc(d.Candidates, func(c schedule.Candidate) bool { return c.Reason == schedule.ReasonUnknown })
}

// gather tells about the WorkPlacements and their Destinations.
func (r *WorkReport) gather() {
	r.WorkPlacements = []Placed{}
	directories := map[string]string{}
	for _, g := range r.work.Spec.WorkloadGroups {
		directories[g.ID] = g.Directory
	}
	for i := range r.placed {
		p := newPlaced(&r.placed[i])
		p.For = r.For
		if directory, ok := directories[p.Group.ID]; ok {
			p.Group.Directory = directory
		}
		p.Misplaced = r.misplaced(p.Group.ID, p.Destination)
		p.Silent = p.Silent || len(p.Conditions) == 0 && r.old()
		if p.State == StatePlaced && !p.Silent {
			p.Message = r.world.waiting(p.Destination)
		}
		r.WorkPlacements = append(r.WorkPlacements, p)
		if !slices.ContainsFunc(r.Destinations, func(s Site) bool { return s.Name == p.Destination }) {
			r.Destinations = append(r.Destinations, r.world.site(p.Destination))
		}
	}
	slices.SortFunc(r.Destinations, func(a, b Site) int { return strings.Compare(a.Name, b.Name) })
}

// old says that the Work is of a release in which the WorkPlacements of a Work
// that is fine have no conditions. Until November 2023 Works had none either.
func (r *WorkReport) old() bool {
	if len(r.Conditions) == 0 {
		first := time.Date(2023, time.November, 7, 0, 0, 0, 0, time.UTC)
		return !r.CreatedAt.IsZero() && r.CreatedAt.Before(first)
	}
	return condition(r.Conditions, condScheduled) == nil && condition(r.Conditions, condOldScheduled, condOldMisscheduled) != nil
}

// misplaced says whether a group is on a Destination that does not match.
func (r *WorkReport) misplaced(groupID, destination string) bool {
	c, found := r.candidate(groupID, destination)
	return found && c.Reason == schedule.ReasonMisplaced
}

func (r *WorkReport) candidate(groupID, destination string) (schedule.Candidate, bool) {
	for i := range r.Groups {
		for _, c := range r.Groups[i].Candidates {
			if r.Groups[i].Group.ID == groupID && c.Destination == destination {
				return c, true
			}
		}
	}
	return schedule.Candidate{}, false
}

// missing lists the Destinations that a group of a promise-level Work should
// be on, and is not.
func (r *WorkReport) missing(p *placement.Placement) []string {
	var names []string
	for _, c := range p.Candidates {
		if r.placedKnown && c.Verdict == schedule.Matched && !c.Chosen && p.Rule == schedule.AllOf {
			names = append(names, c.Destination)
		}
	}
	return names
}

// count fills in the counters.
func (r *WorkReport) count() {
	if !r.placedKnown {
		return
	}
	placed, wanted, written := 0, 0, 0
	for i := range r.Groups {
		is := len(r.group(r.Groups[i].Group.ID))
		placed += is
		wanted += max(1, is+len(r.missing(&r.Groups[i])))
	}
	for i := range r.WorkPlacements {
		if r.WorkPlacements[i].State == StateWritten {
			written++
		}
	}
	total := len(r.WorkPlacements)
	r.Placed, r.Written = &Count{placed, &wanted}, &Count{written, &total}
}

// worse says which of two states comes first in the list of states.
func worse(a, b State) State {
	if cmp.Compare(slices.Index(worst, a), slices.Index(worst, b)) <= 0 {
		return a
	}
	return b
}

// worst orders the states.
var worst = []State{
	StateUnknown, StateUnplaced, StateWriteFailed, StatePlaced, StateMissing, StateDrifted, StateUnverified, StateWritten, StateVerified, StateEmpty,
}
