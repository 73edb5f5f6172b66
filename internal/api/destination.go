// SPDX-License-Identifier: Apache-2.0

package api

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// A Destination is a place in a state store that a GitOps agent reads.
//
// +kubebuilder:resource:scope=Cluster,categories=kratix,shortName={dest,dests}
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="StateStoreKind",type=string,JSONPath=`.spec.stateStoreRef.kind`
// +kubebuilder:printcolumn:name="StateStoreName",type=string,JSONPath=`.spec.stateStoreRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
type Destination struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DestinationSpec   `json:"spec,omitempty"`
	Status DestinationStatus `json:"status,omitempty"`
}

// DestinationSpec says where documents are written and which Work is wanted.
type DestinationSpec struct {
	// Path inside the state store; required; "." and "/" mean its root.
	// +required
	Path          string         `json:"path,omitempty"`
	StateStoreRef *StateStoreRef `json:"stateStoreRef,omitempty"`
	// StrictMatchLabels refuses Work without selectors, if the Destination has
	// labels at all.
	StrictMatchLabels bool `json:"strictMatchLabels,omitempty"`
	// +kubebuilder:default={mode: nestedByMetadata}
	Filepath Filepath `json:"filepath,omitempty"`
	// Cleanup says what becomes of the documents when the Destination is
	// deleted: "none" leaves them, "all" removes them.
	// +kubebuilder:validation:Enum=none;all
	// +kubebuilder:default=none
	Cleanup string `json:"cleanup,omitempty"`
	// +kubebuilder:default={}
	InitWorkloads *InitWorkloads `json:"initWorkloads,omitempty"`
}

// DestinationStatus says whether Kratix could write to the Destination.
type DestinationStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// A StateStoreRef names a state store; both are cluster-scoped.
type StateStoreRef struct {
	// +required
	// +kubebuilder:validation:Enum=BucketStateStore;GitStateStore
	Kind string `json:"kind,omitempty"`
	// +required
	Name string `json:"name,omitempty"`
}

// Filepath says how documents are laid out on a Destination.
type Filepath struct {
	// Mode is nestedByMetadata when empty.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="filepath.mode is immutable"
	Mode     FilepathMode `json:"mode,omitempty"`
	Filename string       `json:"filename,omitempty"` // for aggregatedYAML
}

// A FilepathMode is a layout of documents on a Destination.
//
// +kubebuilder:validation:Enum=nestedByMetadata;aggregatedYAML;none
type FilepathMode string

// The filepath modes.
const (
	FilepathNested     FilepathMode = "nestedByMetadata"
	FilepathAggregated FilepathMode = "aggregatedYAML"
	FilepathNone       FilepathMode = "none"
)

// InitWorkloads says whether Kratix writes its two canary documents.
type InitWorkloads struct {
	// +kubebuilder:default=true
	Enabled *bool `json:"enabled,omitempty"` // true when absent
}

// ReadyStatus is the status of state stores.
type ReadyStatus struct {
	// Status is Ready or NotReady.
	// +required
	Status             string             `json:"status,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
}

// Kinds of state stores.
const (
	KindGitStateStore    = "GitStateStore"
	KindBucketStateStore = "BucketStateStore"
)

// A GitStateStore is a branch of a Git repository.
//
// +kubebuilder:resource:scope=Cluster,categories=kratix
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.spec.url`
// +kubebuilder:printcolumn:name="Branch",type=string,JSONPath=`.spec.branch`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
type GitStateStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   GitStateStoreSpec `json:"spec,omitempty"`
	Status ReadyStatus       `json:"status,omitempty"`
}

// GitStateStoreSpec says which repository, and how to reach it.
type GitStateStoreSpec struct {
	URL string `json:"url,omitempty"`
	// +kubebuilder:default=main
	Branch string `json:"branch,omitempty"` // main when empty
	Path   string `json:"path,omitempty"`
	// +kubebuilder:validation:Enum=basicAuth;ssh;githubApp
	// +kubebuilder:default=basicAuth
	AuthMethod string `json:"authMethod,omitempty"` // basicAuth (default), ssh, githubApp
	// +kubebuilder:default={name: kratix}
	GitAuthor GitAuthor  `json:"gitAuthor,omitempty"`
	SecretRef *SecretRef `json:"secretRef,omitempty"`
}

// GitAuthor signs the commits of a GitStateStore.
type GitAuthor struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// A SecretRef names a Secret with credentials.
//
// +structType=atomic
type SecretRef struct {
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

// A BucketStateStore is a bucket of an S3-compatible server.
//
// +kubebuilder:resource:scope=Cluster,categories=kratix
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Name",type=string,JSONPath=`.spec.bucketName`
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.spec.endpoint`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
type BucketStateStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   BucketStateStoreSpec `json:"spec,omitempty"`
	Status ReadyStatus          `json:"status,omitempty"`
}

// BucketStateStoreSpec says which bucket, and how to reach it.
type BucketStateStoreSpec struct {
	// +required
	BucketName string `json:"bucketName,omitempty"`
	// +required
	Endpoint     string `json:"endpoint,omitempty"` // without scheme
	Path         string `json:"path,omitempty"`
	Insecure     bool   `json:"insecure,omitempty"`
	UseDualStack bool   `json:"useDualStack,omitempty"`
	// +kubebuilder:validation:Enum=accessKey;IAM
	// +kubebuilder:default=accessKey
	AuthMethod string     `json:"authMethod,omitempty"` // accessKey (default), IAM
	SecretRef  *SecretRef `json:"secretRef,omitempty"`
}
