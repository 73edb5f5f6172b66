// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"

	"github.com/kratix-tools/kratix/internal/chart"
	"github.com/kratix-tools/kratix/internal/diag"
)

// files are those of a chart as it is packaged.
func files(version string) map[string]string {
	return map[string]string{
		"redis/Chart.yaml":                    "apiVersion: v2\nname: redis\nversion: " + version + "\ndependencies:\n- {name: common}\n- {name: x, alias: metrics}\n",
		"redis/values.yaml":                   "a: 1\n",
		"redis/values.schema.json":            "{}",
		"redis/charts/common/values.yaml":     "not: this\n",
		"redis/templates/values.schema.json":  "nor this",
		"redis/templates/tests/very/deep.txt": "nor this",
	}
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for path, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: path, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func redis(version string) *chart.Chart {
	return &chart.Chart{
		Name: "redis", Version: version, Values: []byte("a: 1\n"), Schema: []byte("{}"),
	}
}

func check(t *testing.T, s chart.Source, want *chart.Chart) {
	t.Helper()
	got, err := s.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%v (-want +got):\n%s", s, diff)
	}
}

func checkError(t *testing.T, s chart.Source, code int, want string) {
	t.Helper()
	_, err := s.Get(t.Context())
	if err == nil || !strings.Contains(err.Error(), want) || diag.ExitCode(err) != code {
		t.Errorf("error %v with code %d, want %q with %d", err, diag.ExitCode(err), want, code)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, text := range files("1.0.0") {
		write(t, filepath.Join(dir, path), []byte(text))
	}
	check(t, chart.Source{URL: filepath.Join(dir, "redis")}, redis("1.0.0"))
	packed := write(t, filepath.Join(dir, "redis-1.0.0.tgz"), archive(t, files("1.0.0")))
	check(t, chart.Source{URL: packed}, redis("1.0.0"))

	checkError(t, chart.Source{URL: filepath.Join(dir, "none")}, diag.ExitInput, "no such file")
	checkError(t, chart.Source{URL: dir}, diag.ExitInput, "this is no chart: it has no Chart.yaml")
	checkError(t, chart.Source{URL: filepath.Join(dir, "redis", "Chart.yaml")}, diag.ExitInput, "it is no gzip archive")
	checkError(t, chart.Source{URL: dir, Name: "redis"}, diag.ExitInput, "--chart-name")
	checkError(t, chart.Source{URL: "s3://charts/redis"}, diag.ExitInput, "there are no charts at s3:// URLs")
	cut := write(t, filepath.Join(dir, "cut.tgz"), archive(t, files("1.0.0"))[:100])
	checkError(t, chart.Source{URL: cut}, diag.ExitInput, "the archive is damaged")
}

func TestNotes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		source chart.Source
		want   string
	}{
		{chart.Source{URL: "https://acme.org/redis-1.0.0.tgz"}, ""},
		{chart.Source{URL: "https://acme.org", Name: "redis", Version: "v1.0.0"}, ""},
		{chart.Source{URL: "https://acme.org", Name: "redis"}, "the API is that of 1.0.0"},
		{chart.Source{URL: "oci://acme.org/redis", Version: "^1"}, "the API is that of 1.0.0"},
		{chart.Source{URL: "oci://acme.org:5000/redis", Version: "1.0.0"}, ""},
		{chart.Source{URL: "oci://acme.org:5000/redis:1.0.0"}, ""},
		{chart.Source{URL: "https://me:secret@acme.org/redis.tgz"}, "password are in the Promise"},
		{chart.Source{URL: "charts/redis"}, "a path of this machine"},
	} {
		notes := test.source.Notes(redis("1.0.0"))
		if (test.want == "") != (len(notes) == 0) || len(notes) > 0 && !strings.Contains(notes[0].Message, test.want) {
			t.Errorf("%v: %v, want %q", test.source, notes, test.want)
		}
	}
}

