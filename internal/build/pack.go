// SPDX-License-Identifier: Apache-2.0

package build

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kratix-tools/kratix/internal/diag"
)

const (
	programPath = "usr/local/bin/pipeline"
	nonroot     = 65532 // the user without rights, as in other small images
)

// Created gives the time that images should say they were made at:
// SOURCE_DATE_EPOCH if set, else the zero of Unix time.
func Created(getenv func(string) string) (time.Time, error) {
	s := getenv("SOURCE_DATE_EPOCH")
	if s == "" {
		return time.Unix(0, 0), nil
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, diag.Inputf("SOURCE_DATE_EPOCH is %q, not a number of seconds since 1970", s)
	}
	return time.Unix(seconds, 0), nil
}

// base gives the image to build onto: for the platform, with nothing in it if
// none is asked for.
func (o GoOptions) base(ctx context.Context, platform v1.Platform) (v1.Image, error) {
	if o.Base == "" {
		return nil, nil //nolint:nilnil // no base is a base
	}
	get := o.Get
	get.Platform = platform.String()
	found, err := o.Store.Get(ctx, o.Base, get)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", o.Dir, err)
	}
	if found.OS != platform.OS || found.Architecture != platform.Architecture {
		return nil, diag.Inputf("building %s: base image %s is for %s/%s, not %s", o.Dir, o.Base, found.OS, found.Architecture, platform)
	}
	img, err := o.Store.Content(found)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", o.Dir, err)
	}
	return img, nil
}

// pack makes the image of a program and the stage's resources.
func (o GoOptions) pack(program string, base v1.Image, platform v1.Platform) (v1.Image, error) {
	created := o.Created
	if created.IsZero() {
		created = time.Unix(0, 0)
	}
	content := tree{}
	if base == nil {
		content.addSystem()
	}
	if err := content.addFile(programPath, program, 0o755); err != nil {
		return nil, err
	}
	if err := content.addResources(filepath.Join(o.Dir, "resources")); err != nil {
		return nil, err
	}
	packed, err := content.tar(created)
	if err != nil {
		return nil, err
	}
	return assemble(packed, base, platform, created.UTC())
}

func assemble(packed []byte, base v1.Image, platform v1.Platform, created time.Time) (v1.Image, error) {
	if base == nil {
		base = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	}
	mediaType := types.OCILayer
	if m, err := base.MediaType(); err == nil && m == types.DockerManifestSchema2 {
		mediaType = types.DockerLayer
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(mediaType), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	img, err := mutate.Append(base, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: created}, CreatedBy: "kratix build container"},
	})
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(img, configure(config.DeepCopy(), platform, created))
}

// configure makes the program what the image runs, and a user without rights
// the one it runs as, unless the base names one.
func configure(config *v1.ConfigFile, platform v1.Platform, created time.Time) *v1.ConfigFile {
	config.Created = v1.Time{Time: created}
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	c := &config.Config
	c.Entrypoint, c.Cmd, c.WorkingDir = []string{"/" + programPath}, nil, "/"
	if c.User == "" {
		c.User = fmt.Sprintf("%d:%d", nonroot, nonroot)
	}
	if len(c.Env) == 0 {
		c.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	}
	return config
}

// tree is the content of a layer: for each name what is there.
type tree map[string]node

type node struct {
	header tar.Header
	source string // of a file, on this machine
	data   string // of a file, if it has no source
}

// addSystem adds what programs expect of any system.
func (t tree) addSystem() {
	t["tmp"] = node{header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o1777}}
	t["root"] = node{header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o700}}
	t.addParents("home/nonroot")
	t["home/nonroot"] = node{header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o700, Uid: nonroot, Gid: nonroot}}
	t.addData("etc/passwd", fmt.Sprintf("root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:%d:%[1]d:nonroot:/home/nonroot:/sbin/nologin\n", nonroot))
	t.addData("etc/group", fmt.Sprintf("root:x:0:\nnonroot:x:%d:\n", nonroot))
}

func (t tree) addData(name, data string) {
	t.addParents(name)
	t[name] = node{header: tar.Header{Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(data))}, data: data}
}

func (t tree) addFile(name, source string, mode int64) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	t.addParents(name)
	t[name] = node{header: tar.Header{Typeflag: tar.TypeReg, Mode: mode, Size: info.Size()}, source: source}
	return nil
}

func (t tree) addParents(name string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, ok := t[dir]; !ok {
			t[dir] = node{header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}}
		}
	}
}

// addResources adds the files of dir, if there is one, below /resources,
// readable by everybody.
func (t tree) addResources(dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		if below != "." && isJunk(d) {
			return skip(d)
		}
		return t.addResource(path.Join("resources", filepath.ToSlash(below)), file, d)
	})
}

func (t tree) addResource(name, file string, d fs.DirEntry) error {
	switch d.Type() {
	case fs.ModeDir:
		t[name] = node{header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}}
		return nil
	case fs.ModeSymlink:
		target, err := os.Readlink(file)
		t[name] = node{header: tar.Header{Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: filepath.ToSlash(target)}}
		return err
	case 0:
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := int64(0o644)
		if info.Mode()&0o111 != 0 {
			mode = 0o755
		}
		return t.addFile(name, file, mode)
	}
	return fmt.Errorf("%s is neither a file, a directory nor a link", file)
}

// tar writes the tree in the order of its names.
func (t tree) tar(modified time.Time) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(t)) {
		n := t[name]
		n.header.Name, n.header.ModTime = name, modified
		if n.header.Typeflag == tar.TypeDir {
			n.header.Name += "/"
		}
		if err := w.WriteHeader(&n.header); err != nil {
			return nil, err
		}
		if err := n.copyTo(w); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func (n node) copyTo(w io.Writer) error {
	if n.source == "" {
		_, err := io.Copy(w, strings.NewReader(n.data))
		return err
	}
	f, err := os.Open(n.source)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(w, f)
	return err
}
