// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"fmt"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
)

// Works names the Works of a workflow that are not as they should be.
type Works struct {
	Failing   []string // written to no avail
	Pending   []string // with a workload group that has no Destination
	Misplaced []string // on a Destination that no longer matches
}

// Finish records that all Pipelines have completed and what became of their
// Works; called again, what has become of them since. A delete workflow leaves
// nothing to record. Neither does a request whose Promise has no Pipelines for
// it, while a Promise without any is available.
func (r *Run) Finish(works Works) {
	if r.spec.Action == api.ActionDelete {
		return
	}
	if r.spec.Type == api.WorkflowPromise {
		r.finishPromise(works)
	} else if r.Len() > 0 {
		r.finishRequest(works)
	}
}

// finishPromise never calls a Promise without Pipelines reconciled, as Kratix
// does not.
func (r *Run) finishPromise(works Works) {
	r.setWorksSucceeded(works)
	if r.Len() > 0 {
		r.setReconciled()
	}
	r.available()
}

func (r *Run) finishRequest(works Works) {
	if at := r.spec.PipelineNamespace; at != "" && at != r.id.Namespace {
		works = Works{} // Kratix looks for them in the namespace of the request
	}
	r.setWorksSucceeded(works)
	r.setReconciled()
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
		r.setCondition(condition{
			conditionWorksSucceeded, statusTrue, "WorksSucceeded",
			fmt.Sprintf("All works associated with this %s are ready", r.spec.Type),
		})
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
