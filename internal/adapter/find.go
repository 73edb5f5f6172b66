// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/tree"
)

// maxLinks is how many links Linux follows in one path.
const maxLinks = 40

// Permissions, as the last three bits of a mode have them.
const (
	mayRead   fs.FileMode = 0o4
	maySearch fs.FileMode = 0o1
)

// A file is what a path leads to.
type file struct {
	path string // without links
	info fs.FileInfo
}

// find follows name to its end, as the kernel does.
func (c *Container) find(name string) (file, error) {
	todo := strings.Split(name, "/")
	at := root()
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		if !at.info.IsDir() {
			return file{}, ErrNotDir
		}
		if !c.allows(at, maySearch) {
			return file{}, ErrPermission
		}
		next, err := c.step(at, part)
		if err != nil {
			return file{}, err
		}
		if next.info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return file{}, ErrLoop
		}
		target, err := c.target(next.path)
		if err != nil {
			return file{}, err
		}
		if path.IsAbs(target) {
			at = root()
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return at, nil
}

// entry follows name to its end, but for a link there.
func (c *Container) entry(name string) (file, error) {
	dir, err := c.find(path.Dir(name))
	if err != nil {
		return file{}, err
	}
	return c.step(dir, path.Base(name))
}

// step goes from a directory to one of its entries, without following a link.
func (c *Container) step(at file, part string) (file, error) {
	switch part {
	case "", ".":
		return at, nil
	case "..":
		return c.lstat(path.Dir(at.path))
	default:
		return c.lstat(path.Join(at.path, part))
	}
}

// lstat tells what lies at a path whose directory has no links.
func (c *Container) lstat(name string) (file, error) {
	if f, ok := c.beside(name); ok {
		return f, nil
	}
	fsys, rel, mounted := c.volume(name)
	switch {
	case !mounted && len(c.around(name)) > 0, mounted && fsys == nil && rel == ".":
		return directory(name), nil
	case fsys == nil:
		return file{}, ErrNotExist
	}
	info, err := fsys.Lstat(rel)
	if errors.Is(err, fs.ErrNotExist) {
		return file{}, ErrNotExist
	}
	return file{name, info}, err
}

// beside tells of a file that is in no volume.
func (c *Container) beside(name string) (file, bool) {
	content, ok := c.files[name]
	return file{name, plainInfo{name, int64(len(content)), 0o644}}, ok
}

// target reads a link that lstat has found.
func (c *Container) target(name string) (string, error) {
	fsys, rel, _ := c.volume(name)
	return fsys.ReadLink(rel)
}

// allows says whether the user of the image has a permission on a file. It is
// given the benefit of the doubt where the owner is not known, as on a
// directory that somebody gave us by name.
func (c *Container) allows(f file, permission fs.FileMode) bool {
	mode := f.info.Mode().Perm()
	owner, known := tree.Owner(f.info)
	switch {
	case known && owner.UID == UID:
		return mode>>6&permission != 0
	case known && owner.GID == UID:
		return mode>>3&permission != 0
	case mode&permission != 0:
		return true
	case known:
		return false
	}
	c.doubtful(f.path, f.info)
	return true
}

// plainInfo describes what no volume holds.
type plainInfo struct {
	path string
	size int64
	mode fs.FileMode
}

func root() file { return directory("/") }

func directory(name string) file { return file{name, plainInfo{name, 0, fs.ModeDir | 0o777}} }

func (i plainInfo) Name() string       { return path.Base(i.path) }
func (i plainInfo) Size() int64        { return i.size }
func (i plainInfo) Mode() fs.FileMode  { return i.mode }
func (i plainInfo) ModTime() time.Time { return time.Time{} }
func (i plainInfo) IsDir() bool        { return i.mode.IsDir() }
func (i plainInfo) Sys() any           { return nil }
