// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	kjson "k8s.io/apimachinery/pkg/util/json"
	kyaml "sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Document is one YAML document of a file.
type Document struct {
	// File is the name that positions carry.
	File string

	file  []byte // all of the file
	start int    // where the document begins in file
	text  []byte // the document, from its preceding comments to its last line
	index int    // among the documents of the file
	line  int    // lines of the file before the document
	lines []int  // offset in text of each line
	root  *yaml.Node
	value any

	siblings []*Document // all of the file, with this one
}

// Parse reads the documents of a file. Documents without content are left out,
// unless nothing else is there: then the one document is [Document.Empty].
//
// Syntax errors and duplicate keys are input errors with file and line.
func Parse(file string, data []byte) ([]*Document, error) {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return nil, diag.Hint(diag.Inputf("%s: the file is UTF-16, not UTF-8", file), "iconv -f UTF-16 -t UTF-8 "+file)
	}
	var docs []*Document
	var problems []diag.Finding
	line := 0
	for _, c := range split(data) {
		d := &Document{
			File: file, file: data, start: c.start, text: data[c.start:c.end:c.end],
			line: line, lines: lineStarts(data[c.start:c.end]),
		}
		line += len(d.lines) - 1
		problems = append(problems, d.parse()...)
		if d.root != nil {
			d.index = len(docs)
			docs = append(docs, d)
		}
	}
	if len(problems) > 0 {
		return nil, diag.Problems("", problems)
	}
	if len(docs) == 0 {
		docs = []*Document{{File: file, file: data, text: data, lines: lineStarts(data)}}
	}
	for _, d := range docs {
		d.siblings = docs
	}
	return docs, nil
}

// Empty says that the document holds nothing but comments.
func (d *Document) Empty() bool { return d.root == nil }

// Value gives the document as Kubernetes decodes it: maps with string keys,
// slices, strings, bools, int64, float64 and nil. The caller may change it.
func (d *Document) Value() any { return clone(d.value) }

// At gives what a field holds, as [Document.Value] does; nil if there is no such
// field.
func (d *Document) At(path string) any { return clone(valueAt(d.value, splitPath(path))) }

// Index is the number of the document among those of its file that [Parse]
// gives, counted from 0.
func (d *Document) Index() int { return d.index }

// Siblings gives all documents of the file, with this one.
func (d *Document) Siblings() []*Document { return d.siblings }

// Ordered gives the document as [Document.Value] does, but mappings as [Map]s
// with their keys in the order of the file.
func (d *Document) Ordered() any { return inOrder(d.root, d.value) }

func inOrder(n *yaml.Node, value any) any {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch v := value.(type) {
	case map[string]any:
		return mapInOrder(n, v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = inOrder(contentAt(n, i), item)
		}
		return list
	default:
		return value
	}
}

// mapInOrder puts last what is written elsewhere and merged.
func mapInOrder(n *yaml.Node, value map[string]any) Map {
	m := Map{}
	done := map[string]bool{}
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if inner, ok := value[key]; ok && !done[key] {
			done[key] = true
			m = append(m, Entry{key, inOrder(n.Content[i+1], inner)})
		}
	}
	for _, key := range sortedKeys(value) {
		if !done[key] {
			m = append(m, Entry{key, inOrder(nil, value[key])})
		}
	}
	return m
}

func contentAt(n *yaml.Node, i int) *yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode || i >= len(n.Content) {
		return nil
	}
	return n.Content[i]
}

// parse fills in the nodes and the value.
func (d *Document) parse() []diag.Finding {
	var node yaml.Node
	if err := yaml.Unmarshal(d.text, &node); err != nil {
		return []diag.Finding{d.syntaxError(err)}
	}
	if node.Kind != yaml.DocumentNode || len(node.Content) == 0 {
		return nil
	}
	if found := d.duplicateKeys(node.Content[0]); len(found) > 0 {
		return found
	}
	value, err := decode(d.text)
	if err != nil {
		return []diag.Finding{d.syntaxError(err)}
	}
	d.root, d.value = node.Content[0], value
	if isNull(d.root) && d.root.Value == "" {
		d.root = nil
	}
	return nil
}

func decode(text []byte) (any, error) {
	asJSON, err := kyaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	var value any
	return value, kjson.Unmarshal(asJSON, &value)
}

