// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// apiVersion of all reports.
const apiVersion = "cli.kratix.io/v1"

// A Header says what kind of document a report is, and when it was true.
type Header struct {
	APIVersion  string    `json:"apiVersion"`
	Kind        string    `json:"kind"`
	EvaluatedAt time.Time `json:"evaluatedAt"`
}

// A State says how far something has come, for a Work how far its slowest
// document has. The words are those of [placement.State], and a few for what
// only whole Works can be.
type State string

// The states, the worst first.
const (
	StateUnknown     State = "Unknown"     // not enough could be read
	StateUnplaced    State = "Unplaced"    // a group has no Destination
	StateWriteFailed State = "WriteFailed" // the writer says so
	StatePlaced      State = "Placed"      // not written yet
	StateMissing     State = "Missing"     // written, and not in the store
	StateDrifted     State = "Drifted"     // written, and different in the store
	StateUnverified  State = "Unverified"  // could not be read back
	StateWritten     State = "Written"     // the controller says so
	StateVerified    State = "Verified"    // read back, identical
	StateEmpty       State = "Empty"       // there are no documents
)

// StateMisplaced is not how far something has come but a [Reason] beside it.
const StateMisplaced State = "Misplaced"

// A Verdict is the answer in one word, in one sentence, and why.
type Verdict struct {
	State State `json:"state"`
	// Misplaced says that something is on a Destination that does not match
	// it any more. It is written there all the same.
	Misplaced bool `json:"misplaced"`
	Deleting  bool `json:"deleting"`
	// Healthy says that all is where it should be, as far as is known.
	Healthy  bool   `json:"healthy"`
	Sentence string `json:"sentence"`
	// Reasons tell what is wrong, one line each.
	Reasons []Reason `json:"reasons"` // never nil
}

// A Reason is one thing that is wrong.
type Reason struct {
	State State `json:"state"`
	// Work is namespace/name.
	Work string `json:"work,omitempty"`
	// Group is the directory of a workload group.
	Group       string `json:"group,omitempty"`
	Destination string `json:"destination,omitempty"`
	Text        string `json:"text"`
}

