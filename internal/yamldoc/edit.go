package yamldoc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Append adds an item to the end of the list at path and gives the bytes of
// the whole file. The list, and mappings on the way to it, are made if they are
// missing, null or empty.
//
// Item is anything that encodes as JSON; a [Map] or a struct keeps its order.
func (d *Document) Append(path string, item any) ([]byte, error) {
	return d.edit(path, func(old any) (any, error) {
		switch list := old.(type) {
		case nil:
			return []any{item}, nil
		case []any:
			return append(list, item), nil
		default:
			return nil, fmt.Errorf("it is %s, not a list", describe(old))
		}
	}, []any{item})
}

// Add gives the mapping at path a key that it does not have yet, and returns
// the bytes of the whole file. Missing mappings are made, as by [Document.Append].
func (d *Document) Add(path, key string, value any) ([]byte, error) {
	return d.edit(path, func(old any) (any, error) {
		switch m := old.(type) {
		case nil:
			return map[string]any{key: value}, nil
		case map[string]any:
			if _, ok := m[key]; ok {
				return nil, fmt.Errorf("it has a key %q already", key)
			}
			m[key] = value
			return m, nil
		default:
			return nil, fmt.Errorf("it is %s, not a mapping", describe(old))
		}
	}, Map{{key, value}})
}

func describe(value any) string {
	switch value.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	default:
		return strconv.Quote(fmt.Sprint(value))
	}
}

// edit splices addition, a list of one item or a Map of one entry, into what is
// at path, and proves that nothing but change has happened to the value.
func (d *Document) edit(path string, change func(old any) (any, error), addition any) ([]byte, error) {
	addition, err := ordered(addition)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	segments := splitPath(path)
	want, err := changed(clone(d.value), segments, change)
	if err != nil {
		at, _ := d.Position(path)
		return nil, diag.Inputf("%s: %s cannot be extended: %w", at, path, err)
	}
	if want, err = generic(want); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	data, ok := d.splice(segments, addition)
	if !ok || !d.proved(data, want) {
		return nil, d.refused(path, addition)
	}
	return data, nil
}

// changed applies a change below a decoded value. Missing mappings are made.
func changed(value any, segments []string, change func(any) (any, error)) (any, error) {
	if len(segments) == 0 {
		return change(value)
	}
	switch v := value.(type) {
	case nil:
		inner, err := changed(nil, segments[1:], change)
		return map[string]any{segments[0]: inner}, err
	case map[string]any:
		inner, err := changed(v[segments[0]], segments[1:], change)
		v[segments[0]] = inner
		return v, err
	case []any:
		i, err := strconv.Atoi(segments[0])
		if err != nil || i < 0 || i >= len(v) {
			return nil, fmt.Errorf("the list has no item %q", segments[0])
		}
		v[i], err = changed(v[i], segments[1:], change)
		return v, err
	default:
		return nil, fmt.Errorf("%s is in the way of %q", describe(value), segments[0])
	}
}

// generic makes a value comparable to one that was read from a file.
func generic(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var read any
	err = kjson.Unmarshal(text, &read)
	return read, err
}

// proved says whether the edited file holds what is wanted in this document,
// and the same as before in all others.
func (d *Document) proved(data []byte, want any) bool {
	before, err := Parse(d.File, d.file)
	if err != nil {
		return false
	}
	after, err := Parse(d.File, data)
	if err != nil || len(after) != len(before) {
		return false
	}
	for i := range after {
		expected := before[i].value
		if i == d.index {
			expected = want
		}
		if !reflect.DeepEqual(after[i].value, expected) {
			return false
		}
	}
	return true
}

// refused says what the user can write by hand.
func (d *Document) refused(path string, addition any) error {
	at, _ := d.Position(path)
	text := strings.Join(style{step: 2, list: 0, gap: 2}.lines(addition, 0), "\n")
	err := diag.Inputf("%s: %s is written in a way that cannot be extended without rewriting it", at, path)
	return diag.Hint(err, fmt.Sprintf("add this to %s by hand:\n%s", path, text))
}

// splice inserts an addition at a path. It reports false where it does not
// know how.
func (d *Document) splice(segments []string, addition any) ([]byte, bool) {
	if d.root == nil {
		return d.insertLines(len(d.lines), d.styleOf(nil).lines(nest(segments, addition), 0)), true
	}
	p := d.find(segments, false)
	addition = nest(p.rest, addition)
	n := p.node()
	switch {
	case n.Kind == yaml.AliasNode:
		return nil, false
	case isNull(n):
		return d.fillNull(p, addition)
	case n.Style&yaml.FlowStyle != 0 && len(n.Content) == 0 && !inFlow(p.nodes):
		return d.fillEmpty(p, addition)
	case n.Style&yaml.FlowStyle != 0:
		return d.extendFlow(n, addition)
	case n.Kind == yaml.MappingNode, n.Kind == yaml.SequenceNode:
		return d.extendBlock(p, addition)
	default:
		return nil, false
	}
}

// nest puts mappings for the missing segments around an addition.
func nest(segments []string, addition any) any {
	for _, segment := range slices.Backward(segments) {
		addition = Map{{segment, addition}}
	}
	return addition
}

func inFlow(nodes []*yaml.Node) bool {
	return slices.ContainsFunc(nodes[:len(nodes)-1], func(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 })
}

