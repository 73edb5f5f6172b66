// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A record says which manifest a reference and a platform stand for here.
type record struct {
	Reference string          `json:"reference"` // with registry and tag or digest
	Platform  string          `json:"platform"`
	Digest    v1.Hash         `json:"digest"`
	MediaType types.MediaType `json:"mediaType"`
	Built     bool            `json:"built,omitempty"`  // by Put, so no registry need have it
	Daemon    string          `json:"daemon,omitempty"` // the id that it has in the daemon it comes from
}

// recordPath makes a file name of any reference.
func (s *Store) recordPath(reference, platform string) string {
	sum := sha256.Sum256([]byte(reference + "\n" + platform))
	return s.path("refs", hex.EncodeToString(sum[:16])+".json")
}

func (s *Store) record(reference, platform string) (record, error) {
	data, err := os.ReadFile(s.recordPath(reference, platform))
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil || r.Reference != reference || r.Platform != platform || checkHash(r.Digest) != nil {
		return record{}, fmt.Errorf("record of %s: %w", reference, errDamaged)
	}
	return r, nil
}

func (s *Store) writeRecord(r record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := s.writeFile(s.recordPath(r.Reference, r.Platform), append(data, '\n')); err != nil {
		return err
	}
	s.touch(r)
	return nil
}

// touch notes that an image is used, for Prune. The clock of the file system
// may be a little slow, so it is not left to that.
func (s *Store) touch(r record) {
	now := time.Now()
	_ = os.Chtimes(s.recordPath(r.Reference, r.Platform), now, now)
}

// Put stores an image under a reference. Get finds it there before it asks any
// registry, for the platform that the image says it is for.
func (s *Store) Put(ctx context.Context, ref string, img v1.Image) (*Image, error) {
	parsed, err := parseReference(ref)
	if err != nil {
		return nil, err
	}
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	platform, err := platformOf(img)
	if err != nil {
		return nil, fmt.Errorf("storing image %s: %w", ref, err)
	}
	rec, err := s.add(ctx, img, record{Reference: parsed.Name(), Platform: platform.String(), Built: true}, nil)
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("storing image %s: %w", ref, err))
	}
	return s.load(ref, rec)
}

// add stores all of an image, and at last the record that makes it known.
func (s *Store) add(ctx context.Context, img v1.Image, rec record, progress *progress) (record, error) {
	layers, err := img.Layers()
	if err != nil {
		return rec, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return rec, err
	}
	for _, l := range manifest.Layers {
		progress.expect(l.Size)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, layer := range layers {
		group.Go(func() error { return s.addLayer(groupCtx, layer, progress) })
	}
	if err := group.Wait(); err != nil {
		return rec, err
	}
	if err := s.addManifest(ctx, img, &rec); err != nil {
		return rec, err
	}
	return rec, s.writeRecord(rec)
}

func (s *Store) addLayer(ctx context.Context, layer v1.Layer, progress *progress) error {
	digest, err := layer.Digest()
	if err != nil {
		return err
	}
	size, err := layer.Size()
	if err != nil {
		return err
	}
	if s.hasBlob(digest, size) {
		progress.add(size)
	}
	err = s.addBlob(ctx, digest, size, func() (io.ReadCloser, error) {
		r, err := layer.Compressed()
		if err != nil {
			return nil, err
		}
		return progress.reader(r), nil
	})
	if err != nil {
		return fmt.Errorf("layer %s: %w", digest, err)
	}
	return nil
}

func (s *Store) addManifest(ctx context.Context, img v1.Image, rec *record) error {
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	if err := s.addBytes(ctx, config); err != nil {
		return err
	}
	manifest, err := img.RawManifest()
	if err != nil {
		return err
	}
	if rec.MediaType, err = img.MediaType(); err != nil {
		return err
	}
	if rec.Digest, err = img.Digest(); err != nil {
		return err
	}
	return s.addBytes(ctx, manifest)
}

func (s *Store) addBytes(ctx context.Context, data []byte) error {
	h, n, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		return err
	}
	if s.checkBlob(h) == nil {
		return nil
	}
	// A damaged one is replaced and not removed first: it may have been
	// mended in the meantime, and somebody be about to read it.
	return s.writeBlob(ctx, h, n, bytes.NewReader(data))
}

