// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"cmp"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
)

// Types of conditions that Kratix sets on what a workflow is about.
const (
	conditionAvailable             = "Available"
	conditionRequirementsFulfilled = "RequirementsFulfilled"
	conditionConfigureCompleted    = "ConfigureWorkflowCompleted"
	conditionDeleteCompleted       = "DeleteWorkflowCompleted"
	conditionWorksSucceeded        = "WorksSucceeded"
	conditionReconciled            = "Reconciled"
)

// Values of a condition's status.
const (
	statusTrue    = "True"
	statusFalse   = "False"
	statusUnknown = "Unknown"
)

// A condition is one entry of status.conditions as Kratix writes it.
type condition struct {
	kind, status, reason, message string
}

func (c condition) object() map[string]any {
	return map[string]any{
		"type": c.kind, "status": c.status, "reason": c.reason, "message": c.message,
		"lastTransitionTime": Epoch,
	}
}

// upsert replaces the condition of the same type, or appends it.
func upsert(conditions []any, c condition) []any {
	for i, existing := range conditions {
		if m, ok := existing.(map[string]any); ok && m["type"] == c.kind {
			conditions[i] = c.object()
			return conditions
		}
	}
	return append(conditions, c.object())
}

// mergeConditions joins two lists by type, what comes in winning. An entry
// without a type is lost. Kratix leaves the order to chance; here the existing
// ones stay in place and what is new follows.
func mergeConditions(existing, incoming []any) []any {
	merged := make([]any, 0, len(existing)+len(incoming))
	position := map[string]int{}
	for _, c := range slices.Concat(existing, incoming) {
		entry, ok := c.(map[string]any)
		if !ok {
			continue
		}
		kind, ok := entry["type"].(string)
		if !ok {
			continue
		}
		if at, known := position[kind]; known {
			merged[at] = entry
			continue
		}
		position[kind] = len(merged)
		merged = append(merged, entry)
	}
	return merged
}

// setCondition records c as a controller does. That of requests rewrites the
// whole list: sorted, Ready first.
func (r *Run) setCondition(c condition) {
	conditions, _ := r.status()["conditions"].([]any)
	conditions = upsert(conditions, c)
	if r.spec.Type == api.WorkflowResource {
		slices.SortStableFunc(conditions, func(a, b any) int { return cmp.Compare(rank(a), rank(b)) })
	}
	r.status()["conditions"] = conditions
}

func rank(c any) string {
	m, _ := c.(map[string]any)
	kind, _ := m["type"].(string)
	if kind == "Ready" {
		return ""
	}
	return kind
}

// conditionStatus gives status and reason of a condition, both empty when it
// is absent.
func (r *Run) conditionStatus(kind string) (status, reason string) {
	conditions, _ := r.status()["conditions"].([]any)
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == kind {
			status, _ = m["status"].(string)
			reason, _ = m["reason"].(string)
		}
	}
	return status, reason
}
