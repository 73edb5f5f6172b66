// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fsnotify/fsnotify"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/diag"
)

func mustUnpack(tb testing.TB, s *Store, img *Image) []string {
	tb.Helper()
	dirs, err := s.Unpack(tb.Context(), img, Owners{})
	if err != nil {
		tb.Fatal(err)
	}
	return dirs
}

func put(tb testing.TB, s *Store, img v1.Image) *Image {
	tb.Helper()
	stored, err := s.Put(tb.Context(), "render:v1", img)
	if err != nil {
		tb.Fatal(err)
	}
	return stored
}

// contentOf lists the files of unpacked layers, layer by layer.
func contentOf(tb testing.TB, dirs []string) [][]string {
	tb.Helper()
	var all [][]string
	for _, dir := range dirs {
		all = append(all, list(tb, dir, false))
	}
	return all
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		layers []files
		want   [][]string
	}{
		{"layers come lowest first", []files{{"a": "1"}, {"b": "2"}, {"c": "3"}}, [][]string{{"a -rw-r--r-- 1"}, {"b -rw-r--r-- 2"}, {"c -rw-r--r-- 3"}}},
		{"of two equal layers the upper one counts", []files{{"a": "1"}, {"b": "2"}, {"a": "1"}}, [][]string{{"b -rw-r--r-- 2"}, {"a -rw-r--r-- 1"}}},
		{"a layer that hides all below it is the lowest", []files{{"a": "1"}, {".wh..wh..opq": "", "b": "2"}, {"c": "3"}}, [][]string{{"b -rw-r--r-- 2"}, {"c -rw-r--r-- 3"}}},
		{"no layers", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			dirs := mustUnpack(t, s, put(t, s, makeImage(t, platform, tt.layers...)))
			if diff := cmp.Diff(tt.want, contentOf(t, dirs)); diff != "" {
				t.Errorf("layers (-want +got):\n%s", diff)
			}
			for _, dir := range dirs {
				if filepath.Dir(dir) != filepath.Join(s.dir, "layers", "own") || len(filepath.Base(dir)) != 32 {
					t.Errorf("directory %s, want one with a short name", dir)
				}
			}
		})
	}
}

func TestUnpackRefusesOddOwners(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	img := put(t, s, makeImage(t, platform, files{"a": "1"}))
	for _, owner := range []string{"..", "a/b", ".tmp-x", "-", "a b"} {
		if _, err := s.Unpack(t.Context(), img, Owners{Name: owner}); err == nil {
			t.Errorf("owners %q name a directory", owner)
		}
	}
}

