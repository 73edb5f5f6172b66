package inspect

import "context"

// A StoreReader reads the current content of a state store.
type StoreReader interface {
	// Read gives a file; the error is [fs.ErrNotExist] if there is none.
	Read(ctx context.Context, path string) ([]byte, error)
	// Version is the head commit; empty for buckets.
	Version() string
	// List gives the paths of all files below a directory.
	List(ctx context.Context, prefix string) ([]string, error)
}

// An OpenStore opens a state store for reading. It is called once for each.
type OpenStore func(ctx context.Context, kind, name string) (StoreReader, error)

// A StoreCheck is what one Destination's state store holds of a Work.
type StoreCheck struct {
	Destination string `json:"destination"`
	Kind        string `json:"kind"` // of the state store
	Store       string `json:"store"`
	Version     string `json:"version,omitempty"` // head commit
	Checked     int    `json:"checked"`
	Identical   int    `json:"identical"`
	// Files are all files that were compared: documents, state files and
	// aggregates.
	Files []FileCheck `json:"files"` // never nil; by path
	// Extra are files in a directory that the WorkPlacement owns but did not
	// write.
	Extra []string `json:"extra"` // never nil
	// Problem says why the store could not be read.
	Problem string `json:"problem,omitempty"`
}

// A FileCheck compares one file.
type FileCheck struct {
	Path  string `json:"path"` // in the store
	State State  `json:"state"`
	// Why explains what is neither identical nor different.
	Why string `json:"why,omitempty"`
}

// A FileDiff is one file of a Work beside what lies in the store.
type FileDiff struct {
	Kind        string `json:"kind"`
	Store       string `json:"store"`
	Destination string `json:"destination"`
	Path        string `json:"path"`
	State       State  `json:"state"`
	Why         string `json:"why,omitempty"`
	// Expected is nil for a file that should not be there, Stored for one
	// that is not.
	Expected []byte `json:"-"`
	Stored   []byte `json:"-"`
}
