// SPDX-License-Identifier: Apache-2.0

package api

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// A Promise is an API and the Workflows that serve it.
//
// +kubebuilder:resource:scope=Cluster,categories=kratix
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.status`
// +kubebuilder:printcolumn:name="Kind",type=string,JSONPath=`.status.kind`
// +kubebuilder:printcolumn:name="API Version",type=string,JSONPath=`.status.apiVersion`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.message`
type Promise struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   PromiseSpec   `json:"spec,omitempty"`
	Status PromiseStatus `json:"status,omitzero"`
}

// PromiseSpec is the part of a Promise that its author writes.
type PromiseSpec struct {
	// API is a CustomResourceDefinition; absent, {} and null all mean none.
	// +kubebuilder:validation:EmbeddedResource
	API *runtime.RawExtension `json:"api,omitempty"`
	// Dependencies are placed on every matching Destination as one document.
	// +kubebuilder:validation:items:XPreserveUnknownFields
	Dependencies         []unstructured.Unstructured `json:"dependencies,omitempty"`
	DestinationSelectors []PromiseSelector           `json:"destinationSelectors,omitempty"`
	RequiredPromises     []RequiredPromise           `json:"requiredPromises,omitempty"`
	Workflows            Workflows                   `json:"workflows,omitempty"`
}

// A PromiseSelector is one item of a Promise's destinationSelectors.
type PromiseSelector struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}

// A RequiredPromise names a Promise that must be available first; an empty
// version accepts any.
type RequiredPromise struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// Workflows are the Pipelines of a Promise by type and action.
type Workflows struct {
	Config   WorkflowsConfig `json:"config,omitempty"`
	Resource WorkflowActions `json:"resource,omitempty"`
	Promise  WorkflowActions `json:"promise,omitempty"`
}

// WorkflowsConfig holds options of all workflows of a Promise.
type WorkflowsConfig struct {
	// PipelineNamespace is where all Jobs of the Promise run; empty means the
	// request's own namespace, or the system namespace for promise workflows.
	PipelineNamespace      string           `json:"pipelineNamespace,omitempty"`
	ReconciliationInterval *metav1.Duration `json:"reconciliationInterval,omitempty"`
}

// WorkflowActions lists the Pipelines of each action, in running order. They
// stay unstructured in a Promise: the webhook decodes them strictly.
type WorkflowActions struct {
	// +kubebuilder:pruning:PreserveUnknownFields
	Configure []unstructured.Unstructured `json:"configure,omitempty"`
	// +kubebuilder:pruning:PreserveUnknownFields
	Delete []unstructured.Unstructured `json:"delete,omitempty"`
}

// PromiseStatus is what Kratix reports about a Promise.
type PromiseStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// Version is that of the label kratix.io/promise-version.
	Version            string `json:"version,omitempty"`
	ObservedGeneration int64  `json:"observedGeneration,omitempty"`
	// Kind and APIVersion are those of the Promise's requests.
	Kind       string `json:"kind,omitempty"`
	APIVersion string `json:"apiVersion,omitempty"`
	// Status is Available or Unavailable.
	Status  string        `json:"status,omitempty"`
	Message string        `json:"message,omitempty"`
	Kratix  PromiseKratix `json:"kratix,omitzero"`

	// Counts of the Pipelines of the workflow promise.configure.
	Workflows          int64 `json:"workflows"`
	WorkflowsSucceeded int64 `json:"workflowsSucceeded"`
	WorkflowsFailed    int64 `json:"workflowsFailed"`

	RequiredPromises  []RequiredPromiseStatus `json:"requiredPromises,omitempty"`
	RequiredBy        []RequiredBy            `json:"requiredBy,omitempty"`
	LastAvailableTime *metav1.Time            `json:"lastAvailableTime,omitempty"`
}

// PromiseKratix is the part of a Promise's status that no workflow may write.
type PromiseKratix struct {
	Kind              string          `json:"kind,omitempty"`
	Version           string          `json:"version,omitempty"`
	APIVersion        string          `json:"apiVersion,omitempty"`
	Status            string          `json:"status,omitempty"`
	LastAvailableTime *metav1.Time    `json:"lastAvailableTime,omitempty"`
	Workflows         WorkflowsStatus `json:"workflows,omitzero"`
}

