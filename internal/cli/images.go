package cli

import (
	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// checkImages refuses a Promise in which two containers have different sources
// for an image of the same name.
func checkImages(p *promise.Promise) error {
	sources, err := allSources(p)
	if err != nil {
		return err
	}
	return build.CheckImages(sources)
}

// allSources lists where the containers of a Promise would have their sources.
func allSources(p *promise.Promise) ([]build.Sources, error) {
	var all []build.Sources
	for _, ref := range promise.Workflows() {
		stages, err := pipelineStages(p, ref)
		if err != nil {
			return nil, err
		}
		for _, s := range stages {
			all = append(all, build.Sources{Container: s.ref.String() + "/" + s.name, Image: s.tag, Dir: relative(s.dir)})
		}
	}
	return all, nil
}

// checkImageIsNew refuses an image that another container of the Promise has
// sources for: the sources of the new one would be for the same name.
func checkImageIsNew(p *promise.Promise, ref promise.WorkflowRef, added api.Container) error {
	all, err := allSources(p)
	if err != nil {
		return err
	}
	own := ref.String() + "/" + added.Name
	for _, s := range all {
		if s.Container != own && s.Image == added.Image && build.Detect(s.Dir) != build.KindNone {
			err := diag.Inputf("--image %s: %s has sources for an image of this name already, in %s", added.Image, s.Container, s.Dir)
			return diag.Hint(err, "choose another name for the image: each has sources of its own")
		}
	}
	return nil
}
