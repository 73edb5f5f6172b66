// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// replaceValue gives what a path leads to another value, as a whole. Value is
// ordered.
func (d *Document) replaceValue(segments []string, value any) (*Document, error) {
	e := edit{
		segments: segments,
		change:   func(any) (any, error) { return value, nil },
		byHand:   "write this in place of " + joined(segments) + " by hand:\n" + block(value),
	}
	if d.root == nil {
		return d.apply(e)
	}
	switch p := d.find(segments, false); len(p.rest) {
	case 0:
		e.ways = append(e.ways, func() ([]byte, bool) { return d.overwrite(p, value) })
	case 1: // a key of its own hides one that is merged
		e.ways = append(e.ways, func() ([]byte, bool) {
			return d.splice(segments[:len(segments)-1], Map{{p.rest[0], value}})
		})
	}
	return d.apply(e)
}

// overwrite writes an ordered value in place of the last node of a place.
func (d *Document) overwrite(p place, value any) ([]byte, bool) {
	if inFlow(p.nodes) {
		return d.overwriteFlow(p, value)
	}
	s, ok := d.slotOf(p)
	if !ok {
		return nil, false
	}
	column := s.column
	if s.below {
		column = d.styleOf(p.nodes).under(s.column, value)
		if old, ok := d.blockColumn(p.node(), value); ok {
			column = old
		}
	}
	lines := d.styleOf(p.nodes).lines(value, column)
	head, text, isText := literal(value)
	first := ""
	switch {
	case isText && len(p.nodes) > 1:
		first, lines = head, indented(text, s.column+d.styleOf(p.nodes).step)
	case len(lines) == 0:
		first = d.alike(p.node(), value, scalar)
	case !s.below:
		first, lines = strings.TrimLeft(lines[0], " "), lines[1:]
	}
	return d.fill(s, first, lines), true
}

// blockColumn is that of a block which a value of the same kind replaces.
func (d *Document) blockColumn(n *yaml.Node, value any) (int, bool) {
	kind := yaml.MappingNode
	if _, ok := value.([]any); ok {
		kind = yaml.SequenceNode
	}
	if n.Kind != kind || n.Style&yaml.FlowStyle != 0 || len(n.Content) == 0 {
		return 0, false
	}
	return d.column(n)
}

// overwriteFlow does it between brackets.
func (d *Document) overwriteFlow(p place, value any) ([]byte, bool) {
	n := p.node()
	from := d.skipAnchor(n)
	to, ok := d.after(n)
	if isNull(n) && n.Value == "" {
		if from, ok = d.afterColon(p.key()); !ok {
			return nil, false
		}
		to = from
	}
	return d.replace(from, to, spaced(d.text[:from])+d.alike(n, value, scalarsIn(p.nodes))), ok
}

// A slot is where a value is written in block style: on the line of its key or
// dash from one offset to another, which may be on a later line, and on whole
// lines below, up to and with the last.
type slot struct {
	from, to int
	last     int
	column   int  // of the key, or of what is behind the dash
	below    bool // mappings and lists begin on the next line
}

func (d *Document) slotOf(p place) (slot, bool) {
	n, key := p.node(), p.key()
	s := slot{below: key != nil}
	var begin int
	ok := true
	switch {
	case key != nil:
		s.column = key.Column - 1
		begin, ok = d.afterColon(key)
	case len(p.nodes) > 1:
		begin, s.column, ok = d.begin(p)
		begin++
	default:
		begin = d.offset(n)
	}
	if !ok {
		return s, false
	}
	s.from, s.to = begin, begin
	s.last = d.lineOf(begin)
	switch {
	case isNull(n) && n.Value == "":
	case n.Kind != yaml.ScalarNode && n.Kind != yaml.AliasNode && n.Style&yaml.FlowStyle == 0:
		ok = d.blockSlot(n, &s)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		s.from = d.skipAnchor(n)
		s.to = d.skipToken(d.skipProperties(d.offset(n)))
		s.last = d.lastTextLine(d.lineOf(s.to), s.column)
	default:
		s.from = d.skipAnchor(n)
		s.to, ok = d.after(n)
		s.last = d.lineOf(s.to)
	}
	if key == nil && len(p.nodes) > 1 { // what is behind the dash
		s.column += 1 + max(1, d.columnOf(s.from)-s.column-1)
		if s.from == begin {
			s.column = d.columnOf(begin) - 1 + d.styleOf(p.nodes).gap
		}
	}
	return s, ok
}

