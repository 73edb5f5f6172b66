// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// problems collects what is wrong with the names that a user gave.
type problems []diag.Finding

func (p *problems) add(flag, hint, format string, args ...any) {
	*p = append(*p, diag.Finding{Severity: diag.SeverityError, Field: flag, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// maxName is how long the value of a label may be; Kratix puts the names of
// Promises and Pipelines into labels.
const maxName = validation.LabelValueMaxLength

func (p *problems) promiseName(name string) {
	switch wrong := validation.IsDNS1123Subdomain(name); {
	case name == "":
		p.add("NAME", "for example postgresql", "the name of the Promise is empty")
	case len(wrong) > 0:
		p.add("NAME", useInstead(promise.DNSLabel(name)), "%q is no valid name for a Promise: %s", name, promise.SubdomainRule)
	case len(name) > maxName:
		p.add("NAME", "use a shorter name", "%q has %d characters; the name of a Promise has at most %d", name, len(name), maxName)
	}
}

func (p *problems) group(group string) {
	switch wrong := validation.IsDNS1123Subdomain(group); {
	case group == "":
		p.add("--group", "--group acme.org", "the group of the API is missing")
	case len(wrong) > 0:
		p.add("--group", "--group acme.org", "%q is no valid group: %s", group, promise.SubdomainRule)
	case !strings.Contains(group, "."):
		p.add("--group", "--group "+group+".org", "%q is no valid group: it is a domain with at least one dot", group)
	}
}

func (p *problems) kind(kind string) {
	label := strings.ToLower(kind)
	switch {
	case kind == "":
		p.add("--kind", "--kind Database", "the kind of the API is missing")
	case len(kind) <= maxName && len(validation.IsDNS1035Label(label)) > 0:
		hint := "--kind Database"
		if camel := camelCase(kind); camel != "" {
			hint = "--kind " + camel
		}
		p.add("--kind", hint, "%q is no valid kind: it is made of letters, digits and dashes, and begins with a letter", kind)
	case len(kind) > maxName:
		p.add("--kind", "use a shorter kind", "%q has %d characters; a kind has at most %d", kind, len(kind), maxName)
	}
}

func (p *problems) plural(plural, kind string) {
	derived := plural == strings.ToLower(kind)+"s" // and wrong only because the kind is
	if wrong := validation.IsDNS1035Label(plural); len(wrong) > 0 && (camelCase(kind) == kind || !derived) {
		p.add("--plural", "--plural "+strings.ToLower(cmp.Or(camelCase(kind), "Database"))+"s", "%q is no valid plural: it is made of lower-case letters, digits and dashes, at most 63, beginning with a letter and ending with a letter or digit", plural)
	}
}

func (p *problems) version(version string) {
	if len(validation.IsDNS1035Label(version)) > 0 {
		p.add("--version", "--version v1alpha1", "%q is no valid version: it is a word such as v1, v1beta2 or v1alpha1, of lower-case letters, digits and dashes", version)
	}
}

// CheckNames checks the names of an API. Empty ones are not checked.
func CheckNames(group, kind, plural, version string) error {
	var p problems
	if group != "" {
		p.group(group)
	}
	if kind != "" {
		p.kind(kind)
	}
	if plural != "" {
		p.plural(plural, kind)
	}
	if version != "" {
		p.version(version)
	}
	return diag.Problems("", p)
}

// label checks a name that has to be a DNS label.
func (p *problems) label(flag, what, name string) {
	switch wrong := validation.IsDNS1123Label(name); {
	case name == "":
		p.add(flag, "", "%s is empty", what)
	case len(wrong) > 0:
		p.add(flag, useInstead(promise.DNSLabel(name)), "%s %q is not valid: %s", what, name, promise.LabelRule)
	}
}

func useInstead(name string) string {
	if name == "" {
		return "for example my-name"
	}
	return "use " + name
}

// camelCase makes a kind of any text, or "" if there is nothing to make it of.
func camelCase(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) }) {
		return ""
	}
	var kind strings.Builder
	for _, word := range regexp.MustCompile(`[^A-Za-z0-9]+`).Split(text, -1) {
		if word != "" {
			kind.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return strings.TrimLeft(kind.String(), "0123456789")
}
