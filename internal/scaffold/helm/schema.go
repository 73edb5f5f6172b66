// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A translator makes a structural schema of a JSON Schema, with a finding for
// each word that it cannot say.
type translator struct {
	values   *chartValues
	root     any // the document, for references
	findings []diag.Finding
	nodes    int
}

// maxNodes is how large a schema may become when its references are written out.
const maxNodes = 20_000

// A node is a JSON Schema with its references and allOf resolved. What led to it
// is remembered, to notice a schema within itself.
type node struct {
	words map[string]any
	refs  []string
	never bool // the schema false
}

func (t *translator) note(path, format string, args ...any) {
	t.findings = append(t.findings, diag.Finding{
		Severity: diag.SeverityNote, Position: diag.Position{File: "values.schema.json"}, Field: path, Message: fmt.Sprintf(format, args...),
	})
}

// lost tells that words of a schema are not part of the API.
func (t *translator) lost(path string, words ...string) {
	if len(words) > 0 {
		them := "it"
		if len(words) > 1 {
			them = "them"
		}
		t.note(path, "%s: the API does not check %s", strings.Join(words, ", "), them)
	}
}

// object makes the schema of spec: an object, whatever the chart says.
func (t *translator) object(path string, n node, value yamldoc.Map) *apiextensionsv1.JSONSchemaProps {
	s := &apiextensionsv1.JSONSchemaProps{Type: "object"}
	if d, ok := n.words["description"].(string); ok {
		s.Description = d
	}
	n = t.alternatives(path, n)
	t.properties(path, s, n, value)
	t.leftOver(path, n.words)
	return s
}

// value makes the schema of a value. Its default is that of values.yaml, if
// there is one.
func (t *translator) value(path string, schema any, refs []string, value any, hasValue bool) *apiextensionsv1.JSONSchemaProps {
	n := t.flatten(path, schema, refs)
	if n.never {
		return nil
	}
	n = t.alternatives(path, n)
	s := t.typed(path, n, value)
	said, _ := n.words["description"].(string)
	if title, ok := n.words["title"].(string); ok && said == "" {
		said = title
	}
	if n.words["deprecated"] == true {
		said = strings.TrimSpace("Deprecated. " + said)
	}
	if !hasValue {
		value = n.words["default"]
	}
	s.Description = said
	if !strings.Contains(path, "[]") {
		s.Description = t.values.described(inValues(path), key(path), value, said)
	}
	return s
}

// key is the last part of a path.
func key(path string) string { return path[strings.LastIndex(path, ".")+1:] }

// inValues is the path in values.yaml of a field of a request.
func inValues(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, "spec"), ".")
}

// typed makes the schema that a node has by its type.
func (t *translator) typed(path string, n node, value any) *apiextensionsv1.JSONSchemaProps {
	types, nullable := typesOf(n.words)
	types = slices.DeleteFunc(types, func(typ string) bool {
		known := slices.Contains(strings.Fields("array boolean integer number object string"), typ)
		if !known {
			t.note(path, "type: there is no %q", typ)
		}
		return !known
	})
	s := &apiextensionsv1.JSONSchemaProps{}
	switch {
	case len(types) == 0:
		if m, ok := value.(yamldoc.Map); ok && len(m) > 0 {
			return t.values.guess(inValues(path), m)
		}
		s, nullable = anything(), true
	case slices.Equal(types, []string{"object"}):
		s.Type = "object"
		m, _ := value.(yamldoc.Map)
		t.properties(path, s, n, m)
	case slices.Equal(types, []string{"array"}):
		s.Type = "array"
		t.items(path, s, n)
	case slices.Equal(types, []string{"integer", "string"}):
		s.XIntOrString = true
		t.scalar(path, s, n.words)
	case len(types) == 1:
		s.Type = types[0]
		t.scalar(path, s, n.words)
	default:
		s = openapi.Open()
		t.note(path, "it may be %s: no type of the API is all of them, so anything is accepted", strings.Join(types, " or "))
	}
	s.Nullable = nullable
	t.enum(path, s, n.words)
	t.leftOver(path, n.words)
	return s
}

// typesOf lists the types of a schema, which its words tell if it does not.
func typesOf(words map[string]any) (types []string, nullable bool) {
	switch v := words["type"].(type) {
	case string:
		types = []string{v}
	case []any:
		for _, item := range v {
			types = append(types, fmt.Sprint(item))
		}
	default:
		types = impliedTypes(words)
	}
	slices.Sort(types)
	types = slices.Compact(types)
	nullable = slices.Contains(types, "null")
	types = slices.DeleteFunc(types, func(s string) bool { return s == "null" || s == "integer" && slices.Contains(types, "number") })
	return types, nullable
}

