// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// Deliver brings a Work to the state stores: it makes the WorkPlacements that
// the placements (those of [Place], in order) ask for, writes them to stores
// and removes what is no longer wanted. The stores hold what was there before;
// [Tree.Replay] fills them from the platform's own WorkPlacements.
//
// It gives the platform as it is afterwards and leaves p alone. The error joins
// an [*EscapeError] for each WorkPlacement of which nothing was written, and
// what else went wrong.
func Deliver(w *api.Work, placements []Placement, p *platform.Platform, stores *Tree) (*platform.Platform, error) {
	decisions := make([]schedule.Decision, len(placements))
	for i := range placements {
		decisions[i] = placements[i].Decision
	}
	change := WorkPlacements(w, decisions, p.PlacementsOf(w))
	after := *p
	after.WorkPlacements = slices.DeleteFunc(slices.Clone(p.WorkPlacements), func(wp api.WorkPlacement) bool {
		return wp.Namespace == w.Namespace && wp.Labels[api.LabelWork] == w.Name
	})
	after.WorkPlacements = byName(append(after.WorkPlacements, change.Current...))
	var errs []error
	for i := range change.Removed {
		errs = append(errs, stores.Delete(&change.Removed[i], &after))
	}
	for i := range after.WorkPlacements {
		if wp := &after.WorkPlacements[i]; wp.Namespace == w.Namespace && wp.Labels[api.LabelWork] == w.Name {
			errs = append(errs, stores.Write(wp, &after))
		}
	}
	return &after, errors.Join(errs...)
}

// Replay writes all WorkPlacements of a platform, by name: what its state
// stores hold if nobody else wrote there. Where documents collide, Kratix'
// order of writing is not known any more and the last by name stays.
func (t *Tree) Replay(p *platform.Platform) error {
	var errs []error
	for i := range p.WorkPlacements {
		errs = append(errs, t.Write(&p.WorkPlacements[i], p))
	}
	return errors.Join(errs...)
}
