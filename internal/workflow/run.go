// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// A Spec says which workflow is run, and about which object.
type Spec struct {
	Promise        string // its name
	PromiseVersion string // label kratix.io/promise-version, empty if there is none
	Type           api.WorkflowType
	Action         api.WorkflowAction
	// Pipelines of the action, in the Promise's order.
	Pipelines []api.Pipeline
	// Plural is that of the Promise's API, as in "postgresqls"; not used for
	// promise workflows.
	Plural        string
	ClusterScoped bool // of the Promise's API; Kratix refuses such APIs
	// PipelineNamespace is spec.workflows.config.pipelineNamespace.
	PipelineNamespace string
	// Object is the request after admission (defaulted and pruned, of the
	// storage version) or, for promise workflows, the Promise. A status in it
	// makes this a further run.
	Object map[string]any
}

// A Run is the object of a workflow on its way through the Pipelines: what
// Kratix' controller, reader and status-writer make of it. It touches nothing
// but itself.
type Run struct {
	spec   Spec
	id     identified
	object map[string]any
	first  int
}

// NewRun prepares the object as it is just before the first Job starts. The
// given object is not changed.
func NewRun(spec Spec) (*Run, error) {
	r := &Run{spec: spec, object: map[string]any{}}
	if err := convert(spec.Object, &r.object); err != nil {
		return nil, diag.Inputf("object of the workflow: %w", err)
	}
	id, err := identify(r.object)
	if err != nil {
		return nil, err
	}
	r.id = id
	if given, exists := r.object["status"]; exists {
		if _, isMap := given.(map[string]any); !isMap {
			delete(r.object, "status")
		}
	}
	admit(r.object, spec)
	r.begin()
	if _, err := store(r.id, spec.Type, nil, r.status()); err != nil {
		return nil, diag.Inputf("object of the workflow: %w", err)
	}
	return r, nil
}

// First is the Pipeline to start with: 0, or the one that was suspended when
// the object's status says so.
func (r *Run) First() int { return r.first }

// Len is the number of Pipelines that run: all of them or, of those of a
// delete action, the first.
func (r *Run) Len() int {
	if r.spec.Action == api.ActionDelete {
		return min(1, len(r.spec.Pipelines))
	}
	return len(r.spec.Pipelines)
}

// Pipeline gives the Pipeline at i.
func (r *Run) Pipeline(i int) api.Pipeline { return r.spec.Pipelines[i] }

// last reports whether the status-writer of Pipeline i is told that it is the
// last one. With two delete Pipelines it is not, although no other follows.
func (r *Run) last(i int) bool { return i == len(r.spec.Pipelines)-1 }

// another reports whether a further configure Pipeline follows i.
func (r *Run) another(i int) bool { return r.spec.Action == api.ActionConfigure && !r.last(i) }

// Object gives a copy of the object as it is now.
func (r *Run) Object() map[string]any { return copied(r.object) }

// ObjectYAML is /kratix/input/object.yaml as the reader writes it now: the
// whole object with its status, keys in alphabetical order.
func (r *Run) ObjectYAML() ([]byte, error) {
	content, err := yaml.Marshal(r.object)
	if err != nil {
		return nil, fmt.Errorf("writing object.yaml: %w", err)
	}
	return content, nil
}

func (r *Run) status() map[string]any { return child(r.object, "status") }

// workflowStatus is status.kratix.workflows.
func (r *Run) workflowStatus() map[string]any {
	return child(child(r.status(), "kratix"), "workflows")
}

func (r *Run) generation() int64 {
	g, _ := child(r.object, "metadata")["generation"].(int64)
	return g
}

func (r *Run) labels() map[string]any { return child(child(r.object, "metadata"), "labels") }

func (r *Run) dryRun() bool {
	labels, _ := child(r.object, "metadata")["labels"].(map[string]any)
	return r.spec.Type == api.WorkflowResource && labels[api.LabelDryRun] == "true"
}

// count records how many Pipelines have succeeded and failed.
func (r *Run) count(succeeded, failed int) {
	status := r.status()
	status["workflows"] = int64(len(r.spec.Pipelines))
	status["workflowsSucceeded"] = int64(succeeded)
	status["workflowsFailed"] = int64(failed)
}

// phase records how far Pipeline i has come.
func (r *Run) phase(i int, phase string) map[string]any {
	entries, _ := r.workflowStatus()["pipelines"].([]any)
	if i >= len(entries) {
		return nil
	}
	entry, ok := entries[i].(map[string]any)
	if !ok {
		return nil
	}
	entry["phase"] = phase
	entry["lastTransitionTime"] = Epoch
	return entry
}

// Start records that the controller has made the Job of Pipeline i. What the
// reader finds afterwards, a message of the Pipeline before among it, is reset.
func (r *Run) Start(i int) {
	delete(r.phase(i, "Running"), "message")
	if r.spec.Action == api.ActionDelete {
		return
	}
	delete(r.labels(), api.LabelSuspended)
	if len(r.labels()) == 0 {
		delete(child(r.object, "metadata"), "labels")
	}
	r.count(i, 0)
	r.status()["message"] = "Pending"
	r.setCondition(condition{conditionConfigureCompleted, statusFalse, "PipelinesInProgress", "Pipelines are still in progress"})
	r.setCondition(condition{conditionReconciled, statusUnknown, "WorkflowPending", "Pending"})
}

// Succeed records that the Job of Pipeline i has completed.
func (r *Run) Succeed(i int) {
	r.phase(i, "Succeeded")
	if r.spec.Action == api.ActionDelete {
		return
	}
	r.count(i+1, 0)
	if r.last(i) && r.spec.Type == api.WorkflowResource {
		r.status()["observedGeneration"] = r.generation()
	}
}

// Fail records that the Job of Pipeline i has failed, be it in a step, in the
// work-writer or in the status-writer. No later Pipeline runs.
func (r *Run) Fail(i int) {
	r.phase(i, "Failed")
	if r.spec.Action == api.ActionDelete {
		r.setCondition(condition{conditionDeleteCompleted, statusFalse, "DeleteWorkflowFailed", "The Delete Pipeline has failed"})
		return
	}
	r.count(i, 1)
	r.setCondition(condition{
		conditionConfigureCompleted, statusFalse, "ConfigureWorkflowFailed",
		"A Configure Pipeline has failed: " + r.spec.Pipelines[i].Name,
	})
	r.setCondition(condition{conditionReconciled, statusFalse, "ConfigureWorkflowFailed", "Failing"})
}

// Suspend records that the controller has noticed the label which a
// status-writer has set. No later Pipeline runs until the label goes.
func (r *Run) Suspend() {
	if r.spec.Action == api.ActionDelete {
		r.setCondition(condition{conditionDeleteCompleted, statusFalse, "DeleteWorkflowSuspended", "The delete workflow is suspended"})
		return
	}
	if r.spec.Type == api.WorkflowPromise {
		r.setCondition(condition{conditionAvailable, statusFalse, "WorkflowSuspended", "Suspended"})
	}
	r.setCondition(condition{conditionReconciled, statusUnknown, "WorkflowSuspended", "Suspended"})
}
