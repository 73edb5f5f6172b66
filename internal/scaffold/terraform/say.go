// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// A scope is what the names in a condition stand for.
type scope struct {
	variable string
	schema   *apiextensionsv1.JSONSchemaProps // of the variable
	item     string                           // of a loop over a list or a map, if it is in one
	items    *apiextensionsv1.JSONSchemaProps
	parts    *[]attribute // that were asked for
}

// An attribute is a property of a schema, out of the map that holds it, so that
// it can be changed.
type attribute struct {
	parent *apiextensionsv1.JSONSchemaProps
	name   string
	schema *apiextensionsv1.JSONSchemaProps
}

func newScope(variable string, s *apiextensionsv1.JSONSchemaProps) scope {
	return scope{variable: variable, schema: s, parts: new([]attribute)}
}

// put puts the attributes back into their maps.
func (in scope) put() {
	for _, a := range slices.Backward(*in.parts) {
		a.parent.Properties[a.name] = *a.schema
	}
}

// say makes the schema of what a condition speaks of say the same, and tells
// whether it could. It says all of it or leaves the schema as it was.
func (in scope) say(e hclsyntax.Expression) bool {
	for _, sentence := range []func(hclsyntax.Expression) bool{
		in.sayNotNull, in.sayUnlessNull, in.sayOneOf, in.sayCompared, in.sayLike, in.sayNetwork, in.sayEach, in.sayWithin, in.sayNone,
	} {
		if sentence(e) {
			return true
		}
	}
	return false
}

// subject gives the schema of what an expression names, or nil: the variable, a
// part of it, or the item of a loop.
func (in scope) subject(e hclsyntax.Expression) *apiextensionsv1.JSONSchemaProps {
	named, ok := unwrapped(e).(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return nil
	}
	path := named.Traversal[1:]
	switch root := named.Traversal.RootName(); {
	case root == in.item && in.item != "":
		return in.part(in.items, path)
	case root != "var" || len(path) == 0:
		return nil
	}
	if name, ok := path[0].(hcl.TraverseAttr); ok && name.Name == in.variable {
		return in.part(in.schema, path[1:])
	}
	return nil
}

// part follows a path of attributes.
func (in scope) part(s *apiextensionsv1.JSONSchemaProps, path hcl.Traversal) *apiextensionsv1.JSONSchemaProps {
	for _, step := range path {
		name, ok := step.(hcl.TraverseAttr)
		if !ok || s == nil {
			return nil
		}
		s = in.attribute(s, name.Name)
	}
	return s
}

func (in scope) attribute(parent *apiextensionsv1.JSONSchemaProps, name string) *apiextensionsv1.JSONSchemaProps {
	for _, a := range *in.parts {
		if a.parent == parent && a.name == name {
			return a.schema
		}
	}
	s, ok := parent.Properties[name]
	if !ok {
		return nil
	}
	*in.parts = append(*in.parts, attribute{parent, name, &s})
	return &s
}

// constant is the value of an expression that needs no names.
func constant(e hclsyntax.Expression) (cty.Value, bool) {
	if _, args := call(e, 1, "tolist", "toset", "tostring", "tonumber"); args != nil {
		e = args[0]
	}
	value, problems := e.Value(nil)
	return value, !problems.HasErrors() && value.IsWhollyKnown()
}

func number(e hclsyntax.Expression) (float64, bool) {
	value, ok := constant(e)
	if !ok || value.IsNull() || value.Type() != cty.Number {
		return 0, false
	}
	n, _ := value.AsBigFloat().Float64()
	return n, !math.IsInf(n, 0)
}

func text(e hclsyntax.Expression) (string, bool) {
	value, ok := constant(e)
	if !ok || value.IsNull() || value.Type() != cty.String {
		return "", false
	}
	return value.AsString(), true
}

func isNull(e hclsyntax.Expression) bool {
	value, ok := constant(e)
	return ok && value.IsNull()
}

// sayNotNull: var.x != null. No property may be null but by its default.
func (in scope) sayNotNull(e hclsyntax.Expression) bool {
	return in.comparedToNull(e, hclsyntax.OpNotEqual) != ""
}

