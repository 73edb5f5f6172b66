// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine/kubelet"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// pod is one Pod: a directory with volumes. Between two containers nothing of
// it runs.
type pod struct {
	engine  *Engine
	dir     *podDir
	volumes map[string]int // number by name
	last    identity       // of the latest container
	// namespace is that of the latest container, if there are several.
	namespace *namespace
}

// Close implements [workflow.Pod].
func (p *pod) Close() error {
	if err := p.dir.remove(); err != nil {
		return diag.Machine(fmt.Errorf("removing a Pod's directory: %w", err))
	}
	return nil
}

func (p *pod) volume(name string) (string, error) {
	i, ok := p.volumes[name]
	if !ok {
		return "", diag.Inputf("the Pod has no volume %q", name)
	}
	return p.dir.volume(i), nil
}

// Run implements [workflow.Pod]. If stdout and stderr are the same writer it
// is used by one goroutine at a time, as with package os/exec.
func (p *pod) Run(ctx context.Context, c workflow.Container, stdout, stderr io.Writer) (workflow.Exit, error) {
	img, err := p.engine.image(ctx, c.Image)
	if err != nil {
		return workflow.Exit{}, err
	}
	exit, err := p.run(ctx, c, img, stdout, stderr)
	exit.Digest = img.Digest
	return exit, kubelet.Failure(ctx, c, err)
}

func (p *pod) run(ctx context.Context, c workflow.Container, img *readyImage, stdout, stderr io.Writer) (workflow.Exit, error) {
	s, err := p.sandbox(ctx, c, img)
	if err != nil {
		return workflow.Exit{}, err
	}
	if s.cgroup, err = p.engine.cgroups.create(c.Limits); err != nil {
		return workflow.Exit{}, diag.Machine(err)
	}
	exit, err := p.start(ctx, s, c, stdout, stderr)
	exit.OOMKilled = s.cgroup.outOfMemory()
	return exit, cmp.Or(err, diag.Machine(s.cgroup.remove()))
}

// start runs a sandbox to its end.
func (p *pod) start(ctx context.Context, s *sandbox, c workflow.Container, stdout, stderr io.Writer) (exit workflow.Exit, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	uid, gid := s.hostUser()
	out, err := openOutputs(ctx, cancel, uid, gid, c, stdout, stderr)
	if err != nil {
		return exit, diag.Machine(err)
	}
	s.stdin, s.stdout, s.stderr = out.fds[0], out.fds[1], out.fds[2]
	s.terminal = c.Terminal != nil
	proc, err := s.process()
	if err != nil {
		return exit, errors.Join(diag.Input(err), out.wait(ctx))
	}
	p.last, p.namespace = s.user, s.namespace
	began := time.Now()
	state, err := proc.run(ctx)
	exit.Duration = time.Since(began)
	if err := cmp.Or(err, out.wait(ctx)); err != nil {
		return p.failed(exit, err, s, stderr)
	}
	exit.Code, err = exitCode(state)
	return exit, err
}

// exitCode gives the code that a shell would show.
func exitCode(state *os.ProcessState) (int, error) {
	status, ok := state.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return 0, diag.Machinef("no exit status in %v", state)
	case status.Signaled():
		return 128 + int(status.Signal()), nil
	default:
		return status.ExitStatus(), nil
	}
}

// failed tells a program that the author has to correct from a fault of the
// machine.
func (p *pod) failed(exit workflow.Exit, err error, s *sandbox, stderr io.Writer) (workflow.Exit, error) {
	var f *fault
	if !errors.As(err, &f) {
		return exit, diag.Machine(err)
	}
	switch f.errno {
	case unix.EXDEV, unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.EISDIR, unix.EEXIST, unix.ENXIO, unix.ENAMETOOLONG:
		if f.image {
			return exit, diag.Input(err)
		}
	}
	if !f.next {
		return exit, explain(err, machineSetting)
	}
	message, code := cannotStart(s.args[0], f)
	exit.Code = code
	if _, err := io.WriteString(stderr, message); err != nil {
		return exit, diag.Machine(err)
	}
	return exit, nil
}

