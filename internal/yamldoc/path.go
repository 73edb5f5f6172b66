// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kratix-tools/kratix/internal/diag"
)

// splitPath takes a field path apart: "spec.list[2].name" and, for keys with
// dots in them, "metadata.labels[app.kubernetes.io/name]".
func splitPath(path string) []string {
	var segments []string
	for path != "" {
		var segment string
		if path[0] == '[' {
			end := strings.IndexByte(path, ']')
			if end < 0 {
				end = len(path) - 1
			}
			segment, path = path[1:end], path[end+1:]
			segment = strings.Trim(segment, `"'`)
		} else {
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			segment, path = path[:end], path[end:]
		}
		segments = append(segments, segment)
		path = strings.TrimPrefix(path, ".")
	}
	return segments
}

// Join adds a key to a field path, in brackets if the key needs them.
func Join(path, key string) string {
	switch {
	case strings.ContainsAny(key, ".[]/"):
		return path + "[" + key + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}

// Index adds the index of a list to a field path.
func Index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// A place is where a field path leads.
type place struct {
	nodes []*yaml.Node // from the root to the deepest that exists
	keys  []*yaml.Node // the key of each node in its mapping; nil for items
	rest  []string     // what does not exist
}

func (p place) node() *yaml.Node { return p.nodes[len(p.nodes)-1] }
func (p place) key() *yaml.Node  { return p.keys[len(p.keys)-1] }

// find follows a path as far as it goes. Aliases and merged mappings are
// followed too if through is set.
func (d *Document) find(segments []string, through bool) place {
	p := place{nodes: []*yaml.Node{d.root}, keys: []*yaml.Node{nil}, rest: segments}
	for len(p.rest) > 0 {
		key, value, used := child(p.node(), p.rest, through)
		if value == nil {
			break
		}
		p.nodes, p.keys, p.rest = append(p.nodes, value), append(p.keys, key), p.rest[used:]
	}
	return p
}

// child takes the first of the segments below n, or several where a key holds
// dots that the path did not put in brackets.
func child(n *yaml.Node, segments []string, through bool) (key, value *yaml.Node, used int) {
	if n.Kind == yaml.AliasNode && through {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(segments[0]); err == nil && i >= 0 && i < len(n.Content) {
			return nil, n.Content[i], 1
		}
	case yaml.MappingNode:
		for used = 1; used <= len(segments); used++ {
			if key, value = entry(n, strings.Join(segments[:used], "."), through); value != nil {
				return key, value, used
			}
		}
	}
	return nil, nil, 0
}

// entry finds a key of a mapping.
func entry(n *yaml.Node, name string, through bool) (key, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	for i := 0; through && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			if key, value, _ = child(n.Content[i+1], []string{name}, true); value != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

// Position tells where a field is: at its key, or for an item of a list at the
// item. For a field that does not exist it is the nearest parent's position,
// and ok is false.
func (d *Document) Position(path string) (at diag.Position, ok bool) {
	return d.position(splitPath(path))
}

func (d *Document) position(segments []string) (at diag.Position, ok bool) {
	if d.root == nil {
		return diag.Position{File: d.File, Line: d.line + 1}, len(segments) == 0
	}
	p := d.find(segments, true)
	if p.key() != nil {
		return d.at(p.key()), len(p.rest) == 0
	}
	return d.at(p.node()), len(p.rest) == 0
}

// valueAt gives what a path leads to in a decoded value, or nil.
func valueAt(value any, segments []string) any {
	for _, segment := range segments {
		switch v := value.(type) {
		case map[string]any:
			value = v[segment]
		case []any:
			i, err := strconv.Atoi(segment)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}
