// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// contextLines is how many unchanged lines are shown around a change.
const contextLines = 3

// changedLines writes a difference as lines of a diff.
func (p pair) changedLines() []string {
	if p.expected.isLongText() && p.actual.isLongText() {
		return append([]string{" " + p.head + " |"}, textLines(p.expected.text, p.actual.text)...)
	}
	var lines []string
	for _, line := range p.lines(p.expected) {
		lines = append(lines, "-"+line)
	}
	for _, line := range p.lines(p.actual) {
		lines = append(lines, "+"+line)
	}
	return lines
}

// isLongText reports whether v is a text of several lines.
func (v *value) isLongText() bool {
	return v != nil && v.kind == text && strings.Contains(strings.TrimSuffix(v.text, "\n"), "\n")
}

// textLines compares two long texts line by line.
func textLines(expected, actual string) []string {
	var lines []string
	for _, h := range textHunks([]byte(expected), []byte(actual)) {
		if lines != nil {
			lines = append(lines, "   ...")
		}
		for _, line := range h.Lines {
			lines = append(lines, line[:1]+"  "+line[1:])
		}
	}
	return lines
}

// lines writes one side of the pair as YAML.
func (p pair) lines(v *value) []string {
	if v == nil {
		return nil
	}
	lines := v.lines()
	switch {
	case p.head == "":
		return lines
	case p.head == "-":
		return under("- ", lines)
	case v.isScalar() || len(v.items) == 0 && len(v.keys) == 0:
		lines[0] = p.head + " " + lines[0]
		return lines
	default:
		return append([]string{p.head}, under("  ", lines)...)
	}
}

// under puts first before the first line and indents the others as far.
func under(first string, lines []string) []string {
	for i, line := range lines {
		switch {
		case i == 0:
			lines[i] = first + line
		case line != "":
			lines[i] = strings.Repeat(" ", len(first)) + line
		}
	}
	return lines
}

// contextLine writes a value that is not itself different; what it holds is
// left out.
func (p pair) contextLine() string {
	v := p.expected
	switch {
	case v.isScalar() && !v.isLongText():
		return " " + p.head + " " + v.lines()[0]
	case p.head == "-" && len(v.keys) > 0 && v.fields[v.keys[0]].isScalar():
		return " - " + v.keys[0] + ": " + v.fields[v.keys[0]].brief() + " ..."
	default:
		return " " + p.head + " ..."
	}
}

// hunks cuts lines into hunks, leaving out what is far from any change.
func hunks(at string, lines []string) []Hunk {
	var out []Hunk
	end := -1 // of the last hunk
	for i, line := range lines {
		if line[0] == ' ' {
			continue
		}
		from, to := max(i-contextLines, 0), min(i+contextLines+1, len(lines))
		if from > end {
			out = append(out, Hunk{At: at})
		} else {
			from = end
		}
		last := &out[len(out)-1]
		if to > from {
			last.Lines = append(last.Lines, lines[from:to]...)
			end = to
		}
	}
	return out
}

// textHunks compares two texts line by line.
func textHunks(expected, actual []byte) []Hunk {
	text := string(diff.Diff("", expected, "", actual))
	var out []Hunk
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if at, ok := strings.CutPrefix(line, "@@ "); ok {
			out = append(out, Hunk{At: strings.TrimSuffix(at, " @@")})
			continue
		}
		if len(out) == 0 {
			continue // the header, which names the files
		}
		last := &out[len(out)-1]
		last.Lines = append(last.Lines, line)
	}
	return slices.Clip(out)
}
