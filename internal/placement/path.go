// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"path"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/work"
)

// A StorePath is a full path inside a state store. In a bucket it is a key and
// may begin with a slash.
type StorePath string

// escapes says whether the path leaves its store, or is the store itself.
func (p StorePath) escapes() bool {
	switch p {
	case "", ".", "/", "..":
		return true
	default:
		return strings.HasPrefix(string(p), "../")
	}
}

// A site is a Destination as the writers see it.
type site struct {
	destination string
	store       platform.Store
	known       bool // whether the store is; if not, its own path is not known
	path        string
	mode        api.FilepathMode
	filename    string
}

func newSite(p *platform.Platform, d *api.Destination) site {
	s := site{
		destination: d.Name,
		path:        d.Spec.Path,
		mode:        d.Spec.Filepath.Mode,
		filename:    d.Spec.Filepath.Filename,
	}
	if s.mode == "" {
		s.mode = api.FilepathNested
	}
	if s.filename == "" {
		s.filename = "aggregated.yaml"
	}
	if ref := d.Spec.StateStoreRef; ref != nil {
		s.store, s.known = p.Store(*ref)
		if !s.known {
			s.store = platform.Store{Kind: ref.Kind, Name: ref.Name}
		}
	}
	return s
}

// join makes a path in the store of parts below the Destination. A Git
// repository has no root directory but itself; in a bucket a leading slash is
// part of the key.
func (s *site) join(parts ...string) StorePath {
	return s.inStore(path.Join(append([]string{s.path}, parts...)...))
}

// inStore puts the store's own path before a path.
func (s *site) inStore(below string) StorePath {
	if s.store.Kind != api.KindGitStateStore {
		return StorePath(path.Join(s.store.Path, below))
	}
	// Without its slash first: no .. ends at a root that is not there.
	full := path.Join(strings.TrimPrefix(s.store.Path, "/"), below)
	return StorePath(strings.TrimPrefix(full, "/"))
}

// An owner is what the paths of a workload group's documents depend on beside
// the Destination.
type owner struct {
	namespace, promise, resource, pipeline, groupID string
}

func ownerOf(w *api.Work, groupID string) owner {
	return owner{w.Namespace, w.Spec.PromiseName, w.Spec.ResourceName, w.Labels[api.LabelPipelineName], groupID}
}

func ownerOfPlacement(wp *api.WorkPlacement) owner {
	return owner{wp.Namespace, wp.Spec.PromiseName, wp.Spec.ResourceName, wp.Labels[api.LabelPipelineName], wp.Spec.ID}
}

// directory is what a WorkPlacement owns on a nestedByMetadata Destination,
// relative to it. An empty pipeline, that of static dependencies, leaves no
// trace.
func (o owner) directory() string {
	id := work.ShortID(o.groupID)
	if o.resource == "" {
		return path.Join("dependencies", o.promise, o.pipeline, id)
	}
	return path.Join("resources", o.namespace, o.promise, o.resource, o.pipeline, id)
}

// pathOf gives the full path of a document.
func (s *site) pathOf(o owner, filepath string) StorePath {
	switch s.mode {
	case api.FilepathAggregated:
		return s.join(s.filename)
	case api.FilepathNone:
		return s.join(filepath)
	default:
		return s.join(o.directory(), filepath)
	}
}
