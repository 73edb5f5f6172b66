// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// explain adds the reasons for the verdict on a Destination, and what would
// change it.
func (s *Subject) explain(a *Answer, p *placement.Placement, c schedule.Candidate) {
	a.Reasons = append(a.Reasons, s.mismatches(p, c)...)
	switch c.Reason {
	case schedule.ReasonChosen, schedule.ReasonAllMatch:
		a.Reasons = append(a.Reasons, fits(p, c), s.chosen(p, c))
	case schedule.ReasonMisplaced:
		a.Reasons = append(a.Reasons, s.misplaced(p, c))
	case schedule.ReasonNotDrawn:
		a.Reasons = append(a.Reasons, notDrawn(p))
	case schedule.ReasonStrict:
		a.add(c, "it has strictMatchLabels, and this group asks for no label")
	case schedule.ReasonTerminating:
		a.add(c, "it is being deleted")
	case schedule.ReasonDryRunOnly:
		a.add(c, "its label "+api.LabelDryRun+"=true reserves it for dry runs")
	case schedule.ReasonUnknown:
		a.add(c, "Kratix cannot read the selectors, and schedules nothing from that group on")
		a.Reasons[0].Details = append(a.Reasons[0].Details, Detail{"Kratix says", s.Failure})
	}
	if !c.Chosen {
		s.kept(a, p, c)
		a.Remedies = append(s.computed(p, Remedies(&p.Decision, c)), a.Remedies...)
	}
}

func (a *Answer) add(c schedule.Candidate, text string) {
	a.Reasons = append(a.Reasons, Reason{Reason: c.Reason, Text: text, Details: []Detail{}})
}

// mismatches gives one reason for each label that does not fit.
func (s *Subject) mismatches(p *placement.Placement, c schedule.Candidate) []Reason {
	var reasons []Reason
	for _, l := range c.Labels {
		r := Reason{Reason: schedule.ReasonLabelMissing, Text: fmt.Sprintf("no label %s, required %s=%s", l.Key, l.Key, l.Required)}
		if l.Actual != nil {
			r.Reason = schedule.ReasonLabelMismatch
			r.Text = fmt.Sprintf("%s=%s, required %s=%s", l.Key, *l.Actual, l.Key, l.Required)
		}
		r.Details = append([]Detail{s.requiredBy(l.Source, p.Group.Directory)}, overrides(p, l)...)
		reasons = append(reasons, r)
	}
	return reasons
}

func (s *Subject) requiredBy(source api.SelectorSource, directory string) Detail {
	where := Source(source, directory)
	if source == api.SourcePromise && s.Promise != "" {
		where = s.Promise
	}
	return Detail{"required by", fmt.Sprintf("%s  %s", source, where)}
}

// overrides lists the values that a requirement replaced.
func overrides(p *placement.Placement, l schedule.LabelMismatch) []Detail {
	var details []Detail
	for _, r := range p.Requires {
		for _, o := range r.Overrides {
			if r.Key == l.Key {
				details = append(details, Detail{"overrides", fmt.Sprintf("%s=%s of %s: the stronger source wins", r.Key, o.Value, o.Source)})
			}
		}
	}
	return details
}

// fits is the reason that a Destination matches.
func fits(p *placement.Placement, c schedule.Candidate) Reason {
	r := Reason{Reason: c.Reason, Details: []Detail{}}
	switch n := len(p.Requires); n {
	case 0:
		r.Text = "it matches: no label is required"
	case 1:
		r.Text = "it has the label that is required"
	default:
		r.Text = fmt.Sprintf("it has all %d labels that are required", n)
	}
	for _, q := range p.Requires {
		r.Details = append(r.Details, Detail{q.Key + "=" + q.Value, string(q.Source)})
	}
	return r
}

// chosen is the reason that it is this one of the Destinations that match.
func (s *Subject) chosen(p *placement.Placement, c schedule.Candidate) Reason {
	r := Reason{Reason: c.Reason, Details: []Detail{}}
	matching := names(&p.Decision, matches)
	switch {
	case p.Rule == schedule.AllOf:
		r.Text = "no request is behind this Work, so it goes to every Destination that matches"
	case len(s.placements(p)) > 0:
		r.Text = "it was placed there before, and Kratix keeps a placement for life"
		r.Details = s.workPlacements(p)
	case len(matching) == 1:
		r.Text = "no other Destination matches"
	default:
		r.Text = fmt.Sprintf("Kratix draws one of %d at random and keeps it; here it is drawn", len(matching))
		r.Details = []Detail{{"drawn from", list(matching)}}
	}
	return r
}