func TestUnpackLimitsSize(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.MaxLayer = 1 << 20
	// Two archives, one after the other: nobody looks at the second.
	hidden := append(archive(t, file("a", "x")), make([]byte, 2<<20)...)
	for what, img := range map[string]v1.Image{
		"a large file":              makeImage(t, platform, files{"zeros": strings.Repeat("\x00", 2<<20)}),
		"what follows the last one": appendRaw(t, hidden),
	} {
		if _, err := s.Unpack(t.Context(), put(t, s, img), Owners{}); diag.ExitCode(err) != diag.ExitMachine || !errors.Is(err, errTooBig) {
			t.Errorf("%s: error %v, want %v", what, err, errTooBig)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, "layers", "*", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// appendRaw makes an image with a layer of any bytes.
func appendRaw(tb testing.TB, data []byte) v1.Image {
	tb.Helper()
	img, err := mutate.AppendLayers(makeImage(tb, platform), static.NewLayer(data, types.OCIUncompressedLayer))
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

func TestUnpackLeavesNothingOfABadLayer(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	good := archive(t, file("a", "x"))
	for what, data := range map[string][]byte{
		"it is no archive":    bytes.Repeat([]byte("no archive "), 100),
		"it ends too soon":    good[:512],
		"it leaves the layer": archive(t, file("a", "x"), hardLink("b", "../../../etc/passwd")),
	} {
		_, err := s.Unpack(t.Context(), put(t, s, appendRaw(t, data)), Owners{})
		if diag.ExitCode(err) != diag.ExitMachine || !strings.HasPrefix(err.Error(), "unpacking image render:v1: layer sha256:") {
			t.Errorf("%s: error %v", what, err)
		}
		left, _ := filepath.Glob(filepath.Join(s.dir, "layers", "*", "*"))
		if left = slices.DeleteFunc(left, isFile); len(left) > 0 {
			t.Errorf("%s: left behind: %q", what, left)
		}
	}
}

func TestUnpackChecksTheDiffID(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	img := put(t, s, makeImage(t, platform, files{"a": "1"}))
	other := put(t, s, makeImage(t, platform, files{"a": "2"}))
	img.layers[0].blob = other.layers[0].blob
	if _, err := s.Unpack(t.Context(), img, Owners{}); err == nil || !strings.Contains(err.Error(), "the image's configuration says") {
		t.Errorf("a layer with another diff id: %v", err)
	}
}

func TestDamageHeals(t *testing.T) {
	t.Parallel()
	damage := func(t *testing.T, path string) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 0xff
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		harm func(t *testing.T, s *Store, img *Image)
	}{
		{"a layer is damaged", func(t *testing.T, s *Store, img *Image) { t.Helper(); damage(t, s.blobPath(img.layers[0].blob)) }},
		{"a layer is cut short", func(t *testing.T, s *Store, img *Image) {
			t.Helper()
			if err := os.Truncate(s.blobPath(img.layers[1].blob), 10); err != nil {
				t.Fatal(err)
			}
		}},
		{"a layer is missing", func(t *testing.T, s *Store, img *Image) {
			t.Helper()
			if err := os.Remove(s.blobPath(img.layers[0].blob)); err != nil {
				t.Fatal(err)
			}
		}},
		{"the manifest is damaged", func(t *testing.T, s *Store, img *Image) { t.Helper(); damage(t, s.blobPath(img.record.Digest)) }},
		{"the record is damaged", func(t *testing.T, s *Store, img *Image) {
			t.Helper()
			if err := os.WriteFile(s.recordPath(img.record.Reference, img.record.Platform), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		for _, when := range []string{"before Get", "after Get"} {
			t.Run(tt.name+" "+when, func(t *testing.T) {
				t.Parallel()
				r, s := newRegistry(t), newStore(t)
				ref := r.push(t, "acme/render:v1", makeImage(t, platform, files{"a": strings.Repeat("1", 100)}, files{"b": "2"}))
				o := GetOptions{Platform: platform}
				img := mustGet(t, s, ref, o)
				tt.harm(t, s, img)
				if when == "before Get" {
					img = mustGet(t, s, ref, o)
				}
				if got := contentOf(t, mustUnpack(t, s, img)); len(got) != 2 || len(got[0]) != 1 || len(got[1]) != 1 {
					t.Errorf("layers %q", got)
				}
			})
		}
	}
}

func TestDamageOfABuiltImageIsTold(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	img := put(t, s, makeImage(t, platform, files{"a": "1"}))
	if err := os.WriteFile(s.blobPath(img.layers[0].blob), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Unpack(t.Context(), img, Owners{})
	if diag.ExitCode(err) != diag.ExitMachine || len(diag.Hints(err)) == 0 {
		t.Errorf("error %v with hints %q", err, diag.Hints(err))
	}
}

// worker runs this test program as another process that gets and unpacks ref.
func worker(t *testing.T, s *Store, ref string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWorker$")
	cmd.Env = append(os.Environ(), "KRATIX_TEST_STORE="+filepath.Dir(s.dir), "KRATIX_TEST_REF="+ref)
	return cmd
}

// TestWorker is the other process.
func TestWorker(t *testing.T) {
	dir := os.Getenv("KRATIX_TEST_STORE")
	if dir == "" {
		t.Skip("this is for other tests to run")
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	mustUnpack(t, s, mustGet(t, s, os.Getenv("KRATIX_TEST_REF"), GetOptions{Platform: platform}))
}

func TestManyProcessesAndGoroutines(t *testing.T) {
	t.Parallel()
	r, s := newRegistry(t), newStore(t)
	ref := r.push(t, "acme/render:v1", makeImage(t, platform, many(300), files{"b": "2"}))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if out, err := worker(t, s, ref).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
		group.Go(func() {
			img, err := s.Get(t.Context(), ref, GetOptions{Platform: platform})
			if err == nil {
				_, err = s.Unpack(t.Context(), img, Owners{})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	// The configuration comes with the manifest, before any lock.
	blobs := 0
	for path, n := range r.gets {
		if strings.Contains(path, "/blobs/") && n > 1 {
			blobs++
		}
	}
	if blobs > 1 {
		t.Errorf("layers were fetched more than once: %v", r.gets)
	}
	got := contentOf(t, mustUnpack(t, s, mustGet(t, s, ref, GetOptions{Platform: platform, Pull: PullNever})))
	if len(got) != 2 || len(got[0]) != 300 || len(got[1]) != 1 {
		t.Errorf("layers with %d and %d files", len(got[0]), len(got[1]))
	}
}

// TestManyAtOnce gets an image that nobody has yet from several goroutines, so
// often that whatever one of them takes away from another for a moment is seen.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	ref := r.push(t, "acme/render:v1", makeImage(t, platform, files{"a": "1"}))
	for range 100 {
		s := newStore(t)
		var group errgroup.Group
		for range 8 {
			group.Go(func() error {
				_, err := s.Get(t.Context(), ref, GetOptions{Platform: platform})
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

func many(n int) files {
	all := files{}
	for i := range n {
		all[fmt.Sprintf("f%04d", i)] = "content"
	}
	return all
}

// TestKilledWhileUnpacking kills a process as soon as it begins to unpack.
func TestKilledWhileUnpacking(t *testing.T) {
	t.Parallel()
	const n = 1000
	r, s := newRegistry(t), newStore(t)
	ref := r.push(t, "acme/render:v1", makeImage(t, platform, many(n)))
	layers := filepath.Join(s.dir, "layers", "own")
	if err := os.Mkdir(layers, 0o711); err != nil {
		t.Fatal(err)
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close() }()
	if err := watcher.Add(layers); err != nil {
		t.Fatal(err)
	}
	cmd := worker(t, s, ref)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-watcher.Events
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if left, _ := filepath.Glob(filepath.Join(layers, unfinished+"*")); len(left) != 1 {
		t.Fatalf("killed at the wrong time: it left %q", left)
	}
	if got := contentOf(t, mustUnpack(t, s, mustGet(t, s, ref, GetOptions{Platform: platform}))); len(got[0]) != n {
		t.Errorf("the layer has %d files, want %d", len(got[0]), n)
	}
	if left, _ := filepath.Glob(filepath.Join(layers, unfinished+"*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestKilledWhileFetching kills a process when half of a layer has arrived.
func TestKilledWhileFetching(t *testing.T) {
	t.Parallel()
	half, killed := make(chan struct{}, 1), make(chan struct{})
	r := newRegistry(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/blobs/") {
				select {
				case <-killed:
				default:
					w.Header().Set("Content-Length", "100000")
					_, _ = w.Write(make([]byte, 50_000))
					_ = http.NewResponseController(w).Flush()
					select {
					case half <- struct{}{}:
					default:
					}
					<-req.Context().Done()
					return
				}
			}
			h.ServeHTTP(w, req)
		})
	})
	ref, s := r.push(t, "acme/render:v1", makeImage(t, platform, files{"a": "1"})), newStore(t)
	cmd := worker(t, s, ref)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-half
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	close(killed)
	if got := contentOf(t, mustUnpack(t, s, mustGet(t, s, ref, GetOptions{Platform: platform}))); len(got[0]) != 1 {
		t.Errorf("layers %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, "tmp", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	kept := put(t, s, makeImage(t, platform, files{"base": "1"}, files{"a": "kept"}))
	gone, err := s.Put(t.Context(), "gone:v1", makeImage(t, platform, files{"base": "1"}, files{"a": "gone"}))
	if err != nil {
		t.Fatal(err)
	}
	want := mustUnpack(t, s, kept)
	mustUnpack(t, s, gone)
	before, err := s.Size()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := s.List()
	if err != nil || len(entries) != 2 || entries[0].Reference != "index.docker.io/library/gone:v1" || entries[0].Packed == 0 || entries[0].Unpacked == 0 || !entries[0].Built {
		t.Fatalf("entries %+v, %v", entries, err)
	}

	busy, err := Open(filepath.Dir(s.dir))
	if err != nil {
		t.Fatal(err)
	}
	mustGet(t, busy, "render:v1", GetOptions{Platform: platform})
	onlyKept := PruneOptions{All: true, Keep: func(e Entry) bool { return e.Digest == kept.Digest }}
	if _, err := s.Prune(t.Context(), onlyKept); diag.ExitCode(err) != diag.ExitMachine {
		t.Errorf("removing what somebody else uses: %v", err)
	}
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	pruned, err := s.Prune(t.Context(), onlyKept)
	if err != nil {
		t.Fatal(err)
	}
	if len(pruned.Images) != 1 || pruned.Images[0].Reference != "index.docker.io/library/gone:v1" {
		t.Errorf("removed %+v", pruned.Images)
	}

	if _, err := s.Get(t.Context(), "gone:v1", GetOptions{Pull: PullNever, Platform: platform}); err == nil {
		t.Error("a removed image is still there")
	}
	dirs := mustUnpack(t, s, mustGet(t, s, "render:v1", GetOptions{Pull: PullNever, Platform: platform}))
	if diff := cmp.Diff(want, dirs); diff != "" {
		t.Errorf("directories of the kept image (-want +got):\n%s", diff)
	}
	if unpacked, _ := filepath.Glob(filepath.Join(s.dir, "layers", "own", "*")); len(unpacked) != 2 {
		t.Errorf("unpacked layers %q, want those of one image", unpacked)
	}
	if blobs, _ := filepath.Glob(filepath.Join(s.dir, "blobs", "sha256", "*")); len(blobs) != 4 {
		t.Errorf("blobs %q, want those of one image", blobs)
	}
	if after, err := s.Size(); err != nil || after >= before || before-after < pruned.Freed {
		t.Errorf("size %d, %v, before %d, said to be freed %d", after, err, before, pruned.Freed)
	}
}

func TestUnpackCancelled(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	img := put(t, s, makeImage(t, platform, many(100)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Unpack(ctx, img, Owners{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// BenchmarkWarm is what a run pays for an image that is here and unpacked.
func BenchmarkWarm(b *testing.B) {
	s := newStore(b)
	put(b, s, makeImage(b, platform, files{"a": "1"}, files{"b": "2"}, files{"c": "3"}))
	for b.Loop() {
		mustUnpack(b, s, mustGet(b, s, "render:v1", GetOptions{Platform: platform}))
	}
}

// BenchmarkUntar unpacks 1000 small files in 100 directories.
func BenchmarkUntar(b *testing.B) {
	var entries []tar.Header
	for i := range 100 {
		d := fmt.Sprintf("usr/share/d%d", i)
		entries = append(entries, dir(d))
		for j := range 10 {
			entries = append(entries, file(fmt.Sprintf("%s/f%d", d, j), strings.Repeat("x", 4096)))
		}
	}
	data := archive(b, entries...)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := untar(b.TempDir(), bytes.NewReader(data), Owners{}, defaultMaxLayer, below{known: true}); err != nil {
			b.Fatal(err)
		}
	}
}
