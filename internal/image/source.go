// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/kratix-tools/kratix/internal/diag"
)

// refNameAnnotation is how an OCI image layout names its images.
const refNameAnnotation = "org.opencontainers.image.ref.name"

// fromSource takes an image from a file or directory of the user. The file may
// change at any time, so it is read each time; what is stored already is not
// stored again.
func (s *Store) fromSource(ctx context.Context, ref name.Reference, platform v1.Platform, source string) (*Image, error) {
	img, err := s.importFrom(ctx, ref, platform, source)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, diag.Input(fmt.Errorf("image %s: taking it from %s: %w", ref, source, err))
	}
	return img, nil
}

func (s *Store) importFrom(ctx context.Context, ref name.Reference, platform v1.Platform, source string) (*Image, error) {
	img, remove, err := s.open(ctx, ref, platform, source)
	if err != nil {
		return nil, err
	}
	defer remove()
	rec, err := s.add(ctx, img, record{Reference: "file:" + source + " as " + ref.Name(), Platform: platform.String()}, nil)
	if err != nil {
		return nil, err
	}
	return s.load(ref.String(), rec)
}

// Import stores the image that is in a file, an OCI image layout or a docker
// tarball, under a reference, as [Store.Put] does. Get finds it there when it
// is asked for that platform; if none is named, for the one that the image says
// it is for.
func (s *Store) Import(ctx context.Context, ref, file, platform string) (*Image, error) {
	parsed, err := parseReference(ref)
	if err != nil {
		return nil, err
	}
	want, err := parsePlatform(platform)
	if err != nil {
		return nil, err
	}
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	img, remove, err := s.open(ctx, parsed, want, file)
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("storing image %s: %w", ref, err))
	}
	defer remove()
	if platform == "" {
		if want, err = platformOf(img); err != nil {
			return nil, diag.Machine(fmt.Errorf("storing image %s: %w", ref, err))
		}
	}
	rec, err := s.add(ctx, img, record{Reference: parsed.Name(), Platform: want.String(), Built: true}, nil)
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("storing image %s: %w", ref, err))
	}
	return s.load(ref, rec)
}

// platformOf is what an image says it is for. There is but one variant of
// arm64, and not everybody names it.
func platformOf(img v1.Image) (v1.Platform, error) {
	config, err := img.ConfigFile()
	if err != nil {
		return v1.Platform{}, err
	}
	p := v1.Platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}
	if p.Architecture == "arm64" {
		p.Variant = ""
	}
	return p, nil
}

// open gives the image of a file or directory, to be read before remove is
// called.
func (s *Store) open(ctx context.Context, ref name.Reference, platform v1.Platform, source string) (img v1.Image, remove func(), err error) {
	info, err := os.Stat(source)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		img, err = fromLayout(source, ref, platform)
		return img, func() {}, err
	}
	dir, err := os.MkdirTemp(s.path("tmp"), "layout-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	isLayout, err := unpackLayout(ctx, source, dir)
	switch {
	case err != nil:
	case isLayout:
		img, err = fromLayout(dir, ref, platform)
	default:
		img, err = fromTarball(source, ref)
	}
	if err != nil {
		remove()
	}
	return img, remove, err
}

// fromLayout gives the image that a layout has for ref: the one with that name,
// or the only one there is.
func fromLayout(dir string, ref name.Reference, platform v1.Platform) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, fmt.Errorf("it is no OCI image layout: %w", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(slices.Clone(manifest.Manifests), func(d v1.Descriptor) bool { return !isNamed(d, ref) })
	digest, isDigest := ref.(name.Digest)
	switch {
	case isDigest && len(named) == 0:
		return nil, fmt.Errorf("it has no image %s", digest.DigestStr())
	case len(named) == 0 && len(manifest.Manifests) == 1:
		named = manifest.Manifests
	case len(named) == 0:
		named = manifest.Manifests // one image for several platforms, or choose says what there is
		if tags := tagsOf(manifest.Manifests); len(tags) > 1 {
			return nil, fmt.Errorf("it has several images, and none of them is named %q: %q", ref.Identifier(), tags)
		}
	}
	if len(named) == 1 && named[0].MediaType.IsImage() {
		return imageIn(index, named[0].Digest)
	}
	return choose(index, named, platform)
}

// isNamed tells whether a descriptor carries the reference, its tag or its
// digest.
func isNamed(d v1.Descriptor, ref name.Reference) bool {
	if _, ok := ref.(name.Digest); ok {
		return d.Digest.String() == ref.Identifier()
	}
	n := d.Annotations[refNameAnnotation]
	return n == ref.String() || n == ref.Name() || n == ref.Identifier() || d.Annotations["io.containerd.image.name"] == ref.Name()
}

func tagsOf(descs []v1.Descriptor) []string {
	var tags []string
	for _, d := range descs {
		if tag := d.Annotations[refNameAnnotation]; tag != "" {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// fromTarball gives the image that the output of docker save has for ref.
func fromTarball(file string, ref name.Reference) (v1.Image, error) {
	open := func() (io.ReadCloser, error) { return openTar(file) }
	manifest, err := tarball.LoadManifest(open)
	if err != nil {
		return nil, fmt.Errorf("it is neither an OCI image layout nor a docker tarball: %w", err)
	}
	tag, isTag := ref.(name.Tag)
	if !isTag {
		return nil, errors.New("a docker tarball does not tell the digest of an image: name it by its tag, or use an OCI image layout")
	}
	for _, m := range manifest {
		if slices.ContainsFunc(m.RepoTags, func(t string) bool { return sameTag(t, tag) }) {
			return tarball.Image(open, &tag)
		}
	}
	return tarball.Image(open, nil) // the only one, or an error
}

func sameTag(s string, tag name.Tag) bool {
	t, err := name.NewTag(s)
	return err == nil && t.Name() == tag.Name()
}

// layoutFile matches the files of an OCI image layout. No other name reaches
// the disk.
var layoutFile = regexp.MustCompile(`^(oci-layout|index\.json|blobs/sha256/[0-9a-f]{64})$`)

// unpackLayout unpacks a tar with an OCI image layout into dir. It tells
// whether file was one.
func unpackLayout(ctx context.Context, file, dir string) (bool, error) {
	r, err := openTar(file)
	if err != nil {
		return false, err
	}
	defer func() { _ = r.Close() }()
	if err := os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o700); err != nil {
		return false, err
	}
	archive := tar.NewReader(contextReader{ctx, r})
	for {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			_, err := os.Stat(filepath.Join(dir, "index.json"))
			return err == nil, nil
		case err != nil:
			return false, fmt.Errorf("it is no tar file: %w", err)
		}
		if n := path.Clean(header.Name); header.Typeflag == tar.TypeReg && layoutFile.MatchString(n) {
			if err := copyFile(filepath.Join(dir, filepath.FromSlash(n)), archive); err != nil {
				return false, err
			}
		}
	}
}

func copyFile(file string, r io.Reader) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("it has %s twice", filepath.Base(file))
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// openTar opens a tar file, which may be compressed with gzip.
func openTar(file string) (io.ReadCloser, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReader(f)
	if magic, _ := buffered.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return readCloser{buffered, f}, nil
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return readCloser{unzipped, f}, nil
}

// readCloser reads from one and closes the other.
type readCloser struct {
	io.Reader
	io.Closer
}