func (s *Subject) misplaced(p *placement.Placement, c schedule.Candidate) Reason {
	text := "it was placed there before: Kratix marks it misplaced, leaves it and goes on writing it"
	if err := knowsDestination(s.Platform, c.Destination); err != nil {
		text = "its WorkPlacement still names the Destination, which does not exist any more"
	}
	return Reason{Reason: c.Reason, Text: text, Details: s.workPlacements(p)}
}

func notDrawn(p *placement.Placement) Reason {
	matching := names(&p.Decision, matches)
	return Reason{
		Reason: schedule.ReasonNotDrawn,
		Text:   fmt.Sprintf("it matches, and Kratix draws one of %d at random", len(matching)),
		Details: []Detail{
			{"drawn from", list(matching)},
			{"drawn here", list(names(&p.Decision, chosen))},
		},
	}
}

// kept adds that a request stays where it was placed first.
func (s *Subject) kept(a *Answer, p *placement.Placement, c schedule.Candidate) {
	if p.Rule != schedule.OneOf || len(s.placements(p)) == 0 {
		return
	}
	text := fmt.Sprintf("this group is already placed on %s, and Kratix keeps a placement for life", list(names(&p.Decision, chosen)))
	if c.Verdict != schedule.Matched {
		text = "even if it matched, " + text
	}
	a.Reasons = append(a.Reasons, Reason{Reason: schedule.ReasonKeptElsewhere, Text: text, Details: s.workPlacements(p)})
	a.Remedies = append(a.Remedies, s.removal(p, c))
}

// placements are the WorkPlacements that the group has already.
func (s *Subject) placements(p *placement.Placement) []api.WorkPlacement {
	return s.Platform.Placements(s.Work, p.Group.ID)
}

func (s *Subject) workPlacements(p *placement.Placement) []Detail {
	details := []Detail{}
	for _, wp := range s.placements(p) {
		details = append(details, Detail{"WorkPlacement", wp.Namespace + "/" + wp.Name})
	}
	return details
}

// removal is how a placement that Kratix keeps is given up.
func (s *Subject) removal(p *placement.Placement, c schedule.Candidate) Remedy {
	var commands []string
	for _, wp := range s.placements(p) {
		commands = append(commands, wp.Name)
	}
	return Remedy{
		Text:    "delete the WorkPlacement",
		Command: fmt.Sprintf("kubectl delete workplacement -n %s %s", s.Work.Namespace, strings.Join(commands, " ")),
		Also:    c.Verdict != schedule.Matched,
		Then:    "Kratix would place the group anew",
		Caution: fmt.Sprintf("its documents go from %s, and the GitOps agent there prunes the objects, data included", list(names(&p.Decision, chosen))),
	}
}

// computed tries remedies on a copy of the platform, and says what becomes of
// the group.
func (s *Subject) computed(p *placement.Placement, remedies []Remedy) []Remedy {
	tried := []Remedy{}
	for _, r := range remedies {
		if r.apply != nil {
			r.Then = s.then(p, r)
		}
		tried = append(tried, r)
	}
	return tried
}

func (s *Subject) then(p *placement.Placement, r Remedy) string {
	placed, err := placement.Place(s.Work, change(s.Platform, r.destination, r.apply), placement.Options{})
	if err != nil {
		return ""
	}
	for i := range placed {
		if placed[i].Group.ID == p.Group.ID {
			return outcome(&placed[i].Decision)
		}
	}
	return ""
}

// outcome says where a group would be.
func outcome(d *schedule.Decision) string {
	on, matching := names(d, chosen), names(d, matches)
	drawn := names(d, func(c schedule.Candidate) bool { return c.Reason == schedule.ReasonNotDrawn })
	kept := names(d, func(c schedule.Candidate) bool {
		return c.Reason == schedule.ReasonKeptElsewhere || c.Reason == schedule.ReasonMisplaced
	})
	switch {
	case len(on) == 0:
		return "still no Destination would match"
	case d.Rule == schedule.OneOf && len(kept) > 0:
		return "it would match, and the group would stay on " + list(on)
	case len(drawn) > 0:
		return fmt.Sprintf("Kratix would draw one of %d at random: %s", len(matching), list(matching))
	default:
		return "it would be on " + list(on)
	}
}
