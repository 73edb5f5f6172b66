// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"io"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// Named gives the Promise under another name.
func (p *Promise) Named(name string) (*Promise, error) {
	d := p.draft()
	if err := d.set("metadata.name", name); err != nil {
		return nil, err
	}
	return p.With(d.edits())
}

// Write writes the whole Promise as one YAML document, with the keys in their
// author's order and without comments: the same Promise gives the same bytes,
// whatever the layout that it is written in looks like.
func (p *Promise) Write(w io.Writer) error {
	m := yamldoc.Map{
		{Key: "apiVersion", Value: api.GroupVersion},
		{Key: "kind", Value: "Promise"},
		{Key: "metadata", Value: yamldoc.Map{{Key: "name", Value: p.Name}}},
	}
	for _, s := range p.sources {
		if root, ok := s.doc.Ordered().(yamldoc.Map); ok && s.field == "" {
			m = root
		}
	}
	for _, s := range p.sources {
		if s.field != "" && s.doc.Value() != nil {
			m = put(m, strings.Split(s.field, "."), s.doc.Ordered())
		}
	}
	return yamldoc.Render(w, without(m, "status")) // which is Kratix' own
}

// put sets a field of nested mappings, which are made if they are missing.
func put(m yamldoc.Map, path []string, value any) yamldoc.Map {
	if len(path) > 1 {
		inner, _ := m.Get(path[0]).(yamldoc.Map)
		value = put(inner, path[1:], value)
	}
	for i := range m {
		if m[i].Key == path[0] {
			m[i].Value = value
			return m
		}
	}
	return append(m, yamldoc.Entry{Key: path[0], Value: value})
}

func without(m yamldoc.Map, key string) yamldoc.Map {
	var rest yamldoc.Map
	for _, e := range m {
		if e.Key != key {
			rest = append(rest, e)
		}
	}
	return rest
}
