// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Path selects values inside a document. It is written as differences show
// it, so that one can be pasted:
//
//	metadata.annotations["build-id"]     a key; brackets where it is no plain word
//	spec.containers[0].image             an item by position
//	spec.containers[name=postgres].env   an item by one of its fields
//	spec.containers[*].image             all items, or all keys
//
// A dot in front is allowed.
type Path struct {
	text  string
	steps []step
}

// A step selects children of a value. Exactly one of its ways is set.
type step struct {
	any   bool   // every child
	key   string // the field of an object; or, with value, of an item
	index int    // the position of an item, if key is empty
	match bool   // the item whose field key has this value
	value string
}

// ParsePath reads a path expression.
func ParsePath(text string) (Path, error) {
	p := Path{text: text}
	rest := strings.TrimPrefix(text, ".")
	if rest == "" {
		return Path{}, errors.New("empty path")
	}
	if rest[0] != '[' {
		rest = "." + rest
	}
	for rest != "" {
		s, n, err := parseStep(rest)
		if err != nil {
			return Path{}, fmt.Errorf("path %q: at %q: %w", text, rest, err)
		}
		p.steps = append(p.steps, s)
		rest = rest[n:]
	}
	return p, nil
}

// String gives the path as it was written.
func (p Path) String() string { return p.text }

// parseStep reads the step that text begins with, and tells its length.
func parseStep(text string) (step, int, error) {
	switch text[0] {
	case '.':
		name := text[1:]
		if end := strings.IndexAny(name, ".["); end >= 0 {
			name = name[:end]
		}
		if name == "" {
			return step{}, 0, errors.New("a key is missing")
		}
		return step{key: name, any: name == "*"}, 1 + len(name), nil
	case '[':
		return parseBrackets(text)
	default:
		return step{}, 0, errors.New(`want "." or "["`)
	}
}

func parseBrackets(text string) (step, int, error) {
	value, isMatch := "", false
	rest := text[1:]
	inside, n, err := parseWord(rest, "=]")
	if err != nil {
		return step{}, 0, err
	}
	quoted := n > 0 && isQuote(rest[0])
	rest = rest[n:]
	if strings.HasPrefix(rest, "=") {
		isMatch = true
		value, n, err = parseWord(rest[1:], "]")
		if err != nil {
			return step{}, 0, err
		}
		rest = rest[1+n:]
	}
	if !strings.HasPrefix(rest, "]") {
		return step{}, 0, errors.New(`"]" is missing`)
	}
	length := len(text) - len(rest) + 1
	switch {
	case isMatch:
		return step{key: inside, match: true, value: value}, length, nil
	case quoted:
		return step{key: inside}, length, nil
	case inside == "*":
		return step{any: true}, length, nil
	}
	index, err := strconv.Atoi(inside)
	if err != nil || index < 0 {
		return step{}, 0, fmt.Errorf(`want a position, "*", a quoted key or field=value in brackets, not %q`, inside)
	}
	return step{index: index}, length, nil
}

func isQuote(c byte) bool { return c == '"' || c == '\'' }

// parseWord reads a quoted word, or one that ends before any of the bytes in
// end, and tells how many bytes it took.
func parseWord(text, end string) (string, int, error) {
	if text == "" || !isQuote(text[0]) {
		n := strings.IndexAny(text, end)
		if n < 0 {
			return "", 0, errors.New(`"]" is missing`)
		}
		return text[:n], n, nil
	}
	if text[0] == '\'' {
		n := strings.IndexByte(text[1:], '\'')
		if n < 0 {
			return "", 0, errors.New("the closing quote is missing")
		}
		return text[1 : 1+n], n + 2, nil
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", 0, errors.New("the closing quote is missing")
	}
	word, err := strconv.Unquote(quoted)
	return word, len(quoted), err
}

// selectsKey reports whether the step selects the field of that name.
func (s step) selectsKey(key string) bool {
	return s.any || s.key != "" && !s.match && s.key == key
}

// selectsItem reports whether the step selects the item at index i of a list.
func (s step) selectsItem(i int, item *value) bool {
	switch {
	case s.any:
		return true
	case s.match:
		field := item.field(s.key)
		return field != nil && field.isScalar() && field.text == s.value
	default:
		return s.key == "" && s.index == i
	}
}

// edit replaces every value in v that steps select by what leaf makes of it.
// A nil leaf removes them, and with them the objects and lists on the way that
// are left empty: a value nobody asked about should not be told by the hole it
// leaves.
func (v *value) edit(steps []step, leaf func(*value) *value) *value {
	if len(steps) == 0 {
		if leaf == nil {
			return nil
		}
		return leaf(v)
	}
	switch v.kind {
	case object:
		v.editFields(steps, leaf)
	case list:
		v.editItems(steps, leaf)
	default:
		return v
	}
	if leaf == nil && len(v.keys) == 0 && len(v.items) == 0 {
		return nil
	}
	return v
}

func (v *value) editFields(steps []step, leaf func(*value) *value) {
	keys := v.keys[:0]
	for _, key := range v.keys {
		if steps[0].selectsKey(key) {
			v.fields[key] = v.fields[key].edit(steps[1:], leaf)
		}
		if v.fields[key] == nil {
			delete(v.fields, key)
			continue
		}
		keys = append(keys, key)
	}
	v.keys = keys
}

func (v *value) editItems(steps []step, leaf func(*value) *value) {
	items := v.items[:0]
	for i, item := range v.items {
		if steps[0].selectsItem(i, item) {
			item = item.edit(steps[1:], leaf)
		}
		if item != nil {
			items = append(items, item)
		}
	}
	v.items = items
}

// keyStep writes the step to the field key, to be added to a path.
func keyStep(key string) string {
	plain := key != "" && key != "*"
	for _, r := range key {
		plain = plain && (r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	}
	if plain {
		return "." + key
	}
	return "[" + strconv.Quote(key) + "]"
}

// matchStep writes the step to the item whose field key has the value.
func matchStep(key, value string) string {
	if value == "" || strings.ContainsAny(value, `]"'`) || strconv.Quote(value) != `"`+value+`"` {
		value = strconv.Quote(value)
	}
	return "[" + key + "=" + value + "]"
}

// indexStep writes the step to the item at position i.
func indexStep(i int) string { return "[" + strconv.Itoa(i) + "]" }

// join adds a step to a path.
func join(path, step string) string {
	if path == "" {
		return strings.TrimPrefix(step, ".")
	}
	return path + step
}
