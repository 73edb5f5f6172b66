// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"iter"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/work"
)

// Options say what Kratix leaves open.
type Options struct {
	// Choose names the Destination to draw for the group of a directory where
	// Kratix draws one at random. The one for "" is drawn for all other groups
	// that it matches, and has to match one. Else the first by name is drawn.
	Choose map[string]string
	// Limit is the largest document to read, in bytes; 0 is none.
	Limit int64
}

// Place is [Each] for callers that want all placements at once. The error joins
// those of the groups.
func Place(w *api.Work, p *platform.Platform, o Options) ([]Placement, error) {
	placements := []Placement{}
	var errs []error
	for placement, err := range Each(w, p, o) {
		placements = append(placements, placement)
		errs = append(errs, err)
	}
	return placements, errors.Join(errs...)
}

// Each decides about the groups of a Work in their order and places their
// documents, group after group, so that a large Work on a large platform needs
// the memory of one group.
//
// The error beside a placement is that of [schedule.Destinations.Decide]; the
// placement is valid as far as it goes. After a group whose selectors Kratix
// cannot read, later groups are not scheduled: all verdicts on them are
// unknown.
func Each(w *api.Work, p *platform.Platform, o Options) iter.Seq2[Placement, error] {
	return func(yield func(Placement, error) bool) {
		d := newDecider(w, p, o.Choose)
		sites := newSites(p)
		for i := range w.Spec.WorkloadGroups {
			g := &w.Spec.WorkloadGroups[i]
			decision, err := d.decide(g)
			if i == len(w.Spec.WorkloadGroups)-1 && !d.drew {
				err = errors.Join(err, d.refused)
			}
			if !yield(Placement{Decision: decision, Documents: documents(w, g, &decision, sites, o.Limit)}, err) {
				return
			}
		}
	}
}

// A decider decides about the groups of one Work, in order.
type decider struct {
	destinations *schedule.Destinations
	options      schedule.Options
	existing     map[string][]string // Destinations by group id
	choose       map[string]string

	stopped bool  // a group failed, so that Kratix looks at no other
	drew    bool  // the choice for all groups was of use
	refused error // why it was not
}

func newDecider(w *api.Work, p *platform.Platform, choose map[string]string) *decider {
	return &decider{
		destinations: schedule.Among(p.Destinations),
		options:      schedule.Options{Rule: schedule.RuleFor(w), DryRun: w.Labels[api.LabelDryRun] == "true"},
		existing:     targets(p.PlacementsOf(w)),
		choose:       choose,
	}
}

func (d *decider) decide(g *api.WorkloadGroup) (schedule.Decision, error) {
	options := d.options
	options.Existing = d.existing[g.ID]
	if d.stopped {
		return d.destinations.Undecided(g, options), nil
	}
	name, own := d.choose[g.Directory]
	if !own {
		name = d.choose[""]
	}
	options.Choose = name
	decision, err := d.destinations.Decide(g, options)
	var unreadable *schedule.SelectorError
	d.stopped = errors.As(err, &unreadable)
	var refused *schedule.ChoiceError
	if errors.As(err, &refused) && !own {
		d.refused = err
		options.Choose = ""
		return d.destinations.Decide(g, options)
	}
	d.drew = d.drew || !own && name != ""
	return decision, err
}

// targets names the Destinations of WorkPlacements by the id of their group,
// which Kratix takes from the label.
func targets(wps []api.WorkPlacement) map[string][]string {
	names := map[string][]string{}
	for _, wp := range wps {
		id := wp.Labels[api.LabelWorkloadGroupID]
		names[id] = append(names[id], wp.Spec.TargetDestinationName)
	}
	return names
}

func newSites(p *platform.Platform) map[string]site {
	sites := make(map[string]site, len(p.Destinations))
	for i := range p.Destinations {
		sites[p.Destinations[i].Name] = newSite(p, &p.Destinations[i])
	}
	return sites
}

// documents gives one entry for each file and Destination that it goes to or,
// if none is chosen, one without a Destination.
func documents(w *api.Work, g *api.WorkloadGroup, d *schedule.Decision, sites map[string]site, limit int64) []Document {
	documents := []Document{}
	owner := ownerOf(w, g.ID)
	targets := possible(d)
	for _, file := range work.Documents(g, limit) {
		document := Document{Path: file.Path, Size: file.Size, SHA256: file.SHA256, State: Unplaced}
		if len(targets) == 0 {
			documents = append(documents, document)
		}
		for _, name := range targets {
			document.Destination, document.Store, document.State = name, nil, Placed
			if s, ok := sites[name]; ok {
				document.Store = &Store{Kind: s.store.Kind, Name: s.store.Name, Path: string(s.pathOf(owner, file.Path))}
			}
			documents = append(documents, document)
		}
	}
	return documents
}

// possible names the Destinations that documents go to or may go to.
func possible(d *schedule.Decision) []string {
	var chosen, matched []string
	for _, c := range d.Candidates {
		if c.Chosen {
			chosen = append(chosen, c.Destination)
		}
		if c.Verdict == schedule.Matched {
			matched = append(matched, c.Destination)
		}
	}
	if len(chosen) > 0 {
		return chosen
	}
	return matched
}
