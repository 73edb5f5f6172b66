// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// Dialect is the JSON Schema that is written.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// Base is where the schemas of the program are published.
const Base = "https://raw.githubusercontent.com/kratix-tools/kratix/main/docs/reference/schemas/"

// Of is the schema of a document, a struct, as encoding/json writes it. Fields
// apiVersion and kind may have one value each. A type that writes itself and is
// not known here is an error.
func Of(document any, kind string, comments *Comments) (yamldoc.Map, error) {
	w := &writer{comments: comments, defs: map[string]any{}}
	t := reflect.TypeOf(document)
	root := w.object(t)
	if w.err != nil {
		return nil, fmt.Errorf("schema of %s: %w", kind, w.err)
	}
	properties, _ := root.Get("properties").(yamldoc.Map)
	for i, e := range properties {
		switch e.Key {
		case "apiVersion":
			properties[i].Value = yamldoc.Map{{Key: "const", Value: "cli.kratix.io/v1"}}
		case "kind":
			properties[i].Value = yamldoc.Map{{Key: "const", Value: kind}}
		}
	}
	head := yamldoc.Map{{Key: "$schema", Value: Dialect}, {Key: "$id", Value: Base + kind + ".schema.json"}, {Key: "title", Value: kind}}
	if text := comments.of(t); text != "" {
		head = append(head, yamldoc.Entry{Key: "description", Value: text})
	}
	return slices.Concat(head, root, yamldoc.Map{{Key: "$defs", Value: w.defs}}), nil
}

// JSON is the schema as a file.
func JSON(document any, kind string, comments *Comments) ([]byte, error) {
	s, err := Of(document, kind, comments)
	if err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}

// A writer collects the definitions to which a schema refers.
type writer struct {
	comments *Comments
	defs     map[string]any
	err      error
}

// known are types that write themselves, and those that are not described.
var known = map[reflect.Type]yamldoc.Map{
	reflect.TypeFor[time.Time]():                   {{Key: "type", Value: "string"}, {Key: "format", Value: "date-time"}},
	reflect.TypeFor[metav1.Time]():                 {{Key: "type", Value: []string{"string", "null"}}, {Key: "format", Value: "date-time"}},
	reflect.TypeFor[metav1.ObjectMeta]():           {{Key: "type", Value: "object"}},
	reflect.TypeFor[corev1.SecurityContext]():      {{Key: "type", Value: "object"}},
	reflect.TypeFor[corev1.ResourceRequirements](): {{Key: "type", Value: "object"}},
	reflect.TypeFor[json.RawMessage]():             {},
	reflect.TypeFor[runtime.RawExtension]():        {},
	reflect.TypeFor[yamldoc.Map]():                 {{Key: "type", Value: "object"}},
}

// of is the schema of any type.
func (w *writer) of(t reflect.Type) yamldoc.Map {
	if s, ok := known[t]; ok {
		return s
	}
	if t.Kind() == reflect.Pointer {
		return w.of(t.Elem())
	}
	if t.Implements(reflect.TypeFor[json.Marshaler]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()) {
		w.err = fmt.Errorf("%s writes itself", t)
	}
	switch t.Kind() {
	case reflect.Struct:
		return w.ref(t)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return yamldoc.Map{{Key: "type", Value: "string"}, {Key: "contentEncoding", Value: "base64"}}
		}
		return yamldoc.Map{{Key: "type", Value: "array"}, {Key: "items", Value: w.of(t.Elem())}}
	case reflect.Map:
		return yamldoc.Map{{Key: "type", Value: "object"}, {Key: "additionalProperties", Value: w.of(t.Elem())}}
	case reflect.Interface:
		return yamldoc.Map{}
	default:
		return w.scalar(t)
	}
}

func (w *writer) scalar(t reflect.Type) yamldoc.Map {
	switch t.Kind() {
	case reflect.String:
		s := yamldoc.Map{{Key: "type", Value: "string"}}
		if values := w.comments.values(t); len(values) > 0 {
			s = append(s, yamldoc.Entry{Key: "enum", Value: values})
		}
		return s
	case reflect.Bool:
		return yamldoc.Map{{Key: "type", Value: "boolean"}}
	case reflect.Float32, reflect.Float64:
		return yamldoc.Map{{Key: "type", Value: "number"}}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return yamldoc.Map{{Key: "type", Value: "integer"}}
	default:
		w.err = fmt.Errorf("%s cannot be JSON", t)
		return nil
	}
}

