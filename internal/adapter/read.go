// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Stat describes what a path leads to, after all links.
func (c *Container) Stat(name string) (fs.FileInfo, error) {
	f, err := c.find(name)
	return f.info, c.fault("stat", name, err)
}

// Lstat describes what lies at a path, which may be a link.
func (c *Container) Lstat(name string) (fs.FileInfo, error) {
	f, err := c.entry(name)
	return f.info, c.fault("lstat", name, err)
}

// ReadLink gives the target of the link at a path.
func (c *Container) ReadLink(name string) (string, error) {
	f, err := c.entry(name)
	switch {
	case err != nil:
		return "", c.fault("readlink", name, err)
	case f.info.Mode()&fs.ModeSymlink == 0:
		return "", c.fault("readlink", name, ErrInvalid)
	}
	target, err := c.target(f.path)
	return target, c.fault("readlink", name, err)
}

// ReadDir lists a directory by name, as os.ReadDir does there.
func (c *Container) ReadDir(name string) ([]fs.DirEntry, error) {
	dir, err := c.find(name)
	switch {
	case err != nil:
		return nil, c.fault("open", name, err)
	case !dir.info.IsDir():
		return nil, c.fault("open", name, ErrNotDir)
	case !c.allows(dir, mayRead):
		return nil, c.fault("open", name, ErrPermission)
	}
	entries, err := c.entries(dir.path)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, c.fault("open", name, err)
}

// Open opens a file for reading; the caller closes it.
func (c *Container) Open(name string) (io.ReadCloser, error) {
	f, err := c.find(name)
	if err != nil {
		return nil, c.fault("open", name, err)
	}
	switch mode := f.info.Mode(); {
	case mode.IsDir():
		return nil, c.fault("read", name, ErrIsDir)
	case !c.allows(f, mayRead):
		return nil, c.fault("open", name, ErrPermission)
	case mode&fs.ModeSocket != 0:
		return nil, c.fault("open", name, ErrNoDevice)
	case !mode.IsRegular():
		return nil, c.endless(name, mode)
	}
	if content, ok := c.files[f.path]; ok {
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	fsys, rel, _ := c.volume(f.path)
	r, err := fsys.Open(rel)
	return r, c.fault("open", name, err)
}

// ReadFile reads a file as os.ReadFile does there.
func (c *Container) ReadFile(name string) ([]byte, error) {
	r, err := c.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // opened for reading
	content, err := io.ReadAll(r)
	return content, c.fault("read", name, err)
}

// entries lists a directory in no order.
func (c *Container) entries(dir string) ([]fs.DirEntry, error) {
	if fsys, rel, ok := c.volume(dir); ok {
		if fsys == nil {
			return nil, nil
		}
		return fs.ReadDir(fsys, rel)
	}
	var entries []fs.DirEntry
	for name := range c.around(dir) {
		name = path.Join(dir, name)
		f, ok := c.beside(name)
		if !ok {
			f = directory(name)
		}
		entries = append(entries, fs.FileInfoToDirEntry(f.info))
	}
	return entries, nil
}
