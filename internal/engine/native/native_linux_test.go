// SPDX-License-Identifier: Apache-2.0

package native

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kratix-tools/kratix/internal/engine/enginetest"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// stepProgram is the path of the program that the containers of these tests
// run; see testdata/step.
const stepProgram = "KRATIX_TEST_STEP"

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if os.Getenv(stepProgram) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "native-test-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "step")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./testdata/step")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	_ = os.Setenv(stepProgram, program)
	return m.Run()
}

// TestAsOrdinaryUser runs all the other tests once more, as a user without any
// rights, and TestWithSubordinateIDs as one to whom ids are left.
func TestAsOrdinaryUser(t *testing.T) {
	enginetest.AsOrdinaryUser(t, false, "-test.skip=^TestAsOrdinaryUser$|^TestWithSubordinateIDs$", "-test.bench=NONE")
}

func TestWithSubordinateIDs(t *testing.T) {
	enginetest.AsOrdinaryUser(t, true, "-test.skip=^TestAsOrdinaryUser$|^TestWithSubordinateIDs$", "-test.bench=NONE")
}

// file is one file of a layer in a test. A name that ends in "/" is a
// directory's.
type file struct {
	name, content string
	mode          int64
	uid, gid      int
	link          string
}

// layer makes a layer of files.
func layer(tb testing.TB, files ...file) v1.Layer {
	tb.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: f.mode, Uid: f.uid, Gid: f.gid, Size: int64(len(f.content)), Typeflag: tar.TypeReg}
		switch {
		case f.link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, f.link
		case strings.HasSuffix(f.name, "/"):
			h.Typeflag = tar.TypeDir
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return static.NewLayer(buf.Bytes(), types.OCIUncompressedLayer)
}

// readStep gives the program of testdata/step.
func readStep(tb testing.TB) string {
	tb.Helper()
	program, err := os.ReadFile(os.Getenv(stepProgram))
	if err != nil {
		tb.Fatal(err)
	}
	return string(program)
}

// stepLayer is a layer with the program of testdata/step at /bin/step.
func stepLayer(tb testing.TB) v1.Layer {
	tb.Helper()
	return layer(tb, file{name: "bin/"}, file{name: "bin/step", content: readStep(tb)}, file{name: "tmp/", mode: 0o1777})
}

// world is an engine with a Pod that has a volume "v".
type world struct {
	*Engine
	tb   testing.TB
	pod  workflow.Pod
	temp string // where the engine's directories are

	cache string // of images
}

// newWorld gives a world for the image "img" of the layers, above one with
// /bin/step.
func newWorld(tb testing.TB, config v1.Config, layers ...v1.Layer) *world {
	tb.Helper()
	base, err := mutate.AppendLayers(empty.Image, append([]v1.Layer{stepLayer(tb)}, layers...)...)
	if err != nil {
		tb.Fatal(err)
	}
	cache := tb.TempDir()
	w := &world{tb: tb, temp: tb.TempDir(), cache: cache}
	store, err := image.Open(cache)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close(); _ = RemoveAll(cache) })
	if w.Engine, err = New(tb.Context(), Config{Images: store, Dir: w.temp}); err != nil {
		tb.Fatal(err)
	}
	w.separateCgroups()
	w.put("img", base, config)
	if w.pod, err = w.NewPod(tb.Context(), []string{"v"}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := w.pod.Close(); err != nil {
			tb.Error(err)
		}
		if left, _ := os.ReadDir(w.temp); len(left) > 0 {
			tb.Errorf("left behind: %v", left)
		}
	})
	return w
}

// separateCgroups gives the world cgroups that no other test uses, and sees to
// it that none is left. Those of v2 stay as they are: it takes more than making
// one to have limits inside of it.
func (w *world) separateCgroups() {
	w.tb.Helper()
	for i, parent := range w.cgroups {
		if parent.unified {
			continue
		}
		dir, err := makeCgroup(parent.dir)
		if err != nil {
			w.tb.Fatal(err)
		}
		w.cgroups[i].dir = dir.path
		w.tb.Cleanup(func() {
			if left, _ := filepath.Glob(filepath.Join(dir.path, podPrefix+"*")); len(left) > 0 {
				w.tb.Errorf("left behind: %v", left)
			}
			if err := removeCgroup(dir); err != nil {
				w.tb.Error(err)
			}
		})
	}
}

func (w *world) put(ref string, img v1.Image, config v1.Config) {
	w.tb.Helper()
	img, err := mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH, Config: config, RootFS: rootFS(w.tb, img)})
	if err != nil {
		w.tb.Fatal(err)
	}
	if _, err := w.config.Images.Put(w.tb.Context(), ref, img); err != nil {
		w.tb.Fatal(err)
	}
}

func rootFS(tb testing.TB, img v1.Image) v1.RootFS {
	tb.Helper()
	c, err := img.ConfigFile()
	if err != nil {
		tb.Fatal(err)
	}
	return c.RootFS
}

// step is a container that runs commands of testdata/step.
func step(commands ...string) workflow.Container {
	return workflow.Container{
		Name: "step", Image: "img", Command: []string{"/bin/step"}, Args: strings.Fields(strings.Join(commands, " ; ")),
		Network: workflow.NetworkNone, Hostname: "step-host",
		Mounts: []workflow.Mount{{Volume: "v", Target: "/v"}},
	}
}

// result is how a container ended and what it wrote.
type result struct {
	Code           int
	Stdout, Stderr string
}

func (w *world) run(c workflow.Container) result {
	w.tb.Helper()
	r, err := w.try(w.tb.Context(), c)
	if err != nil {
		w.tb.Fatal(err)
	}
	return r
}

func (w *world) try(ctx context.Context, c workflow.Container) (result, error) {
	var stdout, stderr bytes.Buffer
	exit, err := w.pod.Run(ctx, c, &stdout, &stderr)
	return result{exit.Code, stdout.String(), stderr.String()}, err
}

func BenchmarkNoop(b *testing.B) {
	w := newWorld(b, v1.Config{})
	for b.Loop() {
		if r := w.run(step("exit 0")); r.Code != 0 {
			b.Fatal(r)
		}
	}
}
