package cli

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
)

// loadPlatform reads Destinations, those of the Promise's tests unless others
// are given, and the Works and WorkPlacements that exist already. What Kratix
// would accept but is hardly meant is told on standard error.
func loadPlatform(env *Env, p *promise.Promise, destinations, existing []string) (*platform.Platform, error) {
	if len(destinations) == 0 {
		dir := filepath.Join(p.Dir, "tests", "destinations")
		if _, err := os.Stat(dir); err == nil { // no Destinations is an answer too
			destinations = []string{dir}
		}
	}
	world, err := platform.Load(env.In, slices.Concat(destinations, existing)...)
	if err == nil {
		view.Findings(env.err(), world.Warnings)
	}
	return world, err
}
