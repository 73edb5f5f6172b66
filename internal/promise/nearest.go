package promise

import (
	"regexp"
	"strings"
)

// didYouMean proposes the one of the names that a word may be a slip of.
func didYouMean(word string, names []string) string {
	if name, ok := nearest(word, names); ok {
		return "did you mean " + name + "?"
	}
	return ""
}

// nearest finds the name that is the fewest edits away from a word, if they
// are few.
func nearest(word string, names []string) (string, bool) {
	best, found := "", max(1, min(3, len(word)/2))+1
	for _, name := range names {
		if d := distance(strings.ToLower(word), strings.ToLower(name)); d < found {
			best, found = name, d
		}
	}
	return best, best != ""
}

// distance counts the insertions, deletions and substitutions from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// labelHint proposes a DNS label for a name that is none.
func labelHint(name string) string {
	if label := DNSLabel(name); label != "" && label != name {
		return "use " + label
	}
	return "use lower-case letters, digits and dashes, as in instance-configure"
}

// DNSLabel makes a DNS-1123 label of any text, or nothing if there is nothing
// to make it of: My_Step and myStep both become my-step.
func DNSLabel(name string) string {
	camel := regexp.MustCompile(`([a-z0-9])([A-Z])`)
	other := regexp.MustCompile(`[^a-z0-9]+`)
	label := other.ReplaceAllString(strings.ToLower(camel.ReplaceAllString(name, "$1-$2")), "-")
	label = strings.Trim(label, "-")
	return strings.TrimRight(label[:min(len(label), 63)], "-")
}