// sayUnlessNull: var.x == null || var.x > 1, and var.x == null ? true : var.x > 1.
// That null is fine too is what absent properties are for, if nothing else is
// asked of what else there is.
func (in scope) sayUnlessNull(e hclsyntax.Expression) bool {
	var nullable string
	var rest []hclsyntax.Expression
	for _, o := range alternatives(e) {
		switch path := in.comparedToNull(o, hclsyntax.OpEqual); {
		case path == "":
			rest = append(rest, o)
		case nullable != "" && nullable != path:
			return false
		default:
			nullable = path
		}
	}
	if nullable == "" || len(rest) == 0 {
		return false
	}
	for _, o := range rest {
		for _, name := range hclsyntax.Variables(o) {
			if path := pathOf(name); path != nullable && !strings.HasPrefix(path, nullable+".") {
				return false
			}
		}
	}
	if len(rest) == 1 {
		return in.sayAll(rest[0])
	}
	return in.sayAny(rest)
}

// alternatives takes a condition apart of which one part has to be true.
func alternatives(e hclsyntax.Expression) []hclsyntax.Expression {
	choice, ok := unwrapped(e).(*hclsyntax.ConditionalExpr)
	if !ok {
		return operands(e, hclsyntax.OpLogicalOr)
	}
	if value, ok := constant(choice.TrueResult); ok && value.RawEquals(cty.True) {
		return []hclsyntax.Expression{choice.Condition, choice.FalseResult}
	}
	different, ok := unwrapped(choice.Condition).(*hclsyntax.BinaryOpExpr)
	if value, always := constant(choice.FalseResult); ok && always && different.Op == hclsyntax.OpNotEqual && value.RawEquals(cty.True) {
		equal := &hclsyntax.BinaryOpExpr{LHS: different.LHS, Op: hclsyntax.OpEqual, RHS: different.RHS}
		return []hclsyntax.Expression{equal, choice.TrueResult}
	}
	return []hclsyntax.Expression{e}
}

// comparedToNull gives the path of what is compared to null, or nothing.
func (in scope) comparedToNull(e hclsyntax.Expression, op *hclsyntax.Operation) string {
	b, ok := unwrapped(e).(*hclsyntax.BinaryOpExpr)
	if !ok || b.Op != op {
		return ""
	}
	for _, sides := range [][2]hclsyntax.Expression{{b.LHS, b.RHS}, {b.RHS, b.LHS}} {
		named, ok := unwrapped(sides[0]).(*hclsyntax.ScopeTraversalExpr)
		if ok && in.subject(named) != nil && isNull(sides[1]) {
			return pathOf(named.Traversal)
		}
	}
	return ""
}

// pathOf writes a name with its attributes, such as var.x.a.
func pathOf(name hcl.Traversal) string {
	path := name.RootName()
	for _, step := range name[1:] {
		attribute, ok := step.(hcl.TraverseAttr)
		if !ok {
			return path + ".[]"
		}
		path += "." + attribute.Name
	}
	return path
}

// sayOneOf: contains(["a", "b"], var.x), var.x == "a" || var.x == "b".
func (in scope) sayOneOf(e hclsyntax.Expression) bool {
	return in.sayAny(operands(e, hclsyntax.OpLogicalOr))
}

// sayAny says that one of some conditions holds: each lists values, and an empty
// text is one more pattern.
func (in scope) sayAny(conditions []hclsyntax.Expression) bool {
	var subject *apiextensionsv1.JSONSchemaProps
	var values []cty.Value
	var others []hclsyntax.Expression
	for _, c := range conditions {
		s, some := in.listed(c)
		switch {
		case s == nil:
			others = append(others, c)
		case subject != nil && subject != s:
			return false
		default:
			subject, values = s, append(values, some...)
		}
	}
	switch {
	case subject == nil:
		return false
	case len(others) == 0:
		return enumerate(subject, values)
	}
	return len(others) == 1 && len(values) == 1 && in.sayEmptyOr(subject, values[0], others[0])
}

