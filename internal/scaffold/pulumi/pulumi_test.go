// SPDX-License-Identifier: Apache-2.0

package pulumi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/kube/kubetest"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
	"github.com/kratix-tools/kratix/internal/scaffold/pulumi"
	"github.com/kratix-tools/kratix/internal/scaffold/scaffoldtest"
)

// server is a real API server that knows Kratix.
var server = kubetest.Shared{Load: (*kubetest.Server).LoadCRDs}

func TestMain(m *testing.M) {
	defer server.Stop()
	m.Run()
}

// made makes the files of a Promise of a component of the package in testdata.
func made(t *testing.T, o pulumi.Options, split bool) ([]scaffold.File, []diag.Finding) {
	t.Helper()
	data, err := os.ReadFile("testdata/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	p, c := parse(t, data, o.Component)
	content, findings := pulumi.Content(o, p, c)
	options := scaffold.PromiseOptions{Name: "service", Group: "acme.org", Kind: "Service", Split: split}
	files, more, err := scaffold.Translate(options, content)
	if err != nil {
		t.Fatal(err)
	}
	return files, append(findings, more...)
}

func parse(t *testing.T, data []byte, component string) (*pulumi.Package, pulumi.Component) {
	t.Helper()
	p, err := pulumi.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Component(component)
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

func remote() pulumi.Options {
	return pulumi.Options{
		Schema:      "https://packages.acme.org/acme-web/schema.json",
		Component:   "acme-web:index:Service",
		SchemaToken: "packages:token", StackToken: "pulumi:accessToken",
	}
}

func local() pulumi.Options {
	return pulumi.Options{Schema: "schema.json", Local: true, Component: "acme-web:index:Service"}
}

// A package of components as people have them: unions of texts and enums, of
// objects, of what has nothing in common; types that contain themselves; files,
// JSON, types and resources of other packages.
func TestPackage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options pulumi.Options
		split   bool
	}{
		{"flat", remote(), false},
		{"split", local(), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files, findings := made(t, test.options, test.split)
			scaffoldtest.Works(t, files)
			files = append(files, scaffold.File{Path: "findings", Data: scaffoldtest.Listed(findings)})
			scaffoldtest.Golden(t, "testdata/"+test.name+".golden", files)
		})
	}
}

func TestAPIServerAcceptsPackage(t *testing.T) {
	t.Parallel()
	files, _ := made(t, local(), false)
	scaffoldtest.Installs(t, server.Server(t), files)
}

// specOf translates a component with inputs, beside some types.
func specOf(t *testing.T, inputs string) (apiextensionsv1.JSONSchemaProps, string) {
	t.Helper()
	p, c := parse(t, []byte(`{"name": "p", "types": {
		"p:index:Size": {"type": "string", "description": "How big", "enum": [{"value": "s", "description": "small"}, {"value": "l"}]},
		"p:index:Shape": {"type": "string", "enum": [{"value": "round"}, {"value": "l"}]},
		"p:index:Level": {"type": "integer", "enum": [{"value": 1}, {"value": 2}]},
		"p:index:A": {"type": "object", "description": "An A", "properties": {"kind": {"type": "string", "const": "a"}, "n": {"type": "integer"}, "both": {"type": "string"}, "x": {"type": "string", "default": "of A"}}, "required": ["kind", "n"]},
		"p:index:B": {"type": "object", "properties": {"kind": {"type": "string", "const": "b"}, "n": {"type": "string"}, "both": {"type": "string"}, "y": {"type": "boolean"}}, "required": ["kind"]},
		"p:index:Empty": {"type": "object"},
		"p:index:Dir/Deep": {"type": "object", "properties": {"v": {"type": "string"}}},
		"p:index:Self": {"type": "object", "properties": {"self": {"$ref": "#/types/p:index:Self"}}},
		"p:index:Odd": "string"
	}, "resources": {"p:index:C": {"isComponent": true, "inputProperties": `+inputs+`},
		"p:index:R": {"description": "An R", "inputProperties": {"size": {"$ref": "#/types/p:index:Size"}, "r": {"$ref": "#/resources/p:index:R"}}, "requiredInputs": ["size"]}}}`), "")
	spec, findings := pulumi.Spec(p, c)
	return spec, string(scaffoldtest.Listed(findings))
}

