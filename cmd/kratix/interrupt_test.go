// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/kratix-tools/kratix/internal/engine/enginetest"
	"github.com/kratix-tools/kratix/internal/image"
)

var interruptions = flag.Int("interruptions", 10, "how often a run of twenty cases is interrupted, for each engine")

// TestInterruptedRunLeavesNothing sends SIGINT to runs of twenty parallel cases
// at random moments.
func TestInterruptedRunLeavesNothing(t *testing.T) {
	if _, err := os.Stat(busybox); err != nil {
		t.Skip(err)
	}
	t.Run("native", func(t *testing.T) { newInterrupted(t, "native", 0).test() })
	t.Run("native, as an ordinary user", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("this is the ordinary user")
		}
		newInterrupted(t, "native", 12345).test()
	})
	t.Run("docker", func(t *testing.T) {
		dir, err := os.MkdirTemp("", "interrupt-") //nolint:usetesting // a socket's path is short
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		host, stop, err := enginetest.StartDocker(dir)
		if err != nil {
			t.Skip(err)
		}
		defer stop()
		run := newInterrupted(t, "docker", 0)
		run.docker = host
		run.test()
	})
}

// interrupted is a Promise with twenty cases and whatever runs them.
type interrupted struct {
	*testing.T

	engine  string
	uid     uint32
	docker  string // address of the daemon
	program string
	dir     string // of the Promise
	tmp     string
	cache   string
	word    string // in the command line of each process of a step
}

func newInterrupted(t *testing.T, engine string, uid uint32) *interrupted {
	t.Helper()
	root := t.TempDir()
	run := &interrupted{
		T: t, engine: engine, uid: uid, dir: filepath.Join(root, "promise"), tmp: filepath.Join(root, "tmp"), cache: filepath.Join(root, "cache"),
		word: fmt.Sprintf("step-of-%d-%s-%d", os.Getpid(), engine, uid),
	}
	run.copyProgram(root)
	for i := range 20 {
		run.write(fmt.Sprintf("tests/resource-configure/case%02d/request.yaml", i), "apiVersion: acme.org/v1\nkind: App\nmetadata: {name: example}\n")
	}
	run.write("promise.yaml", interruptedPromise)
	run.storeImage()
	run.check(os.MkdirAll(run.tmp, 0o777))
	for d := root; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		run.check(os.Chmod(d, 0o755))
	}
	run.check(filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, int(uid), int(uid)))
	}))
	return run
}

const interruptedPromise = `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: app}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: apps.acme.org}
    spec:
      group: acme.org
      names: {kind: App, plural: apps, singular: app}
      scope: Namespaced
      versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
  workflows:
    resource:
      configure:
      - apiVersion: platform.kratix.io/v1alpha1
        kind: Pipeline
        metadata: {name: instance}
        spec:
          containers:
          - {name: one, image: registry.invalid/step:v1}
          - {name: two, image: registry.invalid/step:v1}
          - {name: three, image: registry.invalid/step:v1}
`

func (run *interrupted) check(err error) {
	run.Helper()
	if err != nil {
		run.Fatal(err)
	}
}

func (run *interrupted) write(name, content string) {
	run.Helper()
	file := filepath.Join(run.dir, name)
	run.check(os.MkdirAll(filepath.Dir(file), 0o755))
	run.check(os.WriteFile(file, []byte(content), 0o644))
}

// copyProgram puts the program where another user finds it.
func (run *interrupted) copyProgram(dir string) {
	run.Helper()
	self, err := os.Executable()
	run.check(err)
	content, err := os.ReadFile(self)
	run.check(err)
	run.program = filepath.Join(dir, "bin", "kratix")
	run.check(os.MkdirAll(filepath.Dir(run.program), 0o755))
	run.check(os.WriteFile(run.program, content, 0o755))
}

// storeImage makes the image of the steps, each of which has a child in the
// background and takes a moment.
func (run *interrupted) storeImage() {
	run.Helper()
	files := run.TempDir()
	script := fmt.Sprintf("sh -c 'while true; do sleep 1; done' %s &\necho x > /kratix/output/$$\nsleep 0.2\n", run.word)
	run.check(os.WriteFile(filepath.Join(files, "run.sh"), []byte(script), 0o755))
	img, err := shellImage(files)
	run.check(err)
	config, err := img.ConfigFile()
	run.check(err)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	img, err = mutate.ConfigFile(img, config)
	run.check(err)
	store, err := image.Open(filepath.Join(run.cache, "kratix"))
	run.check(err)
	_, err = store.Put(run.Context(), "registry.invalid/step:v1", img)
	run.check(errors.Join(err, store.Close()))
}

