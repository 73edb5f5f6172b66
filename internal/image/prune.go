// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// PruneOptions says which images leave a Store. The zero value removes none,
// only what belongs to none.
type PruneOptions struct {
	// All removes every image.
	All bool
	// Before, if set, removes the images that were last used before.
	Before time.Time
	// MaxSize removes images, the least recently used first, until the rest
	// takes no more bytes; 0 means that they may take any.
	MaxSize int64
	// Keep, if set, tells which images stay in any case.
	Keep func(Entry) bool
	// DryRun removes nothing and tells what would be removed.
	DryRun bool
}

// Pruned is what Prune has removed.
type Pruned struct {
	Images []Entry // by reference and platform
	Freed  int64   // bytes, also of what belonged to no image
	Size   int64   // bytes of what stays
}

// errBusy says that somebody else has the Store open.
var errBusy = errors.New("the image cache is in use by another kratix")

// Prune removes images as the options say, every layer that no other image
// needs, and what killed processes left. While another process uses the Store
// it does nothing and fails: images are never taken away from a run.
func (s *Store) Prune(ctx context.Context, o PruneOptions) (Pruned, error) {
	pruned, err := s.prune(ctx, o)
	if errors.Is(err, errBusy) {
		return pruned, diag.Hint(diag.Machine(err), "try again when it has finished")
	}
	return pruned, err
}

// Trim is for the end of a run. If the Store has grown since it was last
// trimmed, it removes images, the least recently used first, until the rest
// takes no more than limit bytes; 0 means no limit. Those that were used since
// this Store was opened stay. If another process uses the Store, it is left to
// that one.
func (s *Store) Trim(ctx context.Context, limit int64) (Pruned, error) {
	if limit == 0 || !isFile(s.path(grown)) {
		return Pruned{}, s.Close()
	}
	inUse := func(e Entry) bool { return !e.Used.Before(s.opened) }
	pruned, err := s.prune(ctx, PruneOptions{MaxSize: limit, Keep: inUse})
	if errors.Is(err, errBusy) {
		return Pruned{}, nil
	}
	return pruned, err
}

// grown is a file that is there from the first addition to the Store until it
// is trimmed, also if whoever added something was killed.
const grown = "grown"

// grow notes that the Store grows.
func (s *Store) grow() error {
	if isFile(s.path(grown)) {
		return nil
	}
	return s.writeFile(s.path(grown), nil)
}

func (s *Store) prune(ctx context.Context, o PruneOptions) (Pruned, error) {
	if err := s.Close(); err != nil {
		return Pruned{}, storeError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := tryLock(s.path("lock"))
	if err != nil {
		return Pruned{}, errBusy
	}
	defer func() { _ = release(f) }()
	stock, err := s.stock()
	if err != nil {
		return Pruned{}, err
	}
	p := newPlan(stock)
	p.apply(o)
	pruned := Pruned{Images: p.gone, Freed: p.freed(), Size: p.size}
	for _, path := range s.unfinished() {
		size, _ := diskSize(path)
		pruned.Freed += size
	}
	if o.DryRun {
		return pruned, nil
	}
	s.sweep()
	return pruned, s.carryOut(ctx, p)
}

// carryOut removes what a plan says: first the records of the images, so that
// nobody counts on what they need.
func (s *Store) carryOut(ctx context.Context, p *plan) error {
	for _, e := range p.gone {
		if err := os.Remove(s.recordPath(e.Reference, e.Platform)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return storeError(err)
		}
	}
	locks, _ := filepath.Glob(s.path("locks", "*")) // nobody waits for one: they all use the store
	var failed []error
	for _, path := range append(p.unneeded(), locks...) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = append(failed, s.remove(path))
	}
	failed = append(failed, ignoreGone(os.Remove(s.path(grown))))
	if err := errors.Join(failed...); err != nil {
		return storeError(err)
	}
	return nil
}

// remove takes a directory away in one step, so that nobody ever finds half of
// it, and only then removes what it holds.
func (s *Store) remove(path string) error {
	if !isDir(path) {
		return os.Remove(path)
	}
	gone := filepath.Join(filepath.Dir(path), unfinished+filepath.Base(path))
	if err := os.Rename(path, gone); err != nil {
		return err
	}
	return s.removeAll(gone)
}

// A plan says which images go and what that leaves.
type plan struct {
	*stock

	stay []stocked
	gone []Entry
	uses map[string]int // by how many images that stay a piece is needed
	size int64          // of the pieces that are needed
}

// newPlan begins with all images that are complete; of others nothing is of
// use.
func newPlan(all *stock) *plan {
	p := &plan{stock: all, uses: map[string]int{}}
	for _, img := range all.images {
		if len(img.names) == 0 {
			p.gone = append(p.gone, img.Entry)
			continue
		}
		p.stay = append(p.stay, img)
		for _, name := range img.names {
			if p.uses[name]++; p.uses[name] == 1 {
				p.size += p.pieces[name].size
			}
		}
	}
	return p
}

func (p *plan) apply(o PruneOptions) {
	slices.SortStableFunc(p.stay, func(a, b stocked) int { return a.Used.Compare(b.Used) })
	p.stay = slices.DeleteFunc(p.stay, func(img stocked) bool {
		tooMuch := o.MaxSize > 0 && p.size > o.MaxSize
		goes := (o.All || img.Used.Before(o.Before) || tooMuch) && (o.Keep == nil || !o.Keep(img.Entry))
		if goes {
			p.drop(img)
		}
		return goes
	})
	slices.SortFunc(p.gone, byReference)
}

func (p *plan) drop(img stocked) {
	p.gone = append(p.gone, img.Entry)
	for _, name := range img.names {
		if p.uses[name]--; p.uses[name] == 0 {
			p.size -= p.pieces[name].size
		}
	}
}

// unneeded lists the files and directories that no image that stays needs.
func (p *plan) unneeded() []string {
	var paths []string
	for name, piece := range p.pieces {
		if p.uses[name] == 0 {
			paths = append(paths, piece.paths...)
		}
	}
	slices.Sort(paths)
	return paths
}

func (p *plan) freed() int64 {
	var total int64
	for name, piece := range p.pieces {
		if p.uses[name] == 0 {
			total += piece.size
		}
	}
	return total
}
