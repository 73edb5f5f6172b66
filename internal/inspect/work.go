// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/explain"
)

// Work tells all about one Work.
func (in *Inspector) Work(ctx context.Context, namespace, name string) (*WorkReport, error) {
	f := in.facts()
	var work api.Work
	var world *world
	var placed []api.WorkPlacement
	var placedKnown bool
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() error { return f.get(reading, Works, namespace, name, &work) })
	group.Go(func() (err error) {
		placed, placedKnown, err = f.placed(reading, namespace, name)
		return err
	})
	group.Go(func() (err error) {
		world, err = f.world(reading)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	r := in.assess(&work, placed, placedKnown, world)
	if err := in.complete(ctx, f, r); err != nil {
		return nil, err
	}
	r.Unknown = f.told()
	return r, nil
}

// placed reads the WorkPlacements of a Work, which Kratix finds by their
// label.
func (f *facts) placed(ctx context.Context, namespace, work string) ([]api.WorkPlacement, bool, error) {
	return list[api.WorkPlacement](ctx, f, WorkPlacements, Query{Namespace: namespace, Labels: api.LabelWork + "=" + work})
}

// complete adds what a report has beside the assessment: who it is for, what
// the documents hold, and events.
func (in *Inspector) complete(ctx context.Context, f *facts, r *WorkReport) error {
	r.describe(in.options.MaxDocument)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		promise, err := f.promise(ctx, r.For.Promise)
		if promise == nil || err != nil {
			return err
		}
		r.PromiseVersion = promise.Labels[api.LabelPromiseVersion]
		if r.For.Name != "" {
			r.For.Kind = promise.resource().Kind
		}
		return nil
	})
	var events []Event
	group.Go(func() error {
		found, err := f.events(ctx, Works.Kind, r.Namespace, r.Name)
		events = append(events, found...)
		return err
	})
	var placedEvents []Event
	group.Go(func() (err error) {
		placedEvents, err = f.events(ctx, WorkPlacements.Kind, r.Namespace, r.placementNames()...)
		return err
	})
	err := group.Wait()
	r.Events = fold(append(events, placedEvents...))
	for i := range r.WorkPlacements {
		r.WorkPlacements[i].For = r.For
	}
	return err
}

// eventNames is how many WorkPlacements are asked for their events.
const eventNames = 20

func (r *WorkReport) placementNames() []string {
	var names []string
	for i := range r.WorkPlacements {
		names = append(names, r.WorkPlacements[i].Name)
	}
	return names[:min(eventNames, len(names))]
}

// Subjects gives the Work as package explain wants it: for a question about
// the live platform it has the same answers as for a simulated one.
func (r *WorkReport) Subjects() []explain.Subject {
	s := explain.Subject{Pipeline: r.Pipeline, Work: r.work, Placements: r.Groups, Platform: &r.view().Platform}
	if r.For.Promise != "" {
		s.Promise = "Promise " + r.For.Promise + ": spec.destinationSelectors"
	}
	if r.failure != nil {
		s.Failure = r.failure.Error()
	}
	return []explain.Subject{s}
}

// Document gives the text of a document by its path in the output. The values
// of Secrets are replaced, unless [Options] show them.
func (in *Inspector) Document(r *WorkReport, path string) ([]byte, error) {
	var paths []string
	for i := range r.work.Spec.WorkloadGroups {
		for _, w := range r.work.Spec.WorkloadGroups[i].Workloads {
			if w.Filepath == path {
				return in.text(w)
			}
			paths = append(paths, w.Filepath)
		}
	}
	err := diag.NotFoundf("there is no document %q in Work %s/%s", path, r.Namespace, r.Name)
	hint := diag.DidYouMean(path, paths)
	if hint == "" && len(paths) > 0 {
		hint = "there are: " + shorten(paths)
	}
	return nil, diag.Hint(err, hint)
}
