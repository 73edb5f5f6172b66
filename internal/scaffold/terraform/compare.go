// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"math"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// sayCompared: var.x >= 1, length(var.x) <= 20, floor(var.x) == var.x, var.x %
// 5 == 0, and the same with the sides changed.
func (in scope) sayCompared(e hclsyntax.Expression) bool {
	b, ok := unwrapped(e).(*hclsyntax.BinaryOpExpr)
	if !ok {
		return false
	}
	return in.sayWhole(b.LHS, b.Op, b.RHS) || in.sayWhole(b.RHS, b.Op, b.LHS) ||
		in.sayLimit(b.LHS, b.Op, b.RHS) || in.sayLimit(b.RHS, mirrored(b.Op), b.LHS)
}

// mirrored is the comparison with its sides changed.
func mirrored(op *hclsyntax.Operation) *hclsyntax.Operation {
	switch op {
	case hclsyntax.OpGreaterThan:
		return hclsyntax.OpLessThan
	case hclsyntax.OpGreaterThanOrEqual:
		return hclsyntax.OpLessThanOrEqual
	case hclsyntax.OpLessThan:
		return hclsyntax.OpGreaterThan
	case hclsyntax.OpLessThanOrEqual:
		return hclsyntax.OpGreaterThanOrEqual
	default:
		return op
	}
}

// sayWhole makes a number an integer, or a multiple.
func (in scope) sayWhole(left hclsyntax.Expression, op *hclsyntax.Operation, right hclsyntax.Expression) bool {
	if op != hclsyntax.OpEqual {
		return false
	}
	if _, args := call(left, 1, "floor", "ceil"); args != nil {
		s := in.subject(args[0])
		return s != nil && s == in.subject(right) && setMultiple(s, 1)
	}
	rest, ok := unwrapped(left).(*hclsyntax.BinaryOpExpr)
	if n, zero := number(right); !ok || rest.Op != hclsyntax.OpModulo || !zero || n != 0 {
		return false
	}
	s := in.subject(rest.LHS)
	step, ok := number(rest.RHS)
	return ok && s != nil && setMultiple(s, step)
}

func setMultiple(s *apiextensionsv1.JSONSchemaProps, step float64) bool {
	switch {
	case s.Type != "number" && s.Type != "integer" || step <= 0 || s.MultipleOf != nil:
		return false
	case step == math.Trunc(step):
		s.Type = "integer"
	}
	if step != 1 {
		s.MultipleOf = &step
	}
	return true
}

// sayLimit limits a number, or how long something is.
func (in scope) sayLimit(left hclsyntax.Expression, op *hclsyntax.Operation, right hclsyntax.Expression) bool {
	if s := in.subject(left); s != nil && isNumber(s) {
		n, ok := number(right)
		return ok && limit(s, op, n)
	}
	if s := in.subject(left); s != nil && s.Type == "string" && op == hclsyntax.OpNotEqual {
		empty, ok := text(right)
		return ok && empty == "" && limitLength(s, hclsyntax.OpGreaterThan, 0)
	}
	_, args := call(left, 1, "length")
	if args == nil {
		return false
	}
	s := in.subject(args[0])
	n, ok := number(right)
	return ok && s != nil && limitLength(s, op, n)
}

func isNumber(s *apiextensionsv1.JSONSchemaProps) bool {
	return s.Type == "number" || s.Type == "integer"
}

// limit sets a limit of a number, unless there is one that is narrower.
func limit(s *apiextensionsv1.JSONSchemaProps, op *hclsyntax.Operation, n float64) bool {
	exclusive := op == hclsyntax.OpGreaterThan || op == hclsyntax.OpLessThan
	switch op {
	case hclsyntax.OpGreaterThan, hclsyntax.OpGreaterThanOrEqual:
		if s.Minimum == nil || n > *s.Minimum || n == *s.Minimum && exclusive {
			s.Minimum, s.ExclusiveMinimum = &n, exclusive
		}
	case hclsyntax.OpLessThan, hclsyntax.OpLessThanOrEqual:
		if s.Maximum == nil || n < *s.Maximum || n == *s.Maximum && exclusive {
			s.Maximum, s.ExclusiveMaximum = &n, exclusive
		}
	default:
		return false
	}
	return true
}

// limitLength limits how long a text is, or how many items there are. Terraform
// counts what is seen as one character, the API code points; only in texts with
// combining marks these differ.
func limitLength(s *apiextensionsv1.JSONSchemaProps, op *hclsyntax.Operation, n float64) bool {
	least, most := lengthLimits(s)
	if least == nil || n < 0 || n > math.MaxInt32 {
		return false
	}
	low, high := int64(math.Ceil(n)), int64(math.Floor(n))
	switch op {
	case hclsyntax.OpGreaterThan, hclsyntax.OpNotEqual:
		if op == hclsyntax.OpNotEqual && n != 0 {
			return false
		}
		raise(least, high+1)
	case hclsyntax.OpGreaterThanOrEqual:
		raise(least, low)
	case hclsyntax.OpLessThan:
		lower(most, low-1)
	case hclsyntax.OpLessThanOrEqual:
		lower(most, high)
	case hclsyntax.OpEqual:
		raise(least, low)
		lower(most, high)
	default:
		return false
	}
	return true
}

// lengthLimits gives where a schema of its type keeps its limits.
func lengthLimits(s *apiextensionsv1.JSONSchemaProps) (least, most **int64) {
	switch {
	case s.Type == "string":
		return &s.MinLength, &s.MaxLength
	case s.Type == "array":
		return &s.MinItems, &s.MaxItems
	case s.Type == "object" && s.AdditionalProperties != nil:
		return &s.MinProperties, &s.MaxProperties
	default:
		return nil, nil
	}
}

func raise(limit **int64, n int64) {
	if *limit == nil || **limit < n {
		*limit = &n
	}
}

func lower(limit **int64, n int64) {
	if *limit == nil || **limit > n {
		*limit = &n
	}
}
