// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"context"
	"io"
	"time"

	"github.com/kratix-tools/kratix/internal/tree"
)

// An Engine runs the containers of Pods on some machine.
//
// The errors of an Engine and of its Pods are faults of the machine
// ([diag.Machine]) or mistakes in the input ([diag.Input]); a container that
// ran and failed is no error but an [Exit].
type Engine interface {
	// Name is the word that selects the engine, such as "native".
	Name() string

	// Prepare makes the images ready to run, fetching and unpacking what is
	// missing. A failure names the image.
	Prepare(ctx context.Context, images []string) error

	// NewPod makes a Pod with the named volumes, all empty and writable by
	// everybody, as an emptyDir is. The caller closes it.
	NewPod(ctx context.Context, volumes []string) (Pod, error)
}

// A Pod is what the containers of one Pipeline share: its volumes. A Pod is
// used by one goroutine at a time.
type Pod interface {
	// CopyIn adds the files to a volume, owned by the Pod's root, with the
	// modes that files has.
	CopyIn(ctx context.Context, volume string, files tree.FS) error

	// Run starts a container and waits for its end. When ctx ends first, the
	// container and all its children are killed before Run returns, and the
	// error is that of ctx.
	Run(ctx context.Context, c Container, stdout, stderr io.Writer) (Exit, error)

	// CopyOut copies a volume into dir, which exists and is empty, and gives
	// the copy as a tree with the modes, owners and links that the containers
	// see. On disk everything is readable and owned by the caller; what is
	// neither file, directory nor link is told by the tree only.
	CopyOut(ctx context.Context, volume, dir string) (tree.FS, error)

	// Close kills what still runs and removes the volumes.
	Close() error
}

// A Container is one step: exactly what a Pod's container would be given.
type Container struct {
	Name  string
	Image string // reference, as in the Pipeline

	Command []string // replaces the image's entrypoint and, unless Args is set, its command
	Args    []string // replaces the image's command
	Env     []EnvVar // in order; of equal names the last wins

	Mounts   []Mount
	Network  Network
	Hostname string

	Security Security
	Limits   Limits

	// Stdin is what the container reads; nil is nothing. Run does not wait for
	// its end.
	Stdin io.Reader
	// Terminal gives the container a terminal of its own for all three streams:
	// what is typed comes from Stdin, what is shown goes to Run's stdout. Nil
	// gives it pipes.
	Terminal *Terminal
}

// A Terminal is that of a container somebody talks to.
type Terminal struct {
	Size Size
	// Resized tells of each further size, until the container has ended; nil if
	// there will be none.
	Resized <-chan Size
}

// Size is that of a terminal, in characters.
type Size struct{ Columns, Rows uint16 }

// EnvVar is one variable of a container's environment.
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Mount puts a volume of the Pod into the container.
type Mount struct {
	Volume   string
	Target   string // absolute path in the container
	SubPath  string // path inside the volume, empty for all of it
	ReadOnly bool
}

// Network says what a container can reach.
type Network string

// The networks.
const (
	NetworkNone Network = "none" // loopback only
	NetworkHost Network = "host" // the machine's own
)

// An Exit is how a container ended.
type Exit struct {
	Code     int // 128 + the signal's number when a signal ended it
	Duration time.Duration
	// OOMKilled tells that the kernel killed a process of the container since
	// all of them together needed more than Limits.Memory.
	OOMKilled bool
	// Digest is that of the image's manifest or, where the image has none,
	// of its configuration; "sha256:...".
	Digest string
}
