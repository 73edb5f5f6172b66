// SPDX-License-Identifier: Apache-2.0

package image

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
)

// DefaultPlatform is what containers run on unless told otherwise: Linux on
// this machine's architecture.
func DefaultPlatform() string { return "linux/" + runtime.GOARCH }

// CheckPlatform refuses what is no name of a platform. Empty is fine.
func CheckPlatform(s string) error {
	_, err := parsePlatform(s)
	return err
}

func parsePlatform(s string) (v1.Platform, error) {
	if s == "" {
		s = DefaultPlatform()
	}
	p, err := v1.ParsePlatform(s)
	if err != nil || p.OS == "" || p.Architecture == "" {
		return v1.Platform{}, diag.Hint(diag.Inputf("platform %q is not of the form OS/ARCHITECTURE[/VARIANT]", s), "--platform "+DefaultPlatform())
	}
	return *p, nil
}

// noPlatformError says that an index lacks the wanted platform.
type noPlatformError struct {
	want v1.Platform
	have []string
}

func (e *noPlatformError) Error() string {
	if len(e.have) == 0 {
		return fmt.Sprintf("it has no image for %s, nor for any other platform", e.want)
	}
	return fmt.Sprintf("it has no image for %s, only for %s", e.want, strings.Join(e.have, ", "))
}

// choose gives the first of the manifests in an index, or in those inside it,
// that runs on the wanted platform.
func choose(index v1.ImageIndex, manifests []v1.Descriptor, want v1.Platform) (v1.Image, error) {
	var have []string
	img, err := search(index, manifests, want, &have, 0)
	if img == nil && err == nil {
		slices.Sort(have)
		err = &noPlatformError{want, slices.Compact(have)}
	}
	return img, err
}

// search gives nil if none is the wanted one, and notes the platforms it meets.
func search(index v1.ImageIndex, manifests []v1.Descriptor, want v1.Platform, have *[]string, depth int) (v1.Image, error) {
	for _, desc := range manifests {
		img, err := searchOne(index, desc, want, have, depth)
		if img != nil || err != nil {
			return img, err
		}
	}
	return nil, nil //nolint:nilnil // not found here is no error: choose says what is missing
}

func searchIndex(index v1.ImageIndex, want v1.Platform, have *[]string, depth int) (v1.Image, error) {
	const maxDepth = 4
	if depth > maxDepth {
		return nil, fmt.Errorf("indexes inside indexes, more than %d deep", maxDepth)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return search(index, manifest.Manifests, want, have, depth)
}

func searchOne(index v1.ImageIndex, desc v1.Descriptor, want v1.Platform, have *[]string, depth int) (v1.Image, error) {
	switch {
	case desc.MediaType.IsIndex():
		inner, err := index.ImageIndex(desc.Digest)
		if err := checkDigest(inner, err, desc.Digest); err != nil {
			return nil, err
		}
		return searchIndex(inner, want, have, depth+1)
	case !desc.MediaType.IsImage():
		return nil, nil //nolint:nilnil // signatures and the like
	case desc.Platform != nil && !desc.Platform.Satisfies(want):
		if desc.Platform.OS != "unknown" { // attestations of buildx
			*have = append(*have, desc.Platform.String())
		}
		return nil, nil //nolint:nilnil // another platform
	}
	img, err := imageIn(index, desc.Digest)
	if err != nil || desc.Platform != nil {
		return img, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	if p := config.Platform(); p == nil || !p.Satisfies(want) {
		*have = append(*have, fmt.Sprint(p))
		return nil, nil //nolint:nilnil // another platform
	}
	return img, nil
}

// imageIn gives an image of an index, and checks that it is the one: a layout
// on disk holds what anybody put there.
func imageIn(index v1.ImageIndex, h v1.Hash) (v1.Image, error) {
	img, err := index.Image(h)
	if err := checkDigest(img, err, h); err != nil {
		return nil, err
	}
	return img, nil
}

// checkDigest checks what was to be got by its digest, unless that failed.
func checkDigest(got interface{ Digest() (v1.Hash, error) }, err error, want v1.Hash) error {
	if err != nil {
		return err
	}
	h, err := got.Digest()
	if err == nil && h != want {
		err = fmt.Errorf("manifest %s has the digest %s", want, h)
	}
	return err
}
