// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rules say what does not count in a comparison. They are applied once, to
// both sides alike, before anything is compared or shown.
type Rules struct {
	Ignore []Ignore
	Redact []Redact
	// Partial selects files that may come out without being expected.
	Partial []Glob
	// Modes say how files are compared; the first that selects a file counts.
	Modes []ModeOf
}

// An Ignore takes a value out of every document of some files.
type Ignore struct {
	Files Glob
	Path  Path
}

// A Redact replaces what is random or secret in some files: what Regex
// matches, or the value at Path. In YAML and JSON, Regex is tried on each
// string and on each line as in "key: value", however it was spelled.
type Redact struct {
	Files Glob
	Regex *regexp.Regexp // nil if Path is used
	Path  Path
	As    string // may use $1 if Regex is set
}

// A ModeOf says how some files are compared.
type ModeOf struct {
	Files Glob
	Mode  Mode
}

// A Mode is a way to compare files.
type Mode string

// The modes. Without a rule, YAML and JSON files are compared by meaning and
// all others by bytes.
const (
	ByBytes   Mode = "bytes"
	ByMeaning Mode = "meaning"
)

// A Where is a part of what a case leaves: an area of one Pipeline. Pipeline
// is empty if the case runs only one.
type Where struct {
	Pipeline string `json:"pipeline,omitempty"`
	Area     Area   `json:"area"`
}

// An Area is a part of what a Pipeline leaves.
type Area string

// The areas.
const (
	AreaOutput     Area = "output"     // /kratix/output
	AreaMetadata   Area = "metadata"   // /kratix/metadata
	AreaPlacements Area = "placements" // what Kratix would make of the output
	// AreaExpected holds expected files that belong to no other area.
	AreaExpected Area = "expected"
)

// names gives the names that globs may use for a file: with and without the
// Pipeline, so that one rule can speak of all Pipelines.
func (w Where) names(file string) []string {
	name := file
	if w.Area != AreaExpected {
		name = string(w.Area) + "/" + file
	}
	if w.Pipeline == "" {
		return []string{name}
	}
	return []string{name, w.Pipeline + "/" + name}
}

func (g Glob) matchAny(names []string) bool { return slices.ContainsFunc(names, g.Match) }

// isPartial reports whether the file may come out unexpectedly.
func (r Rules) isPartial(names []string) bool {
	return slices.ContainsFunc(r.Partial, func(g Glob) bool { return g.matchAny(names) })
}

// mode tells how the file is compared.
func (r Rules) mode(names []string) Mode {
	for _, m := range r.Modes {
		if m.Files.matchAny(names) {
			return m.Mode
		}
	}
	if hasMeaning(names[0]) {
		return ByMeaning
	}
	return ByBytes
}

// read gives the documents of a file without what does not count.
func (r Rules) read(names []string, content []byte) ([]*value, error) {
	docs, err := parse(names[0], content)
	if err != nil {
		return nil, err
	}
	for i, doc := range docs {
		docs[i] = r.strip(names, r.redact(names, doc))
	}
	return docs, nil
}

// strip takes ignored values out of a document.
func (r Rules) strip(names []string, doc *value) *value {
	for _, rule := range r.Ignore {
		if !rule.Files.matchAny(names) {
			continue
		}
		if doc = doc.edit(rule.Path.steps, nil); doc == nil {
			return &value{kind: object}
		}
	}
	return doc
}

// redact replaces redacted values in a document.
func (r Rules) redact(names []string, doc *value) *value {
	for _, rule := range r.Redact {
		if !rule.Files.matchAny(names) {
			continue
		}
		if rule.Regex == nil {
			doc = doc.edit(rule.Path.steps, func(*value) *value { return newText(rule.As) })
		} else {
			doc = rule.in("", doc)
		}
	}
	return doc
}

// in replaces what the expression matches in the value v of the field key.
func (r Redact) in(key string, v *value) *value {
	switch v.kind {
	case object:
		for _, k := range v.keys {
			v.fields[k] = r.in(k, v.fields[k])
		}
	case list:
		for i, item := range v.items {
			v.items[i] = r.in("", item)
		}
	default:
		if replaced, ok := r.scalar(key, v.text); ok {
			return newText(replaced)
		}
	}
	return v
}

// scalar replaces in one scalar, and tells whether there was anything to
// replace.
func (r Redact) scalar(key, s string) (string, bool) {
	if r.Regex.MatchString(s) {
		return r.Regex.ReplaceAllString(s, r.As), true
	}
	if key == "" {
		return "", false
	}
	for _, prefix := range []string{key + ": ", `"` + key + `": `} {
		for _, spelled := range []string{s, strconv.Quote(s), "'" + s + "'"} {
			line := prefix + spelled
			at := r.Regex.FindStringIndex(line)
			if at != nil && at[1] > len(prefix) {
				return strings.TrimPrefix(r.Regex.ReplaceAllString(line, r.As), prefix), true
			}
		}
	}
	return "", false
}

// redactBytes replaces redacted text in a file without known structure.
func (r Rules) redactBytes(names []string, content []byte) []byte {
	for _, rule := range r.Redact {
		if rule.Regex != nil && rule.Files.matchAny(names) {
			content = rule.Regex.ReplaceAll(content, []byte(rule.As))
		}
	}
	return content
}
