// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// example makes a request of an API: the smallest that it admits, and what
// becomes of it there. What only a human can fill in, such as what a CEL rule
// wants, is told.
func example(crd *promise.CRD, version, name string, root *apiextensionsv1.JSONSchemaProps) (yamldoc.Map, map[string]any, []diag.Finding) {
	object := yamldoc.Map{
		{Key: "apiVersion", Value: crd.APIVersion(version)},
		{Key: "kind", Value: crd.Kind},
		{Key: "metadata", Value: map[string]any{"name": name, "namespace": "default"}},
	}
	whole, _ := exampleOf(root).(map[string]any)
	if spec, ok := root.Properties["spec"]; ok && whole["spec"] == nil {
		if whole["spec"] = exampleOf(&spec); whole["spec"] == nil {
			whole["spec"] = map[string]any{}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(whole)) {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "status"}, key) {
			object = append(object, yamldoc.Entry{Key: key, Value: whole[key]})
		}
	}
	fill(crd, plain(object), root)
	admitted, err := crd.Admit(plain(object))
	var findings []diag.Finding
	for _, f := range diag.Findings(err) {
		f.Severity, f.File = diag.SeverityWarning, exampleFile
		f.Message += ": this value cannot be found out from the schema alone"
		f.Hint = "write a value into " + exampleFile + " that the API accepts"
		findings = append(findings, f)
	}
	return object, admitted, findings
}

// plain is an object as it is decoded.
func plain(object yamldoc.Map) map[string]any {
	value := map[string]any{}
	for _, e := range object {
		value[e.Key] = e.Value
	}
	return value
}

// exampleOf makes a value that a schema accepts, as small as possible. What has
// a default is left to it.
func exampleOf(s *apiextensionsv1.JSONSchemaProps) any {
	switch {
	case len(s.Enum) > 0:
		return decoded(s.Enum[0])
	case s.Type == "object" && s.XEmbeddedResource:
		return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "example"}}
	case s.Type == "object":
		return exampleObject(s)
	case s.Type == "array":
		return exampleList(s)
	case s.Type == "integer", s.XIntOrString:
		return int64(math.Ceil(exampleNumber(s, 1)))
	case s.Type == "number":
		return exampleNumber(s, 0.5)
	case s.Type == "boolean":
		return false
	case s.Type == "string":
		return exampleString(s)
	default:
		return map[string]any{}
	}
}

func decoded(value apiextensionsv1.JSON) any {
	var v any
	if err := kjson.Unmarshal(value.Raw, &v); err != nil {
		return nil
	}
	return v
}

