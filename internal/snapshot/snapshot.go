// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Snapshot is the objects of some files. It does not change after [Load],
// and is safe for concurrent use.
type Snapshot struct {
	kinds    map[kind]*objects
	findings []diag.Finding
}

// A kind is a kind of objects in any version.
type kind struct{ group, name string }

// objects are those of one kind.
type objects struct {
	byKey   map[string]*object // by namespace/name
	sorted  []*object          // by namespace and name
	columns map[string][]column
}

// An object is one object as it was read.
type object struct {
	json       []byte
	meta       metav1.ObjectMeta
	apiVersion string
	at         diag.Position
}

func (o *object) key() string { return o.meta.Namespace + "/" + o.meta.Name }

// Findings tell what could not be read, and what was there twice.
func (s *Snapshot) Findings() []diag.Finding { return slices.Clone(s.findings) }

// kind gives the objects of a kind, which it makes known.
func (s *Snapshot) kind(k kind) *objects {
	if s.kinds[k] == nil {
		s.kinds[k] = &objects{byKey: map[string]*object{}, columns: map[string][]column{}}
	}
	return s.kinds[k]
}

// add keeps an object. Of two different ones with one name the one that the
// server wrote later stays, if that can be told, else the one read later.
func (s *Snapshot) add(o *object, name string) {
	gv, err := schema.ParseGroupVersion(o.apiVersion)
	if err != nil {
		s.note(o.at, "apiVersion", err.Error())
		return
	}
	k := s.kind(kind{gv.Group, name})
	old, ok := k.byKey[o.key()]
	switch {
	case !ok || same(old.json, o.json):
	case older(o, old):
		s.note(o.at, "", fmt.Sprintf("%s %s is older than what stands in %s, which counts", name, o.meta.Name, old.at))
		return
	default:
		s.note(o.at, "", fmt.Sprintf("%s %s differs from what stands in %s, and counts instead", name, o.meta.Name, old.at))
	}
	k.byKey[o.key()] = o
}

// same compares two objects by meaning.
func same(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// older compares resource versions, which grow with every write.
func older(a, b *object) bool {
	x, y := a.meta.ResourceVersion, b.meta.ResourceVersion
	return x != "" && y != "" && cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)) < 0
}

// complete sorts, and reads the definitions among the objects.
func (s *Snapshot) complete() {
	s.defineKratix()
	s.defineFromPromises()
	s.defineFromDefinitions()
	for _, k := range s.kinds {
		for _, o := range k.byKey {
			k.sorted = append(k.sorted, o)
		}
		slices.SortFunc(k.sorted, func(a, b *object) int {
			return cmp.Or(strings.Compare(a.meta.Namespace, b.meta.Namespace), strings.Compare(a.meta.Name, b.meta.Name))
		})
	}
	slices.SortStableFunc(s.findings, func(a, b diag.Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Field, b.Field))
	})
}
