// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"maps"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kratix-tools/kratix/internal/api"
)

// store does to a status what the API server does when it takes the place of an
// old one (nil for a new object): unknown keys and nulls in typed fields are
// dropped from it, then it is validated. What was dropped is returned as paths.
// The code is the API server's own, so the error has its text.
func store(id identified, t api.WorkflowType, old, status map[string]any) (pruned []string, err error) {
	s := schemaOf(t)
	pruned = pruning.PruneWithOptions(status, &s, false, schema.UnknownFieldPathOptions{
		TrackUnknownFieldPaths: true,
		ParentPath:             []string{"status"},
	})
	defaulting.PruneNonNullableNullsWithoutDefaults(status, &s)
	if errs := validate(s, old, status); len(errs) > 0 {
		kind := runtimeschema.GroupKind{Group: id.Group, Kind: id.Kind}
		return pruned, apierrors.NewInvalid(kind, id.Name, errs)
	}
	return pruned, nil
}

func validate(s schema.Structural, old, status map[string]any) field.ErrorList {
	validator := validation.NewSchemaValidatorFromOpenAPI(s.ToKubeOpenAPI())
	if old == nil {
		return validation.ValidateCustomResource(field.NewPath("status"), status, validator)
	}
	return validation.ValidateCustomResourceUpdate(field.NewPath("status"), status, old, validator, validation.WithRatcheting(nil))
}

func schemaOf(t api.WorkflowType) schema.Structural {
	if t == api.WorkflowPromise {
		return promiseStatus()
	}
	return requestStatus()
}

// requestStatus is the schema that Kratix puts in place of the status in every
// version of a Promise's API: typed where it writes itself, open elsewhere.
func requestStatus() schema.Structural {
	status := object(properties{
		"message":            text(),
		"observedGeneration": integer(),
		"workflows":          integer(),
		"workflowsSucceeded": integer(),
		"workflowsFailed":    integer(),
		"conditions": list(object(properties{
			"lastTransitionTime": text(),
			"message":            text(),
			"reason":             text(),
			"status":             text(),
			"type":               text(),
		})),
		"kratix": object(properties{
			"workflows": workflows(text(), properties{"lastSuccessfulConfigureWorkflowTime": text()}),
		}),
	})
	status.XPreserveUnknownFields = true
	return status
}

// promiseStatus is the schema of a Promise's own status, which is closed.
func promiseStatus() schema.Structural {
	status := object(properties{
		"apiVersion":         text(),
		"kind":               text(),
		"lastAvailableTime":  date(),
		"message":            text(),
		"observedGeneration": integer(),
		"status":             text(),
		"version":            text(),
		"workflows":          integer(),
		"workflowsFailed":    integer(),
		"workflowsSucceeded": integer(),
		"conditions":         list(promiseCondition()),
		"kratix": object(properties{
			"apiVersion":        text(),
			"kind":              text(),
			"lastAvailableTime": date(),
			"status":            text(),
			"version":           text(),
			"workflows":         workflows(date(), nil),
		}),
		"requiredBy": list(object(properties{
			"promise":         object(properties{"name": text(), "version": text()}),
			"requiredVersion": text(),
		})),
		"requiredPromises": list(object(properties{"name": text(), "state": text(), "version": text()})),
	})
	status.ValueValidation = &schema.ValueValidation{Required: []string{"workflows", "workflowsFailed", "workflowsSucceeded"}}
	return status
}

// promiseCondition is the schema of metav1.Condition.
func promiseCondition() schema.Structural {
	observed := integer()
	observed.ValueValidation.Minimum = new(float64)
	condition := object(properties{
		"lastTransitionTime": date(),
		"message":            limited(0, 32768, ""),
		"observedGeneration": observed,
		"reason":             limited(1, 1024, `^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`),
		"status":             text(),
		"type": limited(0, 316, `^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?`+
			`(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$`),
	})
	status := condition.Properties["status"]
	status.ValueValidation = &schema.ValueValidation{Enum: []schema.JSON{{Object: "True"}, {Object: "False"}, {Object: "Unknown"}}}
	condition.Properties["status"] = status
	condition.ValueValidation = &schema.ValueValidation{Required: []string{"lastTransitionTime", "message", "reason", "status", "type"}}
	return condition
}

// workflows is the schema of status.kratix.workflows; a time within it is
// checked in a Promise only.
func workflows(time schema.Structural, more properties) schema.Structural {
	s := object(properties{
		"pipelines": list(object(properties{
			"attempts":           integer(),
			"lastTransitionTime": time,
			"message":            text(),
			"name":               text(),
			"nextRetryAt":        text(),
			"phase":              text(),
		})),
		"suspendedGeneration": integer(),
	})
	maps.Copy(s.Properties, more)
	return s
}

type properties = map[string]schema.Structural

func object(p properties) schema.Structural {
	return schema.Structural{Generic: schema.Generic{Type: "object"}, Properties: p}
}

func list(items schema.Structural) schema.Structural {
	return schema.Structural{Generic: schema.Generic{Type: "array"}, Items: &items}
}

func text() schema.Structural {
	return schema.Structural{Generic: schema.Generic{Type: "string"}}
}

func date() schema.Structural { return formatted("string", "date-time") }

func integer() schema.Structural { return formatted("integer", "int64") }

func formatted(kind, format string) schema.Structural {
	return schema.Structural{
		Generic:         schema.Generic{Type: kind},
		ValueValidation: &schema.ValueValidation{Format: format},
	}
}

func limited(shortest, longest int64, pattern string) schema.Structural {
	s := text()
	s.ValueValidation = &schema.ValueValidation{MinLength: &shortest, MaxLength: &longest, Pattern: pattern}
	return s
}
