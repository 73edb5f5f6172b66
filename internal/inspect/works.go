// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
)

// namespace is what to list: empty is all.
func (q *WorksQuery) namespace() string {
	if q.AllNamespaces {
		return ""
	}
	return q.Namespace
}

// labels joins the label selector with what the query names, by the labels
// that Kratix itself finds Works by.
func (q *WorksQuery) labels(ctx context.Context, f *facts) (string, error) {
	var terms []string
	if q.Labels != "" {
		terms = append(terms, q.Labels)
	}
	promise, request := q.Promise, q.Request
	if word, name, found := strings.Cut(q.Request, "/"); found {
		of, _, err := f.kindOf(ctx, word)
		if err != nil {
			return "", err
		}
		if promise == "" {
			promise = of
		} else if promise != of {
			terms = append(terms, api.LabelPromiseName+"="+of) // both: there is none
		}
		request = name
	}
	if promise != "" {
		terms = append(terms, api.LabelPromiseName+"="+promise)
	}
	if request != "" {
		terms = append(terms, api.LabelResourceName+"="+request)
	}
	return strings.Join(terms, ","), nil
}

// Works lists Works with their verdicts, by namespace and name.
//
// What is fine by its own conditions and those of its WorkPlacements is told
// from metadata; everything else is read and assessed, up to
// [Options.MaxExplained].
func (in *Inspector) Works(ctx context.Context, q WorksQuery) (*WorkList, error) {
	f := in.facts()
	labels, err := q.labels(ctx, f)
	if err != nil {
		return nil, err
	}
	s, err := in.survey(ctx, f, Query{q.namespace(), labels, q.Fields}, Query{Namespace: q.namespace()})
	if err != nil {
		return nil, err
	}
	l := &WorkList{Header: in.header("WorkList"), Items: []WorkSummary{}}
	for i := range s.works {
		if q.Destination == "" || s.isOn(&s.works[i], q.Destination) {
			l.Items = append(l.Items, s.summary(&s.works[i]))
		}
	}
	if err := in.explainAll(ctx, f, s, l); err != nil {
		return nil, err
	}
	l.finish(q.NotReady)
	l.Unknown = f.told()
	return l, nil
}

func (s *survey) isOn(row *Row, destination string) bool {
	return slices.ContainsFunc(s.placed[key(row)], func(p Row) bool { return destinationOf(&p) == destination })
}

// explainAll looks into the Works of a list that are not fine.
func (in *Inspector) explainAll(ctx context.Context, f *facts, s *survey, l *WorkList) error {
	if !s.placedKnown {
		return nil // one would know no more
	}
	var keys []string
	for i := range l.Items {
		if !l.Items[i].Verdict.Healthy {
			keys = append(keys, l.Items[i].Namespace+"/"+l.Items[i].Name)
		}
	}
	slices.Sort(keys)
	keys = keys[:min(len(keys), in.options.MaxExplained)]
	reports, err := in.explain(ctx, f, s, keys)
	for i := range l.Items {
		if r := reports[l.Items[i].Namespace+"/"+l.Items[i].Name]; r != nil {
			l.Items[i] = r.summary()
		}
	}
	return err
}

// summary gives the short form of a report.
func (r *WorkReport) summary() WorkSummary {
	return WorkSummary{
		Namespace: r.Namespace, Name: r.Name, For: r.For, Pipeline: r.Pipeline, Placed: r.Placed, Written: r.Written,
		Verdict: r.Verdict, CreatedAt: r.CreatedAt, Explained: true,
	}
}

// finish sorts and counts.
func (l *WorkList) finish(notReady bool) {
	slices.SortFunc(l.Items, func(a, b WorkSummary) int {
		return compareNames(a.Namespace, a.Name, b.Namespace, b.Name)
	})
	l.Total = len(l.Items)
	for i := range l.Items {
		switch {
		case l.Items[i].Verdict.Healthy:
			l.Healthy++
		case !l.Items[i].Explained:
			l.Unexplained++
		}
	}
	if notReady {
		l.Items = slices.DeleteFunc(l.Items, func(w WorkSummary) bool { return w.Verdict.Healthy })
	}
}

