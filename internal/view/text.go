// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A table is a list of rows whose columns are aligned.
type table struct {
	rows   [][]string
	indent string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// print writes the rows with two blanks between columns and none at the end of
// a line.
func (t *table) print(w io.Writer) {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], lipgloss.Width(cell))
		}
	}
	for _, row := range t.rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-lipgloss.Width(cell)+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(t.indent+b.String(), " "))
	}
}

// loose is print for rows of a label and words: only the labels are aligned.
func (t *table) loose(w io.Writer) {
	width := 0
	for _, row := range t.rows {
		width = max(width, lipgloss.Width(row[0]))
	}
	for _, row := range t.rows {
		pad := strings.Repeat(" ", width-lipgloss.Width(row[0]))
		fmt.Fprintln(w, strings.TrimRight(t.indent+row[0]+pad+"  "+strings.Join(row[1:], "  "), " "))
	}
}

// wrap breaks a text between words into lines of a width. There is always one,
// and a word that is wider than that has one of its own.
func wrap(text string, width int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case lipgloss.Width(*last+" "+word) > width:
			lines = append(lines, word)
		default:
			*last += " " + word
		}
	}
	return lines
}

// count gives a number with its noun: "1 step", "2 steps".
func count(n int, noun string) string { return diag.Count(n, noun) }

// size gives a number of bytes as people read it.
func size(n int64) string { return diag.Size(n) }

// seconds gives a duration in a fixed unit, so that a column can be compared.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }
