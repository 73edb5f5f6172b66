package workflow

import (
	"fmt"
	"strings"

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
		return nil, diag.Inputf("status of %s %q: %w", id.Kind, id.Name, err)
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
	entries := make([]any, len(r.spec.Pipelines))
	for i, p := range r.spec.Pipelines {
		entries[i] = map[string]any{"name": p.Name, "phase": "Pending", "lastTransitionTime": Epoch}
	}
	r.workflowStatus()["pipelines"] = entries
	if r.spec.Action == api.ActionDelete {
		r.defaultCounters()
		return
	}
	r.count(0, 0)
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
		required = append(required, map[string]any{"name": p["name"], "version": p["version"], "state": "Requirement installed"})
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
	r.setCondition(condition{conditionConfigureCompleted, statusFalse, "ConfigureWorkflowFailed",
		"A Configure Pipeline has failed: " + r.spec.Pipelines[i].Name})
	r.setCondition(condition{conditionReconciled, statusFalse, "ConfigureWorkflowFailed", "Failing"})
}

// Suspend records that the controller has noticed the label which the
// status-writer of Pipeline i has set. No later Pipeline runs until the label
// goes.
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

// Works names the Works of a workflow that are not as they should be.
type Works struct {
	Failing   []string // written to no avail
	Pending   []string // with a workload group that has no Destination
	Misplaced []string // on a Destination that no longer matches
}

// Finish records that all Pipelines have completed and what became of their
// Works. A delete workflow leaves nothing to record.
func (r *Run) Finish(works Works) {
	if r.spec.Action == api.ActionDelete || r.Len() == 0 {
		return
	}
	r.setWorksSucceeded(works)
	r.setReconciled()
	if r.spec.Type == api.WorkflowPromise {
		r.available()
		return
	}
	version := r.spec.PromiseVersion
	if version == "" {
		version = "not-set"
	}
	r.status()["promiseVersion"] = version
	r.status()["resourceBindingVersion"] = "latest"
	r.status()["lastSuccessfulConfigureWorkflowTime"] = Epoch
	r.workflowStatus()["lastSuccessfulConfigureWorkflowTime"] = Epoch
}

// setWorksSucceeded follows the controllers in when they leave a condition
// alone: a request whose Work was pending does not become failing.
func (r *Run) setWorksSucceeded(works Works) {
	status, reason := r.conditionStatus(conditionWorksSucceeded)
	switch {
	case len(works.Failing) > 0:
		if status == "" || status == statusTrue {
			r.setCondition(condition{conditionWorksSucceeded, statusFalse, "WorksFailing", r.worksMessage("failed", works.Failing)})
		}
	case len(works.Pending) > 0:
		if status != statusUnknown {
			r.setCondition(condition{conditionWorksSucceeded, statusUnknown, "WorksPending", r.worksMessage("are not ready", works.Pending)})
		}
	case len(works.Misplaced) > 0:
		if status != statusFalse || reason != "WorksMisplaced" {
			r.setCondition(condition{conditionWorksSucceeded, statusFalse, "WorksMisplaced", r.worksMessage("are misplaced", works.Misplaced)})
		}
	case status != statusTrue:
		r.setCondition(condition{conditionWorksSucceeded, statusTrue, "WorksSucceeded",
			fmt.Sprintf("All works associated with this %s are ready", r.spec.Type)})
	}
}

// worksMessage words the condition. The two controllers differ: that of
// Promises separates names by spaces and calls a failing Work not ready.
func (r *Run) worksMessage(what string, names []string) string {
	separator := ","
	if r.spec.Type == api.WorkflowPromise {
		separator = " "
		if what == "failed" {
			what = "are not ready"
		}
	}
	return fmt.Sprintf("Some works associated with this %s %s: [%s]", r.spec.Type, what, strings.Join(names, separator))
}

func (r *Run) setReconciled() {
	works, _ := r.conditionStatus(conditionWorksSucceeded)
	reconciled, _ := r.conditionStatus(conditionReconciled)
	switch {
	case works == statusUnknown && reconciled != statusUnknown:
		r.setCondition(condition{conditionReconciled, statusUnknown, "WorksPending", "Pending"})
	case works == statusFalse && reconciled != statusFalse:
		r.setCondition(condition{conditionReconciled, statusFalse, "WorksFailing", "Failing"})
	case works == statusTrue && r.dryRun():
		r.setCondition(condition{conditionReconciled, statusTrue, "DryRunSucceeded", "Dry run completed"})
	case works == statusTrue:
		r.setCondition(condition{conditionReconciled, statusTrue, "Reconciled", "Reconciled"})
	}
}

// available is what a Promise becomes once its workflow has completed.
func (r *Run) available() {
	r.setCondition(condition{conditionAvailable, statusTrue, "PromiseAvailable", "Ready to fulfil resource requests"})
	for _, status := range []map[string]any{r.status(), child(r.status(), "kratix")} {
		status["status"] = "Available"
		status["lastAvailableTime"] = Epoch
	}
}
