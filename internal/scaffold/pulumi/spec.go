// SPDX-License-Identifier: Apache-2.0

package pulumi

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

type schema = apiextensionsv1.JSONSchemaProps

const (
	// maxSchemas is how many values an API may describe. About so many fit into
	// an object of Kubernetes, with their descriptions.
	maxSchemas = 3000
	// maxDepth is how many types may be in each other.
	maxDepth = 24
)

// Spec gives the schema of the inputs of a component. The findings tell what it
// does not say of them, field by field.
func Spec(p *Package, c Component) (apiextensionsv1.JSONSchemaProps, []diag.Finding) {
	for depth := maxDepth; ; depth-- {
		t := &translator{pkg: p, depth: depth, found: map[diag.Finding]bool{}}
		spec := t.object("spec", c.Inputs, c.Required, []string{"resource " + c.Token})
		if t.size <= maxSchemas || depth == 0 {
			spec.Description = text(c.Description)
			return *spec, t.findings
		}
	}
}

// A translator goes through the inputs of a component.
type translator struct {
	pkg      *Package
	depth    int // of types in each other, below which all is open
	size     int // values so far
	findings []diag.Finding
	found    map[diag.Finding]bool
}

func (t *translator) find(severity diag.Severity, path, format string, args ...any) {
	f := diag.Finding{Severity: severity, Field: path, Message: fmt.Sprintf(format, args...)}
	if !t.found[f] { // by another alternative
		t.found[f] = true
		t.findings = append(t.findings, f)
	}
}

func (t *translator) note(path, format string, args ...any) {
	t.find(diag.SeverityNote, path, format, args...)
}

func (t *translator) warn(path, format string, args ...any) {
	t.find(diag.SeverityWarning, path, format, args...)
}

// value gives the schema of a value. Within lists the types that it is part of.
func (t *translator) value(path string, spec any, within []string) *schema {
	words, ok := spec.(map[string]any)
	if t.size++; t.size > maxSchemas && t.depth > 0 {
		return openapi.Open() // the caller tries again, less deep
	}
	if !ok {
		t.warn(path, "its type should be an object and is %s: the API accepts anything", diag.Describe(spec))
		return openapi.Open()
	}
	t.misshapen(path, words)
	s := t.typed(path, words, within)
	t.enum(path, s, words)
	t.describe(path, s, words)
	t.secret(path, s, words)
	t.setDefault(path, s, words)
	t.leftOver(path, words)
	return s
}

// typed gives the schema of a type, in the order in which Pulumi looks at its
// words.
func (t *translator) typed(path string, words map[string]any, within []string) *schema {
	if ref, ok := words["$ref"].(string); ok {
		return t.ref(path, ref, within)
	}
	for _, word := range []string{"oneOf", "anyOf"} {
		if alternatives, ok := words[word].([]any); ok {
			return t.union(path, alternatives, discriminator(words), within)
		}
	}
	switch typ := typeOf(words); typ {
	case "string", "integer", "number", "boolean":
		return &schema{Type: typ}
	case "array":
		return t.list(path, words, within)
	case "object":
		required, _ := words["required"].([]any)
		if properties, ok := words["properties"].(map[string]any); ok {
			s := t.object(path, properties, required, within)
			t.open(path, s, words)
			return s
		}
		s := t.dictionary(path, words, within)
		t.require(path, s, required)
		return s
	case "":
		t.warn(path, "it has no type: the API accepts anything")
	default:
		t.warn(path, "Pulumi knows no type %q: the API accepts anything", typ)
	}
	return openapi.Open()
}

// typeOf is the type that is stated, or else implied.
func typeOf(words map[string]any) string {
	if typ, ok := words["type"]; ok {
		return fmt.Sprint(typ)
	}
	for _, hint := range []struct{ word, typ string }{
		{"properties", "object"}, {"additionalProperties", "object"}, {"items", "array"},
	} {
		if _, ok := words[hint.word]; ok {
			return hint.typ
		}
	}
	if values := enumValues(words); len(values) > 0 && plain(values[0]) {
		return openapi.TypeOf(values[0])
	}
	return ""
}

func (t *translator) list(path string, words map[string]any, within []string) *schema {
	items, ok := words["items"]
	if !ok {
		t.warn(path, "it is a list of nothing in particular: the API accepts any items")
		return openapi.ListOf(openapi.Open())
	}
	return openapi.ListOf(t.value(path+"[]", items, within))
}

// dictionary gives the schema of an object whose keys are free. If nothing is said
// of its values, they are texts.
func (t *translator) dictionary(path string, words map[string]any, within []string) *schema {
	switch values := words["additionalProperties"].(type) {
	case nil:
		return openapi.MapOf(&schema{Type: "string"})
	case bool:
		if !values {
			return &schema{Type: "object"}
		}
		return openapi.OpenObject()
	default:
		return openapi.MapOf(t.value(path+".*", values, within))
	}
}

// object gives the schema of an object whose properties have names.
func (t *translator) object(path string, properties map[string]any, required []any, within []string) *schema {
	s := &schema{Type: "object"}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if s.Properties == nil {
			s.Properties = map[string]schema{}
		}
		s.Properties[name] = *t.value(yamldoc.Join(path, name), properties[name], within)
	}
	t.require(path, s, required)
	return s
}

