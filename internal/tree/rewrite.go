// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// Rewrite adds the files of another tree to c under other names and with other
// contents. Names are paths in the tree, and so are targets of links. Where two
// files would have one name, the later ones get a number.
func (c *Copy) Rewrite(from FS, name func(string) string, content func(name string, data []byte) []byte) error {
	return fs.WalkDir(from, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || file == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		to := name(file)
		if info.IsDir() && c.isDir(to) {
			return nil
		}
		attr := Attr{Mode: info.Mode(), ModTime: info.ModTime()}
		attr.Owner, _ = Owner(info)
		var data io.Reader
		target := ""
		switch info.Mode().Type() {
		case 0:
			old, err := fs.ReadFile(from, file)
			if err != nil {
				return err
			}
			data = bytes.NewReader(content(file, old))
		case fs.ModeSymlink:
			if target, err = fs.ReadLink(from, file); err != nil {
				return err
			}
			target = name(target)
		}
		if err := c.AddDir(path.Dir(to), 0o755); err != nil {
			return err
		}
		return c.Add(c.free(to), attr, data, target)
	})
}

func (c *Copy) isDir(name string) bool {
	n, ok := c.nodes[name]
	return ok && n.IsDir()
}

// free gives a name that no file has.
func (c *Copy) free(name string) string {
	ext := path.Ext(name)
	stem, free := name[:len(name)-len(ext)], name
	for i := 2; c.nodes[free] != nil; i++ {
		free = fmt.Sprintf("%s-%d%s", stem, i, ext)
	}
	return free
}
