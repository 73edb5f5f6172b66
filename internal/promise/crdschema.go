// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateSchema checks what the structural schema does not know of: the names
// of types, the topology of lists, and what is written around CEL rules.
// Uncorrelated says that an update cannot tell which old value belongs to the
// new one here, so that no rule may ask for it.
func validateSchema(path *field.Path, s *apiextensionsv1.JSONSchemaProps, uncorrelated bool) field.ErrorList {
	var errs field.ErrorList
	types := []string{"array", "boolean", "integer", "number", "object", "string"}
	if s.Type != "" && !slices.Contains(types, s.Type) {
		errs = append(errs, field.NotSupported(path.Child("type"), s.Type, types))
	}
	errs = append(errs, validateForbidden(path, s)...)
	errs = append(errs, validateList(path, s)...)
	errs = append(errs, validateRuleTexts(path.Child("x-kubernetes-validations"), s, uncorrelated)...)
	for _, name := range sortedKeys(s.Properties) {
		inner := s.Properties[name]
		errs = append(errs, validateSchema(path.Child("properties").Key(name), &inner, uncorrelated || !cel.MapIsCorrelatable(s.XMapType))...)
	}
	if s.Items != nil && s.Items.Schema != nil {
		isMap := s.XListType != nil && *s.XListType == "map"
		errs = append(errs, validateSchema(path.Child("items"), s.Items.Schema, uncorrelated || !isMap)...)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		errs = append(errs, validateSchema(path.Child("additionalProperties"), s.AdditionalProperties.Schema,
			uncorrelated || !cel.MapIsCorrelatable(s.XMapType))...)
	}
	return errs
}

// validateForbidden finds what JSON Schema has and CRDs do not.
func validateForbidden(path *field.Path, s *apiextensionsv1.JSONSchemaProps) field.ErrorList {
	var errs field.ErrorList
	for _, forbidden := range []struct {
		name string
		used bool
	}{
		{"id", s.ID != ""},
		{"additionalItems", s.AdditionalItems != nil},
		{"patternProperties", len(s.PatternProperties) > 0},
		{"definitions", len(s.Definitions) > 0},
		{"dependencies", len(s.Dependencies) > 0},
		{"$ref", s.Ref != nil},
	} {
		if forbidden.used {
			errs = append(errs, field.Forbidden(path.Child(forbidden.name), forbidden.name+" is not supported"))
		}
	}
	if s.UniqueItems {
		errs = append(errs, field.Forbidden(path.Child("uniqueItems"), "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"))
	}
	if more := s.AdditionalProperties; more != nil && len(s.Properties) > 0 && (!more.Allows || more.Schema != nil) {
		errs = append(errs, field.Forbidden(path.Child("additionalProperties"), "additionalProperties and properties are mutual exclusive"))
	}
	return errs
}

func validateList(path *field.Path, s *apiextensionsv1.JSONSchemaProps) field.ErrorList {
	if s.XListType == nil {
		if len(s.XListMapKeys) > 0 {
			return field.ErrorList{field.Required(path.Child("x-kubernetes-list-type"), "must be map if x-kubernetes-list-map-keys is non-empty")}
		}
		return nil
	}
	kinds := []string{"atomic", "set", "map"}
	switch {
	case s.Type != "array":
		return field.ErrorList{field.Invalid(path.Child("type"), s.Type, "must be array if x-kubernetes-list-type is specified")}
	case !slices.Contains(kinds, *s.XListType):
		return field.ErrorList{field.NotSupported(path.Child("x-kubernetes-list-type"), *s.XListType, kinds)}
	case *s.XListType == "map":
		return validateListMap(path, s)
	case *s.XListType == "set":
		return validateListSet(path.Child("items"), s)
	default:
		return nil
	}
}

// validateListSet wants items that are compared as a whole.
func validateListSet(path *field.Path, s *apiextensionsv1.JSONSchemaProps) field.ErrorList {
	if s.Items == nil || s.Items.Schema == nil {
		return nil
	}
	const wanted = "must be atomic as item of a list with x-kubernetes-list-type=set"
	item := s.Items.Schema
	var errs field.ErrorList
	switch {
	case item.Nullable:
		errs = append(errs, field.Forbidden(path.Child("nullable"), "cannot be nullable when x-kubernetes-list-type is set"))
	case item.Type == "array" && item.XListType != nil && *item.XListType != "atomic":
		errs = append(errs, field.Invalid(path.Child("x-kubernetes-list-type"), *item.XListType, wanted))
	case item.Type == "object" && (item.XMapType == nil || *item.XMapType != "atomic"):
		errs = append(errs, field.Invalid(path.Child("x-kubernetes-map-type"), item.XMapType, wanted))
	}
	return errs
}

