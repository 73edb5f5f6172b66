package workflow

import (
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-tools/kratix/internal/api"
)

// store does to a status what the API server does when it is written: unknown
// keys and nulls in typed fields are dropped from it, then it is validated.
// The names of what was dropped are returned as paths below "status". The code
// is the API server's own, so the error has its text.
func store(object identified, t api.WorkflowType, status map[string]any) (pruned []string, err error) {
	root := schemaOf(t)
	whole := map[string]any{"status": status}
	pruned = pruning.PruneWithOptions(whole, root, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(whole, root)
	errs := validation.ValidateCustomResource(nil, whole, validation.NewSchemaValidatorFromOpenAPI(root.ToKubeOpenAPI()))
	if len(errs) > 0 {
		kind := runtimeschema.GroupKind{Group: object.Group, Kind: object.Kind}
		return pruned, apierrors.NewInvalid(kind, object.Name, errs)
	}
	return pruned, nil
}

func schemaOf(t api.WorkflowType) *schema.Structural {
	status := requestStatus()
	if t == api.WorkflowPromise {
		status = promiseStatus()
	}
	root := object(properties{"status": status})
	return &root
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
	for name, property := range more {
		s.Properties[name] = property
	}
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
