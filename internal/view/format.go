// SPDX-License-Identifier: Apache-2.0

package view

import (
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/term"
)

// A Format is how a result is written to standard output.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json"
	YAML Format = "yaml"
	// NDJSON is events, a JSON object on each line; see [Events].
	NDJSON Format = "ndjson"
)

// apiVersion is that of all documents that the program prints.
const apiVersion = "cli.kratix.io/v1"

// Encode writes a result as JSON or YAML.
func Encode(w io.Writer, format Format, result any) error {
	if format == YAML {
		data, err := yaml.Marshal(result)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

// Note tells something that is no error.
func Note(w term.Stream, what any) { fmt.Fprintf(w, "note: %v\n", what) }

// Next tells what to do after a command, ready to be pasted.
func Next(w term.Stream, commands ...string) {
	st := stylesFor(w)
	for i, c := range commands {
		label := "next:"
		if i > 0 {
			label = "     "
		}
		fmt.Fprintf(w, "%s %s\n", st.strong.Render(label), advice(w, c))
	}
}
