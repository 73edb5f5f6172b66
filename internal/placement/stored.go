// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/work"
)

// Documents gives the documents of one WorkPlacement, which holds a copy of
// them, at their places. None larger than limit is read; 0 is no limit. They
// have no store if the Destination is not on the platform.
func Documents(wp *api.WorkPlacement, p *platform.Platform, limit int64) []Document {
	documents := []Document{}
	s, ok := siteOf(wp, p)
	for _, file := range work.Documents(&api.WorkloadGroup{Workloads: wp.Spec.Workloads}, limit) {
		d := Document{Path: file.Path, Size: file.Size, SHA256: file.SHA256, Destination: wp.Spec.TargetDestinationName, State: Placed}
		if ok {
			d.Store = &Store{Kind: s.store.Kind, Name: s.store.Name, Path: string(s.pathOf(ownerOfPlacement(wp), file.Path))}
		}
		documents = append(documents, d)
	}
	return documents
}

// Owned gives the directory that belongs to a WorkPlacement alone, so that
// each write removes what else lies in it. There is one in the layout
// nestedByMetadata only.
func Owned(wp *api.WorkPlacement, p *platform.Platform) (Store, bool) {
	s, ok := siteOf(wp, p)
	if !ok || s.mode != api.FilepathNested {
		return Store{}, false
	}
	return Store{Kind: s.store.Kind, Name: s.store.Name, Path: string(s.join(ownerOfPlacement(wp).directory()))}, true
}
