// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// Destinations lists Destinations with what they hold, by name.
func (in *Inspector) Destinations(ctx context.Context) (*DestinationList, error) {
	f := in.facts()
	var world *world
	var placed []Row
	var known bool
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		world, err = f.world(reading)
		return err
	})
	group.Go(func() (err error) {
		placed, known, err = f.rows(reading, WorkPlacements, Query{})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if !world.destinationsKnown {
		return nil, installed(in.source.Rows(ctx, Destinations, Query{}, func(Row) error { return nil }), Destinations)
	}
	held, err := in.held(ctx, f, placed)
	if err != nil {
		return nil, err
	}
	l := &DestinationList{Header: in.header("DestinationList"), Items: []DestinationSummary{}}
	for i := range world.Destinations {
		s := DestinationSummary{Site: world.site(world.Destinations[i].Name)}
		if known {
			h := held[s.Name]
			s.WorkPlacements, s.Misplaced = &Count{h.written, &h.total}, h.misplaced
		}
		s.Healthy = s.well() && (!known || held[s.Name].written == held[s.Name].total)
		l.Items = append(l.Items, s)
	}
	l.Unknown = f.told()
	return l, nil
}

// well says that nothing is known against a Destination.
func (s *Site) well() bool {
	return s.Exists && !s.Deleting && !s.Ready.bad() && (s.Store == nil || !s.Store.Ready.bad())
}

// holding counts the WorkPlacements on a Destination.
type holding struct{ written, total, misplaced int }

// held counts by Destination. Whether a misplaced WorkPlacement was written is
// not in its columns, so those are read, unless there are too many.
func (in *Inspector) held(ctx context.Context, f *facts, placed []Row) (map[string]holding, error) {
	written := map[string]bool{}
	read := func(label string) error {
		found, _, err := list[api.WorkPlacement](ctx, f, WorkPlacements, Query{Labels: label + "=true"})
		for i := range found {
			p := newPlaced(&found[i])
			written[p.Namespace+"/"+p.Name] = p.State == StateWritten || p.Silent
		}
		return err
	}
	for _, label := range []string{api.LabelMisplaced, labelMisscheduled} {
		n := 0
		for i := range placed {
			if placed[i].Meta.Labels[label] == "true" {
				n++
			}
		}
		if n == 0 || n > in.options.MaxExplained {
			continue
		}
		if err := read(label); err != nil {
			return nil, err
		}
	}
	held := map[string]holding{}
	for i := range placed {
		h := held[destinationOf(&placed[i])]
		h.total++
		if marked(placed[i].Meta.Labels) {
			h.misplaced++
		}
		if stateOfRow(&placed[i]) == StateWritten || written[key(&placed[i])] {
			h.written++
		}
		held[destinationOf(&placed[i])] = h
	}
	return held, nil
}

// Destination tells what landed on one Destination.
func (in *Inspector) Destination(ctx context.Context, name string) (*DestinationReport, error) {
	f := in.facts()
	var d api.Destination
	var world *world
	var placed []api.WorkPlacement
	var promises []Row
	var events []Event
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() error { return f.get(reading, Destinations, "", name, &d) })
	group.Go(func() (err error) {
		world, err = f.world(reading)
		return err
	})
	group.Go(func() (err error) {
		placed, _, err = list[api.WorkPlacement](reading, f, WorkPlacements, Query{Labels: api.LabelTargetDestinationName + "=" + name})
		return err
	})
	group.Go(func() (err error) {
		promises, _, err = f.rows(reading, Promises, Query{})
		return err
	})
	group.Go(func() (err error) {
		events, err = f.events(reading, Destinations.Kind, "", name)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	world.know(&d)
	world.WorkPlacements = placed
	r := &DestinationReport{
		Header: in.header("DestinationReport"), Site: world.site(name), Conditions: append([]metav1.Condition{}, d.Status.Conditions...),
		Landed: []Landed{}, Collisions: []Collision{}, Disagreements: []Disagreement{}, Events: events,
	}
	r.land(world, placed, kindsOf(promises), in.options.MaxDocument)
	if err := in.relocate(ctx, f, r, &d); err != nil {
		return nil, err
	}
	r.collide()
	r.aggregate(world, in.options.MaxDocument)
	r.judge()
	r.compare()
	r.Unknown = f.told()
	return r, nil
}

// compare holds what the Destination says against what was written. Kratix
// tests a Destination once, with documents of its own.
func (r *DestinationReport) compare() {
	var failed []string
	for i := range r.Landed {
		if r.Landed[i].State == StateWriteFailed {
			failed = append(failed, r.Landed[i].Namespace+"/"+r.Landed[i].Name)
		}
	}
	if len(failed) > 0 && r.Ready != nil && r.Ready.Status == metav1.ConditionTrue {
		r.Disagreements = append(r.Disagreements, Disagreement{
			ReadyNotWritten, "Destination " + r.Name, "writing failed: " + shorten(failed), "Ready=True (" + r.Ready.Reason + ")",
			"the Destination says Ready, but writing to it failed",
		})
	}
}

func kindsOf(promises []Row) map[string]string {
	kinds := map[string]string{}
	for _, row := range promises {
		kinds[row.Meta.Name] = row.Columns["Kind"]
	}
	return kinds
}

// know adds a Destination that could be read although the list of all could
// not.
func (w *world) know(d *api.Destination) {
	if w.destination(d.Name) == nil {
		w.Destinations = append(w.Destinations, *d)
		w.Complete()
	}
}

// land tells about all WorkPlacements of the Destination.
func (r *DestinationReport) land(w *world, placed []api.WorkPlacement, kinds map[string]string, limit int64) {
	for i := range placed {
		wp := &placed[i]
		l := Landed{Placed: newPlaced(wp), Documents: placement.Documents(wp, &w.Platform, limit)}
		if l.For.Name != "" {
			l.For.Kind = kinds[l.For.Promise]
		}
		l.Misplaced = l.MarkedMisplaced || misplacedByCondition(wp.Status.Conditions)
		if l.State == StatePlaced && !l.Silent {
			l.Message = w.waiting(r.Name)
		}
		for j := range l.Documents {
			if l.State == StateWritten {
				l.Documents[j].State = placement.Written
				l.Documents[j].Store = versioned(l.Documents[j].Store, wp)
			}
		}
		r.Landed = append(r.Landed, l)
	}
	slices.SortFunc(r.Landed, func(a, b Landed) int { return compareNames(a.Namespace, a.Name, b.Namespace, b.Name) })
}

// relocate finds out anew whether WorkPlacements are where they belong. That
// needs the selectors in their Works; if there are too many, what is marked
// counts.
func (in *Inspector) relocate(ctx context.Context, f *facts, r *DestinationReport, d *api.Destination) error {
	works := map[string]*api.Work{}
	for i := range r.Landed {
		works[r.Landed[i].Namespace+"/"+r.Landed[i].Work] = nil
	}
	if len(works) > in.options.MaxExplained {
		return nil
	}
	for _, of := range slices.Sorted(maps.Keys(works)) {
		var w api.Work
		namespace, name, _ := strings.Cut(of, "/")
		err := f.source.Get(ctx, Works, namespace, name, &w)
		switch {
		case err == nil:
			works[of] = &w
		case !apierrors.IsNotFound(err) && !f.missing(err, Unknown{Verb: "get", Resource: Works.String(), Namespace: namespace}):
			return err
		}
	}
	for i := range r.Landed {
		if w := works[r.Landed[i].Namespace+"/"+r.Landed[i].Work]; w != nil {
			r.Landed[i].decide(w, d)
		}
	}
	return nil
}

// decide says whether a WorkPlacement belongs on its Destination.
func (l *Landed) decide(w *api.Work, d *api.Destination) {
	l.For.Type = ownerOf(w.Labels, w.Namespace, w.Spec.PromiseName, w.Spec.ResourceName).Type
	for i := range w.Spec.WorkloadGroups {
		g := &w.Spec.WorkloadGroups[i]
		if g.ID != l.Group.ID {
			continue
		}
		l.Group.Directory = g.Directory
		decision, err := schedule.Decide(g, []api.Destination{*d}, schedule.Options{
			Rule: schedule.RuleFor(w), DryRun: w.Labels[api.LabelDryRun] == "true", Existing: []string{d.Name},
		})
		if err == nil {
			l.Misplaced = decision.Candidates[0].Reason == schedule.ReasonMisplaced
		}
	}
}

// collide finds paths that several WorkPlacements write.
func (r *DestinationReport) collide() {
	if r.Mode == api.FilepathAggregated {
		return // one path is meant for all
	}
	writers := map[string][]string{}
	for i := range r.Landed {
		for _, d := range r.Landed[i].Documents {
			if d.Store != nil {
				writers[d.Store.Path] = append(writers[d.Store.Path], r.Landed[i].Namespace+"/"+r.Landed[i].Name)
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(writers)) {
		if len(writers[path]) > 1 {
			r.Collisions = append(r.Collisions, Collision{path, writers[path]})
		}
	}
}

// aggregate puts the one file together that Kratix writes in the mode
// aggregatedYAML.
func (r *DestinationReport) aggregate(w *world, limit int64) {
	if r.Mode != api.FilepathAggregated || len(w.WorkPlacements) == 0 {
		return
	}
	a := &Aggregate{}
	for i := range r.Landed {
		a.Documents += len(r.Landed[i].Documents)
	}
	var stores placement.Tree
	first := w.WorkPlacements[0]
	if err := stores.Write(&first, &w.Platform); err != nil {
		a.Problem = err.Error()
	}
	for file := range stores.Files() {
		a.Path = string(file.Path)
		text, err := file.Content(limit)
		if err != nil {
			a.Problem = err.Error()
			continue
		}
		sum := sha256.Sum256(text)
		a.Size, a.SHA256 = int64(len(text)), hex.EncodeToString(sum[:])
	}
	r.Aggregate = a
}

// judge makes the verdict: that of what is worst on the Destination.
func (r *DestinationReport) judge() {
	v := Verdict{State: StateEmpty, Deleting: r.Deleting, Reasons: []Reason{}}
	written := 0
	for i := range r.Landed {
		l := &r.Landed[i]
		v.State = worse(v.State, l.State)
		v.Misplaced = v.Misplaced || l.Misplaced
		reason := Reason{State: l.State, Work: l.Namespace + "/" + l.Work, Group: l.Group.Directory, Destination: r.Name, Text: l.Message}
		switch {
		case l.State == StateWritten:
			written++
		case !l.Silent:
			v.Reasons = append(v.Reasons, reason)
		}
		if l.Misplaced {
			reason.State, reason.Text = StateMisplaced, "the Destination does not match"
			v.Reasons = append(v.Reasons, reason)
		}
	}
	slices.SortStableFunc(v.Reasons, func(a, b Reason) int { return severity(a.State) - severity(b.State) })
	v.Healthy = !v.Deleting && !v.Misplaced && len(v.Reasons) == 0 && r.well()
	v.Sentence = "nothing is placed here"
	if n := len(r.Landed); n > 0 {
		v.Sentence = fmt.Sprintf("%d of %s written", written, plural(n, "WorkPlacement"))
	}
	switch {
	case r.Ready.bad():
		v.Sentence += "; not ready: " + r.Ready.Message
	case r.Store != nil && r.Store.Ready.bad():
		v.Sentence += fmt.Sprintf("; %s %s is not ready: %s", r.Store.Kind, r.Store.Name, r.Store.Ready.Message)
	}
	r.Verdict = v
}