// An Owner is what a Work was made for: a request, or a Promise itself.
type Owner struct {
	Type    api.WorkType `json:"type"`
	Promise string       `json:"promise"`
	// Kind, Namespace and Name are those of the request; empty if it is the
	// Promise. Kind is empty too where the Promise could not be read.
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// A Count is how many of some things are done. Total is nil where it is not
// known.
type Count struct {
	Done  int  `json:"done"`
	Total *int `json:"total"`
}

// An Unknown is something that could not be read, and so is missing from the
// answer.
type Unknown struct {
	Verb      string `json:"verb"`
	Resource  string `json:"resource"` // "destinations.platform.kratix.io"
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Reason    string `json:"reason"` // "forbidden", "no such kind", or an error
	// Text says all of it: "unknown (forbidden: list destinations.platform.kratix.io)".
	Text string `json:"text"`
}

// A Disagreement is a difference between what was computed and what Kratix
// stored.
type Disagreement struct {
	Code   DisagreementCode `json:"code"`
	Object string           `json:"object"` // "Work team-a/shop"
	// Computed and Stored are the two sides, Text is a sentence about them.
	Computed string `json:"computed"`
	Stored   string `json:"stored"`
	Text     string `json:"text"`
}

// A DisagreementCode names a kind of disagreement.
type DisagreementCode string

// The closed list of disagreements.
const (
	// ReadyNotWritten: a Work or a request is Ready, but a document was not
	// written, or could not be.
	ReadyNotWritten DisagreementCode = "ReadyNotWritten"
	// ReadyNotPlaced: conditions say scheduled, but a group has no Destination.
	ReadyNotPlaced DisagreementCode = "ReadyNotPlaced"
	// NotReadyPlaced: conditions say unscheduled, but all groups are placed.
	NotReadyPlaced DisagreementCode = "NotReadyPlaced"
	// PlaceableNotPlaced: a Destination matches, but there is no WorkPlacement.
	PlaceableNotPlaced DisagreementCode = "PlaceableNotPlaced"
	// MisplacedNotMarked: on a Destination that does not match, unmarked.
	MisplacedNotMarked DisagreementCode = "MisplacedNotMarked"
	// MarkedNotMisplaced: marked misplaced, but the Destination matches.
	MarkedNotMisplaced DisagreementCode = "MarkedNotMisplaced"
	// DestinationGone: a WorkPlacement on a Destination that does not exist.
	DestinationGone DisagreementCode = "DestinationGone"
	// GroupGone: a WorkPlacement of a group that the Work does not have.
	GroupGone DisagreementCode = "GroupGone"
	// MorePlacements: a request's group is on several Destinations.
	MorePlacements DisagreementCode = "MorePlacements"
	// GenerationBehind: a WorkPlacement was made from an older Work.
	GenerationBehind DisagreementCode = "GenerationBehind"
	// CountersWrong: the counters in the Work's status do not add up.
	CountersWrong DisagreementCode = "CountersWrong"
	// OwnerDiffers: the request says something else than its Works.
	OwnerDiffers DisagreementCode = "OwnerDiffers"
)

// An Event is what a controller told, with equal ones folded into one.
type Event struct {
	Type      string    `json:"type"` // Normal or Warning
	Reason    string    `json:"reason"`
	Message   string    `json:"message"`
	Object    string    `json:"object"` // "Work/shop"
	Count     int       `json:"count"`
	FirstSeen time.Time `json:"firstSeen"`
	LastSeen  time.Time `json:"lastSeen"`
}

// A Readiness is the condition Ready of a Destination or a state store.
type Readiness struct {
	Status  metav1.ConditionStatus `json:"status"`
	Reason  string                 `json:"reason"`
	Message string                 `json:"message"`
	Since   time.Time              `json:"since"`
}

// A Store is a state store, as far as it matters to documents.
type Store struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Exists is false where the state store does not exist or could not be
	// read; Unknown tells the two apart.
	Exists bool `json:"exists"`
	// Address is the URL of a repository, or endpoint/bucket.
	Address string     `json:"address,omitempty"`
	Branch  string     `json:"branch,omitempty"`
	Path    string     `json:"path,omitempty"`
	Ready   *Readiness `json:"ready"` // nil while nothing is known
}

// A Site is a Destination, as far as it matters to documents.
type Site struct {
	Name      string            `json:"name"`
	Exists    bool              `json:"exists"`
	Deleting  bool              `json:"deleting"`
	Labels    map[string]string `json:"labels"` // never nil
	Strict    bool              `json:"strictMatchLabels"`
	Path      string            `json:"path"`
	Mode      api.FilepathMode  `json:"mode"`
	Filename  string            `json:"filename,omitempty"` // aggregatedYAML only
	Ready     *Readiness        `json:"ready"`
	Store     *Store            `json:"store"`
	CreatedAt time.Time         `json:"createdAt"`
}

// A Placed is a WorkPlacement.
type Placed struct {
	Namespace   string         `json:"namespace"`
	Name        string         `json:"name"`
	Work        string         `json:"work"`
	For         Owner          `json:"for"`
	Group       schedule.Group `json:"group"`
	Destination string         `json:"destination"`
	State       State          `json:"state"` // Placed, WriteFailed or Written
	// Message is what keeps it from being written.
	Message string `json:"message,omitempty"`
	// Silent says that the release of Kratix does not tell whether anything
	// was written; those before May 2025 do not.
	Silent bool `json:"silent,omitempty"`
	// Misplaced is computed; MarkedMisplaced is what the label says.
	Misplaced       bool               `json:"misplaced"`
	MarkedMisplaced bool               `json:"markedMisplaced"`
	Deleting        bool               `json:"deleting"`
	WorkGeneration  int64              `json:"workGeneration"` // that it was made from
	VersionID       string             `json:"versionID,omitempty"`
	Conditions      []metav1.Condition `json:"conditions"` // never nil
	CreatedAt       time.Time          `json:"createdAt"`
	WrittenAt       *time.Time         `json:"writtenAt,omitempty"`
}

