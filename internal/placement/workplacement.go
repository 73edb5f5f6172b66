// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/work"
)

// The finalizers of WorkPlacements: the first is set by the scheduler, the
// second by the writer on Destinations with the layout none.
const (
	FinalizerRepoCleanup     = "finalizers.workplacement.kratix.io/repo-cleanup"
	FinalizerDotFilesCleanup = "finalizers.workplacement.kratix.io/kratix-dot-files-cleanup"
)

// A Change is what scheduling a Work does to its WorkPlacements.
type Change struct {
	// Current are the WorkPlacements of the Work as they are afterwards, by
	// name.
	Current []api.WorkPlacement
	// Removed are those of groups that the Work no longer has.
	Removed []api.WorkPlacement
}

// WorkPlacements gives the WorkPlacements that Kratix' scheduler makes of the
// decisions on a Work, where existing ones (all of this Work) stand already.
// The decisions are those on its groups, in order. From the first group that
// could not be evaluated on, nothing changes.
func WorkPlacements(w *api.Work, decisions []schedule.Decision, existing []api.WorkPlacement) Change {
	c := newChanging(existing)
	for i := range decisions {
		if decisions[i].Undecided() {
			return Change{Current: byName(c.all)}
		}
		g := &w.Spec.WorkloadGroups[i]
		for _, candidate := range decisions[i].Candidates {
			if candidate.Chosen {
				c.apply(w, g, candidate, decisions[i].Rule)
			}
		}
	}
	return c.split(w)
}

// changing are the WorkPlacements of a Work while it is scheduled.
type changing struct {
	all []api.WorkPlacement
	at  map[target][]int // places in all
}

// A target is what a WorkPlacement is found by: its labels, not its name.
type target struct{ groupID, destination string }

func newChanging(existing []api.WorkPlacement) *changing {
	c := &changing{at: map[target][]int{}}
	for _, wp := range existing {
		c.add(wp)
	}
	return c
}

func (c *changing) add(wp api.WorkPlacement) {
	t := target{wp.Labels[api.LabelWorkloadGroupID], wp.Spec.TargetDestinationName}
	c.at[t] = append(c.at[t], len(c.all))
	c.all = append(c.all, wp)
}

// apply updates the WorkPlacements of a group on a chosen Destination, or adds
// a new one.
func (c *changing) apply(w *api.Work, g *api.WorkloadGroup, candidate schedule.Candidate, rule schedule.Rule) {
	found := c.at[target{g.ID, candidate.Destination}]
	if len(found) == 0 {
		c.add(newWorkPlacement(w, g, candidate.Destination))
	}
	for _, i := range found {
		c.all[i] = updated(&c.all[i], w, g, candidate.Reason == schedule.ReasonMisplaced, rule)
	}
}

// split tells the WorkPlacements of groups that the Work has from the others.
func (c *changing) split(w *api.Work) Change {
	groups := map[string]bool{}
	for _, g := range w.Spec.WorkloadGroups {
		groups[g.ID] = true
	}
	var change Change
	for _, wp := range c.all {
		if groups[wp.Labels[api.LabelWorkloadGroupID]] {
			change.Current = append(change.Current, wp)
		} else {
			change.Removed = append(change.Removed, wp)
		}
	}
	return Change{byName(change.Current), byName(change.Removed)}
}

func byName(wps []api.WorkPlacement) []api.WorkPlacement {
	return slices.SortedStableFunc(slices.Values(wps), func(a, b api.WorkPlacement) int {
		return compareNames(a.Namespace, a.Name, b.Namespace, b.Name)
	})
}

// WorkPlacementName gives the name of a WorkPlacement.
func WorkPlacementName(workName, destination, groupID string) string {
	return workName + "." + destination + "-" + work.ShortID(groupID)
}

func newWorkPlacement(w *api.Work, g *api.WorkloadGroup, destination string) api.WorkPlacement {
	isTrue := true
	return api.WorkPlacement{
		TypeMeta: metav1.TypeMeta{APIVersion: api.GroupVersion, Kind: "WorkPlacement"},
		ObjectMeta: metav1.ObjectMeta{
			Name:        WorkPlacementName(w.Name, destination, g.ID),
			Namespace:   w.Namespace,
			Labels:      placementLabels(w, g.ID, destination),
			Annotations: maps.Clone(w.Annotations),
			Finalizers:  []string{FinalizerRepoCleanup},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: api.GroupVersion, Kind: "Work", Name: w.Name, UID: w.UID,
				Controller: &isTrue, BlockOwnerDeletion: &isTrue,
			}},
		},
		Spec: placementSpec(w, g, destination),
	}
}

func placementLabels(w *api.Work, groupID, destination string) map[string]string {
	return map[string]string{
		api.LabelWork:                  w.Name,
		api.LabelWorkloadGroupID:       groupID,
		api.LabelTargetDestinationName: destination,
		api.LabelPipelineName:          w.Labels[api.LabelPipelineName],
	}
}

func placementSpec(w *api.Work, g *api.WorkloadGroup, destination string) api.WorkPlacementSpec {
	return api.WorkPlacementSpec{
		TargetDestinationName: destination,
		Workloads:             g.Workloads,
		PromiseName:           w.Spec.PromiseName,
		ResourceName:          w.Spec.ResourceName,
		ID:                    g.ID,
		Generation:            max(1, w.Generation), // an object that was just created has generation 1
	}
}

// updated gives a WorkPlacement the contents of its group. The mark of a
// misplaced one is taken away again only from promise-level ones.
func updated(wp *api.WorkPlacement, w *api.Work, g *api.WorkloadGroup, misplaced bool, rule schedule.Rule) api.WorkPlacement {
	next := *wp
	wp.DeepCopyInto(&next.ObjectMeta)
	next.Spec = placementSpec(w, g, wp.Spec.TargetDestinationName)
	if next.Labels == nil {
		next.Labels = map[string]string{}
	}
	maps.Copy(next.Labels, placementLabels(w, g.ID, wp.Spec.TargetDestinationName))
	annotate(&next, w)
	switch {
	case misplaced:
		next.Labels[api.LabelMisplaced] = "true"
	case rule == schedule.AllOf:
		delete(next.Labels, api.LabelMisplaced)
	}
	return next
}

// annotate takes over the annotations of the Work. Each WorkPlacement has a
// trace of its own.
func annotate(wp *api.WorkPlacement, w *api.Work) {
	for key, value := range w.Annotations {
		if strings.HasPrefix(key, api.AnnotationTracePrefix) {
			continue
		}
		if wp.Annotations == nil {
			wp.Annotations = map[string]string{}
		}
		wp.Annotations[key] = value
	}
}
