// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/work"
)

// A StoreReader reads the current content of a state store.
type StoreReader interface {
	// Read gives a file; the error is [fs.ErrNotExist] if there is none.
	Read(ctx context.Context, path string) ([]byte, error)
	// Version is the head commit; empty for buckets.
	Version() string
	// List gives the paths of all files below a directory.
	List(ctx context.Context, prefix string) ([]string, error)
}

// An OpenStore opens a state store for reading. It is called once for each.
type OpenStore func(ctx context.Context, kind, name string) (StoreReader, error)

// A StoreCheck is what one Destination's state store holds of a Work.
type StoreCheck struct {
	Destination string `json:"destination"`
	Kind        string `json:"kind"` // of the state store
	Store       string `json:"store"`
	Version     string `json:"version,omitempty"` // head commit
	Checked     int    `json:"checked"`
	Identical   int    `json:"identical"`
	// Files are all files that were compared: documents, state files and
	// aggregates.
	Files []FileCheck `json:"files"` // never nil; by path
	// Extra are files in a directory that the WorkPlacement owns but did not
	// write.
	Extra []string `json:"extra"` // never nil
	// Problem says why the store could not be read.
	Problem string `json:"problem,omitempty"`
}

// A FileCheck compares one file.
type FileCheck struct {
	Path  string `json:"path"` // in the store
	State State  `json:"state"`
	// Why explains what is neither identical nor different.
	Why string `json:"why,omitempty"`
}

// A FileDiff is one file of a Work beside what lies in the store.
type FileDiff struct {
	Kind        string `json:"kind"`
	Store       string `json:"store"`
	Destination string `json:"destination"`
	Path        string `json:"path"`
	State       State  `json:"state"`
	Why         string `json:"why,omitempty"`
	// Expected is nil for a file that should not be there, Stored for one
	// that is not.
	Expected []byte `json:"-"`
	Stored   []byte `json:"-"`
}

// Verify reads the state stores that a Work was placed in, compares bytes, and
// fills in the states of documents and the verdict.
//
// What was not written yet stays Placed unless it is there: it cannot be
// missing. In the layout none the state file counts too, and in aggregatedYAML
// the one file is put together from all WorkPlacements on the Destination;
// where it differs, a document still counts as verified if its bytes are in it.
func (in *Inspector) Verify(ctx context.Context, r *WorkReport, open OpenStore) error {
	f := in.facts()
	stores := newStores(open)
	r.Verification = []StoreCheck{}
	for i := range r.Destinations {
		check, files, err := in.check(ctx, f, r, &r.Destinations[i], stores)
		if err != nil {
			return err
		}
		r.verified(&check, files)
		r.Verification = append(r.Verification, check)
	}
	r.Unknown = append(r.Unknown, f.told()...)
	r.judge()
	return nil
}

// VerifyRequest is [Inspector.Verify] for all Works of a request, whose verdict
// is made anew.
func (in *Inspector) VerifyRequest(ctx context.Context, r *RequestReport, open OpenStore) error {
	for i := range r.Works {
		if err := in.Verify(ctx, &r.Works[i], open); err != nil {
			return err
		}
	}
	r.judge()
	return nil
}

// Diff gives the files of a Work that differ from what lies in the stores, by
// Destination and path, and files that Kratix did not write. The values of
// Secrets are replaced, equal ones by equal words, unless [Options] show them.
func (in *Inspector) Diff(ctx context.Context, r *WorkReport, open OpenStore) ([]FileDiff, error) {
	f := in.facts()
	stores := newStores(open)
	diffs := []FileDiff{}
	for i := range r.Destinations {
		check, files, err := in.check(ctx, f, r, &r.Destinations[i], stores)
		if err != nil {
			return nil, err
		}
		if check.Problem != "" {
			diffs = append(diffs, FileDiff{Kind: check.Kind, Store: check.Store, Destination: check.Destination, State: StateUnverified, Why: check.Problem})
		}
		for _, d := range files {
			if d.State == StateVerified {
				continue
			}
			if !in.options.ShowSecrets {
				d.redact()
			}
			diffs = append(diffs, d)
		}
	}
	return diffs, nil
}

// redact replaces what is secret on both sides.
func (d *FileDiff) redact() {
	r := redactor{numbered: true}
	if d.Expected != nil {
		d.Expected = r.text(d.Expected)
	}
	if d.Stored != nil {
		d.Stored = r.text(d.Stored)
	}
}

// stores opens each state store once.
type stores struct {
	open   OpenStore
	opened map[api.StateStoreRef]opened
}

type opened struct {
	reader StoreReader
	err    error
}

func newStores(open OpenStore) *stores {
	return &stores{open, map[api.StateStoreRef]opened{}}
}

