package image

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// An Entry is one image of a Store.
type Entry struct {
	Reference string    `json:"reference"` // with registry and tag or digest; "file:..." for one taken from a file
	Platform  string    `json:"platform"`
	Digest    string    `json:"digest"`
	Built     bool      `json:"built"` // here, so that no registry need have it
	Size      int64     `json:"size"`  // packed; images may share layers
	Used      time.Time `json:"used"`
}

// List gives the images of the Store, by reference and platform.
func (s *Store) List() ([]Entry, error) {
	files, err := os.ReadDir(s.path("refs"))
	if err != nil {
		return nil, storeError(err)
	}
	var entries []Entry
	for _, file := range files {
		if e, err := s.entry(file); err == nil { // else it was just removed, or is damaged: then Get replaces it
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Platform, b.Platform))
	})
	return entries, nil
}

func (s *Store) entry(file fs.DirEntry) (Entry, error) {
	data, err := os.ReadFile(s.path("refs", file.Name()))
	if err != nil {
		return Entry{}, err
	}
	var rec record
	if err := json.Unmarshal(data, &rec); err != nil {
		return Entry{}, err
	}
	info, err := file.Info()
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Reference: rec.Reference, Platform: rec.Platform, Digest: rec.Digest.String(), Built: rec.Built, Used: info.ModTime()}
	if img, err := s.image(rec); err == nil {
		if manifest, err := img.Manifest(); err == nil {
			e.Size = manifest.Config.Size
			for _, l := range manifest.Layers {
				e.Size += l.Size
			}
		}
	}
	return e, nil
}

// Size gives the bytes that the files of the Store hold, packed and unpacked.
func (s *Store) Size() (int64, error) {
	var total int64
	err := filepath.WalkDir(s.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return ignoreGone(err)
	})
	if err != nil {
		return 0, storeError(err)
	}
	return total, nil
}

// ignoreGone forgives that a file is gone or closed to us.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// Prune removes the images that keep does not want, every layer that no other
// image needs, and what killed processes left. It does nothing while another
// process uses the Store.
func (s *Store) Prune(ctx context.Context, keep func(Entry) bool) error {
	if err := s.Close(); err != nil {
		return storeError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := tryLock(s.path("lock"))
	if err != nil {
		return diag.Hint(diag.Machine(errors.New("the image cache is in use by another kratix")), "try again when it has finished")
	}
	defer func() { _ = release(f) }()
	s.sweep()
	if err := s.forget(keep); err != nil {
		return storeError(err)
	}
	return s.collect(ctx)
}

// forget removes the records of unwanted images, before anything they need.
func (s *Store) forget(keep func(Entry) bool) error {
	entries, err := s.List()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if keep(e) {
			continue
		}
		if err := os.Remove(s.recordPath(e.Reference, e.Platform)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// collect removes the blobs and unpacked layers that no record leads to.
func (s *Store) collect(ctx context.Context) error {
	blobs, layers, err := s.needed()
	if err != nil {
		return storeError(err)
	}
	packed, _ := filepath.Glob(s.path("blobs", "sha256", "*"))
	unpacked, _ := filepath.Glob(s.path("layers", "*", "*"))
	locks, _ := filepath.Glob(s.path("locks", "*")) // nobody waits for one: they all use the store
	var failed []error
	for _, path := range slices.Concat(packed, unpacked, locks) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if base := filepath.Base(path); !blobs[base] && !layers[base] {
			failed = append(failed, remove(path))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return storeError(err)
	}
	return nil
}

// remove takes a directory away in one step, so that nobody ever finds half of
// it, and only then removes what it holds.
func remove(path string) error {
	if !isDir(path) {
		return os.Remove(path)
	}
	gone := filepath.Join(filepath.Dir(path), unfinished+filepath.Base(path))
	if err := os.Rename(path, gone); err != nil {
		return err
	}
	return removeAll(gone)
}

// needed names the files of the blobs and unpacked layers of all records.
func (s *Store) needed() (blobs, layers map[string]bool, err error) {
	entries, err := s.List()
	if err != nil {
		return nil, nil, err
	}
	blobs, layers = map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		rec, err := s.record(e.Reference, e.Platform)
		if err != nil {
			continue
		}
		img, err := s.load(e.Reference, rec)
		if err != nil {
			continue // incomplete: what is left of it goes
		}
		v, err := s.image(rec)
		if err != nil {
			return nil, nil, fmt.Errorf("image %s: %w", e.Reference, err)
		}
		config, err := v.ConfigName()
		if err != nil {
			return nil, nil, fmt.Errorf("image %s: %w", e.Reference, err)
		}
		blobs[strings.TrimPrefix(img.Digest, "sha256:")] = true
		blobs[config.Hex] = true
		for _, l := range img.layers {
			blobs[l.blob.Hex] = true
		}
		for i, l := range distinct(img.layers) {
			layers[shortName(l.diffID)] = true
			layers[shortName(l.diffID)+dependent] = true
			layers[chainName(distinct(img.layers)[:i+1])] = true
		}
	}
	return blobs, layers, nil
}
