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
	if _, err := name.ParseReference(image, name.WeakValidation); err != nil {
		err := diag.Inputf("--image: %q is no valid image: %s", image, imageRule)
		return ref, c, nil, nil, diag.Hint(err, "for example ghcr.io/acme/postgresql-dependencies:v0.1.0")
	}
	sources := SourceDir(ref, c.Name)
	v := stageView{Container: c.Name, Ref: ref.String()}
	for _, f := range []File{
		{Path: sources + "/Dockerfile", Data: render("dependencies/Dockerfile", v)},
		{Path: sources + "/scripts/pipeline.sh", Data: render("dependencies/pipeline.sh", v), Mode: 0o755},
	} {
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
