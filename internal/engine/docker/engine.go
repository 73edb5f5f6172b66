// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// The names of the engines that this package gives.
const (
	Name   = "docker"
	Podman = "podman" // the same API, at the socket of Podman's service
)

// Config is what an Engine needs.
type Config struct {
	// Name is [Name] or [Podman].
	Name string
	// Images is where images come from that no registry need have.
	Images *image.Store
	// Options says how to get an image; nil for the defaults.
	Options func(ref string) image.GetOptions
	// Getenv reads the environment variables that name a daemon.
	Getenv func(string) string
}

// A Status says who answers, and where. Without an answer only the Endpoint is
// known.
type Status struct {
	Endpoint string // as DOCKER_HOST would have it, with what named it
	Version  string // of the daemon
	API      string // the newest that it speaks
	Platform string // such as "linux/amd64"
}

// Engine runs containers through one daemon. It may be used by several
// goroutines at once.
type Engine struct {
	config Config
	client *client
	status Status
	able   abilities
	busy   chan struct{} // has room for what the daemon does at a time
	labels map[string]string

	ready   image.Once[*readyImage]
	keepers image.Once[struct{}] // their images, which the daemon has

	mu      sync.Mutex
	ulimits []ulimit // that containers need to start
}

var _ workflow.Engine = (*Engine)(nil)

// helloTimeout is how long a daemon may take to say who it is.
const helloTimeout = 10 * time.Second

// Probe asks the daemon who it is. The error says why it cannot be used.
func Probe(ctx context.Context, config Config) (Status, error) {
	_, status, err := connect(ctx, config)
	return status, err
}

func connect(ctx context.Context, config Config) (*client, Status, error) {
	find := findDocker
	if config.Name == Podman {
		find = findPodman
	}
	e, err := find(config.Getenv)
	if err != nil {
		return nil, Status{}, err
	}
	c, status := newClient(e), Status{Endpoint: e.String()}
	hello, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	d, err := c.hello(hello)
	switch {
	case ctx.Err() != nil:
		return nil, status, ctx.Err()
	case hello.Err() != nil:
		return nil, status, e.unreachable(hello.Err())
	case err != nil:
		return nil, status, unusable(e, err)
	case d.OS != "linux":
		return nil, status, diag.Hint(diag.Machinef("%s: it runs containers for %s, and Kratix' are for linux", e, d.OS),
			"switch the daemon to Linux containers")
	}
	status.Version, status.API, status.Platform = d.Version, d.API, d.OS+"/"+d.Arch
	return c, status, nil
}

// unusable is why something that answers is not a daemon to work with.
func unusable(e *endpoint, err error) error {
	if _, far := errors.AsType[*unreachableError](err); far {
		return err
	}
	if _, refused := errors.AsType[*apiError](err); refused {
		return diag.Machinef("%s: %w", e, err)
	}
	return diag.Machinef("%s: what answers is no Docker daemon: %w", e, err)
}

// New gives the engine, if its daemon answers. It also removes what a killed
// process of this machine left behind.
func New(ctx context.Context, config Config) (*Engine, error) {
	if config.Name == "" {
		config.Name = Name
	}
	c, status, err := connect(ctx, config)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		config: config, client: c, status: status,
		labels: map[string]string{labelRun: rand.Text(), labelOwner: self().String()},
	}
	var group errgroup.Group // both only wait for the daemon
	group.Go(func() error { return e.fault("looking for leftovers", e.sweep(ctx)) })
	group.Go(func() (err error) {
		e.able, err = c.info(ctx)
		return e.fault("asking what it can do", err)
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	e.busy = make(chan struct{}, max(2, e.able.NCPU))
	return e, nil
}

// Notes tells in sentences what of a Pod the daemon's machine does not let the
// engine provide.
func (e *Engine) Notes() []string {
	var notes []string
	if !e.able.MemoryLimit {
		notes = append(notes, "steps are not kept to their memory limits: the machine of "+e.config.Name+" has no cgroups with the memory controller")
	}
	if !e.able.CPUQuota {
		notes = append(notes, "steps are not kept to their CPU limits: the machine of "+e.config.Name+" has no cgroups with the cpu controller")
	}
	if e.config.Name == Name && !slices.ContainsFunc(e.able.SecurityOptions, func(o string) bool { return strings.HasPrefix(o, "name=seccomp") }) {
		notes = append(notes, "the system calls of steps are not filtered: the daemon has seccomp off")
	}
	return notes
}

// Name implements [workflow.Engine].
func (e *Engine) Name() string { return e.config.Name }

// Status tells who runs the containers.
func (e *Engine) Status() Status { return e.status }

// Prepare implements [workflow.Engine].
func (e *Engine) Prepare(ctx context.Context, images []string) error {
	return e.ready.All(ctx, images, e.find)
}

// The labels of what an engine makes.
const (
	labelRun   = "io.kratix.cli.run"   // one for each Engine
	labelOwner = "io.kratix.cli.owner" // the process, see owner
	labelRole  = "io.kratix.cli.role"  // roleKeeper or roleStep
)

const (
	roleKeeper = "keeper"
	roleStep   = "step"
)

func (e *Engine) labelled(role string) map[string]string {
	labels := map[string]string{labelRole: role}
	maps.Copy(labels, e.labels)
	return labels
}

// sweep removes what dead processes of this machine left, steps before the
// keepers whose volumes they use.
func (e *Engine) sweep(ctx context.Context) error {
	list, err := e.client.listContainers(ctx, labelOwner)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(c listed) bool { return !parseOwner(c.Labels[labelOwner]).dead() })
	slices.SortFunc(list, func(a, b listed) int { return strings.Compare(b.Labels[labelRole], a.Labels[labelRole]) })
	for _, c := range list {
		// Another process may be at it: then it says so.
		if err := e.client.removeContainer(ctx, c.ID); err != nil && !isStatus(err, http.StatusConflict) {
			return err
		}
	}
	return nil
}

// cleanupTimeout is how long a daemon may take to remove what was made, when
// nobody waits for an answer any more.
const cleanupTimeout = 30 * time.Second

// turn waits until the daemon has room for one more piece of hard work. A daemon
// that is asked for much at once does it no sooner, but all of it, also when
// nobody waits for it any more.
func (e *Engine) turn(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case e.busy <- struct{}{}:
		return func() { <-e.busy }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// create makes a container. It does not stop half-way when ctx ends, since
// nobody would know then what to remove.
func (e *Engine) create(ctx context.Context, spec containerSpec, platform string) (string, error) {
	done, err := e.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	return e.client.createContainer(ctx, spec, platform)
}

// remove removes a container, also when ctx has ended.
func (e *Engine) remove(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	return e.client.removeContainer(ctx, id)
}

// fault is an error of the daemon's that nobody expected; nil for none.
func (e *Engine) fault(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return diag.Machine(fmt.Errorf("%s: %s: %w", e.config.Name, doing, err))
}
