// SPDX-License-Identifier: Apache-2.0

package view

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What containers and files say is shown so that it cannot be taken for what
// the program says: it moves no cursor, sets no title and begins no line.

// name gives the name of a file or an object, quoted if it has characters that
// are not to be seen.
func name(s string) string {
	if isPlain(s) {
		return s
	}
	return strconv.Quote(s)
}

func isPlain(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) < 0
}

// text gives words of several lines with characters that are not to be seen
// written as in a quoted string.
func text(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		end := strings.IndexAny(s, "\n\t")
		if end < 0 {
			end = len(s)
		}
		b.WriteString(escaped(s[:end]))
		b.WriteString(s[end:min(end+1, len(s))])
		s = s[min(end+1, len(s)):]
	}
	return b.String()
}

// escaped gives words on one line.
func escaped(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r != utf8.RuneError && strconv.IsPrint(r) {
			b.WriteString(s[:n])
		} else {
			quoted := strconv.Quote(s[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

// sequence matches what a terminal takes as a command: CSI with its
// parameters, OSC and its like with all they carry, and single escapes.
var sequence = regexp.MustCompile("(?s)" +
	"(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]?" +
	"|(?:\x1b[\\]PX^_]|[\u009d\u0090\u0098\u009e\u009f]).*?(?:\x07|\x1b\\\\|\u009c|$)" +
	"|\x1b[ -/]*[0-~]?")

// printable takes out of a container's line what would do something to the
// terminal.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, sequence.ReplaceAllString(line, ""))
}

// cut shortens a line that is too long to be read.
func cut(line string) string {
	const most = 200
	if utf8.RuneCountInString(line) <= most {
		return line
	}
	return string([]rune(line)[:most-3]) + "..."
}
