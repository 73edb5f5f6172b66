package placement

import (
	"maps"
	"slices"

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
	current := slices.Clone(existing)
	for i := range decisions {
		if undecided(&decisions[i]) {
			return Change{Current: byName(current)}
		}
		g := &w.Spec.WorkloadGroups[i]
		for _, c := range decisions[i].Candidates {
			if c.Chosen {
				current = apply(w, g, c, decisions[i].Rule, current)
			}
		}
	}
	var change Change
	for _, wp := range current {
		if hasGroup(w, wp.Spec.ID) {
			change.Current = append(change.Current, wp)
		} else {
			change.Removed = append(change.Removed, wp)
		}
	}
	change.Current, change.Removed = byName(change.Current), byName(change.Removed)
	return change
}

func undecided(d *schedule.Decision) bool {
	return len(d.Candidates) > 0 && d.Candidates[0].Reason == schedule.ReasonUnknown
}

func hasGroup(w *api.Work, id string) bool {
	return slices.ContainsFunc(w.Spec.WorkloadGroups, func(g api.WorkloadGroup) bool { return g.ID == id })
}

func byName(wps []api.WorkPlacement) []api.WorkPlacement {
	return slices.SortedStableFunc(slices.Values(wps), func(a, b api.WorkPlacement) int {
		return compareNames(a.Namespace, a.Name, b.Namespace, b.Name)
	})
}

// apply updates the WorkPlacements of a group on the chosen Destination, or
// appends a new one.
func apply(w *api.Work, g *api.WorkloadGroup, c schedule.Candidate, rule schedule.Rule, wps []api.WorkPlacement) []api.WorkPlacement {
	misplaced := c.Reason == schedule.ReasonMisplaced
	found := false
	for i := range wps {
		if wp := &wps[i]; wp.Spec.TargetDestinationName == c.Destination && wp.Labels[api.LabelWorkloadGroupID] == g.ID {
			*wp = updated(wp, w, g, misplaced, rule)
			found = true
		}
	}
	if found {
		return wps
	}
	return append(wps, newWorkPlacement(w, g, c.Destination))
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
	next.ObjectMeta = *wp.ObjectMeta.DeepCopy()
	next.Spec = placementSpec(w, g, wp.Spec.TargetDestinationName)
	if next.Labels == nil {
		next.Labels = map[string]string{}
	}
	maps.Copy(next.Labels, placementLabels(w, g.ID, wp.Spec.TargetDestinationName))
	switch {
	case misplaced:
		next.Labels[api.LabelMisplaced] = "true"
	case rule == schedule.AllOf:
		delete(next.Labels, api.LabelMisplaced)
	}
	return next
}
