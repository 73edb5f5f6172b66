// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
)

// NewMemory starts a tree whose files are kept in memory: an empty directory.
func NewMemory() *Copy {
	return &Copy{nodes: map[string]*node{".": {name: ".", attr: Attr{Mode: fs.ModeDir | 0o755}}}}
}

// AddFile adds a regular file to a tree in memory, and the directories that lead
// to it. A file of the same name is replaced.
func (c *Copy) AddFile(name string, mode fs.FileMode, data []byte) error {
	if err := c.AddDir(path.Dir(name), fs.ModeDir|0o755); err != nil {
		return err
	}
	c.forget(name)
	return c.Add(name, Attr{Mode: mode}, bytes.NewReader(data), "")
}

// forget takes a file out of the tree, so that another can have its name.
func (c *Copy) forget(name string) {
	if n, ok := c.nodes[name]; ok && !n.IsDir() {
		dir := c.nodes[path.Dir(name)]
		dir.files = slices.DeleteFunc(dir.files, func(f *node) bool { return f == n })
		delete(c.nodes, name)
	}
}

// AddDir adds a directory and those that lead to it, where they are missing.
func (c *Copy) AddDir(name string, mode fs.FileMode) error {
	if n, ok := c.nodes[name]; ok && n.IsDir() {
		return nil
	}
	if dir := path.Dir(name); dir != name {
		if err := c.AddDir(dir, mode); err != nil {
			return err
		}
	}
	return c.Add(name, Attr{Mode: fs.ModeDir | mode.Perm()}, nil, "")
}

// remember makes a file in memory.
func (c *Copy) remember(_ string, n *node, content io.Reader) (err error) {
	if n.Mode().IsRegular() {
		n.data, err = io.ReadAll(content)
		n.size = int64(len(n.data))
	}
	return err
}

// openMemory is a file in memory while it is read.
type openMemory struct {
	*bytes.Reader
	node *node
}

func (f openMemory) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f openMemory) Close() error               { return nil }
