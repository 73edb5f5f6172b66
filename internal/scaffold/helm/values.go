// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// chartValues is values.yaml with what its comments tell.
type chartValues struct {
	doc    *yamldoc.Document
	root   yamldoc.Map
	lines  []string
	params map[string]string // of comments that name the value, as Bitnami's do

	patterns *patterns
}

func newValues(doc *yamldoc.Document, root yamldoc.Map, data []byte) *chartValues {
	text := strings.TrimPrefix(string(data), "\ufeff")
	v := &chartValues{doc: doc, root: root, lines: strings.Split(text, "\n"), params: map[string]string{}, patterns: newPatterns()}
	for _, line := range v.lines {
		if m := v.patterns.param.FindStringSubmatch(line); m != nil {
			v.params[m[1]] = strings.TrimSpace(m[2])
		}
	}
	return v
}

// guess makes a schema that takes the value at a path, and others like it.
func (v *chartValues) guess(path string, value any) *apiextensionsv1.JSONSchemaProps {
	switch value := value.(type) {
	case string:
		return &apiextensionsv1.JSONSchemaProps{Type: "string"}
	case bool:
		return &apiextensionsv1.JSONSchemaProps{Type: "boolean"}
	case int64:
		if v.hasPoint(path) {
			return &apiextensionsv1.JSONSchemaProps{Type: "number"}
		}
		return &apiextensionsv1.JSONSchemaProps{Type: "integer"}
	case float64:
		return &apiextensionsv1.JSONSchemaProps{Type: "number"}
	case []any:
		return openapi.ListOf(v.guessItems(path, value))
	case yamldoc.Map:
		s := openapi.OpenObject()
		s.Properties = v.guessProperties(path, value)
		return s
	default:
		return anything()
	}
}

// anything is the schema of any value, null too.
func anything() *apiextensionsv1.JSONSchemaProps {
	s := openapi.Open()
	s.Nullable = true
	return s
}

// hasPoint tells a whole number that is written with a point, as 1.0.
func (v *chartValues) hasPoint(path string) bool {
	at, ok := v.doc.Position(path)
	return ok && at.Line <= len(v.lines) && v.patterns.point.MatchString(v.lines[at.Line-1])
}

func (v *chartValues) guessProperties(path string, value yamldoc.Map) map[string]apiextensionsv1.JSONSchemaProps {
	if len(value) == 0 {
		return nil
	}
	properties := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, e := range value {
		at := yamldoc.Join(path, e.Key)
		s := v.guess(at, e.Value)
		s.Description = v.described(at, e.Key, e.Value, "")
		properties[e.Key] = *s
	}
	return properties
}

// guessItems makes a schema that takes all items of a list.
func (v *chartValues) guessItems(path string, list []any) *apiextensionsv1.JSONSchemaProps {
	var items *apiextensionsv1.JSONSchemaProps
	for i, item := range list {
		s := v.guess(yamldoc.Index(path, i), item)
		if items != nil {
			s = either(items, s)
		}
		items = s
	}
	if items == nil {
		return openapi.Open()
	}
	return items
}

// either makes a schema that takes what one of two takes.
func either(a, b *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	types := map[string]bool{kindOf(a): true, kindOf(b): true}
	switch {
	case len(types) == 1 && a.Type == "object":
		for key, property := range b.Properties {
			if other, ok := a.Properties[key]; ok {
				property = *either(&other, &property)
			}
			if a.Properties == nil {
				a.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
			}
			a.Properties[key] = property
		}
		return a
	case len(types) == 1 && a.Type == "array":
		return openapi.ListOf(either(a.Items.Schema, b.Items.Schema))
	case len(types) == 1:
		return a
	case types["integer"] && types["number"]:
		return &apiextensionsv1.JSONSchemaProps{Type: "number", Description: a.Description}
	case isIntOrString(types):
		return &apiextensionsv1.JSONSchemaProps{XIntOrString: true, Description: a.Description}
	default:
		s := anything()
		s.Description = a.Description
		return s
	}
}

// isIntOrString tells that there is no other type than whole numbers and texts.
func isIntOrString(types map[string]bool) bool {
	for typ := range types {
		if typ != "integer" && typ != "string" && typ != "int-or-string" {
			return false
		}
	}
	return true
}

func kindOf(s *apiextensionsv1.JSONSchemaProps) string {
	if s.XIntOrString {
		return "int-or-string"
	}
	return s.Type
}
