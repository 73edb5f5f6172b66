// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-tools/kratix/internal/api"
)

// Conditions about workflows.
const (
	condConfigured, condDeleted = "ConfigureWorkflowCompleted", "DeleteWorkflowCompleted"
	condAvailable, condPromise  = "Available", "PromiseAvailable"
	condReconciled              = "Reconciled"
)

// workflowStatus is what Kratix writes about a workflow into the status of a
// request or a Promise.
type workflowStatus struct {
	Conditions         []looseCondition `json:"conditions"`
	ObservedGeneration int64            `json:"observedGeneration"`
	Kratix             struct {
		Workflows struct {
			Pipelines []wirePipeline `json:"pipelines"`
		} `json:"workflows"`
	} `json:"kratix"`
}

type wirePipeline struct {
	Name               string    `json:"name"`
	Phase              string    `json:"phase"`
	Message            string    `json:"message"`
	NextRetryAt        string    `json:"nextRetryAt"`
	Attempts           int64     `json:"attempts"`
	LastTransitionTime looseTime `json:"lastTransitionTime"`
}

// A looseCondition is a condition whose time may be anything: workflows write
// conditions too, and the API of a Promise has them as text.
type looseCondition struct {
	Type               string    `json:"type"`
	Status             string    `json:"status"`
	Reason             string    `json:"reason"`
	Message            string    `json:"message"`
	LastTransitionTime looseTime `json:"lastTransitionTime"`
}

// looseTime is a time, or zero for what is none.
type looseTime struct{ time.Time }

// UnmarshalJSON never fails: see looseCondition.
func (t *looseTime) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err == nil {
		t.Time, _ = time.Parse(time.RFC3339, s) // zero if it is none
	}
	return nil
}

func (t looseTime) pointer() *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t.Time
}

// strict gives conditions in their usual form.
func (s *workflowStatus) strict() []metav1.Condition {
	conditions := []metav1.Condition{}
	for _, c := range s.Conditions {
		conditions = append(conditions, metav1.Condition{
			Type: c.Type, Status: metav1.ConditionStatus(c.Status), Reason: c.Reason, Message: c.Message,
			LastTransitionTime: metav1.NewTime(c.LastTransitionTime.Time),
		})
	}
	return conditions
}

// is says whether a condition has a status and, if one is given, a reason.
func (s *workflowStatus) is(name string, status metav1.ConditionStatus, reason string) bool {
	return slices.ContainsFunc(s.Conditions, func(c looseCondition) bool {
		return c.Type == name && c.Status == string(status) && (reason == "" || c.Reason == reason)
	})
}

func (s *workflowStatus) since(name string) *time.Time {
	for _, c := range s.Conditions {
		if c.Type == name {
			return c.LastTransitionTime.pointer()
		}
	}
	return nil
}

// pipelines gives how far each Pipeline is.
func (s *workflowStatus) pipelines() []Pipeline {
	pipelines := []Pipeline{}
	for _, p := range s.Kratix.Workflows.Pipelines {
		pipelines = append(pipelines, Pipeline{p.Name, p.Phase, p.Message, p.NextRetryAt, p.Attempts, p.LastTransitionTime.pointer()})
	}
	return pipelines
}

// An undertaking is an object with a workflow: a request, or a Promise.
type undertaking struct {
	resource Resource
	meta     *metav1.ObjectMeta
	status   *workflowStatus
	promise  *livePromise // nil if it could not be read
	own      bool         // it is the Promise itself
}

// what names the object as commands of kubectl take it.
func (u *undertaking) what() string {
	text := u.resource.String() + " " + u.meta.Name
	if u.meta.Namespace != "" {
		text += " -n " + u.meta.Namespace
	}
	return text
}

// logs is the command that shows what the workflow printed.
func (u *undertaking) logs() string {
	if u.own {
		return "kratix logs promise " + u.meta.Name
	}
	return fmt.Sprintf("kratix logs request %s/%s -n %s", strings.ToLower(u.resource.Kind), u.meta.Name, u.meta.Namespace)
}

// label is the command that sets or removes a label.
func (u *undertaking) label(change string) string { return "kubectl label " + u.what() + " " + change }

// workflow finds out how far the workflow is. What stops it comes before how
// far it came.
func (u *undertaking) workflow() Workflow {
	w := Workflow{Action: string(api.ActionConfigure), Advice: []string{}, Pipelines: u.status.pipelines()}
	if u.deleting() {
		w.Action = string(api.ActionDelete)
	}
	w.State = u.state(w.Pipelines)
	switch w.State {
	case WorkflowPaused:
		u.paused(&w)
	case WorkflowUnavailable:
		u.unavailable(&w)
	case WorkflowSuspended:
		u.suspended(&w)
	case WorkflowFailed:
		u.failed(&w)
	case WorkflowCompleted:
		w.Sentence = "all Pipelines completed"
		w.CompletedAt = u.status.since(condConfigured)
	case WorkflowNone:
		w.Sentence = "the Promise has no Pipelines for it"
	case WorkflowDeleting, WorkflowRunning:
		w.Sentence = w.progress()
	default:
		w.Sentence = u.pending()
	}
	return w
}