// A Content says what a document holds, without holding it.
type Content struct {
	Group string `json:"group"` // directory
	Path  string `json:"path"`
	Size  int64  `json:"size"`
	// Kind, Namespace and Name are those of the first object in the file;
	// empty if it is no Kubernetes object.
	APIVersion string `json:"objectAPIVersion,omitempty"`
	Kind       string `json:"objectKind,omitempty"`
	Namespace  string `json:"objectNamespace,omitempty"`
	Name       string `json:"objectName,omitempty"`
	Objects    int    `json:"objects"`
	// Keys are those of a Secret's data; values are not shown.
	Keys []Key `json:"keys,omitempty"`
	// Plain says that the content is not compressed, as before 2024-09-26.
	Plain bool `json:"plain,omitempty"`
	// Problem says why the content cannot be read.
	Problem string `json:"problem,omitempty"`
}

// A Key is one entry of a Secret.
type Key struct {
	Name string `json:"name"`
	Size int    `json:"size"` // bytes, decoded
}

// A WorkSummary is one Work in a list.
type WorkSummary struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	For       Owner  `json:"for"`
	Pipeline  string `json:"pipeline,omitempty"`
	// Placed counts WorkPlacements among those that there should be, Written
	// those among the existing ones that were written; nil if not known.
	Placed    *Count    `json:"placed"`
	Written   *Count    `json:"written"`
	Verdict   Verdict   `json:"verdict"`
	CreatedAt time.Time `json:"createdAt"`
	// Explained says that the Work itself was read. Of Works that are fine
	// only the metadata is.
	Explained bool `json:"explained"`

	disagreements []Disagreement
}

// A WorkList is what `kratix inspect works` answers.
type WorkList struct {
	Header
	Items   []WorkSummary `json:"items"` // never nil
	Total   int           `json:"total"` // before NotReady left some out
	Healthy int           `json:"healthy"`
	// Unexplained counts Works that are not fine and were not looked into,
	// since there are too many.
	Unexplained int       `json:"unexplained"`
	Unknown     []Unknown `json:"unknown"` // never nil
}

// A WorkReport is all about one Work.
type WorkReport struct {
	Header
	Namespace  string    `json:"namespace"`
	Name       string    `json:"name"`
	Generation int64     `json:"generation"`
	CreatedAt  time.Time `json:"createdAt"`
	// ExecutedAt is when the work-writer last ran; nil for static
	// dependencies and old releases.
	ExecutedAt     *time.Time            `json:"executedAt,omitempty"`
	Pipeline       string                `json:"pipeline,omitempty"`
	For            Owner                 `json:"for"`
	PromiseVersion string                `json:"promiseVersion,omitempty"`
	DryRun         bool                  `json:"dryRun,omitempty"`
	Verdict        Verdict               `json:"verdict"`
	Placed         *Count                `json:"placed"`
	Written        *Count                `json:"written"`
	Groups         []placement.Placement `json:"groups"`         // never nil
	Contents       []Content             `json:"contents"`       // never nil; in the order of the Work
	WorkPlacements []Placed              `json:"workPlacements"` // never nil; by name
	Destinations   []Site                `json:"destinations"`   // never nil; those with WorkPlacements
	Conditions     []metav1.Condition    `json:"conditions"`     // never nil
	Disagreements  []Disagreement        `json:"disagreements"`  // never nil
	Verification   []StoreCheck          `json:"verification"`   // never nil; filled by Verify
	Events         []Event               `json:"events"`         // never nil
	Unknown        []Unknown             `json:"unknown"`        // never nil

	work        *api.Work
	world       *world
	placed      []api.WorkPlacement
	placedKnown bool
	failure     error // of the scheduler
}

