// SPDX-License-Identifier: Apache-2.0

package tree

import "os"

// Dir gives a directory of this machine as a tree: links are told from what
// they point to, and owners are not known. Where there is no such directory,
// the tree is empty.
func Dir(name string) FS {
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return NewMemory()
	}
	if files, ok := os.DirFS(name).(FS); ok {
		return files
	}
	return NewMemory() // never: os.DirFS reads links since Go 1.25
}
