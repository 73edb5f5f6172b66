// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// remove deletes what a path leads to.
func (d *Document) remove(segments []string) (*Document, error) {
	if len(segments) == 0 {
		return nil, fmt.Errorf("%s: a document cannot be removed from its file", d.File)
	}
	parent, name := segments[:len(segments)-1], segments[len(segments)-1]
	e := edit{
		segments: parent,
		change:   func(old any) (any, error) { return without(old, name) },
		byHand:   "remove " + joined(segments) + " by hand",
	}
	p, ok := d.childOf(parent, name)
	if ok {
		e.ways = d.removals(p)
	}
	edited, err := d.apply(e)
	if err != nil && !ok {
		return nil, d.refused(edit{segments: segments, byHand: e.byHand})
	}
	return edited, err
}

// without is a removal, made on the value.
func without(old any, name string) (any, error) {
	switch v := old.(type) {
	case map[string]any:
		if _, ok := v[name]; ok {
			delete(v, name)
			return v, nil
		}
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v) {
			return slices.Delete(v, i, i+1), nil
		}
	}
	return nil, fmt.Errorf("there is no %q in it", name)
}

// childOf finds a key or an item in the text itself, not through aliases.
func (d *Document) childOf(parent []string, name string) (place, bool) {
	if d.root == nil {
		return place{}, false
	}
	p := d.find(slices.Concat(parent, []string{name}), false)
	return p, len(p.rest) == 0 && len(p.nodes) > 1
}

// parent is the node that holds the last one of a place, and index says where
// among its keys or items.
func (p place) parent() (n *yaml.Node, index int) {
	n = p.nodes[len(p.nodes)-2]
	if n.Kind == yaml.MappingNode {
		return n, slices.Index(n.Content, p.key()) / 2
	}
	return n, slices.Index(n.Content, p.node())
}

// removals are the ways to remove the last node of a place.
func (d *Document) removals(p place) []func() ([]byte, bool) {
	parent, i := p.parent()
	count := len(parent.Content)
	if parent.Kind == yaml.MappingNode {
		count /= 2
	}
	switch {
	case parent.Style&yaml.FlowStyle != 0:
		return []func() ([]byte, bool){
			func() ([]byte, bool) { return d.cutFlowLines(parent, i) },
			func() ([]byte, bool) { return d.cutFlow(parent, i) },
		}
	case count == 1:
		empty := any(Map{})
		if parent.Kind == yaml.SequenceNode {
			empty = []any{}
		}
		above := place{nodes: p.nodes[:len(p.nodes)-1], keys: p.keys[:len(p.keys)-1]}
		return []func() ([]byte, bool){func() ([]byte, bool) { return d.overwrite(above, empty) }}
	default:
		return []func() ([]byte, bool){
			func() ([]byte, bool) { return d.cutBlock(p, true) },
			func() ([]byte, bool) { return d.cutBlock(p, false) },
		}
	}
}

// begin is where the key or the dash of the last node of a place is, and the
// column of the block that it is in.
func (d *Document) begin(p place) (offset, column int, ok bool) {
	parent, i := p.parent()
	column, ok = d.column(parent)
	if !ok {
		return 0, 0, false
	}
	if key := p.key(); key != nil {
		return d.offset(key), column, true
	}
	dashes := d.dashes(parent, column)
	if len(dashes) != len(parent.Content) {
		return 0, 0, false
	}
	return dashes[i], column, true
}

// cutBlock removes a key or an item with its lines. Of two blank lines that
// would meet, tidy removes one.
func (d *Document) cutBlock(p place, tidy bool) ([]byte, bool) {
	begin, column, ok := d.begin(p)
	if !ok {
		return nil, false
	}
	line := d.lineOf(begin)
	last := d.lastLine(p.node(), line, column)
	if !d.leads(begin) { // behind a dash, whose line the next key or item takes
		end := d.lineEnd(last)
		for end < len(d.text) && d.blank(d.lineOf(end)) {
			end = d.lineEnd(d.lineOf(end))
		}
		if end >= len(d.text) {
			return nil, false
		}
		return d.replace(begin, end+d.indent(d.lineOf(end)), ""), true
	}
	first := line
	if above := d.head(line, column); above > 0 || d.start > 0 {
		first = above // what stands at the top of a file is about the file
	}
	if tidy && first > 0 && d.blank(first-1) && (last+1 >= len(d.lines) || d.blank(last+1)) {
		first--
	}
	from, to := d.lines[first], d.lineEnd(last)
	if to == len(d.file)-d.start && d.lineStop(last) == to && first > 0 { // a file without a final newline stays one
		from = d.lineStop(first - 1)
	}
	return d.replace(from, to, ""), true
}

// lastLine is the last line of a node whose key or dash is on the given line
// of a block with the given column.
func (d *Document) lastLine(n *yaml.Node, line, column int) int {
	if !isNull(n) {
		line = max(line, d.lineOf(d.end(n)))
	}
	return d.extend(line, column, column+1)
}

// cutFlow removes an item between brackets, and one of the commas beside it.
func (d *Document) cutFlow(parent *yaml.Node, i int) ([]byte, bool) {
	f, ok := d.flowItems(parent)
	if !ok {
		return nil, false
	}
	from, to := f.starts[i], f.ends[i]
	switch {
	case i > 0:
		from = f.ends[i-1]
	case i+1 < len(f.starts):
		to = f.starts[i+1]
	default: // a comma behind the only one
		to = f.last
	}
	cut := string(d.text[from:to])
	if strings.Contains(cut, "#") && f.comment {
		return nil, false
	}
	return d.replace(from, to, ""), true
}

// cutFlowLines removes an item between brackets that has lines of its own.
func (d *Document) cutFlowLines(parent *yaml.Node, i int) ([]byte, bool) {
	f, ok := d.flowItems(parent)
	if !ok || !d.leads(f.starts[i]) {
		return nil, false
	}
	end := f.ends[i]
	if end < len(d.text) && d.text[end] == ',' {
		end++
	}
	if !d.aloneAfter(end) {
		return nil, false
	}
	return d.replace(d.lines[d.lineOf(f.starts[i])], d.lineEnd(d.lineOf(end)), ""), true
}

// flowItems finds the items between the brackets of a node.
func (d *Document) flowItems(n *yaml.Node) (flowRange, bool) {
	f, ok := d.scanFlow(d.skipProperties(d.offset(n)))
	count := len(n.Content)
	if n.Kind == yaml.MappingNode {
		count /= 2
	}
	return f, ok && len(f.starts) == count && len(f.ends) == count
}
