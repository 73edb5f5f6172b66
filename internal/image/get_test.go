// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/kratix-tools/kratix/internal/diag"
)

const platform = "linux/amd64" // of all images that do not say otherwise

// makeImage makes an image with one layer for each map from name to content.
func makeImage(tb testing.TB, platform string, layers ...map[string]string) v1.Image {
	tb.Helper()
	os, arch, _ := strings.Cut(platform, "/")
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: os, Architecture: arch, RootFS: v1.RootFS{Type: "layers"}, Config: v1.Config{User: "7"}})
	if err != nil {
		tb.Fatal(err)
	}
	for _, files := range layers {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(files[name]))})
			if err == nil {
				_, err = io.WriteString(w, files[name])
			}
			if err != nil {
				tb.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			tb.Fatal(err)
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil })
		if err == nil {
			img, err = mutate.AppendLayers(img, layer)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	return img
}

type files = map[string]string

// testRegistry is a real registry that counts what it is asked for.
type testRegistry struct {
	host string
	mu   sync.Mutex
	gets map[string]int // by path
}

func newRegistry(tb testing.TB, wrap ...func(http.Handler) http.Handler) *testRegistry {
	tb.Helper()
	r := &testRegistry{gets: map[string]int{}}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	for _, w := range wrap {
		handler = w(handler)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet || req.Method == http.MethodHead {
			r.mu.Lock()
			r.gets[req.URL.Path]++
			r.mu.Unlock()
		}
		handler.ServeHTTP(w, req)
	}))
	tb.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// asked tells how often blobs and manifests were asked for since the last call.
func (r *testRegistry) asked() (blobs, manifests int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for path, n := range r.gets {
		if strings.Contains(path, "/blobs/") {
			blobs += n
		}
		if strings.Contains(path, "/manifests/") {
			manifests += n
		}
	}
	clear(r.gets)
	return blobs, manifests
}

func (r *testRegistry) push(tb testing.TB, repo string, img remote.Taggable) (ref string) {
	tb.Helper()
	ref = r.host + "/" + repo
	parsed, err := name.ParseReference(ref)
	if err != nil {
		tb.Fatal(err)
	}
	switch img := img.(type) {
	case v1.Image:
		err = remote.Write(parsed, img)
	case v1.ImageIndex:
		err = remote.WriteIndex(parsed, img)
	}
	if err != nil {
		tb.Fatal(err)
	}
	r.asked()
	return ref
}

func newStore(tb testing.TB) *Store {
	tb.Helper()
	s, err := Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = s.Close()
		_ = removeAll(s.dir)
	})
	return s
}

func mustGet(tb testing.TB, s *Store, ref string, o GetOptions) *Image {
	tb.Helper()
	img, err := s.Get(tb.Context(), ref, o)
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

func digestOf(tb testing.TB, img interface{ Digest() (v1.Hash, error) }) string {
	tb.Helper()
	h, err := img.Digest()
	if err != nil {
		tb.Fatal(err)
	}
	return h.String()
}

func TestGetFetchesOnce(t *testing.T) {
	t.Parallel()
	r, s := newRegistry(t), newStore(t)
	img := makeImage(t, platform, files{"a": "1"}, files{"b": "2"})
	ref := r.push(t, "acme/render:v1", img)
	got := mustGet(t, s, ref, GetOptions{Platform: platform})
	want := &Image{Reference: ref, Digest: digestOf(t, img), Config: v1.Config{User: "7"}, OS: "linux", Architecture: "amd64"}
	if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool {
		return slices.Contains([]string{"record", "from", "layers"}, strings.TrimPrefix(p.Last().String(), "."))
	}, cmp.Ignore())); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	if blobs, manifests := r.asked(); blobs != 3 || manifests != 1 {
		t.Errorf("fetched %d blobs and %d manifests, want 3 and 1", blobs, manifests)
	}
	another, err := Open(filepath.Dir(s.dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, pull := range []Pull{"", PullMissing, PullNever} {
		mustGet(t, another, ref, GetOptions{Platform: platform, Pull: pull})
	}
	if blobs, manifests := r.asked(); blobs+manifests != 0 {
		t.Errorf("fetched %d blobs and %d manifests of an image that is here", blobs, manifests)
	}
	whole, err := another.V1(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(whole); err != nil {
		t.Errorf("the stored image: %v", err)
	}
}

func TestGetPullPolicies(t *testing.T) {
	t.Parallel()
	r, s := newRegistry(t), newStore(t)
	first := makeImage(t, platform, files{"base": "1"}, files{"a": "1"})
	second := makeImage(t, platform, files{"base": "1"}, files{"a": "2"})
	ref := r.push(t, "acme/render:v1", first)
	o := GetOptions{Platform: platform}
	mustGet(t, s, ref, o)
	r.push(t, "acme/render:v1", second)
	if got := mustGet(t, s, ref, o); got.Digest != digestOf(t, first) {
		t.Error("what is here was fetched again without being told")
	}
	o.Pull = PullAlways
	if got := mustGet(t, s, ref, o); got.Digest != digestOf(t, second) {
		t.Error("--pull always gives what was here before")
	}
	if blobs, _ := r.asked(); blobs != 2 {
		t.Errorf("fetched %d blobs, want the new layer and the new configuration only", blobs)
	}
	o.Pull = PullNever
	if got := mustGet(t, s, ref, o); got.Digest != digestOf(t, second) {
		t.Error("--pull never does not give what was fetched last")
	}
}

func TestGetBuiltImages(t *testing.T) {
	t.Parallel()
	r, s := newRegistry(t), newStore(t)
	published, built := makeImage(t, platform, files{"a": "published"}), makeImage(t, platform, files{"a": "built"})
	ref := r.push(t, "acme/render:v1", published)
	for _, ref := range []string{ref, LocalHost + "/render:abc", "render"} {
		if _, err := s.Put(t.Context(), ref, built); err != nil {
			t.Fatal(err)
		}
		if got := mustGet(t, s, ref, GetOptions{Platform: platform}); got.Digest != digestOf(t, built) || got.Reference != ref {
			t.Errorf("%s gives %+v, want what was built", ref, got)
		}
	}
	o := GetOptions{Platform: platform, Pull: PullAlways}
	if got := mustGet(t, s, ref, o); got.Digest != digestOf(t, published) {
		t.Error("--pull always does not give the published image")
	}
	if got := mustGet(t, s, LocalHost+"/render:abc", o); got.Digest != digestOf(t, built) {
		t.Error("an image that no registry has does not survive --pull always")
	}
}

func TestGetByDigest(t *testing.T) {
	t.Parallel()
	r, s := newRegistry(t), newStore(t)
	img := makeImage(t, platform, files{"a": "1"})
	ref := r.push(t, "acme/render:v1", img)
	byDigest := strings.TrimSuffix(ref, ":v1") + "@" + digestOf(t, img)
	if got := mustGet(t, s, byDigest, GetOptions{Platform: platform}); got.Digest != digestOf(t, img) {
		t.Errorf("digest %s, want %s", got.Digest, digestOf(t, img))
	}

	liar := newRegistry(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.Contains(req.URL.Path, "/manifests/sha256:") {
				req.URL.Path = "/v2/acme/render/manifests/v1"
			}
			h.ServeHTTP(w, req)
		})
	})
	liar.push(t, "acme/render:v1", makeImage(t, platform, files{"a": "another"}))
	_, err := newStore(t).Get(t.Context(), liar.host+"/acme/render@"+digestOf(t, img), GetOptions{Platform: platform})
	if diag.ExitCode(err) != diag.ExitMachine {
		t.Errorf("a registry that gives something else than the digest: %v", err)
	}
}

