// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

// forms gives the texts in which a value may be found.
func forms(value string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, plain := range plain(value) {
			for _, spelled := range append(spellings(plain), encodings(plain)...) {
				if !yield(spelled) {
					return
				}
			}
		}
		for _, line := range lines(value) {
			for _, spelled := range spellings(line) {
				if !yield(spelled) {
					return
				}
			}
		}
	}
}

// plain is the value without the line end that editors and echo add, with and
// without blanks around it. The line end is no secret: without it, what is
// printed next would look like a part of it.
func plain(value string) []string {
	return []string{strings.TrimRight(value, "\r\n"), strings.TrimSpace(value)}
}

// lines are those of a value that has several, as a key in PEM.
func lines(value string) []string {
	var long []string
	for line := range strings.SplitSeq(value, "\n") {
		if line = strings.TrimSpace(line); len(line) >= shortest {
			long = append(long, line)
		}
	}
	return long
}

// spellings are a text as it stands in strings of JSON, YAML and shells, and in
// URLs.
func spellings(text string) []string {
	return []string{
		text,
		jsonString(text, false), jsonString(text, true),
		strings.ReplaceAll(text, "'", "''"), strings.ReplaceAll(text, "'", `'\''`),
		percent(text, ""), strings.ReplaceAll(percent(text, ""), "%20", "+"), percent(text, "$&+=:@"),
	}
}

// jsonString is the inside of a JSON string, with or without what is escaped
// for HTML.
func jsonString(text string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if enc.Encode(text) != nil {
		return text // never: a string is always encoded
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// percent writes a text as it stands in a URL, where the characters of keep mean
// nothing else.
func percent(text, keep string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
	var b strings.Builder
	for _, c := range []byte(text) {
		if strings.IndexByte(plain+keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// encodings are a text in base64, alone and as a part of something longer.
func encodings(text string) []string {
	var all []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for _, alone := range []string{text, text + "\n"} {
			encoded := encoding.EncodeToString([]byte(alone))
			all = append(all, encoded, strings.TrimRight(encoded, "="))
			all = append(all, wrapped(encoded)...)
		}
		for before := range 3 {
			all = append(all, inside(encoding, text, before))
		}
	}
	return all
}

// inside is what stands of a text in the base64 of something longer, before
// which the number of bytes is before, modulo 3: all characters to which no
// other byte contributes.
func inside(encoding *base64.Encoding, text string, before int) string {
	encoded := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
	first := (before*8 + 5) / 6
	last := (before + len(text)) * 8 / 6
	if first >= last {
		return ""
	}
	return encoded[first:last]
}

// wrapped are the lines of base64 as base64(1) and PEM break it.
func wrapped(encoded string) []string {
	var all []string
	for _, width := range []int{76, 64} {
		if len(encoded) <= width {
			continue
		}
		for at := 0; at < len(encoded); at += width {
			all = append(all, encoded[at:min(at+width, len(encoded))])
		}
	}
	return all
}
