// SPDX-License-Identifier: Apache-2.0

package diag

import "strings"

// DidYouMean is a hint that proposes the one of the names that word may be a
// slip of; "" if none is close.
func DidYouMean(word string, names []string) string {
	if name := Nearest(word, names); name != "" {
		return "did you mean " + name + "?"
	}
	return ""
}

// Nearest gives the name that takes the fewest edits to come from word,
// whatever the case of its letters; "" if all take more than a third of its
// length.
func Nearest(word string, names []string) string {
	best, fewest := "", max(2, len(word)/3)+1
	for _, name := range names {
		if n := distance(strings.ToLower(word), strings.ToLower(name)); n < fewest {
			best, fewest = name, n
		}
	}
	return best
}

// distance counts the letters to insert, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