// test runs the cases once to the end, to know how long that takes, and then
// interrupts them.
func (run *interrupted) test() {
	run.Helper()
	took, _, code := run.once(time.Hour)
	if code != 1 { // no case has a golden
		run.Fatalf("exit code %d", code)
	}
	run.wantNothing()
	n := *interruptions
	if testing.Short() {
		n = 2
	}
	var longest time.Duration
	for i := range n {
		run.check(os.RemoveAll(filepath.Join(run.dir, ".kratix")))
		after := time.Duration(rand.Int64N(int64(min(took, 8*time.Second)))) // a daemon takes long, and does the same all the time
		_, end, code := run.once(after)
		longest = max(longest, end)
		if code != 130 && code != 1 && code != -1 { // or it had come to its end, or not yet to its beginning
			run.Errorf("exit code %d", code)
		}
		if end > 30*time.Second { // two, on a machine that does nothing else
			run.Errorf("it took %v to end", end)
		}
		if run.wantNothing(); run.Failed() {
			run.Fatalf("round %d, interrupted after %v of %v", i, after, took)
		}
	}
	run.Logf("%d interruptions of a run of %v: over after %v at most", n, took.Round(time.Millisecond), longest.Round(time.Millisecond))
}

// once runs all cases and interrupts the run after some time, if it is not over
// by then. It gives how long all of it took, and how long from the signal to the
// end.
func (run *interrupted) once(after time.Duration) (took, end time.Duration, code int) {
	run.Helper()
	cmd := exec.CommandContext(run.Context(), run.program, "test", "workflow", "--engine", run.engine, "-j", "20")
	cmd.Dir = run.dir
	cmd.Env = append(os.Environ(), "TMPDIR="+run.tmp, "XDG_CACHE_HOME="+run.cache, "HOME="+run.tmp, "DOCKER_HOST="+run.docker)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if run.uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: run.uid, Gid: run.uid}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := time.Now()
	run.check(cmd.Start())
	signalled := make(chan time.Time, 1)
	timer := time.AfterFunc(after, func() {
		signalled <- time.Now()
		_ = cmd.Process.Signal(syscall.SIGINT)
	})
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		run.Fatal(err)
	}
	if !timer.Stop() {
		end = time.Since(<-signalled)
	}
	if code = cmd.ProcessState.ExitCode(); code != 1 && code != 130 && code != -1 {
		run.Logf("%s", &out)
	}
	return time.Since(started), end, code
}

// wantNothing looks for what a run may leave.
func (run *interrupted) wantNothing() {
	run.Helper()
	left, err := os.ReadDir(run.tmp)
	run.check(err)
	for _, entry := range left {
		run.Errorf("left behind: %s", entry.Name())
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	run.check(err)
	if strings.Contains(string(mounts), run.tmp) {
		run.Errorf("mounts left behind:\n%s", mounts)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	run.check(err)
	for _, process := range processes {
		if line, err := os.ReadFile(process); err == nil && bytes.Contains(line, []byte(run.word)) {
			run.Errorf("%s still runs: %q", process, line)
		}
	}
	if run.docker == "" {
		return
	}
	if containers := run.ask("containers/json?all=1"); string(containers) != "[]" {
		run.Errorf("containers left behind: %s", containers)
	}
	var volumes struct{ Volumes []any }
	run.check(json.Unmarshal(run.ask("volumes"), &volumes))
	if len(volumes.Volumes) > 0 {
		run.Errorf("volumes left behind: %v", volumes.Volumes)
	}
}

// ask asks the daemon directly.
func (run *interrupted) ask(path string) []byte {
	run.Helper()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("unix", strings.TrimPrefix(run.docker, "unix://"))
		},
	}}
	resp, err := client.Get("http://docker/" + path)
	run.check(err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	run.check(err)
	return bytes.TrimSpace(answer)
}
