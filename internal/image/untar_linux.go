// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxEntries  = 2_000_000 // of one layer
	maxPath     = 3000      // bytes; the system's own limit, with room for the cache's directory
	maxDepth    = 250       // directories, each of which is held open
	maxSymlinks = 40        // on the way to one entry, as in the kernel

	whiteoutPrefix = ".wh."
	opaqueWhiteout = ".wh..wh..opq"
	opaqueXattr    = "user.overlay.opaque"

	maxID    = 65535 // what a shifted range has room for
	nobodyID = 65534
)

// untar unpacks a layer into dir, which is empty. Everything that is created,
// changed or removed is named by one component below an open directory that
// was reached from dir one component at a time, so that no name and no link
// leads out of it.
//
// What a layer says nothing of is as the layers below have it: see [below].
// Untar lists the files that are left to Owners.Give.
func untar(dir string, r io.Reader, owners Owners, limit int64, b below) ([]Given, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	u := &unpacker{owners: owners, left: limit, below: b, given: map[string]Given{}}
	u.open = []openDir{{root: root, mode: 0o755, mtime: time.Unix(0, 0)}}
	err = u.unpack(tar.NewReader(r))
	if err = errors.Join(err, u.leave(0)); err != nil {
		return nil, err
	}
	return slices.Collect(maps.Values(u.given)), nil // in no order: each stands for itself
}

// An unpacker is at one directory of the layer and holds it and those above it
// open. While a directory is open one may write to it; its own mode and time
// are set when the unpacker leaves it.
type unpacker struct {
	owners Owners
	left   int64 // bytes that may still be written
	below  below
	open   []openDir // from the layer's root downwards
	given  map[string]Given
}

type openDir struct {
	root  *os.Root
	name  string
	mode  fs.FileMode
	mtime time.Time
}

func (u *unpacker) unpack(r *tar.Reader) error {
	if err := u.chown(u.top().root, ".", 0, 0, u.top().mode); err != nil {
		return err
	}
	for n := 0; ; n++ {
		header, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n == maxEntries:
			return fmt.Errorf("more than %d entries", maxEntries)
		}
		if err := u.entry(header, r); err != nil {
			return fmt.Errorf("entry %q: %w", header.Name, err)
		}
	}
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	if len(h.Name) > maxPath {
		return fmt.Errorf("its name has more than %d bytes", maxPath)
	}
	name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
	dir, base := path.Split(name)
	switch h.Typeflag {
	case tar.TypeXGlobalHeader, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return nil
	}
	if err := u.enter(dir); err != nil {
		return err
	}
	if strings.HasPrefix(base, whiteoutPrefix) {
		return u.whiteout(base)
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.directory(base, h)
	case tar.TypeReg, tar.TypeGNUSparse:
		return u.file(base, h, content)
	case tar.TypeSymlink:
		return u.symlink(base, h)
	case tar.TypeLink:
		return u.hardLink(dir, base, h.Linkname)
	}
	return fmt.Errorf("it has the unknown type %q", h.Typeflag)
}

func (u *unpacker) top() *openDir { return &u.open[len(u.open)-1] }

// leave closes directories until depth of them are open, and gives them the
// mode and time they should have.
func (u *unpacker) leave(depth int) error {
	var failed []error
	for len(u.open) > depth {
		d := u.top()
		// The mode last: it may well forbid us to do anything else here.
		failed = append(failed, d.root.Chtimes(".", d.mtime, d.mtime), d.root.Chmod(".", d.mode), d.root.Close())
		u.open = u.open[:len(u.open)-1]
	}
	return errors.Join(failed...)
}

