// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"time"

	"github.com/kratix-tools/kratix/internal/schedule"
)

// A Placement is a workload group with the decision about it and the place of
// every one of its documents. It is the same value whether it was computed on
// a laptop or read from a cluster, and it is the public JSON object of the
// program: fields are only ever added.
type Placement struct {
	schedule.Decision

	// Documents has one entry for each file of the group and Destination that
	// it goes to or, while none is chosen, may go to; files without any
	// Destination have one entry without a store. Never nil.
	Documents []Document `json:"documents"`

	// EvaluatedAt is when the decision was computed; zero for a local
	// simulation, which must not depend on the clock.
	EvaluatedAt *time.Time `json:"evaluatedAt,omitempty"`
	// Recorded says that Kratix itself recorded the decision; it never does.
	Recorded bool `json:"recorded"`
	// AgreesWithStored says whether the decision agrees with the placements
	// that exist; nil when there is nothing to compare with.
	AgreesWithStored *bool `json:"agreesWithStored,omitempty"`
}

// A Document is one file of a group on one Destination.
type Document struct {
	Path   string `json:"path"` // relative to /kratix/output
	Size   int64  `json:"size"` // bytes, uncompressed
	SHA256 string `json:"sha256"`
	// Destination is the one that Store speaks of; empty if there is none.
	Destination string `json:"destination,omitempty"`
	Store       *Store `json:"store,omitempty"`
	State       State  `json:"state"`
}

// A Store is a place in a state store.
type Store struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Path string `json:"path"` // full path inside the store
	// Version is the commit that last changed the file, where one is known.
	Version string `json:"version,omitempty"`
}

// A State says how far a document has come, from weakest to strongest; the
// words are never mixed.
type State string

// The states.
const (
	Unplaced   State = "Unplaced"   // no Destination
	Placed     State = "Placed"     // has a Destination
	Written    State = "Written"    // the controller says it was written
	Verified   State = "Verified"   // read back from the store, identical
	Drifted    State = "Drifted"    // read back, different
	Missing    State = "Missing"    // not in the store
	Unverified State = "Unverified" // could not be read back
)
