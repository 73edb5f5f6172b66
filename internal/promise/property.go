// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A PropertyChange says what a property of requests is to be, or that it is to
// go.
type PropertyChange struct {
	text   string
	path   []string // below spec; "[]" are the items of a list, "{}" the values of a map
	remove bool
	typ    string // "" leaves it
	// keywords in the order in which they were given.
	keywords []keyword
}

// A keyword is one of JSON Schema, or required or optional.
type keyword struct {
	name, text string
	remove     bool
}

// PropertyGrammar says how a change of a property is written.
const PropertyGrammar = "NAME:TYPE[,KEYWORD=VALUE]..., or NAME- to remove it"

// ParseProperty reads a change of a property:
//
//	size:integer                  a property, nested ones as db.size:integer
//	tags:string[]                 a list; disks[].size is a property of its items
//	labels:string{}               a map; labels{} stands for its values
//	size:string,enum=[a,b],default=a,required,description="How big, roughly."
//	size,minimum=1                what it is stays, a keyword is set
//	size,default-                 and one is removed
//	size-                         the property is removed
//
// A leading "spec." may be left out.
func ParseProperty(text string) (PropertyChange, error) {
	c := PropertyChange{text: text}
	parts, err := splitOutside(text, ',')
	if err != nil {
		return c, c.wrong("", "%s", err)
	}
	name, typ, typed := strings.Cut(parts[0], ":")
	if rest, ok := strings.CutSuffix(name, "-"); ok && !typed && len(parts) == 1 {
		name, c.remove = rest, true
	}
	if c.path, err = propertyPath(name); err != nil {
		return c, c.wrong(PropertyGrammar, "%s", err)
	}
	if !c.remove && !typed && len(parts) == 1 {
		return c, c.wrong("for example "+text+":string, or "+text+"- to remove it", "there is no type")
	}
	if typed {
		if err := checkType(typ); err != nil {
			return c, c.wrong(typeHint(typ), "%s", err)
		}
		c.typ = typ
	}
	for _, part := range parts[1:] {
		k, err := parseKeyword(part)
		if err != nil {
			return c, c.wrong(diag.DidYouMean(k.name, keywordNames()), "%s", err)
		}
		c.keywords = append(c.keywords, k)
	}
	return c, nil
}

func (c PropertyChange) wrong(hint, format string, args ...any) error {
	return diag.Problems("", []diag.Finding{{
		Severity: diag.SeverityError, Field: fmt.Sprintf("--property %q", c.text), Message: fmt.Sprintf(format, args...), Hint: hint,
	}})
}

// splitOutside splits a text at a separator that is not within quotes or
// brackets.
func splitOutside(text string, separator byte) ([]string, error) {
	var parts []string
	begin, depth, quote := 0, 0, byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote && text[i-1] != '\\' {
				quote = 0
			}
		case c == '"' && i > 0 && text[i-1] == '=':
			quote = c
		case c == '[', c == '{':
			depth++
		case c == ']', c == '}':
			depth--
		case c == separator && depth == 0:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	if quote != 0 || depth != 0 {
		return nil, errors.New("a quote or a bracket in it is not closed")
	}
	return append(parts, text[begin:]), nil
}

// propertyPath reads "a.b[].c{}" and, for names with dots, "[a.b].c".
func propertyPath(text string) ([]string, error) {
	var path []string
	for rest := strings.TrimPrefix(text, "spec."); ; {
		step := rest[:min(len(rest), max(0, endOfStep(rest)))]
		if step == "" {
			return nil, errors.New("a name in it is empty")
		}
		rest = rest[len(step):]
		if strings.HasPrefix(step, "[") {
			step = step[1 : len(step)-1]
		}
		if strings.ContainsAny(step, " []{}:") || step == "" {
			return nil, fmt.Errorf("%q is no name of a property", step)
		}
		path = append(path, step)
		for len(rest) > 1 && (rest[:2] == "[]" || rest[:2] == "{}") {
			path, rest = append(path, rest[:2]), rest[2:]
		}
		switch {
		case rest == "":
			return path, nil
		case rest[0] != '.':
			return nil, fmt.Errorf("%q is no name of a property", step+rest)
		}
		rest = rest[1:]
	}
}

// endOfStep is where the first name of a path ends.
func endOfStep(path string) int {
	if strings.HasPrefix(path, "[") && !strings.HasPrefix(path, "[]") {
		return strings.IndexByte(path, ']') + 1
	}
	if i := strings.IndexAny(path, ".[{"); i >= 0 {
		return i
	}
	return len(path)
}

// The types of properties. Any takes every value, int-or-string a number or a
// text, as ports have.
func typeNames() []string {
	return []string{"string", "integer", "number", "boolean", "object", "int-or-string", "any"}
}

// checkType reads a type: one of the names, with [] for each list and {} for
// each map around it.
func checkType(text string) error {
	base := text
	for strings.HasSuffix(base, "[]") || strings.HasSuffix(base, "{}") {
		base = base[:len(base)-2]
	}
	if !slices.Contains(typeNames(), base) {
		return fmt.Errorf("%q is no type: types are %s, and TYPE[] for a list, TYPE{} for a map", base, strings.Join(typeNames(), ", "))
	}
	return nil
}

func typeHint(text string) string {
	switch text {
	case "array", "list":
		return "say what it is a list of, as in string[] or object[]"
	case "map":
		return "say what it is a map to, as in string{}"
	case "int":
		return "did you mean integer?"
	case "bool":
		return "did you mean boolean?"
	}
	return diag.DidYouMean(text, typeNames())
}

