// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine/kubelet"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// subpathVersion is the first version of the API with which a part of a volume
// can be mounted.
const subpathVersion = "1.45"

// Run implements [workflow.Pod].
func (p *pod) Run(ctx context.Context, c workflow.Container, stdout, stderr io.Writer) (workflow.Exit, error) {
	img, err := p.engine.image(ctx, c.Image)
	if err != nil {
		return workflow.Exit{}, err
	}
	exit, err := p.run(ctx, c, img, stdout, stderr)
	exit.Digest = img.digest
	return exit, kubelet.Failure(ctx, c, err)
}

func (p *pod) run(ctx context.Context, c workflow.Container, img *readyImage, stdout, stderr io.Writer) (workflow.Exit, error) {
	spec, err := p.spec(ctx, c, img)
	if err != nil {
		return workflow.Exit{}, err
	}
	p.used = true
	exit, err := p.runSpec(ctx, spec, img, c, stdout, stderr)
	if limits := currentUlimits(); isRlimit(err) && spec.HostConfig.Ulimits == nil && limits != nil {
		p.engine.setUlimits(limits)
		spec.HostConfig.Ulimits = limits
		exit, err = p.runSpec(ctx, spec, img, c, stdout, stderr)
	}
	var start *startError
	if !errors.As(err, &start) {
		return exit, err
	}
	return start.exit(spec.Entrypoint[0], exit, stderr)
}

// runSpec runs a container to its end and removes it: before it returns if ctx
// has ended or something failed, else soon.
func (p *pod) runSpec(ctx context.Context, spec containerSpec, img *readyImage, c workflow.Container, stdout, stderr io.Writer) (exit workflow.Exit, err error) {
	e := p.engine
	id, err := e.create(ctx, spec, img.platform)
	if err != nil {
		return exit, e.fault("making the container", err)
	}
	defer func() {
		if err == nil && ctx.Err() == nil {
			p.removals.Go(func() { _ = e.remove(ctx, id) })
			return
		}
		if removed := e.remove(ctx, id); err == nil && removed != nil {
			err = e.fault("removing the container", removed)
		}
	}()
	output, err := e.client.attach(ctx, id, spec.OpenStdin)
	if err != nil {
		return exit, &startError{e.fault("attaching to the container", err)} // where Podman prepares the start
	}
	defer func() { _ = output.Close() }()
	started := time.Now()
	if err := e.begin(ctx, id); err != nil {
		return exit, &startError{e.fault("starting the container", err)}
	}
	if err := e.converse(ctx, id, c, output, stdout, stderr); err != nil {
		return exit, e.fault("reading its output", err)
	}
	if err := e.client.waitContainer(ctx, id); err != nil {
		return exit, e.fault("waiting for its end", err)
	}
	exit.Duration = time.Since(started)
	state, err := e.client.inspectContainer(ctx, id)
	if err != nil {
		return exit, e.fault("asking for its exit code", err)
	}
	exit.Code, exit.OOMKilled = state.State.ExitCode, state.State.OOMKilled
	return exit, nil
}

// begin starts a container.
func (e *Engine) begin(ctx context.Context, id string) error {
	done, err := e.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	return e.client.startContainer(ctx, id)
}

// spec says to the daemon what the container is.
func (p *pod) spec(ctx context.Context, c workflow.Container, img *readyImage) (containerSpec, error) {
	var spec containerSpec
	args, err := kubelet.Arguments(img.config, c)
	if err != nil {
		return spec, err
	}
	user, err := userOf(img.config, c.Security)
	if err != nil {
		return spec, err
	}
	mounts, err := p.mounts(ctx, c.Mounts)
	if err != nil {
		return spec, err
	}
	network := c.Network
	if network == "" {
		network = workflow.NetworkNone
	}
	spec = containerSpec{
		Image: img.ref, Entrypoint: args, Cmd: []string{}, Env: kubelet.Environment(nil, img.config, c), User: user,
		WorkingDir: path.Join("/", img.config.WorkingDir), Hostname: c.Hostname,
		Labels: p.engine.labelled(roleStep), AttachStdout: true, AttachStderr: true,
		HostConfig: hostConfig{
			NetworkMode: string(network), Mounts: mounts,
			Ulimits: p.engine.knownUlimits(), LogConfig: logConfig{"none"},
		},
	}
	spec.HostConfig.restrict(c)
	if p.engine.config.Name == Podman {
		spec.HostConfig.forPodman(user)
	}
	if c.Terminal != nil {
		spec.Tty = true
		spec.HostConfig.ConsoleSize = [2]uint16{c.Terminal.Size.Rows, c.Terminal.Size.Columns}
	}
	spec.AttachStdin = c.Stdin != nil || spec.Tty
	spec.OpenStdin, spec.StdinOnce = spec.AttachStdin, spec.AttachStdin
	if c.Hostname != "" {
		spec.HostConfig.ExtraHosts = []string{c.Hostname + ":127.0.0.1"}
	}
	if gid := c.Security.RunAsGroup; gid != nil {
		spec.User += ":" + strconv.FormatInt(*gid, 10)
		spec.HostConfig.GroupAdd, err = p.engine.groupsOf(ctx, img, user)
	}
	return spec, err
}

// leastMemory is the least to which Docker limits a container.
const leastMemory = 6 << 20

