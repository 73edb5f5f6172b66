// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Bytes gives the whole file that the document is in, with the edits that led
// to this document. The caller does not change it.
func (d *Document) Bytes() []byte { return d.file }

// Append adds an item to the end of the list at path. The list, and mappings
// on the way to it, are made if they are missing, null or empty.
//
// Item is anything that encodes as JSON; a [Map] or a struct keeps its order.
func (d *Document) Append(path string, item any) (*Document, error) {
	return d.insert(splitPath(path), -1, []any{item})
}

// Insert adds an item to the list at path, in front of the item that is at
// index i now.
func (d *Document) Insert(path string, i int, item any) (*Document, error) {
	return d.insert(splitPath(path), i, []any{item})
}

// Add gives the mapping at path a key that it does not have yet. Missing
// mappings are made, as by [Document.Append].
func (d *Document) Add(path, key string, value any) (*Document, error) {
	return d.add(splitPath(path), key, value)
}

// Delete removes the key or the item at path, with the comments that belong to
// it: those on its lines, those below it that are indented deeper, and those
// right above it. A mapping or list that has nothing left becomes {} or [].
func (d *Document) Delete(path string) (*Document, error) {
	return d.remove(splitPath(path))
}

// Rename gives the key at path another name; its value, its place and its
// comments stay.
func (d *Document) Rename(path, key string) (*Document, error) {
	return d.rename(splitPath(path), key)
}

// Set makes the value at path the one that is given, and changes no more than
// what differs: keys of mappings one by one, items of lists where they moved,
// came or went. What is missing on the way is made.
func (d *Document) Set(path string, value any) (*Document, error) {
	value, err := ordered(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d.set(splitPath(path), value)
}

// An edit is a change to what a path leads to, and the ways in which text can
// be spliced to make it.
type edit struct {
	segments []string
	change   func(old any) (any, error)
	byHand   string // what to do if none of the ways leads there
	ways     []func() ([]byte, bool)
}

// apply tries the ways of an edit, and takes the first that is proved to make
// the change and no other.
func (d *Document) apply(e edit) (*Document, error) {
	want, err := changed(clone(d.value), e.segments, e.change)
	if err != nil {
		return nil, diag.Inputf("%s: %s cannot be changed: %w", d.where(e.segments), joined(e.segments), err)
	}
	if want, err = generic(want); err != nil {
		return nil, fmt.Errorf("%s: %w", joined(e.segments), err)
	}
	for _, way := range e.ways {
		data, ok := way()
		if !ok {
			continue
		}
		if edited, ok := d.edited(data); ok && reflect.DeepEqual(edited.value, want) {
			return edited, nil
		}
	}
	return nil, d.refused(e)
}

// edited gives this document in the edited file, if all others say what they
// said before.
func (d *Document) edited(data []byte) (*Document, bool) {
	docs, err := Parse(d.File, data)
	if err != nil || len(docs) != len(d.siblings) {
		return nil, false
	}
	for i, after := range docs {
		if i != d.index && !reflect.DeepEqual(after.value, d.siblings[i].value) {
			return nil, false
		}
	}
	return docs[d.index], true
}

// refused says why an edit is not made, and what the user can do by hand.
func (d *Document) refused(e edit) error {
	at, path := d.where(e.segments), joined(e.segments)
	if why, hint := d.shared(e.segments); why != "" {
		return diag.Hint(diag.Inputf("%s: %s cannot be changed alone: %s", at, path, why), hint)
	}
	err := diag.Inputf("%s: %s is written in a way that cannot be changed without rewriting it", at, path)
	return diag.Hint(err, e.byHand)
}

// shared tells whether what is at a path is read in other places too, through
// an anchor, an alias or a merge.
func (d *Document) shared(segments []string) (why, hint string) {
	if d.root == nil {
		return "", ""
	}
	p := d.find(segments, false)
	if n := p.node(); n.Kind == yaml.AliasNode {
		why = fmt.Sprintf("line %d takes it from the anchor &%s in line %d", d.line+n.Line, n.Value, d.line+n.Alias.Line)
		return why, fmt.Sprintf("write the value out in line %d, or change it in line %d for all that use it", d.line+n.Line, d.line+n.Alias.Line)
	}
	if through := d.find(segments, true); len(through.rest) < len(p.rest) {
		from := d.at(through.nodes[len(p.nodes)]).Line
		why = fmt.Sprintf("it comes from line %d through a merge (<<)", from)
		return why, fmt.Sprintf("write it out where it is merged, or change it in line %d for all that merge it", from)
	}
	for _, n := range p.nodes {
		if line := d.lineOfAlias(d.root, n); n.Anchor != "" && line > 0 {
			why = fmt.Sprintf("it has the anchor &%s, and line %d uses it too", n.Anchor, d.line+line)
			return why, fmt.Sprintf("write the value out in line %d, or change both by hand", d.line+line)
		}
	}
	return "", ""
}

// lineOfAlias finds an alias of a node below n; 0 if there is none.
func (d *Document) lineOfAlias(n, anchored *yaml.Node) int {
	if n.Kind == yaml.AliasNode && n.Alias == anchored {
		return n.Line
	}
	for _, inner := range n.Content {
		if line := d.lineOfAlias(inner, anchored); line > 0 {
			return line
		}
	}
	return 0
}

// where is the place to name in an error about a path.
func (d *Document) where(segments []string) diag.Position {
	at, _ := d.position(segments)
	return at
}

// joined is the field path of segments.
func joined(segments []string) string {
	path := ""
	for _, s := range segments {
		if _, err := strconv.Atoi(s); err == nil {
			path += "[" + s + "]"
			continue
		}
		path = Join(path, s)
	}
	return path
}

// block writes an ordered value as a user would paste it.
func block(value any) string {
	lines := style{step: 2, list: 0, gap: 2}.lines(value, 0)
	if len(lines) == 0 {
		return flow(value)
	}
	return strings.Join(lines, "\n")
}

func describe(value any) string {
	switch value.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	default:
		return strconv.Quote(fmt.Sprint(value))
	}
}

// changed applies a change below a decoded value. Missing mappings are made.
func changed(value any, segments []string, change func(any) (any, error)) (any, error) {
	if len(segments) == 0 {
		return change(value)
	}
	switch v := value.(type) {
	case nil:
		inner, err := changed(nil, segments[1:], change)
		return map[string]any{segments[0]: inner}, err
	case map[string]any:
		inner, err := changed(v[segments[0]], segments[1:], change)
		v[segments[0]] = inner
		return v, err
	case []any:
		i, err := strconv.Atoi(segments[0])
		if err != nil || i < 0 || i >= len(v) {
			return nil, fmt.Errorf("the list has no item %q", segments[0])
		}
		v[i], err = changed(v[i], segments[1:], change)
		return v, err
	default:
		return nil, fmt.Errorf("%s is in the way of %q", describe(value), segments[0])
	}
}

// generic makes a value comparable to one that was read from a file.
func generic(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var read any
	err = kjson.Unmarshal(text, &read)
	return read, err
}

// clone copies a decoded value.
func clone(value any) any {
	switch v := value.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, inner := range v {
			c[key] = clone(inner)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, inner := range v {
			c[i] = clone(inner)
		}
		return c
	default:
		return value
	}
}