// What is made of one type, and what is told of it.
func TestTypes(t *testing.T) {
	t.Parallel()
	const open, openObject = `{"x-kubernetes-preserve-unknown-fields": true}`, `{"type": "object", "x-kubernetes-preserve-unknown-fields": true}`
	for name, test := range map[string]struct{ spec, want, told string }{
		"a text":               {`{"type": "string", "description": " Its name. "}`, `{"type": "string", "description": "Its name."}`, ""},
		"plain and language":   {`{"type": "integer", "plain": true, "language": {"go": {}}, "replaceOnChanges": true}`, `{"type": "integer"}`, ""},
		"a default":            {`{"type": "boolean", "default": false}`, `{"type": "boolean", "default": false}`, ""},
		"a default of no type": {`{"type": "integer", "default": "many"}`, `{"type": "integer"}`, `its default "many" is left out`},
		"a default object":     {`{"type": "object", "default": {"a": "b"}}`, `{"type": "object", "additionalProperties": {"type": "string"}}`, "no text, number or boolean"},
		"a default elsewhere":  {`{"type": "string", "defaultInfo": {"environment": ["A", "B"]}}`, `{"type": "string"}`, "from the environment: A, B"},
		"a constant":           {`{"type": "string", "const": "x"}`, `{"type": "string", "enum": ["x"], "default": "x"}`, ""},
		"deprecated":           {`{"type": "string", "description": "Old.", "deprecationMessage": "use new"}`, `{"type": "string", "description": "Old.\nDeprecated: use new"}`, ""},
		"secret":               {`{"type": "string", "secret": true}`, `{"type": "string", "format": "password"}`, "it is secret"},
		"a secret object":      {`{"type": "object", "secret": true}`, `{"type": "object", "additionalProperties": {"type": "string"}}`, "it is secret"},

		"a list":                   {`{"type": "array", "items": {"type": "number"}}`, `{"type": "array", "items": {"type": "number"}}`, ""},
		"a list of nothing":        {`{"type": "array"}`, `{"type": "array", "items": ` + open + `}`, "list of nothing in particular"},
		"a map":                    {`{"type": "object", "additionalProperties": {"type": "integer"}}`, `{"type": "object", "additionalProperties": {"type": "integer"}}`, ""},
		"a map of texts":           {`{"type": "object"}`, `{"type": "object", "additionalProperties": {"type": "string"}}`, ""},
		"a map of anything":        {`{"type": "object", "additionalProperties": true}`, openObject, ""},
		"an object in place":       {`{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "b"]}`, `{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}`, "it requires b"},
		"an object with others":    {`{"properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}`, `{"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-preserve-unknown-fields": true}`, "other properties"},
		"no type":                  {`{"description": "x"}`, `{"description": "x", "x-kubernetes-preserve-unknown-fields": true}`, "it has no type"},
		"an unknown type":          {`{"type": "date"}`, open, `no type "date"`},
		"no schema at all":         {`"string"`, open, "should be an object"},
		"words of JSON Schema":     {`{"type": "string", "pattern": "^a", "minLength": 1}`, `{"type": "string"}`, "the API does not check minLength, pattern"},
		"a word of the wrong kind": {`{"type": "object", "properties": []}`, `{"type": "object", "additionalProperties": {"type": "string"}}`, "properties should be an object, and is a list"},

		"an enum":            {`{"$ref": "#/types/p:index:Size"}`, `{"type": "string", "enum": ["s", "l"], "description": "How big\ns: small"}`, ""},
		"an enum described":  {`{"$ref": "#/types/p:index:Size", "description": "Its size."}`, `{"type": "string", "enum": ["s", "l"], "description": "Its size.\nHow big\ns: small"}`, ""},
		"a plain enum":       {`{"type": "string", "enum": ["a", "b", "a"]}`, `{"type": "string", "enum": ["a", "b"]}`, ""},
		"an enum of no type": {`{"enum": [1, 2.5]}`, `{"type": "integer", "enum": [1]}`, "the value 2.5 is not of its type"},
		"an enum of numbers": {`{"type": "number", "enum": [1, 2.5]}`, `{"type": "number", "enum": [1, 2.5]}`, ""},

		"any":                     {`{"$ref": "pulumi.json#/Any"}`, `{"x-kubernetes-preserve-unknown-fields": true, "nullable": true}`, ""},
		"JSON":                    {`{"$ref": "pulumi.json#/Json"}`, `{"type": "string"}`, "has JSON in it"},
		"an archive":              {`{"$ref": "pulumi.json#/Archive", "description": "Code."}`, `{"x-kubernetes-preserve-unknown-fields": true, "description": "Code.\nIt is an archive, such as {fn::remoteArchive: URL}."}`, "it is an archive"},
		"something else of it":    {`{"$ref": "pulumi.json#/Thing"}`, open, "no type Thing"},
		"of another package":      {`{"$ref": "/aws/v6.0.0/schema.json#/types/aws:s3%2Fx:Acl"}`, open, "it is Acl of the package aws"},
		"of nowhere":              {`{"$ref": "#/types/p:index:Gone"}`, open, "there is no #/types/p:index:Gone"},
		"a type with a slash":     {`{"$ref": "#/types/p:index:Dir%2FDeep"}`, `{"type": "object", "properties": {"v": {"type": "string"}}}`, ""},
		"a type without anything": {`{"$ref": "#/types/p:index:Empty"}`, `{"type": "object"}`, ""},
		"a type that is a text":   {`{"$ref": "#/types/p:index:Odd"}`, open, "should be an object"},
		"a type within itself":    {`{"$ref": "#/types/p:index:Self"}`, `{"type": "object", "properties": {"self": ` + openObject + `}}`, "spec.a.self: it is a Self within another"},
		"a resource":              {`{"$ref": "#/resources/p:index:R"}`, `{"type": "object", "description": "An R", "properties": {"size": {"type": "string", "enum": ["s", "l"], "description": "How big\ns: small"}, "r": ` + openObject + `}, "required": ["size"]}`, "spec.a: it is a resource, R"},

		"a text or an enum":  {`{"oneOf": [{"type": "string"}, {"$ref": "#/types/p:index:Shape"}], "description": "x"}`, `{"type": "string", "description": "x\nKnown values: round, l"}`, ""},
		"two enums":          {`{"oneOf": [{"$ref": "#/types/p:index:Size"}, {"$ref": "#/types/p:index:Shape"}]}`, `{"type": "string", "description": "How big\ns: small", "enum": ["s", "l", "round"]}`, ""},
		"integer or text":    {`{"oneOf": [{"type": "integer"}, {"type": "string"}]}`, `{"x-kubernetes-int-or-string": true}`, ""},
		"enums of two types": {`{"oneOf": [{"$ref": "#/types/p:index:Level"}, {"$ref": "#/types/p:index:Shape"}]}`, `{"x-kubernetes-int-or-string": true, "enum": [1, 2, "round", "l"]}`, ""},
		"integer or number":  {`{"oneOf": [{"type": "integer"}, {"type": "number"}]}`, `{"type": "number"}`, ""},
		"number or text":     {`{"oneOf": [{"type": "number"}, {"type": "string"}], "default": 1.5}`, `{"x-kubernetes-preserve-unknown-fields": true, "default": 1.5}`, "one of number, string: the API accepts anything"},
		"anything or text":   {`{"oneOf": [{"$ref": "pulumi.json#/Any"}, {"type": "string"}]}`, `{"x-kubernetes-preserve-unknown-fields": true, "nullable": true}`, ""},
		"one or many":        {`{"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}`, open, "one of a list of string, string: the API accepts anything"},
		"the same twice":     {`{"oneOf": [{"type": "string"}, {"type": "string"}]}`, `{"type": "string"}`, ""},
		"lists":              {`{"oneOf": [{"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"type": "integer"}}]}`, `{"type": "array", "items": {"x-kubernetes-int-or-string": true}}`, "any mixture of items"},
		"lists of enums":     {`{"oneOf": [{"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"$ref": "#/types/p:index:Shape"}}]}`, `{"type": "array", "items": {"type": "string", "description": "Known values: round, l"}}`, ""},
		"maps":               {`{"oneOf": [{"type": "object"}, {"type": "object", "additionalProperties": {"type": "number"}}]}`, `{"type": "object", "additionalProperties": ` + open + `}`, "one of a map: the API accepts"},
		"a map or an object": {`{"oneOf": [{"type": "object"}, {"$ref": "#/types/p:index:A"}]}`, openObject, "one of A, a map: the API accepts any object"},
		"objects": {
			`{"oneOf": [{"$ref": "#/types/p:index:A"}, {"$ref": "#/types/p:index:B"}], "discriminator": {"propertyName": "kind"}}`,
			`{"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "enum": ["a", "b"]}, "n": {"x-kubernetes-int-or-string": true}, "both": {"type": "string"}, "x": {"type": "string"}, "y": {"type": "boolean"}}}`,
			"one of A, B, as kind says: the API accepts any mixture of them",
		},
		"no types":      {`{"oneOf": []}`, open, "one of no types"},
		"no alternates": {`{"oneOf": ["string", {"type": "string"}]}`, open, "should be an object"},
		"anyOf":         {`{"anyOf": [{"type": "integer"}, {"type": "string"}]}`, `{"x-kubernetes-int-or-string": true}`, ""},
		"allOf":         {`{"allOf": [{"type": "string"}]}`, open, "the API does not check allOf"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, told := specOf(t, `{"a": `+test.spec+`}`)
			scaffoldtest.Schema(t, test.want, spec.Properties["a"])
			scaffoldtest.Told(t, test.told, told)
		})
	}
}

