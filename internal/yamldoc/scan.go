// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// end is an offset on the last line of a node that the node's indentation does
// not tell: quoted text and brackets may close anywhere. For plain and block
// scalars it is their first line; what follows is indented deeper.
func (d *Document) end(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode || n.Kind == yaml.ScalarNode && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
		return d.offset(n)
	}
	at := d.skipProperties(d.offset(n))
	switch {
	case n.Kind == yaml.ScalarNode:
		return d.skipQuoted(at)
	case n.Style&yaml.FlowStyle != 0:
		f, _ := d.scanFlow(at)
		return max(f.end, at)
	default:
		return d.end(n.Content[len(n.Content)-1])
	}
}

// skipProperties passes over an anchor and a tag.
func (d *Document) skipProperties(at int) int {
	for at < len(d.text) && (d.text[at] == '&' || d.text[at] == '!') {
		for at < len(d.text) && !bytes.ContainsRune([]byte(" \t\r\n"), rune(d.text[at])) {
			at++
		}
		for at < len(d.text) && bytes.ContainsRune([]byte(" \t\r\n"), rune(d.text[at])) {
			at++
		}
	}
	return at
}

// skipQuoted gives the offset after the quoted text that begins at an offset.
func (d *Document) skipQuoted(at int) int {
	if at >= len(d.text) {
		return at
	}
	quote := d.text[at]
	for i := at + 1; i < len(d.text); i++ {
		switch {
		case quote == '"' && d.text[i] == '\\':
			i++
		case d.text[i] != quote:
		case quote == '\'' && i+1 < len(d.text) && d.text[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return len(d.text)
}

// A flowRange is a pair of brackets and what is between them.
type flowRange struct {
	end     int   // after the closing bracket
	last    int   // after the last character inside that is neither space nor comment
	comment bool  // there are comments inside
	starts  []int // where each item begins
	ends    []int // after each item, where its comma is or would be
}

// scanFlow reads from an opening bracket to its partner.
func (d *Document) scanFlow(open int) (f flowRange, ok bool) {
	depth, last, begun := 0, open, false
	for i := open; i < len(d.text); {
		c := d.text[i]
		if depth == 1 && !begun && !bytes.ContainsRune([]byte(" \t\r\n#,]}"), rune(c)) {
			f.starts, begun = append(f.starts, i), true
		}
		switch {
		case c == ' ', c == '\t', c == '\r', c == '\n':
			i++
			continue
		case c == '#' && i > 0 && bytes.ContainsRune([]byte(" \t\r\n[]{},\"'"), rune(d.text[i-1])):
			f.comment = true
			i = d.lineEnd(d.lineOf(i))
			continue
		case (c == '"' || c == '\'') && bytes.ContainsRune([]byte("[{,:?"), rune(d.text[last-1])):
			i = d.skipQuoted(i)
			last = i
			continue
		case c == '[', c == '{':
			depth++
		case c == ',' && depth == 1 && begun:
			f.ends, begun = append(f.ends, last), false
		case c == ']', c == '}':
			if depth--; depth == 0 {
				f.end, f.last = i+1, last
				if begun {
					f.ends = append(f.ends, last)
				}
				return f, true
			}
		}
		i++
		last = i
	}
	return f, false
}

// after is the offset behind a node of one piece: behind the quote, the
// bracket or the last word. Of a block it is that of its last line.
func (d *Document) after(n *yaml.Node) (int, bool) {
	at := d.offset(n)
	switch {
	case n.Kind == yaml.AliasNode:
		return at + 1 + len(n.Value), true
	case n.Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle == 0:
		return 0, false
	}
	at = d.skipProperties(at)
	switch {
	case n.Kind != yaml.ScalarNode:
		f, ok := d.scanFlow(at)
		return f.end, ok
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		return d.skipQuoted(at), true
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return d.lineEnd(d.lineOf(at)), true
	default:
		return d.skipWords(at, n.Value)
	}
}

// skipWords passes over plain text, which may be spread over several lines.
func (d *Document) skipWords(at int, text string) (int, bool) {
	for word := range strings.FieldsSeq(text) {
		rest := bytes.TrimLeftFunc(d.text[at:], unicode.IsSpace)
		at = len(d.text) - len(rest)
		if !bytes.HasPrefix(rest, []byte(word)) {
			return 0, false
		}
		at += len(word)
	}
	return at, true
}

// afterColon is the offset behind the colon of a key.
func (d *Document) afterColon(key *yaml.Node) (int, bool) {
	at, ok := d.after(key)
	if !ok {
		return 0, false
	}
	rest := bytes.TrimLeft(d.text[at:], " \t\r\n")
	return len(d.text) - len(rest) + 1, bytes.HasPrefix(rest, []byte(":"))
}

// dashes gives the offset of the dash of each item of a block list, as many as
// can be found.
func (d *Document) dashes(n *yaml.Node, column int) []int {
	first := d.offset(n)
	for d.text[first] != '-' { // behind an anchor or a tag
		next := d.lineEnd(d.lineOf(first))
		if next >= len(d.text) {
			return nil
		}
		first = next + d.indent(d.lineOf(next))
	}
	dashes := []int{first}
	last := d.lineOf(d.end(n))
	for i := d.lineOf(first) + 1; i <= last; i++ {
		line := d.lineText(i)
		if d.indent(i) == column && (line[column:] == "-" || strings.HasPrefix(line[column:], "- ")) {
			dashes = append(dashes, d.lines[i]+column)
		}
	}
	return dashes
}

// leads says that nothing but space is before an offset on its line.
func (d *Document) leads(offset int) bool {
	return isBlank(d.text[d.lines[d.lineOf(offset)]:offset])
}

// head is the first of the comment lines right above a line that are indented
// like it, or the line itself.
func (d *Document) head(line, column int) int {
	for line > 0 && d.comment(line-1) && d.indent(line-1) == column {
		line--
	}
	return line
}

// styleOf finds out how the document is indented, from the innermost of the
// nodes that shows it to the whole document.
func (d *Document) styleOf(nodes []*yaml.Node) style {
	s := style{list: -1}
	for _, node := range slices.Backward(nodes) {
		d.observe(node, &s)
	}
	if s.step == 0 {
		s.step = 2
	}
	if s.list < 0 {
		s.list = 0
	}
	if s.gap == 0 {
		s.gap = 2
	}
	return s
}

// observe fills in what s does not know yet from the blocks below n.
func (d *Document) observe(n *yaml.Node, s *style) {
	if n.Style&yaml.FlowStyle != 0 || len(n.Content) == 0 {
		return
	}
	for i, inner := range n.Content {
		if len(inner.Content) == 0 || inner.Style&yaml.FlowStyle != 0 {
			continue
		}
		column, ok := d.column(inner)
		switch {
		case !ok:
		case n.Kind == yaml.SequenceNode && s.gap == 0 && inner.Kind == yaml.MappingNode:
			if dash, ok := d.column(n); ok && column > dash && inner.Line == inner.Content[0].Line {
				s.gap = column - dash
			}
		case n.Kind == yaml.MappingNode && i%2 == 1 && inner.Kind == yaml.MappingNode && s.step == 0:
			s.step = column - (n.Content[i-1].Column - 1)
		case n.Kind == yaml.MappingNode && i%2 == 1 && inner.Kind == yaml.SequenceNode && s.list < 0:
			s.list = column - (n.Content[i-1].Column - 1)
		}
		d.observe(inner, s)
	}
}
