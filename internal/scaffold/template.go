// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"
)

//go:embed templates
var templates embed.FS

// render fills in one of the embedded templates. They are part of the program:
// one that cannot be filled in is a mistake in it.
func render(name string, data any) []byte {
	functions := template.FuncMap{"yaml": quoted, "indent": indent, "a": article}
	text, err := templates.ReadFile("templates/" + name + ".tmpl")
	if err != nil {
		panic(err)
	}
	var out strings.Builder
	if err := template.Must(template.New(name).Funcs(functions).Parse(string(text))).Execute(&out, data); err != nil {
		panic(fmt.Errorf("%s: %w", name, err))
	}
	return []byte(out.String())
}

// quoted writes a text as a YAML scalar, in quotes where it would be read as
// something else: "on" and "1e3" are names too.
func quoted(text string) (string, error) {
	data, err := yaml.Marshal(text)
	return strings.TrimSuffix(string(data), "\n"), err
}

// article puts "a" or "an" before a word, by its letter.
func article(word string) string {
	if strings.ContainsAny(word[:1], "AEIOaeio") {
		return "an " + word
	}
	return "a " + word
}

func indent(spaces int, text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", spaces) + line
		}
	}
	return strings.Join(lines, "\n")
}