func validateListMap(path *field.Path, s *apiextensionsv1.JSONSchemaProps) field.ErrorList {
	keys := path.Child("x-kubernetes-list-map-keys")
	if len(s.XListMapKeys) == 0 {
		return field.ErrorList{field.Required(keys, "must not be empty if x-kubernetes-list-type is map")}
	}
	if s.Items == nil || s.Items.Schema == nil {
		return field.ErrorList{field.Required(path.Child("items"), "must have a schema if x-kubernetes-list-type is map")}
	}
	item := s.Items.Schema
	if item.Type != "object" {
		return field.ErrorList{field.Invalid(path.Child("items", "type"), item.Type, "must be object if parent array's x-kubernetes-list-type is map")}
	}
	var errs field.ErrorList
	if item.Nullable {
		errs = append(errs, field.Forbidden(path.Child("items", "nullable"), "cannot be nullable when x-kubernetes-list-type is map"))
	}
	for _, key := range s.XListMapKeys {
		at := path.Child("items").Child("properties").Key(key)
		property, ok := item.Properties[key]
		switch {
		case !ok:
			errs = append(errs, field.Invalid(keys, s.XListMapKeys, "entries must all be names of item properties"))
		case property.Type == "array" || property.Type == "object":
			errs = append(errs, field.Invalid(at.Child("type"), property.Type, "must be a scalar type if parent array's x-kubernetes-list-type is map"))
		case property.Nullable:
			errs = append(errs, field.Forbidden(at.Child("nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"))
		}
		if ok && !slices.Contains(item.Required, key) && property.Default == nil {
			errs = append(errs, field.Required(at.Child("default"),
				"this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
		}
	}
	return errs
}

// validateRuleTexts checks what can be said of CEL rules without compiling
// them.
func validateRuleTexts(path *field.Path, s *apiextensionsv1.JSONSchemaProps, uncorrelated bool) field.ErrorList {
	reasons := []apiextensionsv1.FieldValueErrorReason{
		apiextensionsv1.FieldValueDuplicate, apiextensionsv1.FieldValueForbidden,
		apiextensionsv1.FieldValueInvalid, apiextensionsv1.FieldValueRequired,
	}
	var errs field.ErrorList
	for i, rule := range s.XValidations {
		at := path.Index(i)
		if strings.TrimSpace(rule.Rule) == "" {
			errs = append(errs, field.Required(at.Child("rule"), "rule is not specified"))
		} else if multiline(strings.TrimSpace(rule.Rule)) && strings.TrimSpace(rule.Message) == "" {
			errs = append(errs, field.Required(at.Child("message"), "message must be specified if rule contains line breaks"))
		}
		if multiline(strings.TrimSpace(rule.Message)) {
			errs = append(errs, field.Invalid(at.Child("message"), rule.Message, "must not contain line breaks"))
		}
		if rule.Reason != nil && !slices.Contains(reasons, *rule.Reason) {
			errs = append(errs, field.NotSupported(at.Child("reason"), *rule.Reason, reasons))
		}
		if rule.FieldPath != "" && !isFieldPath(s, rule.FieldPath) {
			errs = append(errs, field.Invalid(at.Child("fieldPath"), rule.FieldPath, "must be a valid path"))
		}
		if uncorrelated && strings.Contains(rule.Rule, "oldSelf") {
			errs = append(errs, field.Invalid(at.Child("rule"), rule.Rule,
				"oldSelf cannot be used on the uncorrelatable portion of the schema"))
		}
	}
	return errs
}

func multiline(text string) bool { return strings.ContainsAny(text, "\r\n") }

// isFieldPath says whether a path leads to a field of the schema.
func isFieldPath(s *apiextensionsv1.JSONSchemaProps, path string) bool {
	internal, err := internalSchema(&apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: s})
	if err != nil {
		return true
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		return true
	}
	_, _, err = cel.ValidFieldPath(path, structural)
	return err == nil
}
