// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v2"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/work"
)

// A Tree is the content of state stores. Its zero value is that of empty
// stores. Writing WorkPlacements to it does what Kratix' writers do, and what
// was there before counts: a document that is no longer wanted goes, and of two
// that have one path the later stays.
//
// It refers to the contents of the WorkPlacements and decompresses them only
// when they are asked for.
type Tree struct {
	stores map[storeKey]map[StorePath]content
}

type storeKey struct{ kind, name string }

// content is a file: bytes, or the contents of Workloads to be joined.
type content struct {
	raw   []byte
	parts []string // as in [api.Workload]
}

// A StoreFile is one file in a state store.
type StoreFile struct {
	Kind  string // of the state store
	Store string // its name
	Path  StorePath

	content content
}

// separator stands between the documents of an aggregated file.
const separator = "\n---\n"

// Content gives the bytes of the file. No document in it larger than limit is
// read; a limit of 0 is none.
func (f *StoreFile) Content(limit int64) ([]byte, error) {
	if f.content.raw != nil {
		return f.content.raw, nil
	}
	var text bytes.Buffer
	for i, part := range f.content.parts {
		if i > 0 {
			text.WriteString(separator)
		}
		data, err := work.Decompress(part, limit)
		if err != nil {
			return nil, fmt.Errorf("%s in %s/%s: %w", f.Path, f.Kind, f.Store, err)
		}
		text.Write(data)
	}
	return text.Bytes(), nil
}

// Files gives all files, by kind and name of the store and path.
func (t *Tree) Files() iter.Seq[StoreFile] {
	return func(yield func(StoreFile) bool) {
		keys := slices.SortedFunc(maps.Keys(t.stores), func(a, b storeKey) int {
			return compareNames(a.kind, a.name, b.kind, b.name)
		})
		for _, key := range keys {
			for _, p := range slices.Sorted(maps.Keys(t.stores[key])) {
				if !yield(StoreFile{key.kind, key.name, p, t.stores[key][p]}) {
					return
				}
			}
		}
	}
}

func compareNames(a1, a2, b1, b2 string) int { return cmp.Or(cmp.Compare(a1, b1), cmp.Compare(a2, b2)) }

// An EscapeError is a document whose path leaves its state store. On a
// GitStateStore Kratix then writes nothing of the WorkPlacement and reports
// success; for a bucket it leaves it to the server what a key that begins with
// ../ means. A [Tree] writes nothing in either case.
type EscapeError struct {
	WorkPlacement string
	Kind, Store   string
	Path          StorePath
}

// Error tells the path and the store.
func (e *EscapeError) Error() string {
	return fmt.Sprintf("WorkPlacement %s: path %s leaves %s %s", e.WorkPlacement, e.Path, e.Kind, e.Store)
}

// Write puts the documents of a WorkPlacement where Kratix would, and marks
// the WorkPlacement as the writer does. The platform has the Destinations, the
// stores and, for aggregated files, the other WorkPlacements. A WorkPlacement
// whose Destination does not exist is passed over.
func (t *Tree) Write(wp *api.WorkPlacement, p *platform.Platform) error {
	s, ok := siteOf(wp, p)
	if !ok {
		return nil
	}
	if err := checkEscape(wp, &s); err != nil {
		return err
	}
	files := t.files(&s)
	switch s.mode {
	case api.FilepathAggregated:
		s.aggregate(files, p, "")
	case api.FilepathNone:
		if !slices.Contains(wp.Finalizers, FinalizerDotFilesCleanup) {
			wp.Finalizers = append(slices.Clone(wp.Finalizers), FinalizerDotFilesCleanup)
		}
		return s.writeBare(files, wp)
	default:
		s.writeNested(files, wp)
	}
	return nil
}

// Delete removes the documents of a WorkPlacement as its deletion does.
func (t *Tree) Delete(wp *api.WorkPlacement, p *platform.Platform) error {
	s, ok := siteOf(wp, p)
	if !ok {
		return nil
	}
	files := t.files(&s)
	switch s.mode {
	case api.FilepathAggregated:
		s.aggregate(files, p, wp.Namespace+"/"+wp.Name)
	case api.FilepathNone:
		return s.deleteBare(files, wp)
	default:
		deleteBelow(files, s.join(ownerOfPlacement(wp).directory()))
	}
	return nil
}

// Put puts a file into a store as something else than a WorkPlacement would.
func (t *Tree) Put(kind, store string, p StorePath, data []byte) {
	files := t.store(storeKey{kind, store})
	files[p] = content{raw: append([]byte{}, data...)}
}

func (t *Tree) files(s *site) map[StorePath]content {
	return t.store(storeKey{s.store.Kind, s.store.Name})
}

func (t *Tree) store(key storeKey) map[StorePath]content {
	if t.stores == nil {
		t.stores = map[storeKey]map[StorePath]content{}
	}
	if t.stores[key] == nil {
		t.stores[key] = map[StorePath]content{}
	}
	return t.stores[key]
}

