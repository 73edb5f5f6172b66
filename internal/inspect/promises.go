// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// A livePromise is a Promise with its status.
type livePromise struct {
	api.Promise
	Status promiseStatus `json:"status"`
}

type promiseStatus struct {
	Status           string     `json:"status"`
	Version          string     `json:"version"`
	Kind             string     `json:"kind"`
	APIVersion       string     `json:"apiVersion"`
	Message          string     `json:"message"`
	RequiredPromises []Required `json:"requiredPromises"`
	workflowStatus
}

// definition reads the API of a Promise; ok is false if it has none.
func (p *livePromise) definition() (d apiextensionsv1.CustomResourceDefinition, ok bool) {
	if p.Spec.API == nil || json.Unmarshal(p.Spec.API.Raw, &d) != nil {
		return d, false
	}
	return d, d.Spec.Names.Kind != ""
}

// resource gives the resource of the Promise's requests, empty if it has no
// API.
func (p *livePromise) resource() Resource {
	d, ok := p.definition()
	if !ok {
		return Resource{}
	}
	return requestResource(&d)
}

// requestResource gives the resource of a definition in its storage version.
func requestResource(d *apiextensionsv1.CustomResourceDefinition) Resource {
	r := Resource{Group: d.Spec.Group, Plural: d.Spec.Names.Plural, Kind: d.Spec.Names.Kind, Namespaced: true}
	for i, v := range d.Spec.Versions {
		if i == 0 || v.Storage {
			r.Version = v.Name
		}
	}
	return r
}

// answers says whether people may mean the API by a word, as they may to
// kubectl.
func answers(word string, d *apiextensionsv1.CustomResourceDefinition) bool {
	n := d.Spec.Names
	for _, name := range append([]string{n.Kind, n.Plural, n.Singular, n.Plural + "." + d.Spec.Group}, n.ShortNames...) {
		if strings.EqualFold(word, name) {
			return true
		}
	}
	return false
}

// promise reads a Promise that a report mentions; nil if it does not exist or
// may not be read.
func (f *facts) promise(ctx context.Context, name string) (*livePromise, error) {
	if name == "" {
		return nil, nil
	}
	var p livePromise
	err := f.source.Get(ctx, Promises, "", name, &p)
	if apierrors.IsNotFound(err) || errors.Is(err, ErrNoKind) {
		return nil, nil
	}
	if err != nil && f.missing(err, Unknown{Verb: "get", Resource: Promises.String(), Name: name}) {
		return nil, nil
	}
	return &p, err
}

// kindOf finds the Promise, and the resource of its requests, by a word: the
// Promise's name, or any name of its API. The names of Promises and kinds are
// asked for first, since that is one short answer; then the Promises
// themselves; then, if those may not be read, the definitions that Kratix made
// of them.
func (f *facts) kindOf(ctx context.Context, word string) (promise string, r Resource, err error) {
	known, name := []string{}, ""
	err = f.source.Rows(ctx, Promises, Query{}, func(row Row) error {
		known = append(known, row.Meta.Name)
		if row.Meta.Name == word || name == "" && strings.EqualFold(row.Columns["Kind"], word) {
			name = row.Meta.Name
		}
		return nil
	})
	if apierrors.IsForbidden(err) {
		return f.kindOfDefinition(ctx, word)
	}
	if err != nil {
		return "", r, installed(err, Promises)
	}
	if name != "" {
		var p livePromise
		if err := f.get(ctx, Promises, "", name, &p); err != nil {
			return "", r, err
		}
		if r = p.resource(); r.Kind == "" {
			return "", r, diag.NotFoundf("the Promise %q has no API, so there are no requests of it", name)
		}
		return name, r, nil
	}
	return f.kindAmong(ctx, word, known)
}

// kindAmong searches the APIs of all Promises.
func (f *facts) kindAmong(ctx context.Context, word string, known []string) (promise string, r Resource, err error) {
	promises, _, err := list[livePromise](ctx, f, Promises, Query{})
	if err != nil {
		return "", r, err
	}
	for i := range promises {
		d, ok := promises[i].definition()
		if ok && answers(word, &d) {
			return promises[i].Name, requestResource(&d), nil
		}
		if ok {
			known = append(known, strings.ToLower(d.Spec.Names.Kind))
		}
	}
	return "", r, noKind(word, known)
}

// kindOfDefinition searches the definitions that belong to Promises.
func (f *facts) kindOfDefinition(ctx context.Context, word string) (promise string, r Resource, err error) {
	var known []string
	err = f.source.List(ctx, Definitions, Query{Labels: api.LabelPromiseName}, func(text []byte) error {
		d, err := decode[apiextensionsv1.CustomResourceDefinition](Definitions, text)
		if err != nil {
			return err
		}
		owner := d.Labels[api.LabelPromiseName]
		if r.Kind == "" && (owner == word || answers(word, &d)) {
			promise, r = owner, requestResource(&d)
		}
		known = append(known, strings.ToLower(d.Spec.Names.Kind))
		return nil
	})
	if err == nil && r.Kind == "" {
		err = noKind(word, known)
	}
	return promise, r, err
}