func (s *stores) reader(ctx context.Context, kind, name string) (StoreReader, error) {
	ref := api.StateStoreRef{Kind: kind, Name: name}
	o, ok := s.opened[ref]
	if !ok {
		o.reader, o.err = s.open(ctx, kind, name)
		s.opened[ref] = o
	}
	return o.reader, o.err
}

// check compares all that a Work should have in the store of one Destination.
// A store that cannot be read is no error but a problem of the check.
func (in *Inspector) check(ctx context.Context, f *facts, r *WorkReport, site *Site, stores *stores) (StoreCheck, []FileDiff, error) {
	c := StoreCheck{Destination: site.Name, Files: []FileCheck{}, Extra: []string{}}
	if c.Problem = r.unreachable(site); c.Problem != "" {
		return c, nil, nil
	}
	c.Kind, c.Store = site.Store.Kind, site.Store.Name
	world, err := in.expected(ctx, f, r, site)
	if err != nil {
		return c, nil, err
	}
	if world == nil {
		c.Problem = "not all WorkPlacements on the Destination could be read, and one file holds them all"
		return c, nil, nil
	}
	reader, err := stores.reader(ctx, c.Kind, c.Store)
	if err != nil {
		if ctx.Err() != nil {
			return c, nil, ctx.Err()
		}
		c.Problem = err.Error()
		return c, nil, nil
	}
	c.Version = reader.Version()
	files, err := in.files(ctx, world, r, site, reader, &c)
	for _, d := range files {
		if d.Expected == nil && d.State == StateDrifted {
			c.Extra = append(c.Extra, d.Path)
			continue
		}
		c.Files = append(c.Files, FileCheck{d.Path, d.State, d.Why})
		c.Checked++
		if d.State == StateVerified {
			c.Identical++
		}
	}
	return c, files, err
}

// unreachable says why nothing can be compared on a Destination.
func (r *WorkReport) unreachable(site *Site) string {
	switch {
	case !r.world.destinationsKnown:
		return "Destinations could not be read"
	case !site.Exists:
		return "the Destination does not exist"
	case site.Store == nil:
		return "the Destination names no state store"
	case !site.Store.Exists && !r.world.storesKnown[site.Store.Kind]:
		return storeResource(site.Store.Kind).String() + " could not be read"
	case !site.Store.Exists:
		return site.Store.Kind + " " + site.Store.Name + " does not exist"
	default:
		return ""
	}
}

// expected gives the platform with the WorkPlacements as the Work wants them
// to be and, where one file holds them all, those of others; nil if those
// cannot be read.
func (in *Inspector) expected(ctx context.Context, f *facts, r *WorkReport, site *Site) (*world, error) {
	w := *r.world
	w.WorkPlacements = nil
	if site.Mode == api.FilepathAggregated {
		all, known, err := list[api.WorkPlacement](ctx, f, WorkPlacements, Query{Labels: api.LabelTargetDestinationName + "=" + site.Name})
		if err != nil || !known {
			return nil, err
		}
		for i := range all {
			if all[i].Namespace != r.Namespace || all[i].Labels[api.LabelWork] != r.Name {
				w.WorkPlacements = append(w.WorkPlacements, all[i])
			}
		}
	}
	w.WorkPlacements = append(w.WorkPlacements, r.wanted(site.Name)...)
	return &w, nil
}

// wanted gives the Work's own WorkPlacements on a Destination, with the
// documents that the Work has now.
func (r *WorkReport) wanted(destination string) []api.WorkPlacement {
	var wanted []api.WorkPlacement
	for i := range r.placed {
		wp := r.placed[i]
		if wp.Spec.TargetDestinationName != destination || wp.DeletionTimestamp != nil {
			continue
		}
		for j := range r.work.Spec.WorkloadGroups {
			if g := &r.work.Spec.WorkloadGroups[j]; g.ID == groupID(&wp) {
				wp.Spec.Workloads = g.Workloads
				wanted = append(wanted, wp)
			}
		}
	}
	return wanted
}

// files compares every file, and finds those that nobody should have written.
func (in *Inspector) files(ctx context.Context, w *world, r *WorkReport, site *Site, reader StoreReader, c *StoreCheck) ([]FileDiff, error) {
	var tree placement.Tree
	diffs := []FileDiff{}
	for _, wp := range r.wanted(site.Name) {
		if err := tree.Write(&wp, &w.Platform); err != nil {
			// A path leaves the store, and Kratix writes nothing of it all.
			for _, d := range placement.Documents(&wp, &w.Platform, in.options.MaxDocument) {
				diffs = append(diffs, FileDiff{Path: d.Store.Path, State: StateMissing, Why: err.Error()})
			}
		}
	}
	mine := map[string]bool{}
	for file := range tree.Files() {
		d, err := in.file(ctx, &file, reader)
		if err != nil {
			return nil, err
		}
		mine[d.Path] = true
		diffs = append(diffs, d)
	}
	for _, wp := range r.wanted(site.Name) {
		owned, ok := placement.Owned(&wp, &w.Platform)
		if !ok {
			continue
		}
		extra, err := in.extra(ctx, owned.Path, mine, reader)
		if err != nil {
			return nil, err
		}
		diffs = append(diffs, extra...)
	}
	for i := range diffs {
		diffs[i].Kind, diffs[i].Store, diffs[i].Destination = c.Kind, c.Store, c.Destination
	}
	slices.SortFunc(diffs, func(a, b FileDiff) int { return strings.Compare(a.Path, b.Path) })
	return diffs, nil
}