// blockSlot is the slot of a mapping or list that is written as a block.
func (d *Document) blockSlot(n *yaml.Node, s *slot) bool {
	column, ok := d.column(n)
	if !ok {
		return false
	}
	s.last = d.extend(d.lineOf(d.end(n)), column, column+1)
	if d.offset(n) != d.skipProperties(d.offset(n)) || d.lineOf(d.offset(n)) == d.lineOf(s.from) {
		s.from = d.skipAnchor(n)
		s.to = s.from
	}
	if d.offset(n) == d.skipProperties(d.offset(n)) && d.lineOf(d.offset(n)) == d.lineOf(s.from) {
		s.to = d.lineStop(s.last)
	}
	return true
}

// fill writes the first line of a value, and the others below it, into a slot.
// A comment on the line stays.
func (d *Document) fill(s slot, first string, lines []string) []byte {
	rest := string(d.text[s.to:d.lineStop(d.lineOf(s.to))])
	end := d.lineStop(max(s.last, d.lineOf(s.to)))
	from := s.from
	if first == "" {
		for from > 0 && d.text[from-1] == ' ' {
			from--
		}
	} else {
		first = spaced(d.text[:from]) + first
	}
	text := append([]string{first + rest}, lines...)
	return d.replace(from, end, strings.Join(text, d.eol()))
}

// lineStop is the offset behind the text of a line, before its break.
func (d *Document) lineStop(line int) int { return d.lines[line] + len(d.lineText(line)) }

// columnOf counts the characters in front of an offset on its line.
func (d *Document) columnOf(offset int) int {
	return utf8.RuneCount(d.text[d.lines[d.lineOf(offset)]:offset])
}

// spaced is the space that a value needs after the text before it.
func spaced(before []byte) string {
	if len(before) > 0 && strings.ContainsRune(":-", rune(before[len(before)-1])) {
		return " "
	}
	return ""
}

// skipAnchor is where the value of a node begins, with its tag but without its
// anchor.
func (d *Document) skipAnchor(n *yaml.Node) int {
	at := d.offset(n)
	if n.Anchor == "" || at >= len(d.text) || d.text[at] != '&' {
		return at
	}
	at = d.skipToken(at)
	for at < len(d.text) && d.text[at] == ' ' {
		at++
	}
	if at == len(d.text) || strings.ContainsRune("\r\n#", rune(d.text[at])) {
		return d.skipToken(d.offset(n))
	}
	return at
}

// skipToken passes over what is not space.
func (d *Document) skipToken(at int) int {
	for at < len(d.text) && !strings.ContainsRune(" \t\r\n", rune(d.text[at])) {
		at++
	}
	return at
}

// lastTextLine is the last line of a block scalar whose first line and whose
// parent's column are given.
func (d *Document) lastTextLine(line, column int) int {
	last, indent := line, 0
	for i := line + 1; i < len(d.lines); i++ {
		switch {
		case d.blank(i):
			continue
		case indent == 0 && d.indent(i) > column:
			indent = d.indent(i)
		case indent == 0, d.indent(i) < indent && (d.comment(i) || d.indent(i) <= column):
			return last
		}
		last = i
	}
	return last
}

// alike writes a value on one line, a text in the quotes that the old one has.
func (d *Document) alike(n *yaml.Node, value any, plain func(any) string) string {
	text, ok := value.(string)
	oneLine := ok && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
	switch {
	case !ok:
		return flowOf(value, plain)
	case n.Kind != yaml.ScalarNode || !oneLine:
	case n.Style&yaml.SingleQuotedStyle != 0:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quote(text)
	}
	return plain(value)
}

// rename gives a key another name.
func (d *Document) rename(segments []string, name string) (*Document, error) {
	if len(segments) == 0 {
		return nil, fmt.Errorf("%s: a document has no key", d.File)
	}
	parent, old := segments[:len(segments)-1], segments[len(segments)-1]
	e := edit{
		segments: parent,
		change:   func(value any) (any, error) { return renamed(value, old, name) },
		byHand:   fmt.Sprintf("rename %s to %s by hand", joined(segments), name),
	}
	p, ok := d.childOf(parent, old)
	if ok && p.key() != nil {
		e.ways = append(e.ways, func() ([]byte, bool) {
			from := d.skipProperties(d.offset(p.key()))
			to, ok := d.after(p.key())
			plain := scalar
			if inFlow(p.nodes) {
				plain = scalarsIn(p.nodes)
			}
			return d.replace(from, to, d.alike(p.key(), name, plain)), ok
		})
	}
	return d.apply(e)
}

// renamed is the change of a name, made on the value.
func renamed(value any, old, name string) (any, error) {
	m, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is %s, not a mapping", describe(value))
	}
	inner, ok := m[old]
	if !ok {
		return nil, fmt.Errorf("there is no %q in it", old)
	}
	if _, taken := m[name]; taken && name != old {
		return nil, fmt.Errorf("it has a key %q already", name)
	}
	delete(m, old)
	m[name] = inner
	return m, nil
}
