// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// compare holds what was computed against what Kratix stored.
func (r *WorkReport) compare() {
	if !r.placedKnown {
		return
	}
	r.compareScheduled()
	r.compareWritten()
	r.compareCounters()
	for i := range r.Groups {
		r.compareGroup(&r.Groups[i])
	}
	for i := range r.WorkPlacements {
		r.comparePlaced(&r.WorkPlacements[i])
	}
}

func (r *WorkReport) object() string { return "Work " + r.Namespace + "/" + r.Name }

func (r *WorkReport) disagree(code DisagreementCode, object, computed, stored, text string) {
	r.Disagreements = append(r.Disagreements, Disagreement{code, object, computed, stored, text})
}

// condition gives the first of some conditions that is there.
func condition(conditions []metav1.Condition, types ...string) *metav1.Condition {
	for _, name := range types {
		if c := meta.FindStatusCondition(conditions, name); c != nil {
			return c
		}
	}
	return nil
}

// stated gives a condition as one reads it: "Ready=True (Reason)".
func stated(c *metav1.Condition) string {
	return fmt.Sprintf("%s=%s (%s)", c.Type, c.Status, c.Reason)
}

// compareScheduled compares whether all groups are placed with the condition
// about it, in both vocabularies.
func (r *WorkReport) compareScheduled() {
	var unplaced []string
	for i := range r.Groups {
		if len(r.group(r.Groups[i].Group.ID)) == 0 {
			unplaced = append(unplaced, fmt.Sprintf("%q", r.Groups[i].Group.Directory))
		}
	}
	c := condition(r.Conditions, condScheduled, condOldScheduled)
	switch {
	case c == nil:
	case c.Status == metav1.ConditionTrue && len(unplaced) > 0:
		r.disagree(ReadyNotPlaced, r.object(), "no WorkPlacement for group "+strings.Join(unplaced, ", "), stated(c),
			"the Work says that everything is scheduled, but a group has no WorkPlacement")
	case c.Status == metav1.ConditionFalse && strings.HasPrefix(c.Reason, "Unscheduled") && len(unplaced) == 0:
		r.disagree(NotReadyPlaced, r.object(), "all groups have WorkPlacements", stated(c),
			"the Work says that groups are not scheduled, but all have WorkPlacements")
	}
}

// compareWritten compares what was written with the condition Ready of the
// Work, which is about scheduling only, and of the WorkPlacements, which could
// be set before anything was written until February 2026.
func (r *WorkReport) compareWritten() {
	var failed, waiting []string
	for i := range r.WorkPlacements {
		p := &r.WorkPlacements[i]
		switch {
		case p.State == StateWriteFailed:
			failed = append(failed, p.Name)
		case p.State == StatePlaced && !p.Silent:
			waiting = append(waiting, p.Name)
			if c := meta.FindStatusCondition(p.Conditions, condReady); c != nil && c.Status == metav1.ConditionTrue {
				r.disagree(ReadyNotWritten, "WorkPlacement "+p.Namespace+"/"+p.Name, "never written", stated(c),
					"the WorkPlacement says Ready, but nothing says that it was ever written")
			}
		}
	}
	c := meta.FindStatusCondition(r.Conditions, condReady)
	if c == nil || c.Status != metav1.ConditionTrue {
		return
	}
	if len(failed) > 0 {
		r.disagree(ReadyNotWritten, r.object(), "writing failed: "+strings.Join(failed, ", "), stated(c),
			"the Work says Ready, which means scheduled, but writing it failed")
	}
	if len(waiting) > 0 {
		r.disagree(ReadyNotWritten, r.object(), "never written: "+strings.Join(waiting, ", "), stated(c),
			"the Work says Ready, which means scheduled, but it was never written")
	}
}