// What one of the alternatives accepts, the API accepts, and without a word in it
// that Pulumi would not have had.
func TestUnionsAcceptTheirAlternatives(t *testing.T) {
	t.Parallel()
	for union, values := range map[string][]string{
		`[{"$ref": "#/types/p:index:A"}, {"$ref": "#/types/p:index:B"}]`:                                                    {`{"kind": "a", "n": 1}`, `{"kind": "b", "n": "x", "y": true}`},
		`[{"type": "array", "items": {"$ref": "#/types/p:index:A"}}, {"type": "array", "items": {"type": "string"}}]`:       {`[{"kind": "a", "n": 1}]`, `["x"]`, `[]`},
		`[{"type": "object"}, {"$ref": "#/types/p:index:B"}]`:                                                               {`{"any": "x"}`, `{"kind": "b", "y": true}`},
		`[{"type": "boolean"}, {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}}}]`: {`true`, `{"a": [1.5]}`},
		`[{"$ref": "pulumi.json#/Asset"}, {"type": "integer"}]`:                                                             {`{"fn::stringAsset": "x"}`, `3`},
		`[{"oneOf": [{"type": "integer"}, {"$ref": "#/types/p:index:Size"}]}, {"type": "number"}]`:                          {`1.5`, `"s"`},
	} {
		spec, _ := specOf(t, `{"a": {"oneOf": `+union+`}}`)
		a := spec.Properties["a"]
		for _, value := range values {
			if err := openapi.Accepts(&a, apiextensionsv1.JSON{Raw: []byte(value)}); err != nil {
				t.Errorf("%s does not accept %s: %v", union, value, err)
			}
		}
	}
}

