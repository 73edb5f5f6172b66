// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/explain"
	"github.com/kratix-tools/kratix/internal/work"
)

// A request is an object of a Promise's API, with what Kratix writes into its
// status. The rest is the business of the Promise.
type request struct {
	metav1.TypeMeta
	Metadata metav1.ObjectMeta `json:"metadata"`
	Status   requestStatus     `json:"status"`
}

type requestStatus struct {
	workflowStatus
	Message        json.RawMessage `json:"message"`
	PromiseVersion json.RawMessage `json:"promiseVersion"`
}

// text gives a field that should be text.
func text(raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return string(raw)
	}
	return s
}

// A binding is a ResourceBinding.
type binding struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Version    string                           `json:"version"`
		PromiseRef struct{ Name string }            `json:"promiseRef"`
		Resource   struct{ Name, Namespace string } `json:"resourceRef"`
	} `json:"spec"`
	Status struct {
		LastAppliedVersion string `json:"lastAppliedVersion"`
		FailedVersion      string `json:"failedVersion"`
	} `json:"status"`
}

// Request tells the story of one request. The kind may be a kind, plural,
// singular or short name of the API of a Promise, or the name of the Promise.
func (in *Inspector) Request(ctx context.Context, kind, namespace, name string) (*RequestReport, error) {
	f := in.facts()
	of, resource, err := f.kindOf(ctx, kind)
	if err != nil {
		return nil, err
	}
	var q request
	var promise *livePromise
	var world *world
	var b *Binding
	var events []Event
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() error { return f.get(reading, resource, namespace, name, &q) })
	group.Go(func() (err error) {
		promise, err = f.promise(reading, of)
		return err
	})
	group.Go(func() (err error) {
		world, err = f.world(reading)
		return err
	})
	group.Go(func() (err error) {
		b, err = f.binding(reading, of, namespace, name)
		return err
	})
	group.Go(func() (err error) {
		events, err = f.events(reading, resource.Kind, namespace, name)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	r := in.newRequestReport(&q, resource, of, promise)
	r.Binding, r.Events = b, events
	if r.Works, err = in.worksOf(ctx, f, r, promise, world); err != nil {
		return nil, err
	}
	r.judge()
	r.compare(&q.Status.workflowStatus)
	r.Unknown = f.told()
	return r, nil
}

func (in *Inspector) newRequestReport(q *request, resource Resource, of string, promise *livePromise) *RequestReport {
	u := undertaking{resource: resource, meta: &q.Metadata, status: &q.Status.workflowStatus, promise: promise}
	return &RequestReport{
		Header:   in.header("RequestReport"),
		APIGroup: resource.APIVersion(), RequestKind: resource.Kind, Namespace: q.Metadata.Namespace, Name: q.Metadata.Name,
		Promise: of, PromiseVersion: text(q.Status.PromiseVersion), Generation: q.Metadata.Generation, CreatedAt: q.Metadata.CreationTimestamp.Time,
		Workflow: u.workflow(), Message: text(q.Status.Message), Works: []WorkReport{},
		Conditions: q.Status.strict(), Disagreements: []Disagreement{}, Events: []Event{}, Unknown: []Unknown{},
		Verdict: Verdict{Deleting: u.deleting(), Reasons: []Reason{}},
	}
}

// binding finds the ResourceBinding of a request, as Kratix does: by two
// labels. Releases before 2026 have none.
func (f *facts) binding(ctx context.Context, promise, namespace, name string) (*Binding, error) {
	quiet := facts{source: f.source}
	bindings, _, err := list[binding](ctx, &quiet, Bindings, Query{Namespace: namespace, Labels: api.LabelPromiseName + "=" + promise})
	f.addForbidden(quiet.unknown)
	for _, b := range bindings {
		if b.Spec.Resource.Name == name {
			return &Binding{b.Metadata.Name, b.Spec.Version, b.Status.LastAppliedVersion, b.Status.FailedVersion}, err
		}
	}
	return nil, err
}

// worksOf reads and assesses the Works of a request. They are in its
// namespace, or in the pipelineNamespace of the Promise, where a label tells
// requests of one name apart.
func (in *Inspector) worksOf(ctx context.Context, f *facts, r *RequestReport, promise *livePromise, world *world) ([]WorkReport, error) {
	namespace, labels := r.Namespace, fmt.Sprintf("%s=%s,%s=%s", api.LabelPromiseName, r.Promise, api.LabelResourceName, r.Name)
	if promise != nil && promise.Spec.Workflows.Config.PipelineNamespace != "" {
		namespace = promise.Spec.Workflows.Config.PipelineNamespace
		labels += "," + api.LabelResourceNamespace + "=" + r.Namespace
	}
	works, known, err := list[api.Work](ctx, f, Works, Query{Namespace: namespace, Labels: labels})
	if err != nil {
		return nil, err
	}
	r.worksKnown = known
	reports := make([]WorkReport, len(works))
	group, reading := errgroup.WithContext(ctx)
	for i := range works {
		group.Go(func() error {
			placed, placedKnown, err := f.placed(reading, works[i].Namespace, works[i].Name)
			if err != nil {
				return err
			}
			report := in.assess(&works[i], placed, placedKnown, world)
			if err := in.complete(reading, f, report); err != nil {
				return err
			}
			report.For.Kind = r.RequestKind
			reports[i] = *report
			return nil
		})
	}
	err = group.Wait()
	order := pipelineOrder(promise, r.Workflow.Pipelines)
	slices.SortStableFunc(reports, func(a, b WorkReport) int {
		if d := place(order, a.Pipeline) - place(order, b.Pipeline); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return reports, err
}

// pipelineOrder lists the names of Pipelines as they run.
func pipelineOrder(promise *livePromise, pipelines []Pipeline) []string {
	var order []string
	if promise != nil {
		for _, p := range promise.Spec.Workflows.Resource.Configure {
			order = append(order, p.GetName())
		}
	}
	for _, p := range pipelines {
		order = append(order, p.Name)
	}
	return order
}

// place gives the place of a name in a list, the end if it is not there.
func place(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return len(names)
}

// judge makes one verdict of the workflow and the Works.
func (r *RequestReport) judge() {
	v := &r.Verdict
	v.State, v.Misplaced, v.Reasons = StateEmpty, false, []Reason{}
	for i := range r.Works {
		w := &r.Works[i].Verdict
		v.State = worse(v.State, w.State)
		v.Misplaced = v.Misplaced || w.Misplaced
		v.Reasons = append(v.Reasons, w.Reasons...)
	}
	ended := r.Workflow.State == WorkflowCompleted || r.Workflow.State == WorkflowNone
	healthy := ended && !v.Misplaced && !v.Deleting && !slices.ContainsFunc(r.Works, func(w WorkReport) bool { return !w.Verdict.Healthy })
	switch {
	case !r.worksKnown:
		v.State, healthy = StateUnknown, false
	case len(r.Works) == 0 && r.Workflow.State != WorkflowNone:
		v.State = StateUnplaced
		healthy = false
	}
	v.Healthy = healthy
	v.Sentence = r.sentence()
}

// sentence says where the request landed and, if it has not quite, why.
func (r *RequestReport) sentence() string {
	landed := r.landed()
	where := "on " + strings.Join(landed, ", ")
	switch {
	case !r.worksKnown:
		return "nobody knows where: Works could not be read"
	case len(landed) == 0:
		where = "on no Destination"
	case r.Verdict.State == StateUnplaced:
		where += ", and partly on no Destination"
	}
	if why := r.whyUnplaced(); why != "" {
		where += ": " + why
	}
	if len(landed) > 0 && r.Verdict.State != StateUnplaced {
		where += " (" + string(r.Verdict.State) + ")"
	}
	if r.Verdict.Misplaced {
		where += ", misplaced"
	}
	switch r.Workflow.State {
	case WorkflowCompleted:
		if len(r.Works) == 0 {
			where += ": there is no Work"
		}
	case WorkflowDeleting:
		where += "; being deleted: " + r.Workflow.Sentence
	default:
		where += "; " + r.Workflow.Sentence
	}
	return where
}

// whyUnplaced gives the first reason why a group has no Destination.
func (r *RequestReport) whyUnplaced() string {
	for _, reason := range r.Verdict.Reasons {
		switch {
		case reason.State != StateUnplaced:
		case reason.Group == work.DefaultDirectory:
			return reason.Text
		default:
			return fmt.Sprintf("group %q: %s", reason.Group, reason.Text)
		}
	}
	return ""
}

// landed says how many documents are on which Destination, for all Works.
func (r *RequestReport) landed() []string {
	documents := map[string]int{}
	var names []string
	for i := range r.Works {
		for _, p := range r.Works[i].WorkPlacements {
			if !slices.Contains(names, p.Destination) {
				names = append(names, p.Destination)
			}
		}
		for _, g := range r.Works[i].Groups {
			for _, d := range g.Documents {
				documents[d.Destination]++
			}
		}
	}
	slices.Sort(names)
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s: %s", name, plural(documents[name], "document"))
	}
	return parts
}

// compare holds what the request says of its Works against what they are.
// Kratix looks at the Works' condition Ready, which knows nothing of what was
// never written.
func (r *RequestReport) compare(s *workflowStatus) {
	if !r.worksKnown {
		return
	}
	object := fmt.Sprintf("%s %s/%s", r.RequestKind, r.Namespace, r.Name)
	var unwell []string
	for i := range r.Works {
		if !r.Works[i].Verdict.Healthy {
			unwell = append(unwell, string(r.Works[i].Verdict.State)+" "+r.Works[i].Name)
		}
		r.Disagreements = append(r.Disagreements, r.Works[i].Disagreements...)
	}
	if s.is(condReconciled, metav1.ConditionTrue, "") && r.Verdict.Deleting {
		r.Disagreements = append(r.Disagreements, Disagreement{
			OwnerDiffers, object, "being deleted", "Reconciled=True", "the request says Reconciled, but it is being deleted",
		})
	}
	switch {
	case s.is(condReconciled, metav1.ConditionTrue, "") && len(unwell) > 0:
		r.Disagreements = append(r.Disagreements, Disagreement{
			OwnerDiffers, object, strings.Join(unwell, ", "), "Reconciled=True",
			"the request says Reconciled, but not all of its documents are where they should be",
		})
	case s.is("WorksSucceeded", metav1.ConditionTrue, "") && len(unwell) > 0:
		r.Disagreements = append(r.Disagreements, Disagreement{
			OwnerDiffers, object, strings.Join(unwell, ", "), "WorksSucceeded=True",
			"the request says that its Works are ready, but not all of its documents are where they should be",
		})
	case !s.is("WorksSucceeded", metav1.ConditionTrue, "") && len(r.Works) > 0 && len(unwell) == 0:
		for _, c := range s.Conditions {
			if c.Type == "WorksSucceeded" {
				r.Disagreements = append(r.Disagreements, Disagreement{
					OwnerDiffers, object, "all Works are fine", fmt.Sprintf("WorksSucceeded=%s (%s)", c.Status, c.Reason),
					"the request says that its Works are not ready, but all documents are where they should be",
				})
			}
		}
	}
}

// Subjects gives the Works of a request as package explain wants them. A
// request without Works has one that says why.
func (r *RequestReport) Subjects() []explain.Subject {
	var subjects []explain.Subject
	for i := range r.Works {
		subjects = append(subjects, r.Works[i].Subjects()...)
	}
	if len(subjects) == 0 {
		subjects = []explain.Subject{{Failure: r.Workflow.Sentence}}
	}
	return subjects
}
