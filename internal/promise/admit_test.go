// SPDX-License-Identifier: Apache-2.0

package promise_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// apiOf is a Promise whose requests have the given schema of spec.
func apiOf(t *testing.T, specSchema string) *promise.CRD {
	t.Helper()
	text := withWorkflows("{}\n")
	i := strings.Index(text, "              spec:\n")
	j := strings.Index(text, "  workflows:")
	text = text[:i] + "              spec:\n" + indented(16, specSchema) + text[j:]
	return crdOf(t, load(t, text))
}

func crdOf(t *testing.T, p *promise.Promise) *promise.CRD {
	t.Helper()
	crd, err := p.CRD()
	if err != nil {
		t.Fatal(err)
	}
	return crd
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	whole, ok := integers(o).(map[string]any)
	if !ok {
		t.Fatalf("not an object: %s", text)
	}
	return whole
}

// integers makes int64 of whole numbers, as Kubernetes decodes them.
func integers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = integers(v[key])
		}
	case []any:
		for i := range v {
			v[i] = integers(v[i])
		}
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

const thing = "apiVersion: acme.org/v1\nkind: Thing\nmetadata: {name: a, namespace: ns}\n"

func TestAdmitDefaultsAndPrunes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ schema, spec, want string }{
		"a default":                          {"{type: object, properties: {a: {type: string, default: x}}}", "{}", "{a: x}"},
		"a default inside a default":         {"{type: object, default: {}, properties: {a: {type: object, default: {}, properties: {b: {type: integer, default: 3}}}}}", "", "{a: {b: 3}}"},
		"no default inside what is absent":   {"{type: object, properties: {a: {type: object, properties: {b: {type: integer, default: 3}}}}}", "{}", "{}"},
		"a default in every item":            {"{type: object, properties: {a: {type: array, items: {type: object, properties: {b: {type: integer, default: 3}}}}}}", "{a: [{}, {b: 1}]}", "{a: [{b: 3}, {b: 1}]}"},
		"null takes the default":             {"{type: object, properties: {a: {type: string, default: x}}}", "{a: null}", "{a: x}"},
		"null without default is dropped":    {"{type: object, properties: {a: {type: string}}}", "{a: null}", "{}"},
		"null stays where it is allowed":     {"{type: object, properties: {a: {type: string, nullable: true, default: x}}}", "{a: null}", "{a: null}"},
		"an unknown field":                   {"{type: object, properties: {a: {type: string}}}", "{a: x, b: v, c: {d: 1}}", "{a: x}"},
		"an unknown field that is preserved": {"{type: object, x-kubernetes-preserve-unknown-fields: true}", "{b: v}", "{b: v}"},
		"a map":                              {"{type: object, additionalProperties: {type: string}}", "{b: v}", "{b: v}"},
		"an integer or text":                 {"{type: object, properties: {a: {x-kubernetes-int-or-string: true}, b: {x-kubernetes-int-or-string: true}}}", "{a: 80, b: 10%}", "{a: 80, b: 10%}"},
		"an embedded object":                 {"{type: object, properties: {a: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}}}", "{a: {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {x: 1}}}", "{a: {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {x: 1}}}"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := object(t, thing)
			if test.spec != "" {
				request["spec"] = object(t, test.spec)
			}
			got, err := apiOf(t, strings.TrimSuffix(test.schema, "\n")+"\n").Admit(request)
			if test.spec == "" {
				// The default of spec itself.
				if diff := cmp.Diff(any(nil), got["spec"]); diff == "" {
					t.Error("spec is not defaulted")
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(any(object(t, test.want)), got["spec"]); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAdmitRefusesInTheWordsOfTheAPIServer(t *testing.T) {
	t.Parallel()
	const even = "x-kubernetes-validations: [{rule: self.a % 2 == 0, message: a must be even}]"
	const unchecked = "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
	tests := map[string]struct {
		schema, spec string
		want         []string
	}{
		"a wrong type":                      {"{type: object, properties: {a: {type: integer}}}", "{a: x}", []string{`spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"`}},
		"not in the enum":                   {"{type: object, properties: {a: {type: string, enum: [x, v]}}}", "{a: z}", []string{`spec.a: Unsupported value: "z": supported values: "x", "v"`}},
		"a required field":                  {"{type: object, required: [a], properties: {a: {type: string}}}", "{}", []string{`spec.a: Required value`}},
		"too small and too long":            {"{type: object, properties: {a: {type: integer, minimum: 3}, b: {type: string, maxLength: 2}}}", "{a: 1, b: xyz}", []string{`spec.a: Invalid value: 1: spec.a in body should be greater than or equal to 3`, `spec.b: Too long: may not be more than 2 bytes`}},
		"a pattern":                         {"{type: object, properties: {a: {type: string, pattern: '^x+$'}}}", "{a: v}", []string{`spec.a: Invalid value: "v": spec.a in body should match '^x+$'`}},
		"a format":                          {"{type: object, properties: {a: {type: string, format: date-time}}}", "{a: soon}", []string{`spec.a: Invalid value: "soon": spec.a in body must be of type date-time: "soon"`}},
		"a rule":                            {"{type: object, properties: {a: {type: integer}}, " + even + "}", "{a: 3}", []string{`spec: Invalid value: a must be even`}},
		"rules wait for the rest":           {"{type: object, properties: {a: {type: integer}, b: {type: string, enum: [x]}}, " + even + "}", "{a: 3, b: z}", []string{`spec.b: Unsupported value: "z": supported values: "x"`, unchecked}},
		"rules do not wait for a bad value": {"{type: object, properties: {a: {type: integer, minimum: 5}}, " + even + "}", "{a: 3}", []string{`spec: Invalid value: a must be even`, `spec.a: Invalid value: 3: spec.a in body should be greater than or equal to 5`}},
		"a message from an expression":      {"{type: object, properties: {a: {type: integer}}, x-kubernetes-validations: [{rule: self.a < 3, messageExpression: \"'a is ' + (self.a > 5 ? 'huge' : 'large')\", fieldPath: .a}]}", "{a: 3}", []string{`spec.a: Invalid value: a is large`}},
		"a list map with a key twice":       {"{type: object, properties: {a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object, required: [id], properties: {id: {type: string}}}}}}", "{a: [{id: x}, {id: v}, {id: x}]}", []string{`spec.a[2]: Duplicate value: {"id":"x"}`}},
		"a set with an item twice":          {"{type: object, properties: {a: {type: array, x-kubernetes-list-type: set, items: {type: string}}}}", "{a: [x, x]}", []string{`spec.a[1]: Duplicate value: "x"`}},
		"a boolean for text":                {"{type: object, properties: {a: {type: string}}}", "{a: yes}", []string{`spec.a: Invalid value: "boolean": spec.a in body must be of type string: "boolean"`}},
		"an embedded object of no kind":     {"{type: object, properties: {a: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}}}", "{a: {metadata: {name: A}}}", []string{`spec.a.apiVersion: Required value: must not be empty`, `spec.a.kind: Required value: must not be empty`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := object(t, thing)
			request["spec"] = object(t, test.spec)
			got, err := apiOf(t, test.schema+"\n").Admit(request)
			if err == nil {
				t.Fatalf("admitted: %v", got)
			}
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("exit code %d", diag.ExitCode(err))
			}
			var lines []string
			for _, f := range diag.Findings(err) {
				lines = append(lines, f.String())
			}
			if diff := cmp.Diff(test.want, lines, prefixes()); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

// prefixes takes a text for equal to one that it begins with: some messages of
// the API server go on with an explanation.
func prefixes() cmp.Option {
	return cmp.Comparer(func(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) })
}

func TestAdmitLeavesTheRequestAlone(t *testing.T) {
	t.Parallel()
	request := object(t, thing+"spec: {x: 1}\nstatus: {message: old}\n")
	got, err := crdOf(t, load(t, withWorkflows("{}\n"))).Admit(request)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(object(t, thing+"spec: {x: 1}\nstatus: {message: old}\n"), request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(object(t, thing+"spec: {size: small}\n"), got); diff != "" {
		t.Errorf("admitted (-want +got):\n%s", diff)
	}
}

// twoVersions is a Promise with an old version that is served and a new one
// that is stored, and a third that is not served.
func twoVersions(t *testing.T) *promise.CRD {
	t.Helper()
	text := withWorkflows("{}\n")
	i, j := strings.Index(text, "      versions:"), strings.Index(text, "  workflows:")
	return crdOf(t, load(t, text[:i]+`      versions:
      - {name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {a: {type: string, default: old}, gone: {type: string}}}}}}}
      - {name: v2, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {a: {type: string}, b: {type: string, default: new}}}}}}}
      - {name: v3, served: false, storage: false, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}}
`+text[j:]))
}

func TestAdmitConvertsToTheStorageVersion(t *testing.T) {
	t.Parallel()
	crd := twoVersions(t)
	if crd.StorageVersion != "v2" || !cmp.Equal(crd.Versions, []string{"v1", "v2"}) || crd.APIVersion("v2") != "acme.org/v2" {
		t.Errorf("API %+v", crd)
	}
	got, err := crd.Admit(object(t, thing+"spec: {gone: x}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := object(t, "apiVersion: acme.org/v2\nkind: Thing\nmetadata: {name: a, namespace: ns}\nspec: {a: old, b: new}\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("admitted (-want +got):\n%s", diff)
	}
}

func TestAdmitRefusesWhatIsNotServed(t *testing.T) {
	t.Parallel()
	crd := twoVersions(t)
	tests := map[string]struct{ text, want, hint string }{
		"a version that is not served":    {"apiVersion: acme.org/v3\nkind: Thing\n", `apiVersion: the Promise serves acme.org/v1 and acme.org/v2, not the string "acme.org/v3"`, "apiVersion: acme.org/v2"},
		"another group":                   {"apiVersion: acme.com/v1\nkind: Thing\n", `apiVersion: the Promise serves acme.org/v1 and acme.org/v2, not the string "acme.com/v1"`, "apiVersion: acme.org/v2"},
		"another kind":                    {"apiVersion: acme.org/v1\nkind: Thong\n", `kind: want "Thing", not the string "Thong"`, "kind: Thing"},
		"no kind":                         {"apiVersion: acme.org/v1\n", `kind: want "Thing", not nothing`, "kind: Thing"},
		"a name of 64 in storage":         {"apiVersion: acme.org/v2\nkind: Thing\nmetadata: {namespace: ns, name: " + strings.Repeat("a", 64) + "}\n", "metadata.name: Too long: may not be more than 63 bytes", ""},
		"a name that is none":             {"apiVersion: acme.org/v2\nkind: Thing\nmetadata: {namespace: ns, name: A}\n", `metadata.name: Invalid value: "A"`, ""},
		"no name":                         {"apiVersion: acme.org/v2\nkind: Thing\nmetadata: {namespace: ns}\n", "metadata.name: Required value: name or generateName is required", ""},
		"a label that is none":            {"apiVersion: acme.org/v2\nkind: Thing\nmetadata: {namespace: ns, name: a, labels: {x: a b}}\n", `metadata.labels: Invalid value: "a b"`, ""},
		"metadata that cannot be decoded": {"apiVersion: acme.org/v2\nkind: Thing\nmetadata: {namespace: ns, name: a, labels: {x: 1}}\n", "metadata.labels.x: want a string, not 1", "put it in quotes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := crd.Admit(object(t, test.text))
			found := diag.Findings(err)
			if len(found) != 1 || !strings.HasPrefix(found[0].String(), test.want) || found[0].Hint != test.hint {
				t.Errorf("findings %+v, want %s", found, test.want)
			}
		})
	}
}

// TestAdmitKnowsTheLimitOfNamesInTheStorageVersionOnly is a trap of Kratix: it
// puts the limit into one version.
func TestAdmitKnowsTheLimitOfNamesInTheStorageVersionOnly(t *testing.T) {
	t.Parallel()
	request := object(t, thing)
	request["metadata"] = map[string]any{"namespace": "ns", "name": strings.Repeat("a", 64)}
	if _, err := twoVersions(t).Admit(request); err != nil {
		t.Errorf("error %v", err)
	}
}
