// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// lineStarts gives the offset of every line as the YAML parser counts them: it
// also breaks lines at a lone CR and at three characters of Unicode. Text that
// ends with a line break has an empty last line.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for i := 0; i < len(text); {
		n := breakLen(text[i:])
		if n == 0 {
			i++
			continue
		}
		i += n
		starts = append(starts, i)
	}
	return starts
}

// breakLen is the length of the line break that text begins with, or 0.
func breakLen(text []byte) int {
	switch {
	case bytes.HasPrefix(text, []byte("\r\n")):
		return 2
	case text[0] == '\n', text[0] == '\r':
		return 1
	case bytes.HasPrefix(text, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(text, []byte("\u2028")), bytes.HasPrefix(text, []byte("\u2029")):
		return 3
	default:
		return 0
	}
}

// lineEnd is the offset after line i and its break.
func (d *Document) lineEnd(i int) int {
	if i+1 < len(d.lines) {
		return d.lines[i+1]
	}
	return len(d.text)
}

// lineText is line i without its break.
func (d *Document) lineText(i int) string {
	return string(bytes.TrimRight(d.text[d.lines[i]:d.lineEnd(i)], "\r\n"))
}

// lineOf is the line that holds an offset.
func (d *Document) lineOf(offset int) int {
	line := 0
	for line+1 < len(d.lines) && d.lines[line+1] <= offset {
		line++
	}
	return line
}

// offset is where a node begins: at its anchor or tag, if it has one. The
// parser counts columns in characters, and puts a missing value at the end of
// the text on a line that does not exist.
func (d *Document) offset(n *yaml.Node) int {
	if n.Line > len(d.lines) {
		return len(d.text)
	}
	at := d.lines[n.Line-1]
	if at == 0 && bytes.HasPrefix(d.text, []byte(bom)) {
		at = len(bom)
	}
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(d.text[at:])
		at += size
	}
	return at
}

// indent counts the spaces that line i begins with.
func (d *Document) indent(i int) int {
	line := d.text[d.lines[i]:d.lineEnd(i)]
	return len(line) - len(bytes.TrimLeft(line, " "))
}

func (d *Document) blank(i int) bool { return isBlank(d.text[d.lines[i]:d.lineEnd(i)]) }

func (d *Document) comment(i int) bool { return isComment(d.text[d.lines[i]:d.lineEnd(i)]) }

// eol is the line break of the document.
func (d *Document) eol() string {
	if bytes.Contains(d.file, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}
