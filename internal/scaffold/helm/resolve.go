// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// flatten resolves the references of a schema and joins what has to hold at the
// same time.
func (t *translator) flatten(path string, schema any, refs []string) node {
	if t.nodes++; t.nodes > maxNodes {
		if t.nodes == maxNodes+1 {
			t.note(path, "the schema is too large when its references are written out: anything is accepted here, and everywhere after it")
		}
		return node{words: map[string]any{}, refs: refs}
	}
	switch v := schema.(type) {
	case map[string]any:
		return t.flattenWords(path, v, refs)
	case bool:
		return node{words: map[string]any{}, refs: refs, never: !v}
	default:
		return node{words: map[string]any{}, refs: refs}
	}
}

func (t *translator) flattenWords(path string, schema map[string]any, refs []string) node {
	n := node{words: map[string]any{}, refs: refs}
	own := maps.Clone(schema)
	if ref, ok := own["$ref"].(string); ok {
		n = t.follow(path, ref, refs)
	}
	all, _ := own["allOf"].([]any)
	delete(own, "$ref")
	delete(own, "allOf")
	n.words = t.join(path, own, n.words)
	for _, other := range all {
		o := t.flatten(path, other, n.refs)
		n = node{words: t.join(path, n.words, o.words), refs: o.refs, never: n.never || o.never}
	}
	return n
}

// follow gives what a reference is to: a part of the same file that this part is
// no part of.
func (t *translator) follow(path, ref string, refs []string) node {
	open := node{words: map[string]any{}, refs: refs}
	if slices.Contains(refs, ref) {
		t.note(path, "$ref: %s is within itself, so from here on anything is accepted", ref)
		return open
	}
	target, ok := t.lookup(ref)
	if !ok {
		t.note(path, "$ref: %s is not in this file, so anything is accepted", ref)
		return open
	}
	return t.flatten(path, target, append(slices.Clone(refs), ref))
}

// lookup finds what a JSON pointer points to.
func (t *translator) lookup(ref string) (any, bool) {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok || pointer != "" && pointer[0] != '/' {
		return nil, false
	}
	at := t.root
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(unescaped(step))
		switch v := at.(type) {
		case map[string]any:
			at, ok = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if ok = err == nil && i >= 0 && i < len(v); ok {
				at = v[i]
			}
		default:
			ok = false
		}
		if !ok {
			return nil, false
		}
	}
	return at, true
}

// unescaped reads what is escaped for URLs.
func unescaped(text string) string {
	return regexp.MustCompile(`%[0-9A-Fa-f]{2}`).ReplaceAllStringFunc(text, func(code string) string {
		b, err := strconv.ParseUint(code[1:], 16, 8)
		if err != nil {
			return code
		}
		return string([]byte{byte(b)})
	})
}

// join makes one schema of two that hold at the same time. What both say of the
// same thing in a way that has no common wording is told, and a's is kept.
func (t *translator) join(path string, a, b map[string]any) map[string]any {
	joined := maps.Clone(a)
	var lost []string
	for _, word := range slices.Sorted(maps.Keys(b)) {
		old, both := a[word]
		switch {
		case !both:
			joined[word] = b[word]
		case reflect.DeepEqual(old, b[word]):
		default:
			value, ok := joinWord(word, old, b[word])
			if !ok {
				lost = append(lost, word)
			}
			joined[word] = value
		}
	}
	t.lost(path, lost...)
	return joined
}

// joinWord joins what two schemas say with one word.
func joinWord(word string, a, b any) (any, bool) {
	switch word {
	case "properties", "definitions", "$defs", "patternProperties":
		return joinProperties(a, b), true
	case "required":
		x, _ := a.([]any)
		y, _ := b.([]any)
		return slices.Concat(x, y), true
	case "type":
		return common(asList(a), asList(b))
	case "enum":
		return common(a, b)
	case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties":
		return stricter(a, b, 1)
	case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties":
		return stricter(a, b, -1)
	case "items":
		return map[string]any{"allOf": []any{a, b}}, true
	case "additionalProperties":
		if a == false || b == false {
			return false, true
		}
		return map[string]any{"allOf": []any{a, b}}, true
	case "description", "title", "default", "examples", "$id", "$schema", "$comment", "deprecated":
		return a, true
	case "uniqueItems":
		return true, true // one of them says so
	default:
		return a, false
	}
}

func joinProperties(a, b any) any {
	x, _ := a.(map[string]any)
	y, _ := b.(map[string]any)
	joined := maps.Clone(x)
	if joined == nil {
		joined = map[string]any{}
	}
	for key, schema := range y {
		if old, ok := joined[key]; ok && !reflect.DeepEqual(old, schema) {
			schema = map[string]any{"allOf": []any{old, schema}}
		}
		joined[key] = schema
	}
	return joined
}

func asList(v any) any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// common is what two lists have in common. A whole number is a number too.
func common(a, b any) (any, bool) {
	x, _ := a.([]any)
	y, _ := b.([]any)
	var both []any
	for _, item := range x {
		number := item == "integer" && slices.Contains(y, any("number"))
		if number || slices.ContainsFunc(y, func(other any) bool { return reflect.DeepEqual(item, other) }) {
			both = append(both, item)
		} else if item == "number" && slices.Contains(y, any("integer")) {
			both = append(both, "integer")
		}
	}
	if len(both) == 0 {
		return a, false
	}
	return both, true
}

func stricter(a, b any, sign float64) (any, bool) {
	x, y := number(a), number(b)
	switch {
	case x == nil || y == nil:
		return a, false
	case sign**x >= sign**y:
		return a, true
	default:
		return b, true
	}
}

