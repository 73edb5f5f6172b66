// SPDX-License-Identifier: Apache-2.0

package terraform_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
	"github.com/kratix-tools/kratix/internal/scaffold/terraform"
)

// FuzzTypes holds two properties of a variable of any type, with any default and
// any conditions: Kratix and the API server accept the API that is made of it, and
// without conditions the API takes whatever Terraform takes.
func FuzzTypes(f *testing.F) {
	for i := range 200 {
		seed := sha256.Sum256(fmt.Append(nil, i))
		more := sha256.Sum256(seed[:])
		f.Add(append(seed[:], more[:]...))
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		c := chooser{choices}
		typ := c.typ(4)
		value, text := c.value(typ), "variable \"x\" {\n  type = "+typ.String()+"\n"
		if c.pick(2) == 1 {
			text += "  default = " + c.value(typ) + "\n"
		}
		m := translated(t, text+"}\n")
		schema := m.Spec.Properties["x"]
		if err := openapi.Accepts(&schema, apiextensionsv1.JSON{Raw: []byte(value)}); err != nil {
			t.Errorf("%s}\nthe value %s: %v", text, value, err)
		}
		validations := ""
		if c.pick(2) == 1 {
			validations = c.validation()
		}
		translated(t, text+validations+c.validation()+"}\n")
	})
}

// translated reads a module of one file and makes a Promise of it.
func translated(t *testing.T, text string) *terraform.Module {
	t.Helper()
	m, err := terraform.Read(fstest.MapFS{"a.tf": {Data: []byte(text)}}, "module")
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	o := scaffold.PromiseOptions{Name: "vpc", Group: "acme.org", Kind: "Network"}
	if _, _, err := scaffold.Translate(o, m.Content(terraform.Options{Source: "./module"})); err != nil {
		t.Errorf("%s\n%v", text, err)
	}
	return m
}

// A chooser makes whatever its bytes choose; when they are used up, it makes the
// smallest there is.
type chooser struct{ left []byte }

func (c *chooser) pick(n int) int {
	if len(c.left) == 0 {
		return 0
	}
	picked := int(c.left[0]) % n
	c.left = c.left[1:]
	return picked
}

func (c *chooser) one(of ...string) string { return of[c.pick(len(of))] }

// A tfType is a type, and how values of it are written.
type tfType struct {
	name  string   // string, list, object
	parts []tfType // of a collection one, of a tuple and an object each
	// Optional attributes of an object are written so, some with a default.
	optional bool
	def      string
}

func (c *chooser) typ(depth int) tfType {
	names := []string{"string", "number", "bool", "any", "list", "set", "map", "tuple", "object", "object"}
	if depth == 0 {
		names = names[:4]
	}
	typ := tfType{name: names[c.pick(len(names))]}
	n := map[string]int{"list": 1, "set": 1, "map": 1, "tuple": c.pick(4), "object": c.pick(5)}[typ.name]
	for range n {
		part := c.typ(depth - 1)
		if typ.name == "object" && c.pick(2) == 1 {
			part.optional = true
			if c.pick(2) == 1 {
				part.def = c.value(part)
			}
		}
		typ.parts = append(typ.parts, part)
	}
	return typ
}

func (t tfType) String() string {
	var parts []string
	for i, part := range t.parts {
		text := part.String()
		switch {
		case part.optional && part.def != "":
			text = "optional(" + text + ", " + part.def + ")"
		case part.optional:
			text = "optional(" + text + ")"
		}
		if t.name == "object" {
			text = fmt.Sprintf("%s = %s", attributeName(i), text)
		}
		parts = append(parts, text)
	}
	switch t.name {
	case "list", "set", "map":
		return t.name + "(" + parts[0] + ")"
	case "tuple":
		return "tuple([" + strings.Join(parts, ", ") + "])"
	case "object":
		return "object({" + strings.Join(parts, ", ") + "})"
	default:
		return t.name
	}
}

// attributeName gives some that a schema could take for its own words.
func attributeName(i int) string {
	return []string{"a", "type", "properties", "x-kubernetes-embedded-resource", "_b"}[i]
}

// value writes a value of a type, as JSON, which is HCL too.
func (c *chooser) value(t tfType) string {
	switch t.name {
	case "string":
		return c.one(`"a"`, `""`, `"ä\n"`, `"1"`)
	case "number":
		return c.one("0", "-1", "0.5", "12345678901", "1e-7")
	case "bool":
		return c.one("true", "false")
	case "any":
		return c.one(`"a"`, "1", "true", "[1]", `{"a": ["b"]}`)
	}
	var items []string
	switch t.name {
	case "tuple", "object":
		for i, part := range t.parts {
			switch {
			case part.optional && c.pick(2) == 1:
			case t.name == "object":
				items = append(items, `"`+attributeName(i)+`": `+c.value(part))
			default:
				items = append(items, c.value(part))
			}
		}
	default:
		for i := range c.pick(3) {
			item := c.value(t.parts[0])
			if t.name == "map" {
				item = fmt.Sprintf(`"key%d": %s`, i, item)
			}
			items = append(items, item)
		}
	}
	if t.name == "map" || t.name == "object" {
		return "{" + strings.Join(items, ", ") + "}"
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func (c *chooser) validation() string {
	return "  validation {\n    condition = " + c.condition() + "\n    error_message = \"No.\"\n  }\n"
}

// condition writes one that may have nothing to do with the type.
func (c *chooser) condition() string {
	subject := c.one("var.x", "var.x", "var.x.a", "var.x.type", "var.x.a.a")
	plain := func(of string) string {
		return strings.ReplaceAll(c.one(
			`contains(["a", "b"], X)`, `contains([1, 0.5], X)`, `contains([true], X)`, `contains([[1]], X)`, `contains([], X)`,
			`X == "a" || X == ""`, `X != ""`, `X == null || X != "a"`, `X == null ? true : X > 1`, `X == true`, `X != "b"`, `!contains([1, 2], X)`, `!contains(["a"], X) && X != "b"`, `length(trimspace(X)) > 0`, `substr(X, 0, 1) == "a"`,
			`X > 1`, `X <= 0.5`, `3 > X`, `X >= 5 && X < 2`, `floor(X) == X`, `X % 5 == 0`, `X % 0.5 == 0`, `X % 0 == 0`,
			`length(X) > 2`, `length(X) == 1.5`, `length(X) <= 0`, `length(X) < 0`, `length(X) > 1000000`,
			`can(regex("^a(b|c)*$", X))`, `can(regex("(", X))`, `X == "" || can(regex("^a$", X))`, `startswith(X, "a.")`,
			`can(cidrhost(X, 0))`, `can(cidrnetmask(X))`, `length(setsubtract(X, ["a"])) == 0`, `length(regexall("a", X)) > 0`,
		), "X", of)
	}
	switch c.pick(4) {
	case 0:
		return "alltrue([for v in " + subject + " : " + plain(c.one("v", "v.a")) + "])"
	case 1:
		return plain(subject) + " && " + plain(subject)
	default:
		return plain(subject)
	}
}
