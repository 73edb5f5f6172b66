// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/diag"
)

// unfinished is the beginning of the names of directories that are being filled
// or removed.
const unfinished = ".tmp-"

// Owners says who owns the files of unpacked layers.
type Owners struct {
	// Name tells layers with different owners apart on disk: letters, digits,
	// '.', '_' and '-'; empty for "own".
	Name string
	// Shift gives the owner on this machine for one inside the image. Without
	// it everything belongs to whoever runs the program, and no file keeps its
	// setuid or setgid bit.
	Shift func(uid, gid int) (int, int)
	// Give makes the owners of files what Shift says, all at once when a layer
	// is unpacked. It is for whoever may not do so file by file; without it
	// the owners are simply changed.
	Give func(ctx context.Context, dir string, files []Given) error
}

// Given is a file of an unpacked layer that is to get an owner.
type Given struct {
	Name     string      // from the layer's root, over no links
	UID, GID int         // on this machine
	Mode     fs.FileMode // that it is to have; a change of owner takes setuid and setgid away
}

// ownersName keeps Name usable as the name of a directory.
var ownersName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

func (o Owners) dir() (string, error) {
	switch {
	case o.Name == "":
		return "own", nil
	case !ownersName.MatchString(o.Name):
		return "", fmt.Errorf("owners %q cannot name a directory", o.Name)
	}
	return o.Name, nil
}

// shortName names the directory of a layer: mount options with many layers are
// short of room.
func shortName(diffID v1.Hash) string { return diffID.Hex[32:] }

