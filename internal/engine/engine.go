// SPDX-License-Identifier: Apache-2.0

// Package engine names the container engines and picks one.
//
// Which containers run, and with what, is package workflow's business; an
// engine only runs them, and is known to the rest of the program as a
// [workflow.Engine]. [Auto] stands for the best engine that this machine has:
// the native one needs nothing and is the fastest by far, but runs on Linux
// only and not everywhere there; then comes Docker, then Podman.
//
//	e, err := engine.New(ctx, engine.Auto, engine.Config{Images: store, Getenv: os.Getenv})
//	fmt.Fprintln(stderr, e.Why)
//
// Whoever only wants to know what there is asks [Check].
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine/docker"
	"github.com/kratix-tools/kratix/internal/engine/native"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// Auto is the name that leaves the choice to [New].
const Auto = "auto"

// Config is what engines need.
type Config struct {
	// Images is where images come from, and where the native engine unpacks
	// them.
	Images *image.Store
	// Options says how to get an image; nil for the defaults.
	Options func(ref string) image.GetOptions
	// Platform is that of images for which Options names none, such as
	// "linux/arm64"; empty for that of the machine that runs them.
	Platform string
	// Dir is where the native engine has volumes; empty for the directory for
	// temporary files.
	Dir string
	// Getenv reads the environment variables that name a daemon. It must be set.
	Getenv func(string) string
}

func (c Config) native() native.Config {
	daemons := docker.Local(c.Getenv)
	options := func(ref string) image.GetOptions {
		o := c.options(ref)
		o.Daemons = daemons
		return o
	}
	return native.Config{Images: c.Images, Options: options, Dir: c.Dir}
}

func (c Config) docker(name string) docker.Config {
	return docker.Config{Name: name, Images: c.Images, Options: c.options, Getenv: c.Getenv}
}

// options says how to get an image.
func (c Config) options(ref string) image.GetOptions {
	var o image.GetOptions
	if c.Options != nil {
		o = c.Options(ref)
	}
	o.Platform = cmp.Or(o.Platform, c.Platform)
	return o
}

// Names lists what [New] takes.
func Names() []string { return append([]string{Auto}, names()...) }

// names lists the engines, the best first.
func names() []string { return []string{native.Name, docker.Name, docker.Podman} }

// A Chosen is an engine, with the reason for it.
type Chosen struct {
	workflow.Engine
	// Why says in a sentence which engine it is and why it was taken.
	Why string
	// Platform is that of the containers, such as "linux/amd64", unless an image
	// is for one only.
	Platform string
	// Emulated tells that the machine does not run that platform itself and so
	// runs it many times slower, if at all.
	Emulated bool
}

// Notes tells in sentences what of a Pod the engine does not provide on this
// machine, such as limits of memory; most often nothing.
func (c *Chosen) Notes() []string {
	if e, ok := c.Engine.(interface{ Notes() []string }); ok {
		return e.Notes()
	}
	return nil
}

// New gives the engine of that name; the empty name is [Auto]. It fails if this
// machine cannot run containers with it.
func New(ctx context.Context, name string, config Config) (*Chosen, error) {
	if err := image.CheckPlatform(config.Platform); err != nil {
		return nil, err
	}
	switch {
	case name == "" || name == Auto:
		return choose(ctx, config)
	case !slices.Contains(names(), name):
		return nil, diag.Inputf("no container engine %q: choose one of %s", name, strings.Join(Names(), ", "))
	}
	e, where, err := start(ctx, name, config)
	if err != nil {
		return nil, cmp.Or(ctx.Err(), unavailable(name, err))
	}
	e.Why = fmt.Sprintf("engine %s (%s), as asked for", name, where)
	return e, nil
}

// unavailable is why the engine that was asked for cannot be had.
func unavailable(name string, err error) error {
	return fmt.Errorf("container engine %s: %w", name, err)
}

// choose gives the first engine that works.
func choose(ctx context.Context, config Config) (*Chosen, error) {
	var failed []failure
	for _, name := range names() {
		e, where, err := start(ctx, name, config)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			e.Why = why(name, where, failed)
			return e, nil
		case diag.ExitCode(err) == diag.ExitInput:
			return nil, unavailable(name, err) // a mistake that somebody has to hear of
		}
		failed = append(failed, failure{name, err})
	}
	return nil, none(failed)
}

// A failure is an engine that was tried in vain.
type failure struct {
	name string
	err  error
}

// why says which engine was chosen, and what spoke against those before it.
func why(name, where string, failed []failure) string {
	reasons := []string{"it is the first that works here"}
	if len(failed) == 0 {
		reasons = []string{"it needs no daemon"}
	}
	for _, f := range failed {
		reasons = append(reasons, fmt.Sprintf("not %s: %v", f.name, f.err))
	}
	return fmt.Sprintf("engine %s (%s): %s", name, where, strings.Join(reasons, "; "))
}

// none is the error when no engine works: each with its reason, and what to
// do about it.
func none(failed []failure) error {
	lines := []string{"no container engine answers"}
	var hints []string
	for _, f := range failed {
		lines = append(lines, fmt.Sprintf("tried %-7s %v", f.name, f.err))
		hints = append(hints, diag.Hints(f.err)...)
	}
	err := diag.Machine(errors.New(strings.Join(lines, "\n")))
	hints = append(hints, "kratix doctor shows more; cases with recorded output need no engine: kratix test schedule")
	for _, h := range slices.Backward(slices.Compact(hints)) {
		err = diag.Hint(err, h)
	}
	return err
}

// start makes an engine and tells where its containers run.
func start(ctx context.Context, name string, config Config) (e *Chosen, where string, err error) {
	if name == native.Name {
		return startNative(ctx, config)
	}
	d, err := docker.New(ctx, config.docker(name))
	if err != nil {
		return nil, "", err
	}
	machine := d.Status().Platform
	platform := cmp.Or(config.Platform, machine)
	return &Chosen{Engine: d, Platform: platform, Emulated: !sameArchitecture(platform, machine)}, d.Status().Endpoint, nil
}

// sameArchitecture compares platforms by their first two parts: a variant is
// the same machine.
func sameArchitecture(a, b string) bool {
	parts := func(platform string) []string { return append(strings.Split(platform, "/"), "", "")[:2] }
	return slices.Equal(parts(a), parts(b))
}

func startNative(ctx context.Context, config Config) (e *Chosen, where string, err error) {
	emulated, err := native.Emulates(config.Platform)
	if err != nil {
		return nil, "", err
	}
	n, err := native.New(ctx, config.native())
	if err != nil {
		return nil, "", err
	}
	return &Chosen{Engine: n, Platform: cmp.Or(config.Platform, image.DefaultPlatform()), Emulated: emulated}, "in this machine's kernel", nil
}
