// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Screen holds what was written to a terminal.
type Screen struct {
	columns int
	lines   [][]cell
	row     int
	column  int
	look    look
	rest    []byte // the beginning of a sequence
}

// A cell is one place on the screen; 0 is one where nothing was written.
type cell struct {
	r    rune
	look look
}

// drawn is the character of a cell.
func (c cell) drawn() rune {
	if c.r == 0 {
		return ' '
	}
	return c.r
}

// A look is how text is drawn.
type look struct {
	colour      int // 1 to 8 for the terminal's 0 to 7, 9 to 16 for the bright ones; 0 is the default
	bold, faint bool
}

// New is an empty Screen of a width.
func New(columns int) *Screen { return &Screen{columns: columns} }

// Write draws what a program sends. A sequence may come in several parts.
func (s *Screen) Write(p []byte) (int, error) {
	data := append(s.rest, p...)
	for len(data) > 0 {
		n := s.next(data)
		if n == 0 {
			break
		}
		data = data[n:]
	}
	s.rest = append([]byte(nil), data...)
	return len(p), nil
}

// next draws what data begins with, and gives its length; 0 if there is more to
// come.
func (s *Screen) next(data []byte) int {
	switch data[0] {
	case '\x1b':
		return s.escape(data)
	case '\r':
		s.column = 0
	case '\n':
		s.row++
	case '\b':
		s.column = max(0, s.column-1)
	case '\a':
	default:
		if !utf8.FullRune(data) {
			return 0
		}
		r, n := utf8.DecodeRune(data)
		s.put(r)
		return n
	}
	return 1
}

// put draws a character, on the next line if this one is full.
func (s *Screen) put(r rune) {
	if s.column == s.columns {
		s.row, s.column = s.row+1, 0
	}
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
	for len(s.lines[s.row]) <= s.column {
		s.lines[s.row] = append(s.lines[s.row], cell{})
	}
	s.lines[s.row][s.column] = cell{r, s.look}
	s.column++
}

// escape obeys the escape sequence that data begins with.
func (s *Screen) escape(data []byte) int {
	switch {
	case len(data) < 2:
		return 0
	case data[1] == ']': // a title or a link, which is not drawn
		text := string(data)
		end := strings.IndexAny(text, "\a")
		if st := strings.Index(text, "\x1b\\"); st >= 0 && (end < 0 || st < end) {
			end = st + 1
		}
		return end + 1
	case data[1] != '[':
		return 2
	}
	for i, b := range data[2:] {
		if b >= '@' && b <= '~' {
			s.control(string(data[2:2+i]), b)
			return i + 3
		}
	}
	return 0
}

// control obeys a control sequence.
func (s *Screen) control(parameters string, final byte) {
	n, err := strconv.Atoi(parameters)
	if err != nil || n == 0 {
		n = 1
	}
	n = min(n, 1000) // no terminal has more lines
	switch final {
	case 'm':
		for p := range strings.SplitSeq(parameters, ";") {
			s.setLook(p)
		}
	case 'A':
		s.row = max(0, s.row-n)
	case 'B':
		s.row += n
	case 'C':
		s.column = min(s.columns-1, s.column+n)
	case 'D':
		s.column = max(0, s.column-n)
	case 'K':
		s.eraseLine(parameters)
	case 'J':
		s.eraseLine(parameters)
		if s.row < len(s.lines) {
			s.lines = s.lines[:s.row+1]
		}
	}
}

// eraseLine erases the line from the cursor on, or all of it.
func (s *Screen) eraseLine(parameters string) {
	if s.row >= len(s.lines) {
		return
	}
	from := s.column
	if parameters == "2" {
		from = 0
	}
	if from < len(s.lines[s.row]) {
		s.lines[s.row] = s.lines[s.row][:from]
	}
}

func (s *Screen) setLook(parameter string) {
	n, _ := strconv.Atoi(parameter) // none is 0
	switch {
	case n == 0:
		s.look = look{}
	case n == 1:
		s.look.bold = true
	case n == 2:
		s.look.faint = true
	case n == 22:
		s.look.bold, s.look.faint = false, false
	case n >= 30 && n <= 37:
		s.look.colour = n - 29
	case n == 39:
		s.look.colour = 0
	case n >= 90 && n <= 97:
		s.look.colour = n - 81
	}
}

// Text is what is on the screen, without looks and without blanks at the ends
// of lines.
func (s *Screen) Text() string {
	var b strings.Builder
	for _, line := range s.lines {
		for _, c := range line[:length(line)] {
			b.WriteRune(c.drawn())
		}
		b.WriteByte('\n')
	}
	return b.String()
}
