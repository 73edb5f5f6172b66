// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
)

// Touched gives the cases whose result a change of files can alter. The paths
// of the files are absolute; they need not exist any more.
//
// All cases depend on the files of the Promise itself and on what tests/ holds for all of them; a
// case on its own directory, on its Destinations and existing Works, on the
// Secrets and ConfigMaps that its case.yaml names, and on the sources of the containers that it runs. What lies below workflows/ but in no
// container's directory, and Go code elsewhere in the Promise's directory, may
// be part of any container. Golden files do not count if they are about to be
// written.
func Touched(p *promise.Promise, cases []*fixture.Case, files []string, update bool) []*fixture.Case {
	var touched []*fixture.Case
	for _, c := range cases {
		d := dependencies(p, c)
		d.update = update
		if slices.ContainsFunc(files, d.has) {
			touched = append(touched, c)
		}
	}
	return touched
}

// A dependence is what a case depends on, as absolute paths.
type dependence struct {
	promise, tests, workflows string
	paths                     []string // files, and directories with all below
	golden                    string
	stages                    []string // directories with the sources of containers
	update                    bool
}

func dependencies(p *promise.Promise, c *fixture.Case) dependence {
	root := absolute(p.Dir)
	tests := filepath.Join(root, "tests")
	d := dependence{promise: root, tests: tests, workflows: filepath.Join(root, "workflows"), golden: absolute(c.ExpectedDir())}
	d.paths = []string{absolute(c.Dir)}
	for _, file := range []string{promise.FlatFile, promise.APIFile, promise.DependenciesFile, promise.MetadataFile} {
		d.paths = append(d.paths, filepath.Join(root, file))
	}
	for _, shared := range []string{"suite.yaml", "secrets", "configmaps"} {
		d.paths = append(d.paths, filepath.Join(tests, shared))
	}
	files := slices.Concat(c.Destinations, c.Existing)
	if c.Objects != nil {
		files = append(files, c.Objects.Paths...)
	}
	for _, file := range files {
		d.paths = append(d.paths, absolute(file))
	}
	if len(c.Destinations) == 0 {
		d.paths = append(d.paths, filepath.Join(tests, "destinations")) // which may be new, or gone
	}
	all, names, err := workflowOf(p, c)
	if err != nil {
		return d // it cannot be run, whatever its containers are
	}
	for _, pipeline := range names {
		for _, container := range containersOf(all, pipeline) {
			d.stages = append(d.stages, filepath.Join(d.workflows, string(c.Type), string(c.Action), pipeline, container))
		}
	}
	return d
}

func (d dependence) has(file string) bool {
	switch {
	case d.update && within(file, d.golden):
		return false
	case slices.ContainsFunc(d.paths, func(path string) bool { return within(file, path) }):
		return true
	case within(file, d.tests):
		return false
	case within(file, d.workflows):
		return filepath.Base(file) == promise.WorkflowFile || d.inStage(file)
	case within(file, d.promise):
		return isGo(file)
	}
	return false
}

// inStage reports whether a file below workflows/ is one of the sources of the
// case's containers, or may be: it lies above them, or where no container has
// its own.
func (d dependence) inStage(file string) bool {
	below, err := filepath.Rel(d.workflows, file)
	parts := strings.Split(below, string(filepath.Separator))
	if err != nil || !slices.Contains([]string{string(api.WorkflowPromise), string(api.WorkflowResource)}, parts[0]) {
		return true
	}
	const stageParts = 4 // type, action, pipeline, container
	return slices.ContainsFunc(d.stages, func(stage string) bool {
		return within(file, stage) || len(parts) <= stageParts && within(stage, filepath.Dir(file))
	})
}

// isGo reports whether the go command reads a file.
func isGo(file string) bool {
	return filepath.Ext(file) == ".go" || slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum"}, filepath.Base(file))
}

// within reports whether a path is dir or lies below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}

// absolute gives the path as it is if the working directory is gone.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}
