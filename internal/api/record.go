// SPDX-License-Identifier: Apache-2.0

package api

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// A HealthRecord says how a request fares after it was delivered. It has
// neither spec nor status.
//
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.data.state`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type HealthRecord struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Data HealthRecordData `json:"data,omitempty"`
}

// HealthRecordData is what somebody found out about a request.
type HealthRecordData struct {
	PromiseRef  PromiseRef   `json:"promiseRef"`
	ResourceRef *ResourceRef `json:"resourceRef,omitempty"`
	// +required
	// +kubebuilder:validation:Enum=unknown;ready;unhealthy;healthy;degraded
	// +kubebuilder:default=unknown
	State   string `json:"state,omitempty"`
	LastRun int64  `json:"lastRun,omitempty"` // seconds since 1970
	// +kubebuilder:pruning:PreserveUnknownFields
	Details *runtime.RawExtension `json:"details,omitempty"`
}

// A DryRun runs a request's workflow with another spec and delivers nothing.
//
// +kubebuilder:resource:categories=kratix
// +kubebuilder:subresource:status
type DryRun struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DryRunSpec   `json:"spec,omitempty"`
	Status DryRunStatus `json:"status,omitempty"`
}

// DryRunSpec says which request, and what its spec would be.
type DryRunSpec struct {
	PromiseRef         PromiseRef         `json:"promiseRef"`
	ResourceRequestRef ResourceRequestRef `json:"resourceRequestRef"`
	// Resource is the spec of the request.
	// +required
	// +kubebuilder:pruning:PreserveUnknownFields
	Resource *runtime.RawExtension `json:"resource,omitempty"`
}

// A ResourceRequestRef names a request; without a namespace it is the DryRun's.
type ResourceRequestRef struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

// DryRunStatus is what came of a DryRun.
type DryRunStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	Components []DryRunComponent  `json:"components,omitempty"`
}

// A DryRunComponent is a request that the output of the DryRun contains, which
// has a DryRun of its own.
type DryRunComponent struct {
	DryRun    string `json:"dryRun"`
	Promise   string `json:"promise"`
	Request   string `json:"request"`
	Phase     string `json:"phase"`
	Namespace string `json:"namespace,omitempty"`
	Message   string `json:"message,omitempty"`
}