// An archive of a megabyte that holds a file of gigabytes does not fill memory.
func TestArchiveIsLimited(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	if err := w.WriteHeader(&tar.Header{Name: "redis/values.yaml", Typeflag: tar.TypeReg, Size: 64 << 20}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	checkError(t, chart.Source{URL: write(t, filepath.Join(t.TempDir(), "bomb.tgz"), out.Bytes())}, diag.ExitInput, "it is larger than 16.0 MiB")
}

const index = `
apiVersion: v1
entries:
  redis:
  - {version: 1.9.0, urls: [charts/redis-1.9.0.tgz]}
  - {version: 1.10.0, urls: [charts/redis-1.10.0.tgz]}
  - {version: 2.0.0-rc.1, urls: [charts/redis-2.0.0-rc.1.tgz]}
  dev:
  - {version: 0.1.0-alpha.1, urls: [charts/redis-0.1.0.tgz]}
  lost:
  - {version: 1.0.0, urls: [charts/lost.tgz]}
`

// repository serves a Helm repository, whose archives want a password.
func repository(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		version, isChart := strings.CutPrefix(r.URL.Path, "/stable/charts/redis-")
		user, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/stable/index.yaml":
			_, _ = io.WriteString(w, index)
		case isChart && (user != "me" || password != "secret"):
			http.Error(w, "no", http.StatusUnauthorized)
		case isChart:
			_, _ = w.Write(archive(t, files(strings.TrimSuffix(version, ".tgz"))))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestRepository(t *testing.T) {
	t.Parallel()
	anonymous := repository(t)
	url := strings.Replace(anonymous, "http://", "http://me:secret@", 1)
	check(t, chart.Source{URL: url + "/stable", Name: "redis"}, redis("1.10.0"))
	check(t, chart.Source{URL: url + "/stable/", Name: "redis", Version: "v1.9.0"}, redis("1.9.0"))
	check(t, chart.Source{URL: url + "/stable", Name: "redis", Version: "2.0.0-rc.1"}, redis("2.0.0-rc.1"))
	for asked, got := range map[string]string{
		"1": "1.10.0", "1.9": "1.9.0", "^1.0": "1.10.0", "~1.9.0": "1.9.0", ">=1 <1.10": "1.9.0", "2.x || 1.9.x": "1.9.0", ">1-0": "2.0.0-rc.1", "*": "1.10.0",
	} {
		check(t, chart.Source{URL: url + "/stable", Name: "redis", Version: asked}, redis(got))
	}
	check(t, chart.Source{URL: url + "/stable/charts/redis-1.9.0.tgz"}, redis("1.9.0"))

	checkError(t, chart.Source{URL: anonymous + "/stable", Name: "redis"}, diag.ExitMachine, "401 Unauthorized")
	checkError(t, chart.Source{URL: url + "/stable", Name: "redi"}, diag.ExitInput, `the repository has no chart "redi"`)
	checkError(t, chart.Source{URL: url + "/stable", Name: "redis", Version: "^3"}, diag.ExitInput, `there is no version "^3"`)
	checkError(t, chart.Source{URL: url + "/stable", Name: "redis", Version: "newest"}, diag.ExitInput, `"newest" is no version and no range of versions`)
	checkError(t, chart.Source{URL: url + "/stable", Name: "dev"}, diag.ExitInput, "only pre-releases")
	checkError(t, chart.Source{URL: url + "/stable", Name: "lost"}, diag.ExitInput, "404 Not Found")
	checkError(t, chart.Source{URL: url + "/stable/index.yaml"}, diag.ExitInput, "it is no gzip archive")
	_, err := chart.Source{URL: url + "/other", Name: "redis"}.Get(t.Context())
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v, want one without the password", err)
	}
	checkError(t, chart.Source{URL: "http://127.0.0.1:1/x.tgz"}, diag.ExitMachine, "connection refused")
}

// login keeps credentials as helm registry login does.
func login(t *testing.T, host, user, password string) {
	t.Helper()
	auth := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	config := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, auth)
	t.Setenv("HELM_REGISTRY_CONFIG", write(t, filepath.Join(t.TempDir(), "config.json"), []byte(config)))
}

func TestRegistry(t *testing.T) {
	password := rand.Text()
	store := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, given, _ := r.BasicAuth(); given != password {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	url := "oci://" + host + "/charts/redis"
	t.Setenv("HELM_REGISTRY_CONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	checkError(t, chart.Source{URL: url}, diag.ExitMachine, "unauthorized")

	login(t, host, "me", password)
	push := func(tag string, layerType string) {
		layer := static.NewLayer(archive(t, files("1.0.0")), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
		if layerType != "" {
			layer = static.NewLayer([]byte("x"), "text/plain")
		}
		image, err := mutate.AppendLayers(empty.Image, layer)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := name.ParseReference(host + "/charts/redis:" + tag)
		if err != nil {
			t.Fatal(err)
		}
		transport := remote.WithTransport(withPassword{password})
		if err := remote.Write(ref, image, transport); err != nil {
			t.Fatal(err)
		}
	}
	push("0.9.0", "text")
	push("1.0.0_build.5", "")
	check(t, chart.Source{URL: url}, redis("1.0.0"))
	check(t, chart.Source{URL: url, Version: "^1"}, redis("1.0.0"))
	check(t, chart.Source{URL: url, Version: "1.0.0+build.5"}, redis("1.0.0"))
	check(t, chart.Source{URL: url + ":1.0.0_build.5"}, redis("1.0.0"))
	checkError(t, chart.Source{URL: url, Version: "0.9.0"}, diag.ExitInput, "is no chart, but something else")
	checkError(t, chart.Source{URL: url, Version: "3.0.0"}, diag.ExitInput, `there is no version "3.0.0"`)
	checkError(t, chart.Source{URL: url + "s"}, diag.ExitInput, "is not there")
	checkError(t, chart.Source{URL: "oci://" + host + "/charts", Name: "redis"}, diag.ExitInput, "an OCI reference names the chart itself")
}

type withPassword struct{ password string }

func (w withPassword) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth("me", w.password)
	return http.DefaultTransport.RoundTrip(r)
}
