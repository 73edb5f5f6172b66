// SPDX-License-Identifier: Apache-2.0

// Package changed tells which files below a directory are not as they were:
// since a commit ([Since], which asks Git), or since one last looked
// ([Watcher], which asks the kernel). Both give absolute paths and say nothing
// of what the change was; a path may be gone. Who depends on the files is for
// the caller to know.
//
// Editors do not write a file: most write another and rename it, some remove
// the old one first. So a Watcher watches directories, new ones too, and waits
// until a moment has passed in which nothing happened.
package changed