// A WorkPlacementList is what `kratix inspect workplacements` answers.
type WorkPlacementList struct {
	Header
	Items   []Placed  `json:"items"`   // never nil
	Healthy int       `json:"healthy"` // written, where they belong
	Unknown []Unknown `json:"unknown"` // never nil
}

// A DestinationSummary is one Destination in a list.
type DestinationSummary struct {
	Site
	WorkPlacements *Count `json:"workPlacements"` // written among all; nil if not known
	Misplaced      int    `json:"misplaced"`
	Healthy        bool   `json:"healthy"`
}

// A DestinationList is what `kratix inspect destinations` answers.
type DestinationList struct {
	Header
	Items   []DestinationSummary `json:"items"`   // never nil
	Unknown []Unknown            `json:"unknown"` // never nil
}

// A DestinationReport is all about one Destination: what landed there.
type DestinationReport struct {
	Header
	Site
	Verdict    Verdict            `json:"verdict"`
	Conditions []metav1.Condition `json:"conditions"` // never nil
	Landed     []Landed           `json:"landed"`     // never nil; by namespace and name
	// Collisions are paths that several WorkPlacements write.
	Collisions []Collision `json:"collisions"` // never nil
	// Aggregate is the one file of the mode aggregatedYAML.
	Aggregate     *Aggregate     `json:"aggregate,omitempty"`
	Disagreements []Disagreement `json:"disagreements"` // never nil
	Events        []Event        `json:"events"`        // never nil
	Unknown       []Unknown      `json:"unknown"`       // never nil
}

// A Landed is a WorkPlacement with its documents.
type Landed struct {
	Placed
	Documents []placement.Document `json:"documents"` // never nil
}

// A Collision is a path that more than one WorkPlacement writes; the last
// writer wins, and deleting one deletes it for all.
type Collision struct {
	Path string `json:"path"`
	// WorkPlacements are namespace/name.
	WorkPlacements []string `json:"workPlacements"`
}

// An Aggregate is the file that holds all documents of a Destination.
type Aggregate struct {
	Path      string `json:"path"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Documents int    `json:"documents"`
	// Problem says why it cannot be put together.
	Problem string `json:"problem,omitempty"`
}

// A PromiseSummary is one Promise in a list.
type PromiseSummary struct {
	Name      string    `json:"name"`
	Status    string    `json:"status"` // Available or Unavailable; empty if not known
	APIKind   string    `json:"apiKind,omitempty"`
	APIGroup  string    `json:"apiGroupVersion,omitempty"` // group/version
	Version   string    `json:"version,omitempty"`
	Message   string    `json:"message,omitempty"`
	Deleting  bool      `json:"deleting"`
	Healthy   bool      `json:"healthy"`
	CreatedAt time.Time `json:"createdAt"`
}

// A PromiseList is what `kratix inspect promises` answers.
type PromiseList struct {
	Header
	Items   []PromiseSummary `json:"items"`   // never nil
	Unknown []Unknown        `json:"unknown"` // never nil
}

// A PromiseReport is all about one Promise.
type PromiseReport struct {
	Header
	PromiseSummary
	Verdict          Verdict            `json:"verdict"`
	Conditions       []metav1.Condition `json:"conditions"`       // never nil
	RequiredPromises []Required         `json:"requiredPromises"` // never nil
	Revisions        []Revision         `json:"revisions"`        // never nil; by version
	// Workflow is the promise workflow; nil if there is none.
	Workflow *Workflow `json:"workflow"`
	// Works are those of static dependencies and of the promise workflow.
	Works         []WorkSummary    `json:"works"`         // never nil
	Requests      []RequestSummary `json:"requests"`      // never nil; by namespace and name
	Disagreements []Disagreement   `json:"disagreements"` // never nil
	Events        []Event          `json:"events"`        // never nil
	Unknown       []Unknown        `json:"unknown"`       // never nil
}

// A Required is a Promise that another one requires.
type Required struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	State   string `json:"state,omitempty"` // in Kratix' words
}

// A Revision is one version of a Promise.
type Revision struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Latest  bool   `json:"latest"`
}

// A RequestSummary is one request of a Promise.
type RequestSummary struct {
	Kind      string        `json:"kind"`
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"`
	Workflow  WorkflowState `json:"workflow"`
	Message   string        `json:"message,omitempty"`
	Version   string        `json:"version,omitempty"` // of the Promise, last applied
	CreatedAt time.Time     `json:"createdAt"`
}