// listed gives the values of which a condition wants one: var.x == "a",
// contains(["a", "b"], var.x).
func (in scope) listed(e hclsyntax.Expression) (*apiextensionsv1.JSONSchemaProps, []cty.Value) {
	if _, args := call(e, 2, "contains"); args != nil {
		values, ok := list(args[0])
		if s := in.subject(args[1]); s != nil && ok {
			return s, values
		}
		return nil, nil
	}
	b, ok := unwrapped(e).(*hclsyntax.BinaryOpExpr)
	if !ok || b.Op != hclsyntax.OpEqual {
		return nil, nil
	}
	for _, sides := range [][2]hclsyntax.Expression{{b.LHS, b.RHS}, {b.RHS, b.LHS}} {
		if s := in.subject(sides[0]); s != nil {
			if value, ok := constant(sides[1]); ok {
				return s, []cty.Value{value}
			}
		}
	}
	return nil, nil
}

// list gives the items of a list that is written out.
func list(e hclsyntax.Expression) ([]cty.Value, bool) {
	value, ok := constant(e)
	if !ok || value.IsNull() || !value.CanIterateElements() || value.Type().IsObjectType() || value.Type().IsMapType() {
		return nil, false
	}
	return value.AsValueSlice(), true
}

// sayEmptyOr: var.x == "" || can(regex("^[a-z]+$", var.x)).
func (in scope) sayEmptyOr(s *apiextensionsv1.JSONSchemaProps, value cty.Value, other hclsyntax.Expression) bool {
	if value.IsNull() || value.Type() != cty.String || value.AsString() != "" {
		return false
	}
	alike, pattern := in.like(other)
	return alike != nil && alike == s && addPattern(s, "^$|"+pattern)
}

// sayWithin: length(setsubtract(var.x, ["a", "b"])) == 0, for a list or a set.
func (in scope) sayWithin(e hclsyntax.Expression) bool {
	b, ok := unwrapped(e).(*hclsyntax.BinaryOpExpr)
	if !ok || b.Op != hclsyntax.OpEqual {
		return false
	}
	if n, ok := number(b.RHS); !ok || n != 0 {
		return false
	}
	_, args := call(b.LHS, 1, "length")
	if args == nil {
		return false
	}
	if _, args = call(args[0], 2, "setsubtract"); args == nil {
		return false
	}
	s := in.subject(collection(args[0]))
	values, ok := list(args[1])
	return ok && s != nil && s.Items != nil && enumerate(s.Items.Schema, values)
}

// collection is what has the items of a list that is made of another.
func collection(e hclsyntax.Expression) hclsyntax.Expression {
	if _, args := call(e, 1, "toset", "tolist"); args != nil {
		return collection(args[0])
	}
	return e
}

// enumerate lists the values of a property, in the order in which they are
// written; a second list leaves what is in both.
func enumerate(s *apiextensionsv1.JSONSchemaProps, values []cty.Value) bool {
	typ, ok := map[string]cty.Type{"string": cty.String, "number": cty.Number, "integer": cty.Number, "boolean": cty.Bool}[s.Type]
	if !ok || len(values) == 0 {
		return false
	}
	var enum []apiextensionsv1.JSON
	for _, value := range values {
		converted, err := convert.Convert(value, typ)
		if err != nil || converted.IsNull() {
			return false
		}
		data, err := ctyjson.Marshal(converted, typ)
		if err != nil {
			return false
		}
		if !has(enum, data) && (len(s.Enum) == 0 || has(s.Enum, data)) {
			enum = append(enum, apiextensionsv1.JSON{Raw: data})
		}
	}
	if len(enum) == 0 {
		return false
	}
	s.Enum = enum
	return true
}

func has(enum []apiextensionsv1.JSON, data []byte) bool {
	for _, e := range enum {
		if string(e.Raw) == string(data) {
			return true
		}
	}
	return false
}

