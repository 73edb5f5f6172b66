// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Daemon is a container engine of this machine that has images of its own:
// what "docker build" made is nowhere else.
type Daemon interface {
	// Find gives the id of the image that the daemon has under a name and that
	// runs on a platform. It is empty if there is none, and if the daemon does
	// not answer: others may have the image.
	Find(ctx context.Context, ref, platform string) (id string)
	// Save writes the image with an id as "docker save" does.
	Save(ctx context.Context, id string, w io.Writer) error
}

// fromDaemon gives the image that the first of the daemons has under this name,
// nil if none has. It is copied once; another of the same name has another id.
func (s *Store) fromDaemon(ctx context.Context, ref name.Reference, platform v1.Platform, daemons []Daemon) (*Image, error) {
	if _, ok := ref.(name.Tag); !ok {
		return nil, nil //nolint:nilnil // what has a digest is the same everywhere, and registries can tell it
	}
	for _, daemon := range daemons {
		id := daemon.Find(ctx, ref.String(), platform.String())
		if id == "" {
			continue
		}
		img, err := s.copied(ctx, ref, platform, daemon, id)
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("image %s: copying it from the daemon that has it: %w", ref, err)
		}
		return img, err
	}
	return nil, nil //nolint:nilnil // as documented
}

// copied gives the image of a daemon from the Store, to which it is copied if
// it is not there.
func (s *Store) copied(ctx context.Context, ref name.Reference, platform v1.Platform, daemon Daemon, id string) (*Image, error) {
	rec := record{Reference: ref.Name(), Platform: platform.String(), Daemon: id}
	if img, err := s.lookup(rec); err == nil && img.record.Daemon == id {
		return img, nil
	}
	file, err := os.CreateTemp(s.path("tmp"), "saved-")
	if err != nil {
		return nil, storeError(err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	defer func() { _ = file.Close() }()
	if err := daemon.Save(ctx, id, file); err != nil {
		return nil, err
	}
	img, remove, err := s.open(ctx, ref, platform, file.Name())
	if err != nil {
		return nil, err
	}
	defer remove()
	if rec, err = s.add(ctx, img, rec, nil); err != nil {
		return nil, storeError(err)
	}
	return s.load(ref.String(), rec)
}
