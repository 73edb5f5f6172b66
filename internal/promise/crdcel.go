// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"fmt"
	"math"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// What the API server lets CEL rules cost, estimated before they ever run: each
// one, and all of a version together.
const (
	ruleCostLimit = 10_000_000
	allCostLimit  = 100_000_000
)

// A ruleCheck compiles the CEL rules of a schema and estimates their cost.
type ruleCheck struct {
	env  *environment.EnvSet // made at the first rule: it is not cheap
	errs field.ErrorList
	cost uint64
}

// validateRules checks the CEL rules of a version.
func validateRules(path *field.Path, s *structuralschema.Structural) field.ErrorList {
	c := &ruleCheck{}
	once := uint64(1)
	c.visit(path, s, true, &once)
	if c.cost > allCostLimit {
		c.errs = append(c.errs, field.Forbidden(path, costMessage("x-kubernetes-validations estimated cost total for entire OpenAPIv3 schema", c.cost, allCostLimit)))
	}
	return c.errs
}

// visit checks a schema that an object has at most count values of, or any
// number if count is nil.
func (c *ruleCheck) visit(path *field.Path, s *structuralschema.Structural, root bool, count *uint64) {
	if len(s.XValidations) > 0 {
		c.compile(path.Child("x-kubernetes-validations"), s, root, count)
	}
	for _, name := range sortedKeys(s.Properties) {
		inner := s.Properties[name]
		c.visit(path.Child("properties").Key(name), &inner, false, count)
	}
	if s.Items != nil {
		c.visit(path.Child("items"), s.Items, false, times(count, limit(s, true)))
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		c.visit(path.Child("additionalProperties"), s.AdditionalProperties.Structural, false, times(count, limit(s, false)))
	}
}

// limit is how many elements a list or a map may have, or nil.
func limit(s *structuralschema.Structural, list bool) *int64 {
	switch {
	case s.ValueValidation == nil:
		return nil
	case list:
		return s.ValueValidation.MaxItems
	default:
		return s.ValueValidation.MaxProperties
	}
}

// times multiplies counts of which nil is unbounded.
func times(count *uint64, elements *int64) *uint64 {
	if count == nil || elements == nil {
		return nil
	}
	product := multiply(*count, uint64(max(*elements, 0)))
	return &product
}

func multiply(a, b uint64) uint64 {
	if a != 0 && b > math.MaxUint64/a {
		return math.MaxUint64
	}
	return a * b
}

func (c *ruleCheck) compile(path *field.Path, s *structuralschema.Structural, root bool, count *uint64) {
	if c.env == nil {
		c.env = environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
	}
	results, err := cel.Compile(s, model.SchemaDeclType(s, root), celconfig.PerCallLimit, c.env, cel.NewExpressionsEnvLoader())
	if err != nil {
		c.errs = append(c.errs, field.InternalError(path, err))
		return
	}
	for i, result := range results {
		rule, message := path.Index(i).Child("rule"), path.Index(i).Child("messageExpression")
		if result.Error != nil {
			c.errs = append(c.errs, field.Invalid(rule, s.XValidations[i].Rule, result.Error.Detail))
		}
		if result.MessageExpressionError != nil {
			c.errs = append(c.errs, field.Invalid(message, s.XValidations[i].MessageExpression, result.MessageExpressionError.Detail))
		}
		times := result.MaxCardinality
		if count != nil {
			times = *count
		}
		c.charge(rule, "estimated rule cost", multiply(result.MaxCost, times))
		if result.MessageExpression != nil {
			c.charge(message, "estimated messageExpression cost", result.MessageExpressionMaxCost)
		}
	}
}

func (c *ruleCheck) charge(path *field.Path, what string, cost uint64) {
	if cost > ruleCostLimit {
		c.errs = append(c.errs, field.Forbidden(path, costMessage(what, cost, ruleCostLimit)))
	}
	c.cost += min(cost, math.MaxUint64-c.cost)
}

// costMessage is the API server's wording.
func costMessage(what string, cost, limit uint64) string {
	factor := "more than 100x"
	switch exceeds := float64(cost) / float64(limit); {
	case exceeds < 1.5:
		factor = fmt.Sprintf("%fx", exceeds)
	case exceeds <= 100:
		factor = fmt.Sprintf("%.1fx", exceeds)
	}
	return fmt.Sprintf("%s exceeds budget by factor of %s (try simplifying the rule, or adding maxItems, maxProperties, and maxLength "+
		"where arrays, maps, and strings are declared)", what, factor)
}
