// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/kube/kubetest"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/helm"
	"github.com/kratix-tools/kratix/internal/scaffold/scaffoldtest"
)

// server is a real API server that knows Kratix.
var server = kubetest.Shared{Load: (*kubetest.Server).LoadCRDs}

func TestMain(m *testing.M) {
	defer server.Stop()
	m.Run()
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func made(t *testing.T, o scaffold.PromiseOptions, values, schema []byte) ([]scaffold.File, []diag.Finding) {
	t.Helper()
	source := helm.Options{URL: "https://charts.acme.org", Name: o.Name, Version: "4.2.0"}
	content, findings, err := helm.Content(source, values, schema)
	if err != nil {
		t.Fatal(err)
	}
	files, more, err := scaffold.Translate(o, content)
	if err != nil {
		t.Fatal(err)
	}
	return files, append(findings, more...)
}

// Charts as people have them: one with a schema that says all that draft 7 can
// say, and one that only shows its values.
func TestCharts(t *testing.T) {
	t.Parallel()
	for chart, kind := range map[string]string{"shop": "Shop", "web": "Web"} {
		for _, split := range []bool{false, true} {
			name := chart
			if split {
				name += "-split"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				o := scaffold.PromiseOptions{Name: chart, Group: "acme.org", Kind: kind, Split: split}
				values := read(t, "testdata", chart, "values.yaml")
				files, findings := made(t, o, values, read(t, "testdata", chart, "values.schema.json"))
				scaffoldtest.Works(t, files)
				files = append(files, scaffold.File{Path: "findings", Data: scaffoldtest.Listed(findings)})
				scaffoldtest.Golden(t, filepath.Join("testdata", name+".golden"), files)
			})
		}
	}
}

func TestAPIServerAcceptsCharts(t *testing.T) {
	t.Parallel()
	cluster := server.Server(t)
	for chart, kind := range map[string]string{"shop": "Shop", "web": "Web"} {
		o := scaffold.PromiseOptions{Name: chart, Group: "acme.org", Kind: kind}
		files, _ := made(t, o, read(t, "testdata", chart, "values.yaml"), read(t, "testdata", chart, "values.schema.json"))
		scaffoldtest.Installs(t, cluster, files)
	}
}

func schemaOf(t *testing.T, values, schema string) (*apiextensionsv1.JSONSchemaProps, string) {
	t.Helper()
	var data []byte
	if schema != "" {
		data = []byte(schema)
	}
	s, findings, err := helm.Schema([]byte(values), data)
	if err != nil {
		t.Fatal(err)
	}
	return s, string(scaffoldtest.Listed(findings))
}