// restrict says what a container may do and use. A privileged one, too, stays
// in its namespaces: it is never Docker's idea of privileged.
func (h *hostConfig) restrict(c workflow.Container) {
	h.ReadonlyRootfs = c.Security.ReadOnlyRootFilesystem
	h.CapDrop, h.CapAdd = []string{"ALL"}, c.Security.Capabilities()
	if c.Security.NoNewPrivileges {
		h.SecurityOpt = append(h.SecurityOpt, "no-new-privileges")
	}
	if c.Security.Unconfined() {
		h.SecurityOpt = append(h.SecurityOpt, "seccomp=unconfined")
	}
	if c.Limits.Memory > 0 {
		h.Memory = max(c.Limits.Memory, leastMemory)
		h.MemorySwap = h.Memory
	}
	if c.Limits.MilliCPU > 0 {
		const period, least = 100_000, 1000 // as a kubelet
		h.CPUPeriod, h.CPUQuota = period, max(c.Limits.MilliCPU*period/1000, least)
	}
}

// forPodman says the same so that Podman understands it. In a mount it does not
// see NoCopy, and would fill an empty volume with what the image has there. And
// capabilities that are added it gives to ordinary users, too, where Kubernetes
// gives them to root only.
func (h *hostConfig) forPodman(user string) {
	mounts := h.Mounts
	h.Mounts = nil
	for _, m := range mounts {
		if m.Type != "volume" || strings.Contains(m.Target, ":") {
			h.Mounts = append(h.Mounts, m)
			continue
		}
		access := "rw"
		if m.ReadOnly {
			access = "ro"
		}
		h.Binds = append(h.Binds, m.Source+":"+m.Target+":"+access+",nocopy")
	}
	if user != "0" && user != "root" {
		h.CapAdd = nil
	}
}

func (p *pod) mounts(ctx context.Context, mounts []workflow.Mount) ([]mount, error) {
	var list []mount
	for _, m := range mounts {
		if target := path.Clean(m.Target); !path.IsAbs(target) || target == "/" {
			return nil, diag.Inputf("mountPath %q: not an absolute path below /", m.Target)
		}
		i, err := p.volume(m.Volume)
		if err != nil {
			return nil, err
		}
		v := p.keeper.volumes[i]
		mounted := mount{
			Type: "volume", Source: v.name, Target: path.Clean(m.Target), ReadOnly: m.ReadOnly,
			VolumeOptions: &volumeOptions{NoCopy: true},
		}
		if m.SubPath != "" {
			sub, err := p.subPath(ctx, i, m.SubPath)
			if err != nil {
				return nil, fmt.Errorf("subPath %q of volume %q: %w", m.SubPath, m.Volume, err)
			}
			p.part(&mounted, v, sub)
		}
		list = append(list, mounted)
	}
	return list, nil
}

// part makes of a mount one of a part of the volume. A daemon that does not
// know such mounts is told the directory in which it has the volume, on its own
// machine: subPath has seen that no link leads out of it.
func (p *pod) part(m *mount, v keptVolume, sub string) {
	switch {
	case sub == "":
	case p.engine.client.version == subpathVersion:
		m.VolumeOptions.Subpath = sub
	default:
		*m = mount{Type: "bind", Source: path.Join(v.dir, sub), Target: m.Target, ReadOnly: m.ReadOnly}
	}
}

// groupsOf gives the groups of which the image's /etc/group has the user as a
// member. To read it takes a container that is never started.
func (e *Engine) groupsOf(ctx context.Context, img *readyImage, user string) (groups []string, err error) {
	id, err := e.create(ctx, containerSpec{
		Image: img.ref, Entrypoint: []string{"never-started"}, Labels: e.labelled(roleStep),
		HostConfig: hostConfig{NetworkMode: "none", LogConfig: logConfig{"none"}},
	}, img.platform)
	if err != nil {
		return nil, e.fault("making the container", err)
	}
	defer func() { err = cmp.Or(err, e.remove(ctx, id)) }()
	passwd, err := e.readFile(ctx, id, "/etc/passwd")
	if err != nil {
		return nil, err
	}
	group, err := e.readFile(ctx, id, "/etc/group")
	return supplementary(user, passwd, group), err
}

// readFile gives the first megabyte of a container's file, and nothing for one
// that is not there.
func (e *Engine) readFile(ctx context.Context, id, name string) ([]byte, error) {
	r, err := e.client.getArchive(ctx, id, name)
	if isStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, e.fault("reading "+name+" of the image", err)
	}
	defer func() { _ = r.Close() }()
	archive := tar.NewReader(r)
	if _, err := archive.Next(); err != nil {
		return nil, e.fault("reading "+name+" of the image", err)
	}
	var content bytes.Buffer
	_, err = io.Copy(&content, io.LimitReader(archive, 1<<20))
	return content.Bytes(), err
}

// demultiplex copies the two streams that a daemon sends as one.
func demultiplex(r io.Reader, stdout, stderr io.Writer) error {
	var header [8]byte
	buf := make([]byte, 32<<10)
	for {
		switch _, err := io.ReadFull(r, header[:]); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		w := stdout
		if header[0] == 2 {
			w = stderr
		}
		if err := copyFrame(w, r, int(binary.BigEndian.Uint32(header[4:])), buf); err != nil {
			return err
		}
	}
}

func copyFrame(w io.Writer, r io.Reader, n int, buf []byte) error {
	for n > 0 {
		b := buf[:min(n, len(buf))]
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		n -= len(b)
	}
	return nil
}

// isRlimit tells that a container did not start because it was to get limits
// that the daemon may not give.
func isRlimit(err error) bool {
	var start *startError
	return errors.As(err, &start) && strings.Contains(strings.ToLower(err.Error()), "rlimit")
}

func (e *Engine) setUlimits(limits []ulimit) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ulimits = limits
}

func (e *Engine) knownUlimits() []ulimit {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ulimits
}