// alternatives makes one schema of those of which any, or exactly one, has to
// hold: it accepts what at least one of them accepts.
func (t *translator) alternatives(path string, n node) node {
	for _, word := range []string{"anyOf", "oneOf"} {
		list, ok := n.words[word].([]any)
		if !ok {
			continue
		}
		n.words = maps.Clone(n.words)
		delete(n.words, word)
		n = t.widen(path, word, n, list)
	}
	return n
}

func (t *translator) widen(path, word string, n node, list []any) node {
	var branches []map[string]any
	for _, schema := range list {
		if branch := t.alternatives(path, t.flatten(path, schema, n.refs)); !branch.never {
			branches = append(branches, constAsEnum(branch.words))
			n.refs = append(slices.Clone(n.refs), branch.refs...)
		}
	}
	if len(branches) == 0 {
		return n
	}
	widest := branches[0]
	exact := true
	for _, branch := range branches[1:] {
		var same bool
		widest, same = union(widest, branch)
		exact = exact && same
	}
	if !exact {
		t.note(path, "%s: the API accepts whatever one of the %d alternatives could accept, and mixtures of them", word, len(branches))
	}
	n.words = t.join(path, n.words, widest)
	return n
}

// constAsEnum writes the only value of a schema as a list of one.
func constAsEnum(words map[string]any) map[string]any {
	if value, ok := words["const"]; ok {
		words = maps.Clone(words)
		delete(words, "const")
		words["enum"] = []any{value}
	}
	return words
}

// union makes a schema that accepts what one of two accepts. Exact says that it
// accepts nothing else.
func union(a, b map[string]any) (widest map[string]any, exact bool) {
	typesA, nullA := typesOf(a)
	typesB, nullB := typesOf(b)
	widest = map[string]any{}
	if typesA == nil && !nullA || typesB == nil && !nullB {
		return widest, false // one of them is open
	}
	types := slices.Concat(typesA, typesB)
	if nullA || nullB {
		types = append(types, "null")
	}
	slices.Sort(types)
	for _, typ := range slices.Compact(types) {
		widest["type"] = append(asTypes(widest["type"]), typ)
	}
	exact = true
	for _, word := range slices.Sorted(maps.Keys(joinedKeys(a, b))) {
		value, same := unionOf(word, a, b, typesA, typesB)
		if value != nil {
			widest[word] = value
		}
		exact = exact && same
	}
	return widest, exact
}

func asTypes(v any) []any {
	list, _ := v.([]any)
	return list
}

func joinedKeys(a, b map[string]any) map[string]bool {
	keys := map[string]bool{}
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	delete(keys, "type")
	return keys
}

// unionOf gives the word that one schema has instead of two. A word about a type
// that only one of them has stays: it says nothing of the values of the other.
func unionOf(word string, a, b map[string]any, typesA, typesB []string) (value any, same bool) {
	x, inA := a[word]
	y, inB := b[word]
	apart := !slices.ContainsFunc(typesA, func(s string) bool { return slices.Contains(typesB, s) })
	switch {
	case inA && inB && reflect.DeepEqual(x, y):
		return x, true
	case word == "enum":
		return unionOfValues(a, b)
	case word == "properties" && !apart:
		return unionOfProperties(a, b), false
	case slices.Contains([]string{"description", "title", "default", "examples", "$id"}, word):
		return firstOf(x, y), true
	case apart && (!inA || !inB):
		return firstOf(x, y), true
	default:
		return nil, false
	}
}

func firstOf(x, y any) any {
	if x != nil {
		return x
	}
	return y
}

// unionOfValues joins the lists of the values that are allowed. Without a list
// all are.
func unionOfValues(a, b map[string]any) (any, bool) {
	x, y := valuesOf(a), valuesOf(b)
	if x == nil || y == nil {
		return nil, false
	}
	return slices.Concat(x, y), true
}

// valuesOf lists the only values that a schema allows, or nil.
func valuesOf(s map[string]any) []any {
	if list, ok := s["enum"].([]any); ok {
		return list
	}
	if s["type"] == "null" {
		return []any{nil}
	}
	return nil
}

// unionOfProperties describes the properties of one of two objects. What one of
// them does not mention may be anything there.
func unionOfProperties(a, b map[string]any) any {
	joined := map[string]any{}
	for _, pair := range [][2]map[string]any{{a, b}, {b, a}} {
		own, _ := pair[0]["properties"].(map[string]any)
		for key, schema := range own {
			switch other := propertyOf(pair[1], key); {
			case other == false || reflect.DeepEqual(other, schema):
				joined[key] = schema
			case other == true:
				joined[key] = remarks(schema)
			case joined[key] == nil:
				joined[key] = map[string]any{"anyOf": []any{schema, other}}
			}
		}
	}
	return joined
}

// propertyOf is the schema that an object has for a property.
func propertyOf(object map[string]any, key string) any {
	properties, _ := object["properties"].(map[string]any)
	if schema, ok := properties[key]; ok {
		return schema
	}
	rest, said := object["additionalProperties"]
	if !said || object["patternProperties"] != nil {
		return true
	}
	return rest
}

// remarks is a schema that says the same to people and allows anything.
func remarks(schema any) any {
	words, _ := schema.(map[string]any)
	said := map[string]any{}
	for _, word := range []string{"title", "description", "deprecated"} {
		if value, ok := words[word]; ok {
			said[word] = value
		}
	}
	return said
}
