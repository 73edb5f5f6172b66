// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"sigs.k8s.io/yaml"
)

// TestValidateDefinitionAgreesWithTheAPIServer compares the rules here with
// the API server's own function, which is too heavy to link.
func TestValidateDefinitionAgreesWithTheAPIServer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"nothing":                      `{}`,
		"another name":                 `{"metadata": {"name": "x.acme.org"}}`,
		"no name":                      `{"metadata": {"name": ""}}`,
		"no group":                     `{"metadata": {"name": "things."}, "spec": {"group": ""}}`,
		"a group without dot":          `{"metadata": {"name": "things.acme"}, "spec": {"group": "acme"}}`,
		"a group in upper case":        `{"metadata": {"name": "things.Acme.org"}, "spec": {"group": "Acme.org"}}`,
		"no plural":                    `{"metadata": {"name": ".acme.org"}, "spec": {"names": {"plural": ""}}}`,
		"no kind":                      `{"spec": {"names": {"kind": ""}}}`,
		"a kind with a dash":           `{"spec": {"names": {"kind": "My-Thing"}}}`,
		"kind and list kind equal":     `{"spec": {"names": {"listKind": "Thing"}}}`,
		"a bad short name":             `{"spec": {"names": {"shortNames": ["T"]}}}`,
		"a bad category":               `{"spec": {"names": {"categories": ["a b"]}}}`,
		"no storage version":           `{"spec": {"versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}`,
		"two storage versions":         `{"spec": {"versions": [{"name": "v1", "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}, {"name": "v2", "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "description": "other"}}}]}}`,
		"one version twice":            `{"spec": {"versions": [{"name": "v1", "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}, {"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "description": "other"}}}]}}`,
		"a version with a dot":         onlyVersion(`{"type": "object"}`, "v1.0"),
		"no schema":                    `{"spec": {"versions": [{"name": "v1", "storage": true}]}}`,
		"no type at the root":          onlyVersion(`{"properties": {"spec": {"type": "object"}}}`, "v1"),
		"a type that is none":          ofSpec(`{"type": "strng"}`),
		"no type":                      ofSpec(`{"description": "x"}`),
		"a default of another type":    ofSpec(`{"type": "object", "properties": {"a": {"type": "integer", "default": "x"}}}`),
		"a default that is pruned":     ofSpec(`{"type": "object", "default": {"x": 1}}`),
		"a default not in the enum":    ofSpec(`{"type": "object", "properties": {"a": {"type": "string", "enum": ["a"], "default": "b"}}}`),
		"a list without items":         ofSpec(`{"type": "object", "properties": {"a": {"type": "array"}}}`),
		"items that are unique":        ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "uniqueItems": true, "items": {"type": "string"}}}}`),
		"a list map without keys":      ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}}}}`),
		"a list map of strings":        ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": {"type": "string"}}}}`),
		"a list key that is optional":  ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": {"type": "object", "properties": {"n": {"type": "string"}}}}}}`),
		"a list key that is unknown":   ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": {"type": "object"}}}}`),
		"list keys without a map":      ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-map-keys": ["n"], "items": {"type": "object", "properties": {"n": {"type": "string"}}}}}}`),
		"a list type of no list":       ofSpec(`{"type": "object", "x-kubernetes-list-type": "set"}`),
		"a list type that is none":     ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "bag", "items": {"type": "string"}}}}`),
		"a set of objects":             ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "object"}}}}`),
		"a map of both sorts":          ofSpec(`{"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}`),
		"closed to others":             ofSpec(`{"type": "object", "additionalProperties": false}`),
		"closed beside properties":     ofSpec(`{"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}`),
		"a pattern that is none":       ofSpec(`{"type": "object", "properties": {"a": {"type": "string", "pattern": "["}}}`),
		"a rule that does not parse":   ofSpec(`{"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [{"rule": "self.a =="}]}`),
		"a rule on an unknown field":   ofSpec(`{"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [{"rule": "self.b == 'x'"}]}`),
		"a rule that is no condition":  ofSpec(`{"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [{"rule": "self.a"}]}`),
		"a message that is no text":    ofSpec(`{"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [{"rule": "true", "messageExpression": "1"}]}`),
		"a message made of a number":   ofSpec(`{"type": "object", "properties": {"a": {"type": "integer"}}, "x-kubernetes-validations": [{"rule": "self.a < 3", "messageExpression": "'a is ' + string(self.a)", "fieldPath": ".a"}]}`),
		"an empty rule":                ofSpec(`{"type": "object", "x-kubernetes-validations": [{"rule": " "}]}`),
		"a reason that is none":        ofSpec(`{"type": "object", "x-kubernetes-validations": [{"rule": "true", "reason": "Because"}]}`),
		"a path that is none":          ofSpec(`{"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [{"rule": "true", "fieldPath": ".b"}]}`),
		"a rule that costs too much":   ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}}, "x-kubernetes-validations": [{"rule": "self.a.all(x, x.all(y, self.a.all(z, z.all(w, w == y))))"}]}`),
		"the old value in a list":      ofSpec(`{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "maxLength": 3, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}}}}`),
		"a reference":                  ofSpec(`{"type": "object", "properties": {"a": {"$ref": "#/x", "type": "string"}}}`),
		"an id":                        ofSpec(`{"type": "object", "id": "x"}`),
		"nullable at the root":         onlyVersion(`{"type": "object", "nullable": true}`, "v1"),
		"metadata with more than name": onlyVersion(`{"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}}`, "v1"),
		"int or string with a type":    ofSpec(`{"type": "object", "properties": {"a": {"type": "string", "x-kubernetes-int-or-string": true}}}`),
		"a printer column of no type":  `{"spec": {"versions": [{"name": "v1", "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}, "additionalPrinterColumns": [{"name": "a", "type": "text", "jsonPath": ".spec.a"}]}]}}`,
		"a printer column of nothing":  `{"spec": {"versions": [{"name": "v1", "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}, "additionalPrinterColumns": [{"name": "", "type": "string", "jsonPath": ""}]}]}}`,
		"a webhook that says nothing":  `{"spec": {"conversion": {"strategy": "Webhook"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crd := definitionWith(t, change)
			want, got := apiServerFields(t, crd), ourFields(crd)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("fields with errors (-API server +here):\n%s", diff)
			}
		})
	}
}

// onlyVersion is a change of the only version.
func onlyVersion(schema, name string) string {
	return `{"spec": {"versions": [{"name": "` + name + `", "served": true, "storage": true, "schema": {"openAPIV3Schema": ` + schema + `}}]}}`
}

// ofSpec is a change of the schema of spec.
func ofSpec(schema string) string {
	return onlyVersion(`{"type": "object", "properties": {"spec": `+schema+`}}`, "v1")
}

func definitionWith(t *testing.T, change string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	base := `
metadata: {name: things.acme.org}
spec:
  group: acme.org
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
`
	if err := yaml.Unmarshal([]byte(base), crd); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(change, `"versions"`) {
		crd.Spec.Versions = nil
	}
	if err := json.Unmarshal([]byte(change), crd); err != nil {
		t.Fatal(err)
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
	return crd
}

// apiServerFields gives the fields that the API server has an error for.
func apiServerFields(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition) []string {
	t.Helper()
	internal := &apiextensions.CustomResourceDefinition{}
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(crd.DeepCopy(), internal, nil); err != nil {
		t.Fatal(err)
	}
	for _, v := range crd.Spec.Versions {
		if v.Storage {
			internal.Status.StoredVersions = []string{v.Name}
		}
	}
	var fields []string
	for _, err := range validation.ValidateCustomResourceDefinition(t.Context(), internal) {
		// With one version the internal form has the schema at the top.
		field := strings.Replace(err.Field, "spec.validation.", "spec.versions[0].schema.", 1)
		field = strings.Replace(field, "spec.additionalPrinterColumns", "spec.versions[0].additionalPrinterColumns", 1)
		if !strings.HasPrefix(field, "status.") && field != "spec.version" {
			fields = append(fields, field)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

func ourFields(crd *apiextensionsv1.CustomResourceDefinition) []string {
	var fields []string
	for _, err := range validateDefinition(crd) {
		fields = append(fields, err.Field)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}