// load gives the image of a record if all of it is here.
func (s *Store) load(ref string, rec record) (*Image, error) {
	img, err := s.image(rec)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Layers) != len(config.RootFS.DiffIDs) {
		return nil, fmt.Errorf("%d layers in the manifest, %d in the configuration", len(manifest.Layers), len(config.RootFS.DiffIDs))
	}
	loaded := &Image{
		Reference: ref, Digest: rec.Digest.String(), Config: config.Config,
		OS: config.OS, Architecture: config.Architecture, record: rec,
	}
	for i, l := range manifest.Layers {
		if !s.hasBlob(l.Digest, l.Size) {
			return nil, fmt.Errorf("layer %s: %w", l.Digest, fs.ErrNotExist)
		}
		if err := errors.Join(checkHash(l.Digest), checkHash(config.RootFS.DiffIDs[i])); err != nil {
			return nil, err
		}
		loaded.layers = append(loaded.layers, layer{blob: l.Digest, diffID: config.RootFS.DiffIDs[i]})
	}
	return loaded, nil
}

// V1 gives a stored image whole, to be pushed or written to a file. If the
// reference is stored for several platforms, it is the one for this machine.
func (s *Store) V1(ref string) (v1.Image, error) {
	parsed, err := parseReference(ref)
	if err != nil {
		return nil, err
	}
	entries, err := s.entries()
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Reference != parsed.Name() })
	if len(entries) == 0 {
		return nil, diag.Hint(diag.NotFoundf("image %s is not in the cache", ref), "kratix build container --all")
	}
	platform := entries[0].Platform
	if slices.ContainsFunc(entries, func(e Entry) bool { return e.Platform == DefaultPlatform() }) {
		platform = DefaultPlatform()
	}
	rec, err := s.record(parsed.Name(), platform)
	if err != nil {
		return nil, storeError(err)
	}
	if _, err := s.load(ref, rec); err != nil {
		return nil, storeError(fmt.Errorf("image %s: %w", ref, err))
	}
	return s.image(rec)
}

// Content gives an image that [Store.Get] or [Store.Put] gave as what it is
// made of.
func (s *Store) Content(img *Image) (v1.Image, error) {
	v, err := s.image(img.record)
	if err != nil {
		return nil, storeError(fmt.Errorf("image %s: %w", img.Reference, err))
	}
	return v, nil
}

func (s *Store) image(rec record) (v1.Image, error) {
	manifest, err := s.readBlob(rec.Digest)
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&storedImage{store: s, rec: rec, manifest: manifest})
}

// storedImage is an image whose pieces are in the store.
type storedImage struct {
	store    *Store
	rec      record
	manifest []byte
}

func (i *storedImage) MediaType() (types.MediaType, error) { return i.rec.MediaType, nil }
func (i *storedImage) RawManifest() ([]byte, error)        { return i.manifest, nil }

func (i *storedImage) RawConfigFile() ([]byte, error) {
	m, err := partial.Manifest(i)
	if err != nil {
		return nil, err
	}
	if err := checkHash(m.Config.Digest); err != nil {
		return nil, err
	}
	return i.store.readBlob(m.Config.Digest)
}

func (i *storedImage) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	m, err := partial.Manifest(i)
	if err != nil {
		return nil, err
	}
	for _, desc := range append(m.Layers, m.Config) {
		if desc.Digest == h {
			return &storedLayer{i.store, desc}, nil
		}
	}
	return nil, fmt.Errorf("no layer %s in the image", h)
}

// storedLayer is a blob of the store with its description.
type storedLayer struct {
	store *Store
	desc  v1.Descriptor
}

func (l *storedLayer) Digest() (v1.Hash, error)            { return l.desc.Digest, nil }
func (l *storedLayer) Size() (int64, error)                { return l.desc.Size, nil }
func (l *storedLayer) MediaType() (types.MediaType, error) { return l.desc.MediaType, nil }
func (l *storedLayer) Compressed() (io.ReadCloser, error) {
	return os.Open(l.store.blobPath(l.desc.Digest))
}
func (l *storedLayer) Descriptor() (*v1.Descriptor, error) { return &l.desc, nil }

func parseReference(ref string) (name.Reference, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, diag.Hint(diag.Input(&reasonError{fmt.Sprintf("image %q is not a reference: it has a registry, a name in lower case and a tag, without spaces", ref), err}), "write it as REGISTRY/NAME:TAG, for example ghcr.io/acme/render:v0.1.0")
	}
	return parsed, nil
}