// sayNone: !contains(["a", "b"], var.x), var.x != "a".
func (in scope) sayNone(e hclsyntax.Expression) bool {
	var equal hclsyntax.Expression
	switch not := unwrapped(e).(type) {
	case *hclsyntax.UnaryOpExpr:
		if not.Op != hclsyntax.OpLogicalNot {
			return false
		}
		equal = not.Val
	case *hclsyntax.BinaryOpExpr:
		if not.Op != hclsyntax.OpNotEqual {
			return false
		}
		equal = &hclsyntax.BinaryOpExpr{LHS: not.LHS, Op: hclsyntax.OpEqual, RHS: not.RHS}
	default:
		return false
	}
	s, values := in.listed(equal)
	if s == nil {
		return false
	}
	none := &apiextensionsv1.JSONSchemaProps{Type: s.Type}
	if !enumerate(none, values) {
		return false
	}
	if s.Not == nil {
		s.Not = &apiextensionsv1.JSONSchemaProps{}
	}
	s.Not.Enum = append(s.Not.Enum, none.Enum...)
	return true
}

// sayLike: can(regex("^[a-z]+$", var.x)), startswith(var.x, "vpc-").
func (in scope) sayLike(e hclsyntax.Expression) bool {
	s, pattern := in.like(e)
	return s != nil && addPattern(s, pattern)
}

func (in scope) like(e hclsyntax.Expression) (*apiextensionsv1.JSONSchemaProps, string) {
	if _, args := call(e, 1, "can"); args != nil {
		return in.matched(args[0], "regex")
	}
	if b, ok := unwrapped(e).(*hclsyntax.BinaryOpExpr); ok && (b.Op == hclsyntax.OpGreaterThan || b.Op == hclsyntax.OpNotEqual) {
		n, ok := number(b.RHS)
		if _, args := call(b.LHS, 1, "length"); args != nil && ok && n == 0 {
			if s, pattern := in.matched(args[0], "regexall"); s != nil {
				return s, pattern
			}
		}
	}
	if s, pattern := in.begins(e); s != nil {
		return s, pattern
	}
	if s := in.notBlank(e); s != nil {
		return s, `\S`
	}
	name, args := call(e, 2, "startswith", "endswith")
	if args == nil {
		return nil, ""
	}
	affix, ok := text(args[1])
	switch s := in.subject(args[0]); {
	case !ok || s == nil:
		return nil, ""
	case name == "startswith":
		return s, "^" + regexp.QuoteMeta(affix)
	default:
		return s, regexp.QuoteMeta(affix) + "$"
	}
}

// begins: substr(var.x, 0, 4) == "vpc-".
func (in scope) begins(e hclsyntax.Expression) (*apiextensionsv1.JSONSchemaProps, string) {
	b, ok := unwrapped(e).(*hclsyntax.BinaryOpExpr)
	if !ok || b.Op != hclsyntax.OpEqual {
		return nil, ""
	}
	_, args := call(b.LHS, 3, "substr")
	prefix, ok := text(b.RHS)
	if args == nil || !ok {
		return nil, ""
	}
	from, isFrom := number(args[1])
	length, isLength := number(args[2])
	// What a character is matters only where a prefix has others than ASCII.
	if !isFrom || !isLength || from != 0 || length != float64(len(prefix)) || length == 0 {
		return nil, ""
	}
	return in.subject(args[0]), "^" + regexp.QuoteMeta(prefix)
}

// notBlank: trimspace(var.x) != "", length(trimspace(var.x)) > 0.
func (in scope) notBlank(e hclsyntax.Expression) *apiextensionsv1.JSONSchemaProps {
	b, ok := unwrapped(e).(*hclsyntax.BinaryOpExpr)
	if !ok {
		return nil
	}
	of := b.LHS
	if _, args := call(of, 1, "length"); args != nil {
		n, ok := number(b.RHS)
		atLeastOne := n == 0 && (b.Op == hclsyntax.OpGreaterThan || b.Op == hclsyntax.OpNotEqual) || n == 1 && b.Op == hclsyntax.OpGreaterThanOrEqual
		if !ok || !atLeastOne {
			return nil
		}
		of = args[0]
	} else if empty, ok := text(b.RHS); !ok || empty != "" || b.Op != hclsyntax.OpNotEqual {
		return nil
	}
	if _, args := call(of, 1, "trimspace"); args != nil {
		return in.subject(args[0])
	}
	return nil
}