// WorkflowsStatus tells how far a workflow has come. Requests have one too, in
// status.kratix.workflows.
type WorkflowsStatus struct {
	Pipelines []PipelineStatus `json:"pipelines,omitempty"`
	// SuspendedGeneration is that of the object when a Pipeline suspended it.
	SuspendedGeneration int64 `json:"suspendedGeneration,omitempty"`
}

// A PipelineStatus tells how one Pipeline of a workflow fares.
type PipelineStatus struct {
	Name    string        `json:"name,omitempty"`
	Phase   PipelinePhase `json:"phase,omitempty"`
	Message string        `json:"message,omitempty"`
	// NextRetryAt is an RFC 3339 time, or empty.
	NextRetryAt        string       `json:"nextRetryAt,omitempty"`
	Attempts           int64        `json:"attempts,omitempty"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}

// A PipelinePhase is the state of a Pipeline of a workflow.
type PipelinePhase string

// The phases of a Pipeline.
const (
	PipelinePending   PipelinePhase = "Pending"
	PipelineRunning   PipelinePhase = "Running"
	PipelineSucceeded PipelinePhase = "Succeeded"
	PipelineFailed    PipelinePhase = "Failed"
	PipelineSuspended PipelinePhase = "Suspended"
)

// A RequiredPromiseStatus tells whether a required Promise is there.
type RequiredPromiseStatus struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	State   string `json:"state,omitempty"`
}

// RequiredBy is a Promise that requires this one, and in which version.
type RequiredBy struct {
	Promise         PromiseVersion `json:"promise,omitempty"`
	RequiredVersion string         `json:"requiredVersion,omitempty"`
}

// A PromiseVersion is a Promise in a version.
type PromiseVersion struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// A Pipeline is a chain of containers. It exists only inside a Promise.
type Pipeline struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec PipelineSpec `json:"spec,omitempty"`
}

// PipelineSpec is all that a Pipeline may say; Kratix refuses anything else.
type PipelineSpec struct {
	Containers       []Container                   `json:"containers,omitempty"`
	Volumes          []corev1.Volume               `json:"volumes,omitempty"`
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`
	JobOptions       JobOptions                    `json:"jobOptions,omitempty"`
	NodeSelector     map[string]string             `json:"nodeSelector,omitempty"`
	Tolerations      []corev1.Toleration           `json:"tolerations,omitempty"`
	RestartPolicy    corev1.RestartPolicy          `json:"restartPolicy,omitempty"`
	RBAC             RBAC                          `json:"rbac,omitempty"`
}

// JobOptions are passed to the Job of a Pipeline.
type JobOptions struct {
	BackoffLimit *int32 `json:"backoffLimit,omitempty"`
}

// RBAC is what a Pipeline may do in the cluster beyond Kratix' own needs.
type RBAC struct {
	ServiceAccount string       `json:"serviceAccount,omitempty"`
	Permissions    []Permission `json:"permissions,omitempty"`
}

// A Permission is a policy rule and the namespace it holds in: empty for the
// Job's own, "*" for all.
type Permission struct {
	ResourceNamespace string `json:"resourceNamespace,omitempty"`
	rbacv1.PolicyRule `json:",inline"`
}

// A Container is one step of a Pipeline; a Pod's container with fewer fields.
type Container struct {
	Name            string                       `json:"name,omitempty"`
	Image           string                       `json:"image,omitempty"`
	Args            []string                     `json:"args,omitempty"`
	Command         []string                     `json:"command,omitempty"`
	Env             []corev1.EnvVar              `json:"env,omitempty"`
	EnvFrom         []corev1.EnvFromSource       `json:"envFrom,omitempty"`
	VolumeMounts    []corev1.VolumeMount         `json:"volumeMounts,omitempty"`
	ImagePullPolicy corev1.PullPolicy            `json:"imagePullPolicy,omitempty"`
	SecurityContext *corev1.SecurityContext      `json:"securityContext,omitempty"`
	Resources       *corev1.ResourceRequirements `json:"resources,omitempty"`
}
