// SPDX-License-Identifier: Apache-2.0

package pulumi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Package is what its schema says of it. Types and resources are by token, as
// in "acme:index:Bucket"; their values are what JSON decodes to.
type Package struct {
	Name, Version string
	// Config says which configuration the package has; nil if it has none.
	Config    any
	Types     map[string]any
	Resources map[string]any
}

// A Component is a resource that is made of others.
type Component struct {
	Token, Description, Deprecated string
	// Inputs are the properties that it takes, as the schema has them.
	Inputs map[string]any
	// Required are the names of those that it needs.
	Required []any
}

// Parse reads the schema of a package, which is JSON or YAML. One that is none is
// an input error.
func Parse(data []byte) (*Package, error) {
	root, err := decode(data)
	if err != nil {
		return nil, err
	}
	p := &Package{Config: root["config"]}
	p.Name, _ = root["name"].(string)
	p.Version, _ = root["version"].(string)
	p.Types, _ = root["types"].(map[string]any)
	p.Resources, _ = root["resources"].(map[string]any)
	if p.Resources == nil {
		err := diag.Inputf("it is no schema of a Pulumi package: it has no resources")
		return nil, diag.Hint(err, "pulumi package get-schema PACKAGE prints the schema of a package")
	}
	return p, nil
}

func decode(data []byte) (map[string]any, error) {
	var root any
	text := bytes.TrimSpace(data)
	switch {
	case bytes.HasPrefix(text, []byte("<")):
		return nil, diag.Inputf("it is no schema but a page of HTML or XML")
	case bytes.HasPrefix(text, []byte("{")) && json.Valid(text):
		if err := kjson.Unmarshal(text, &root); err != nil {
			return nil, diag.Input(err)
		}
	default:
		converted, err := yaml.YAMLToJSONStrict(data)
		if err != nil {
			return nil, diag.Input(syntaxError(data, err))
		}
		if err := kjson.Unmarshal(converted, &root); err != nil {
			return nil, diag.Input(err)
		}
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, diag.Inputf("it is no schema of a Pulumi package but %s", diag.Describe(root))
	}
	return object, nil
}

// syntaxError says where a document is broken. JSON is told in its own words,
// though it is YAML too.
func syntaxError(data []byte, err error) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var wrong *json.SyntaxError
		if e := json.Unmarshal(data, new(any)); errors.As(e, &wrong) {
			line := 1 + bytes.Count(data[:min(int(wrong.Offset), len(data))], []byte("\n"))
			return fmt.Errorf("line %d: %w", line, wrong)
		}
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n")
	return errors.New(strings.Join(strings.Fields(text), " "))
}

// Components lists the tokens of the components, sorted.
func (p *Package) Components() []string {
	var tokens []string
	for _, token := range slices.Sorted(maps.Keys(p.Resources)) {
		if resource, ok := p.Resources[token].(map[string]any); ok && resource["isComponent"] == true {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// Component gives the component with a token. Where there is only one, the token
// may be empty.
func (p *Package) Component(token string) (Component, error) {
	all := p.Components()
	switch {
	case len(all) == 0:
		err := diag.Inputf("the package %s has no components", p)
		return Component{}, diag.Hint(err, "components are the resources with isComponent: true")
	case token == "" && len(all) > 1:
		err := diag.Inputf("--component: the package %s has %d components", p, len(all))
		return Component{}, diag.Hint(err, oneOf(all))
	case token == "":
		token = all[0]
	case !slices.Contains(all, token):
		return Component{}, p.noComponent(token, all)
	}
	resource, _ := p.Resources[token].(map[string]any)
	c := Component{Token: token}
	c.Description, _ = resource["description"].(string)
	c.Deprecated, _ = resource["deprecationMessage"].(string)
	c.Inputs, _ = resource["inputProperties"].(map[string]any)
	c.Required, _ = resource["requiredInputs"].([]any)
	return c, nil
}

func (p *Package) noComponent(token string, all []string) error {
	err := diag.Inputf("--component: the package %s has no component %q", p, token)
	if _, ok := p.Resources[token]; ok {
		err = diag.Inputf("--component: %s is a resource of the package %s, and no component", token, p)
	}
	hint := oneOf(all)
	if near := diag.DidYouMean(token, all); near != "" {
		hint = near
	}
	return diag.Hint(err, hint)
}

func oneOf(tokens []string) string {
	lines := []string{"one of"}
	for _, token := range tokens {
		lines = append(lines, "--component "+token)
	}
	if len(tokens) == 1 {
		return lines[1]
	}
	return strings.Join(lines, "\n")
}

// String names the package, and its version if that is known.
func (p *Package) String() string {
	switch {
	case p.Name == "":
		return "without a name"
	case p.Version == "":
		return p.Name
	default:
		return p.Name + " " + p.Version
	}
}
