// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
)

// A variable on its way to a property.
type variable struct {
	block

	name     string
	findings []diag.Finding
}

func (v *variable) field() string { return "spec." + v.name }

func (v *variable) find(severity diag.Severity, field, format string, args ...any) {
	v.findings = append(v.findings, diag.Finding{Severity: severity, Position: v.at, Field: field, Message: fmt.Sprintf(format, args...)})
}

// schema makes the schema of the property, and tells whether it is required.
func (v *variable) schema() (schema *apiextensionsv1.JSONSchemaProps, required bool) {
	typ, defaults := v.declared()
	schema = v.typed(v.field(), typ, defaults)
	schema.Description = v.description()
	if v.is("sensitive", false) {
		v.find(diag.SeverityNote, v.field(), "it is sensitive, and whoever may read requests can read it")
		if schema.Type == "string" {
			schema.Format = "password"
		}
	}
	for _, c := range v.conditions {
		v.narrow(schema, c)
	}
	v.checkDefaults(schema, v.field())
	v.setDefault(schema, typ)
	return schema, v.attributes["default"] == nil
}

// description is that of the variable, and what else a user has to know.
func (v *variable) description() string {
	description, deprecated := v.text("description"), v.text("deprecated")
	if deprecated != "" {
		description += "\nDeprecated: " + deprecated
	}
	return strings.TrimSpace(description)
}

// declared is the type of the variable, with the defaults of optional attributes.
func (v *variable) declared() (cty.Type, *typeexpr.Defaults) {
	text := v.typ
	switch text {
	case "":
		return v.inferred(), nil
	case "list", "map", "set": // as Terraform before 0.12 wrote them
		text += "(any)"
	}
	expression, problems := hclsyntax.ParseExpression([]byte(text), v.at.File, hcl.InitialPos)
	if !problems.HasErrors() {
		typ, defaults, moreProblems := typeexpr.TypeConstraintWithDefaults(expression)
		if problems = moreProblems; !problems.HasErrors() {
			return typ, defaults
		}
	}
	v.find(diag.SeverityWarning, v.field(), "its type %s is none that Terraform knows (%s): the API accepts anything", inOneLine(text), reason(problems))
	return cty.DynamicPseudoType, nil
}

// reason is what HCL says first, in one line.
func reason(problems hcl.Diagnostics) string {
	if problems[0].Detail == "" {
		return problems[0].Summary
	}
	return strings.TrimSuffix(inOneLine(problems[0].Detail), ".")
}

func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// inferred is the type of a variable that states none, and takes what it is
// given. Its default tells what was meant.
func (v *variable) inferred() cty.Type {
	value, ok := v.value()
	if !ok || value.IsNull() {
		v.find(diag.SeverityNote, v.field(), "it has no type: the API accepts anything")
		return cty.DynamicPseudoType
	}
	typ := value.Type()
	switch {
	case typ.IsTupleType():
		typ = cty.List(cty.DynamicPseudoType)
	case typ.IsObjectType():
		typ = cty.Map(cty.DynamicPseudoType)
	}
	v.find(diag.SeverityNote, v.field(), "it has no type: that of its default, %s, is taken", typeexpr.TypeString(typ))
	return typ
}

// value is the default, if there is one.
func (v *variable) value() (cty.Value, bool) {
	return v.constant("default")
}

// setDefault gives the property the variable's default. One that the API cannot
// hold is left to Terraform, which has it when the property is absent.
func (v *variable) setDefault(s *apiextensionsv1.JSONSchemaProps, typ cty.Type) {
	value, ok := v.value()
	if !ok {
		return
	}
	converted, err := convert.Convert(value, typ)
	switch {
	case err != nil:
		v.find(diag.SeverityWarning, v.field(), "its default is left out: Terraform refuses it, for %v", err)
	case converted.IsNull() && v.is("nullable", true):
		v.allowNull(s)
	case converted.IsNull():
		v.find(diag.SeverityWarning, v.field(), "its default is left out: it is null, and the variable is not nullable")
	default:
		v.put(s, v.field(), converted, typ)
	}
}

// put sets the default of a property, if the property accepts it.
func (v *variable) put(s *apiextensionsv1.JSONSchemaProps, field string, value cty.Value, typ cty.Type) {
	plain, ok := asJSON(value, typ)
	if !ok {
		v.find(diag.SeverityNote, field, "its default is left to Terraform: it has a null inside, which the API would drop")
		return
	}
	if err := openapi.Accepts(s, plain); err != nil {
		v.find(diag.SeverityWarning, field, "its default is left to Terraform: %v", err)
		return
	}
	s.Default = &plain
}

// checkDefaults drops the defaults of attributes that a condition excludes.
func (v *variable) checkDefaults(s *apiextensionsv1.JSONSchemaProps, field string) {
	if s.Default != nil {
		if err := openapi.Accepts(s, *s.Default); err != nil {
			v.find(diag.SeverityWarning, field, "its default is left to Terraform: %v", err)
			s.Default = nil
		}
	}
	if s.Items != nil {
		v.checkDefaults(s.Items.Schema, field+"[]")
	}
	if s.AdditionalProperties != nil {
		v.checkDefaults(s.AdditionalProperties.Schema, field+".*")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		v.checkDefaults(&property, field+"."+name)
		s.Properties[name] = property
	}
}

// constant is the value of an attribute, if there is one.
func (v *variable) constant(name string) (cty.Value, bool) {
	e, ok := v.attributes[name]
	if !ok {
		return cty.NilVal, false
	}
	value, problems := e.Value(nil)
	return value, !problems.HasErrors() && value.IsWhollyKnown()
}

// is tells whether a switch is on; usual is what it is if nobody says.
func (v *variable) is(name string, usual bool) bool {
	value, ok := v.constant(name)
	if !ok || value.IsNull() || value.Type() != cty.Bool {
		return usual
	}
	return value.True()
}

func (v *variable) text(name string) string {
	value, ok := v.constant(name)
	if !ok || value.IsNull() || value.Type() != cty.String {
		return ""
	}
	return strings.TrimSpace(value.AsString())
}

// allowNull lets a property be null. The API server takes null for none of the
// values that a schema lists, even where null is one of them.
func (v *variable) allowNull(s *apiextensionsv1.JSONSchemaProps) {
	if len(s.Enum) > 0 {
		v.find(diag.SeverityNote, v.field(), "it may be left out, and not be null: an API that lists values has no null")
		return
	}
	s.Nullable = true
}