// WorkPlacements lists WorkPlacements with their state, by namespace and name.
// Labels and Fields of the query are those of WorkPlacements.
func (in *Inspector) WorkPlacements(ctx context.Context, q WorksQuery) (*WorkPlacementList, error) {
	f := in.facts()
	narrow := WorksQuery{Promise: q.Promise, Request: q.Request}
	labels, err := narrow.labels(ctx, f)
	if err != nil {
		return nil, err
	}
	s, err := in.survey(ctx, f, Query{Namespace: q.namespace(), Labels: labels}, Query{q.namespace(), q.Labels, q.Fields})
	if err != nil {
		return nil, err
	}
	if !s.placedKnown {
		return nil, in.refused(ctx, q)
	}
	works := map[string]*Row{}
	for i := range s.works {
		works[key(&s.works[i])] = &s.works[i]
	}
	items, err := in.placedItems(ctx, f, s, works, q, labels != "")
	if err != nil {
		return nil, err
	}
	l := &WorkPlacementList{Header: in.header("WorkPlacementList"), Items: []Placed{}, Unknown: f.told()}
	for _, p := range items {
		if p.healthy() {
			l.Healthy++
		} else if q.NotReady {
			l.Items = append(l.Items, p)
		}
		if !q.NotReady {
			l.Items = append(l.Items, p)
		}
	}
	return l, nil
}

// refused gives the error of a list that is all that was asked for.
func (in *Inspector) refused(ctx context.Context, q WorksQuery) error {
	err := in.source.Rows(ctx, WorkPlacements, Query{Namespace: q.namespace()}, func(Row) error { return nil })
	return installed(err, WorkPlacements)
}

func (p *Placed) healthy() bool {
	return (p.State == StateWritten || p.Silent) && !p.Misplaced && !p.Deleting
}

// placedItems tells about WorkPlacements, and reads those that are not fine, or
// all.
func (in *Inspector) placedItems(ctx context.Context, f *facts, s *survey, works map[string]*Row, q WorksQuery, known bool) ([]Placed, error) {
	var items []Placed
	var read []string
	for of, rows := range s.placed {
		if known && works[of] == nil {
			continue
		}
		for i := range rows {
			p := s.placedRow(&rows[i], works[of])
			if q.Destination != "" && p.Destination != q.Destination {
				continue
			}
			items = append(items, p)
			if q.Full || !p.healthy() {
				read = append(read, of)
			}
		}
	}
	slices.Sort(read)
	read = slices.Compact(read)
	reports, err := in.explain(ctx, f, s, read[:min(len(read), in.options.MaxExplained)])
	for i := range items {
		if r := reports[items[i].Namespace+"/"+items[i].Work]; r != nil {
			items[i] = r.placement(items[i])
		}
	}
	slices.SortFunc(items, func(a, b Placed) int { return compareNames(a.Namespace, a.Name, b.Namespace, b.Name) })
	return items, err
}

// placement gives what a report says about a WorkPlacement.
func (r *WorkReport) placement(p Placed) Placed {
	for i := range r.WorkPlacements {
		if r.WorkPlacements[i].Name == p.Name {
			return r.WorkPlacements[i]
		}
	}
	return p
}

// placedRow tells about a WorkPlacement what its metadata says.
func (s *survey) placedRow(row, work *Row) Placed {
	p := Placed{
		Namespace: row.Meta.Namespace, Name: row.Meta.Name, Work: row.Meta.Labels[api.LabelWork], Destination: destinationOf(row),
		State: stateOfRow(row), MarkedMisplaced: marked(row.Meta.Labels), Misplaced: marked(row.Meta.Labels),
		Deleting: row.Meta.DeletionTimestamp != nil, CreatedAt: row.Meta.CreationTimestamp.Time,
		Conditions: []metav1.Condition{},
	}
	p.Group.ID = row.Meta.Labels[api.LabelWorkloadGroupID]
	p.Group.Directory = directoryOf(p.Group.ID)
	if work != nil {
		p.For = s.owner(work)
	}
	return p
}
