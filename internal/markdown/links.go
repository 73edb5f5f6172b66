// SPDX-License-Identifier: Apache-2.0

package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// A Link is where a page leads.
type Link struct {
	Line   int
	Target string // as written: a URL, or a path with or without #anchor
}

var (
	// link matches [text](target) and ![text](target), whose text may be broken
	// over lines.
	link = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	// source matches the same in HTML.
	source = regexp.MustCompile(`\b(?:href|src|srcset)="([^"]+)"`)
	// code matches `code`, in which nothing is a link.
	code = regexp.MustCompile("`[^`\n]*`")
	// heading matches the text of a heading.
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#*$`)
	// linkText matches a link, to be replaced by its text.
	linkText = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// Links lists the links in the prose of a page, in its order.
func Links(parts []Part) []Link {
	var links []Link
	for _, p := range parts {
		if p.Kind != Prose {
			continue
		}
		text := code.ReplaceAllStringFunc(p.Text, func(c string) string { return strings.Repeat("x", len(c)) })
		for _, form := range []*regexp.Regexp{link, source} {
			for _, at := range form.FindAllStringSubmatchIndex(text, -1) {
				links = append(links, Link{p.Line + strings.Count(text[:at[0]], "\n"), text[at[2]:at[3]]})
			}
		}
	}
	return links
}

// Anchors are the names to which a link into the page can lead, as GitHub makes
// them of its headings.
func Anchors(parts []Part) map[string]bool {
	anchors := map[string]bool{}
	for _, p := range parts {
		if p.Kind != Prose {
			continue
		}
		for _, found := range heading.FindAllStringSubmatch(p.Text, -1) {
			name := anchor(found[1])
			for n := 1; anchors[name]; n++ {
				name = fmt.Sprintf("%s-%d", anchor(found[1]), n)
			}
			anchors[name] = true
		}
	}
	return anchors
}

// anchor is the name of a heading: small letters, digits, - and _, and a - for
// each blank.
func anchor(heading string) string {
	heading = linkText.ReplaceAllString(heading, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, heading)
}
