// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// pod is one Pod: a keeper of volumes. Between two steps nothing of it runs.
type pod struct {
	engine   *Engine
	keeper   *keeper
	numbers  map[string]int // of volumes, by name
	used     bool           // by a step, so that volumes hold what nobody knows
	removals sync.WaitGroup // of steps that have ended
}

// NewPod implements [workflow.Engine].
func (e *Engine) NewPod(ctx context.Context, volumes []string) (workflow.Pod, error) {
	p := &pod{engine: e, numbers: map[string]int{}}
	for i, name := range volumes {
		if _, again := p.numbers[name]; again {
			return nil, diag.Inputf("volume %q is named twice", name)
		}
		p.numbers[name] = i
	}
	var err error
	if p.keeper, err = e.newKeeper(ctx, len(volumes)); err != nil {
		return nil, err
	}
	return p, nil
}

// Close implements [workflow.Pod].
func (p *pod) Close() error {
	p.removals.Wait()
	if err := p.engine.remove(context.Background(), p.keeper.id); err != nil {
		return p.engine.fault("removing volumes", err)
	}
	return nil
}

func (p *pod) volume(name string) (int, error) {
	i, ok := p.numbers[name]
	if !ok {
		return 0, diag.Inputf("the Pod has no volume %q", name)
	}
	return i, nil
}

// CopyIn implements [workflow.Pod]. A file takes the place of one that is
// there.
func (p *pod) CopyIn(ctx context.Context, volume string, files tree.FS) error {
	i, err := p.volume(volume)
	if err != nil {
		return err
	}
	in := &inCopy{ctx: ctx, files: files}
	if p.used {
		in.exists, err = p.existing(ctx, keeperPath(i), files)
	}
	if err == nil {
		err = p.put(ctx, keeperPath(i), in.run)
	}
	if err != nil && ctx.Err() == nil {
		return diag.Machine(fmt.Errorf("copying to volume %q: %w", volume, err))
	}
	return cmp.Or(ctx.Err(), err)
}

// put unpacks in a directory of the keeper what is written to a tar stream.
// Whoever writes must not ask the daemon for anything: it locks the keeper.
func (p *pod) put(ctx context.Context, dir string, write func(*tar.Writer) error) error {
	r, w := io.Pipe()
	go func() {
		archive := tar.NewWriter(w)
		_ = w.CloseWithError(cmp.Or(write(archive), archive.Close()))
	}()
	defer func() { _ = r.Close() }()
	return p.engine.client.putArchive(ctx, p.keeper.id, dir, r)
}

// existing tells which directories of a tree a directory of the keeper has.
func (p *pod) existing(ctx context.Context, dir string, files tree.FS) (map[string]bool, error) {
	found := map[string]bool{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || name == "." {
			return err
		}
		there, err := p.engine.client.hasPath(ctx, p.keeper.id, dir+"/"+name)
		if err == nil && !there {
			return fs.SkipDir
		}
		found[name] = there
		return err
	})
	return found, err
}

// An inCopy is one copy to a volume.
type inCopy struct {
	ctx    context.Context //nolint:containedctx // the copy is one call
	files  tree.FS
	exists map[string]bool // directories
	tar    *tar.Writer
}

func (c *inCopy) run(archive *tar.Writer) error {
	c.tar = archive
	return fs.WalkDir(c.files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err := cmp.Or(err, c.ctx.Err()); err != nil || name == "." {
			return err
		}
		return c.file(name, entry)
	})
}

func (c *inCopy) file(name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	h := &tar.Header{Name: name, Mode: tarMode(info.Mode()), ModTime: time.Now()}
	switch info.Mode().Type() {
	case fs.ModeDir:
		if c.exists[name] {
			return nil // a container's: as it is
		}
		h.Typeflag = tar.TypeDir
		return c.tar.WriteHeader(h)
	case fs.ModeSymlink:
		h.Typeflag = tar.TypeSymlink
		if h.Linkname, err = c.files.ReadLink(name); err != nil {
			return err
		}
		return c.tar.WriteHeader(h)
	case 0:
		return c.regular(h)
	default:
		return fmt.Errorf("%s: %w: %v", name, errors.ErrUnsupported, info.Mode().Type())
	}
}

func (c *inCopy) regular(h *tar.Header) error {
	f, err := c.files.Open(h.Name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h.Typeflag, h.Size = tar.TypeReg, info.Size()
	if err := c.tar.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(c.tar, f)
	return err
}

// tarMode gives the permissions as a tar file has them.
func tarMode(mode fs.FileMode) int64 {
	n := int64(mode.Perm())
	for _, bit := range []struct {
		mode fs.FileMode
		tar  int64
	}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}} {
		if mode&bit.mode != 0 {
			n |= bit.tar
		}
	}
	return n
}