// matched: regex("^[a-z]+$", var.x). Terraform and Kubernetes have the same
// regular expressions, those of Go.
func (in scope) matched(e hclsyntax.Expression, function string) (*apiextensionsv1.JSONSchemaProps, string) {
	_, args := call(e, 2, function)
	if args == nil {
		return nil, ""
	}
	pattern, ok := text(args[0])
	if !ok {
		return nil, ""
	}
	return in.subject(args[1]), pattern
}

// addPattern adds a pattern; a schema has one, and further ones in allOf.
func addPattern(s *apiextensionsv1.JSONSchemaProps, pattern string) bool {
	if _, err := regexp.Compile(pattern); err != nil || s.Type != "string" {
		return false
	}
	switch {
	case s.Pattern == "":
		s.Pattern = pattern
	case s.Pattern != pattern:
		s.AllOf = append(s.AllOf, apiextensionsv1.JSONSchemaProps{Pattern: pattern})
	}
	return true
}

// sayNetwork: can(cidrhost(var.x, 0)), as modules ask whether a text is a CIDR,
// and can(cidrnetmask(var.x)) whether it is one of IPv4.
func (in scope) sayNetwork(e hclsyntax.Expression) bool {
	_, args := call(e, 1, "can")
	if args == nil {
		return false
	}
	inner, ok := unwrapped(args[0]).(*hclsyntax.FunctionCallExpr)
	if !ok || !slices.Contains([]string{"cidrhost", "cidrnetmask", "cidrsubnet"}, inner.Name) || len(inner.Args) == 0 {
		return false
	}
	s := in.subject(inner.Args[0])
	if s == nil || s.Type != "string" || s.Format != "" || !allZero(inner.Args[1:]) {
		return false
	}
	s.Format = "cidr"
	return inner.Name != "cidrnetmask" || addPattern(s, "^[0-9.]+/[0-9]+$")
}

// allZero tells whether a function asks for no more than that a network has a
// beginning.
func allZero(args []hclsyntax.Expression) bool {
	return !slices.ContainsFunc(args, func(arg hclsyntax.Expression) bool {
		n, ok := number(arg)
		return !ok || n != 0
	})
}

// sayEach: alltrue([for v in var.x : v > 0]).
func (in scope) sayEach(e hclsyntax.Expression) bool {
	_, args := call(e, 1, "alltrue")
	if args == nil {
		return false
	}
	loop, ok := unwrapped(args[0]).(*hclsyntax.ForExpr)
	if !ok || loop.CondExpr != nil || loop.KeyExpr != nil {
		return false
	}
	of := collection(loop.CollExpr)
	if _, args := call(of, 1, "values"); args != nil {
		of = args[0]
	}
	items := itemsOf(in.subject(of))
	if items == nil {
		return false
	}
	// All of it or nothing: parts have been taken apart before.
	trial := items.DeepCopy()
	each := scope{item: loop.ValVar, items: trial, parts: new([]attribute)}
	if !each.every(loop.ValExpr) {
		return false
	}
	*items = *trial
	return true
}

// sayAll says every part of a condition, or nothing.
func (in scope) sayAll(e hclsyntax.Expression) bool {
	in.put()
	*in.parts = nil
	trial := scope{variable: in.variable, schema: in.schema.DeepCopy(), item: in.item, items: in.items.DeepCopy(), parts: new([]attribute)}
	if !trial.every(e) {
		return false
	}
	for to, from := range map[*apiextensionsv1.JSONSchemaProps]*apiextensionsv1.JSONSchemaProps{in.schema: trial.schema, in.items: trial.items} {
		if to != nil {
			*to = *from
		}
	}
	return true
}

// every says all parts of a condition, until it comes to one that it cannot say.
func (in scope) every(e hclsyntax.Expression) bool {
	defer in.put()
	return !slices.ContainsFunc(operands(e, hclsyntax.OpLogicalAnd), func(part hclsyntax.Expression) bool { return !in.say(part) })
}

// itemsOf is the schema of the items of a list or a map.
func itemsOf(s *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	switch {
	case s == nil:
		return nil
	case s.Items != nil:
		return s.Items.Schema
	case s.AdditionalProperties != nil:
		return s.AdditionalProperties.Schema
	default:
		return nil
	}
}