// file compares one file.
func (in *Inspector) file(ctx context.Context, file *placement.StoreFile, reader StoreReader) (FileDiff, error) {
	d := FileDiff{Path: string(file.Path), State: StateUnverified}
	var err error
	if d.Expected, err = file.Content(in.options.MaxDocument); err != nil {
		d.Why = unreadable(err, in.options.MaxDocument)
		return d, nil
	}
	d.Stored, err = reader.Read(ctx, d.Path)
	switch {
	case ctx.Err() != nil:
		return d, ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
		d.State, d.Stored = StateMissing, nil
	case err != nil:
		d.Why = err.Error()
	case bytes.Equal(d.Expected, d.Stored):
		d.State = StateVerified
	default:
		d.State = StateDrifted
	}
	return d, nil
}

// extra finds the files in a directory of a WorkPlacement that it did not
// write. Kratix removes them with the next write.
func (in *Inspector) extra(ctx context.Context, directory string, mine map[string]bool, reader StoreReader) ([]FileDiff, error) {
	paths, err := reader.List(ctx, directory)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, nil // whoever may not list may still read
	}
	var diffs []FileDiff
	for _, path := range paths {
		if !strings.HasPrefix(path, directory+"/") || mine[path] {
			continue
		}
		d := FileDiff{Path: path, State: StateDrifted, Why: "Kratix did not write it"}
		if d.Stored, err = reader.Read(ctx, path); err != nil {
			d.Why += ", and it cannot be read: " + err.Error()
		}
		diffs = append(diffs, d)
	}
	return diffs, nil
}

// verified fills in what was found on one Destination.
func (r *WorkReport) verified(c *StoreCheck, files []FileDiff) {
	found := map[string]*FileDiff{}
	for i := range files {
		found[files[i].Path] = &files[i]
	}
	aggregated := r.world.site(c.Destination).Mode == api.FilepathAggregated
	for i := range r.WorkPlacements {
		p := &r.WorkPlacements[i]
		if p.Destination != c.Destination || p.Deleting {
			continue
		}
		waiting := p.State == StatePlaced && !p.Silent || p.State == StateWriteFailed
		seen := r.verifyDocuments(p, found, aggregated, waiting)
		if state := stateFile(p, files); state != "" && seen != "" {
			seen = worse(seen, state)
		}
		if seen != "" && (!waiting || seen == StateVerified && p.State == StatePlaced) {
			p.State, p.Message = seen, ""
		}
	}
}

// stateFile gives the state of the file in which the layout none remembers
// whose the documents are; nothing in other layouts.
func stateFile(p *Placed, files []FileDiff) State {
	for i := range files {
		if strings.HasSuffix("/"+files[i].Path, "/.kratix/"+p.Namespace+"-"+p.Name+".yaml") {
			return files[i].State
		}
	}
	return ""
}

// verifyDocuments sets the states of a WorkPlacement's documents, and gives
// the worst; nothing if there are none.
func (r *WorkReport) verifyDocuments(p *Placed, found map[string]*FileDiff, aggregated, waiting bool) State {
	var seen State
	for i := range r.Groups {
		for j := range r.Groups[i].Documents {
			d := &r.Groups[i].Documents[j]
			if r.Groups[i].Group.ID != p.Group.ID || d.Destination != p.Destination {
				continue
			}
			state := StateUnverified
			if d.Store != nil && found[d.Store.Path] != nil {
				state = r.within(found[d.Store.Path], r.work.Spec.WorkloadGroups[i].Workloads, d, aggregated)
			}
			if (waiting || d.State == placement.Placed && !p.Silent) && state != StateVerified {
				state = State(d.State)
			}
			d.State = placement.State(state)
			if seen == "" {
				seen = state
			}
			seen = worse(seen, state)
		}
	}
	return seen
}

// within says how far a document is that lies in a file, alone or with others.
func (r *WorkReport) within(file *FileDiff, workloads []api.Workload, d *placement.Document, aggregated bool) State {
	if !aggregated || file.State != StateDrifted {
		return file.State
	}
	for _, w := range workloads {
		if w.Filepath != d.Path {
			continue
		}
		if own, err := work.Decompress(w.Content, d.Size+1); err == nil && bytes.Contains(file.Stored, own) {
			return StateVerified
		}
	}
	return StateMissing
}
