// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// Options are what a decision depends on beside the group and the
// Destinations.
type Options struct {
	Rule Rule
	// DryRun says that the Work carries the label kratix.io/dry-run.
	DryRun bool
	// Existing names the Destinations that the group has a WorkPlacement on.
	Existing []string
	// Choose names the Destination that is drawn where Kratix draws one at
	// random; the first by name when empty.
	Choose string
}

// RuleFor gives the rule for a Work: it is a request's if it names one.
func RuleFor(w *api.Work) Rule {
	if w.Spec.ResourceName == "" {
		return AllOf
	}
	return OneOf
}

// Destinations are what groups are decided against, by name. They remember
// verdicts: groups with equal requirements share one list of candidates, so
// that memory grows with the number of different questions. They are not safe
// for concurrent use.
type Destinations struct {
	all   []site
	asked map[string][]Candidate
}

// A site is a Destination with what the scheduler looks at.
type site struct {
	name                        string
	labels                      map[string]*string
	terminating, strict, dryRun bool
}

// Among prepares Destinations for decisions.
func Among(destinations []api.Destination) *Destinations {
	d := &Destinations{asked: map[string][]Candidate{}}
	for _, dest := range destinations {
		d.all = append(d.all, site{
			name:        dest.Name,
			labels:      pointers(dest.Labels),
			terminating: dest.DeletionTimestamp != nil,
			strict:      dest.Spec.StrictMatchLabels && len(dest.Labels) > 0,
			dryRun:      dest.Labels[api.LabelDryRun] == "true",
		})
	}
	slices.SortFunc(d.all, func(a, b site) int { return cmp.Compare(a.name, b.name) })
	return d
}

// pointers gives the labels as verdicts hold them.
func pointers(labels map[string]string) map[string]*string {
	to := make(map[string]*string, len(labels))
	for key, value := range labels {
		to[key] = &value
	}
	return to
}

// Decide is [Destinations.Decide] for a single group.
func Decide(g *api.WorkloadGroup, destinations []api.Destination, o Options) (Decision, error) {
	return Among(destinations).Decide(g, o)
}

// Decide gives the verdict on every Destination for one workload group.
//
// The error is a [*SelectorError] where Kratix cannot read the group's
// requirements; the decision then has only [ReasonUnknown] verdicts. Choosing
// a Destination that does not match is an input error, a [*ChoiceError]. The candidates may be
// shared with other decisions and must not be changed.
func (d *Destinations) Decide(g *api.WorkloadGroup, o Options) (Decision, error) {
	decision := Decision{
		Group:    Group{Directory: g.Directory, ID: g.ID},
		Rule:     o.Rule,
		Requires: Requirements(g.DestinationSelectors, o.DryRun),
	}
	if decision.Requires == nil {
		decision.Requires = []Requirement{}
	}
	terms, rendered, err := parse(decision.Requires)
	if err != nil {
		decision.Candidates = d.unknown()
		return decision, diag.Answer(&SelectorError{decision.Group, rendered, err})
	}
	decision.Candidates, err = d.candidates(decision.Requires, terms, o)
	return decision, err
}

// Undecided gives the decision on a group that Kratix does not look at, since
// an earlier group of the same Work failed.
func (d *Destinations) Undecided(g *api.WorkloadGroup, o Options) Decision {
	return Decision{
		Group:      Group{Directory: g.Directory, ID: g.ID},
		Rule:       o.Rule,
		Requires:   append([]Requirement{}, Requirements(g.DestinationSelectors, o.DryRun)...),
		Candidates: d.unknown(),
	}
}

func (d *Destinations) unknown() []Candidate {
	candidates := make([]Candidate, len(d.all))
	for i, s := range d.all {
		candidates[i] = Candidate{Destination: s.name, Verdict: Rejected, Reason: ReasonUnknown}
	}
	return candidates
}

// remembered is how many candidates are kept for equal questions.
const remembered = 1 << 16

// candidates answers a question, from memory if it was asked before.
func (d *Destinations) candidates(requires []Requirement, terms []term, o Options) ([]Candidate, error) {
	key := question(requires, o)
	if known, ok := d.asked[key]; ok {
		return known, nil
	}
	candidates := make([]Candidate, len(d.all))
	for i := range d.all {
		candidates[i] = d.all[i].verdict(terms, o.DryRun)
	}
	candidates, err := choose(candidates, o)
	if err != nil {
		return candidates, err
	}
	if (len(d.asked)+1)*len(d.all) > remembered {
		clear(d.asked)
	}
	d.asked[key] = candidates
	return candidates, nil
}

