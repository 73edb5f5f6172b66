// SPDX-License-Identifier: Apache-2.0

package native

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// Engine is the native engine. It may be used by several goroutines at once.
type Engine struct {
	config Config
	runner

	filters filters
	cgroups cgroups

	ready image.Once[*readyImage]
}

// readyImage is an image with its layers on disk.
type readyImage struct {
	*image.Image
	layers []string
}

var _ workflow.Engine = (*Engine)(nil)

// New gives the engine, if this machine lets it run containers (see [Probe]).
// It also removes what a killed process left behind.
func New(ctx context.Context, config Config) (*Engine, error) {
	e := &Engine{config: config}
	var err error
	if e.runner, err = probe(ctx, config.Dir, &e.filters); err != nil {
		return nil, err
	}
	sweep(config.Dir, e.ids)
	e.cgroups = findCgroups(func(name string) string { return machineSetting("self/" + name) })
	return e, nil
}

// Name implements [workflow.Engine].
func (e *Engine) Name() string { return Name }

// Mode tells which users there are in this engine's containers.
func (e *Engine) Mode() Mode { return e.mode }

// Notes tells in sentences what of a Pod this machine does not let the engine
// provide, and what to do about it.
func (e *Engine) Notes() []string {
	var notes []string
	if !e.cgroups.has(cgroupParent.limitsMemory) {
		notes = append(notes, "steps are not kept to their memory limits: this process can make no cgroup with the memory controller"+cgroupAdvice())
	}
	if !e.cgroups.has(cgroupParent.limitsCPU) {
		notes = append(notes, "steps are not kept to their CPU limits: this process can make no cgroup with the cpu controller")
	}
	if e.mode == ModeSingle {
		note := "steps have one user: all files of an image are that user's, and no step can become another or give files away"
		if e.lacks != nil {
			note += "; more take subordinate ids: " + e.lacks.Error()
		}
		notes = append(notes, note)
	}
	return notes
}

// cgroupAdvice tells where systemd lets an ordinary user make cgroups.
func cgroupAdvice() string {
	if _, err := exec.LookPath("systemd-run"); err != nil || os.Geteuid() == 0 {
		return ""
	}
	return "; systemd-run --user --scope kratix ... may"
}

// Prepare implements [workflow.Engine].
func (e *Engine) Prepare(ctx context.Context, images []string) error {
	return e.ready.All(ctx, images, e.load)
}

// image gives an image that is ready to run.
func (e *Engine) image(ctx context.Context, ref string) (*readyImage, error) {
	return e.ready.Get(ctx, ref, e.load)
}

func (e *Engine) load(ctx context.Context, ref string) (*readyImage, error) {
	var options image.GetOptions
	if e.config.Options != nil {
		options = e.config.Options(ref)
	}
	img, err := e.config.Images.Get(ctx, ref, options)
	if err != nil {
		return nil, err
	}
	if err := checkPlatform(img, binfmtDir); err != nil {
		return nil, err
	}
	layers, err := e.config.Images.Unpack(ctx, img, e.owners())
	if err != nil {
		return nil, err
	}
	return &readyImage{img, layers}, nil
}

// filter gives the seccomp filter that a container gets, if any.
func (e *Engine) filter(security workflow.Security) ([]unix.SockFilter, error) {
	if security.Unconfined() {
		return nil, nil
	}
	filter, err := e.filters.filter(security.Capabilities())
	return filter, diag.Machine(err)
}

// NewPod implements [workflow.Engine].
func (e *Engine) NewPod(ctx context.Context, volumes []string) (workflow.Pod, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := e.newPodDir(e.config.Dir, volumes)
	if err != nil {
		return nil, diag.Hint(diag.Machine(fmt.Errorf("making a Pod's directory: %w", err)),
			"export TMPDIR=DIR, a directory that you may write to and that has room")
	}
	p := &pod{engine: e, dir: dir, namespace: e.usual, volumes: map[string]int{}}
	for i, name := range volumes {
		if _, again := p.volumes[name]; again {
			return nil, errors.Join(diag.Inputf("volume %q is named twice", name), p.Close())
		}
		p.volumes[name] = i
	}
	return p, nil
}
