// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"path"
	"strings"
)

// A Glob selects files by their path below expected/, such as
// "output/deployment.yaml". It is matched element by element as by
// [path.Match], and an element "**" stands for any number of elements. A
// pattern without a slash is matched against the file's own name, wherever the
// file is. The zero value selects nothing.
type Glob struct{ pattern string }

// ParseGlob reads a pattern.
func ParseGlob(pattern string) (Glob, error) {
	for element := range strings.SplitSeq(pattern, "/") {
		if _, err := path.Match(element, ""); err != nil {
			return Glob{}, err
		}
	}
	return Glob{pattern}, nil
}

// String gives the pattern as it was written.
func (g Glob) String() string { return g.pattern }

// Match reports whether the pattern selects the file of that name.
func (g Glob) Match(name string) bool {
	if g.pattern == "" {
		return false
	}
	if !strings.Contains(g.pattern, "/") {
		name = path.Base(name)
	}
	return matchElements(strings.Split(g.pattern, "/"), strings.Split(name, "/"))
}

func matchElements(patterns, names []string) bool {
	if len(patterns) == 0 {
		return len(names) == 0
	}
	if patterns[0] == "**" {
		return matchElements(patterns[1:], names) ||
			len(names) > 0 && matchElements(patterns, names[1:])
	}
	if len(names) == 0 {
		return false
	}
	ok, _ := path.Match(patterns[0], names[0]) // ParseGlob saw to the error
	return ok && matchElements(patterns[1:], names[1:])
}