// What a schema says of one value, and what is told of it.
func TestWordsOfASchema(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ schema, want, told string }{
		"a number":                   {`{"type": "number", "exclusiveMinimum": 0}`, `{"type": "number", "minimum": 0, "exclusiveMinimum": true}`, ""},
		"a limit in the old form":    {`{"type": "integer", "maximum": 3, "exclusiveMaximum": true}`, `{"type": "integer", "maximum": 3, "exclusiveMaximum": true}`, ""},
		"two limits":                 {`{"type": "integer", "minimum": 3, "exclusiveMinimum": 1}`, `{"type": "integer", "minimum": 3}`, ""},
		"null and a type":            {`{"type": ["null", "string"]}`, `{"type": "string", "nullable": true}`, ""},
		"null as an alternative":     {`{"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 2}]}`, `{"type": "integer", "minimum": 2, "nullable": true}`, ""},
		"a whole number or a text":   {`{"oneOf": [{"type": "integer"}, {"type": "string"}]}`, `{"x-kubernetes-int-or-string": true}`, ""},
		"a number or a text":         {`{"type": ["number", "string"]}`, `{"x-kubernetes-preserve-unknown-fields": true}`, "number or string"},
		"a type that is implied":     {`{"enum": ["a", "b"]}`, `{"type": "string", "enum": ["a", "b"]}`, ""},
		"null among values":          {`{"enum": ["a.b", "c", null]}`, `{"type": "string", "pattern": "^(a\\.b|c)$", "nullable": true}`, ""},
		"null among numbers":         {`{"enum": [1, null]}`, `{"type": "integer", "nullable": true}`, "enum: the API does not check it"},
		"null and other values":      {`{"type": ["string", "null"], "enum": ["a"]}`, `{"type": "string", "enum": ["a"]}`, ""},
		"a constant":                 {`{"const": 3}`, `{"type": "integer", "enum": [3]}`, ""},
		"alternatives that are one":  {`{"oneOf": [{"const": "a"}, {"enum": ["b", "c"]}]}`, `{"type": "string", "enum": ["a", "b", "c"]}`, ""},
		"alternatives that overlap":  {`{"anyOf": [{"type": "string", "pattern": "^a"}, {"type": "string", "minLength": 9}]}`, `{"type": "string"}`, "2 alternatives"},
		"all of them":                {`{"allOf": [{"type": "integer", "minimum": 1}, {"type": "number", "minimum": 3, "maximum": 9}]}`, `{"type": "integer", "minimum": 3, "maximum": 9}`, ""},
		"two patterns":               {`{"type": "string", "pattern": "^a", "allOf": [{"pattern": "b$"}]}`, `{"type": "string", "pattern": "^a"}`, "pattern: the API does not check it"},
		"nothing":                    {`{}`, `{"x-kubernetes-preserve-unknown-fields": true, "nullable": true}`, ""},
		"a reference with a comment": {`{"$ref": "#/definitions/a%20b~1c", "description": "here"}`, `{"type": "string", "description": "here"}`, ""},
		"a reference to nowhere":     {`{"$ref": "#/definitions/none"}`, `{"x-kubernetes-preserve-unknown-fields": true, "nullable": true}`, "not in this file"},
		"a schema within itself":     {`{"$ref": "#/properties/a"}`, `{"x-kubernetes-preserve-unknown-fields": true, "nullable": true}`, "is within itself"},
		"a set":                      {`{"type": "array", "uniqueItems": true, "items": {"type": "string"}}`, `{"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}`, ""},
		"a set of numbers":           {`{"type": "array", "uniqueItems": true, "items": {"type": "number"}}`, `{"type": "array", "items": {"type": "number"}}`, "uniqueItems"},
		"an empty list":              {`{"type": "array", "items": false}`, `{"type": "array", "maxItems": 0, "items": {"x-kubernetes-preserve-unknown-fields": true}}`, ""},
		"a map":                      {`{"type": "object", "additionalProperties": {"type": "boolean"}}`, `{"type": "object", "additionalProperties": {"type": "boolean"}}`, ""},
		"a map with names": {
			`{"type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": {"type": "boolean"}}`,
			`{"type": "object", "properties": {"x": {"type": "string"}}, "x-kubernetes-preserve-unknown-fields": true}`, "additionalProperties",
		},
		"patterns of names":     {`{"patternProperties": {"^/": {"type": "string"}}}`, `{"type": "object", "x-kubernetes-preserve-unknown-fields": true}`, "patternProperties: the API does not check it"},
		"patterns of all names": {`{"patternProperties": {"^/": {"type": "string"}, "^-": {"type": "string", "enum": ["a"]}}, "additionalProperties": false}`, `{"type": "object", "additionalProperties": {"type": "string"}}`, "patternProperties: the API does not check it"},
		"what others imply":     {`{"type": "object", "dependencies": {"a": ["b"]}, "if": {}, "then": {}, "propertyNames": {}, "additionalProperties": false}`, `{"type": "object"}`, "dependencies, if, then, propertyNames: the API does not check them"},
		"a closed object":       {`{"type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": false}`, `{"type": "object", "properties": {"x": {"type": "string"}}}`, ""},
		"words of other tools":  {`{"type": "string", "x-order": 1, "form": true, "render": "slider", "$comment": "x", "readOnly": true}`, `{"type": "string"}`, ""},
		"words that are lost":   {`{"type": "string", "not": {"const": "x"}, "contains": {}}`, `{"type": "string"}`, "contains, not: the API does not check them"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, told := schemaOf(t, "", `{"properties": {"a": `+test.schema+`}, "definitions": {"a b/c": {"type": "string", "description": "there"}}}`)
			scaffoldtest.Schema(t, test.want, s.Properties["a"])
			scaffoldtest.Told(t, test.told, told)
		})
	}
}

