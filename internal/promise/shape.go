// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A misfit is a field of a decoded document that a Go type has no place for.
// A decoder stops at the first one; authors want all of them.
type misfit struct {
	field   string
	message string // without the field
	advice  string

	// Of a field that the type does not have:
	unknown bool
	object  map[string]any // where it is
	key     string
	known   []string // the fields that there are
}

// former says what a field of the first releases of Kratix is today; Promises
// in catalogues still have them.
func former(field string) string {
	switch field {
	case "spec.workerClusterResources":
		return "spec.dependencies"
	case "spec.clusterSelector", "spec.scheduling":
		return "spec.destinationSelectors: [{matchLabels: {...}}]"
	case "spec.xaasCrd":
		return "spec.api"
	case "spec.xaasRequestPipeline", "spec.pipelines":
		return "spec.workflows.resource.configure, a list of Pipelines"
	}
	return ""
}

func (m misfit) hint() string {
	if !m.unknown || m.advice != "" {
		return m.advice
	}
	if now := former(m.field); now != "" {
		return "a name of older releases of Kratix: it is now " + now
	}
	if hint := diag.DidYouMean(m.key, m.known); hint != "" {
		return hint
	}
	return "the fields here are " + strings.Join(m.known, ", ")
}

// misfits compares a decoded document with the type that it is read into, as
// encoding/json reads it: null fits everything, and the case of a field's name
// does not count.
func misfits(value any, t reflect.Type, field string) []misfit {
	return reading{}.misfits(value, t, field)
}

// prunedMisfits compares a document with the type of the same schema as a CRD,
// as the API server reads it: the case of a field's name counts, null in a list
// is no object, and null in a map is dropped, but for that of metadata.
func prunedMisfits(value any, t reflect.Type, field string) []misfit {
	return reading{bySchema: true}.misfits(value, t, field)
}

// A reading is the way in which somebody reads a document.
type reading struct{ bySchema bool }

func (r reading) misfits(value any, t reflect.Type, field string) []misfit {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if value == nil {
		return nil
	}
	if leaf, found := leafMisfits(value, t, field); leaf {
		return found
	}
	switch t.Kind() {
	case reflect.Struct:
		return r.structMisfits(value, t, field)
	case reflect.Map:
		return r.mapMisfits(value, t, field)
	case reflect.Slice:
		return r.listMisfits(value, t, field)
	default:
		return scalarMisfits(value, t, field)
	}
}

// leafMisfits handles types that decode themselves.
func leafMisfits(value any, t reflect.Type, field string) (leaf bool, found []misfit) {
	switch t {
	case reflect.TypeFor[runtime.RawExtension]():
		if _, ok := value.(map[string]any); !ok {
			return true, wrongType(value, "an object", field)
		}
		return true, nil
	case reflect.TypeFor[unstructured.Unstructured]():
		return true, objectMisfits(value, field)
	}
	target, ok := reflect.TypeAssert[json.Unmarshaler](reflect.New(t))
	if !ok {
		return false, nil
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = target.UnmarshalJSON(data)
	}
	if err != nil {
		return true, []misfit{{field: field, message: err.Error()}}
	}
	return true, nil
}

// objectMisfits is for embedded objects of any kind: Kratix' own decoder wants
// to know the kind.
func objectMisfits(value any, field string) []misfit {
	object, ok := value.(map[string]any)
	if !ok {
		return wrongType(value, "an object", field)
	}
	if kind, ok := object["kind"].(string); !ok || kind == "" {
		return []misfit{{field: field, message: "kind is missing"}}
	}
	return nil
}

func (r reading) structMisfits(value any, t reflect.Type, field string) []misfit {
	object, ok := value.(map[string]any)
	if !ok {
		return wrongType(value, "an object", field)
	}
	fields := jsonFields(t)
	var found []misfit
	for _, key := range slices.Sorted(maps.Keys(object)) {
		inner := yamldoc.Join(field, key)
		if ft, ok := r.fieldType(fields, key); ok {
			found = append(found, r.misfits(object[key], ft, inner)...)
			continue
		}
		found = append(found, misfit{
			field: inner, message: fmt.Sprintf("unknown field %q", key),
			unknown: true, object: object, key: key, known: slices.Sorted(maps.Keys(fields)),
		})
	}
	return found
}

// jsonFields maps the names of a struct's fields to their types, with those of
// embedded structs.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name == "" && f.Anonymous:
			maps.Copy(fields, jsonFields(f.Type))
		case name == "":
			fields[f.Name] = f.Type
		default:
			fields[name] = f.Type
		}
	}
	return fields
}

func (r reading) fieldType(fields map[string]reflect.Type, key string) (reflect.Type, bool) {
	if t, ok := fields[key]; ok {
		return t, true
	}
	if r.bySchema {
		return nil, false
	}
	for name, t := range fields {
		if strings.EqualFold(name, key) {
			return t, true
		}
	}
	return nil, false
}

func (r reading) mapMisfits(value any, t reflect.Type, field string) []misfit {
	object, ok := value.(map[string]any)
	if !ok {
		return wrongType(value, "an object", field)
	}
	var found []misfit
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if inner := yamldoc.Join(field, key); r.bySchema && object[key] == nil && strings.HasPrefix(field, "spec.") {
			found = append(found, misfit{
				field: inner, message: fmt.Sprintf("%q is null", key),
				unknown: true, object: object, key: key, advice: "give it a value, or remove it",
			})
		} else {
			found = append(found, r.misfits(object[key], t.Elem(), inner)...)
		}
	}
	return found
}

func (r reading) listMisfits(value any, t reflect.Type, field string) []misfit {
	if t.Elem().Kind() == reflect.Uint8 {
		return scalarMisfits(value, reflect.TypeFor[string](), field)
	}
	list, ok := value.([]any)
	if !ok {
		return wrongType(value, "a list", field)
	}
	var found []misfit
	for i, item := range list {
		if inner := yamldoc.Index(field, i); r.bySchema && item == nil && t.Elem().Kind() == reflect.Struct {
			found = append(found, wrongType(item, "an object", inner)...)
		} else {
			found = append(found, r.misfits(item, t.Elem(), inner)...)
		}
	}
	return found
}

func scalarMisfits(value any, t reflect.Type, field string) []misfit {
	switch t.Kind() {
	case reflect.String:
		if _, ok := value.(string); !ok {
			return notText(value, field)
		}
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			return wrongType(value, "true or false", field)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		if n, ok := value.(int64); !ok || t.Kind() == reflect.Int32 && (n < math.MinInt32 || n > math.MaxInt32) {
			return wrongType(value, "an integer", field)
		}
	}
	return nil
}

// notText is for what YAML takes for something else than its author: n, on and
// 1.0 are no strings.
func notText(value any, field string) []misfit {
	found := wrongType(value, "a string", field)
	switch value.(type) {
	case map[string]any, []any:
	default:
		found[0].advice = "put it in quotes"
	}
	return found
}

func wrongType(value any, want, field string) []misfit {
	return []misfit{{field: field, message: fmt.Sprintf("want %s, not %s", want, diag.Describe(value))}}
}
