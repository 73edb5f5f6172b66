// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
)

// typed is the schema of a type. Defaults, which may be nil, are those of its
// attributes.
func (v *variable) typed(field string, typ cty.Type, defaults *typeexpr.Defaults) *apiextensionsv1.JSONSchemaProps {
	switch {
	case typ == cty.String:
		return &apiextensionsv1.JSONSchemaProps{Type: "string"}
	case typ == cty.Number:
		return &apiextensionsv1.JSONSchemaProps{Type: "number"}
	case typ == cty.Bool:
		return &apiextensionsv1.JSONSchemaProps{Type: "boolean"}
	case typ.IsListType():
		return openapi.ListOf(v.typed(field+"[]", typ.ElementType(), child(defaults, "")))
	case typ.IsSetType():
		return v.set(field, typ.ElementType(), defaults)
	case typ.IsMapType():
		return openapi.MapOf(v.typed(field+".*", typ.ElementType(), child(defaults, "")))
	case typ.IsTupleType():
		return v.tuple(field, typ.TupleElementTypes(), defaults)
	case typ.IsObjectType():
		return v.object(field, typ, defaults)
	default:
		return openapi.Open()
	}
}

// set is a list without duplicates. Terraform takes them and forgets them, so that
// there may be fewer items than a condition wants; the API refuses them, but
// cannot tell whether objects are alike.
func (v *variable) set(field string, typ cty.Type, defaults *typeexpr.Defaults) *apiextensionsv1.JSONSchemaProps {
	s := openapi.ListOf(v.typed(field+"[]", typ, child(defaults, "")))
	if typ != cty.DynamicPseudoType && typ.IsPrimitiveType() {
		kind := "set"
		s.XListType = &kind
	}
	return s
}

func child(d *typeexpr.Defaults, key string) *typeexpr.Defaults {
	if d == nil {
		return nil
	}
	return d.Children[key]
}

func (v *variable) object(field string, typ cty.Type, defaults *typeexpr.Defaults) *apiextensionsv1.JSONSchemaProps {
	s := &apiextensionsv1.JSONSchemaProps{Type: "object"}
	for _, name := range slices.Sorted(maps.Keys(typ.AttributeTypes())) {
		inner := field + "." + name
		property := v.typed(inner, typ.AttributeType(name), child(defaults, name))
		if !typ.AttributeOptional(name) {
			s.Required = append(s.Required, name)
		} else if defaults != nil {
			v.attributeDefault(property, inner, defaults.DefaultValues[name], typ.AttributeType(name))
		}
		if s.Properties == nil {
			s.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
		}
		s.Properties[name] = *property
	}
	return s
}

// attributeDefault gives a property the default of an optional attribute.
func (v *variable) attributeDefault(s *apiextensionsv1.JSONSchemaProps, field string, value cty.Value, typ cty.Type) {
	if value == cty.NilVal || value.IsNull() {
		return
	}
	if converted, err := convert.Convert(value, typ); err == nil { // it has been by HCL
		v.put(s, field, converted, typ)
	}
}

// tuple is a list of so many items. Where they are not all alike, a structural
// schema has no word for them.
func (v *variable) tuple(field string, types []cty.Type, defaults *typeexpr.Defaults) *apiextensionsv1.JSONSchemaProps {
	n := int64(len(types))
	items := openapi.Open()
	switch {
	case n == 0:
	case allAlike(types):
		items = v.typed(field+"[]", types[0], child(defaults, "0"))
	default:
		for i, typ := range types {
			if typ == cty.DynamicPseudoType {
				continue
			}
			v.find(diag.SeverityNote, fmt.Sprintf("%s[%d]", field, i), "it has to be %s: the items of a tuple differ, and the API accepts anything for each",
				typeexpr.TypeString(typ))
		}
	}
	s := openapi.ListOf(items)
	s.MinItems, s.MaxItems = &n, &n
	return s
}

func allAlike(types []cty.Type) bool {
	return !slices.ContainsFunc(types, func(t cty.Type) bool { return !t.Equals(types[0]) })
}

// asJSON is a default as the API holds it: without optional attributes that are
// null. It is false if there is a null that has to stay.
func asJSON(value cty.Value, typ cty.Type) (apiextensionsv1.JSON, bool) {
	plain, ok := withoutNulls(value, typ)
	if !ok {
		return apiextensionsv1.JSON{}, false
	}
	data, err := ctyjson.Marshal(plain, plain.Type())
	return apiextensionsv1.JSON{Raw: data}, err == nil
}

func withoutNulls(value cty.Value, typ cty.Type) (cty.Value, bool) {
	switch {
	case value.IsNull():
		return value, false
	case !value.CanIterateElements():
		return value, true
	case value.Type().IsObjectType(), value.Type().IsMapType():
		return objectWithoutNulls(value, typ)
	}
	items, i := []cty.Value{}, 0
	for _, item := range value.Elements() {
		plain, ok := withoutNulls(item, elementType(typ, i))
		if !ok {
			return value, false
		}
		items, i = append(items, plain), i+1
	}
	return cty.TupleVal(items), true
}

func objectWithoutNulls(value cty.Value, typ cty.Type) (cty.Value, bool) {
	attributes := map[string]cty.Value{}
	for key, item := range value.Elements() {
		name := key.AsString()
		if item.IsNull() && typ.IsObjectType() && typ.AttributeOptional(name) {
			continue
		}
		plain, ok := withoutNulls(item, attributeType(typ, name))
		if !ok {
			return value, false
		}
		attributes[name] = plain
	}
	return cty.ObjectVal(attributes), true
}

// elementType is the type of an item of a list, a set or a tuple.
func elementType(typ cty.Type, i int) cty.Type {
	switch {
	case typ.IsListType(), typ.IsSetType():
		return typ.ElementType()
	case typ.IsTupleType() && i < len(typ.TupleElementTypes()):
		return typ.TupleElementType(i)
	default:
		return cty.DynamicPseudoType
	}
}

// attributeType is the type of an attribute of an object or a map.
func attributeType(typ cty.Type, name string) cty.Type {
	switch {
	case typ.IsObjectType() && typ.HasAttribute(name):
		return typ.AttributeType(name)
	case typ.IsMapType():
		return typ.ElementType()
	default:
		return cty.DynamicPseudoType
	}
}