// Types that contain each other many times make no API without end, and what
// there is room for is there.
func TestAPIIsBounded(t *testing.T) {
	t.Parallel()
	types := []string{`"p:index:T40": {"type": "object", "properties": {"v": {"type": "string"}}}`}
	for n := range 40 {
		ref := fmt.Sprintf(`{"$ref": "#/types/p:index:T%d"}`, n+1)
		types = append(types, fmt.Sprintf(`"p:index:T%d": {"type": "object", "properties": {"a": %s, "b": %s}}`, n, ref, ref))
	}
	p, c := parse(t, []byte(`{"name": "p", "types": {`+strings.Join(types, ",")+`}, "resources": {"p:index:C": {"isComponent": true, "inputProperties": {"a": {"$ref": "#/types/p:index:T0"}}}}}`), "")
	spec, findings := pulumi.Spec(p, c)
	if told := string(scaffoldtest.Listed(findings)); !strings.Contains(told, "no room for one more") {
		t.Errorf("told %q", told)
	}
	depth := 0
	for at := spec; at.XPreserveUnknownFields == nil; depth++ {
		at = at.Properties["a"]
	}
	if depth < 8 {
		t.Errorf("the API describes %d types in each other, and has room for more", depth)
	}
}

// Whatever a package says of its inputs, Kratix and the API server accept the API
// that is made of it, and its example. Seeds are those of generated packages, many
// of which make no sense.
func FuzzSpec(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := generator{rand.New(rand.NewPCG(seed, seed))}
		data, err := json.Marshal(map[string]any{
			"name":      "p",
			"config":    map[string]any{"variables": g.properties(1)},
			"types":     map[string]any{"p:index:A": g.spec(3), "p:index:B": g.spec(3), "p:index/x:E": map[string]any{"type": "string", "enum": g.list("a", 1, nil)}},
			"resources": map[string]any{"p:index:C": map[string]any{"isComponent": true, "inputProperties": g.properties(3), "requiredInputs": g.list("a", "b.c", "", "gone")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		p, c := parse(t, data, "")
		content, _ := pulumi.Content(local(), p, c)
		files, _, err := scaffold.Translate(scaffold.PromiseOptions{Name: "a", Group: "acme.org", Kind: "A"}, content)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		scaffoldtest.Works(t, files)
	})
}

// A generator makes types by chance.
type generator struct{ *rand.Rand }

func (g generator) spec(depth int) any {
	if depth == 0 {
		return g.pick(map[string]any{"type": "string"}, map[string]any{"type": "integer", "default": 1}, map[string]any{"$ref": "#/types/p:index:A"}, map[string]any{}, "string")
	}
	s := map[string]any{}
	for range g.IntN(5) {
		switch word := g.word("type", "type", "oneOf", "properties", "items", "additionalProperties", "enum", "const", "default", "required", "$ref", "flag", "text"); word {
		case "type":
			s[word] = g.pick("object", "array", "string", "integer", "number", "boolean", "nonsense", 1)
		case "oneOf":
			s[word] = []any{g.spec(depth - 1), g.spec(depth - 1)}
		case "properties":
			s[word] = g.properties(depth - 1)
		case "items", "additionalProperties":
			s[word] = g.pick(g.spec(depth-1), g.spec(depth-1), true)
		case "enum":
			s[word] = g.list("a", 1, 1.5, nil, true, map[string]any{"value": "b", "description": "x: y"}, map[string]any{"value": 2})
		case "const", "default":
			s[word] = g.pick("a", 1, 1.5, true, nil, []any{"a"}, map[string]any{"a": 1})
		case "required":
			s[word] = g.list("a", "b.c", "", 1)
		case "$ref":
			s[word] = g.pick("#/types/p:index:A", "#/types/p:index:B", "#/types/p:index%2Fx:E", "#/resources/p:index:C", "pulumi.json#/Any", "pulumi.json#/Json",
				"pulumi.json#/Asset", "/aws/v6.0.0/schema.json#/types/aws:a:B", "#", "", "#/types/%", "nothing")
		case "flag":
			s[g.word("secret", "plain", "replaceOnChanges")] = g.pick(true, false, "yes")
		case "text":
			s[g.word("description", "deprecationMessage", "pattern", "format", "discriminator")] = g.pick("x\ny: z", "# no comment", "", 1, map[string]any{"propertyName": "a"})
		}
	}
	return s
}

func (g generator) properties(depth int) any {
	return g.pick(map[string]any{"a": g.spec(depth), "b.c": g.spec(depth), "": g.spec(depth)}, map[string]any{"a": g.spec(depth)}, map[string]any{})
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

// What a component accepts, the API accepts and keeps, whatever its types are.
func FuzzAccepts(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := typist{generator{rand.New(rand.NewPCG(seed, seed))}, map[string]any{}}
		inputs, values := map[string]any{}, map[string]any{}
		for name := range strings.FieldsSeq("a b c d e f g h i j k l") {
			inputs[name], values[name] = g.typed(4)
		}
		data, err := json.Marshal(map[string]any{
			"name": "p", "types": g.types,
			"resources": map[string]any{"p:index:C": map[string]any{"isComponent": true, "inputProperties": inputs}},
		})
		if err != nil {
			t.Fatal(err)
		}
		p, c := parse(t, data, "")
		content, _ := pulumi.Content(local(), p, c)
		files, _, err := scaffold.Translate(scaffold.PromiseOptions{Name: "a", Group: "acme.org", Kind: "A"}, content)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		made, err := promise.Parse("promise.yaml", files[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		crd, err := made.CRD()
		if err != nil {
			t.Fatal(err)
		}
		request := map[string]any{
			"apiVersion": "acme.org/v1alpha1", "kind": "A", "metadata": map[string]any{"name": "a", "namespace": "default"},
			"spec": values,
		}
		got, err := crd.Admit(request)
		if err != nil {
			t.Fatalf("%v\n%s\n%v", err, data, values)
		}
		if !keeps(got["spec"], values) {
			t.Errorf("%s makes %v of %v", data, got["spec"], values)
		}
	})
}

// keeps tells whether all of a value is in another, where defaults may be added.
func keeps(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for key, value := range want {
			if !keeps(object[key], value) {
				return false
			}
		}
		return object != nil
	case []any:
		list, _ := got.([]any)
		for i := range want {
			if len(list) != len(want) || !keeps(list[i], want[i]) {
				return false
			}
		}
		return list != nil
	default:
		return cmp.Equal(want, got)
	}
}

// A typist makes types that make sense, and values of them.
type typist struct {
	generator

	types map[string]any
}

func (g typist) typed(depth int) (spec map[string]any, value any) {
	kinds := strings.Fields("string integer number boolean enum any json foreign asset")
	if depth > 0 {
		kinds = strings.Fields("string array map object object union union union")
	}
	return g.of(g.word(kinds...), depth)
}

// of makes a type of a kind, whose parts are at most so deep.
func (g typist) of(kind string, depth int) (spec map[string]any, value any) {
	switch kind {
	case "integer":
		return map[string]any{"type": kind}, int64(g.IntN(3))
	case "number":
		return map[string]any{"type": kind, "default": 0.5}, 1.5
	case "boolean":
		return map[string]any{"type": kind, "plain": true}, true
	case "enum":
		return g.named(map[string]any{"type": "string", "enum": []any{map[string]any{"value": "x"}, map[string]any{"value": "y"}}}), "y"
	case "any":
		return map[string]any{"$ref": "pulumi.json#/Any"}, g.pick("x", int64(1), true, []any{"x"}, map[string]any{"x": "y"})
	case "json":
		return map[string]any{"$ref": "pulumi.json#/Json"}, `{"x": 1}`
	case "foreign":
		return map[string]any{"$ref": "/aws/v6.0.0/schema.json#/types/aws:a:B"}, g.pick("x", map[string]any{"x": "y"})
	case "asset":
		return map[string]any{"$ref": "pulumi.json#/Asset"}, map[string]any{"fn::stringAsset": "x"}
	case "array":
		items, item := g.typed(depth - 1)
		return map[string]any{"type": "array", "items": items}, g.pick([]any{item, item}, []any{})
	case "map":
		values, value := g.typed(depth - 1)
		return map[string]any{"type": "object", "additionalProperties": values}, map[string]any{"k": value, "l.m": value}
	case "object":
		return g.object(depth - 1)
	case "union":
		return g.union(depth - 1)
	default:
		return map[string]any{"type": "string", "secret": true}, "a text"
	}
}

// object makes a type with a name, or one that contains itself.
func (g typist) object(depth int) (spec map[string]any, value any) {
	properties, values, required := map[string]any{}, map[string]any{}, []any{}
	for _, name := range []string{"a", "b", "c.d"} {
		if g.IntN(4) == 0 {
			continue
		}
		property, v := g.typed(depth)
		properties[name] = property
		if g.IntN(3) > 0 {
			values[name] = v
			required = append(required, g.list(name)...)
		}
	}
	spec = g.named(map[string]any{"type": "object", "properties": properties, "required": required})
	if len(properties) > 0 && g.IntN(3) == 0 {
		properties["self"] = spec
		values["self"] = maps.Clone(values)
	}
	return spec, values
}

// union makes a type of several. Those of people are often of related types.
func (g typist) union(depth int) (spec map[string]any, value any) {
	kinds := strings.Fields(g.word("object", "array", "map", "integer string enum", "integer number", "string enum json", "object map", "string array object boolean any"))
	var all, values []any
	for range 2 + g.IntN(2) {
		alternative, v := g.of(g.word(kinds...), depth)
		all, values = append(all, alternative), append(values, v)
	}
	return map[string]any{"oneOf": all}, g.pick(values...)
}

func (g typist) named(spec map[string]any) map[string]any {
	token := fmt.Sprintf("p:index:T%d", len(g.types))
	g.types[token] = spec
	return map[string]any{"$ref": "#/types/" + token}
}