func TestGetVerifiesLayers(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/blobs/sha256:") {
				_, _ = w.Write([]byte("not what you asked for"))
				return
			}
			h.ServeHTTP(w, req)
		})
	})
	ref, s := r.push(t, "acme/render:v1", makeImage(t, platform, files{"a": "1"})), newStore(t)
	if _, err := s.Get(t.Context(), ref, GetOptions{Platform: platform}); diag.ExitCode(err) != diag.ExitMachine {
		t.Errorf("error %v, want a fault of the machine", err)
	}
	if _, err := s.Get(t.Context(), ref, GetOptions{Platform: platform, Pull: PullNever}); err == nil {
		t.Error("what came damaged was stored")
	}
}

func TestGetPlatforms(t *testing.T) {
	t.Parallel()
	r, s := newRegistry(t), newStore(t)
	amd64, arm64 := makeImage(t, "linux/amd64", files{"a": "amd64"}), makeImage(t, "linux/arm64", files{"a": "arm64"})
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: amd64, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: arm64, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}}},
		mutate.IndexAddendum{Add: makeImage(t, "unknown/unknown"), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}},
	)
	ref := r.push(t, "acme/multi:v1", index)
	bare := r.push(t, "acme/bare:v1", mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: amd64}, mutate.IndexAddendum{Add: arm64}))
	nested := r.push(t, "acme/nested:v1", mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: index}))
	for _, ref := range []string{ref, bare, nested} {
		for platform, want := range map[string]v1.Image{"linux/amd64": amd64, "linux/arm64": arm64} {
			if got := mustGet(t, s, ref, GetOptions{Platform: platform}); got.Digest != digestOf(t, want) {
				t.Errorf("%s for %s is %s/%s", ref, platform, got.OS, got.Architecture)
			}
		}
	}
	_, err := s.Get(t.Context(), ref, GetOptions{Platform: "linux/s390x"})
	want := "fetching image " + ref + ": it has no image for linux/s390x, only for linux/amd64, linux/arm64/v8"
	if diag.ExitCode(err) != diag.ExitMachine || err.Error() != want {
		t.Errorf("error %v (exit code %d), want %s", err, diag.ExitCode(err), want)
	}
	single := r.push(t, "acme/arm:v1", arm64)
	if got := mustGet(t, s, single, GetOptions{Platform: "linux/amd64"}); got.Architecture != "arm64" {
		t.Errorf("an image for one platform is %s/%s, want what it says itself", got.OS, got.Architecture)
	}
	if _, err := s.Get(t.Context(), ref, GetOptions{Platform: "amd64"}); diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("a platform without a system gives %v", err)
	}
}

func TestGetErrors(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	private := newRegistry(t, func(h http.Handler) http.Handler { return requireUser(h, "") })
	closed := httptest.NewServer(nil)
	closed.Close()
	closedHost := strings.TrimPrefix(closed.URL, "http://")
	tests := []struct {
		name, ref string
		pull      Pull
		code      int
		want      string
		hint      string
	}{
		{"not a reference", "Not A Reference", "", diag.ExitInput, `image "Not A Reference" is not a reference: it has a registry`, "write it as REGISTRY/NAME:TAG"},
		{"an empty reference", "", "", diag.ExitInput, `image "" is not a reference`, "write it as"},
		{"unknown", r.host + "/acme/none:v1", "", diag.ExitMachine, "fetching image " + r.host + "/acme/none:v1: not found: Unknown name", "kratix build container --all"},
		{"unauthorized", private.host + "/acme/x:v1", "", diag.ExitMachine, "fetching image " + private.host + "/acme/x:v1: unauthorized: the registry answers 401 Unauthorized", "docker login " + private.host},
		{"nobody there", closedHost + "/acme/x:v1", "", diag.ExitMachine, "fetching image " + closedHost + "/acme/x:v1: " + closedHost + " refuses connections", "--pull never"},
		{"no such host", "no-such-host.invalid/acme/x:v1", "", diag.ExitMachine, "fetching image no-such-host.invalid/acme/x:v1: no such host no-such-host.invalid", "--pull never"},
		{"never", r.host + "/acme/none:v1", PullNever, diag.ExitMachine, "image " + r.host + "/acme/none:v1: in the image cache it is missing, and it may not be fetched (--pull never)", "kratix build container --all"},
		{"not built", LocalHost + "/x:v1", PullAlways, diag.ExitMachine, "image " + LocalHost + "/x:v1: it exists in the image cache only, and there it is missing", "kratix build container --all"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newStore(t).Get(t.Context(), tt.ref, GetOptions{Pull: tt.pull})
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want one line that begins %q", err, tt.want)
			}
			if code := diag.ExitCode(err); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if hints := strings.Join(diag.Hints(err), "\n"); !strings.Contains(hints, tt.hint) {
				t.Errorf("hints %q, want one with %q", hints, tt.hint)
			}
		})
	}
}

