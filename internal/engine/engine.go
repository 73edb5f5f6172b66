// Package engine names the container engines and picks one.
//
// Which containers run, and with what, is package workflow's business; an
// engine only runs them, and is known to the rest of the program as a
// [workflow.Engine]. [Auto] stands for the best engine that this machine has.
//
//	e, err := engine.New(ctx, engine.Auto, engine.Config{Images: store})
package engine

import (
	"context"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine/native"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// Auto is the name that leaves the choice to [New].
const Auto = "auto"

// Config is what engines need.
type Config = native.Config

// Names lists what [New] takes.
func Names() []string { return []string{Auto, native.Name} }

// New gives the engine of that name; the empty name is [Auto]. It fails if this
// machine cannot run containers with it.
func New(ctx context.Context, name string, config Config) (workflow.Engine, error) {
	switch name {
	case "", Auto, native.Name:
		e, err := native.New(ctx, config)
		if err != nil {
			return nil, err // not e, which is a nil *Engine and so no nil Engine
		}
		return e, nil
	default:
		return nil, diag.Inputf("no container engine %q: choose one of %s", name, strings.Join(Names(), ", "))
	}
}