// exampleObject has what is required and has no default.
func exampleObject(s *apiextensionsv1.JSONSchemaProps) any {
	object := map[string]any{}
	for _, key := range required(s) {
		property, ok := s.Properties[key]
		switch {
		case ok && property.Default != nil:
		case ok:
			object[key] = exampleOf(&property)
		case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
			object[key] = exampleOf(s.AdditionalProperties.Schema)
		default:
			object[key] = "example"
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		if property := s.Properties[key]; s.MinProperties != nil && int64(len(object)) < *s.MinProperties && object[key] == nil {
			object[key] = exampleOf(&property)
		}
	}
	if values := s.AdditionalProperties; values != nil && values.Schema != nil && s.MinProperties != nil {
		for n := 1; int64(len(object)) < min(*s.MinProperties, maxExampleItems); n++ {
			object[fmt.Sprintf("example-%d", n)] = exampleOf(values.Schema)
		}
	}
	return object
}

// required lists what a schema requires, and the first of its alternatives.
func required(s *apiextensionsv1.JSONSchemaProps) []string {
	keys := slices.Clone(s.Required)
	for _, all := range s.AllOf {
		keys = append(keys, required(&all)...)
	}
	for _, alternatives := range [][]apiextensionsv1.JSONSchemaProps{s.AnyOf, s.OneOf} {
		if len(alternatives) > 0 {
			keys = append(keys, required(&alternatives[0])...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func exampleList(s *apiextensionsv1.JSONSchemaProps) any {
	list := []any{}
	if s.Items == nil || s.Items.Schema == nil || s.MinItems == nil {
		return list
	}
	for n := 0; int64(n) < min(*s.MinItems, maxExampleItems); n++ {
		item := exampleOf(s.Items.Schema)
		switch kind := s.XListType; {
		case kind != nil && *kind == "set":
			item = another(s.Items.Schema, item, n)
		case kind != nil && *kind == "map":
			item = anotherKey(s, item, n)
		}
		list = append(list, item)
	}
	return list
}

// another gives the nth of values that differ, the first of which is the example,
// as far as the schema allows.
func another(s *apiextensionsv1.JSONSchemaProps, example any, n int) any {
	if n == 0 {
		return example
	}
	if len(s.Enum) > 0 {
		return decoded(s.Enum[n%len(s.Enum)])
	}
	switch value := example.(type) {
	case string:
		text := fmt.Sprintf("%s-%d", value, n+1)
		if fits(s, text) {
			return text
		}
	case int64:
		return value + int64(n)
	case float64:
		return value + float64(n)
	}
	return example
}

// fits tells whether a text made of an example is one, too.
func fits(s *apiextensionsv1.JSONSchemaProps, text string) bool {
	matches, err := regexp.MatchString(s.Pattern, text)
	return err == nil && matches && s.Format == "" && (s.MaxLength == nil || int64(len(text)) <= *s.MaxLength)
}

// anotherKey makes the key of an item differ from those of the items before it.
func anotherKey(s *apiextensionsv1.JSONSchemaProps, item any, n int) any {
	object, ok := item.(map[string]any)
	if !ok || len(s.XListMapKeys) == 0 {
		return item
	}
	key := s.XListMapKeys[0]
	property := s.Items.Schema.Properties[key]
	if object[key] == nil {
		object[key] = exampleOf(&property)
	}
	object[key] = another(&property, object[key], n)
	return object
}

// exampleNumber is wanted, or the next one that is within the limits.
func exampleNumber(s *apiextensionsv1.JSONSchemaProps, wanted float64) float64 {
	if s.Type == "integer" {
		wanted = math.Ceil(wanted)
	}
	if low := s.Minimum; low != nil && wanted <= *low {
		wanted = *low
		if s.ExclusiveMinimum {
			wanted++
		}
	}
	if high := s.Maximum; high != nil && wanted >= *high {
		wanted = *high
		if s.ExclusiveMaximum {
			wanted--
		}
	}
	if step := s.MultipleOf; step != nil && *step > 0 {
		wanted = math.Ceil(wanted / *step) * *step
	}
	return wanted
}

func exampleString(s *apiextensionsv1.JSONSchemaProps) string {
	if text, ok := exampleFormats()[strings.ReplaceAll(s.Format, "-", "")]; ok {
		return text
	}
	texts := []string{"example", "example.com", "1Gi", "v1.0.0", "1h", "example.com/example", "10.0.0.0/8", "https://example.com"}
	if s.Pattern != "" {
		if parsed, err := syntax.Parse(s.Pattern, syntax.Perl); err == nil {
			texts = append(texts, matching(parsed.Simplify()))
		}
	}
	for _, text := range texts {
		if s.MinLength != nil && int64(len(text)) < *s.MinLength && *s.MinLength < maxExample {
			text += strings.Repeat("e", int(*s.MinLength)-len(text))
		}
		if s.MaxLength != nil && int64(len(text)) > *s.MaxLength && *s.MaxLength >= 0 {
			text = text[:*s.MaxLength]
		}
		if ok, err := regexp.MatchString(s.Pattern, text); ok && err == nil {
			return text
		}
	}
	return "example"
}

// How long a text and a list may be that nobody reads.
const (
	maxExample      = 4096
	maxExampleItems = 64
)

func exampleFormats() map[string]string {
	return map[string]string{
		"datetime": "2026-01-01T00:00:00Z", "date": "2026-01-01", "duration": "1h", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
		"cidr": "192.0.2.0/24", "uuid": "123e4567-e89b-42d3-a456-426614174000", "uuid4": "123e4567-e89b-42d3-a456-426614174000",
		"email": "user@example.com", "hostname": "example.com", "uri": "https://example.com", "mac": "00:00:5e:00:53:01", "byte": "ZXhhbXBsZQ==",
	}
}

// matching writes a short text that a regular expression matches.
func matching(e *syntax.Regexp) string {
	switch e.Op {
	case syntax.OpLiteral:
		return string(e.Rune)
	case syntax.OpCharClass:
		return string(nicest(e.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "e"
	case syntax.OpCapture, syntax.OpPlus:
		return matching(e.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(matching(e.Sub[0]), min(e.Min, maxExample))
	case syntax.OpConcat:
		var out strings.Builder
		for _, sub := range e.Sub {
			out.WriteString(matching(sub))
		}
		return out.String()
	case syntax.OpAlternate:
		return matching(e.Sub[0])
	default: // what may be absent, and what matches no text
		return ""
	}
}

// nicest picks a character of a class that is given as ranges.
func nicest(ranges []rune) rune {
	for _, r := range "ea1A-" {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= r && r <= ranges[i+1] {
				return r
			}
		}
	}
	if len(ranges) == 0 {
		return 'e'
	}
	return ranges[0]
}