// enter goes to a directory, as a process inside the container would: links
// are followed inside the layer, and ".." of its root is its root. What is
// missing is made; what is no directory gives way to one.
func (u *unpacker) enter(dir string) error {
	todo := strings.Split(dir, "/")
	depth := 1
	for depth < len(u.open) && len(todo) > 0 && u.open[depth].name == todo[0] {
		depth, todo = depth+1, todo[1:]
	}
	if err := u.leave(depth); err != nil {
		return err
	}
	for links := 0; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		target, err := u.step(name)
		if err != nil {
			return err
		}
		if target == "" {
			continue
		}
		if links++; links > maxSymlinks {
			return unix.ELOOP
		}
		if path.IsAbs(target) {
			if err := u.leave(1); err != nil {
				return err
			}
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return nil
}

// step goes one component further. If that is a link it stays and gives the
// link's target.
func (u *unpacker) step(name string) (target string, err error) {
	switch name {
	case "", ".":
		return "", nil
	case "..":
		return "", u.leave(max(1, len(u.open)-1))
	}
	info, err := u.top().root.Lstat(name)
	switch {
	case err == nil && info.Mode().Type() == fs.ModeSymlink:
		return u.top().root.Readlink(name)
	case err == nil && info.IsDir():
		return "", u.down(name)
	}
	return u.implied(name, errors.Is(err, fs.ErrNotExist))
}

// implied goes to a directory that the layer has something in and does not
// describe: it is as the layers below have it, who may also have a link there.
func (u *unpacker) implied(name string, unhidden bool) (target string, err error) {
	var lower fs.FileInfo
	if unhidden && !u.hidesLower() {
		if lower, err = u.below.lstat(u.name(name)); err != nil {
			return "", err
		}
	}
	if lower != nil && lower.Mode().Type() == fs.ModeSymlink {
		return u.below.readlink(u.name(name))
	}
	if err := u.makeDir(name); err != nil {
		return "", err
	}
	if lower != nil && lower.IsDir() {
		return "", u.copyAttributes(lower)
	}
	u.top().mode, u.top().mtime = 0o755, time.Unix(0, 0)
	return "", u.chown(u.top().root, ".", 0, 0, u.top().mode)
}

// hidesLower tells whether nothing of the layers below is seen in the current
// directory.
func (u *unpacker) hidesLower() bool {
	path := u.open[0].root.Name()
	for _, d := range u.open {
		path = filepath.Join(path, d.name)
		if isOpaque(path) {
			return true
		}
	}
	return false
}

// copyAttributes makes the current directory like one of a layer below, which
// belongs to its owner on this machine already.
func (u *unpacker) copyAttributes(lower fs.FileInfo) error {
	u.top().mode, u.top().mtime = lower.Mode()&(fs.ModePerm|fs.ModeSticky|fs.ModeSetuid|fs.ModeSetgid), lower.ModTime()
	stat, ok := lower.Sys().(*syscall.Stat_t)
	if u.owners.Shift == nil || !ok {
		return nil
	}
	return u.own(u.top().root, ".", int(stat.Uid), int(stat.Gid), u.top().mode)
}

// down opens a directory below the current one.
func (u *unpacker) down(name string) error {
	size := len(name)
	for _, d := range u.open {
		size += len(d.name) + 1
	}
	if len(u.open) > maxDepth || size > maxPath {
		return fmt.Errorf("it is more than %d directories or %d bytes deep", maxDepth, maxPath)
	}
	parent := u.top().root
	info, err := parent.Lstat(name)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o700 != 0o700 {
		if err := parent.Chmod(name, 0o700); err != nil {
			return err
		}
	}
	root, err := parent.OpenRoot(name)
	if err != nil {
		return err
	}
	u.open = append(u.open, openDir{root, name, info.Mode(), info.ModTime()})
	return nil
}

// makeDir makes a directory in place of whatever has the name, and opens it.
// One that is made where a whiteout was hides what lower layers have there.
func (u *unpacker) makeDir(name string) error {
	hides, err := u.clear(name)
	if err != nil {
		return err
	}
	if err := u.top().root.Mkdir(name, 0o700); err != nil {
		return err
	}
	if err := u.down(name); err != nil || !hides {
		return err
	}
	return u.hideLower()
}

// clear removes what has the name, and tells whether it was a whiteout.
func (u *unpacker) clear(name string) (whiteout bool, err error) {
	root := u.top().root
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	delete(u.given, u.name(name))
	if !info.IsDir() {
		return info.Mode().Type()&fs.ModeCharDevice != 0, root.Remove(name)
	}
	return false, u.removeDir(name)
}

// removeDir removes a directory with all it holds, of whatever mode.
func (u *unpacker) removeDir(name string) error {
	if err := u.down(name); err != nil {
		return err
	}
	entries, err := fs.ReadDir(u.top().root.FS(), ".")
	for _, e := range entries {
		if err == nil {
			_, err = u.clear(e.Name())
		}
	}
	return errors.Join(err, u.leave(len(u.open)-1), u.top().root.Remove(name))
}

func (u *unpacker) directory(base string, h *tar.Header) error {
	if base != "" { // else it is the layer's root
		info, err := u.top().root.Lstat(base)
		if err == nil && info.IsDir() {
			err = u.down(base)
		} else {
			err = u.makeDir(base)
		}
		if err != nil {
			return err
		}
	}
	u.top().mode, u.top().mtime = u.mode(h), h.ModTime
	return u.chown(u.top().root, ".", h.Uid, h.Gid, u.mode(h))
}

func (u *unpacker) file(base string, h *tar.Header, content io.Reader) error {
	if base == "" {
		return errRoot
	}
	if u.left -= h.Size; u.left < 0 {
		return errTooBig
	}
	if _, err := u.clear(base); err != nil {
		return err
	}
	root := u.top().root
	f, err := root.OpenFile(base, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	// The owner first: a change of owner takes setuid and setgid away.
	return errors.Join(u.chown(root, base, h.Uid, h.Gid, u.mode(h)), root.Chmod(base, u.mode(h)), root.Chtimes(base, h.ModTime, h.ModTime))
}

var errRoot = errors.New("only a directory can be the root of a file system")

func (u *unpacker) symlink(base string, h *tar.Header) error {
	if base == "" {
		return errRoot
	}
	if _, err := u.clear(base); err != nil {
		return err
	}
	if err := u.top().root.Symlink(h.Linkname, base); err != nil {
		return err
	}
	return u.chown(u.top().root, base, h.Uid, h.Gid, fs.ModeSymlink)
}

// hardLink gives a file or symbolic link of this layer another name.
func (u *unpacker) hardLink(dir, base, target string) error {
	if base == "" {
		return errRoot
	}
	targetDir, targetBase := path.Split(strings.TrimPrefix(path.Clean("/"+target), "/"))
	if err := u.enter(targetDir); err != nil {
		return err
	}
	info, err := u.top().root.Lstat(targetBase)
	if err != nil || !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink {
		return fmt.Errorf("it links to %q, which is no file of this layer", target)
	}
	from := u.name(targetBase)
	if err := u.enter(dir); err != nil {
		return err
	}
	to := u.name(base)
	if from == to {
		return nil
	}
	if _, err := u.clear(base); err != nil {
		return err
	}
	return u.open[0].root.Link(from, to)
}

// name gives the name of something in the current directory as seen from the
// layer's root, with no links on the way.
func (u *unpacker) name(base string) string {
	var names []string
	for _, d := range u.open[1:] {
		names = append(names, d.name)
	}
	return strings.Join(append(names, base), "/")
}

// whiteout hides a file of the layers below, in the form that overlayfs
// understands. It does not hide what this layer has under the name.
func (u *unpacker) whiteout(base string) error {
	hidden := strings.TrimPrefix(base, whiteoutPrefix)
	switch {
	case base == opaqueWhiteout:
		return u.hideLower()
	case strings.HasPrefix(hidden, whiteoutPrefix):
		return nil // bookkeeping of aufs, a file system of the past
	case hidden == "" || hidden == "." || hidden == "..":
		return errors.New("it hides nothing that has a name")
	}
	info, err := u.top().root.Lstat(hidden)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return u.inDir(func(fd int) error { return unix.Mknodat(fd, hidden, unix.S_IFCHR, 0) })
	case err != nil || !info.IsDir():
		return err
	}
	if err := u.down(hidden); err != nil {
		return err
	}
	return u.hideLower()
}

// hideLower hides what the layers below have in the current directory.
func (u *unpacker) hideLower() error {
	return u.inDir(func(fd int) error { return unix.Fsetxattr(fd, opaqueXattr, []byte("y"), 0) })
}

func isOpaque(dir string) bool {
	var value [1]byte
	n, err := unix.Getxattr(dir, opaqueXattr, value[:])
	return err == nil && n == 1 && value[0] == 'y'
}

// inDir does what os.Root cannot with the current directory.
func (u *unpacker) inDir(do func(fd int) error) error {
	f, err := u.top().root.Open(".")
	if err != nil {
		return err
	}
	if err := do(int(f.Fd())); err != nil {
		return errors.Join(fmt.Errorf("overlay whiteouts on this file system: %w", err), f.Close())
	}
	return f.Close()
}

// mode gives the permissions that an entry keeps: one that belongs to somebody
// else than it says must not lend that one's rights.
func (u *unpacker) mode(h *tar.Header) fs.FileMode {
	keep := fs.ModePerm | fs.ModeSticky
	if u.owners.Shift != nil {
		keep |= fs.ModeSetuid | fs.ModeSetgid
	}
	return h.FileInfo().Mode() & keep
}

// chown gives something in the current directory, or that itself, the owner
// that the image says.
func (u *unpacker) chown(root *os.Root, name string, uid, gid int, mode fs.FileMode) error {
	if u.owners.Shift == nil {
		return nil
	}
	uid, gid = u.owners.Shift(clampID(uid), clampID(gid))
	return u.own(root, name, uid, gid, mode)
}

// own gives it an owner of this machine, now or when all is unpacked.
func (u *unpacker) own(root *os.Root, name string, uid, gid int, mode fs.FileMode) error {
	if u.owners.Give == nil {
		return root.Lchown(name, uid, gid)
	}
	full := path.Clean(u.name(name))
	delete(u.given, full)
	if uid != os.Geteuid() || gid != os.Getegid() {
		u.given[full] = Given{full, uid, gid, mode}
	}
	return nil
}

func clampID(id int) int {
	if id < 0 || id > maxID {
		return nobodyID
	}
	return id
}
