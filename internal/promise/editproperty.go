// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// property makes a change of a property in one version of the API.
func (d *draft) property(version int, c PropertyChange) error {
	e := propertyEdit{draft: d, change: c, path: slices.Concat([]string{"spec"}, c.path)}
	e.fields = []string{versionField(version) + ".schema.openAPIV3Schema"}
	if err := e.follow(); err != nil {
		return err
	}
	switch {
	case c.remove:
		return e.remove()
	case len(e.fields) <= len(e.path):
		return e.make()
	}
	return e.amend()
}

// A propertyEdit is one change of a property in one version.
type propertyEdit struct {
	*draft

	change PropertyChange
	path   []string // from the root of the schema
	fields []string // of the schemas along the path, as many as there are
}

// follow goes along the path as far as there are schemas.
func (e *propertyEdit) follow() error {
	for i, step := range e.path {
		at := e.fields[i]
		if err := e.leads(at, i); err != nil {
			return err
		}
		next := childSchema(at, step)
		if e.object(next) == nil {
			return nil
		}
		e.fields = append(e.fields, next)
	}
	return nil
}

// childSchema is the field of the schema one step below that at a field.
func childSchema(at, step string) string {
	switch step {
	case "[]":
		return at + ".items"
	case "{}":
		return at + ".additionalProperties"
	default:
		return yamldoc.Join(at+".properties", step)
	}
}

// leads refuses a step from a schema that has no such step.
func (e *propertyEdit) leads(at string, i int) error {
	s := e.object(at)
	typ, here := typeOf(s), shownPath(e.path[:i])
	_, isMap := s["additionalProperties"].(map[string]any)
	switch step := e.path[i]; {
	case i == 0 && typ != "" && typ != "object":
		return e.wrong(at, "", "the API describes %s, not an object", article(typ))
	case step == "[]" && typ != "array" && s != nil:
		return e.wrong(at, "", "%s is %s, so it has no items", here, article(typ))
	case step == "{}" && !isMap && s != nil:
		return e.wrong(at, "", "%s is no map, so it has no values", here)
	case step == "[]" || step == "{}":
		return nil
	case typ == "array":
		return e.wrong(at, "for a property of its items: "+here+"[]."+step, "%s is a list, so it has no property %q", here, step)
	case isMap:
		return e.wrong(at, "for a property of its values: "+here+"{}."+step, "%s is a map, so it has no property %q of its own", here, step)
	case typ != "object" && typ != "any" && typ != "":
		return e.wrong(at, fmt.Sprintf("to replace it: --property %s:object first", here), "%s is %s, so it has no property %q", here, article(typ), step)
	}
	return nil
}

func (e *propertyEdit) wrong(field, hint, format string, args ...any) error {
	return diag.Problems("", []diag.Finding{{
		Severity: diag.SeverityError, Position: e.position(field),
		Field: fmt.Sprintf("--property %q", e.change.text), Message: fmt.Sprintf(format, args...), Hint: hint,
	}})
}

// shownPath writes a path as users do: spec.disks[].size.
func shownPath(path []string) string {
	text := ""
	for i, step := range path {
		switch {
		case step == "[]" || step == "{}":
			text += step
		case strings.Contains(step, "."):
			text += ".[" + step + "]"
		case i > 0:
			text += "." + step
		default:
			text = step
		}
	}
	return text
}

// typeOf is the type of a schema: one of JSON Schema, int-or-string, any, or
// "" for none.
func typeOf(s map[string]any) string {
	typ, _ := s["type"].(string)
	switch {
	case s["x-kubernetes-int-or-string"] == true:
		return "int-or-string"
	case typ == "" && s["x-kubernetes-preserve-unknown-fields"] == true:
		return "any"
	}
	return typ
}

func article(typ string) string {
	switch typ {
	case "":
		return "of no type"
	case "array", "object", "integer", "int-or-string", "any":
		return "an " + typ
	}
	return "a " + typ
}

// baseType is the type of JSON Schema, or its like, of a type as users write
// it.
func baseType(typ string) string {
	switch {
	case strings.HasSuffix(typ, "[]"):
		return "array"
	case strings.HasSuffix(typ, "{}"):
		return "object"
	}
	return typ
}

// make adds a property, and the objects, lists and maps on the way to it.
func (e *propertyEdit) make() error {
	n := len(e.fields) - 1 // steps that are there
	at, name := e.fields[n], e.path[len(e.path)-1]
	if e.change.typ == "" {
		hint := diag.DidYouMean(e.path[n], sortedKeys(e.object(at+".properties")))
		if hint == "" {
			hint = fmt.Sprintf("to add it: --property %q", strings.Replace(e.change.text, ",", ":string,", 1))
		}
		return e.wrong(at, hint, "there is no %s to change", shownPath(e.path[:n+1]))
	}
	schema, err := e.newSchema()
	if err != nil {
		return err
	}
	for i := len(e.path) - 1; i > n; i-- {
		schema = around(e.path[i], schema, i == len(e.path)-1 && e.change.has("required"))
	}
	if s := e.object(at); typeOf(s) == "" && e.path[n] != "[]" && e.path[n] != "{}" {
		if err := e.set(at+".type", "object"); err != nil {
			return err
		}
	}
	if err := e.set(childSchema(at, e.path[n]), schema); err != nil {
		return err
	}
	if n == len(e.path)-1 && e.change.has("required") {
		return e.require(at, name)
	}
	return nil
}

