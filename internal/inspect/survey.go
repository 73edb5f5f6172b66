// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kratix-tools/kratix/internal/api"
)

// A survey is what can be known of many Works from their metadata alone. Of
// ten thousand Works with their contents only the few that are not fine are
// ever read.
type survey struct {
	works       []Row
	placed      map[string][]Row // by namespace/name of the Work
	placedKnown bool
	world       *world
	kinds       map[string]string // of requests, by Promise
}

// survey reads the metadata of Works and WorkPlacements, in parallel.
func (in *Inspector) survey(ctx context.Context, f *facts, works, placed Query) (*survey, error) {
	s := &survey{placed: map[string][]Row{}}
	var placedRows, promises []Row
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return installed(f.source.Rows(ctx, Works, works, func(row Row) error {
			s.works = append(s.works, row)
			return nil
		}), Works)
	})
	group.Go(func() (err error) {
		placedRows, s.placedKnown, err = f.rows(ctx, WorkPlacements, placed)
		return err
	})
	group.Go(func() (err error) {
		s.world, err = f.world(ctx)
		return err
	})
	group.Go(func() (err error) {
		promises, _, err = f.rows(ctx, Promises, Query{})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, row := range placedRows {
		key := row.Meta.Namespace + "/" + row.Meta.Labels[api.LabelWork]
		s.placed[key] = append(s.placed[key], row)
	}
	s.kinds = kindsOf(promises)
	return s, nil
}

// explain reads Works with their WorkPlacements and assesses them, a few at a
// time. What cannot be read, or was deleted meanwhile, is left out.
func (in *Inspector) explain(ctx context.Context, f *facts, s *survey, keys []string) (map[string]*WorkReport, error) {
	const atOnce = 8
	reports := map[string]*WorkReport{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, key := range keys {
		group.Go(func() error {
			namespace, name, _ := strings.Cut(key, "/")
			r, err := in.explainOne(ctx, f, s, namespace, name)
			if r == nil || err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			reports[key] = r
			return nil
		})
	}
	return reports, group.Wait()
}

func (in *Inspector) explainOne(ctx context.Context, f *facts, s *survey, namespace, name string) (*WorkReport, error) {
	var w api.Work
	if err := f.source.Get(ctx, Works, namespace, name, &w); err != nil {
		if apierrors.IsNotFound(err) || f.missing(err, Unknown{Verb: "get", Resource: Works.String(), Namespace: namespace}) {
			return nil, nil
		}
		return nil, err
	}
	placed, known, err := f.placed(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	r := in.assess(&w, placed, known, s.world)
	r.For.Kind = s.kind(r.For)
	for i := range r.WorkPlacements {
		r.WorkPlacements[i].For = r.For
	}
	return r, nil
}

// kind gives the kind of the request that a Work is for.
func (s *survey) kind(o Owner) string {
	if o.Name == "" {
		return ""
	}
	return s.kinds[o.Promise]
}

// owner tells from labels what a Work is for.
func (s *survey) owner(row *Row) Owner {
	o := ownerOf(row.Meta.Labels, row.Meta.Namespace, "", "")
	o.Kind = s.kind(o)
	return o
}

func key(row *Row) string { return row.Meta.Namespace + "/" + row.Meta.Name }

// summary tells what the metadata of a Work says.
func (s *survey) summary(row *Row) WorkSummary {
	placed := s.placed[key(row)]
	w := WorkSummary{
		Namespace: row.Meta.Namespace, Name: row.Meta.Name, For: s.owner(row),
		Pipeline: row.Meta.Labels[api.LabelPipelineName], CreatedAt: row.Meta.CreationTimestamp.Time,
		Verdict: Verdict{State: s.state(row, placed), Deleting: row.Meta.DeletionTimestamp != nil, Reasons: []Reason{}},
	}
	w.Verdict.Misplaced = slices.ContainsFunc(placed, func(p Row) bool { return marked(p.Meta.Labels) })
	w.Verdict.Healthy = w.Verdict.State == StateWritten && !w.Verdict.Misplaced && !w.Verdict.Deleting && s.whereItShould(placed)
	w.Verdict.Sentence = string(w.Verdict.State)
	if s.placedKnown {
		written, total := 0, len(placed)
		for _, p := range placed {
			if p.Columns["STATUS"] == "Ready" {
				written++
			}
		}
		w.Written = &Count{written, &total}
		w.Placed = &Count{Done: total}
		if w.Verdict.Healthy {
			w.Placed.Total = &total
		}
	}
	return w
}

// state tells how far a Work is from the printed columns, which are the
// messages of the condition Ready. Both have to be asked, since that of a Work
// is about scheduling only.
func (s *survey) state(row *Row, placed []Row) State {
	if !s.placedKnown {
		return StateUnknown
	}
	switch row.Columns["STATUS"] {
	case "Pending":
		return StateUnplaced
	case "Ready", "Failing", "Misplaced":
		return stateOfRows(placed)
	default:
		return StateUnknown
	}
}

// stateOfRows tells the worst state of some WorkPlacements.
func stateOfRows(placed []Row) State {
	if len(placed) == 0 {
		return StateUnknown // no documents, or something is wrong
	}
	state := StateWritten
	for i := range placed {
		state = worse(state, stateOfRow(&placed[i]))
	}
	return state
}

func stateOfRow(p *Row) State {
	switch p.Columns["STATUS"] {
	case "Ready":
		return StateWritten
	case "Failing":
		return StateWriteFailed
	case "Pending":
		return StatePlaced
	default: // Misplaced says nothing about writing, nothing says nothing
		return StateUnknown
	}
}

// whereItShould says whether WorkPlacements are on Destinations that exist.
func (s *survey) whereItShould(placed []Row) bool {
	return !slices.ContainsFunc(placed, func(p Row) bool {
		return p.Meta.DeletionTimestamp != nil || s.world.destinationsKnown && s.world.destination(destinationOf(&p)) == nil
	})
}

func destinationOf(p *Row) string {
	if name := p.Columns["DESTINATION"]; name != "" {
		return name
	}
	return p.Meta.Labels[api.LabelTargetDestinationName]
}