func impliedTypes(words map[string]any) []string {
	var types []string
	values, _ := words["enum"].([]any)
	if v, ok := words["const"]; ok {
		values = append(slices.Clone(values), v)
	}
	for _, v := range values {
		types = append(types, openapi.TypeOf(v))
	}
	if types != nil {
		return types
	}
	for _, hint := range []struct{ typ, words string }{
		{"object", "properties patternProperties additionalProperties required minProperties maxProperties"},
		{"array", "items minItems maxItems uniqueItems"},
		{"string", "pattern minLength maxLength"},
		{"number", "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf"},
	} {
		for word := range strings.FieldsSeq(hint.words) {
			if _, ok := words[word]; ok {
				return []string{hint.typ}
			}
		}
	}
	return nil
}

// enum takes over the values that are allowed. Kubernetes refuses null wherever
// there is a list of them, even of those that have it.
func (t *translator) enum(path string, s *apiextensionsv1.JSONSchemaProps, words map[string]any) {
	values, _ := words["enum"].([]any)
	if v, ok := words["const"]; ok {
		values = []any{v}
	}
	typed := s.Type != "" || s.XIntOrString
	null := slices.Contains(values, nil) && s.Nullable
	texts := textsOf(values)
	switch {
	case len(values) == 0:
	case null && s.Type == "string" && s.Pattern == "" && len(texts) > 0:
		s.Pattern = "^(" + strings.Join(texts, "|") + ")$"
	case null || !typed:
		t.lost(path, "enum")
	default:
		s.Nullable = false
		for _, v := range slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil }) {
			s.Enum = append(s.Enum, openapi.Value(v))
		}
	}
}

// textsOf lists the texts among values, as patterns that match nothing else.
func textsOf(values []any) []string {
	var texts []string
	for _, v := range values {
		if text, ok := v.(string); ok {
			texts = append(texts, regexp.QuoteMeta(text))
		}
	}
	return texts
}