// requireUser asks for a name and password, "name:password".
func requireUser(h http.Handler, user string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if name, password, ok := req.BasicAuth(); !ok || user == "" || name+":"+password != user {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, req)
	})
}

func TestGetLogsIn(t *testing.T) {
	r := newRegistry(t, func(h http.Handler) http.Handler { return requireUser(h, "me:secret") })
	config := t.TempDir()
	t.Setenv("DOCKER_CONFIG", config)
	data := fmt.Sprintf(`{"auths": {%q: {"username": "me", "password": "secret"}}}`, r.host)
	if err := os.WriteFile(filepath.Join(config, "config.json"), []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	s, ref, img := newStore(t), r.host+"/acme/render:v1", makeImage(t, platform, files{"a": "1"})
	built, err := s.Put(t.Context(), ref, img)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Push(t.Context(), built); err != nil {
		t.Fatal(err)
	}
	if got := mustGet(t, newStore(t), ref, GetOptions{Platform: platform}); got.Digest != digestOf(t, img) {
		t.Errorf("digest %s, want %s", got.Digest, digestOf(t, img))
	}
}

func TestGetFromSources(t *testing.T) {
	t.Parallel()
	const ref = "ghcr.io/acme/render:v1"
	img, other := makeImage(t, platform, files{"a": "1"}), makeImage(t, platform, files{"a": "2"})
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	otherTag, err := name.NewTag("ghcr.io/acme/other:v2")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(n string) string { return filepath.Join(dir, n) }

	// The layouts.
	single, err := layout.Write(at("single"), empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	named, err := layout.Write(at("named"), empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	as := func(n string) layout.Option {
		return layout.WithAnnotations(map[string]string{refNameAnnotation: n})
	}
	err = errors.Join(single.AppendImage(img),
		named.AppendImage(other, as("v2")), named.AppendImage(img, as("v1")))
	if err != nil {
		t.Fatal(err)
	}
	// One that was tampered with: the manifest is another one's.
	forged, err := layout.Write(at("forged"), empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := other.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(forged.AppendImage(img), forged.WriteImage(other),
		os.WriteFile(filepath.Join(at("forged"), "blobs", "sha256", strings.TrimPrefix(digestOf(t, img), "sha256:")), manifest, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	// The tarballs.
	var both bytes.Buffer
	err = errors.Join(
		tarball.WriteToFile(at("docker.tar"), tag, img),
		tarball.MultiWriteToFile(at("several.tar"), map[name.Tag]v1.Image{otherTag: other, tag: img}),
		WriteTar(&both, ref, img),
		os.WriteFile(at("oci.tar"), both.Bytes(), 0o600),
		os.WriteFile(at("oci.tar.gz"), zip(t, both.Bytes()), 0o600),
		os.WriteFile(at("text"), []byte("no image"), 0o600),
		os.WriteFile(at("empty.tar"), make([]byte, 1024), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	docker, err := os.ReadFile(at("docker.tar"))
	if err == nil {
		err = os.WriteFile(at("docker.tar.gz"), zip(t, docker), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}

	byDigest := "ghcr.io/acme/render@" + digestOf(t, img)
	tests := []struct{ name, ref, source, wantErr string }{
		{"the only image of a layout", ref, "single", ""},
		{"an image of a layout by its tag", ref, "named", ""},
		{"an image of a layout by its digest", byDigest, "named", ""},
		{"a layout in a tar", ref, "oci.tar", ""},
		{"a layout in a compressed tar", ref, "oci.tar.gz", ""},
		{"a layout in a tar by digest", byDigest, "oci.tar", ""},
		{"the only image of a docker tarball", "another/name", "docker.tar", ""},
		{"a compressed docker tarball", ref, "docker.tar.gz", ""},
		{"an image of a docker tarball by its tag", ref, "several.tar", ""},
		{"none of several in a layout", "ghcr.io/acme/x:v3", "named", `none of them is named "v3": ["v1" "v2"]`},
		{"none of several in a docker tarball", "ghcr.io/acme/x:v3", "several.tar", "only a single image"},
		{"another digest", "ghcr.io/acme/render@" + digestOf(t, other), "single", "it has no image sha256:"},
		{"a digest that a docker tarball cannot prove", byDigest, "docker.tar", "does not tell the digest"},
		{"a manifest that does not have its digest", byDigest, "forged", "has the digest " + digestOf(t, other)},
		{"no file", ref, "none", "no such file"},
		{"no image", ref, "text", "it is no tar file"},
		{"an empty tar", ref, "empty.tar", "neither an OCI image layout nor a docker tarball"},
		{"an empty directory", ref, ".git", "it is no OCI image layout"},
	}
	if err := os.Mkdir(at(".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			got, err := s.Get(t.Context(), tt.ref, GetOptions{Platform: platform, Pull: PullNever, Sources: map[string]string{tt.ref: at(tt.source)}})
			if tt.wantErr != "" {
				if diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("error %v (exit code %d), want %q", err, diag.ExitCode(err), tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			whole, err := s.Content(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(configOf(t, img), configOf(t, whole)); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func configOf(tb testing.TB, img v1.Image) string {
	tb.Helper()
	h, err := img.ConfigName()
	if err != nil {
		tb.Fatal(err)
	}
	return h.String()
}

func zip(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func TestGetReportsProgress(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	img := makeImage(t, platform, files{"a": strings.Repeat("1", 1000)}, files{"b": strings.Repeat("2", 5000)})
	var done, total int64
	mustGet(t, newStore(t), r.push(t, "acme/render:v1", img), GetOptions{Platform: platform, Progress: func(d, all int64) { done, total = d, all }})
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if want := manifest.Layers[0].Size + manifest.Layers[1].Size; done != want || total != want {
		t.Errorf("in the end %d of %d bytes, want %d", done, total, want)
	}
}

func TestGetCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := newRegistry(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/blobs/") {
				cancel()
				<-req.Context().Done()
				return
			}
			h.ServeHTTP(w, req)
		})
	})
	ref := r.push(t, "acme/render:v1", makeImage(t, platform, files{"a": "1"}))
	if _, err := newStore(t).Get(ctx, ref, GetOptions{Platform: platform}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestDefaultDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, tt := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"XDG_CACHE_HOME", map[string]string{"XDG_CACHE_HOME": dir, "HOME": "/h"}, filepath.Join(dir, "kratix")},
		{"a relative one is refused", map[string]string{"XDG_CACHE_HOME": "c", "HOME": "/h"}, ""},
		{"nothing", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := DefaultDir(func(k string) string { return tt.env[k] })
			if got != tt.want || diag.ExitCode(err) != map[bool]int{true: diag.ExitMachine, false: 0}[tt.want == ""] {
				t.Errorf("DefaultDir = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