// CopyOut implements [workflow.Pod]. Sockets are not told of: no tar file can
// have one.
func (p *pod) CopyOut(ctx context.Context, volume, dir string) (tree.FS, error) {
	i, err := p.volume(volume)
	if err != nil {
		return nil, err
	}
	archive, err := p.engine.client.getArchive(ctx, p.keeper.id, keeperPath(i))
	if err == nil {
		defer func() { _ = archive.Close() }()
		var files tree.FS
		if files, err = unpack(archive, dir); err == nil {
			return files, nil
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, diag.Machine(fmt.Errorf("copying volume %q: %w", volume, err))
}

// unpack reads a tar stream with one directory, from the top down.
func unpack(r io.Reader, dir string) (tree.FS, error) {
	archive := tar.NewReader(r)
	top, err := archive.Next()
	if err != nil {
		return nil, err
	}
	if top.Typeflag != tar.TypeDir {
		return nil, fmt.Errorf("the archive begins with %s, which is no directory", top.Name)
	}
	files, err := tree.NewCopy(dir, attr(top))
	if err != nil {
		return nil, err
	}
	prefix := rooted(top.Name)
	for {
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return files, nil
		case err != nil:
			return nil, err
		}
		if err := unpackFile(files, h, prefix, archive); err != nil {
			return nil, err
		}
	}
}

// rooted is a name of a tar file as a path from its root: Docker begins with
// the name of the directory, Podman with "/".
func rooted(name string) string { return path.Clean("/" + name) }

// below is a name as a path from the directory prefix.
func below(prefix, name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(rooted(name), prefix), "/")
}

func unpackFile(files *tree.Copy, h *tar.Header, prefix string, content io.Reader) error {
	name := below(prefix, h.Name)
	if h.Typeflag != tar.TypeLink {
		return files.Add(name, attr(h), content, h.Linkname)
	}
	// A further name of a file that came before.
	first := below(prefix, h.Linkname)
	info, err := files.Lstat(first)
	if err != nil {
		return err
	}
	a := attr(h)
	a.Mode = info.Mode()
	if !info.Mode().IsRegular() {
		target, _ := files.ReadLink(first)
		return files.Add(name, a, strings.NewReader(""), target)
	}
	f, err := files.Open(first)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return files.Add(name, a, f, "")
}

// attr gives what the containers see of a file.
func attr(h *tar.Header) tree.Attr {
	return tree.Attr{Mode: h.FileInfo().Mode(), ModTime: h.ModTime, Owner: tree.Ownership{UID: h.Uid, GID: h.Gid}}
}

// subPath settles which file of a volume a mount shows. Links are followed
// inside the volume; what is missing is made as a directory, as a kubelet does.
// No step runs meanwhile, so what is found stays as it is.
func (p *pod) subPath(ctx context.Context, volume int, sub string) (string, error) {
	if path.IsAbs(sub) || slices.Contains(strings.Split(sub, "/"), "..") {
		return "", diag.Inputf("not a path inside the volume")
	}
	files, err := p.headers(ctx, volume)
	if err != nil {
		return "", p.engine.fault("listing the volume", err)
	}
	at, rest := "", path.Clean(sub)
	for links := 0; rest != ""; {
		var elem string
		elem, rest, _ = strings.Cut(rest, "/")
		next := path.Join(at, elem)
		h := files[next]
		switch {
		case next == ".." || strings.HasPrefix(next, "../"):
			return "", diag.Inputf("a link leads out of the volume")
		case elem == "" || elem == "." || elem == "..":
		case h == nil:
			if err := p.makeDir(ctx, path.Join(keeperPath(volume), at), elem); err != nil {
				return "", p.engine.fault("making a directory", err)
			}
		case h.Typeflag == tar.TypeSymlink:
			if links++; links > 40 || path.IsAbs(h.Linkname) {
				return "", diag.Inputf("a link leads out of the volume")
			}
			rest = strings.TrimSuffix(h.Linkname+"/"+rest, "/")
			continue
		case h.Typeflag != tar.TypeDir && rest != "":
			return "", diag.Inputf("%s is no directory", next)
		}
		at = strings.TrimPrefix(next, ".")
	}
	return at, nil
}

// headers lists the files of a volume by their paths in it. Asking the daemon
// for one file would not do: Podman does not tell a link from what it leads to.
func (p *pod) headers(ctx context.Context, volume int) (map[string]*tar.Header, error) {
	r, err := p.engine.client.getArchive(ctx, p.keeper.id, keeperPath(volume))
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	archive := tar.NewReader(r)
	top, err := archive.Next()
	if err != nil {
		return nil, err
	}
	files := map[string]*tar.Header{}
	for {
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return files, nil
		case err != nil:
			return nil, err
		}
		files[below(rooted(top.Name), h.Name)] = h
	}
}

func (p *pod) makeDir(ctx context.Context, parent, name string) error {
	return p.put(ctx, parent, func(archive *tar.Writer) error {
		return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o750, ModTime: time.Now()})
	})
}
