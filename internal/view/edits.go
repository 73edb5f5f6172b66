package view

import (
	"fmt"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/kratix-tools/kratix/internal/term"
)

// A FileEdit is what a file says before and after an edit. Before is nil for a
// file that is new.
type FileEdit struct {
	Name          string
	Before, After []byte
}

// Edits shows edits as a unified diff, which patch and git apply read. On a
// terminal, characters that are not to be seen are escaped.
func Edits(w term.Stream, edits []FileEdit) {
	st := stylesFor(w)
	for _, e := range edits {
		old := e.Name
		if e.Before == nil {
			old = os.DevNull
		}
		_, body, _ := strings.Cut(string(diff.Diff(old, e.Before, e.Name, e.After)), "\n") // the first line names the two again
		for line := range strings.Lines(body) {
			line = strings.TrimSuffix(line, "\n")
			if w.TTY {
				line = text(line)
			}
			switch {
			case strings.HasPrefix(line, "+"):
				line = st.added.Render(line)
			case strings.HasPrefix(line, "-"):
				line = st.removed.Render(line)
			}
			fmt.Fprintln(w, line)
		}
	}
}
