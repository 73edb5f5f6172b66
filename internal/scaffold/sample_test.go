// SPDX-License-Identifier: Apache-2.0

package scaffold_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

// translated makes a Promise of content whose requests have this spec.
func translated(t *testing.T, c scaffold.Content, spec apiextensionsv1.JSONSchemaProps) map[string]string {
	t.Helper()
	c.Version = scaffold.APIOf(spec)
	c.Pipelines = []scaffold.Pipeline{scaffold.InstanceConfigure(api.Container{Name: "render", Image: "acme.org/render:v1"})}
	files, _, err := scaffold.Translate(postgresql(), c)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Path] = string(f.Data)
	}
	return texts
}

// What a translator can tell of the output is a golden file, and all of it has a
// place.
func TestSample(t *testing.T) {
	t.Parallel()
	files := translated(t, scaffold.Content{
		DestinationSelectors: map[string]string{"crossplane": "enabled"},
		Sample: &scaffold.Sample{
			Untold: []string{"chart.yaml"},
			Output: func(request map[string]any) []scaffold.File {
				return []scaffold.File{{Path: "sub/claim.yaml", Data: fmt.Append(nil, request["kind"])}}
			},
		},
	}, apiextensionsv1.JSONSchemaProps{Type: "object"})
	const dir = "tests/resource-configure/example/"
	want := map[string]string{
		dir + "request.yaml":                   files["example-resource.yaml"],
		dir + "expected/output/sub/claim.yaml": "Database",
		dir + "expected/placements.yaml": `groups:
- directory: .
  selectors:
    crossplane: {value: enabled, from: promise}
  rule: one-of
  matched: [dev]
  documents:
  - chart.yaml
  - sub/claim.yaml
unmatched: []
`,
	}
	for path, text := range want {
		if diff := cmp.Diff(text, files[path]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	for path, text := range map[string]string{
		dir + "case.yaml":             "partial:\n- output/chart.yaml\n",
		"tests/destinations/dev.yaml": "crossplane: enabled",
		"README.md":                   "kratix test workflow\n",
	} {
		if !strings.Contains(files[path], text) {
			t.Errorf("%s has no %q:\n%s", path, text, files[path])
		}
	}
	if strings.Contains(files[dir+"case.yaml"], "network") {
		t.Errorf("the stage needs no network:\n%s", files[dir+"case.yaml"])
	}
}

// Where only a human can write the request there is no test case of it.
func TestNoSampleWithoutExample(t *testing.T) {
	t.Parallel()
	spec := apiextensionsv1.JSONSchemaProps{
		Type:         "object",
		Properties:   map[string]apiextensionsv1.JSONSchemaProps{"a": {Type: "integer"}},
		XValidations: apiextensionsv1.ValidationRules{{Rule: "has(self.a) && self.a == 42"}},
	}
	for path := range translated(t, scaffold.Content{Sample: &scaffold.Sample{}}, spec) {
		if strings.HasPrefix(path, "tests/") {
			t.Errorf("%s was made", path)
		}
	}
}

// What rules want of an object beyond what it requires is tried.
func TestExampleMeetsRules(t *testing.T) {
	t.Parallel()
	text := func(name string) apiextensionsv1.JSONSchemaProps {
		return apiextensionsv1.JSONSchemaProps{Type: "string", Pattern: "^" + name}
	}
	object := func(rule string) apiextensionsv1.JSONSchemaProps {
		return apiextensionsv1.JSONSchemaProps{
			Type:         "object",
			Properties:   map[string]apiextensionsv1.JSONSchemaProps{"a": text("a"), "b": text("b"), "c": text("c")},
			XValidations: apiextensionsv1.ValidationRules{{Rule: rule}},
		}
	}
	for rule, want := range map[string]string{
		"has(self.b) != has(self.a)":                 "a: a",
		"!has(self.a) && has(self.b) != has(self.c)": "b: b",
		"has(self.b) && has(self.c)":                 "a: a\nb: b\nc: c",
		"size(self.c) == 1":                          "c: c",
	} {
		inner := object(rule)
		list := apiextensionsv1.JSONSchemaProps{Type: "array", MinItems: new(int64(1)), Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &inner}}
		request := translated(t, scaffold.Content{}, apiextensionsv1.JSONSchemaProps{
			Type: "object", Required: []string{"one", "many"},
			Properties: map[string]apiextensionsv1.JSONSchemaProps{"one": inner, "many": list},
		})["example-resource.yaml"]
		many := "  many:\n  - " + strings.ReplaceAll(want, "\n", "\n    ") + "\n"
		one := "  one:\n    " + strings.ReplaceAll(want, "\n", "\n    ") + "\n"
		if !strings.HasSuffix(request, "spec:\n"+many+one) {
			t.Errorf("%s: the example is\n%s\nwant\n%s", rule, request, many+one)
		}
	}
}
