// SPDX-License-Identifier: Apache-2.0

package view

import (
	"bytes"
	"fmt"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/term"
)

// Document prints a document of a Work as it is. One of several has its path
// above it, in a comment, and is set off from the one before as in YAML. On a
// terminal, characters that would move its cursor are shown and not obeyed.
func Document(w term.Stream, r *inspect.WorkReport, path string, content []byte, several, further bool) {
	if further {
		fmt.Fprintln(w, "---")
	}
	if several {
		fmt.Fprintf(w, "# %s/%s: %s\n", r.Namespace, r.Name, name(path))
	}
	if w.TTY {
		content = []byte(text(string(content)))
	}
	_, _ = w.Write(content) // what cannot be written is told at the end
	if (several || w.TTY) && !bytes.HasSuffix(content, []byte("\n")) {
		fmt.Fprintln(w)
	}
}

// Again makes room for the next of several answers in text: on a terminal it
// takes the place of the last one.
func Again(w term.Stream, format Format) {
	switch {
	case format != Text && format != Wide:
	case w.TTY:
		fmt.Fprint(w, "\x1b[H\x1b[2J")
	default:
		fmt.Fprintln(w)
	}
}
