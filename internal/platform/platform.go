// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"cmp"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// A Platform is the part of a cluster that decides where documents go. Its
// objects are sorted: cluster-scoped ones by name, others by namespace and
// name.
type Platform struct {
	Destinations   []api.Destination
	GitStores      []api.GitStateStore
	BucketStores   []api.BucketStateStore
	Works          []api.Work
	WorkPlacements []api.WorkPlacement

	// Warnings tell what Kratix accepts but is hardly meant.
	Warnings []diag.Finding
}

// A Store is a state store without the means to reach it.
type Store struct {
	Kind string
	Name string
	Path string // prefix of everything that Kratix writes there
}

// Store finds a state store; both kinds have names of their own.
func (p *Platform) Store(ref api.StateStoreRef) (Store, bool) {
	switch ref.Kind {
	case api.KindGitStateStore:
		for i := range p.GitStores {
			if s := &p.GitStores[i]; s.Name == ref.Name {
				return Store{ref.Kind, s.Name, s.Spec.Path}, true
			}
		}
	case api.KindBucketStateStore:
		for i := range p.BucketStores {
			if s := &p.BucketStores[i]; s.Name == ref.Name {
				return Store{ref.Kind, s.Name, s.Spec.Path}, true
			}
		}
	}
	return Store{}, false
}

// Placements lists the WorkPlacements of one workload group, which Kratix
// finds by their labels and not by their names.
func (p *Platform) Placements(w *api.Work, groupID string) []api.WorkPlacement {
	var found []api.WorkPlacement
	for _, wp := range p.PlacementsOf(w) {
		if wp.Labels[api.LabelWorkloadGroupID] == groupID {
			found = append(found, wp)
		}
	}
	return found
}

// PlacementsOf lists the WorkPlacements of all groups of a Work, also of
// groups that it no longer has.
func (p *Platform) PlacementsOf(w *api.Work) []api.WorkPlacement {
	var found []api.WorkPlacement
	for _, wp := range p.WorkPlacements {
		if wp.Namespace == w.Namespace && wp.Labels[api.LabelWork] == w.Name {
			found = append(found, wp)
		}
	}
	return found
}

// Complete sets what the API server would set where it is absent, and sorts.
func (p *Platform) Complete() {
	for i := range p.Destinations {
		completeDestination(&p.Destinations[i])
	}
	for i := range p.GitStores {
		completeGit(&p.GitStores[i].Spec)
	}
	for i := range p.BucketStores {
		s := &p.BucketStores[i].Spec
		s.AuthMethod = cmp.Or(s.AuthMethod, "accessKey")
	}
	p.sort()
}

func completeDestination(d *api.Destination) {
	s := &d.Spec
	s.Filepath.Mode = cmp.Or(s.Filepath.Mode, api.FilepathNested)
	if s.Filepath.Mode == api.FilepathAggregated {
		s.Filepath.Filename = cmp.Or(s.Filepath.Filename, "aggregated.yaml")
	}
	s.Cleanup = cmp.Or(s.Cleanup, "none")
	if s.InitWorkloads == nil {
		s.InitWorkloads = &api.InitWorkloads{}
	}
	if s.InitWorkloads.Enabled == nil {
		enabled := true
		s.InitWorkloads.Enabled = &enabled
	}
}

func completeGit(s *api.GitStateStoreSpec) {
	s.Branch = cmp.Or(s.Branch, "main")
	s.AuthMethod = cmp.Or(s.AuthMethod, "basicAuth")
	if s.GitAuthor == (api.GitAuthor{}) {
		s.GitAuthor.Name = "kratix"
	}
	if s.SecretRef != nil {
		s.SecretRef.Namespace = cmp.Or(s.SecretRef.Namespace, "default")
	}
}

func (p *Platform) sort() {
	slices.SortStableFunc(p.Destinations, func(a, b api.Destination) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(p.GitStores, func(a, b api.GitStateStore) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(p.BucketStores, func(a, b api.BucketStateStore) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(p.Works, func(a, b api.Work) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortStableFunc(p.WorkPlacements, func(a, b api.WorkPlacement) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}
