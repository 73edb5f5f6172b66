// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// judge makes the verdict of what is known.
func (r *WorkReport) judge() {
	r.Verdict = Verdict{State: StateEmpty, Deleting: r.work.DeletionTimestamp != nil, Reasons: []Reason{}}
	for i := range r.Groups {
		r.judgeGroup(&r.Groups[i])
	}
	for i := range r.WorkPlacements {
		r.judgePlaced(&r.WorkPlacements[i])
	}
	for i := range r.Verification {
		if c := &r.Verification[i]; len(c.Extra) > 0 {
			r.because(StateDrifted, "", c.Destination, "Kratix did not write "+shorten(c.Extra))
		}
	}
	slices.SortStableFunc(r.Verdict.Reasons, func(a, b Reason) int { return severity(a.State) - severity(b.State) })
	r.conclude()
}

func severity(s State) int {
	if i := slices.Index(worst, s); i >= 0 {
		return i
	}
	return len(worst)
}

// conclude says the verdict in one sentence.
func (r *WorkReport) conclude() {
	v := &r.Verdict
	v.Healthy = !v.Misplaced && !v.Deleting && r.fine()
	v.Sentence = string(v.State) + ": " + r.sentence()
	if v.Misplaced {
		v.Sentence += ", misplaced"
	}
	if v.Deleting {
		v.Sentence += ", being deleted"
	}
}

// fine says whether the state is as good as it gets.
func (r *WorkReport) fine() bool {
	switch r.Verdict.State {
	case StateWritten, StateVerified, StateEmpty:
		return true
	case StatePlaced:
		return !slices.ContainsFunc(r.WorkPlacements, func(p Placed) bool {
			return p.Deleting || !p.Silent && (p.State != StateWritten || r.outdated(&p))
		})
	default:
		return false
	}
}

func (r *WorkReport) because(s State, group, destination, text string) {
	r.Verdict.State = worse(r.Verdict.State, s)
	r.Verdict.Reasons = append(r.Verdict.Reasons, Reason{
		State: s, Work: r.Namespace + "/" + r.Name, Group: group, Destination: destination, Text: text,
	})
}

// judgeGroup finds out what a group lacks.
func (r *WorkReport) judgeGroup(p *placement.Placement) {
	switch {
	case !r.placedKnown:
		r.because(StateUnknown, p.Group.Directory, "", "WorkPlacements could not be read")
	case len(r.group(p.Group.ID)) == 0:
		r.because(StateUnplaced, p.Group.Directory, "", r.whyUnplaced(&p.Decision))
	default:
		r.Verdict.State = worse(r.Verdict.State, StateVerified) // there is something
		for _, name := range r.missing(p) {
			r.because(StateUnplaced, p.Group.Directory, name, "it matches, but there is no WorkPlacement")
		}
	}
}

// whyUnplaced says why a group without WorkPlacements has none.
func (r *WorkReport) whyUnplaced(d *schedule.Decision) string {
	var matching []string
	for _, c := range d.Candidates {
		if c.Verdict == schedule.Matched {
			matching = append(matching, c.Destination)
		}
	}
	switch {
	case undecided(d) && r.failure != nil:
		return r.failure.Error()
	case !r.world.destinationsKnown:
		return "there is no WorkPlacement, and Destinations could not be read"
	case len(matching) > 0:
		return "matches " + shorten(matching) + ", but there is no WorkPlacement"
	default:
		return noDestination(d)
	}
}

// noDestination says what no Destination has.
func noDestination(d *schedule.Decision) string {
	switch {
	case len(d.Candidates) == 0:
		return "there is no Destination"
	case !slices.ContainsFunc(d.Candidates, func(c schedule.Candidate) bool { return !terminating(c) }):
		return "every Destination is being deleted"
	}
	if reserved := reserved(d); len(reserved) > 0 {
		return "only Destinations for dry runs match: " + shorten(reserved)
	}
	if len(d.Requires) == 0 {
		return "no Destination takes Work without selectors"
	}
	labels := make([]string, len(d.Requires))
	for i, q := range d.Requires {
		labels[i] = q.Key + "=" + q.Value
	}
	which := "no Destination"
	if slices.ContainsFunc(d.Candidates, terminating) {
		which += " that stays" // those that go were not looked at
	}
	if one := lacked(d); one != "" {
		return which + " has " + one
	}
	return which + " has " + strings.Join(labels, " and ")
}

func terminating(c schedule.Candidate) bool { return c.Reason == schedule.ReasonTerminating }

// reserved names the Destinations that match but are for dry runs only.
func reserved(d *schedule.Decision) []string {
	var names []string
	for _, c := range d.Candidates {
		if c.Reason == schedule.ReasonDryRunOnly {
			names = append(names, c.Destination)
		}
	}
	return names
}

// lacked is the one requirement that no Destination satisfies, if there is
// such a one among several.
func lacked(d *schedule.Decision) string {
	for _, q := range d.Requires {
		everywhere := !slices.ContainsFunc(d.Candidates, func(c schedule.Candidate) bool {
			return !terminating(c) && !slices.ContainsFunc(c.Labels, func(l schedule.LabelMismatch) bool { return l.Key == q.Key })
		})
		if everywhere {
			return q.Key + "=" + q.Value
		}
	}
	return ""
}

