// SPDX-License-Identifier: Apache-2.0

// Package tree describes a tree of files as a container left it.
//
// What becomes of a pipeline's output depends on more than file contents:
// Kratix follows links, ignores empty directories and fails on a file that its
// own user may not read. On the machine that ran the container those facts are
// often gone, since owners are shifted and unreadable files had to be made
// readable to be copied. So a tree is an [fs.FS] (with [fs.ReadLinkFS]) whose
// file information tells the mode and the owner *inside the container*:
// [Owner] reads the latter.
package tree

import "io/fs"

// A FS is a tree of files that can tell links from what they point to.
type FS interface {
	fs.ReadLinkFS
}

// Ownership is what [fs.FileInfo.Sys] of a file in a container's tree holds.
type Ownership struct {
	UID, GID int
}

// Owner tells the owner that a file has inside the container, if known: it is
// not known for a directory that somebody gave us by name.
func Owner(info fs.FileInfo) (Ownership, bool) {
	o, ok := info.Sys().(*Ownership)
	if !ok || o == nil {
		return Ownership{}, false
	}
	return *o, true
}
