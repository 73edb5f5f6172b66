// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"regexp"
	"strings"
	"unicode"
)

// What names are made of, in Kubernetes as in Kratix.
const (
	LabelRule     = "lower-case letters, digits and dashes, at most 63, beginning and ending with a letter or digit"
	SubdomainRule = "lower-case letters, digits, dashes and dots, at most 253, beginning and ending with a letter or digit, as does each part between dots"
)

// labelHint proposes a DNS label for a name that is none.
func labelHint(name string) string {
	if label := DNSLabel(name); label != "" && label != name {
		return "use " + label
	}
	return "use lower-case letters, digits and dashes, as in instance-configure"
}

// DNSLabel makes a DNS-1123 label of any text, or nothing if there is nothing
// to make it of: My_Step and myStep both become my-step. Of letters beyond
// ASCII it makes nothing, since what is left without them is no word.
func DNSLabel(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) }) {
		return ""
	}
	camel := regexp.MustCompile(`([a-z0-9])([A-Z])`)
	other := regexp.MustCompile(`[^a-z0-9]+`)
	label := other.ReplaceAllString(strings.ToLower(camel.ReplaceAllString(name, "$1-$2")), "-")
	label = strings.Trim(label, "-")
	return strings.TrimRight(label[:min(len(label), 63)], "-")
}
