// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"maps"
	"regexp"
	"slices"
	"strconv"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// How much is tried until an API admits an example: how many properties an
// object gets at once, and how often the API is asked.
const (
	maxFilled = 8
	maxTries  = 100
)

// fill adds what is optional to those objects of an example that the API
// refuses, where that helps. Rules in CEL want more than the other words of a
// schema do: one of two properties, or both of them.
func fill(crd *promise.CRD, example map[string]any, root *apiextensionsv1.JSONSchemaProps) {
	f := filler{crd: crd, example: example, tries: maxTries}
	for _, refused := range f.refused() {
		if object, schema := objectAt(example, root, refused.Field); object != nil {
			f.fill(object, schema)
		}
	}
}

type filler struct {
	crd     *promise.CRD
	example map[string]any
	tries   int // that are left
}

func (f *filler) refused() []diag.Finding {
	f.tries--
	_, err := f.crd.Admit(f.example)
	return diag.Findings(err)
}

// fill adds the first properties to an object that leave less to refuse.
func (f *filler) fill(object map[string]any, schema *apiextensionsv1.JSONSchemaProps) {
	before := len(f.refused())
	for _, keys := range additions(object, schema) {
		if f.tries <= 0 {
			return
		}
		for _, key := range keys {
			property := schema.Properties[key]
			object[key] = exampleOf(&property)
		}
		if len(f.refused()) < before {
			return
		}
		for _, key := range keys {
			delete(object, key)
		}
	}
}

// additions are the properties that an object does not have: each alone, and all
// of them if they are few.
func additions(object map[string]any, schema *apiextensionsv1.JSONSchemaProps) [][]string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(schema.Properties)) {
		if _, ok := object[key]; !ok {
			all = append(all, key)
		}
	}
	var each [][]string
	for _, key := range all {
		each = append(each, []string{key})
	}
	if len(all) > maxFilled {
		return each
	}
	return append(each, all)
}

// objectAt finds the object at a field below an example, and its schema; nil if
// something else is there.
func objectAt(example map[string]any, root *apiextensionsv1.JSONSchemaProps, field string) (map[string]any, *apiextensionsv1.JSONSchemaProps) {
	steps := regexp.MustCompile(`[^.\[\]]+`).FindAllString(field, -1)
	if len(steps) == 0 {
		return nil, nil
	}
	var value any = example
	schema := root
	for _, step := range steps {
		if value, schema = inside(value, schema, step); schema == nil {
			return nil, nil
		}
	}
	object, _ := value.(map[string]any)
	return object, schema
}

// inside steps into an object or a list. The schema is nil where there is none.
func inside(value any, schema *apiextensionsv1.JSONSchemaProps, step string) (any, *apiextensionsv1.JSONSchemaProps) {
	switch v := value.(type) {
	case map[string]any:
		if property, ok := schema.Properties[step]; ok {
			return v[step], &property
		}
		if schema.AdditionalProperties != nil {
			return v[step], schema.AdditionalProperties.Schema
		}
	case []any:
		if i, err := strconv.Atoi(step); err == nil && i < len(v) && schema.Items != nil {
			return v[i], schema.Items.Schema
		}
	}
	return nil, nil
}