// chainName names the directory of the highest of some layers if it depends on
// those below.
func chainName(layers []layer) string {
	hash := sha256.New()
	for _, l := range layers {
		_, _ = fmt.Fprintln(hash, l.diffID) // a hash takes everything
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// dependent is the end of the name of a file that says that a layer has no
// directory of its own name, since it depends on those below.
const dependent = ".dependent"

// Unpack gives the directories of an image's layers, lowest first, unpacking
// what is not unpacked yet. All are in one directory and absolute. Nobody may
// write to them. Layers that are hidden by others are left out.
func (s *Store) Unpack(ctx context.Context, img *Image, owners Owners) ([]string, error) {
	name, err := owners.dir()
	if err != nil {
		return nil, err
	}
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	parent := s.path("layers", name)
	if err := os.MkdirAll(parent, 0o711); err != nil {
		return nil, storeError(err)
	}
	layers := distinct(img.layers)
	dirs := make([]string, len(layers))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, l := range layers {
		dirs[i] = filepath.Join(parent, shortName(l.diffID))
		group.Go(func() error { return s.unpackAlone(groupCtx, img, l, dirs[i], owners) })
	}
	if err := group.Wait(); err != nil {
		return nil, unpackError(ctx, img, err)
	}
	for i := range layers {
		if !isFile(dirs[i] + dependent) {
			continue
		}
		dirs[i] = filepath.Join(parent, chainName(layers[:i+1]))
		if err := s.unpackHealing(ctx, img, layers[i], dirs[i], owners, below{dirs[:i], true}); err != nil {
			return nil, unpackError(ctx, img, err)
		}
	}
	return visible(dirs), nil
}

// unpackAlone unpacks a layer without regard to others or, if that is not
// possible, leaves a file that says so.
func (s *Store) unpackAlone(ctx context.Context, img *Image, l layer, dir string, owners Owners) error {
	if isFile(dir + dependent) {
		return nil
	}
	err := s.unpackHealing(ctx, img, l, dir, owners, below{})
	if errors.Is(err, errImplied) {
		return s.writeFile(dir+dependent, nil)
	}
	return err
}

// errImplied says that a layer has something in a directory that it does not
// describe, so that the layers below decide what the directory is like.
var errImplied = errors.New("it depends on the layers below")

func unpackError(ctx context.Context, img *Image, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return diag.Machine(fmt.Errorf("unpacking image %s: %w", img.Reference, err))
}

// distinct leaves out the lower of two equal layers, whose files the upper one
// hides anyway: overlayfs takes no directory twice.
func distinct(layers []layer) []layer {
	var kept []layer
	for i, l := range layers {
		if !slices.ContainsFunc(layers[i+1:], func(upper layer) bool { return upper.diffID == l.diffID }) {
			kept = append(kept, l)
		}
	}
	return kept
}

// visible leaves out the layers below one that hides all of them.
func visible(dirs []string) []string {
	for i := len(dirs) - 1; i > 0; i-- {
		if isOpaque(dirs[i]) {
			return dirs[i:]
		}
	}
	return dirs
}

// unpackHealing unpacks a layer and, if the packed one turns out to be damaged,
// gets it again, once.
func (s *Store) unpackHealing(ctx context.Context, img *Image, l layer, dir string, owners Owners, b below) error {
	err := s.unpackLayer(ctx, l, dir, owners, b)
	if err == nil || errors.Is(err, errImplied) || ctx.Err() != nil || s.checkBlob(l.blob) == nil {
		return err
	}
	if err := s.heal(ctx, img, l); err != nil {
		return fmt.Errorf("layer %s is damaged in the cache: %w", l.blob, err)
	}
	return s.unpackLayer(ctx, l, dir, owners, b)
}

// heal gets a damaged layer again.
func (s *Store) heal(ctx context.Context, img *Image, l layer) error {
	if err := os.Remove(s.blobPath(l.blob)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if img.record.Built && img.from.Pull != PullAlways {
		return diag.Hint(errors.New("it was built here"), "kratix build container --all")
	}
	again, err := s.Get(ctx, img.Reference, img.from)
	if err == nil && again.Digest != img.Digest {
		err = errors.New("the image has changed in the meantime; try again")
	}
	return err
}

// unpackLayer makes dir out of a layer, whole or not at all, unless it is
// there. Of several processes that want it one unpacks it and the others wait.
func (s *Store) unpackLayer(ctx context.Context, l layer, dir string, owners Owners, b below) error {
	if isDir(dir) {
		return nil
	}
	unlock, err := s.lock(ctx, "layer-"+filepath.Base(filepath.Dir(dir))+"-"+filepath.Base(dir))
	if err != nil {
		return err
	}
	defer unlock()
	if isDir(dir) {
		return nil
	}
	if err := s.grow(); err != nil {
		return err
	}
	// Beside its final place, since to move a directory to another parent one
	// has to be allowed to write to it.
	tmp, err := os.MkdirTemp(filepath.Dir(dir), unfinished)
	if err != nil {
		return err
	}
	if err := s.untarLayer(ctx, l, tmp, owners, b); err != nil {
		return errors.Join(err, s.removeAll(tmp))
	}
	return os.Rename(tmp, dir)
}

func isDir(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular()
}

// untarLayer unpacks a layer and checks that it is the one that the image's
// configuration names.
func (s *Store) untarLayer(ctx context.Context, l layer, dir string, owners Owners, b below) error {
	packed, err := partial.CompressedToLayer(&storedLayer{s, v1.Descriptor{Digest: l.blob}})
	if err != nil {
		return err
	}
	r, err := packed.Uncompressed()
	if err != nil {
		return fmt.Errorf("layer %s: %w", l.blob, err)
	}
	defer func() { _ = r.Close() }()
	limit := s.MaxLayer
	if limit == 0 {
		limit = defaultMaxLayer
	}
	hash := sha256.New()
	content := io.TeeReader(&limitReader{contextReader{ctx, r}, limit}, hash)
	given, err := untar(dir, content, owners, limit, b)
	if err != nil {
		return fmt.Errorf("layer %s: %w", l.blob, err)
	}
	if _, err := io.Copy(io.Discard, content); err != nil { // what follows the archive's end counts too
		return fmt.Errorf("layer %s: %w", l.blob, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != l.diffID.Hex {
		return fmt.Errorf("layer %s unpacks to sha256:%s, and the image's configuration says %s", l.blob, got, l.diffID)
	}
	if len(given) == 0 {
		return nil
	}
	return owners.Give(ctx, dir, given)
}

// errTooBig says that a layer is larger than allowed.
var errTooBig = errors.New("unpacked it is larger than allowed")

// limitReader fails when more than left bytes are read.
type limitReader struct {
	r    io.Reader
	left int64
}

func (r *limitReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, errTooBig
	}
	return n, err
}
