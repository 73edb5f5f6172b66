package workflow

import (
	"fmt"
	"maps"
	"slices"
)

// Fixtures are the Secrets and ConfigMaps of the Job's namespace, by name and
// key, that a local run knows of.
type Fixtures struct {
	Secrets    map[string]map[string][]byte
	ConfigMaps map[string]map[string][]byte
}

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
func (f Fixtures) data(s source) (map[string][]byte, error) {
	all := f.ConfigMaps
	if s.kind == "Secret" {
		all = f.Secrets
	}
	data, exists := all[s.name]
	if !exists && !s.optional {
		return nil, fmt.Errorf("%s %q is not among the fixtures", s.kind, s.name)
	}
	return data, nil
}

// value gives the value of one key; found is false for an optional one that is
// missing.
func (f Fixtures) value(s source, key string) (value string, found bool, err error) {
	data, err := f.data(s)
	if err != nil {
		return "", false, err
	}
	content, found := data[key]
	if !found && !s.optional {
		return "", false, fmt.Errorf("%s %q has no key %q", s.kind, s.name, key)
	}
	return string(content), found, nil
}

func (f Fixtures) secretValues() []string {
	var values []string
	for _, name := range slices.Sorted(maps.Keys(f.Secrets)) {
		for _, key := range slices.Sorted(maps.Keys(f.Secrets[name])) {
			values = append(values, string(f.Secrets[name][key]))
		}
	}
	return values
}