func (u *undertaking) state(pipelines []Pipeline) WorkflowState {
	phase := func(name string) bool {
		return slices.ContainsFunc(pipelines, func(p Pipeline) bool { return p.Phase == name })
	}
	deleting := u.deleting()
	switch s := u.status; {
	case deleting && s.is(condDeleted, metav1.ConditionFalse, "DeleteWorkflowFailed"):
		return WorkflowFailed
	case deleting && s.is(condDeleted, metav1.ConditionFalse, "DeleteWorkflowSuspended"):
		return WorkflowSuspended
	case deleting:
		return WorkflowDeleting
	case u.isPaused():
		return WorkflowPaused
	case s.is(condPromise, metav1.ConditionFalse, ""):
		return WorkflowUnavailable
	case u.meta.Labels[api.LabelSuspended] == "true", phase("Suspended"):
		return WorkflowSuspended
	case s.is(condConfigured, metav1.ConditionFalse, "ConfigureWorkflowFailed"), phase("Failed"):
		return WorkflowFailed
	case s.is(condConfigured, metav1.ConditionTrue, "") && !u.outdated():
		return WorkflowCompleted
	case phase("Running"), phase("Succeeded"):
		return WorkflowRunning
	case u.none():
		return WorkflowNone
	default:
		return WorkflowPending
	}
}

// deleting says that the object is being deleted. What was saved to a file may
// have lost the time of it; the Pipelines in the status then still tell.
func (u *undertaking) deleting() bool {
	if u.meta.DeletionTimestamp != nil {
		return true
	}
	pipelines := u.status.Kratix.Workflows.Pipelines
	if u.promise == nil || len(pipelines) == 0 {
		return false
	}
	of := u.promise.Spec.Workflows.Resource
	if u.own {
		of = u.promise.Spec.Workflows.Promise
	}
	has := func(list []unstructured.Unstructured, name string) bool {
		return slices.ContainsFunc(list, func(p unstructured.Unstructured) bool { return p.GetName() == name })
	}
	return has(of.Delete, pipelines[0].Name) && !has(of.Configure, pipelines[0].Name)
}

// outdated says that a newer version of the object has not been worked on.
func (u *undertaking) outdated() bool {
	return !u.own && u.status.ObservedGeneration > 0 && u.status.ObservedGeneration < u.meta.Generation
}

// none says that the Promise has no Pipelines for the object.
func (u *undertaking) none() bool {
	if u.promise == nil {
		return false
	}
	if u.own {
		return len(u.promise.Spec.Workflows.Promise.Configure) == 0
	}
	return len(u.promise.Spec.Workflows.Resource.Configure) == 0
}

func (u *undertaking) isPaused() bool {
	return u.meta.Labels[api.LabelPaused] == "true" || u.promise != nil && u.promise.Labels[api.LabelPaused] == "true"
}

func (u *undertaking) paused(w *Workflow) {
	w.Sentence = "paused by the label " + api.LabelPaused
	if u.meta.Labels[api.LabelPaused] != "true" {
		w.Sentence += " of the Promise"
		w.Advice = append(w.Advice, fmt.Sprintf("to go on: kubectl label %s %s %s-", Promises, u.promise.Name, api.LabelPaused))
		return
	}
	w.Advice = append(w.Advice, "to go on: "+u.label(api.LabelPaused+"-"))
}

func (u *undertaking) unavailable(w *Workflow) {
	w.Sentence = "the Promise is not available"
	if u.promise == nil {
		return
	}
	for _, q := range u.promise.Status.RequiredPromises {
		if q.State != "Requirement installed" {
			w.Advice = append(w.Advice, strings.TrimSpace(fmt.Sprintf("it requires Promise %s %s: %s", q.Name, q.Version, strings.ToLower(cmp.Or(q.State, "state unknown")))))
		}
	}
}

func (u *undertaking) suspended(w *Workflow) {
	w.Sentence = "suspended"
	for _, p := range w.Pipelines {
		if p.Phase != "Suspended" {
			continue
		}
		w.Sentence = fmt.Sprintf("pipeline %q is suspended", p.Name)
		if p.Message != "" {
			w.Sentence += ": " + p.Message
		}
		if p.NextRetryAt != "" {
			w.Sentence += fmt.Sprintf("; tried %s, again at %s", plural(int(p.Attempts), "time"), p.NextRetryAt)
		}
	}
	w.Advice = append(w.Advice, "to go on with this Pipeline now: "+u.label(api.LabelSuspended+"-"))
}

func (u *undertaking) failed(w *Workflow) {
	name := ""
	for _, p := range w.Pipelines {
		if p.Phase == "Failed" {
			name = p.Name
		}
	}
	if name == "" { // the condition has it: A Configure Pipeline has failed: NAME
		for _, c := range u.status.Conditions {
			if _, after, found := strings.Cut(c.Message, "has failed: "); found && c.Type == condConfigured {
				name = after
			}
		}
	}
	w.Sentence = fmt.Sprintf("the %s workflow failed", w.Action)
	if name != "" {
		w.Sentence = fmt.Sprintf("pipeline %q failed", name)
	}
	w.Advice = append(w.Advice,
		"what it printed: "+u.logs(),
		"to run the workflow again: "+u.label("kratix.io/manual-reconciliation=true"))
}

// progress says which Pipeline runs.
func (w *Workflow) progress() string {
	for i, p := range w.Pipelines {
		if p.Phase == "Running" {
			return fmt.Sprintf("pipeline %q is running, %d of %d", p.Name, i+1, len(w.Pipelines))
		}
	}
	for i, p := range w.Pipelines {
		if p.Phase == "Pending" {
			return fmt.Sprintf("pipeline %q is next, %d of %d", p.Name, i+1, len(w.Pipelines))
		}
	}
	return "the " + w.Action + " workflow is running"
}

func (u *undertaking) pending() string {
	if u.outdated() {
		return fmt.Sprintf("generation %d has not been worked on, only %d", u.meta.Generation, u.status.ObservedGeneration)
	}
	return "no Pipeline has run yet"
}