// sandbox settles what a container is started with.
func (p *pod) sandbox(ctx context.Context, c workflow.Container, img *readyImage) (*sandbox, error) {
	user, err := resolveUser(img.Config.User, c.Security, img.layers)
	if err != nil {
		return nil, err
	}
	namespace, err := p.engine.enter(ctx, &user)
	if err != nil {
		return nil, err
	}
	args, err := kubelet.Arguments(img.Config, c)
	if err != nil {
		return nil, err
	}
	volumes, err := p.mounts(c.Mounts)
	if err != nil {
		return nil, err
	}
	files, err := etcFiles(c)
	if err != nil {
		return nil, err
	}
	filter, err := p.engine.filter(c.Security)
	if err != nil {
		return nil, err
	}
	env := environment(img.Config, c, user.home)
	return &sandbox{
		capabilities: capabilityBits(c.Security.Capabilities()), noNewPrivs: c.Security.NoNewPrivileges,
		unmasked: c.Security.Privileged, filter: filter,
		mode: p.engine.mode, namespace: namespace, kernel: p.engine.kernel, scratch: p.dir.scratch(), layers: img.layers,
		volumes: volumes, files: files, hostname: c.Hostname, network: c.Network,
		readOnlyRoot: c.Security.ReadOnlyRootFilesystem,
		user:         user, workDir: absolute(img.Config.WorkingDir), args: args, env: env,
		places: places(args[0], env),
	}, nil
}

// mounts finds the sources of a container's mounts; the outer targets come
// before those inside them.
func (p *pod) mounts(mounts []workflow.Mount) ([]volumeMount, error) {
	var list []volumeMount
	for _, m := range mounts {
		if target := path.Clean(m.Target); !path.IsAbs(target) || target == "/" {
			return nil, diag.Inputf("mountPath %q: not an absolute path below /", m.Target)
		}
		dir, err := p.volume(m.Volume)
		if err != nil {
			return nil, err
		}
		file, err := p.subPath(dir, m.SubPath)
		if err != nil {
			return nil, fmt.Errorf("subPath %q of volume %q: %w", m.SubPath, m.Volume, err)
		}
		list = append(list, volumeMount{dir: dir, sub: m.SubPath, file: file, target: path.Clean(m.Target), readOnly: m.ReadOnly})
	}
	slices.SortStableFunc(list, func(a, b volumeMount) int {
		return cmp.Compare(strings.Count(a.target, "/"), strings.Count(b.target, "/"))
	})
	return list, nil
}

// subPath tells whether a part of a volume is a file. What is missing is made
// as a directory, as a kubelet does.
func (p *pod) subPath(dir, sub string) (file bool, err error) {
	if sub == "" {
		return false, nil
	}
	if path.IsAbs(sub) || slices.Contains(strings.Split(sub, "/"), "..") {
		return false, diag.Inputf("not a path inside the volume")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false, diag.Machine(err)
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(sub)
	if err == nil {
		return !info.IsDir(), nil
	}
	if err := p.makeDirs(root, path.Clean(sub), 0o750); err != nil {
		return false, diag.Input(err)
	}
	return false, nil
}

// etcFiles are the files that a kubelet and a runtime put into a container. A
// container without network gets no resolv.conf: it could resolve nothing.
func etcFiles(c workflow.Container) ([]etcFile, error) {
	hosts := "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\t" + c.Hostname + "\n"
	files := []etcFile{{"/etc/hosts", []byte(hosts)}, {"/etc/hostname", []byte(c.Hostname + "\n")}}
	if c.Network != workflow.NetworkHost {
		return files, nil
	}
	resolv, err := os.ReadFile("/etc/resolv.conf")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, diag.Machine(err)
	}
	return append(files, etcFile{"/etc/resolv.conf", bytes.Clone(resolv)}), nil
}
