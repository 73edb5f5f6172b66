// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// StartDocker starts a Docker daemon with all its files below dir, which is
// short (a socket's path has few characters) and exists. It gives the value of
// DOCKER_HOST and a function that ends the daemon. An error says in one
// sentence why this machine has none to offer.
func StartDocker(dir string) (host string, stop func(), err error) {
	return startDaemon(dir, "docker.io", "dockerd", "--host", "unix://"+socket(dir), "--data-root", filepath.Join(dir, "data"),
		"--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"--bridge=none", "--iptables=false", "--ip6tables=false")
}

// StartPodman starts Podman's service as [StartDocker] starts a daemon, and
// gives the value of CONTAINER_HOST. With runc it works on machines where crun
// does not: those that have both versions of cgroups.
func StartPodman(dir string) (host string, stop func(), err error) {
	return startDaemon(dir, "podman", "podman", "--root", filepath.Join(dir, "data"), "--runroot", filepath.Join(dir, "run"),
		"--tmpdir", filepath.Join(dir, "tmp"), "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "file",
		"system", "service", "--time", "0", "unix://"+socket(dir))
}

func socket(dir string) string { return filepath.Join(dir, "daemon.sock") }

func startDaemon(dir, pkg, program string, args ...string) (host string, stop func(), err error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", nil, fmt.Errorf("there is no %s on this machine: apt-get install %s", program, pkg)
	}
	if os.Geteuid() != 0 {
		return "", nil, fmt.Errorf("only root can start %s for a test", program)
	}
	output, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = output.Close() }()
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = output, output
	ended, err := start(cmd)
	if err != nil {
		return "", nil, err
	}
	if err := waitFor(socket(dir), ended); err != nil {
		said, _ := os.ReadFile(filepath.Join(dir, "log"))
		_ = cmd.Process.Kill()
		return "", nil, fmt.Errorf("%s does not start here: %w\n%s", program, err, said)
	}
	return "unix://" + socket(dir), func() {
		end(cmd, ended)
		for _, left := range []string{"exec/netns/default", "data/overlay"} { // by Docker, by Podman
			_ = syscall.Unmount(filepath.Join(dir, left), syscall.MNT_DETACH)
		}
	}, nil
}

// start starts a daemon in a process group of its own, so that Ctrl-C in a
// terminal leaves it to us to end it, and so that it ends in any case when we
// do. The kernel takes the end of the thread that started it for ours.
func start(cmd *exec.Cmd) (<-chan string, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started, ended := make(chan error), make(chan string, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- fmt.Sprint(cmd.Wait())
		}
	}()
	return ended, <-started
}

// waitFor waits until a daemon answers or has ended.
func waitFor(socket string, ended <-chan string) error {
	var d net.Dialer
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) },
	}}
	defer client.CloseIdleConnections()
	deadline := time.After(time.Minute)
	for {
		if resp, err := client.Get("http://docker/_ping"); err == nil {
			return resp.Body.Close()
		}
		select {
		case how := <-ended:
			return fmt.Errorf("it ended: %s", how)
		case <-deadline:
			return errors.New("it does not answer within a minute")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// end asks a daemon to end and, if it does not, ends it.
func end(cmd *exec.Cmd, ended <-chan string) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
	}
}
