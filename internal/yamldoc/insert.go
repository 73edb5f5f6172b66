// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// insert adds items to a list in front of the item i, or at the end if i is
// negative or the length of the list.
func (d *Document) insert(segments []string, i int, items []any) (*Document, error) {
	addition, err := ordered(items)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", joined(segments), err)
	}
	list, _ := valueAt(d.value, segments).([]any)
	e := edit{
		segments: segments,
		change:   func(old any) (any, error) { return inserted(old, i, items) },
		byHand:   "add this to " + joined(segments) + " by hand:\n" + block(addition),
		ways:     []func() ([]byte, bool){func() ([]byte, bool) { return d.splice(segments, addition) }},
	}
	if i >= 0 && i < len(list) {
		e.ways = []func() ([]byte, bool){func() ([]byte, bool) { return d.spliceBefore(segments, i, addition) }}
	}
	return d.apply(e)
}

// inserted is the change of an insertion, made on the value.
func inserted(old any, i int, items []any) (any, error) {
	list, ok := old.([]any)
	switch {
	case !ok && old != nil:
		return nil, fmt.Errorf("it is %s, not a list", describe(old))
	case i > len(list):
		return nil, fmt.Errorf("it has %d items, so there is no item %d", len(list), i)
	case i < 0:
		i = len(list)
	}
	return slices.Insert(list, i, items...), nil
}

// add gives a mapping a key.
func (d *Document) add(segments []string, key string, value any) (*Document, error) {
	addition, err := ordered(Map{{key, value}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", joined(segments), err)
	}
	return d.apply(edit{
		segments: segments,
		change: func(old any) (any, error) {
			m, ok := old.(map[string]any)
			if !ok && old != nil {
				return nil, fmt.Errorf("it is %s, not a mapping", describe(old))
			}
			if _, ok := m[key]; ok {
				return nil, fmt.Errorf("it has a key %q already", key)
			}
			if m == nil {
				m = map[string]any{}
			}
			m[key] = value
			return m, nil
		},
		byHand: "add this to " + joined(segments) + " by hand:\n" + block(addition),
		ways:   []func() ([]byte, bool){func() ([]byte, bool) { return d.splice(segments, addition) }},
	})
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
		return d.extendFlow(p, addition)
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

// scalarsIn is how scalars are written between the brackets of some nodes: as
// JSON has them, if that is what the keys there look like.
func scalarsIn(nodes []*yaml.Node) func(any) string {
	for _, n := range nodes {
		if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 && len(n.Content) > 0 && n.Content[0].Style&yaml.DoubleQuotedStyle != 0 {
			return quote
		}
	}
	return flowScalar
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
func (d *Document) extendFlow(p place, addition any) ([]byte, bool) {
	f, ok := d.scanFlow(d.skipProperties(d.offset(p.node())))
	if !ok {
		return nil, false
	}
	text := flowOf(addition, scalarsIn(p.nodes))
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

// spliceBefore writes items in front of the item i of a list.
func (d *Document) spliceBefore(segments []string, i int, addition any) ([]byte, bool) {
	p := d.find(segments, false)
	n := p.node()
	if len(p.rest) > 0 || n.Kind != yaml.SequenceNode || i >= len(n.Content) {
		return nil, false
	}
	if n.Style&yaml.FlowStyle != 0 {
		f, ok := d.scanFlow(d.skipProperties(d.offset(n)))
		if !ok || len(f.starts) < len(n.Content) {
			return nil, false
		}
		text := flowOf(addition, scalarsIn(p.nodes))
		return d.replace(f.starts[i], f.starts[i], text[1:len(text)-1]+", "), true
	}
	column, ok := d.column(n)
	dashes := d.dashes(n, column)
	if !ok || len(dashes) != len(n.Content) {
		return nil, false
	}
	lines := d.styleOf(p.nodes).lines(addition, column)
	if line := d.lineOf(dashes[i]); d.leads(dashes[i]) {
		return d.insertLines(d.head(line, column), lines), true
	}
	text := strings.Join(append(lines, strings.Repeat(" ", column)), d.eol())
	return d.replace(dashes[i], dashes[i], text[column:]), true
}
