// SPDX-License-Identifier: Apache-2.0

package docker_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// busyboxLayer is a layer with a shell.
func busyboxLayer(tb testing.TB) v1.Layer {
	tb.Helper()
	shell, err := os.ReadFile("/bin/busybox")
	if err != nil {
		tb.Skipf("no static busybox to put into an image: %v", err)
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := w.WriteHeader(&tar.Header{Name: "bin/busybox", Mode: 0o755, Size: int64(len(shell)), Typeflag: tar.TypeReg}); err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(shell); err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"sleep", "tail"} {
		if err := w.WriteHeader(&tar.Header{Name: "bin/" + name, Linkname: "busybox", Typeflag: tar.TypeSymlink}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return static.NewLayer(buf.Bytes(), types.OCIUncompressedLayer)
}

// BenchmarkCase runs three steps that do nothing as a test case does, with an
// input copied in and two volumes copied out.
func BenchmarkCase(b *testing.B) {
	e, ref := newShell(b)
	input := fstest.MapFS{"object.yaml": {Data: []byte("kind: X\n"), Mode: 0o644}}
	for b.Loop() {
		pod, err := e.NewPod(b.Context(), []string{"input", "output", "metadata"})
		if err != nil {
			b.Fatal(err)
		}
		if err := pod.CopyIn(b.Context(), "input", input); err != nil {
			b.Fatal(err)
		}
		for range 3 {
			if exit, err := pod.Run(b.Context(), shell(ref, "exit 0"), io.Discard, io.Discard); err != nil || exit.Code != 0 {
				b.Fatal(exit, err)
			}
		}
		for _, v := range []string{"output", "metadata"} {
			if _, err := pod.CopyOut(b.Context(), v, b.TempDir()); err != nil {
				b.Fatal(err)
			}
		}
		if err := pod.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRaw is what BenchmarkCase is measured against: the same three
// containers made, attached to, started, waited for and removed, and nothing
// else.
func BenchmarkRaw(b *testing.B) {
	_, ref := newShell(b)
	socket := strings.TrimPrefix(getenv(b)("DOCKER_HOST"), "unix://")
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) },
	}}
	call := func(method, path, body string) []byte {
		req, err := http.NewRequestWithContext(b.Context(), method, "http://docker/v1.41"+path, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		answer, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode >= 300 {
			b.Fatalf("%s: %s, %v: %s", path, resp.Status, err, answer)
		}
		return answer
	}
	for b.Loop() {
		for range 3 {
			var created struct{ ID string }
			spec := `{"Image": "` + ref + `", "Cmd": ["/bin/busybox", "true"], "HostConfig": {"NetworkMode": "none"}}`
			if err := json.Unmarshal(call(http.MethodPost, "/containers/create", spec), &created); err != nil {
				b.Fatal(err)
			}
			attached := make(chan struct{})
			go func() {
				defer close(attached)
				call(http.MethodPost, "/containers/"+created.ID+"/attach?stream=1&stdout=1&stderr=1", "")
			}()
			call(http.MethodPost, "/containers/"+created.ID+"/start", "")
			call(http.MethodPost, "/containers/"+created.ID+"/wait", "")
			<-attached
			call(http.MethodDelete, "/containers/"+created.ID, "")
		}
	}
}
