// SPDX-License-Identifier: Apache-2.0

package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A standIn is an engine whose images are Go functions and whose volumes are
// real directories.
type standIn struct {
	dir    string // parent of the volumes
	images map[string]image

	mu     sync.Mutex
	open   int // Pods that are not closed
	ran    []workflow.Container
	copied error // what CopyOut fails with
}

// An image is a program that runs in a container.
type image func(ctx context.Context, c box) int

// A box is a container as its program sees it.
type box struct {
	workflow.Container
	pod            *standInPod
	stdout, stderr io.Writer
}

// path finds a file of the container on the machine. Writing below a read-only
// mount is refused, as the kernel does.
func (b box) path(name string, write bool) (string, error) {
	mounts := slices.Clone(b.Mounts)
	slices.SortFunc(mounts, func(a, b workflow.Mount) int { return len(b.Target) - len(a.Target) })
	for _, m := range mounts {
		rest, inside := strings.CutPrefix(name, m.Target)
		if !inside || rest != "" && rest[0] != '/' {
			continue
		}
		if write && m.ReadOnly {
			return "", &fs.PathError{Op: "open", Path: name, Err: errors.New("read-only file system")}
		}
		return filepath.Join(b.pod.dir, m.Volume, m.SubPath, rest), nil
	}
	return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (b box) write(name, content string) error {
	file, err := b.path(name, true)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(content), 0o644)
}

func (b box) read(name string) (string, error) {
	file, err := b.path(name, false)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(file)
	return string(content), err
}

func (b box) getenv(name string) string {
	for _, v := range slices.Backward(b.Env) {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func (e *standIn) Name() string { return "stand-in" }

func (e *standIn) Prepare(_ context.Context, images []string) error {
	for _, i := range images {
		if e.images[i] == nil {
			return diag.Machinef("image %q: not found", i)
		}
	}
	return nil
}

func (e *standIn) NewPod(_ context.Context, volumes []string) (workflow.Pod, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	dir, err := os.MkdirTemp(e.dir, "pod-")
	if err != nil {
		return nil, diag.Machine(err)
	}
	for _, v := range volumes {
		if err := os.Mkdir(filepath.Join(dir, v), 0o777); err != nil {
			return nil, diag.Machine(err)
		}
	}
	e.open++
	return &standInPod{engine: e, dir: dir}, nil
}

type standInPod struct {
	engine *standIn
	dir    string
}

func (p *standInPod) CopyIn(_ context.Context, volume string, files tree.FS) error {
	return os.CopyFS(filepath.Join(p.dir, volume), files)
}

func (p *standInPod) Run(ctx context.Context, c workflow.Container, stdout, stderr io.Writer) (workflow.Exit, error) {
	program := p.engine.images[c.Image]
	if program == nil {
		return workflow.Exit{}, diag.Machinef("image %q: not found", c.Image)
	}
	p.engine.mu.Lock()
	p.engine.ran = append(p.engine.ran, c)
	p.engine.mu.Unlock()
	code := program(ctx, box{c, p, stdout, stderr})
	if ctx.Err() != nil {
		return workflow.Exit{}, ctx.Err()
	}
	return workflow.Exit{Code: code, Duration: time.Millisecond, Digest: "sha256:" + c.Image}, nil
}

func (p *standInPod) CopyOut(_ context.Context, volume, dir string) (tree.FS, error) {
	if p.engine.copied != nil {
		return nil, p.engine.copied
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(p.dir, volume))); err != nil {
		return nil, diag.Machine(err)
	}
	copied, ok := os.DirFS(dir).(tree.FS)
	if !ok {
		return nil, fmt.Errorf("%T does not read links", os.DirFS(dir))
	}
	return copied, nil
}

func (p *standInPod) Close() error {
	p.engine.mu.Lock()
	defer p.engine.mu.Unlock()
	p.engine.open--
	return os.RemoveAll(p.dir)
}
