// SPDX-License-Identifier: Apache-2.0

package image

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// An Entry is one image of a Store.
type Entry struct {
	Reference string    // with registry and tag or digest; "file:..." for one taken from a file
	Platform  string    // as in "linux/arm64"
	Digest    string    // of the manifest, "sha256:..."
	Built     bool      // here, so that no registry need have it
	Used      time.Time // the last time
	// Packed and Unpacked are bytes on disk. Images may share layers, so that
	// together they can be less than the sum.
	Packed, Unpacked int64
}

// List gives the images of the Store, by reference and platform.
func (s *Store) List() ([]Entry, error) {
	stock, err := s.stock()
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(stock.images))
	for i, img := range stock.images {
		entries[i] = img.Entry
	}
	return entries, nil
}

// entries gives the images without what takes time to find out, their sizes.
func (s *Store) entries() ([]Entry, error) {
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
	slices.SortFunc(entries, byReference)
	return entries, nil
}

func byReference(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Platform, b.Platform))
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
	return Entry{Reference: rec.Reference, Platform: rec.Platform, Digest: rec.Digest.String(), Built: rec.Built, Used: info.ModTime()}, nil
}

// A stock is what a Store holds: its images, and the files and directories that
// they are made of.
type stock struct {
	images []stocked
	pieces map[string]piece // by the name of the file or directory
}

// A stocked image, with the names of the pieces that it is made of; none if it
// is not complete.
type stocked struct {
	Entry

	names []string
}

// A piece is a blob, or a layer in all the places where it is unpacked.
type piece struct {
	paths []string
	size  int64
}

// stock takes stock, which reads every directory of the Store.
func (s *Store) stock() (*stock, error) {
	entries, err := s.entries()
	if err != nil {
		return nil, err
	}
	all := &stock{pieces: map[string]piece{}}
	packed, _ := filepath.Glob(s.path("blobs", "sha256", "*"))
	unpacked, _ := filepath.Glob(s.path("layers", "*", "[^.]*"))
	for _, path := range slices.Concat(packed, unpacked) {
		size, err := diskSize(path)
		if err != nil {
			return nil, storeError(err)
		}
		p := all.pieces[filepath.Base(path)]
		all.pieces[filepath.Base(path)] = piece{append(p.paths, path), p.size + size}
	}
	for _, e := range entries {
		img := stocked{Entry: e}
		blobs, layers, err := s.needs(e)
		if err == nil {
			img.names = slices.Concat(blobs, layers)
		}
		img.Packed, img.Unpacked = all.size(blobs), all.size(layers)
		all.images = append(all.images, img)
	}
	return all, nil
}

func (s *stock) size(names []string) int64 {
	var total int64
	for _, name := range names {
		total += s.pieces[name].size
	}
	return total
}

// needs names the blobs of an image, and its layers as they may be unpacked.
func (s *Store) needs(e Entry) (blobs, layers []string, err error) {
	rec, err := s.record(e.Reference, e.Platform)
	if err != nil {
		return nil, nil, err
	}
	img, err := s.load(e.Reference, rec)
	if err != nil {
		return nil, nil, err
	}
	v, err := s.image(rec)
	if err != nil {
		return nil, nil, err
	}
	config, err := v.ConfigName()
	if err != nil {
		return nil, nil, err
	}
	blobs = []string{strings.TrimPrefix(img.Digest, "sha256:"), config.Hex}
	for _, l := range img.layers {
		blobs = append(blobs, l.blob.Hex)
	}
	for i, l := range distinct(img.layers) {
		layers = append(layers, shortName(l.diffID), shortName(l.diffID)+dependent, chainName(distinct(img.layers)[:i+1]))
	}
	slices.Sort(blobs) // an image may have the same layer twice
	return slices.Compact(blobs), layers, nil
}

// Size gives the bytes that the files of the Store hold, packed and unpacked.
func (s *Store) Size() (int64, error) {
	total, err := diskSize(s.dir)
	if err != nil {
		return 0, storeError(err)
	}
	return total, nil
}

// diskSize gives the bytes that a file holds, or all files below a directory.
func diskSize(path string) (int64, error) {
	var total int64
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) {
			return nil // a directory that an image closes to all but its owner
		}
		if err != nil || d.IsDir() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return ignoreGone(err)
	})
	return total, err
}

// ignoreGone forgives that a file is gone or closed to us.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