func noKind(word string, known []string) error {
	slices.Sort(known)
	known = slices.Compact(known)
	hint := diag.DidYouMean(word, known)
	if hint == "" && len(known) > 0 {
		hint = "there are: " + shorten(known)
	}
	return diag.Hint(diag.NotFound(fmt.Errorf("no Promise has the kind %q", word)), hint)
}

// RequestResource finds the resource that requests of a kind are. The word may
// be a kind, plural, singular or short name of the API of a Promise, or the
// name of the Promise.
func (in *Inspector) RequestResource(ctx context.Context, word string) (Resource, error) {
	_, r, err := in.facts().kindOf(ctx, word)
	return r, err
}

// Promises lists Promises, by name, from what the API server prints of them.
func (in *Inspector) Promises(ctx context.Context) (*PromiseList, error) {
	f := in.facts()
	l := &PromiseList{Header: in.header("PromiseList"), Items: []PromiseSummary{}}
	err := in.source.Rows(ctx, Promises, Query{}, func(row Row) error {
		p := PromiseSummary{
			Name: row.Meta.Name, Status: row.Columns["Status"], APIKind: row.Columns["Kind"], APIGroup: row.Columns["API Version"],
			Version: cmp.Or(row.Columns["Version"], row.Meta.Labels[api.LabelPromiseVersion]), Message: row.Columns["Message"],
			Deleting: row.Meta.DeletionTimestamp != nil, CreatedAt: row.Meta.CreationTimestamp.Time,
		}
		p.Healthy = p.Status == available && !p.Deleting
		l.Items = append(l.Items, p)
		return nil
	})
	if err != nil {
		return nil, installed(err, Promises)
	}
	slices.SortFunc(l.Items, func(a, b PromiseSummary) int { return strings.Compare(a.Name, b.Name) })
	l.Unknown = f.told()
	return l, nil
}

// available is the status of a Promise that serves requests.
const available = "Available"

