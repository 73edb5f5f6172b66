// SPDX-License-Identifier: Apache-2.0

package workflow

import "strings"

// expand replaces $(NAME) by the value of a variable as Kubernetes does in
// command, args and env: $$ stands for a dollar sign that starts nothing, and
// a reference to an unknown variable stays as it is.
func expand(text string, lookup func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		var replacement string
		replacement, text = reference(after, lookup)
		out.WriteString(replacement)
	}
}

// reference reads what follows a dollar sign and gives what takes the place of
// both, and the rest.
func reference(after string, lookup func(string) (string, bool)) (replacement, rest string) {
	if rest, escaped := strings.CutPrefix(after, "$"); escaped {
		return "$", rest
	}
	body, opened := strings.CutPrefix(after, "(")
	if !opened {
		return "$", after
	}
	name, rest, closed := strings.Cut(body, ")")
	if !closed {
		return "$(", body
	}
	if value, known := lookup(name); known {
		return value, rest
	}
	return "$(" + name + ")", rest
}

func expandAll(texts []string, lookup func(string) (string, bool)) []string {
	if texts == nil {
		return nil
	}
	expanded := make([]string, len(texts))
	for i, t := range texts {
		expanded[i] = expand(t, lookup)
	}
	return expanded
}
