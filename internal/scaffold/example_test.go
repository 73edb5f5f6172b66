// SPDX-License-Identifier: Apache-2.0

package scaffold_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/scaffold"
)

// TestExampleItemsDiffer where the API server wants them to: in sets and in lists
// with keys.
func TestExampleItemsDiffer(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`{x-kubernetes-list-type: set, items: {type: string}}`:                                                                                  `[example, example-2]`,
		`{x-kubernetes-list-type: set, items: {type: string, enum: [b, a]}}`:                                                                    `[b, a]`,
		`{x-kubernetes-list-type: set, items: {type: integer, minimum: 7}}`:                                                                     `[7, 8]`,
		`{x-kubernetes-list-type: set, items: {type: number}}`:                                                                                  `[0.5, 1.5]`,
		`{x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a], items: {required: [a], type: object, properties: {a: {type: string}}}}`: `[{a: example}, {a: example-2}]`,
		`{items: {type: string}}`: `[example, example]`,
	} {
		var list apiextensionsv1.JSONSchemaProps
		if err := yaml.UnmarshalStrict([]byte(schema), &list); err != nil {
			t.Fatal(err)
		}
		two := int64(2)
		list.Type, list.MinItems = "array", &two
		spec := apiextensionsv1.JSONSchemaProps{
			Type: "object", Required: []string{"x"}, Properties: map[string]apiextensionsv1.JSONSchemaProps{"x": list},
		}
		files, findings, err := scaffold.Translate(postgresql(), scaffold.Content{Command: "x", Version: scaffold.APIOf(spec)})
		if err != nil || len(findings) > 0 {
			t.Fatalf("%s: %v %v", schema, err, findings)
		}
		i := slices.IndexFunc(files, func(f scaffold.File) bool { return f.Path == "example-resource.yaml" })
		want, got := decodedYAML(t, "x: "+want), decodedYAML(t, string(files[i].Data))["spec"]
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", schema, diff)
		}
	}
}

func decodedYAML(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}