// around is the schema of what holds a schema.
func around(step string, inner yamldoc.Map, required bool) yamldoc.Map {
	switch step {
	case "[]":
		return yamldoc.Map{{Key: "type", Value: "array"}, {Key: "items", Value: inner}}
	case "{}":
		return yamldoc.Map{{Key: "type", Value: "object"}, {Key: "additionalProperties", Value: inner}}
	}
	m := yamldoc.Map{{Key: "type", Value: "object"}}
	if required {
		m = append(m, yamldoc.Entry{Key: "required", Value: []any{step}})
	}
	return append(m, yamldoc.Entry{Key: "properties", Value: yamldoc.Map{{Key: step, Value: inner}}})
}

// newSchema is the schema of a property that is new.
func (e *propertyEdit) newSchema() (yamldoc.Map, error) {
	schema := schemaOf(e.change.typ)
	for _, k := range e.change.keywords {
		value, err := e.keywordValue(k, baseType(e.change.typ))
		if err != nil {
			return nil, err
		}
		if !k.remove && value != nil {
			schema = append(schema, yamldoc.Entry{Key: k.name, Value: value})
		}
	}
	return schema, nil
}

// keywordValue is what a keyword is set to; nil for those that stand for
// themselves.
func (e *propertyEdit) keywordValue(k keyword, typ string) (any, error) {
	if k.remove {
		return nil, nil
	}
	if !applies(k.name, typ) {
		hint := ""
		if typ == "array" && applies(k.name, "string") {
			hint = fmt.Sprintf("for its items: --property %q", strings.SplitN(strings.SplitN(e.change.text, ":", 2)[0], ",", 2)[0]+"[],"+k.name+"="+k.text)
		}
		return nil, e.wrong(e.fields[len(e.fields)-1], hint, "%s is nothing that %s has", k.name, article(typ))
	}
	value, err := k.value(typ)
	if err != nil {
		return nil, e.wrong(e.fields[len(e.fields)-1], "", "%s", err)
	}
	return value, nil
}

// applies says whether a keyword means something for a type.
func applies(name, typ string) bool {
	types, ok := map[string]string{
		"format": "string number integer", "pattern": "string int-or-string",
		"minLength": "string int-or-string", "maxLength": "string int-or-string",
		"minimum": "number integer int-or-string", "maximum": "number integer int-or-string", "multipleOf": "number integer int-or-string",
		"exclusiveMinimum": "number integer int-or-string", "exclusiveMaximum": "number integer int-or-string",
		"items": "array", "minItems": "array", "maxItems": "array", "uniqueItems": "array",
		"x-kubernetes-list-type": "array", "x-kubernetes-list-map-keys": "array",
		"properties": "object", "additionalProperties": "object", "required": "object", "minProperties": "object", "maxProperties": "object",
		"x-kubernetes-preserve-unknown-fields": "object any", "x-kubernetes-embedded-resource": "object",
		"x-kubernetes-map-type": "object", "x-kubernetes-int-or-string": "int-or-string",
	}[name]
	// Required is also what a property of any type can be.
	return !ok || name == "required" || slices.Contains(strings.Fields(types), typ)
}

func (c PropertyChange) has(name string) bool {
	return slices.ContainsFunc(c.keywords, func(k keyword) bool { return k.name == name })
}

// amend changes a property that is there. What is not named stays.
func (e *propertyEdit) amend() error {
	at := e.fields[len(e.fields)-1]
	if e.change.typ != "" {
		if err := e.retype(at, shownPath(e.path), e.change.typ); err != nil {
			return err
		}
	}
	for _, k := range e.change.keywords {
		if err := e.amendKeyword(at, k); err != nil {
			return err
		}
	}
	return nil
}

func (e *propertyEdit) amendKeyword(at string, k keyword) error {
	name, parent := e.path[len(e.path)-1], e.fields[len(e.fields)-2]
	switch _, there := e.object(at)[k.name]; {
	case (k.name == "required" || k.name == "optional") && (name == "[]" || name == "{}"):
		return e.wrong(at, "", "%s is no property, so it cannot be %s", shownPath(e.path), k.name)
	case k.name == "required":
		return e.require(parent, name)
	case k.name == "optional":
		return e.notRequired(parent, name)
	case k.remove && !there:
		return nil
	case k.remove:
		return e.delete(yamldoc.Join(at, k.name))
	}
	value, err := e.keywordValue(k, typeOf(e.object(at)))
	if err != nil {
		return err
	}
	return e.set(yamldoc.Join(at, k.name), value)
}

