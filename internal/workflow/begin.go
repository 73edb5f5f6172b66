// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"maps"

	"github.com/kratix-tools/kratix/internal/api"
)

// begin writes the status that an object has before its first Job: that of an
// earlier run, if any, with all Pipelines set back to Pending, unless that run
// was suspended and goes on.
func (r *Run) begin() {
	if r.spec.Type == api.WorkflowPromise {
		r.beginPromise()
	}
	if at, suspended := r.suspendedAt(); suspended {
		r.first = at
		return
	}
	r.queue()
	if r.spec.Action == api.ActionDelete {
		r.defaultCounters()
		return
	}
	r.count(0, 0)
}

// queue sets all Pipelines back to Pending. Where there are none, there is no
// list of them either.
func (r *Run) queue() {
	workflows := r.workflowStatus()
	entries := make([]any, len(r.spec.Pipelines))
	for i, p := range r.spec.Pipelines {
		entries[i] = map[string]any{"name": p.Name, "phase": "Pending", "lastTransitionTime": Epoch}
	}
	if len(entries) > 0 {
		workflows["pipelines"] = entries
	}
}

// defaultCounters gives an object that was never configured the counters that
// a Promise's schema insists on; a delete workflow does not count.
func (r *Run) defaultCounters() {
	for _, key := range []string{"workflows", "workflowsSucceeded", "workflowsFailed"} {
		if r.status()[key] == nil {
			r.status()[key] = int64(0)
		}
	}
}

// beginPromise is what the controller knows of a Promise before its workflow
// has run: its API, and that it cannot be requested yet.
func (r *Run) beginPromise() {
	facts, status := factsOf(r.object), r.status()
	kratix := child(status, "kratix")
	set := func(key, value string) {
		if value != "" {
			status[key], kratix[key] = value, value
		}
	}
	set("version", facts.Metadata.Labels[api.LabelPromiseVersion])
	if hasAPI(r.object) {
		set("kind", facts.Spec.API.Spec.Names.Kind)
		set("apiVersion", facts.apiVersion())
		if g := r.generation(); g != 1 {
			status["observedGeneration"] = g
		}
	} else {
		set("lastAvailableTime", Epoch) // without an API, Kratix calls it available for a moment
	}
	if status["status"] != "Available" {
		set("status", "Unavailable")
		r.setCondition(condition{conditionAvailable, statusFalse, "PromiseUnavailable", "Cannot fulfil resource requests"})
	}
	r.assumeRequirements(facts)
}

// assumeRequirements takes required Promises for installed: there is no
// cluster to ask.
func (r *Run) assumeRequirements(facts promiseFacts) {
	if len(facts.Spec.RequiredPromises) == 0 {
		return
	}
	var required []any
	for _, p := range facts.Spec.RequiredPromises {
		fulfilled := map[string]any{"state": "Requirement installed"}
		maps.Copy(fulfilled, p)
		required = append(required, fulfilled)
	}
	r.status()["requiredPromises"] = required
	r.setCondition(condition{conditionRequirementsFulfilled, statusTrue, "RequirementsInstalled", "Requirements fulfilled"})
}

// suspendedAt finds the Pipeline at which an earlier run was suspended. That
// run goes on if nothing has changed since: a newer generation starts anew.
func (r *Run) suspendedAt() (int, bool) {
	workflows := r.workflowStatus()
	if workflows["suspendedGeneration"] != r.generation() {
		return 0, false
	}
	entries, _ := workflows["pipelines"].([]any)
	if len(entries) != len(r.spec.Pipelines) {
		return 0, false
	}
	for i, e := range entries {
		entry, _ := e.(map[string]any)
		if entry["name"] != r.spec.Pipelines[i].Name {
			return 0, false
		}
		if entry["phase"] == "Suspended" {
			return i, true
		}
	}
	return 0, false
}
