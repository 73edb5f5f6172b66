// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/helm"
)

// apiOf is the API of a chart, if the API server accepts it.
func apiOf(values, schema []byte) (*promise.CRD, error) {
	content, _, err := helm.Content(helm.Options{URL: "oci://acme.org/a"}, values, schema)
	if err != nil {
		return nil, err
	}
	files, _, err := scaffold.Translate(scaffold.PromiseOptions{Name: "a", Group: "acme.org", Kind: "A"}, content)
	if err != nil {
		return nil, err
	}
	p, err := promise.Parse("promise.yaml", files[0].Data)
	if err != nil {
		return nil, err
	}
	return p.CRD()
}

// admits checks that an API takes a spec as it is, and loses nothing of it.
func admits(t *testing.T, crd *promise.CRD, spec any) {
	t.Helper()
	request := map[string]any{
		"apiVersion": "acme.org/v1alpha1", "kind": "A", "metadata": map[string]any{"name": "a", "namespace": "default"}, "spec": spec,
	}
	admitted, err := crd.Admit(request)
	if err != nil {
		t.Errorf("%s: %v", marshal(t, spec), err)
		return
	}
	if diff := cmp.Diff(spec, admitted["spec"]); diff != "" {
		t.Errorf("the API drops values (-want +got):\n%s", diff)
	}
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// normal is a value as it is read: whole numbers are int64.
func normal(t *testing.T, value any) any {
	t.Helper()
	var v any
	if err := kjson.Unmarshal(marshal(t, value), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Whatever a chart says of its values, the API server accepts the schema. Seeds
// are those of generated schemas, of which many make no sense.
func FuzzSchema(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := generator{rand.New(rand.NewPCG(seed, seed))}
		schema := marshal(t, map[string]any{"properties": map[string]any{"a": g.schema(3), "b": g.schema(3)}, "required": g.list("a", "b")})
		values := marshal(t, map[string]any{"b": g.value(3)})
		if _, err := apiOf(values, schema); err != nil {
			t.Errorf("%v\n%s\n%s", err, values, schema)
		}
	})
}

// A request for what values.yaml has is valid where there is no schema.
func FuzzValues(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := generator{rand.New(rand.NewPCG(seed, seed))}
		values := map[string]any{"a": g.value(3), "b.c": g.value(3), "d": g.value(2)}
		crd, err := apiOf(marshal(t, values), nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, marshal(t, values))
		}
		admits(t, crd, normal(t, values))
	})
}

// The API never refuses what the chart accepts: where it cannot say the same, it
// says less.
func FuzzAPIAcceptsWhatTheChartAccepts(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := generator{rand.New(rand.NewPCG(seed, seed))}
		schema := map[string]any{"type": "object", "properties": map[string]any{"a": g.schema(3), "b": g.schema(2)}}
		judge := judge{root: normal(t, schema)}
		crd, err := apiOf(nil, marshal(t, schema))
		if err != nil {
			t.Fatalf("%v\n%s", err, marshal(t, schema))
		}
		for range 40 {
			spec := normal(t, map[string]any{"a": g.value(3), "b": g.value(2)})
			if judge.accepts(judge.root, spec, 0) {
				admits(t, crd, spec)
			}
		}
		if t.Failed() {
			t.Logf("%s", marshal(t, schema))
		}
	})
}

