// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"io/fs"
	"slices"
	"strings"
)

// inOrder lists the files of a module as Terraform reads them: by name, and
// those that override others last.
func inOrder(entries []fs.DirEntry) []string {
	var primary, overrides []string
	for _, entry := range entries {
		base, ok := moduleFile(entry.Name())
		switch {
		case entry.IsDir() || !ok:
		case base == "override" || strings.HasSuffix(base, "_override"):
			overrides = append(overrides, entry.Name())
		default:
			primary = append(primary, entry.Name())
		}
	}
	return slices.Concat(primary, overrides)
}

// moduleFile tells whether a file belongs to a module, and its name without
// extension. Editors leave files behind that do not.
func moduleFile(name string) (base string, ok bool) {
	if strings.HasPrefix(name, ".") {
		return "", false
	}
	if base, ok := strings.CutSuffix(name, ".tf"); ok {
		return base, true
	}
	return strings.CutSuffix(name, ".tf.json")
}