func siteOf(wp *api.WorkPlacement, p *platform.Platform) (site, bool) {
	i, found := slices.BinarySearchFunc(p.Destinations, wp.Spec.TargetDestinationName,
		func(d api.Destination, name string) int { return cmp.Compare(d.Name, name) })
	if !found {
		return site{}, false
	}
	return newSite(p, &p.Destinations[i]), true
}

func checkEscape(wp *api.WorkPlacement, s *site) error {
	for _, w := range wp.Spec.Workloads {
		if full := s.pathOf(ownerOfPlacement(wp), w.Filepath); full.escapes() {
			return &EscapeError{wp.Namespace + "/" + wp.Name, s.store.Kind, s.store.Name, full}
		}
	}
	return nil
}

// writeNested replaces the directory of the WorkPlacement.
func (s *site) writeNested(files map[StorePath]content, wp *api.WorkPlacement) {
	o := ownerOfPlacement(wp)
	deleteBelow(files, s.join(o.directory()))
	for _, w := range wp.Spec.Workloads {
		files[s.pathOf(o, w.Filepath)] = content{parts: []string{w.Content}}
	}
}

func deleteBelow(files map[StorePath]content, dir StorePath) {
	maps.DeleteFunc(files, func(p StorePath, _ content) bool { return strings.HasPrefix(string(p), string(dir)+"/") })
}

// aggregate rewrites the file of the Destination from all WorkPlacements on it,
// in the order of their names, but for the one that goes.
func (s *site) aggregate(files map[StorePath]content, p *platform.Platform, without string) {
	on := slices.Collect(func(yield func(*api.WorkPlacement) bool) {
		for i := range p.WorkPlacements {
			wp := &p.WorkPlacements[i]
			if wp.Labels[api.LabelTargetDestinationName] == s.destination && wp.DeletionTimestamp == nil &&
				wp.Namespace+"/"+wp.Name != without && !yield(wp) {
				return
			}
		}
	})
	slices.SortStableFunc(on, func(a, b *api.WorkPlacement) int { return cmp.Compare(a.Name, b.Name) })
	var parts []string
	for _, wp := range on {
		for _, w := range wp.Spec.Workloads {
			parts = append(parts, w.Content)
		}
	}
	if len(parts) == 0 {
		delete(files, s.join(s.filename))
		return
	}
	files[s.join(s.filename)] = content{parts: parts}
}

// stateFile is the content of a state file.
type stateFile struct {
	Files []string `yaml:"files"`
}

// statePath is where the layout none keeps the list of a WorkPlacement's
// documents.
func (s *site) statePath(wp *api.WorkPlacement) StorePath {
	return s.join(".kratix", wp.Namespace+"-"+wp.Name+".yaml")
}

// writeBare writes the documents of a WorkPlacement and its state file, and
// removes what only the previous state file lists.
func (s *site) writeBare(files map[StorePath]content, wp *api.WorkPlacement) error {
	previous, err := s.readState(files, wp)
	if err != nil {
		return err
	}
	for _, old := range previous.Files {
		delete(files, s.inStore(old))
	}
	var state stateFile
	for _, w := range wp.Spec.Workloads {
		state.Files = append(state.Files, path.Join(s.path, w.Filepath))
		files[s.join(w.Filepath)] = content{parts: []string{w.Content}}
	}
	text, err := yaml.Marshal(state)
	files[s.statePath(wp)] = content{raw: text}
	return err
}

// readState reads the state file of a WorkPlacement; it is empty if there is
// none. Entries of old releases lack the Destination's path.
func (s *site) readState(files map[StorePath]content, wp *api.WorkPlacement) (stateFile, error) {
	var state stateFile
	at := s.statePath(wp)
	if err := yaml.Unmarshal(files[at].raw, &state); err != nil {
		return state, fmt.Errorf("state file %s: %w", at, err)
	}
	prefix := path.Clean(s.path) + "/"
	for i, f := range state.Files {
		if prefix != "./" && prefix != "//" && !strings.HasPrefix(f, prefix) {
			state.Files[i] = path.Join(s.path, f)
		}
	}
	return state, nil
}

// deleteBare removes what the state file of a WorkPlacement lists, also where
// another WorkPlacement has put a document of the same path since.
func (s *site) deleteBare(files map[StorePath]content, wp *api.WorkPlacement) error {
	at := s.statePath(wp)
	if _, ok := files[at]; !ok {
		return fmt.Errorf("state file %s does not exist: Kratix tries for ever to delete WorkPlacement %s/%s", at, wp.Namespace, wp.Name)
	}
	state, err := s.readState(files, wp)
	if err != nil {
		return err
	}
	for _, f := range state.Files {
		delete(files, s.inStore(f))
	}
	delete(files, at)
	return nil
}
