// SPDX-License-Identifier: Apache-2.0

package api

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// A PromiseRevision is a copy of a Promise's spec in one version.
//
// +kubebuilder:resource:scope=Cluster,categories=kratix
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Promise",type=string,JSONPath=`.spec.promiseRef.name`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.spec.version`
// +kubebuilder:printcolumn:name="Latest",type=boolean,JSONPath=`.status.latest`
type PromiseRevision struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec   PromiseRevisionSpec   `json:"spec,omitempty"`
	Status PromiseRevisionStatus `json:"status,omitempty"`
}

// PromiseRevisionSpec says which Promise was what.
type PromiseRevisionSpec struct {
	PromiseRef  PromiseRef  `json:"promiseRef"`
	PromiseSpec PromiseSpec `json:"promiseSpec"`
	// Version is that of the label kratix.io/promise-version, or not-set.
	Version string `json:"version"`
}

// PromiseRevisionStatus says whether new requests get the revision.
type PromiseRevisionStatus struct {
	Latest bool `json:"latest,omitempty"`
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// A PromiseRef names a Promise.
type PromiseRef struct {
	Name string `json:"name"`
}

// A ResourceBinding says which version of its Promise a request is on.
//
// +kubebuilder:resource:categories=kratix
// +kubebuilder:subresource:status
// +kubebuilder:selectablefield:JSONPath=`.spec.version`
// +kubebuilder:printcolumn:name="Resource",type=string,JSONPath=`.spec.resourceRef.name`
// +kubebuilder:printcolumn:name="Promise",type=string,JSONPath=`.spec.promiseRef.name`
// +kubebuilder:printcolumn:name="Desired",type=string,JSONPath=`.spec.version`
// +kubebuilder:printcolumn:name="Applied",type=string,JSONPath=`.status.lastAppliedVersion`
type ResourceBinding struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec   ResourceBindingSpec   `json:"spec,omitempty"`
	Status ResourceBindingStatus `json:"status,omitempty"`
}

// ResourceBindingSpec is the version that is wanted.
type ResourceBindingSpec struct {
	// Version is exact, or latest.
	Version     string      `json:"version"`
	PromiseRef  PromiseRef  `json:"promiseRef"`
	ResourceRef ResourceRef `json:"resourceRef"`
}

// A ResourceRef names a request; its kind is that of the Promise beside it.
type ResourceRef struct {
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
	Generation int    `json:"generation,omitempty"`
}

// ResourceBindingStatus is the version that the request is on.
type ResourceBindingStatus struct {
	// +listType=map
	// +listMapKey=type
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
	LastAppliedVersion string             `json:"lastAppliedVersion,omitempty"`
	// FailedVersion is empty when the last upgrade did not fail.
	FailedVersion string `json:"failedVersion,omitempty"`
}

// A PromiseRelease is a Promise that Kratix fetches by itself.
//
// +kubebuilder:resource:scope=Cluster,categories=kratix
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.status`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.spec.version`
type PromiseRelease struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   PromiseReleaseSpec   `json:"spec,omitempty"`
	Status PromiseReleaseStatus `json:"status,omitempty"`
}

// PromiseReleaseSpec says where the Promise is.
type PromiseReleaseSpec struct {
	// Version that the fetched Promise must have.
	Version string `json:"version,omitempty"`
	// +required
	// +kubebuilder:default={type: http}
	SourceRef SourceRef `json:"sourceRef,omitempty"`
}

// A SourceRef is where a Promise is fetched from.
type SourceRef struct {
	// +required
	// +kubebuilder:validation:Enum=http
	Type string `json:"type,omitempty"`
	URL  string `json:"url,omitempty"`
	// SecretRef holds the Authorization header under authorizationHeader.
	SecretRef *SecretRef `json:"secretRef,omitempty"`
}

// PromiseReleaseStatus says whether the Promise could be installed.
type PromiseReleaseStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	Status     string             `json:"status,omitempty"`
}
