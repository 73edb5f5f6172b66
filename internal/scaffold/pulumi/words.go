// SPDX-License-Identifier: Apache-2.0

package pulumi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
)

// enumValues are the values of an enum, which are plain or have a name and a
// description.
func enumValues(words map[string]any) []any {
	list, _ := words["enum"].([]any)
	var values []any
	for _, v := range list {
		if named, ok := v.(map[string]any); ok {
			v = named["value"]
		}
		values = append(values, v)
	}
	if constant, ok := words["const"]; ok && constant != nil {
		values = []any{constant}
	}
	return values
}

// enum takes over the values that are allowed, as far as they are of the type.
func (t *translator) enum(path string, s *schema, words map[string]any) {
	values := enumValues(words)
	if len(values) == 0 {
		return
	}
	var enum []apiextensionsv1.JSON
	for _, v := range values {
		switch {
		case !hasType(v, s):
			t.warn(path, "the value %s is not of its type: the API does not know it", shown(v))
		case !contains(enum, openapi.Value(v)):
			enum = append(enum, openapi.Value(v))
		}
	}
	s.Enum = enum
}

func contains(enum []apiextensionsv1.JSON, value apiextensionsv1.JSON) bool {
	return slices.ContainsFunc(enum, func(v apiextensionsv1.JSON) bool { return string(v.Raw) == string(value.Raw) })
}

// hasType tells whether a plain value is of the type of a schema.
func hasType(value any, s *schema) bool {
	switch is := openapi.TypeOf(value); {
	case !plain(value):
		return false
	case s.XIntOrString:
		return is == "integer" || is == "string"
	default:
		return s.Type == "" || is == s.Type || is == "integer" && s.Type == "number"
	}
}

// plain tells whether a value is a text, a number or a boolean.
func plain(value any) bool {
	return !slices.Contains([]string{"null", "array", "object"}, openapi.TypeOf(value))
}

func shown(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}

// describe gives the description of a property, or else that of its type, with
// what else a user has to know.
func (t *translator) describe(path string, s *schema, words map[string]any) {
	var parts []string
	said, _ := words["description"].(string)
	if said = text(said); said != "" {
		parts = append(parts, said)
	}
	if ofType := s.Description; ofType != "" && ofType != said && (said == "" || s.Type != "object") {
		parts = append(parts, ofType) // it tells of values
	}
	parts = append(parts, enumDescriptions(words)...)
	if said, _ := words["deprecationMessage"].(string); text(said) != "" {
		parts = append(parts, "Deprecated: "+text(said))
	}
	s.Description = strings.Join(parts, "\n")
	info, _ := words["defaultInfo"].(map[string]any)
	if variables, _ := info["environment"].([]any); len(variables) > 0 {
		t.note(path, "Pulumi takes its default from the environment: %s", list(variables))
	}
}

func list(values []any) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, fmt.Sprint(v))
	}
	return strings.Join(texts, ", ")
}

// text is a description without the examples in the languages of Pulumi.
func text(description string) string {
	before, _, _ := strings.Cut(description, "{{% examples %}}")
	return strings.TrimSpace(before)
}

// enumDescriptions tells what the values of an enum mean, one a line.
func enumDescriptions(words map[string]any) []string {
	list, _ := words["enum"].([]any)
	var lines []string
	for _, v := range list {
		named, _ := v.(map[string]any)
		said, _ := named["description"].(string)
		if deprecated, _ := named["deprecationMessage"].(string); deprecated != "" {
			said = strings.TrimSpace(said + " Deprecated: " + deprecated)
		}
		if said != "" {
			lines = append(lines, fmt.Sprintf("%v: %s", named["value"], strings.Join(strings.Fields(said), " ")))
		}
	}
	return lines
}

// secret tells of a value that somebody should not read.
func (t *translator) secret(path string, s *schema, words map[string]any) {
	if words["secret"] != true {
		return
	}
	t.note(path, "it is secret, and whoever may read requests can read it")
	if s.Type == "string" {
		s.Format = "password"
	}
}

// setDefault takes over the default, or the one value that there is, if the API
// can hold it. Pulumi has plain values as defaults.
func (t *translator) setDefault(path string, s *schema, words map[string]any) {
	value := words["default"]
	if constant, ok := words["const"]; ok && value == nil {
		value = constant
	}
	if value == nil {
		return
	}
	if !plain(value) {
		t.warn(path, "its default %s is left out: it is no text, number or boolean", shown(value))
		return
	}
	taken := openapi.Value(value)
	if err := openapi.Accepts(s, taken); err != nil {
		t.warn(path, "its default %s is left out: %v", shown(value), err)
		return
	}
	s.Default = &taken
}

// misshapen tells of words whose values are not what they should be, and which
// are passed over for that.
func (t *translator) misshapen(path string, words map[string]any) {
	object, isList, isText := map[string]any(nil), []any(nil), ""
	for _, want := range []struct {
		word, what string
		like       any
	}{
		{"$ref", "a string", isText},
		{"description", "a string", isText},
		{"deprecationMessage", "a string", isText},
		{"properties", "an object", object},
		{"discriminator", "an object", object},
		{"defaultInfo", "an object", object},
		{"oneOf", "a list", isList},
		{"anyOf", "a list", isList},
		{"enum", "a list", isList},
		{"required", "a list", isList},
	} {
		value := words[want.word]
		if value != nil && reflect.TypeOf(value) != reflect.TypeOf(want.like) {
			t.warn(path, "%s should be %s, and is %s: the API takes no notice of it", want.word, want.what, diag.Describe(value))
		}
	}
}

// leftOver tells of words that say something of the value and are not Pulumi's.
func (t *translator) leftOver(path string, words map[string]any) {
	var lost []string
	for word := range words {
		known := slices.Contains(strings.Fields("$ref type oneOf anyOf discriminator items properties required additionalProperties "+
			"enum const default defaultInfo description deprecationMessage secret plain language replaceOnChanges willReplaceOnChanges "+
			"name isOverlay overlaySupportedLanguages"), word)
		if !known && !strings.HasPrefix(word, "x-") {
			lost = append(lost, word)
		}
	}
	if slices.Sort(lost); len(lost) > 0 {
		t.warn(path, "the API does not check %s", strings.Join(lost, ", "))
	}
}
