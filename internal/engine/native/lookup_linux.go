// SPDX-License-Identifier: Apache-2.0

package native

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links a path may lead over, as in the kernel.
const maxLinks = 40

// readImageFile reads a file of an image as a container finds it in the
// overlay of its layers, the lowest of which comes first. Links lead to
// other places of the image and never out of it.
func readImageFile(layers []string, name string) ([]byte, error) {
	top := slices.Clone(layers)
	slices.Reverse(top)
	way := [][]string{top} // the directory that we are in, and those above it
	rest := strings.Split(name, "/")
	for links := 0; len(rest) > 0; {
		elem := rest[0]
		rest = rest[1:]
		switch elem {
		case "", ".":
			continue
		case "..":
			way = way[:max(1, len(way)-1)]
			continue
		}
		at, info, err := find(way[len(way)-1], elem)
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			way = append(way, at)
		case info.Mode().Type() == fs.ModeSymlink && links < maxLinks:
			target, err := os.Readlink(at[0])
			if err != nil {
				return nil, err
			}
			links++
			rest = append(strings.Split(target, "/"), rest...)
			if strings.HasPrefix(target, "/") {
				way = way[:1]
			}
		case info.Mode().IsRegular() && len(rest) == 0:
			return readSmall(at[0])
		default:
			return nil, fs.ErrNotExist // a whiteout, a device, ...
		}
	}
	return nil, fs.ErrNotExist // a directory
}

// find looks for a name in a directory, which has a part in each of some
// layers, the highest first. What it gives is one file, or the parts of another
// directory.
func find(dirs []string, name string) (parts []string, info fs.FileInfo, err error) {
	for _, dir := range dirs {
		at := filepath.Join(dir, name)
		here, err := os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, nil, err
		case !here.IsDir() && len(parts) > 0: // hidden by the directory above it
			return parts, info, nil
		case !here.IsDir():
			return []string{at}, here, nil
		case len(parts) == 0:
			info = here
		}
		if parts = append(parts, at); opaque(at) {
			break
		}
	}
	if len(parts) == 0 {
		return nil, nil, fs.ErrNotExist
	}
	return parts, info, nil
}

// opaque tells that a directory hides those of the layers below it.
func opaque(dir string) bool {
	value := make([]byte, 1)
	n, err := unix.Lgetxattr(dir, "user.overlay.opaque", value)
	return err == nil && n == 1 && value[0] == 'y'
}

// readSmall reads the first megabyte of a file: more is no list of users.
func readSmall(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}
