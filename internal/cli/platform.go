// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
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

// checkDestinations refuses files that were named and hold no Destination: the
// answer to that would be that nothing is placed, for a reason that nobody
// means. An empty directory is a platform without any.
func checkDestinations(world *platform.Platform, files []string) error {
	isDir := func(file string) bool { return isDirectory(file) == nil }
	if len(files) == 0 || len(world.Destinations) > 0 || slices.ContainsFunc(files, isDir) {
		return nil
	}
	err := diag.Inputf("--destinations %s: there is no Destination in it", strings.Join(files, " "))
	return diag.Hint(err, "kubectl get destinations,gitstatestores,bucketstatestores -o yaml")
}

// requestFile gives the path under which a request is read.
func requestFile(name string) string {
	if name == "-" {
		return "/dev/stdin"
	}
	return name
}

// onceFromStdin refuses a command line on which more than one file is standard
// input.
func onceFromStdin(files ...[]string) error {
	n := 0
	for _, file := range slices.Concat(files...) {
		if file == "-" {
			n++
		}
	}
	if n > 1 {
		return diag.Inputf("- stands for standard input, which only one flag can take")
	}
	return nil
}
