// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// busybox is Debian's busybox-static.
const busybox = "/bin/busybox"

// applets are the commands of the images.
var applets = strings.Fields("sh cat echo printf env pwd id ls ln rm mkdir mkfifo chmod chown sleep kill dd hostname stat head tail grep sort tr true unshare wc yes umask stty test [")

// world is an engine with the cache from which it has its images.
type world struct {
	workflow.Engine
	images *image.Store
	// oneUser tells that containers know no other user than their own, as for
	// an ordinary user's native engine.
	oneUser bool
	number  atomic.Int32
}

// newWorld makes an engine and finds out what it can.
func newWorld(t *testing.T, newEngine func(t *testing.T, images *image.Store) workflow.Engine) *world {
	t.Helper()
	store, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := &world{Engine: newEngine(t, store), images: store}
	ref := w.image(t, v1.Config{})
	t.Run("setup", func(t *testing.T) {
		got := w.run(t, w.pod(t), w.sh(ref, "echo > /tmp/f && chown 5 /tmp/f 2>/dev/null"))
		w.oneUser = got.Code != 0
	})
	return w
}

// file is a file of an image; a name that ends in "/" is a directory's.
type file struct {
	name, content string
	mode          int64
}

// image makes an image of busybox and files and gives its reference.
func (w *world) image(t *testing.T, config v1.Config, files ...file) string {
	t.Helper()
	shell, err := os.ReadFile(busybox)
	if err != nil {
		t.Skipf("no static busybox to put into images: %v", err)
	}
	layers := []v1.Layer{shellLayer(t, shell), layer(t, files)}
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	built, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Env == nil {
		config.Env = []string{"PATH=/bin"}
	}
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH, Config: config, RootFS: built.RootFS})
	if err != nil {
		t.Fatal(err)
	}
	ref := fmt.Sprintf("%s/enginetest:%d", image.LocalHost, w.number.Add(1))
	if _, err := w.images.Put(t.Context(), ref, img); err != nil {
		t.Fatal(err)
	}
	return ref
}

func shellLayer(t *testing.T, shell []byte) v1.Layer {
	t.Helper()
	files := []file{{name: "bin/"}, {name: "bin/busybox", content: string(shell), mode: 0o755}, {name: "tmp/", mode: 0o1777}}
	return layer(t, files, applets...)
}

// layer makes a layer of files, and of links to busybox.
func layer(t *testing.T, files []file, links ...string) v1.Layer {
	t.Helper()
	var buf bytes.Buffer
	archive := tar.NewWriter(&buf)
	add := func(h *tar.Header, content string) {
		if err := archive.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), Typeflag: tar.TypeReg}
		if strings.HasSuffix(f.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		add(h, f.content)
	}
	for _, link := range links {
		add(&tar.Header{Name: "bin/" + link, Linkname: "busybox", Typeflag: tar.TypeSymlink}, "")
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return static.NewLayer(buf.Bytes(), types.OCIUncompressedLayer)
}

// pod gives a Pod with the volume "v" and those named, for the time of a test.
func (w *world) pod(t *testing.T, volumes ...string) workflow.Pod {
	t.Helper()
	pod, err := w.NewPod(t.Context(), append([]string{"v"}, volumes...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pod.Close(); err != nil {
			t.Error(err)
		}
	})
	return pod
}

// sh is a container that runs lines of shell, with the volume "v" at /v.
func (w *world) sh(ref string, lines ...string) workflow.Container {
	return workflow.Container{
		Name: "step", Image: ref, Command: []string{"/bin/sh", "-c", strings.Join(lines, "\n")},
		Network: workflow.NetworkNone, Hostname: "step-host",
		Mounts: []workflow.Mount{{Volume: "v", Target: "/v"}},
	}
}

// lacks tells that the engine says of itself that it does not keep steps to
// their limits of this kind, "memory" or "CPU".
func (w *world) lacks(kind string) bool {
	e, ok := w.Engine.(interface{ Notes() []string })
	return ok && strings.Contains(strings.Join(e.Notes(), "\n"), "not kept to their "+kind+" limits")
}

// result is how a container ended and what it wrote.
type result struct {
	Code           int
	Stdout, Stderr string
}

func (w *world) run(t *testing.T, pod workflow.Pod, c workflow.Container) result {
	t.Helper()
	got, err := try(t.Context(), pod, c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func try(ctx context.Context, pod workflow.Pod, c workflow.Container) (result, error) {
	var stdout, stderr bytes.Buffer
	exit, err := pod.Run(ctx, c, &stdout, &stderr)
	return result{exit.Code, stdout.String(), stderr.String()}, err
}

// listing tells of each file of a tree what a container sees of it: mode,
// owner, and the content or the target of a link.
func listing(t *testing.T, files tree.FS, owners bool) string {
	t.Helper()
	var b strings.Builder
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := files.Lstat(name)
		if err != nil {
			return err
		}
		mode := info.Mode()
		if mode.Type() == fs.ModeSymlink {
			mode = fs.ModeSymlink // its permissions mean nothing
		}
		fmt.Fprintf(&b, "%v", mode)
		if owner, ok := tree.Owner(info); ok && owners {
			fmt.Fprintf(&b, " %d:%d", owner.UID, owner.GID)
		}
		fmt.Fprintf(&b, " %q%s\n", name, ending(files, name, entry))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func ending(files tree.FS, name string, entry fs.DirEntry) string {
	switch entry.Type() {
	case 0:
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return " cannot be read: " + err.Error()
		}
		return fmt.Sprintf(" %q", content)
	case fs.ModeSymlink:
		target, err := files.ReadLink(name)
		if err != nil {
			return " cannot be read: " + err.Error()
		}
		return " -> " + target
	default:
		return ""
	}
}

// copyOut gives a volume of a Pod.
func copyOut(t *testing.T, pod workflow.Pod, volume string) tree.FS {
	t.Helper()
	files, err := pod.CopyOut(t.Context(), volume, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return files
}
