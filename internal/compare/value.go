// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A kind is what a value is, without regard to how it was written.
type kind int

const (
	null kind = iota
	boolean
	number
	text
	tagged // a scalar with a tag of its own
	list
	object
)

// A value is a decoded YAML or JSON value. Scalars are kept as canonical text,
// so that two of them mean the same if kind and text are equal.
type value struct {
	kind   kind
	text   string            // of a scalar
	tag    string            // if tagged
	items  []*value          // of a list
	keys   []string          // of an object, in the order they were written
	fields map[string]*value // of an object
}

func newText(s string) *value { return &value{kind: text, text: s} }

func (v *value) isScalar() bool { return v.kind < list }

// field gives the named field, nil if v has none.
func (v *value) field(key string) *value {
	if v == nil || v.kind != object {
		return nil
	}
	return v.fields[key]
}

// str gives the text of a string, and "" for anything else.
func (v *value) str() string {
	if v == nil || v.kind != text {
		return ""
	}
	return v.text
}

// equal reports whether two values mean the same.
func equal(a, b *value) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.kind == b.kind && a.text == b.text && a.tag == b.tag &&
		slices.EqualFunc(a.items, b.items, equal) && maps.EqualFunc(a.fields, b.fields, equal)
}

// clone copies v and all that is in it.
func (v *value) clone() *value {
	if v == nil {
		return nil
	}
	c := *v
	c.keys = slices.Clone(v.keys)
	c.items = make([]*value, len(v.items))
	for i, item := range v.items {
		c.items[i] = item.clone()
	}
	c.fields = make(map[string]*value, len(v.fields))
	for key, field := range v.fields {
		c.fields[key] = field.clone()
	}
	return &c
}

// plain gives the value as encoding/json would: the form in which differences
// are reported.
func (v *value) plain() any {
	if v == nil {
		return nil
	}
	switch v.kind {
	case null:
		return nil
	case boolean:
		return v.text == "true"
	case number:
		if json.Valid([]byte(v.text)) {
			return json.Number(v.text)
		}
		return v.text // .inf and .nan
	case list:
		items := make([]any, len(v.items))
		for i, item := range v.items {
			items[i] = item.plain()
		}
		return items
	case object:
		fields := make(map[string]any, len(v.fields))
		for key, field := range v.fields {
			fields[key] = field.plain()
		}
		return fields
	default:
		return v.text
	}
}

// node gives the value as a YAML node, to be written.
func (v *value) node() *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: v.text}
	switch v.kind {
	case null:
		n.Tag, n.Value = "!!null", "null"
	case boolean:
		n.Tag = "!!bool"
	case number:
		n.Tag = "" // resolved from its text
	case text:
		n.SetString(v.text)
		if _, word := oldBool(v.text); word {
			n.Style = yaml.DoubleQuotedStyle
		}
	case tagged:
		n.Tag, n.Style = v.tag, yaml.TaggedStyle
	case list:
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		for _, item := range v.items {
			n.Content = append(n.Content, item.node())
		}
	case object:
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
		for _, key := range v.keys {
			n.Content = append(n.Content, newText(key).node(), v.fields[key].node())
		}
	}
	return n
}

// lines writes the value as YAML.
func (v *value) lines() []string {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(v.node()); err != nil {
		return []string{v.brief()} // no node of ours is refused
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// brief gives the value on one short line, scalars as they stand in YAML.
func (v *value) brief() string {
	const limit = 40
	if v == nil {
		return "nothing"
	}
	lines := []string{""}
	if v.isScalar() {
		lines = v.lines()
	}
	line := []rune(lines[0])
	if !v.isScalar() || len(lines) > 1 {
		encoded, _ := json.Marshal(v.plain()) // plain values are always encoded
		line = []rune(string(encoded))
	}
	if len(line) > limit {
		return string(line[:limit-3]) + "..."
	}
	return string(line)
}

// An Object says which Kubernetes object a document is.
type Object struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String gives the object as people name it: kind, then namespace/name.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// objectOf tells which object a document is; nil if it has no kind or name.
func objectOf(v *value) *Object {
	meta := v.field("metadata")
	o := Object{
		APIVersion: v.field("apiVersion").str(),
		Kind:       v.field("kind").str(),
		Namespace:  meta.field("namespace").str(),
		Name:       meta.field("name").str(),
	}
	if o.Kind == "" || o.Name == "" {
		return nil
	}
	return &o
}
