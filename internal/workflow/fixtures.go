// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/redact"
)

// Fixtures are the Secrets and ConfigMaps of the Job's namespace, by name and
// key, that a local run knows of.
type Fixtures struct {
	Secrets    map[string]map[string][]byte
	ConfigMaps map[string]map[string][]byte
	// Advice says what to do so that a "Secret" or "ConfigMap" of this name, with
	// this key unless it is empty, is among the fixtures; it may be nil.
	Advice func(kind, name, key string) string
}

// Hidden are the values of the Secrets, which nobody may get to see.
func (f Fixtures) Hidden() *redact.Secrets { return redact.OfData(f.Secrets) }

// A source is a Secret or ConfigMap that a Pipeline refers to.
type source struct {
	kind     string // "Secret" or "ConfigMap"
	name     string
	optional bool
}

func secretNamed(name string, optional *bool) source {
	return source{"Secret", name, optional != nil && *optional}
}

func configMapNamed(name string, optional *bool) source {
	return source{"ConfigMap", name, optional != nil && *optional}
}

// data gives the keys and values of a source; none is fine if it is optional.
func (f Fixtures) data(s source) (map[string][]byte, error) { return f.find(s, "") }

// find gives the keys and values of a source, of which key is wanted.
func (f Fixtures) find(s source, key string) (map[string][]byte, error) {
	all := f.ConfigMaps
	if s.kind == "Secret" {
		all = f.Secrets
	}
	data, exists := all[s.name]
	if !exists && !s.optional {
		return nil, f.missing(s, key, fmt.Errorf("%s %q is not among the fixtures", s.kind, s.name))
	}
	return data, nil
}

// value gives the value of one key; found is false for an optional one that is
// missing.
func (f Fixtures) value(s source, key string) (value string, found bool, err error) {
	data, err := f.find(s, key)
	if err != nil {
		return "", false, err
	}
	content, found := data[key]
	if !found && !s.optional {
		err := fmt.Errorf("%s %q has no key %q", s.kind, s.name, key)
		if near := diag.DidYouMean(key, slices.Sorted(maps.Keys(data))); near != "" {
			return "", false, diag.Hint(err, near)
		}
		return "", false, f.missing(s, key, err)
	}
	return string(content), found, nil
}

func (f Fixtures) missing(s source, key string, err error) error {
	if f.Advice == nil {
		return err
	}
	return diag.Hint(err, f.Advice(s.kind, s.name, key))
}
