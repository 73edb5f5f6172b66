// SPDX-License-Identifier: Apache-2.0

package api

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// A Work is the output of one Pipeline, or the static dependencies of a
// Promise, on its way to Destinations.
//
// +kubebuilder:resource:categories=kratix
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="STATUS",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type Work struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   WorkSpec   `json:"spec,omitempty"`
	Status WorkStatus `json:"status,omitempty"`
}

// WorkSpec is what is to be placed.
type WorkSpec struct {
	// LastExecutionTimestamp is when the work-writer last ran.
	LastExecutionTimestamp *metav1.Time `json:"lastExecutionTimestamp,omitempty"`
	PromiseName            string       `json:"promiseName,omitempty"`
	// ResourceName is empty for a promise-level Work; nothing else tells the
	// two apart in the scheduler.
	ResourceName   string          `json:"resourceName,omitempty"`
	WorkloadGroups []WorkloadGroup `json:"workloadGroups,omitempty"`
}

// A WorkloadGroup is the part of a Work that is scheduled as one.
type WorkloadGroup struct {
	// ID is the hexadecimal md5 of Directory.
	ID string `json:"id,omitempty"`
	// Directory is "." for the default group.
	Directory            string             `json:"directory,omitempty"`
	DestinationSelectors []WorkloadSelector `json:"destinationSelectors,omitempty"`
	Workloads            []Workload         `json:"workloads,omitempty"`
}

// A WorkloadSelector holds labels that a Destination must have, and who asked
// for them.
type WorkloadSelector struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
	Source      SelectorSource    `json:"source,omitempty"`
}

// A SelectorSource says where a selector comes from.
type SelectorSource string

// The selector sources.
const (
	SourcePromise          SelectorSource = "promise"
	SourcePromiseWorkflow  SelectorSource = "promise-workflow"
	SourceResourceWorkflow SelectorSource = "resource-workflow"
)

// A Workload is one file.
type Workload struct {
	// Filepath is relative to /kratix/output, with slashes.
	Filepath string `json:"filepath,omitempty"`
	// Content is base64 of gzip of the file; plain text in Works written
	// before 2024-09-26.
	Content string `json:"content,omitempty"`
}

// WorkStatus is what the scheduler reports about a Work.
type WorkStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// WorkPlacements counts workload groups, not WorkPlacements.
	WorkPlacements int `json:"workPlacements,omitempty"`
	// WorkPlacementsCreated counts workload groups that were placed.
	WorkPlacementsCreated int `json:"workPlacementsCreated,omitempty"`
}

// A WorkPlacement is one workload group on one Destination.
//
// +kubebuilder:resource:categories=kratix,shortName={wp,wps}
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="DESTINATION",type=string,JSONPath=`.spec.targetDestinationName`
// +kubebuilder:printcolumn:name="STATUS",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type WorkPlacement struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   WorkPlacementSpec   `json:"spec,omitempty"`
	Status WorkPlacementStatus `json:"status,omitempty"`
}

// WorkPlacementSpec is a copy of the group's files and where they go.
type WorkPlacementSpec struct {
	TargetDestinationName string     `json:"targetDestinationName,omitempty"`
	Workloads             []Workload `json:"workloads,omitempty"`
	PromiseName           string     `json:"promiseName,omitempty"`
	ResourceName          string     `json:"resourceName,omitempty"`
	// ID is that of the workload group.
	ID string `json:"id,omitempty"`
	// Generation is that of the Work this placement was last made from.
	Generation int64 `json:"generation,omitempty"`
}

// WorkPlacementStatus is what the writer reports.
type WorkPlacementStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// VersionID is the Git commit of the last real change or, for a bucket, a
	// chain of SHA-256 sums.
	VersionID string `json:"versionID,omitempty"`
}