// question names all that an answer depends on.
func question(requires []Requirement, o Options) string {
	// The sources count, since mismatches name them. Strings always marshal.
	key, _ := json.Marshal(struct {
		R []Requirement
		O Options
	}{requires, o})
	return string(key)
}

// verdict judges one Destination, in the order of Kratix' scheduler.
func (s *site) verdict(terms []term, dryRun bool) Candidate {
	c := Candidate{Destination: s.name, Verdict: Rejected}
	if s.terminating {
		c.Reason = ReasonTerminating
		return c
	}
	for i := range terms {
		if m, missed := terms[i].mismatch(s.labels); missed {
			c.Labels = append(c.Labels, m)
		}
	}
	c.Distance = len(c.Labels)
	switch {
	case c.Distance > 0:
		c.Reason = missing(c.Labels)
	case len(terms) == 0 && s.strict:
		c.Reason = ReasonStrict
	case s.dryRun && !dryRun:
		c.Reason = ReasonDryRunOnly
	default:
		c.Verdict = Matched
	}
	return c
}

func missing(mismatches []LabelMismatch) Reason {
	for _, m := range mismatches {
		if m.Actual != nil {
			return ReasonLabelMismatch
		}
	}
	return ReasonLabelMissing
}

// choose says which of the candidates the documents go to.
func choose(candidates []Candidate, o Options) ([]Candidate, error) {
	switch {
	case o.Rule == AllOf:
		for i := range candidates {
			if c := &candidates[i]; c.Verdict == Matched {
				c.Chosen, c.Reason = true, ReasonAllMatch
			}
		}
		return misplace(candidates, o.Existing), nil
	case len(o.Existing) > 0:
		return keep(candidates, o.Existing), nil
	default:
		return draw(candidates, o.Choose)
	}
}

// keep leaves a request where it is.
func keep(candidates []Candidate, existing []string) []Candidate {
	for i := range candidates {
		c := &candidates[i]
		switch {
		case c.Verdict != Matched:
		case slices.Contains(existing, c.Destination):
			c.Chosen, c.Reason = true, ReasonChosen
		default:
			c.Reason = ReasonKeptElsewhere
		}
	}
	return misplace(candidates, existing)
}

// misplace marks placements on Destinations that do not match, or are gone:
// they stay, and are still written.
func misplace(candidates []Candidate, existing []string) []Candidate {
	for _, name := range existing {
		i, found := slices.BinarySearchFunc(candidates, name, func(c Candidate, name string) int {
			return cmp.Compare(c.Destination, name)
		})
		if !found {
			candidates = slices.Insert(candidates, i, Candidate{Destination: name, Verdict: Rejected})
		}
		if c := &candidates[i]; c.Verdict != Matched {
			c.Chosen, c.Reason = true, ReasonMisplaced
		}
	}
	return candidates
}

// draw chooses one match for a request that is new.
func draw(candidates []Candidate, name string) ([]Candidate, error) {
	drawn := -1
	for i := range candidates {
		c := &candidates[i]
		if c.Verdict != Matched {
			continue
		}
		c.Reason = ReasonNotDrawn
		if drawn < 0 && (name == "" || name == c.Destination) {
			drawn = i
		}
	}
	if drawn >= 0 {
		candidates[drawn].Chosen, candidates[drawn].Reason = true, ReasonChosen
		return candidates, nil
	}
	if name == "" {
		return candidates, nil
	}
	return candidates, notAMatch(candidates, name)
}

// A ChoiceError says that a Destination was to be drawn that Kratix could not
// draw.
type ChoiceError struct {
	Destination string
	Known       bool // whether there is such a Destination at all
}

// Error tells what is wrong with the choice.
func (e *ChoiceError) Error() string {
	if !e.Known {
		return fmt.Sprintf("choosing Destination %q: there is no such Destination", e.Destination)
	}
	return fmt.Sprintf("choosing Destination %q: it does not match, so Kratix cannot draw it", e.Destination)
}

// notAMatch refuses to draw a Destination that Kratix could not draw.
func notAMatch(candidates []Candidate, name string) error {
	var matches []string
	refused := &ChoiceError{Destination: name}
	for _, c := range candidates {
		refused.Known = refused.Known || c.Destination == name
		if c.Verdict == Matched {
			matches = append(matches, c.Destination)
		}
	}
	hint := "no Destination matches"
	if len(matches) > 0 {
		hint = fmt.Sprintf("matching Destinations: %v", matches)
	}
	return diag.Hint(diag.Input(refused), hint)
}