// retype gives a schema another type. It drops only what the new type cannot
// have, and says so.
func (e *propertyEdit) retype(at, shown, typ string) error {
	s, base := e.object(at), baseType(typ)
	toMap := strings.HasSuffix(typ, "{}")
	var dropped []string
	for _, key := range sortedKeys(s) {
		unfit := base != typeOf(s) && !keeps(key, s[key], base) || toMap && key == "properties" || toMap && key == "required"
		if !unfit || key == "type" {
			continue
		}
		if err := e.delete(yamldoc.Join(at, key)); err != nil {
			return err
		}
		if key != "x-kubernetes-int-or-string" {
			dropped = append(dropped, key)
		}
	}
	if len(dropped) > 0 {
		e.note("%s: dropped %s, which %s cannot have as it was", shown, strings.Join(dropped, ", "), article(strings.TrimSuffix(typ, "{}")))
	}
	if err := e.setType(at, base); err != nil {
		return err
	}
	if base == typ {
		return nil
	}
	inner, step := typ[:len(typ)-2], typ[len(typ)-2:]
	if child := childSchema(at, step); e.object(child) == nil {
		return e.set(child, schemaOf(inner))
	} else if inner != "object" || typeOf(e.object(child)) != "object" {
		return e.retype(child, shown+step, inner)
	}
	return nil
}

// keeps says whether a keyword with this value can stay when the type becomes
// another.
func keeps(key string, value any, typ string) bool {
	switch key {
	case "format", "x-kubernetes-int-or-string":
		return false
	case "default", "example":
		return fits(value, typ)
	case "enum":
		list, _ := value.([]any)
		return !slices.ContainsFunc(list, func(v any) bool { return !fits(v, typ) })
	case "required":
		return typ == "object"
	}
	return applies(key, typ)
}

// setType says in a schema which type it has.
func (e *propertyEdit) setType(at, typ string) error {
	s := e.object(at)
	switch {
	case typ == typeOf(s):
		return nil
	case typ != "any" && typ != "int-or-string":
		return e.set(at+".type", typ)
	}
	flag := map[string]string{"any": "x-kubernetes-preserve-unknown-fields", "int-or-string": "x-kubernetes-int-or-string"}[typ]
	if err := e.set(yamldoc.Join(at, flag), true); err != nil {
		return err
	}
	if _, ok := s["type"]; ok {
		return e.delete(at + ".type")
	}
	return nil
}

// require makes a property required by the object that it is in.
func (e *propertyEdit) require(parent, name string) error {
	if slices.Contains(e.list(parent+".required"), any(name)) {
		return nil
	}
	if err := e.append(parent+".required", name); err != nil {
		return err
	}
	_, hasDefault := e.object(childSchema(parent, name))["default"]
	value, ok := e.value(parent + ".default").(map[string]any)
	if _, given := value[name]; !ok || given || hasDefault {
		return nil
	}
	if err := e.delete(parent + ".default"); err != nil {
		return err
	}
	holder := shownPath(e.path[:len(e.path)-1])
	e.note("%s: dropped its default, which has no %s", holder, name)
	if holder != "spec" {
		return nil
	}
	return e.require(e.fields[0], "spec") // or a request without a spec has none of it
}

// notRequired takes a property off the list of those that are required.
func (e *propertyEdit) notRequired(parent, name string) error {
	list := e.list(parent + ".required")
	i := slices.Index(list, any(name))
	switch {
	case i < 0:
		return nil
	case len(list) == 1:
		return e.delete(parent + ".required")
	}
	return e.delete(yamldoc.Index(parent+".required", i))
}

// remove takes a property out of the schema, with what else there speaks of
// it.
func (e *propertyEdit) remove() error {
	name := e.path[len(e.path)-1]
	if len(e.fields) <= len(e.path) {
		there := e.fields[len(e.fields)-1]
		e.noteHint(diag.DidYouMean(e.path[len(e.fields)-1], sortedKeys(e.object(there+".properties"))), "there is no %s to remove", shownPath(e.path))
		return nil
	}
	parent := e.fields[len(e.fields)-2]
	if name == "[]" || name == "{}" {
		return e.wrong(parent, "to remove the whole: --property "+shownPath(e.path[1:len(e.path)-1])+"-", "%s is no property", shownPath(e.path))
	}
	field := childSchema(parent, name)
	if len(e.object(parent+".properties")) == 1 {
		field = parent + ".properties"
	}
	if err := e.delete(field); err != nil {
		return err
	}
	if _, ok := e.object(parent + ".default")[name]; ok {
		if err := e.delete(yamldoc.Join(parent+".default", name)); err != nil {
			return err
		}
	}
	return e.notRequired(parent, name)
}
