// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// errDamaged says that a file in the cache is not what its name promises.
var errDamaged = errors.New("damaged")

func (s *Store) blobPath(h v1.Hash) string { return s.path("blobs", "sha256", h.Hex) }

// hasBlob tells whether a blob is here with the size it must have. Its content
// was checked when it came; whoever reads it checks it again.
func (s *Store) hasBlob(h v1.Hash, size int64) bool {
	info, err := os.Stat(s.blobPath(h))
	return err == nil && info.Size() == size
}

// readBlob gives a small blob whole, and checks it.
func (s *Store) readBlob(h v1.Hash) ([]byte, error) {
	data, err := os.ReadFile(s.blobPath(h))
	if err != nil {
		return nil, err
	}
	got, _, err := v1.SHA256(bytes.NewReader(data))
	if err == nil && got != h {
		err = fmt.Errorf("blob %s: %w", h, errDamaged)
	}
	return data, err
}

// checkBlob reads a blob of any size to see whether it is intact.
func (s *Store) checkBlob(h v1.Hash) error {
	f, err := os.Open(s.blobPath(h))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	got, _, err := v1.SHA256(f)
	if err == nil && got != h {
		err = fmt.Errorf("blob %s: %w", h, errDamaged)
	}
	return err
}

// addBlob stores what open gives, unless it is here already. Of several
// processes that want the same blob one fetches it and the others wait.
func (s *Store) addBlob(ctx context.Context, h v1.Hash, size int64, open func() (io.ReadCloser, error)) error {
	if err := checkHash(h); err != nil {
		return err
	}
	if s.hasBlob(h, size) {
		return nil
	}
	unlock, err := s.lock(ctx, "blob-"+h.Hex)
	if err != nil {
		return err
	}
	defer unlock()
	if s.hasBlob(h, size) {
		return nil
	}
	r, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return s.writeBlob(ctx, h, size, r)
}

// checkHash refuses digests that cannot be checked here; a Hash from a
// manifest has been parsed, so its hex digits are safe as a file name.
func checkHash(h v1.Hash) error {
	if _, err := v1.NewHash(h.String()); err != nil || h.Algorithm != "sha256" {
		return fmt.Errorf("digest %q is not of the form sha256:<64 hex digits>", h)
	}
	return nil
}

func (s *Store) writeBlob(ctx context.Context, h v1.Hash, size int64, r io.Reader) error {
	if err := s.grow(); err != nil {
		return storeError(err)
	}
	f, err := os.CreateTemp(s.path("tmp"), "blob-")
	if err != nil {
		return storeError(err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	// One byte more than promised is enough to know.
	got, n, err := v1.SHA256(io.TeeReader(io.LimitReader(contextReader{ctx, r}, size+1), f))
	if err == nil && (got != h || n != size) {
		err = fmt.Errorf("got %s (%d bytes), want %s (%d bytes)", got, n, h, size)
	}
	return finish(f, s.blobPath(h), err)
}

// A contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context //nolint:containedctx // io.Reader has no place for it
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
