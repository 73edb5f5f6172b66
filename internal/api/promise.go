package api

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// A Promise is an API and the Workflows that serve it.
type Promise struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec PromiseSpec `json:"spec,omitempty"`
}

// PromiseSpec is the part of a Promise that its author writes.
type PromiseSpec struct {
	// API is a CustomResourceDefinition; absent, {} and null all mean none.
	API *runtime.RawExtension `json:"api,omitempty"`
	// Dependencies are placed on every matching Destination as one document.
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
	Configure []unstructured.Unstructured `json:"configure,omitempty"`
	Delete    []unstructured.Unstructured `json:"delete,omitempty"`
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
