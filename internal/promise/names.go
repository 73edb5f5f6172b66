package promise

import (
	"regexp"
	"strings"
)

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
