// SPDX-License-Identifier: Apache-2.0

package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
)

// CopyIn implements [workflow.Pod]. A file takes the place of one that is
// there.
func (p *pod) CopyIn(ctx context.Context, volume string, files tree.FS) error {
	dir, err := p.volume(volume)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // what containers left there leads nowhere else
	if err != nil {
		return diag.Machine(err)
	}
	defer func() { _ = root.Close() }()
	in := &inCopy{ctx: ctx, pod: p, root: root, files: files}
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil || name == "." {
			return err
		}
		return in.file(name, entry)
	})
	err = cmp.Or(ctx.Err(), err, in.closeDirs())
	err = cmp.Or(err, in.giveBack())
	if err != nil && ctx.Err() == nil {
		return diag.Machine(fmt.Errorf("copying to volume %q: %w", volume, err))
	}
	return err
}

// An inCopy is one copy to a volume.
type inCopy struct {
	ctx   context.Context //nolint:containedctx // the copy is one call
	pod   *pod
	root  *os.Root
	files tree.FS
	dirs  []dirMode
	taken []gift
}

// dirMode is a directory that gets its mode when it is full: it may be one
// that nobody may write to.
type dirMode struct {
	name string
	mode fs.FileMode
}

func (c *inCopy) file(name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return c.dir(name, info.Mode())
	}
	if err := c.root.RemoveAll(name); err != nil {
		return err
	}
	switch info.Mode().Type() {
	case fs.ModeSymlink:
		target, err := c.files.ReadLink(name)
		if err != nil {
			return err
		}
		return errors.Join(c.root.Symlink(target, name), c.pod.own(c.root, name))
	case 0:
		if err := copyFileIn(c.root, c.files, name); err != nil {
			return err
		}
		// The mode last, since a change of owner clears setuid.
		return errors.Join(c.pod.own(c.root, name), c.root.Chmod(name, info.Mode()))
	default:
		return fmt.Errorf("%s: %w: %v", name, errors.ErrUnsupported, info.Mode().Type())
	}
}

func (c *inCopy) dir(name string, mode fs.FileMode) error {
	err := c.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return c.existing(name)
	}
	if err == nil {
		c.dirs = append(c.dirs, dirMode{name, mode})
		err = c.pod.own(c.root, name)
	}
	return err
}

// existing is about a directory that a container has made, or a link to one. It
// stays as it is, but while it is somebody else's nothing can be added.
func (c *inCopy) existing(name string) error {
	info, err := c.root.Lstat(name)
	if err != nil || !info.IsDir() || c.pod.namespace == nil || foreign(info) == nil {
		return err
	}
	if err := c.pod.take(c.ctx, c.root, name); err != nil {
		return err
	}
	c.taken = append(c.taken, c.pod.giftOf(name, info))
	return nil
}

// giveBack makes directories as they were.
func (c *inCopy) giveBack() error {
	if len(c.taken) == 0 {
		return nil
	}
	return c.pod.namespace.chown(context.WithoutCancel(c.ctx), c.root.Name(), c.taken)
}

// take makes the caller the owner of a file, which may then do with it whatever
// an owner may.
func (p *pod) take(ctx context.Context, root *os.Root, name string) error {
	return p.namespace.chown(ctx, root.Name(), []gift{{name: name, mode: 0o700}})
}

// giftOf is what makes a file as it was.
func (p *pod) giftOf(name string, info fs.FileInfo) gift {
	owner := p.attr(info).Owner
	return gift{name: name, uid: owner.UID, gid: owner.GID, mode: unixMode(info.Mode())}
}

// closeDirs sets the modes of directories, the innermost first.
func (c *inCopy) closeDirs() error {
	var errs []error
	for _, d := range slices.Backward(c.dirs) {
		errs = append(errs, c.root.Chmod(d.name, d.mode))
	}
	return errors.Join(errs...)
}

func copyFileIn(root *os.Root, files tree.FS, name string) error {
	in, err := files.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// own gives a file to the container's root.
func (p *pod) own(root *os.Root, name string) error {
	if p.engine.mode != ModeRange {
		return nil // it is the caller
	}
	return root.Lchown(name, toHost(0), toHost(0))
}

// makeDirs makes directories that belong to the container's root.
func (p *pod) makeDirs(root *os.Root, name string, mode fs.FileMode) error {
	if name == "." {
		return nil
	}
	if err := p.makeDirs(root, path.Dir(name), mode); err != nil {
		return err
	}
	err := root.Mkdir(name, mode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = root.Chmod(name, mode)
	}
	if err == nil {
		err = p.own(root, name)
	}
	return err
}

// CopyOut implements [workflow.Pod].
func (p *pod) CopyOut(ctx context.Context, volume, dir string) (tree.FS, error) {
	src, err := p.volume(volume)
	if err != nil {
		return nil, err
	}
	files, err := p.copyOut(ctx, src, dir)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, diag.Machine(fmt.Errorf("copying volume %q: %w", volume, err))
	}
	return files, nil
}