// duplicateKeys finds keys that a mapping has twice. Most decoders take the
// last one without a word.
func (d *Document) duplicateKeys(n *yaml.Node) []diag.Finding {
	var found []diag.Finding
	if n.Kind == yaml.MappingNode {
		first := map[string]*yaml.Node{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if old, ok := first[key.Value]; ok && key.Kind == yaml.ScalarNode {
				found = append(found, diag.Finding{
					Severity: diag.SeverityError,
					Position: d.at(key),
					Message:  fmt.Sprintf("duplicate key %q, first used in line %d", key.Value, d.line+old.Line),
				})
				continue
			}
			first[key.Value] = key
		}
	}
	for _, child := range n.Content {
		found = append(found, d.duplicateKeys(child)...)
	}
	return found
}

func (d *Document) at(n *yaml.Node) diag.Position {
	return diag.Position{File: d.File, Line: d.line + n.Line, Column: n.Column}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// syntaxError says where a parser stopped, in the file's own lines.
func (d *Document) syntaxError(err error) diag.Finding {
	message, line := d.locate(err)
	line, column := d.inText(line)
	f := diag.Finding{
		Severity: diag.SeverityError,
		Position: diag.Position{File: d.File, Line: d.line + line, Column: column},
		Message:  message,
	}
	if strings.Contains(message, "tab character") || line <= len(d.lines) && strings.HasPrefix(strings.TrimLeft(d.lineText(line-1), " "), "\t") {
		f.Hint = "indent with spaces: YAML does not allow tabs there"
	}
	return f
}

// inText gives a line that has text. The parser names one behind the last if
// the text ends too soon: that is known to be the end of the last one.
func (d *Document) inText(line int) (inside, column int) {
	last := len(d.lines)
	for last > 1 && d.blank(last-1) {
		last--
	}
	if line <= last {
		return line, 0
	}
	return last, utf8.RuneCountInString(d.lineText(last-1)) + 1
}

// locate reads the line out of a parser's error. For an unexpected token the
// parser counts from 0, and in a block it names the line where the block
// starts, so that case is searched for: the shortest beginning of the text that
// fails alike.
func (d *Document) locate(err error) (message string, line int) {
	pattern := regexp.MustCompile(`(?s)^(?:error converting YAML to JSON: )?yaml: (?:line (\d+): )?(.*)$`)
	parts := pattern.FindStringSubmatch(err.Error())
	if parts == nil {
		return err.Error(), 1
	}
	message, line = parts[2], 1
	if parts[1] != "" {
		line, _ = strconv.Atoi(parts[1])
	}
	switch {
	case !strings.HasPrefix(message, "did not find expected"):
	case !strings.HasSuffix(message, "key") && !strings.HasSuffix(message, "indicator"):
		line++ // a bracket
	default:
		line = 1 + sort.Search(len(d.lines)-1, func(i int) bool {
			err := yaml.Unmarshal(d.text[:d.lineEnd(i)], new(yaml.Node))
			return err != nil && strings.HasSuffix(err.Error(), message)
		})
	}
	return strings.TrimSpace(message), line
}

// A Part is the text of one document of a file, before it is parsed.
type Part struct {
	Line int // of the file before it
	Text []byte
}

// Split cuts a file into its documents and parses none of them, so that one
// that cannot be read does not spoil the others.
func Split(data []byte) []Part {
	var parts []Part
	line := 0
	for _, c := range split(data) {
		text := data[c.start:c.end]
		parts = append(parts, Part{line, text})
		line += len(lineStarts(text)) - 1
	}
	return parts
}

// A chunk is the range of one document in a file.
type chunk struct{ start, end int }

// split finds the documents. A line that begins with --- or ... always is a
// marker, whatever stands around it: YAML reserves both.
func split(data []byte) []chunk {
	var chunks []chunk
	starts := append(lineStarts(data), len(data))
	begin, content := 0, false
	for i := 0; i+1 < len(starts); i++ {
		line := data[starts[i]:starts[i+1]]
		switch {
		case isMarker(line, "---"):
			if content {
				chunks = append(chunks, chunk{begin, starts[i]})
				begin = starts[i]
			}
			content = true
		case isMarker(line, "..."):
			chunks = append(chunks, chunk{begin, starts[i+1]})
			begin, content = starts[i+1], false
		case !content:
			content = !isBlank(line) && !isComment(line) && line[0] != '%'
		}
	}
	if begin < len(data) {
		chunks = append(chunks, chunk{begin, len(data)})
	}
	return chunks
}

func isMarker(line []byte, marker string) bool {
	line = bytes.TrimPrefix(line, []byte(bom))
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || bytes.ContainsAny(rest[:1], " \t\r\n"))
}

// bom is the byte order mark, which counts as nothing in front of a line.
const bom = "\ufeff"

func isBlank(line []byte) bool {
	return len(bytes.TrimSpace(bytes.TrimPrefix(line, []byte(bom)))) == 0
}

func isComment(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(line, []byte(bom)), " \t"), []byte("#"))
}
