// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/kratix-tools/kratix/internal/term"
)

// A FileEdit is what a file says before and after an edit. Before is nil for a
// file that is new, and Executable is about those.
type FileEdit struct {
	Name          string
	Before, After []byte
	Executable    bool
}

// isNew says whether the file is made.
func (e FileEdit) isNew() bool { return e.Before == nil }

// Edits shows edits as a unified diff, which patch and git apply read with -p0.
// If there are new files it is written as git does, since they have a mode and
// may be empty. On a terminal, characters that are not to be seen are escaped.
func Edits(w term.Stream, edits []FileEdit) {
	st := stylesFor(w)
	git := slices.ContainsFunc(edits, FileEdit.isNew)
	for _, e := range edits {
		old := e.Name
		if git {
			fmt.Fprintf(w, "diff --git %s %s\n", e.Name, e.Name)
		}
		if e.isNew() {
			old = os.DevNull
			mode := "100644"
			if e.Executable {
				mode = "100755"
			}
			fmt.Fprintf(w, "new file mode %s\n", mode)
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
