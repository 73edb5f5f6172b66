// SPDX-License-Identifier: Apache-2.0

// Package api holds the wire types of Kratix: the kinds of the group
// platform.kratix.io/v1alpha1 and the names of its labels.
//
// They are the project's own, written from the CRDs of Kratix at upstream
// commit ae170e22 (August 2026). Fields that Kratix keeps free-form stay
// unstructured here.
//
// The CRDs in the directory crds are generated from these types by "make
// generate", for API servers in tests: a marker that begins with a plus sign
// becomes a rule of the CRD, so the types say in one place what a field is called
// and what the API server asks of it. A Pipeline has no CRD.
//
// +groupName=platform.kratix.io
// +versionName=v1alpha1
package api

// GroupVersion of all Kratix kinds.
const (
	Group        = "platform.kratix.io"
	Version      = "v1alpha1"
	GroupVersion = Group + "/" + Version
)

// SystemNamespace is where Kratix keeps what belongs to no request: promise
// workflows, static dependencies and its controller.
const SystemNamespace = "kratix-platform-system"

// Label and annotation names.
const (
	LabelPromiseName           = "kratix.io/promise-name"
	LabelPromiseVersion        = "kratix.io/promise-version"
	LabelPipelineName          = "kratix.io/pipeline-name"
	LabelResourceName          = "kratix.io/resource-name"
	LabelResourceNamespace     = "kratix.io/resource-namespace"
	LabelWorkType              = "kratix.io/work-type"
	LabelWork                  = "kratix.io/work"
	LabelWorkloadGroupID       = "kratix.io/workload-group-id"
	LabelTargetDestinationName = "kratix.io/targetDestinationName"
	LabelMisplaced             = "kratix.io/misplaced"
	LabelDryRun                = "kratix.io/dry-run"
	LabelSuspended             = "kratix.io/workflow-suspended"
	LabelPaused                = "kratix.io/paused"

	AnnotationReconciliationInterval = "kratix.io/reconciliation-interval"
	AnnotationTracePrefix            = "kratix.io/trace-" // of those that belong to a trace
)

// A WorkflowType says what a workflow serves: the Promise itself or each of
// its resource requests.
type WorkflowType string

// The workflow types.
const (
	WorkflowPromise  WorkflowType = "promise"
	WorkflowResource WorkflowType = "resource"
)

// A WorkflowAction says when a workflow runs.
type WorkflowAction string

// The workflow actions.
const (
	ActionConfigure WorkflowAction = "configure"
	ActionDelete    WorkflowAction = "delete"
)

// A WorkType is the value of the label kratix.io/work-type.
type WorkType string

// The work types.
const (
	WorkTypePromise          WorkType = "promise"
	WorkTypeResource         WorkType = "resource"
	WorkTypeStaticDependency WorkType = "static-dependency"
)