// ref defines a struct once, and refers to it.
func (w *writer) ref(t reflect.Type) yamldoc.Map {
	if t.Name() == "" {
		return w.object(t)
	}
	name := t.String() // package.Type
	if _, ok := w.defs[name]; !ok {
		w.defs[name] = nil // while it is written, for types that hold themselves
		s := w.object(t)
		if text := w.comments.of(t); text != "" {
			s = slices.Concat(yamldoc.Map{{Key: "description", Value: text}}, s)
		}
		w.defs[name] = s
	}
	return yamldoc.Map{{Key: "$ref", Value: "#/$defs/" + name}}
}

// object is a struct with its fields.
func (w *writer) object(t reflect.Type) yamldoc.Map {
	properties, required := yamldoc.Map{}, []string{}
	for _, f := range fieldsOf(t) {
		properties = append(properties, yamldoc.Entry{Key: f.name, Value: w.field(f)})
		if !f.optional {
			required = append(required, f.name)
		}
	}
	return yamldoc.Map{{Key: "type", Value: "object"}, {Key: "properties", Value: properties}, {Key: "required", Value: required}}
}

// A field is one of a struct, or of a struct that is embedded in it.
type field struct {
	reflect.StructField

	in       reflect.Type // that declares it
	name     string
	optional bool
}

// fieldsOf lists the fields that encoding/json writes, in its order. A field
// hides those of the same name in what is embedded.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	seen := map[string]bool{}
	add := func(f field) {
		if !seen[f.name] {
			seen[f.name] = true
			fields = append(fields, f)
		}
	}
	for f := range t.Fields() {
		if !embedded(f) && f.IsExported() {
			seen[nameOf(f)] = true
		}
	}
	for f := range t.Fields() {
		_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case embedded(f):
			for _, inner := range fieldsOf(deref(f.Type)) {
				add(inner)
			}
		case f.IsExported() && f.Tag.Get("json") != "-":
			empties := f.Type.Kind() != reflect.Struct && strings.Contains(options, "omitempty")
			fields = append(fields, field{f, t, nameOf(f), empties || strings.Contains(options, "omitzero")})
		}
	}
	return fields
}

// embedded tells a struct whose fields are written as if they were the outer
// one's.
func embedded(f reflect.StructField) bool {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return f.Anonymous && name == "" && deref(f.Type).Kind() == reflect.Struct
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		return f.Name
	}
	return name
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func (w *writer) field(f field) yamldoc.Map {
	s := w.of(f.Type)
	if f.Type.Kind() == reflect.Pointer && !f.optional {
		s = orNull(s)
	}
	if text := w.comments.ofField(f.in, f.Name); text != "" {
		s = slices.Concat(yamldoc.Map{{Key: "description", Value: text}}, s)
	}
	return s
}

// orNull is a schema that allows null, too.
func orNull(s yamldoc.Map) yamldoc.Map {
	if t, ok := s.Get("type").(string); ok && s.Get("enum") == nil {
		s = slices.Clone(s)
		s[0].Value = []string{t, "null"} // type is the first of all that have one
		return s
	}
	return yamldoc.Map{{Key: "anyOf", Value: []any{s, yamldoc.Map{{Key: "type", Value: "null"}}}}}
}

// Strict closes a schema, as a decoder of JSON knows it: every object then has
// the fields that the schema knows and no others.
func Strict(s any) any {
	switch s := s.(type) {
	case map[string]any:
		closed := map[string]any{}
		for k, v := range s {
			closed[k] = Strict(v)
		}
		if _, ok := s["properties"].(map[string]any); ok && s["additionalProperties"] == nil {
			closed["additionalProperties"] = false
		}
		return closed
	case []any:
		closed := make([]any, len(s))
		for i, v := range s {
			closed[i] = Strict(v)
		}
		return closed
	default:
		return s
	}
}
