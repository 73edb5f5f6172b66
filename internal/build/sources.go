// SPDX-License-Identifier: Apache-2.0

package build

import (
	"fmt"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Sources are the sources that a Promise has for one of its containers.
type Sources struct {
	Container string // with its Pipeline, as in "resource/configure/instance/render"
	Image     string // what the Promise calls the image
	Dir       string
}

// CheckImages refuses containers that share the name of an image and have
// different sources for it: only one of them could be what the name stands
// for. It speaks of what this package builds; images that a container engine
// makes of Dockerfiles alone are the user's business.
func CheckImages(all []Sources) error {
	first := map[string]version{}
	var found []diag.Finding
	for _, s := range all {
		v, err := s.version()
		if err != nil {
			return err
		}
		before, ok := first[s.Image]
		switch {
		case v.kind == KindNone:
		case !ok:
			first[s.Image] = v
		case v.hash != before.hash && (v.kind == KindGo || before.kind == KindGo):
			found = append(found, before.differs(v))
		}
	}
	return diag.Problems("", found)
}

// A version is what some sources are at the moment.
type version struct {
	Sources
	kind Kind
	hash string
}

func (s Sources) version() (version, error) {
	v := version{Sources: s, kind: Detect(s.Dir)}
	if v.kind == KindNone {
		return v, nil
	}
	var err error
	v.hash, err = Hash(s.Dir)
	return v, err
}

func (v version) differs(other version) diag.Finding {
	return diag.Finding{
		Severity: diag.SeverityError,
		Message: fmt.Sprintf("%s and %s both have sources for the image %s, and they differ: %s, %s",
			v.Container, other.Container, v.Image, v.Dir, other.Dir),
		Hint: "give one of the two containers an image of another name, or both the same sources",
	}
}