// compareCounters compares the counters, which count groups. Releases before
// June 2025 have none.
func (r *WorkReport) compareCounters() {
	c := meta.FindStatusCondition(r.Conditions, condScheduled)
	if c == nil || c.Reason == "FailedToScheduleWorkloads" {
		return
	}
	placed := 0
	for i := range r.Groups {
		if len(r.group(r.Groups[i].Group.ID)) > 0 {
			placed++
		}
	}
	computed := fmt.Sprintf("%d of %s placed", placed, plural(len(r.Groups), "group"))
	stored := fmt.Sprintf("workPlacementsCreated %d, workPlacements %d", r.work.Status.WorkPlacementsCreated, r.work.Status.WorkPlacements)
	if placed != r.work.Status.WorkPlacementsCreated || len(r.Groups) != r.work.Status.WorkPlacements {
		r.disagree(CountersWrong, r.object(), computed, stored, "the counters in the Work's status do not count what is there")
	}
}

// compareGroup compares where a group is with where it should be.
func (r *WorkReport) compareGroup(p *placement.Placement) {
	name := fmt.Sprintf("group %q", p.Group.Directory)
	placed := r.group(p.Group.ID)
	if p.Rule == schedule.OneOf && len(placed) > 1 {
		names := make([]string, len(placed))
		for i, wp := range placed {
			names[i] = wp.Name
		}
		r.disagree(MorePlacements, r.object(), name+" goes to one Destination", strings.Join(names, ", "),
			name+" of a request has more than one WorkPlacement; Kratix keeps and writes them all")
	}
	if undecided(&p.Decision) || !r.world.destinationsKnown {
		return
	}
	matching := r.missing(p)
	if p.Rule == schedule.OneOf && len(placed) == 0 {
		for _, c := range p.Candidates {
			if c.Verdict == schedule.Matched {
				matching = append(matching, c.Destination)
			}
		}
	}
	if len(matching) > 0 {
		r.disagree(PlaceableNotPlaced, r.object(), name+" matches "+shorten(matching), "no WorkPlacement",
			name+" could be placed, but Kratix has not done it")
	}
}

// comparePlaced compares one WorkPlacement with what it should say.
func (r *WorkReport) comparePlaced(p *Placed) {
	object := "WorkPlacement " + p.Namespace + "/" + p.Name
	if !slices.ContainsFunc(r.Groups, func(g placement.Placement) bool { return g.Group.ID == p.Group.ID }) {
		r.disagree(GroupGone, object, "the Work has no such group", p.Group.ID, "the WorkPlacement is of a group that the Work does not have any more")
		return
	}
	if r.Generation > 0 && p.WorkGeneration > 0 && p.WorkGeneration < r.Generation {
		r.disagree(GenerationBehind, object, fmt.Sprintf("the Work has generation %d", r.Generation), fmt.Sprintf("made from generation %d", p.WorkGeneration),
			"the WorkPlacement was made from an older version of the Work")
	}
	if !r.world.destinationsKnown {
		return
	}
	if r.world.destination(p.Destination) == nil {
		r.disagree(DestinationGone, object, "there is no Destination "+p.Destination, "on "+p.Destination,
			"the WorkPlacement is on a Destination that does not exist; nothing writes or removes its documents")
		return
	}
	r.compareMisplaced(p, object)
}

func (r *WorkReport) compareMisplaced(p *Placed, object string) {
	c, _ := r.candidate(p.Group.ID, p.Destination)
	byCondition := misplacedByCondition(p.Conditions)
	switch {
	case c.Reason == schedule.ReasonUnknown:
	case p.Misplaced && !p.MarkedMisplaced && !byCondition:
		r.disagree(MisplacedNotMarked, object, "misplaced: "+r.whyMisplaced(p), "not marked as misplaced",
			"the Destination does not match any more, and Kratix has not noticed")
	case p.Misplaced:
	case byCondition:
		r.disagree(MarkedNotMisplaced, object, "Destination "+p.Destination+" matches", "misplaced by its conditions",
			"the WorkPlacement says misplaced, but its Destination matches")
	case p.MarkedMisplaced:
		r.disagree(MarkedNotMisplaced, object, "Destination "+p.Destination+" matches", "label kratix.io/misplaced=true",
			"the label says misplaced, but the Destination matches; Kratix never takes the label from a request's WorkPlacement")
	}
}