// extendBlock writes the addition below the last line of a block.
func (d *Document) extendBlock(p place, addition any) ([]byte, bool) {
	n := p.node()
	column, ok := d.column(n)
	if !ok {
		return nil, false
	}
	inclusive := column + 1
	if key := p.key(); key != nil && column >= key.Column || key == nil && len(p.nodes) > 1 {
		inclusive = column
	}
	last := d.extend(d.lineOf(d.end(n)), column, inclusive)
	return d.insertLines(last+1, d.styleOf(p.nodes).lines(addition, column)), true
}

// column is the indentation of a block: of its keys or of its dashes.
func (d *Document) column(n *yaml.Node) (int, bool) {
	if n.Kind == yaml.MappingNode {
		return n.Content[0].Column - 1, true
	}
	at := d.offset(n)
	if d.text[at] == '-' {
		return n.Column - 1, true
	}
	for line := n.Line; line < n.Content[0].Line; line++ {
		if text := strings.TrimLeft(d.lineText(line), " "); text == "-" || strings.HasPrefix(text, "- ") {
			return d.indent(line), true
		}
	}
	return 0, false
}

// extend gives the last line that belongs to a block which reaches at least to
// the given line: what is indented deeper than column, and comments indented
// as deep as inclusive.
func (d *Document) extend(line, column, inclusive int) int {
	last := line
	for i := line + 1; i < len(d.lines); i++ {
		indent := d.indent(i)
		switch {
		case d.blank(i):
			continue
		case indent > column, d.comment(i) && indent >= inclusive:
			last = i
		default:
			return last
		}
	}
	return last
}

// fillNull gives a key without a value one, below the line of the key.
func (d *Document) fillNull(p place, addition any) ([]byte, bool) {
	key, n := p.key(), p.node()
	if key == nil || inFlow(p.nodes) || n.Line != key.Line || n.Anchor != "" {
		return nil, false
	}
	s := d.styleOf(p.nodes)
	column := key.Column - 1
	last := d.extend(n.Line-1, column, column+1)
	data := d.insertLines(last+1, s.lines(addition, s.under(column, addition)))
	from := d.offset(n)
	return d.cut(data, from, from+len(n.Value)), true
}

// under is the indentation of a value below a key.
func (s style) under(column int, value any) int {
	if _, ok := value.([]any); ok {
		return column + s.list
	}
	return column + s.step
}

// fillEmpty replaces [] or {} by a block.
func (d *Document) fillEmpty(p place, addition any) ([]byte, bool) {
	n, key := p.node(), p.key()
	open := d.skipProperties(d.offset(n))
	f, ok := d.scanFlow(open)
	if !ok || f.comment {
		return nil, false
	}
	s := d.styleOf(p.nodes)
	if key == nil || key.Line != n.Line {
		column := n.Column - 1
		text := strings.Join(s.lines(addition, column), d.eol())
		return d.replace(open, f.end, text[column:]), open == d.offset(n) && d.aloneAfter(f.end)
	}
	if !d.aloneAfter(f.end) {
		return nil, false
	}
	data := d.insertLines(d.lineOf(f.end)+1, s.lines(addition, s.under(key.Column-1, addition)))
	return d.cut(data, open, f.end), true
}

// aloneAfter says that nothing but a comment follows on the line.
func (d *Document) aloneAfter(offset int) bool {
	rest := d.text[offset:d.lineEnd(d.lineOf(offset))]
	return isBlank(rest) || isComment(rest)
}

// extendFlow writes the addition before the closing bracket.
func (d *Document) extendFlow(n *yaml.Node, addition any) ([]byte, bool) {
	f, ok := d.scanFlow(d.skipProperties(d.offset(n)))
	if !ok {
		return nil, false
	}
	text := flow(addition)
	text = text[1 : len(text)-1]
	switch d.text[f.last-1] {
	case '[', '{':
	case ',':
		text = " " + text
	default:
		text = ", " + text
	}
	return d.replace(f.last, f.last, text), true
}

// insertLines gives the file with lines added in front of a line.
func (d *Document) insertLines(line int, lines []string) []byte {
	eol := d.eol()
	text := strings.Join(lines, eol) + eol
	at := len(d.text)
	if line < len(d.lines) {
		at = d.lines[line]
	}
	if at > 0 && d.text[at-1] != '\n' && d.text[at-1] != '\r' {
		text = eol + strings.TrimSuffix(text, eol)
	}
	return d.replace(at, at, text)
}

// replace gives the file with a range of the document replaced.
func (d *Document) replace(from, to int, text string) []byte {
	return slices.Concat(d.file[:d.start+from], []byte(text), d.file[d.start+to:])
}

// cut removes a range of the document, and the spaces before it, from a file
// that was edited behind that range only.
func (d *Document) cut(data []byte, from, to int) []byte {
	if from == to {
		return data
	}
	for from > 0 && d.text[from-1] == ' ' {
		from--
	}
	return slices.Concat(data[:d.start+from], data[d.start+to:])
}

// clone copies a decoded value.
func clone(value any) any {
	switch v := value.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, inner := range v {
			c[key] = clone(inner)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, inner := range v {
			c[i] = clone(inner)
		}
		return c
	default:
		return value
	}
}