// What values.yaml has already, a request need not say.
func TestRequiredIsWhatTheChartLacks(t *testing.T) {
	t.Parallel()
	const schema = `{"required": ["a", "b", "m"], "properties": {
		"a": {"type": "object", "required": ["x", "w"], "properties": {"x": {"type": "string"}, "w": {"type": "string"}}},
		"b": {"type": "string"}, "m": {"type": ["string", "null"]},
		"l": {"type": "array", "items": {"type": "object", "required": ["z"], "properties": {"z": {"type": "string"}}}}}}`
	for values, want := range map[string]string{
		"":                           "a b m | w x | z",
		"b: 1":                       "a m | w x | z",
		"{b: v, m: null}":            "a m | w x | z",
		"{a: {x: v}, b: v, m: v}":    "a | w | z",
		"{a: {x: v, w: v}, m: v}":    "b |  | z",
		"{a: {x: v, w: v}, l: [{}]}": "b m |  | z",
	} {
		s, _ := schemaOf(t, values, schema)
		l := s.Properties["l"]
		got := strings.Join([]string{
			strings.Join(s.Required, " "), strings.Join(s.Properties["a"].Required, " "), strings.Join(l.Items.Schema.Required, " "),
		}, " | ")
		if got != want {
			t.Errorf("%s: required are %s, want %s", values, got, want)
		}
	}
}

func TestCommentsDescribe(t *testing.T) {
	t.Parallel()
	for comment, want := range map[string]string{
		"# -- The port":                                     "The port",
		"# -- (int) The port\n# of it":                      "The port of it",
		"# a -- The port":                                   "The port",
		"# Old words.\n# -- The port":                       "The port",
		"# -- The port\n# @default -- chosen":               "The port",
		"## The port\n## of it\n##":                         "The port of it",
		"## @param a [int] The port":                        "The port",
		"# The port\n# a:\n#   - 80":                        "The port",
		"# The port\n# ref: https://acme.org":               "The port",
		"# Ports. For example:\n# ports: [80]":              "Ports.",
		"# The ports\n# ports:\n#   - 80":                   "",
		"# Ports\n# ports: [80]\n# The port":                "The port",
		"# @schema\n# type: integer\n# @schema\n# The port": "The port",
		"# The port\n# +docs:property":                      "The port",
		"\ufeff# The port\r":                                "The port",
		"b:\n  # Of b":                                      "",
		"#   - 80\n# The port":                              "The port",
		"# ports:\n#   - 80":                                "",
		"# Another one.\n":                                  "",
		"#########\n# The port\n#########":                  "The port",
	} {
		s, _ := schemaOf(t, comment+"\na: \"\"\n", "")
		if got := s.Properties["a"].Description; got != want {
			t.Errorf("%q describes as %q, want %q", comment, got, want)
		}
	}
}

func TestChartsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ values, schema, want string }{
		{"- a", "{}", "values.yaml: it holds no values by name"},
		{"a: [", "{}", "values.yaml:1"},
		{"a: 1", "{", "values.schema.json"},
	} {
		_, _, err := helm.Schema([]byte(test.values), []byte(test.schema))
		if err == nil || !strings.Contains(err.Error(), test.want) || diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("%s and %s: error %v, want %s", test.values, test.schema, err, test.want)
		}
	}
}

// A schema whose references double at each step does not fill memory.
func TestSchemaIsBounded(t *testing.T) {
	t.Parallel()
	var definitions []string
	for n := range 40 {
		ref := fmt.Sprintf(`{"$ref": "#/definitions/d%d"}`, n+1)
		definitions = append(definitions, fmt.Sprintf(`"d%d": {"properties": {"a": %s, "b": %s}}`, n, ref, ref))
	}
	_, told := schemaOf(t, "", `{"properties": {"a": {"$ref": "#/definitions/d0"}}, "definitions": {`+strings.Join(definitions, ",")+`}}`)
	if !strings.Contains(told, "too large when its references are written out") {
		t.Errorf("told %q", told)
	}
}
