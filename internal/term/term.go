// SPDX-License-Identifier: Apache-2.0

// Package term finds out, once, what the terminal can do: whether an output
// stream is one, how wide it is, and whether it may have colour or move its
// cursor. Everything that prints is handed the answer as a value.
package term

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// defaultWidth is used for what is not a terminal.
const defaultWidth = 80

// A Stream is an output and what can be done with it.
type Stream struct {
	io.Writer

	TTY    bool // somebody watches, so lines may be redrawn
	Width  int  // columns
	Colour bool // colour is wanted and shown
	UTF8   bool // characters outside ASCII are shown

	// Program is what this program is called in advice, if it is not kratix.
	Program string
}

// ColourMode is the value of --color.
type ColourMode string

// The colour modes.
const (
	ColourAuto   ColourMode = "auto"
	ColourAlways ColourMode = "always"
	ColourNever  ColourMode = "never"
)

// Open describes w. It is a terminal only if it is a file that says so and
// nothing says that nobody watches (CI, TERM=dumb). Colour follows mode;
// ColourAuto means a terminal and no NO_COLOR.
func Open(w io.Writer, getenv func(string) string, mode ColourMode) Stream {
	s := Stream{Writer: w, Width: width(getenv), UTF8: utf8Locale(getenv)}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.TTY = getenv("CI") == "" && getenv("TERM") != "dumb"
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			s.Width = columns
		}
	}
	switch mode {
	case ColourAlways:
		s.Colour = true
	case ColourNever:
		s.Colour = false
	default:
		s.Colour = s.TTY && getenv("NO_COLOR") == ""
	}
	return s
}

func width(getenv func(string) string) int {
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return defaultWidth
}

func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}