// require takes over which properties an object has to have.
func (t *translator) require(path string, s *schema, required []any) {
	for _, name := range required {
		key, _ := name.(string)
		if _, ok := s.Properties[key]; !ok {
			t.warn(path, "it requires %v, and has no such property: the API does not require it", name)
			continue
		}
		s.Required = append(s.Required, key)
	}
	slices.Sort(s.Required)
	s.Required = slices.Compact(s.Required)
}

// open lets an object have other properties than those with names, if that is
// said: a structural schema says nothing of their values.
func (t *translator) open(path string, s *schema, words map[string]any) {
	if others := words["additionalProperties"]; others != nil && others != false {
		t.warn(path, "it has other properties beside those with names: the API does not check them")
		s.XPreserveUnknownFields = openapi.Open().XPreserveUnknownFields
	}
}

// ref gives the schema of a type that has a name.
func (t *translator) ref(path, ref string, within []string) *schema {
	document, pointer, _ := strings.Cut(ref, "#")
	section, token, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	token = unescaped(token)
	switch {
	case document == "pulumi.json":
		return t.builtIn(path, section)
	case document != "":
		t.note(path, "it is %s of the package %s: the API accepts anything", cmp.Or(lastOf(token), "something"), packageOf(document))
		return openapi.Open()
	case section == "types" && t.pkg.Types[token] != nil:
		return t.namedType(path, token, within)
	case section == "resources" && t.pkg.Resources[token] != nil:
		return t.resource(path, token, within)
	default:
		t.warn(path, "there is no %s in the schema: the API accepts anything", ref)
		return openapi.Open()
	}
}

// builtIn gives the schema of a type of Pulumi itself.
func (t *translator) builtIn(path, name string) *schema {
	switch name {
	case "Any":
		s := openapi.Open()
		s.Nullable = true
		return s
	case "Json":
		t.note(path, "it is a text that has JSON in it: the API accepts any text")
		return &schema{Type: "string"}
	case "Asset":
		return t.file(path, "an asset", "{fn::stringAsset: TEXT} or {fn::remoteAsset: URL}")
	case "Archive":
		return t.file(path, "an archive", "{fn::remoteArchive: URL}")
	default:
		t.warn(path, "Pulumi has no type %s: the API accepts anything", name)
		return openapi.Open()
	}
}

// file gives the schema of a file, which a program writes as an object with one
// key.
func (t *translator) file(path, what, form string) *schema {
	t.note(path, "it is %s, such as %s: the API accepts anything", what, form)
	s := openapi.Open()
	s.Description = "It is " + what + ", such as " + form + "."
	return s
}

// namedType gives the schema of an object or an enum of the package.
func (t *translator) namedType(path, token string, within []string) *schema {
	words, ok := t.pkg.Types[token].(map[string]any)
	_, isEnum := words["enum"]
	if !ok || isEnum {
		return t.value(path, t.pkg.Types[token], within)
	}
	if s := t.cut(path, "type "+token, within); s != nil {
		return s
	}
	if _, ok := words["properties"]; !ok && words["additionalProperties"] == nil && typeOf(words) == "object" {
		s := &schema{Type: "object"} // and no map: it has a name, and no properties
		t.describe(path, s, words)
		return s
	}
	return t.value(path, words, append(slices.Clone(within), "type "+token))
}

// resource gives the schema of the inputs of a resource of the package.
func (t *translator) resource(path, token string, within []string) *schema {
	if s := t.cut(path, "resource "+token, within); s != nil {
		return s
	}
	t.note(path, "it is a resource, %s: the API takes the inputs of one", lastOf(token))
	words, _ := t.pkg.Resources[token].(map[string]any)
	inputs, _ := words["inputProperties"].(map[string]any)
	required, _ := words["requiredInputs"].([]any)
	s := t.object(path, inputs, required, append(slices.Clone(within), "resource "+token))
	t.describe(path, s, words)
	return s
}

// cut gives an open object where a type would be part of itself, or too deep.
func (t *translator) cut(path, name string, within []string) *schema {
	_, token, _ := strings.Cut(name, " ")
	switch {
	case slices.Contains(within, name):
		t.note(path, "it is a %s within another: the API accepts any object", lastOf(token))
	case len(within) > t.depth:
		t.note(path, "the API has no room for one more %s: it accepts any object", lastOf(token))
	default:
		return nil
	}
	return openapi.OpenObject()
}

// unescaped is a part of a URL as it is meant, such as a/b for a%2Fb.
func unescaped(part string) string {
	return regexp.MustCompile(`%[0-9A-Fa-f]{2}`).ReplaceAllStringFunc(part, func(escape string) string {
		char, err := hex.DecodeString(escape[1:])
		if err != nil {
			return escape
		}
		return string(char)
	})
}

// packageOf is the name of a package in the place of its schema, such as aws in
// /aws/v6.0.0/schema.json.
func packageOf(document string) string {
	if strings.HasPrefix(document, "/") {
		document, _, _ = strings.Cut(document[1:], "/")
	}
	return document
}

// lastOf is the name in a token, such as Bucket in acme:index/bucket:Bucket.
func lastOf(token string) string { return token[strings.LastIndex(token, ":")+1:] }
