// SPDX-License-Identifier: Apache-2.0

// Package openapi has the few words of a structural schema that translators
// share. A structural schema is what Kubernetes takes for OpenAPI: each value has
// one type, or is open, and then anything goes.
package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
)

// Open is the schema of any value but null.
func Open() *apiextensionsv1.JSONSchemaProps {
	open := true
	return &apiextensionsv1.JSONSchemaProps{XPreserveUnknownFields: &open}
}

// OpenObject is the schema of any object.
func OpenObject() *apiextensionsv1.JSONSchemaProps {
	s := Open()
	s.Type = "object"
	return s
}

// ListOf is the schema of a list.
func ListOf(items *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	return &apiextensionsv1.JSONSchemaProps{Type: "array", Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: items}}
}

// MapOf is the schema of an object whose keys are free.
func MapOf(values *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	return &apiextensionsv1.JSONSchemaProps{
		Type: "object", AdditionalProperties: &apiextensionsv1.JSONSchemaPropsOrBool{Allows: true, Schema: values},
	}
}

// Value is a value in a schema, such as a default. It is made of what JSON has.
func Value(value any) apiextensionsv1.JSON {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // it came out of JSON
	}
	return apiextensionsv1.JSON{Raw: data}
}

// TypeOf is the type that a value has in JSON Schema. A number without a fraction
// is an integer, however it is written.
func TypeOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// Accepts says why a schema does not accept a value, or nil.
func Accepts(s *apiextensionsv1.JSONSchemaProps, value apiextensionsv1.JSON) error {
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(s, &internal, nil); err != nil {
		return err
	}
	validator, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return err
	}
	var plain any
	if err := json.Unmarshal(value.Raw, &plain); err != nil {
		return err
	}
	if plain == nil && !s.Nullable {
		return errors.New("null is not accepted")
	}
	var refusals []error
	for _, refusal := range validation.ValidateCustomResource(nil, plain, validator) {
		at := refusal.Field
		if at == "" || at == "<nil>" {
			refusals = append(refusals, errors.New(refusal.ErrorBody()))
		} else {
			refusals = append(refusals, fmt.Errorf("%s: %s", at, refusal.ErrorBody()))
		}
	}
	return errors.Join(refusals...)
}
