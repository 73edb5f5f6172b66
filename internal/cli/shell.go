// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"path/filepath"

	"github.com/kratix-tools/kratix/internal/view"
)

// shellQuote gives a word as it has to be typed in a shell.
func shellQuote(word string) string { return view.ShellQuote(word) }

// shownPath gives a file that was written below dir.
func shownPath(dir, file string) string { return relative(filepath.Join(dir, file)) }