// Promise tells all about one Promise.
func (in *Inspector) Promise(ctx context.Context, name string) (*PromiseReport, error) {
	f := in.facts()
	var p livePromise
	if err := f.get(ctx, Promises, "", name, &p); err != nil {
		return nil, err
	}
	r := in.newPromiseReport(&p)
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		r.Works, err = in.promiseWorks(reading, f, name)
		return err
	})
	group.Go(func() (err error) {
		r.Requests, err = in.requests(reading, f, &p)
		return err
	})
	group.Go(func() (err error) {
		r.Revisions, err = f.revisions(reading, name)
		return err
	})
	group.Go(func() (err error) {
		r.Events, err = f.events(reading, Promises.Kind, "", name)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	r.judge()
	r.compare(&p)
	r.Unknown = f.told()
	return r, nil
}

func (in *Inspector) newPromiseReport(p *livePromise) *PromiseReport {
	r := &PromiseReport{
		Header: in.header("PromiseReport"),
		PromiseSummary: PromiseSummary{
			Name: p.Name, Status: p.Status.Status, Version: cmp.Or(p.Status.Version, p.Labels[api.LabelPromiseVersion]), Message: p.Status.Message,
			Deleting: p.DeletionTimestamp != nil, CreatedAt: p.CreationTimestamp.Time,
		},
		Verdict: Verdict{Deleting: p.DeletionTimestamp != nil, Reasons: []Reason{}}, Conditions: p.Status.strict(),
		RequiredPromises: []Required{}, Revisions: []Revision{}, Works: []WorkSummary{}, Requests: []RequestSummary{},
		Disagreements: []Disagreement{}, Events: []Event{}, Unknown: []Unknown{},
	}
	if d, ok := p.definition(); ok {
		resource := requestResource(&d)
		r.APIKind, r.APIGroup = resource.Kind, resource.APIVersion()
	}
	states := map[string]string{}
	for _, q := range p.Status.RequiredPromises {
		states[q.Name+" "+q.Version] = q.State
	}
	for _, q := range p.Spec.RequiredPromises {
		r.RequiredPromises = append(r.RequiredPromises, Required{q.Name, q.Version, states[q.Name+" "+q.Version]})
	}
	if len(p.Spec.Workflows.Promise.Configure) > 0 || p.DeletionTimestamp != nil {
		u := undertaking{resource: Promises, meta: &p.ObjectMeta, status: &p.Status.workflowStatus, promise: p, own: true}
		w := u.workflow()
		r.Workflow = &w
	}
	return r
}

// promiseWorks lists the Works of a Promise itself, all of them explained.
func (in *Inspector) promiseWorks(ctx context.Context, f *facts, name string) ([]WorkSummary, error) {
	of := fmt.Sprintf("%s=%s,%s in (%s,%s)", api.LabelPromiseName, name, api.LabelWorkType, api.WorkTypePromise, api.WorkTypeStaticDependency)
	works, known, err := list[api.Work](ctx, f, Works, Query{Labels: of})
	if err != nil || !known {
		return []WorkSummary{}, err
	}
	world, err := f.world(ctx)
	if err != nil {
		return nil, err
	}
	summaries := []WorkSummary{}
	for i := range works {
		placed, placedKnown, err := f.placed(ctx, works[i].Namespace, works[i].Name)
		if err != nil {
			return nil, err
		}
		r := in.assess(&works[i], placed, placedKnown, world)
		s := r.summary()
		s.disagreements = r.Disagreements
		summaries = append(summaries, s)
	}
	slices.SortFunc(summaries, func(a, b WorkSummary) int { return compareNames(a.Namespace, a.Name, b.Namespace, b.Name) })
	return summaries, nil
}

// requests lists the requests of a Promise, by namespace and name.
func (in *Inspector) requests(ctx context.Context, f *facts, p *livePromise) ([]RequestSummary, error) {
	requests := []RequestSummary{}
	resource := p.resource()
	if resource.Kind == "" {
		return requests, nil
	}
	err := f.source.List(ctx, resource, Query{}, func(object []byte) error {
		q, err := decode[request](resource, object)
		if err != nil {
			return err
		}
		u := undertaking{resource: resource, meta: &q.Metadata, status: &q.Status.workflowStatus, promise: p}
		requests = append(requests, RequestSummary{
			Kind: resource.Kind, Namespace: q.Metadata.Namespace, Name: q.Metadata.Name, Workflow: u.workflow().State,
			Message: text(q.Status.Message), Version: text(q.Status.PromiseVersion), CreatedAt: q.Metadata.CreationTimestamp.Time,
		})
		return nil
	})
	if err != nil && f.missing(err, Unknown{Verb: "list", Resource: resource.String()}) {
		err = nil
	}
	slices.SortFunc(requests, func(a, b RequestSummary) int { return compareNames(a.Namespace, a.Name, b.Namespace, b.Name) })
	return requests, err
}

// revisions lists the versions of a Promise. Releases before 2026 keep none.
func (f *facts) revisions(ctx context.Context, promise string) ([]Revision, error) {
	quiet := facts{source: f.source}
	rows, _, err := quiet.rows(ctx, Revisions, Query{Labels: api.LabelPromiseName + "=" + promise})
	for _, u := range quiet.unknown {
		if u.Reason == "forbidden" {
			f.add(u)
		}
	}
	revisions := []Revision{}
	for _, row := range rows {
		revisions = append(revisions, Revision{row.Meta.Name, row.Columns["Version"], row.Columns["Latest"] == "true"})
	}
	slices.SortFunc(revisions, func(a, b Revision) int {
		return cmp.Or(strings.Compare(a.Version, b.Version), strings.Compare(a.Name, b.Name))
	})
	return revisions, err
}

// judge makes one verdict of the Promise, its Works and its workflow.
func (r *PromiseReport) judge() {
	v := &r.Verdict
	v.State = StateEmpty
	worksFine := true
	for i := range r.Works {
		w := &r.Works[i].Verdict
		v.State = worse(v.State, w.State)
		v.Misplaced = v.Misplaced || w.Misplaced
		v.Reasons = append(v.Reasons, w.Reasons...)
		worksFine = worksFine && w.Healthy
	}
	ended := r.Workflow == nil || r.Workflow.State == WorkflowCompleted
	v.Healthy = r.Status == available && worksFine && ended && !v.Deleting
	r.Healthy = v.Healthy
	v.Sentence = r.sentence()
}

func (r *PromiseReport) sentence() string {
	parts := []string{strings.ToLower(cmp.Or(r.Status, "of unknown status"))}
	for _, q := range r.RequiredPromises {
		if q.State != "Requirement installed" {
			parts = append(parts, strings.TrimSpace(fmt.Sprintf("requires Promise %s %s (%s)", q.Name, q.Version, strings.ToLower(cmp.Or(q.State, "state unknown")))))
		}
	}
	if w := r.Workflow; w != nil && w.State != WorkflowCompleted {
		parts = append(parts, w.Sentence)
	}
	unwell := 0
	for i := range r.Works {
		if !r.Works[i].Verdict.Healthy {
			unwell++
		}
	}
	if unwell > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s not fine", unwell, plural(len(r.Works), "Work")))
	}
	if r.Deleting {
		parts = append(parts, "being deleted")
	}
	return strings.Join(parts, "; ")
}

// compare holds what the Promise says of its Works against what they are.
func (r *PromiseReport) compare(p *livePromise) {
	var unwell []string
	for i := range r.Works {
		if !r.Works[i].Verdict.Healthy {
			unwell = append(unwell, string(r.Works[i].Verdict.State)+" "+r.Works[i].Name)
		}
		r.Disagreements = append(r.Disagreements, r.Works[i].disagreements...)
	}
	if len(unwell) > 0 && p.Status.is("WorksSucceeded", metav1.ConditionTrue, "") {
		r.Disagreements = append(r.Disagreements, Disagreement{
			OwnerDiffers, "Promise " + r.Name, strings.Join(unwell, ", "), "WorksSucceeded=True",
			"the Promise says that its Works are ready, but not all of its documents are where they should be",
		})
	}
}