// judgePlaced finds out what keeps a WorkPlacement from being written where it
// belongs.
func (r *WorkReport) judgePlaced(p *Placed) {
	switch {
	case p.State == StateWriteFailed:
		r.because(StateWriteFailed, p.Group.Directory, p.Destination, p.Message+r.inStore(p.Destination))
	case p.State == StatePlaced && p.Silent:
		r.Verdict.State = worse(r.Verdict.State, StatePlaced)
	case p.State == StatePlaced:
		r.because(StatePlaced, p.Group.Directory, p.Destination, p.Message)
	case p.Deleting:
		r.because(StatePlaced, p.Group.Directory, p.Destination, "its WorkPlacement is being deleted")
	case r.outdated(p):
		r.because(StatePlaced, p.Group.Directory, p.Destination, "an older version of the documents was written")
	case p.State == StateMissing, p.State == StateDrifted, p.State == StateUnverified:
		r.because(p.State, p.Group.Directory, p.Destination, r.whyUnverified(p))
	default:
		r.Verdict.State = worse(r.Verdict.State, p.State)
	}
	if p.Misplaced {
		r.Verdict.Misplaced = true
		state := r.Verdict.State
		r.because(StateMisplaced, p.Group.Directory, p.Destination, r.whyMisplaced(p))
		r.Verdict.State = state
	}
}

// outdated says that a WorkPlacement was written, but not with all documents
// as the Work has them.
func (r *WorkReport) outdated(p *Placed) bool {
	for i := range r.Groups {
		for _, d := range r.Groups[i].Documents {
			if r.Groups[i].Group.ID == p.Group.ID && d.Destination == p.Destination && d.State == placement.Placed {
				return true
			}
		}
	}
	return false
}

// whyUnverified says what a state store holds instead.
func (r *WorkReport) whyUnverified(p *Placed) string {
	for i := range r.Verification {
		if c := &r.Verification[i]; c.Destination == p.Destination && c.Problem != "" {
			return c.Problem
		}
	}
	of, n := 0, 0
	for i := range r.Groups {
		for _, d := range r.Groups[i].Documents {
			if r.Groups[i].Group.ID == p.Group.ID && d.Destination == p.Destination {
				of++
				if d.State != placement.Verified {
					n++
				}
			}
		}
	}
	what := map[State]string{
		StateMissing: "not in the state store, or different", StateDrifted: "different in the state store", StateUnverified: "not read back",
	}[p.State]
	if n == 0 {
		return "the state file of Kratix is " + what
	}
	return fmt.Sprintf("%d of %s %s", n, plural(of, "document"), what)
}

func (r *WorkReport) inStore(destination string) string {
	if s := r.world.site(destination); s.Store != nil {
		return " (state store " + s.Store.Name + ")"
	}
	return ""
}

func (r *WorkReport) whyMisplaced(p *Placed) string {
	c, _ := r.candidate(p.Group.ID, p.Destination)
	if r.world.destination(p.Destination) == nil {
		return "the Destination does not exist"
	}
	var parts []string
	for _, l := range c.Labels {
		have := "no " + l.Key
		if l.Actual != nil {
			have = l.Key + "=" + *l.Actual
		}
		parts = append(parts, fmt.Sprintf("%s, required %s=%s (%s)", have, l.Key, l.Required, l.Source))
	}
	if len(parts) == 0 {
		return "the Destination does not match any more"
	}
	return strings.Join(parts, "; ")
}

// sentence says what the state means here.
func (r *WorkReport) sentence() string {
	groups, placements := len(r.Groups), len(r.WorkPlacements)
	switch r.Verdict.State {
	case StateUnknown:
		return "WorkPlacements could not be read"
	case StateUnplaced:
		return r.unplaced(groups)
	case StateWriteFailed:
		n := countPlaced(r.WorkPlacements, func(p *Placed) bool { return p.State == StateWriteFailed })
		return fmt.Sprintf("%d of %s could not be written", n, plural(placements, "WorkPlacement"))
	case StatePlaced:
		if r.fine() {
			return strings.Join(r.landed(), ", ") + "; this release of Kratix does not tell what was written"
		}
		n := countPlaced(r.WorkPlacements, func(p *Placed) bool { return p.State != StateWritten || r.outdated(p) })
		if n == 0 {
			return strings.Join(r.landed(), ", ") + ", where it is being removed"
		}
		return fmt.Sprintf("%d of %s not written yet", n, plural(placements, "WorkPlacement"))
	case StateEmpty:
		return "the Work has no documents"
	default:
		return strings.Join(r.landed(), ", ")
	}
}

func (r *WorkReport) unplaced(groups int) string {
	none := 0
	for i := range r.Groups {
		if len(r.group(r.Groups[i].Group.ID)) == 0 {
			none++
		}
	}
	switch none {
	case 0:
		return "a Destination that matches has no WorkPlacement"
	case 1:
		return fmt.Sprintf("1 of %s has no Destination", plural(groups, "group"))
	default:
		return fmt.Sprintf("%d of %s have no Destination", none, plural(groups, "group"))
	}
}

// landed says how many documents are on which Destination, by name.
func (r *WorkReport) landed() []string {
	var names []string
	documents := map[string]int{}
	for i := range r.Groups {
		for _, c := range r.Groups[i].Candidates {
			if c.Chosen && !slices.Contains(names, c.Destination) {
				names = append(names, c.Destination)
			}
		}
		for _, d := range r.Groups[i].Documents {
			documents[d.Destination]++
		}
	}
	slices.Sort(names)
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s on %s", plural(documents[name], "document"), name)
	}
	return parts
}

func countPlaced(placed []Placed, test func(*Placed) bool) int {
	n := 0
	for i := range placed {
		if test(&placed[i]) {
			n++
		}
	}
	return n
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Reached says whether everything has come at least as far as a state: Placed,
// Written or Verified.
func (v *Verdict) Reached(s State) bool {
	if v.State == StateEmpty {
		return true
	}
	switch s {
	case StatePlaced:
		return v.State != StateUnknown && v.State != StateUnplaced
	case StateWritten:
		return slices.Contains([]State{StateWritten, StateVerified, StateMissing, StateDrifted, StateUnverified}, v.State)
	default:
		return v.State == s
	}
}