// schemaOf is the schema of a type.
func schemaOf(typ string) yamldoc.Map {
	switch {
	case strings.HasSuffix(typ, "[]"):
		return yamldoc.Map{{Key: "type", Value: "array"}, {Key: "items", Value: schemaOf(typ[:len(typ)-2])}}
	case strings.HasSuffix(typ, "{}"):
		return yamldoc.Map{{Key: "type", Value: "object"}, {Key: "additionalProperties", Value: schemaOf(typ[:len(typ)-2])}}
	case typ == "int-or-string":
		return yamldoc.Map{{Key: "x-kubernetes-int-or-string", Value: true}}
	case typ == "any":
		return yamldoc.Map{{Key: "x-kubernetes-preserve-unknown-fields", Value: true}}
	}
	return yamldoc.Map{{Key: "type", Value: typ}}
}

// keywordKinds are the keywords that a property may be given, and what they
// take: a value of the property, a text, a number, a list of values, or
// nothing.
func keywordKinds() map[string]string {
	return map[string]string{
		"default": "value", "enum": "values", "example": "value",
		"title": "text", "description": "text", "format": "text", "pattern": "text",
		"minimum": "number", "maximum": "number", "multipleOf": "number",
		"exclusiveMinimum": "flag", "exclusiveMaximum": "flag", "nullable": "flag",
		"minLength": "count", "maxLength": "count", "minItems": "count", "maxItems": "count",
		"minProperties": "count", "maxProperties": "count",
		"required": "nothing", "optional": "nothing",
		"x-kubernetes-preserve-unknown-fields": "flag", "x-kubernetes-list-type": "text",
		"x-kubernetes-list-map-keys": "values", "x-kubernetes-map-type": "text",
	}
}

func keywordNames() []string { return sortedKeys(keywordKinds()) }

func parseKeyword(text string) (keyword, error) {
	name, value, given := strings.Cut(text, "=")
	k := keyword{name: name, text: value}
	if rest, ok := strings.CutSuffix(name, "-"); ok && !given {
		k.name, k.remove = rest, true
	}
	kind, ok := keywordKinds()[k.name]
	switch {
	case !ok:
		return k, fmt.Errorf("%q is no keyword that can be set: they are %s", k.name, strings.Join(keywordNames(), ", "))
	case k.remove && kind == "nothing":
		return k, fmt.Errorf("%s- means nothing; say required or optional", k.name)
	case k.remove:
		return k, nil
	case kind == "nothing" && given:
		return k, fmt.Errorf("%s takes no value", k.name)
	case kind == "flag" && !given:
		k.text = "true"
	case kind != "nothing" && !given:
		return k, fmt.Errorf("%s needs a value, as %s=VALUE", k.name, k.name)
	}
	_, err := k.value("")
	return k, err
}

// value reads what a keyword is set to, for a property of a type; "" for one
// that is not known yet.
func (k keyword) value(typ string) (any, error) {
	switch kind := keywordKinds()[k.name]; kind {
	case "nothing":
		return nil, nil
	case "text":
		return unquoted(k.text), nil
	case "number", "count", "flag":
		value := plainValue(k.text)
		if ok := map[string]bool{"number": isNumber(value), "count": isCount(value), "flag": value == true || value == false}[kind]; !ok {
			want := map[string]string{"number": "a number", "count": "a whole number of at least 0", "flag": "true or false"}[kind]
			return nil, fmt.Errorf("%s=%s: want %s", k.name, k.text, want)
		}
		return value, nil
	case "values":
		return k.values(typ)
	}
	return valueOf(k.text, typ)
}

// values reads [a, b] or a|b.
func (k keyword) values(typ string) (any, error) {
	inner, ok := strings.CutPrefix(k.text, "[")
	separator := byte(',')
	if ok {
		inner = strings.TrimSuffix(inner, "]")
	} else {
		inner, separator = k.text, '|'
	}
	parts, err := splitOutside(inner, separator)
	if err != nil {
		return nil, err
	}
	var list []any
	for _, part := range parts {
		value, err := valueOf(strings.TrimSpace(part), typ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
		list = append(list, value)
	}
	return list, nil
}

// valueOf reads a value of a property of a type. A text needs no quotes.
func valueOf(text, typ string) (any, error) {
	if typ == "string" || typ == "" {
		return unquoted(text), nil
	}
	value := plainValue(text)
	if !fits(value, typ) {
		return nil, fmt.Errorf("%s is no %s", text, typ)
	}
	return value, nil
}

func unquoted(text string) string {
	if inner, err := strconv.Unquote(text); err == nil && strings.HasPrefix(text, `"`) {
		return inner
	}
	return text
}

// plainValue reads a value as YAML does.
func plainValue(text string) any {
	docs, err := yamldoc.Parse("", []byte("v: "+text))
	if err != nil {
		return text
	}
	return docs[0].At("v")
}

func isNumber(value any) bool {
	switch value.(type) {
	case int64, float64:
		return true
	}
	return false
}

func isCount(value any) bool {
	n, ok := value.(int64)
	return ok && n >= 0
}

// fits says whether a decoded value is of a type of JSON Schema, or null.
func fits(value any, typ string) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return typ == "string" || typ == "int-or-string" || typ == "any"
	case bool:
		return typ == "boolean" || typ == "any"
	case int64:
		return typ == "integer" || typ == "number" || typ == "int-or-string" || typ == "any"
	case float64:
		return typ == "number" || typ == "any" || typ == "integer" && v == math.Trunc(v)
	case []any:
		return typ == "array" || typ == "any"
	default:
		return typ == "object" || typ == "any"
	}
}