// A real API server has the last word on both properties.
func TestAPIServerAcceptsWhatTheChartAccepts(t *testing.T) {
	t.Parallel()
	cluster := server.Server(t)
	var apis, requests []*unstructured.Unstructured
	for seed := range uint64(16) {
		g, kind := generator{rand.New(rand.NewPCG(seed, 1))}, fmt.Sprintf("Chart%d", seed)
		level := map[string]any{"enum": []any{"low", "high", nil}}
		schema := map[string]any{"type": "object", "properties": map[string]any{"a": g.schema(2), "b": g.schema(2), "level": level}}
		o := scaffold.PromiseOptions{Name: "generated", Group: "generated.acme.org", Kind: kind}
		files, _ := made(t, o, nil, marshal(t, schema))
		p, err := promise.Parse(files[0].Path, files[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		definition, _, err := unstructured.NestedMap(p.Object(), "spec", "api")
		if err != nil {
			t.Fatal(err)
		}
		apis = append(apis, &unstructured.Unstructured{Object: definition})
		judge := judge{root: normal(t, schema)}
		for n := range 40 {
			spec := normal(t, map[string]any{"a": g.value(2), "b": g.value(2), "level": nil})
			if judge.accepts(judge.root, spec, 0) {
				requests = append(requests, &unstructured.Unstructured{Object: map[string]any{
					"apiVersion": "generated.acme.org/v1alpha1", "kind": kind, "spec": spec,
					"metadata": map[string]any{"name": fmt.Sprintf("a%d", n), "namespace": "default"},
				}})
			}
		}
	}
	if err := cluster.Create(t.Context(), apis...); err != nil {
		t.Fatal(err)
	}
	if len(requests) == 0 {
		t.Fatal("no request was generated")
	}
	if err := cluster.Create(t.Context(), requests...); err != nil {
		t.Fatal(err)
	}
}

// A judge says what JSON Schema says of a value, as plainly as that can be
// written, with one thing that it does not say and its users mean: what is said
// of objects, lists, texts or numbers is said of something that is one.
type judge struct{ root any }

func (j judge) accepts(schema, value any, depth int) bool {
	s, ok := schema.(map[string]any)
	switch {
	case schema == false || depth > 20:
		return false // a schema that is only itself means nothing
	case !ok:
		return true
	}
	if ref, ok := s["$ref"].(string); ok {
		target, ok := j.target(ref)
		if ok && !j.accepts(target, value, depth+1) {
			return false
		}
	}
	accepts := func(other any) bool { return j.accepts(other, value, depth+1) }
	if all, ok := s["allOf"].([]any); ok && !every(all, accepts) {
		return false
	}
	if some, ok := s["anyOf"].([]any); ok && !slices.ContainsFunc(some, accepts) {
		return false
	}
	if one, ok := s["oneOf"].([]any); ok && count(one, accepts) != 1 {
		return false
	}
	if values, ok := s["enum"].([]any); ok && !slices.ContainsFunc(values, func(v any) bool { return reflect.DeepEqual(v, value) }) {
		return false
	}
	if only, ok := s["const"]; ok && !reflect.DeepEqual(only, value) {
		return false
	}
	types := s["type"]
	if types == nil {
		types = meant(s)
	}
	return isOfType(types, value) && j.acceptsParts(s, value, depth) && withinLimits(s, value)
}

func (j judge) target(ref string) (any, bool) {
	root, _ := j.root.(map[string]any)
	properties, _ := root["properties"].(map[string]any)
	if ref == "#" {
		return root, true
	}
	target, ok := properties[strings.TrimPrefix(ref, "#/properties/")]
	return target, ok
}

// acceptsParts judges the properties of an object or the items of a list.
func (j judge) acceptsParts(s map[string]any, value any, depth int) bool {
	switch v := value.(type) {
	case []any:
		items, tuple := s["items"].([]any)
		for i, item := range v {
			switch {
			case tuple && i < len(items) && !j.accepts(items[i], item, depth+1):
				return false
			case !tuple && s["items"] != nil && !j.accepts(s["items"], item, depth+1):
				return false
			}
		}
		return true
	case map[string]any:
		required, _ := s["required"].([]any)
		return every(required, func(name any) bool { return v[name.(string)] != nil }) && //nolint:forcetypeassert // generated
			every(slices.Collect(maps.Keys(v)), func(name string) bool { return j.acceptsProperty(s, name, v[name], depth) })
	default:
		return true
	}
}

func (j judge) acceptsProperty(s map[string]any, name string, value any, depth int) bool {
	described := false
	properties, _ := s["properties"].(map[string]any)
	patterns, _ := s["patternProperties"].(map[string]any)
	if schema, ok := properties[name]; ok {
		described = true
		if !j.accepts(schema, value, depth+1) {
			return false
		}
	}
	for pattern, schema := range patterns {
		if regexp.MustCompile(pattern).MatchString(name) {
			described = true
			if !j.accepts(schema, value, depth+1) {
				return false
			}
		}
	}
	return described || s["additionalProperties"] == nil || j.accepts(s["additionalProperties"], value, depth+1)
}

// meant is the type that a schema without one is about.
func meant(s map[string]any) any {
	for _, about := range [][]string{
		{"object", "properties", "patternProperties", "additionalProperties", "required", "minProperties", "maxProperties"},
		{"array", "items", "minItems", "maxItems", "uniqueItems"},
		{"string", "pattern", "minLength", "maxLength"},
		{"number", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
	} {
		values := s["enum"] != nil || s["const"] != nil
		if !values && slices.ContainsFunc(about[1:], func(word string) bool { return s[word] != nil }) {
			return about[0]
		}
	}
	return nil
}

func isOfType(types, value any) bool {
	switch t := types.(type) {
	case string:
		return slices.Contains(typesOf(value), t)
	case []any:
		return slices.ContainsFunc(t, func(typ any) bool { return isOfType(typ, value) })
	default:
		return true
	}
}

func typesOf(value any) []string {
	switch v := value.(type) {
	case nil:
		return []string{"null"}
	case bool:
		return []string{"boolean"}
	case string:
		return []string{"string"}
	case int64:
		return []string{"integer", "number"}
	case float64:
		if v == math.Trunc(v) {
			return []string{"integer", "number"}
		}
		return []string{"number"}
	case []any:
		return []string{"array"}
	default:
		return []string{"object"}
	}
}

func withinLimits(s map[string]any, value any) bool {
	var size float64
	var kind string
	switch v := value.(type) {
	case int64:
		size = float64(v)
	case float64:
		size = v
	case string:
		size, kind = float64(len(v)), "Length"
	case []any:
		size, kind = float64(len(v)), "Items"
	case map[string]any:
		size, kind = float64(len(v)), "Properties"
	default:
		return true
	}
	names := []string{"min" + kind, "max" + kind}
	if kind == "" {
		names = []string{"minimum", "maximum"}
		if low := numberOf(s["exclusiveMinimum"]); low != nil && size <= *low {
			return false
		}
		if high := numberOf(s["exclusiveMaximum"]); high != nil && size >= *high {
			return false
		}
		if step := numberOf(s["multipleOf"]); step != nil && *step > 0 && math.Mod(size, *step) != 0 {
			return false
		}
	}
	low, high := numberOf(s[names[0]]), numberOf(s[names[1]])
	if pattern, ok := s["pattern"].(string); ok && kind == "Length" {
		if e, err := regexp.Compile(pattern); err == nil && !e.MatchString(value.(string)) { //nolint:forcetypeassert // its size is a length
			return false
		}
	}
	return (low == nil || size >= *low) && (high == nil || size <= *high)
}

func numberOf(value any) *float64 {
	switch v := value.(type) {
	case int64:
		f := float64(v)
		return &f
	case float64:
		return &v
	}
	return nil
}

func every[T any](list []T, ok func(T) bool) bool { return count(list, ok) == len(list) }

func count[T any](list []T, ok func(T) bool) int {
	n := 0
	for _, v := range list {
		if ok(v) {
			n++
		}
	}
	return n
}

// A generator makes schemas and values by chance.
type generator struct{ *rand.Rand }

func (g generator) schema(depth int) any {
	if depth == 0 {
		return g.pick(true, false, map[string]any{}, map[string]any{"type": "string"}, map[string]any{"$ref": "#/properties/a"})
	}
	s := map[string]any{}
	for range g.IntN(5) {
		switch word := g.word("type", "anyOf", "allOf", "oneOf", "properties", "items", "additionalProperties", "patternProperties", "number", "text", "flag", "enum", "const", "required", "$ref"); word {
		case "type":
			s[word] = g.pick("object", "array", "string", "integer", "number", "boolean", "null", g.list("string", "null", "integer"), g.list("object", "array"), "nonsense")
		case "anyOf", "allOf", "oneOf":
			s[word] = []any{g.schema(depth - 1), g.schema(depth - 1)}
		case "properties":
			s[word] = map[string]any{"a": g.schema(depth - 1), "b.c": g.schema(depth - 1), "": g.schema(depth - 1)}
		case "items":
			s[word] = g.pick(g.schema(depth-1), []any{g.schema(depth - 1)})
		case "additionalProperties":
			s[word] = g.schema(depth - 1)
		case "patternProperties":
			s[word] = map[string]any{"^a": g.schema(depth - 1), "c$": g.schema(depth - 1)}
		case "number":
			s[g.word("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")] = g.pick(0, 1, 2, 1.5, -1, true, "x")
		case "text":
			s[g.word("pattern", "format", "description", "title", "not", "if")] = g.pick("^a+$", "(", "date-time", "duration", "x\ny: z", 1)
		case "flag":
			s[g.word("uniqueItems", "deprecated", "readOnly", "exclusiveMinimum")] = g.pick(true, false)
		case "enum":
			s[word] = g.list("a", 1, nil, 1.5, true, []any{}, map[string]any{"a": 1})
		case "const", "default":
			s[word] = g.value(1)
		case "required":
			s[word] = g.list("a", "b.c", "d")
		case "$ref":
			s[word] = g.pick("#", "#/properties/a", "#/properties/b", "#/nowhere", "other.json")
		}
	}
	return s
}

func (g generator) pick(of ...any) any { return of[g.IntN(len(of))] }

func (g generator) word(of ...string) string { return of[g.IntN(len(of))] }

// list picks some.
func (g generator) list(of ...any) []any {
	picked := []any{}
	for _, v := range of {
		if g.IntN(2) == 0 {
			picked = append(picked, v)
		}
	}
	return picked
}

func (g generator) value(depth int) any {
	if depth == 0 {
		return g.pick(nil, "a", 1, 1.5, true)
	}
	return g.pick(nil, "a", 1, []any{}, []any{g.value(depth - 1), g.value(depth - 1)}, map[string]any{"a": g.value(depth - 1), "b.c": g.value(depth - 1)})
}