// scalar takes over what is said of a text or a number.
func (t *translator) scalar(path string, s *apiextensionsv1.JSONSchemaProps, words map[string]any) {
	s.MinLength, s.MaxLength = count(words["minLength"]), count(words["maxLength"])
	s.Minimum, s.Maximum = number(words["minimum"]), number(words["maximum"])
	if step := number(words["multipleOf"]); step != nil && *step > 0 {
		s.MultipleOf = step
	}
	s.Minimum, s.ExclusiveMinimum = exclusive(s.Minimum, words["exclusiveMinimum"], 1)
	s.Maximum, s.ExclusiveMaximum = exclusive(s.Maximum, words["exclusiveMaximum"], -1)
	if pattern, ok := words["pattern"].(string); ok {
		if _, err := regexp.Compile(pattern); err != nil {
			t.note(path, "pattern: the API server does not understand %q, so the API does not check it", pattern)
		} else {
			s.Pattern = pattern
		}
	}
	if format, ok := words["format"].(string); ok {
		if !slices.Contains([]string{"date", "date-time", "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "int32", "int64", "float", "double", "byte"}, format) {
			t.note(path, "format: %q means nothing or something else to the API server, so the API does not check it", format)
		} else {
			s.Format = format
		}
	}
}

// exclusive reads a limit that is not allowed itself, in either form: a number,
// or true beside the limit. The sign is that of the direction that is stricter.
func exclusive(limit *float64, word any, sign float64) (*float64, bool) {
	if word == true {
		return limit, limit != nil
	}
	open := number(word)
	if open == nil || limit != nil && sign**limit > sign**open {
		return limit, false
	}
	return open, true
}

func number(value any) *float64 {
	switch v := value.(type) {
	case int64:
		f := float64(v)
		return &f
	case float64:
		return &v
	}
	return nil
}

func count(value any) *int64 {
	if f := number(value); f != nil && *f >= 0 {
		n := int64(*f)
		return &n
	}
	return nil
}

// items takes over what is said of a list.
func (t *translator) items(path string, s *apiextensionsv1.JSONSchemaProps, n node) {
	s.MinItems, s.MaxItems = count(n.words["minItems"]), count(n.words["maxItems"])
	item := openapi.Open()
	switch items := n.words["items"].(type) {
	case nil:
	case []any:
		t.note(path, "items: the API has no lists whose items differ by their place, so they may be anything")
	default:
		if item = t.value(path+"[]", items, n.refs, nil, false); item == nil {
			item = openapi.Open()
			s.MaxItems = new(int64)
		}
	}
	item.Nullable = item.Nullable && item.Type != ""
	s.Items = openapi.ListOf(item).Items
	if n.words["uniqueItems"] != true {
		return
	}
	if !item.Nullable && slices.Contains([]string{"string", "integer", "boolean"}, item.Type) {
		set := "set"
		s.XListType = &set
		return
	}
	t.lost(path, "uniqueItems")
}

// properties takes over what is said of an object, and adds what values.yaml has
// beyond that.
func (t *translator) properties(path string, s *apiextensionsv1.JSONSchemaProps, n node, value yamldoc.Map) {
	described, _ := n.words["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(described)) {
		i := slices.IndexFunc(value, func(e yamldoc.Entry) bool { return e.Key == key })
		var inner any
		if i >= 0 {
			inner = value[i].Value
		}
		property := t.value(yamldoc.Join(path, key), described[key], n.refs, inner, i >= 0)
		if property == nil {
			t.note(yamldoc.Join(path, key), "it must not be there: the API does not check it")
			continue
		}
		set(s, key, *property)
		if _, isMap := inner.(yamldoc.Map); isMap && len(property.Required) > 0 {
			s.Required = append(s.Required, key) // for values.yaml has the rest of it
		}
	}
	closed := t.additional(path, s, n)
	if !closed && s.AdditionalProperties == nil {
		open := true
		s.XPreserveUnknownFields = &open
		for key, property := range t.values.guessProperties(inValues(path), value) {
			if _, ok := described[key]; !ok && !strings.Contains(path, "[]") {
				set(s, key, property)
			}
		}
	}
	required(s, n, value)
}

func set(s *apiextensionsv1.JSONSchemaProps, key string, property apiextensionsv1.JSONSchemaProps) {
	if s.Properties == nil {
		s.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	s.Properties[key] = property
}

// additional takes over what is said of properties without a name, and tells
// whether there are none. Kubernetes has properties with names or without, and
// not both.
func (t *translator) additional(path string, s *apiextensionsv1.JSONSchemaProps, n node) (closed bool) {
	schema, closed := t.rest(path, n)
	switch {
	case closed || schema == nil:
		return closed
	case len(s.Properties) > 0:
		t.note(path, "additionalProperties: the API has properties with names here, so it does not check others")
		return false
	}
	if values := t.value(path+".*", schema, n.refs, nil, false); values != nil {
		s.AdditionalProperties = openapi.MapOf(values).AdditionalProperties
	}
	return false
}

// rest is the schema of the properties without a name; nil if they may be
// anything. Patterns of names are lost, so that what one of them allows is
// allowed to all.
func (t *translator) rest(path string, n node) (schema any, closed bool) {
	others, said := n.words["additionalProperties"]
	open := !said || others == true
	patterns, _ := n.words["patternProperties"].(map[string]any)
	var either []any
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		either = append(either, patterns[pattern])
	}
	if len(patterns) > 0 {
		t.lost(path, "patternProperties")
	}
	switch {
	case open:
		return nil, false
	case others == false && len(patterns) == 0:
		return nil, true
	case others != false:
		either = append(either, others)
	}
	if len(either) == 1 {
		return either[0], false
	}
	return map[string]any{"anyOf": either}, false
}

// required takes over what is required and is not in values.yaml.
func required(s *apiextensionsv1.JSONSchemaProps, n node, value yamldoc.Map) {
	s.MinProperties, s.MaxProperties = count(n.words["minProperties"]), count(n.words["maxProperties"])
	if len(value) > 0 {
		s.MinProperties = nil
	}
	words, _ := n.words["required"].([]any)
	for _, word := range words {
		key := fmt.Sprint(word)
		_, named := s.Properties[key]
		if value.Get(key) == nil && (named || s.AdditionalProperties != nil || s.XPreserveUnknownFields != nil) {
			s.Required = append(s.Required, key)
		}
	}
	slices.Sort(s.Required)
	s.Required = slices.Compact(s.Required)
}

// leftOver tells of the words of a schema that say something for which
// Kubernetes has no words. Those that JSON Schema does not know say nothing:
// charts have them for their documentation, or for a form.
func (t *translator) leftOver(path string, words map[string]any) {
	var lost []string
	for word := range strings.FieldsSeq("$dynamicRef $recursiveRef contains dependencies dependentRequired dependentSchemas " +
		"if then else not prefixItems propertyNames unevaluatedItems unevaluatedProperties") {
		if _, ok := words[word]; ok {
			lost = append(lost, word)
		}
	}
	t.lost(path, lost...)
}
