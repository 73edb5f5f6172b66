// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// list is ls.
func list(c *call) error {
	names := c.args
	if len(names) == 0 {
		names = []string{"."}
	}
	var errs []error
	var files []string
	var dirs []string
	for _, name := range names {
		info, err := os.Stat(c.path(name))
		if err != nil {
			info, err = os.Lstat(c.path(name)) // a link that leads nowhere
		}
		switch {
		case err != nil:
			errs = append(errs, err)
		case info.IsDir():
			dirs = append(dirs, name)
		default:
			files = append(files, name)
		}
	}
	errs = append(errs, c.show("", files))
	titled := len(names) > 1 || c.has("R")
	for i, dir := range dirs {
		if titled {
			if i > 0 || len(files) > 0 {
				c.print()
			}
			c.print(dir + ":")
		}
		errs = append(errs, c.listDir(dir))
	}
	return errors.Join(errs...)
}

func (c *call) listDir(dir string) error {
	entries, err := os.ReadDir(c.path(dir))
	if err != nil {
		return err
	}
	var names, below []string
	if c.has("a") {
		names = []string{".", ".."}
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") && !c.has("a") {
			continue
		}
		names = append(names, entry.Name())
		if entry.IsDir() {
			below = append(below, filepath.Join(dir, entry.Name()))
		}
	}
	err = c.show(dir, names)
	if !c.has("R") {
		return err
	}
	for _, sub := range below {
		c.print("\n" + sub + ":")
		err = errors.Join(err, c.listDir(sub))
	}
	return err
}

// show prints files of a directory, one on each line.
func (c *call) show(dir string, names []string) error {
	if !c.has("l") {
		for _, name := range names {
			c.print(name)
		}
		return nil
	}
	var errs []error
	w := tabwriter.NewWriter(c.Stdout, 0, 1, 0, ' ', tabwriter.AlignRight)
	for _, name := range names {
		path := c.path(filepath.Join(dir, name))
		info, err := os.Lstat(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, gid := owner(info)
		target := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(path)
			target = " -> " + to
			errs = append(errs, err)
		}
		fmt.Fprintf(w, "%s\t %s\t %s\t %d\t %s %s%s\n", modeString(info.Mode()), uid, gid, info.Size(),
			info.ModTime().UTC().Format("2006-01-02 15:04"), name, target)
	}
	return errors.Join(append(errs, w.Flush())...)
}

// modeString is a mode as ls shows it.
func modeString(mode fs.FileMode) string {
	letters := []byte(mode.Perm().String())
	switch mode.Type() {
	case fs.ModeDir:
		letters[0] = 'd'
	case fs.ModeSymlink:
		letters[0] = 'l'
	case fs.ModeNamedPipe:
		letters[0] = 'p'
	case fs.ModeSocket:
		letters[0] = 's'
	case fs.ModeDevice:
		letters[0] = 'b'
	case fs.ModeDevice | fs.ModeCharDevice:
		letters[0] = 'c'
	}
	for _, bit := range []struct {
		mode fs.FileMode
		at   int
		set  byte
	}{{fs.ModeSetuid, 3, 's'}, {fs.ModeSetgid, 6, 's'}, {fs.ModeSticky, 9, 't'}} {
		if mode&bit.mode == 0 {
			continue
		}
		if letters[bit.at] == '-' {
			bit.set -= 'a' - 'A' // nobody may execute it
		}
		letters[bit.at] = bit.set
	}
	return string(letters)
}
