// SPDX-License-Identifier: Apache-2.0

package image

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// below is what lies below a layer. Most layers describe each directory that
// they have something in; to unpack one that does not takes the directories of
// the layers below, lowest first. As long as they are not known, it cannot be
// unpacked: errImplied.
type below struct {
	dirs  []string
	known bool
}

// lstat describes what an overlay of the layers has under a name, without
// following links; nil if there is nothing. The directories on the way to it
// are no links.
func (b below) lstat(name string) (fs.FileInfo, error) {
	if !b.known {
		return nil, errImplied
	}
	_, info, err := b.find(name)
	return info, err
}

// readlink gives the target of a link that lstat found.
func (b below) readlink(name string) (string, error) {
	path, _, err := b.find(name)
	if err != nil {
		return "", err
	}
	return os.Readlink(path)
}

// find goes down a name. At each directory on the way it knows all layers that
// have a part of it, the highest first.
func (b below) find(name string) (path string, info fs.FileInfo, err error) {
	parts := slices.Clone(b.dirs)
	slices.Reverse(parts)
	for part := range strings.SplitSeq(name, "/") {
		if info != nil && !info.IsDir() {
			return "", nil, nil // hidden by a directory of the layer itself
		}
		if parts, info, err = children(parts, part); err != nil || info == nil {
			return "", nil, err
		}
	}
	return parts[0], info, nil
}

// children gives what some directories, the highest first, have under a name,
// and describes the highest: several if they are directories that are merged.
func children(dirs []string, name string) (found []string, highest fs.FileInfo, err error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
			continue
		case err != nil:
			return nil, nil, err
		case highest != nil && !info.IsDir() || info.Mode()&fs.ModeCharDevice != 0:
			return found, highest, nil // a whiteout, or a file below a directory
		}
		found = append(found, path)
		if highest == nil {
			highest = info
		}
		if !info.IsDir() || isOpaque(path) {
			break
		}
	}
	return found, highest, nil
}