// A WorkflowState says how far the workflow of a request or a Promise is.
type WorkflowState string

// The workflow states.
const (
	WorkflowCompleted   WorkflowState = "Completed"
	WorkflowRunning     WorkflowState = "Running"
	WorkflowPending     WorkflowState = "Pending" // nothing has run yet
	WorkflowFailed      WorkflowState = "Failed"
	WorkflowSuspended   WorkflowState = "Suspended"
	WorkflowPaused      WorkflowState = "Paused"
	WorkflowUnavailable WorkflowState = "Unavailable" // the Promise is
	WorkflowDeleting    WorkflowState = "Deleting"    // the delete workflow runs
	WorkflowNone        WorkflowState = "None"        // the Promise has no such Pipelines
)

// A Workflow is what a request's or a Promise's workflow did.
type Workflow struct {
	State    WorkflowState `json:"state"`
	Action   string        `json:"action"` // configure or delete
	Sentence string        `json:"sentence"`
	// Advice tells what one can do, ready to paste where possible.
	Advice      []string   `json:"advice"`    // never nil
	Pipelines   []Pipeline `json:"pipelines"` // never nil; in running order
	CompletedAt *time.Time `json:"completedAt,omitempty"`
}

// A Pipeline is how far one Pipeline of a workflow has come.
type Pipeline struct {
	Name  string `json:"name"`
	Phase string `json:"phase"` // Pending, Running, Succeeded, Failed or Suspended
	// Message, NextRetryAt and Attempts are of a suspended Pipeline.
	Message     string     `json:"message,omitempty"`
	NextRetryAt string     `json:"nextRetryAt,omitempty"`
	Attempts    int64      `json:"attempts,omitempty"`
	Since       *time.Time `json:"since,omitempty"`
}

// A RequestReport is the whole story of one request.
type RequestReport struct {
	Header
	APIGroup       string    `json:"requestAPIVersion"` // group/version
	RequestKind    string    `json:"requestKind"`
	Namespace      string    `json:"namespace"`
	Name           string    `json:"name"`
	Promise        string    `json:"promise"`
	PromiseVersion string    `json:"promiseVersion,omitempty"` // last applied
	Generation     int64     `json:"generation"`
	CreatedAt      time.Time `json:"createdAt"`
	// Verdict says in its first sentence where the request landed.
	Verdict  Verdict  `json:"verdict"`
	Workflow Workflow `json:"workflow"`
	// Binding is the version that the request is bound to; nil if there is
	// no ResourceBinding.
	Binding *Binding `json:"binding"`
	// Message is the request's own status.message.
	Message       string             `json:"message,omitempty"`
	Works         []WorkReport       `json:"works"`         // never nil; in the order of Pipelines
	Conditions    []metav1.Condition `json:"conditions"`    // never nil
	Disagreements []Disagreement     `json:"disagreements"` // never nil
	Events        []Event            `json:"events"`        // never nil
	Unknown       []Unknown          `json:"unknown"`       // never nil

	worksKnown bool
}

// A Binding is a ResourceBinding.
type Binding struct {
	Name    string `json:"name"`
	Desired string `json:"desired"` // a version, or "latest"
	Applied string `json:"applied,omitempty"`
	Failed  string `json:"failed,omitempty"`
}
