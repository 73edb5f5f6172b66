// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"encoding/json"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A condition is what a validation asks of a value.
type condition struct {
	expression hclsyntax.Expression // nil if it cannot be read
	source     []byte               // that the expression is a part of
}

// newCondition reads a condition. In JSON it is a text, which holds an
// expression in HCL's own syntax.
func newCondition(e hcl.Expression, source []byte) condition {
	if native, ok := e.(hclsyntax.Expression); ok {
		return condition{native, source}
	}
	var text string
	if err := json.Unmarshal(e.Range().SliceBytes(source), &text); err != nil {
		return condition{}
	}
	text, isTemplate := strings.CutPrefix(strings.TrimSpace(text), "${")
	text, isWhole := strings.CutSuffix(text, "}")
	native, problems := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if !isTemplate || !isWhole || problems.HasErrors() {
		return condition{}
	}
	return condition{native, []byte(text)}
}

// text is a part of the condition as it was written, on one line.
func (c condition) text(part hclsyntax.Expression) string {
	return inOneLine(string(part.Range().SliceBytes(c.source)))
}

// narrow makes a schema say what a validation asks for. What it cannot say is a
// finding; Terraform checks all of it in any case.
func (v *variable) narrow(s *apiextensionsv1.JSONSchemaProps, c condition) {
	if c.expression == nil {
		v.find(diag.SeverityNote, v.field(), "it has a condition that cannot be read here: Terraform checks it")
		return
	}
	in := newScope(v.name, s)
	defer in.put()
	for _, part := range parts(c.expression) {
		if !in.say(part.whole) {
			v.find(diag.SeverityNote, v.field(), "the API cannot check %s: Terraform does", c.text(part.shown))
		}
	}
}

// A part of a condition is a condition itself. What is shown of one that is about
// each item of a list is what it wants of the item.
type part struct{ whole, shown hclsyntax.Expression }

// parts are all that have to be true. That A and B are true of each item is that A
// is true of each, and so is B.
func parts(e hclsyntax.Expression) []part {
	var all []part
	for _, o := range operands(e, hclsyntax.OpLogicalAnd) {
		_, args := call(o, 1, "alltrue")
		if args == nil {
			all = append(all, part{o, o})
			continue
		}
		loop, ok := unwrapped(args[0]).(*hclsyntax.ForExpr)
		if !ok || loop.KeyExpr != nil {
			all = append(all, part{o, o})
			continue
		}
		inner := parts(loop.ValExpr)
		for _, p := range inner {
			shown := p.shown
			if len(inner) == 1 {
				shown = o
			}
			one := *loop
			one.ValExpr = p.whole
			all = append(all, part{&hclsyntax.FunctionCallExpr{Name: "alltrue", Args: []hclsyntax.Expression{&one}}, shown})
		}
	}
	return all
}

// operands takes a chain of one operator apart.
func operands(e hclsyntax.Expression, op *hclsyntax.Operation) []hclsyntax.Expression {
	e = unwrapped(e)
	if b, ok := e.(*hclsyntax.BinaryOpExpr); ok && b.Op == op {
		return append(operands(b.LHS, op), operands(b.RHS, op)...)
	}
	return []hclsyntax.Expression{e}
}

// unwrapped takes the parentheses and the quotes away that mean nothing.
func unwrapped(e hclsyntax.Expression) hclsyntax.Expression {
	switch w := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return unwrapped(w.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return unwrapped(w.Wrapped)
	default:
		return e
	}
}

// call takes a call of one of some functions with n arguments apart.
func call(e hclsyntax.Expression, n int, names ...string) (name string, args []hclsyntax.Expression) {
	c, ok := unwrapped(e).(*hclsyntax.FunctionCallExpr)
	if !ok || len(c.Args) != n || c.ExpandFinal {
		return "", nil
	}
	for _, name := range names {
		if c.Name == name {
			return name, c.Args
		}
	}
	return "", nil
}
