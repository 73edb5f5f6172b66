package cli

import (
	"path/filepath"
	"regexp"
	"strings"
)

// plain matches what a shell takes as it is.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@=,+-]+$`)

// shellQuote gives a word as it has to be typed in a shell.
func shellQuote(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// shownPath gives a file that was written below dir.
func shownPath(dir, file string) string { return relative(filepath.Join(dir, file)) }
