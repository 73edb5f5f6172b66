// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The test run that is measured: cases of so many steps that do nothing.
const (
	cases = 100
	steps = 3
)

// What is promised of it.
const (
	leastFaster = 15.0 // times as fast as "docker run --rm" in a loop
	mostOver    = 1.5  // times as long as one case x cases / cores
	mostMemory  = 150  // MB
)

const promiseHead = `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: bench}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: benches.example.org}
    spec:
      group: example.org
      names: {kind: Bench, plural: benches, singular: bench}
      scope: Namespaced
      versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
  workflows:
    resource:
      configure:
      - apiVersion: platform.kratix.io/v1alpha1
        kind: Pipeline
        metadata: {name: noop}
        spec:
          containers:
`

// promise writes a Promise with its cases, which expect nothing to come out.
func (b *bench) promise() (dir string, err error) {
	dir = filepath.Join(b.dir, "promise")
	var text strings.Builder
	text.WriteString(promiseHead)
	for n := range steps {
		fmt.Fprintf(&text, "          - {name: noop-%d, image: %q}\n", n, noop)
	}
	files := map[string]string{"promise.yaml": text.String()}
	for n := range cases {
		name := filepath.Join("tests", "resource-configure", fmt.Sprintf("case-%03d", n))
		files[filepath.Join(name, "request.yaml")] = "apiVersion: example.org/v1\nkind: Bench\nmetadata: {name: bench, namespace: default}\n"
	}
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // nothing secret
			return "", err
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// A tester runs the program on the Promise, and remembers how much memory that
// took at most.
type tester struct {
	program, dir, cache string
	peak                int64 // bytes
}

func (t *tester) run(ctx context.Context, args ...string) error {
	args = append([]string{"test", "workflow", "--engine", "native", "--pull", "never", "--quiet", "--dir", t.dir}, args...)
	cmd := exec.CommandContext(ctx, t.program, args...)
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.cache)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak := usage.Maxrss
		if runtime.GOOS != "darwin" {
			peak <<= 10
		}
		t.peak = max(t.peak, peak)
	}
	return nil
}

// suite measures a test run of many cases against one of a single case and, if
// a daemon answers, against as many "docker run --rm" in a loop.
func (b *bench) suite(ctx context.Context, program string) error {
	dir, err := b.promise()
	if err != nil {
		return err
	}
	program, err = filepath.Abs(program)
	if err != nil {
		return err
	}
	t := &tester{program: program, dir: dir, cache: b.dir}
	if err := t.run(ctx, "--update"); err != nil {
		return err
	}
	one, err := measure(b.runs/5+1, func() error { return t.run(ctx, "case-000") })
	if err != nil {
		return err
	}
	one.print(fmt.Sprintf("1 case of %d steps", steps))
	t.peak = 0
	all, err := measure(b.runs/10+1, func() error { return t.run(ctx) })
	if err != nil {
		return err
	}
	all.print(fmt.Sprintf("%d cases of %d steps", cases, steps))
	ideal := one.median() * cases / time.Duration(runtime.NumCPU())
	compared("  of one case x 100 / cores", float64(all.median())/float64(ideal), "times", "at most", mostOver)
	compared("  peak memory", float64(t.peak)/1e6, "MB", "at most", mostMemory)
	return b.dockerLoop(ctx, all)
}

// dockerLoop measures what people write who have no such program.
func (b *bench) dockerLoop(ctx context.Context, all durations) error {
	what := fmt.Sprintf("docker run --rm x %d", cases*steps)
	if exec.CommandContext(ctx, "docker", "version").Run() != nil {
		fmt.Printf("%-28s not measured: no daemon answers\n", what)
		return nil
	}
	if err := b.load(ctx); err != nil {
		return err
	}
	defer exec.CommandContext(ctx, "docker", "rmi", noop).Run() //nolint:errcheck // best effort
	loop := `i=0; while [ $i -lt "$1" ]; do docker run --rm --network none "$2" || exit; i=$((i+1)); done`
	started := time.Now()
	if out, err := exec.CommandContext(ctx, "sh", "-c", loop, "sh", strconv.Itoa(cases*steps), noop).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", what, err, out)
	}
	took := time.Since(started)
	fmt.Printf("%-28s once   %6.1f ms\n", what, ms(took))
	compared("  kratix is faster by", float64(took)/float64(all.median()), "times", "at least", leastFaster)
	return nil
}

// compared prints a figure beside what it should be.
func compared(what string, got float64, unit, how string, bar float64) {
	met := "met"
	if how == "at most" && got > bar || how == "at least" && got < bar {
		met = "MISSED"
	}
	fmt.Printf("%-28s %.1f %s   (promised: %s %g; %s)\n", what, got, unit, how, bar, met)
}