func (p *pod) copyOut(ctx context.Context, src, dir string) (tree.FS, error) {
	root, err := os.OpenRoot(src)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	info, err := root.Lstat(".")
	if err != nil {
		return nil, err
	}
	files, err := tree.NewCopy(dir, p.attr(info))
	if err != nil {
		return nil, err
	}
	out := &outCopy{ctx: ctx, pod: p, root: root, files: files}
	return files, out.dir(".", info)
}

// An outCopy is one copy of a volume. No container runs meanwhile, so what it
// finds stays as it is.
type outCopy struct {
	ctx   context.Context //nolint:containedctx // the copy is one call
	pod   *pod
	root  *os.Root
	files *tree.Copy
}

func (c *outCopy) dir(name string, info fs.FileInfo) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	return c.permitted(name, info, 0o500, func(d *os.File) error {
		entries, err := d.Readdirnames(-1)
		if err != nil {
			return err
		}
		slices.Sort(entries)
		for _, entry := range entries {
			if err := c.file(path.Join(name, entry)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *outCopy) file(name string) error {
	info, err := c.root.Lstat(name)
	if err != nil {
		return err
	}
	attr := c.pod.attr(info)
	switch info.Mode().Type() {
	case fs.ModeDir:
		if err := c.files.Add(name, attr, nil, ""); err != nil {
			return err
		}
		return c.dir(name, info)
	case fs.ModeSymlink:
		target, err := c.root.Readlink(name)
		if err != nil {
			return err
		}
		return c.files.Add(name, attr, nil, target)
	case 0:
		return c.permitted(name, info, 0o400, func(f *os.File) error {
			return c.files.Add(name, attr, contextReader{c.ctx, f}, "")
		})
	default:
		return c.files.Add(name, attr, strings.NewReader(""), "")
	}
}

// permitted opens a file or directory, even one that its owner has closed to
// everybody: such a one is as it was afterwards, for the next container.
func (c *outCopy) permitted(name string, info fs.FileInfo, need fs.FileMode, use func(*os.File) error) (err error) {
	if c.pod.closed(info, need) {
		if err := c.pod.take(c.ctx, c.root, name); err != nil {
			return err
		}
		defer func() {
			err = errors.Join(err, c.pod.namespace.chown(context.WithoutCancel(c.ctx), c.root.Name(), []gift{c.pod.giftOf(name, info)}))
		}()
	} else if c.pod.engine.mode != ModeRange && info.Mode()&need != need {
		if err := c.root.Chmod(name, info.Mode()|need); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.root.Chmod(name, info.Mode())) }()
	}
	f, err := c.root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return use(f)
}

// closed tells that a file of somebody else's may be one that the caller cannot
// open.
func (p *pod) closed(info fs.FileInfo, need fs.FileMode) bool {
	everybody := need>>3 | need>>6
	return p.namespace != nil && info.Mode()&everybody != everybody && foreign(info) != nil
}

// attr gives what the containers see of a file.
func (p *pod) attr(info fs.FileInfo) tree.Attr {
	a := tree.Attr{Mode: info.Mode(), ModTime: info.ModTime()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		a.Owner = tree.Ownership{
			UID: p.toContainer(int(stat.Uid), p.last.uid),
			GID: p.toContainer(int(stat.Gid), p.last.gid),
		}
		if n := p.namespace; n != nil {
			a.Owner = tree.Ownership{UID: n.uids.toContainer(int(stat.Uid)), GID: n.gids.toContainer(int(stat.Gid))}
		}
	}
	return a
}

// toContainer gives the container's id for a machine's. Own is that of the
// user, which alone may be one that has no place in the range.
func (p *pod) toContainer(host, own int) int {
	id := host - firstID
	switch {
	case p.engine.mode == ModeSingle || id == lastID:
		return own
	case id < 0 || id > lastID:
		return overflowID
	default:
		return id
	}
}

// overflowID is what the kernel shows for an id that a user namespace lacks.
const overflowID = 65534

// contextReader reads until ctx ends.
type contextReader struct {
	ctx context.Context //nolint:containedctx // as in package net/http, a reader has no other way to know
	r   io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
