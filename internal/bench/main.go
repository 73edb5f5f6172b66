// SPDX-License-Identifier: Apache-2.0

// Bench measures what the program promises about speed, each figure against
// its peer in the same run: start-up of "kratix version", one no-op container
// of the native engine, a test run of 100 cases, "docker run --rm" of the same
// image where docker answers, and reading a platform of 10,000 Works beside
// kubectl, where "make kube-apiserver" was. Machines are noisy, so it prints
// medians with their spread, and ratios.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/engine"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func main() {
	program := flag.String("kratix", "bin/kratix", "the program to measure")
	runs := flag.Int("runs", 50, "how often to measure")
	skip := flag.String("skip", "", "`parts` to leave out: containers,platform")
	flag.Parse()
	if err := run(context.Background(), *program, *runs, strings.Split(*skip, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures one part after the other.
func run(ctx context.Context, program string, runs int, skip []string) error {
	dir, err := os.MkdirTemp("", "kratix-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	b := &bench{dir: dir, runs: runs}
	if err := b.startup(ctx, program); err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		measure func() error
	}{
		{"containers", func() error { return b.containers(ctx, program) }},
		{"platform", func() error { return platform(ctx, dir, program) }},
	} {
		if slices.Contains(skip, part.name) {
			continue
		}
		if err := part.measure(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// containers measures a container that does nothing, and many of them.
func (b *bench) containers(ctx context.Context, program string) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	native, err := b.native(ctx)
	if err != nil {
		return err
	}
	if err := b.docker(ctx, native); err != nil {
		return err
	}
	return b.suite(ctx, program)
}

// A bench is the image to run and where it is.
type bench struct {
	dir   string
	runs  int
	store *image.Store
	image *image.Image
}

const (
	noop   = "kratix.local/noop:bench"
	source = "package main\n\nfunc main() {}\n"
)

// prepare makes the image of a program that does nothing.
func (b *bench) prepare(ctx context.Context) error {
	stage := filepath.Join(b.dir, "stage")
	if err := os.MkdirAll(stage, 0o755); err != nil { //nolint:gosec // nothing secret
		return err
	}
	for name, content := range map[string]string{"go.mod": "module noop\n\ngo 1.26\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(stage, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	cache, err := image.DefaultDir(func(string) string { return b.dir }) // as XDG_CACHE_HOME
	if err != nil {
		return err
	}
	if b.store, err = image.Open(cache); err != nil {
		return err
	}
	img, err := build.Go(ctx, build.GoOptions{Dir: stage, Store: b.store})
	if err != nil {
		return err
	}
	b.image, err = b.store.Put(ctx, noop, img)
	return err
}

func (b *bench) startup(ctx context.Context, program string) error {
	info, err := os.Stat(program)
	if err != nil {
		return err
	}
	fmt.Printf("%-28s %.1f MB\n", "binary", float64(info.Size())/1e6)
	times, err := measure(b.runs, func() error { return exec.CommandContext(ctx, program, "version").Run() })
	times.print("kratix version")
	return err
}

// native measures a container of the native engine, from its start to its end.
func (b *bench) native(ctx context.Context) (durations, error) {
	eng, err := engine.New(ctx, "native", engine.Config{Images: b.store, Getenv: os.Getenv})
	if err != nil {
		return nil, err
	}
	if err := eng.Prepare(ctx, []string{noop}); err != nil {
		return nil, err
	}
	pod, err := eng.NewPod(ctx, []string{"output"})
	if err != nil {
		return nil, err
	}
	defer pod.Close() //nolint:errcheck // a temporary directory
	container := workflow.Container{
		Name: "noop", Image: noop, Network: workflow.NetworkNone,
		Mounts: []workflow.Mount{{Volume: "output", Target: "/kratix/output"}},
	}
	times, err := measure(b.runs, func() error {
		exit, err := pod.Run(ctx, container, io.Discard, io.Discard)
		if err == nil && exit.Code != 0 {
			err = fmt.Errorf("the no-op container exited %d", exit.Code)
		}
		return err
	})
	times.print("native container, no-op")
	return times, err
}

// docker measures "docker run --rm" of the same image, if a daemon answers.
func (b *bench) docker(ctx context.Context, native durations) error {
	if err := exec.CommandContext(ctx, "docker", "version").Run(); err != nil {
		fmt.Printf("%-28s not measured: no daemon answers\n", "docker run --rm")
		return nil
	}
	if err := b.load(ctx); err != nil {
		return err
	}
	defer exec.CommandContext(ctx, "docker", "rmi", noop).Run() //nolint:errcheck // best effort
	times, err := measure(max(5, b.runs/5), func() error {
		return exec.CommandContext(ctx, "docker", "run", "--rm", "--network", "none", noop).Run()
	})
	if err != nil {
		return err
	}
	times.print("docker run --rm, no-op")
	fmt.Printf("%-28s %.1f times\n", "native is faster by", float64(times.median())/float64(native.median()))
	return nil
}

func (b *bench) load(ctx context.Context) error {
	img, err := b.store.Content(b.image)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(image.WriteTar(w, noop, img)) }()
	cmd := exec.CommandContext(ctx, "docker", "load")
	cmd.Stdin = r
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker load: %w: %s", err, out)
	}
	return nil
}

// durations are the results of one measurement, sorted.
type durations []time.Duration

// measure does something several times; the first is left out, as it fills
// caches.
func measure(runs int, do func() error) (durations, error) {
	var times durations
	for i := range runs + 1 {
		started := time.Now()
		if err := do(); err != nil {
			return nil, err
		}
		if i > 0 {
			times = append(times, time.Since(started))
		}
	}
	if len(times) == 0 {
		return nil, errors.New("nothing was measured: --runs must be at least 1")
	}
	slices.Sort(times)
	return times, nil
}

func (d durations) median() time.Duration { return d[len(d)/2] }

func (d durations) print(what string) {
	if len(d) == 0 {
		return
	}
	fmt.Printf("%-28s median %6.1f ms   (10%%: %.1f, 90%%: %.1f, of %d)\n", what,
		ms(d.median()), ms(d[len(d)/10]), ms(d[len(d)*9/10]), len(d))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
