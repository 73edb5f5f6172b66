package api

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// A Destination is a place in a state store that a GitOps agent reads.
type Destination struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DestinationSpec `json:"spec,omitempty"`
	Status ReadyStatus     `json:"status,omitempty"`
}

// DestinationSpec says where documents are written and which Work is wanted.
type DestinationSpec struct {
	// Path inside the state store; required; "." and "/" mean its root.
	Path          string         `json:"path,omitempty"`
	StateStoreRef *StateStoreRef `json:"stateStoreRef,omitempty"`
	// StrictMatchLabels refuses Work without selectors, if the Destination has
	// labels at all.
	StrictMatchLabels bool           `json:"strictMatchLabels,omitempty"`
	Filepath          Filepath       `json:"filepath,omitempty"`
	Cleanup           string         `json:"cleanup,omitempty"`
	InitWorkloads     *InitWorkloads `json:"initWorkloads,omitempty"`
}

// A StateStoreRef names a state store; both are cluster-scoped.
type StateStoreRef struct {
	Kind string `json:"kind,omitempty"`
	Name string `json:"name,omitempty"`
}

// Filepath says how documents are laid out on a Destination.
type Filepath struct {
	// Mode is nestedByMetadata when empty.
	Mode     FilepathMode `json:"mode,omitempty"`
	Filename string       `json:"filename,omitempty"` // for aggregatedYAML
}

// A FilepathMode is a layout of documents on a Destination.
type FilepathMode string

// The filepath modes.
const (
	FilepathNested     FilepathMode = "nestedByMetadata"
	FilepathAggregated FilepathMode = "aggregatedYAML"
	FilepathNone       FilepathMode = "none"
)

// InitWorkloads says whether Kratix writes its two canary documents.
type InitWorkloads struct {
	Enabled *bool `json:"enabled,omitempty"` // true when absent
}

// ReadyStatus is the status of Destinations and state stores.
type ReadyStatus struct {
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
type GitStateStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   GitStateStoreSpec `json:"spec,omitempty"`
	Status ReadyStatus       `json:"status,omitempty"`
}

// GitStateStoreSpec says which repository, and how to reach it.
type GitStateStoreSpec struct {
	URL        string     `json:"url,omitempty"`
	Branch     string     `json:"branch,omitempty"` // main when empty
	Path       string     `json:"path,omitempty"`
	AuthMethod string     `json:"authMethod,omitempty"` // basicAuth (default), ssh, githubApp
	GitAuthor  GitAuthor  `json:"gitAuthor,omitempty"`
	SecretRef  *SecretRef `json:"secretRef,omitempty"`
}

// GitAuthor signs the commits of a GitStateStore.
type GitAuthor struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// A SecretRef names a Secret with credentials.
type SecretRef struct {
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

// A BucketStateStore is a bucket of an S3-compatible server.
type BucketStateStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   BucketStateStoreSpec `json:"spec,omitempty"`
	Status ReadyStatus          `json:"status,omitempty"`
}

// BucketStateStoreSpec says which bucket, and how to reach it.
type BucketStateStoreSpec struct {
	BucketName   string     `json:"bucketName,omitempty"`
	Endpoint     string     `json:"endpoint,omitempty"` // without scheme
	Path         string     `json:"path,omitempty"`
	Insecure     bool       `json:"insecure,omitempty"`
	UseDualStack bool       `json:"useDualStack,omitempty"`
	AuthMethod   string     `json:"authMethod,omitempty"` // accessKey (default), IAM
	SecretRef    *SecretRef `json:"secretRef,omitempty"`
}
