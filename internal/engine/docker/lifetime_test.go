// SPDX-License-Identifier: Apache-2.0

package docker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/kratix-tools/kratix/internal/engine/docker"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// The variables that make another program of the tests' program.
const (
	proxyTo = "KRATIX_TEST_PROXY_TO" // a socket, for standard input and output
	dieWith = "KRATIX_TEST_DIE_WITH" // an engine of this host, and a Pod
)

// proxy is "docker system dial-stdio".
func proxy(socket string) int {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() { _, _ = io.Copy(conn, os.Stdin) }()
	_, _ = io.Copy(os.Stdout, conn)
	return 0
}

// leaveBehind makes a Pod and says so. Then somebody kills it.
func leaveBehind(host string) int {
	ctx := context.Background()
	e, err := docker.New(ctx, docker.Config{Getenv: vars("DOCKER_HOST", host)})
	if err == nil {
		_, err = e.NewPod(ctx, []string{"v", "w"})
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
	return 0
}

func TestWhatAKilledProcessLeftIsRemovedByTheNext(t *testing.T) {
	host := getenv(t)("DOCKER_HOST")
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), dieWith+"="+host)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	if n, _ := out.Read(said); string(said[:n]) != "ready\n" {
		t.Fatalf("it says %q", said[:n])
	}
	newEngine(t, nil)
	if left := get(t, host, "containers/json?all=1"); !strings.Contains(left, `"keeper"`) {
		t.Errorf("what belongs to a living process was removed: %s", left)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	newEngine(t, nil)
	wantNothing(t, host)
}

// emptyStore is an image cache with nothing in it.
func emptyStore(tb testing.TB) *image.Store {
	tb.Helper()
	store, err := image.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close() })
	return store
}

func TestCancellationAtAnyMomentLeavesNothing(t *testing.T) {
	e, ref := newShell(t)
	host := getenv(t)("DOCKER_HOST")
	for round := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() { runPod(ctx, t, e, ref) })
		}
		after := time.Duration(rand.Int64N(int64(1500 * time.Millisecond)))
		timer := time.AfterFunc(after, cancel)
		wait.Wait()
		timer.Stop()
		cancel()
		if wantNothing(t, host); t.Failed() {
			t.Fatalf("round %d, cancelled after %v", round, after)
		}
	}
}

// runPod runs two steps in a Pod, unless ctx ends.
func runPod(ctx context.Context, t *testing.T, e workflow.Engine, ref string) {
	t.Helper()
	pod, err := e.NewPod(ctx, []string{"v"})
	if err == nil {
		defer func() {
			if err := pod.Close(); err != nil {
				t.Error(err)
			}
		}()
		for range 2 {
			if _, err = pod.Run(ctx, shell(ref, "echo started; sleep 0.3"), io.Discard, io.Discard); err != nil {
				break
			}
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestMemoryLimit(t *testing.T) {
	e, ref := newShell(t)
	if info := get(t, getenv(t)("DOCKER_HOST"), "info"); !strings.Contains(info, `"MemoryLimit":true`) {
		t.Skip("this daemon cannot limit memory")
	}
	pod, err := e.NewPod(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pod.Close() }()
	c := shell(ref, "exec tail -c 100000000 /dev/zero")
	c.Limits = workflow.Limits{Memory: 20 << 20, MilliCPU: 900}
	exit, err := pod.Run(t.Context(), c, io.Discard, io.Discard)
	if err != nil || exit.Code != 137 || !exit.OOMKilled {
		t.Errorf("%+v, %v", exit, err)
	}
}

// TestThroughSSH has an "ssh" that is not one, but gives what ssh gives: the
// standard input and output of a program at the daemon's side.
func TestThroughSSH(t *testing.T) {
	host := getenv(t)("DOCKER_HOST")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %s/calls\nexport %s=%s\nexec %s\n", dir, proxyTo, strings.TrimPrefix(host, "unix://"), program)
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	_, ref := newShell(t)
	e, err := docker.New(t.Context(), docker.Config{Images: emptyStore(t), Getenv: vars("DOCKER_HOST", "ssh://me@far.example:2222")})
	if err != nil {
		t.Fatal(err)
	}
	pod, err := e.NewPod(t.Context(), []string{"v"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pod.Close(); err != nil {
			t.Error(err)
		}
	}()
	var stdout bytes.Buffer
	if _, err := pod.Run(t.Context(), shell(ref, "echo from afar"), &stdout, io.Discard); err != nil || stdout.String() != "from afar\n" {
		t.Errorf("%q, %v", stdout.String(), err)
	}
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if want := "-T -l me -p 2222 -- far.example docker system dial-stdio\n"; err != nil || !strings.Contains(string(calls), want) {
		t.Errorf("ssh was called with %q, %v; want %q", calls, err, want)
	}
}

func TestSSHThatFailsSaysWhy(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte("#!/bin/sh\necho 'Permission denied (publickey).' >&2\nexit 255\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	_, err := docker.New(t.Context(), docker.Config{Getenv: vars("DOCKER_HOST", "ssh://far.example")})
	if err == nil || err.Error() != "ssh://far.example (DOCKER_HOST): Permission denied (publickey)." {
		t.Errorf("got %v", err)
	}
}

// newShell gives an engine and an image with a shell, which the daemon has
// under the reference and the engine's cache does not.
func newShell(tb testing.TB) (e workflow.Engine, ref string) {
	tb.Helper()
	getenv := getenv(tb)
	store := emptyStore(tb)
	engine, err := docker.New(tb.Context(), docker.Config{Images: store, Getenv: getenv})
	if err != nil {
		tb.Fatal(err)
	}
	layer := busyboxLayer(tb)
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		tb.Fatal(err)
	}
	ref = "docker-test.invalid/shell:v1"
	var packed bytes.Buffer
	if err := image.WriteTar(&packed, ref, img); err != nil {
		tb.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("unix", strings.TrimPrefix(getenv("DOCKER_HOST"), "unix://"))
		},
	}}
	resp, err := client.Post("http://docker/images/load", "application/x-tar", &packed)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if said, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		tb.Fatalf("%s, %v: %s", resp.Status, err, said)
	}
	return engine, ref
}

func shell(ref, line string) workflow.Container {
	return workflow.Container{
		Name: "step", Image: ref, Command: []string{"/bin/busybox", "sh", "-c", line},
		Env: []workflow.EnvVar{{Name: "PATH", Value: "/bin"}},
	}
}
