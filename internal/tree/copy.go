// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Attr is what is remembered of a file beside its content.
type Attr struct {
	Mode    fs.FileMode // type and permissions, as the container sees them
	ModTime time.Time
	Owner   Ownership
}

// A Copy is files on this machine together with what could not be kept there:
// modes, owners, and files that are neither file, directory nor link. It is
// filled from the top down by whatever reads the original, and then serves as
// a [FS]. [NewMemory] starts one that needs no disk.
//
// Unlike other file systems of package io/fs it takes names of any bytes, as a
// container does. Links are followed within the tree only.
type Copy struct {
	root  *os.Root // nil if the contents are in memory
	nodes map[string]*node
}

// node is one file of a Copy. It is its own fs.FileInfo and fs.DirEntry.
type node struct {
	name   string
	size   int64
	attr   Attr
	target string  // of a link
	files  []*node // of a directory
	data   []byte  // of a file in memory
}

func (n *node) Name() string               { return n.name }
func (n *node) Size() int64                { return n.size }
func (n *node) Mode() fs.FileMode          { return n.attr.Mode }
func (n *node) Type() fs.FileMode          { return n.attr.Mode.Type() }
func (n *node) ModTime() time.Time         { return n.attr.ModTime }
func (n *node) IsDir() bool                { return n.attr.Mode.IsDir() }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }
func (n *node) Sys() any                   { return &n.attr.Owner }

// NewCopy starts a copy in dir, which exists and is empty. The attributes are
// those of the original's top directory.
func NewCopy(dir string, attr Attr) (*Copy, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	top := &node{name: ".", attr: attr}
	return &Copy{root: root, nodes: map[string]*node{".": top}}, nil
}

// Add makes a file on disk, if it is of a kind that can be there: content for
// a regular file, and the target for a link. On disk everything is readable
// and writable by the caller.
func (c *Copy) Add(name string, attr Attr, content io.Reader, target string) error {
	parent, ok := c.nodes[path.Dir(name)]
	if _, again := c.nodes[name]; !ok || again || !parent.IsDir() || !valid(name) {
		return &fs.PathError{Op: "copy", Path: name, Err: fs.ErrInvalid}
	}
	n := &node{name: path.Base(name), attr: attr, target: target, size: int64(len(target))}
	keep := c.keep
	if c.root == nil {
		keep = c.remember
	}
	if err := keep(name, n, content); err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(parent.files, n, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	parent.files = slices.Insert(parent.files, at, n)
	c.nodes[name] = n
	return nil
}

// keep makes a file on disk.
func (c *Copy) keep(name string, n *node, content io.Reader) (err error) {
	switch n.Type() {
	case fs.ModeDir:
		err = c.root.Mkdir(name, 0o755)
	case fs.ModeSymlink:
		err = c.root.Symlink(n.target, name)
	case 0:
		n.size, err = c.write(name, n.Mode(), content)
	}
	return err
}

func (c *Copy) write(name string, mode fs.FileMode, content io.Reader) (int64, error) {
	f, err := c.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|mode&0o111)
	if err != nil {
		return 0, err
	}
	n, err := copySparse(f, content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return n, err
}

// copySparse copies and leaves out long runs of zeros, so that a file of which
// a container wrote only the last byte does not fill the disk.
func copySparse(f *os.File, r io.Reader) (int64, error) {
	var (
		buf   = make([]byte, 64<<10)
		zeros = make([]byte, len(buf))
		size  int64
	)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 && !bytes.Equal(buf[:n], zeros[:n]) {
			if _, err := f.WriteAt(buf[:n], size); err != nil {
				return size, err
			}
		}
		size += int64(n)
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return size, f.Truncate(size)
		default:
			return size, err
		}
	}
}

// valid is fs.ValidPath for names of any bytes.
func valid(name string) bool {
	return fs.ValidPath(strings.ToValidUTF8(name, "?"))
}

// Lstat implements [fs.ReadLinkFS].
func (c *Copy) Lstat(name string) (fs.FileInfo, error) { return c.find("lstat", name, false) }

// Stat implements [fs.StatFS].
func (c *Copy) Stat(name string) (fs.FileInfo, error) { return c.find("stat", name, true) }

// ReadLink implements [fs.ReadLinkFS].
func (c *Copy) ReadLink(name string) (string, error) {
	n, err := c.find("readlink", name, false)
	if err != nil {
		return "", err
	}
	if n.Type() != fs.ModeSymlink {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return n.target, nil
}

// ReadDir implements [fs.ReadDirFS]. Names are in order.
func (c *Copy) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := c.find("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if !n.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return n.entries(), nil
}

func (n *node) entries() []fs.DirEntry {
	list := make([]fs.DirEntry, len(n.files))
	for i, f := range n.files {
		list[i] = f
	}
	return list
}

// Open implements [fs.FS]. What is neither file nor directory cannot be
// opened.
func (c *Copy) Open(name string) (fs.File, error) {
	n, at, err := c.resolve("open", name, true)
	if err != nil {
		return nil, err
	}
	switch n.Type() {
	case fs.ModeDir:
		return &openDir{node: n, rest: n.entries()}, nil
	case 0:
		if c.root == nil {
			return openMemory{bytes.NewReader(n.data), n}, nil
		}
		f, err := c.root.Open(at)
		if err != nil {
			return nil, err
		}
		return &openFile{f, n}, nil
	default:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("%w: %v", fs.ErrInvalid, n.Mode())}
	}
}

func (c *Copy) find(op, name string, follow bool) (*node, error) {
	n, _, err := c.resolve(op, name, follow)
	return n, err
}

// resolve finds a file by name, following links on the way and, if asked, at
// the end. A link that leads out of the tree leads nowhere.
func (c *Copy) resolve(op, name string, follow bool) (*node, string, error) {
	fail := func(err error) (*node, string, error) {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: err}
	}
	if !valid(name) {
		return fail(fs.ErrInvalid)
	}
	at, rest, links := ".", name, 0
	for rest != "" {
		var elem string
		elem, rest, _ = strings.Cut(rest, "/")
		switch {
		case elem == "" || elem == ".":
			continue
		case elem == ".." && at == ".":
			return fail(fs.ErrNotExist)
		case elem == "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, elem)
		n, ok := c.nodes[next]
		if !ok {
			return fail(fs.ErrNotExist)
		}
		if n.Type() != fs.ModeSymlink || rest == "" && !follow {
			at = next
			continue
		}
		if links++; links > 40 || path.IsAbs(n.target) {
			return fail(fs.ErrNotExist)
		}
		rest = n.target + "/" + rest
	}
	return c.nodes[at], at, nil
}

// openFile is a file on disk that tells the attributes it had.
type openFile struct {
	*os.File
	node *node
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.node, nil }

// openDir is a directory while it is read.
type openDir struct {
	node *node
	rest []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.node, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.node.name, Err: fs.ErrInvalid}
}

// ReadDir implements [fs.ReadDirFile].
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(d.rest) {
		if n > 0 && len(d.rest) == 0 {
			return nil, io.EOF
		}
		n = len(d.rest)
	}
	list := d.rest[:n]
	d.rest = d.rest[n:]
	return list, nil
}
