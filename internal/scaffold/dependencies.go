// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/promise"
)

// Dependencies makes the container that delivers the dependencies of a Promise
// from its image, and the files of its sources below dir, the directory of the
// Promise. Sources that are there stay; the dependencies replace others of the
// same name. Stale are the files that are there and no dependencies.
func Dependencies(dir, image string, dependencies []manifest.File) (ref promise.WorkflowRef, c api.Container, files []File, stale []string, err error) {
	ref = promise.WorkflowRef{Type: api.WorkflowPromise, Action: api.ActionConfigure, Pipeline: "dependencies"}
	c = api.Container{Name: "configure-deps", Image: image}
	if err := CheckImage("--image", image); err != nil {
		return ref, c, nil, nil, err
	}
	sources := SourceDir(ref, c.Name)
	for _, f := range DependencySources(ref, c.Name) {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil {
			files = append(files, f)
		}
	}
	resources := sources + "/resources/"
	for _, f := range dependencies {
		_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(resources+f.Path)))
		files = append(files, File{Path: resources + f.Path, Data: f.Data, Replace: err == nil})
	}
	return ref, c, files, staleBelow(filepath.Join(dir, filepath.FromSlash(resources)), dependencies), nil
}

// CheckImage refuses what cannot be the name of an image, for a flag that names
// one that delivers dependencies.
func CheckImage(flag, image string) error {
	if _, err := name.ParseReference(image, name.WeakValidation); err != nil {
		err := diag.Inputf("%s: %q is no valid image: %s", flag, image, imageRule)
		return diag.Hint(err, "for example ghcr.io/acme/postgresql-dependencies:v0.1.0")
	}
	return nil
}

// DependencySources makes the sources of a container that delivers all that is
// in their resources/.
func DependencySources(ref promise.WorkflowRef, container string) []File {
	sources, v := SourceDir(ref, container), stageView{Container: container, Ref: ref.String()}
	return []File{
		{Path: sources + "/Dockerfile", Data: render("dependencies/Dockerfile", v)},
		{Path: sources + "/scripts/pipeline.sh", Data: render("dependencies/pipeline.sh", v), Mode: 0o755},
	}
}

// staleBelow lists the files of a directory that are no dependencies.
func staleBelow(dir string, dependencies []manifest.File) []string {
	var stale []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == ".gitkeep" {
			return nil //nolint:nilerr // what cannot be read is told when it is written
		}
		below, err := filepath.Rel(dir, path)
		if err == nil && !slices.ContainsFunc(dependencies, func(f manifest.File) bool { return f.Path == filepath.ToSlash(below) }) {
			stale = append(stale, path)
		}
		return nil
	})
	return stale
}
