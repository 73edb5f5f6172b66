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
	program, err := exec.LookPath("dockerd")
	if err != nil {
		return "", nil, errors.New("no Docker daemon is installed here: apt-get install docker.io iptables")
	}
	if os.Geteuid() != 0 {
		return "", nil, errors.New("only root can start a Docker daemon")
	}
	output, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = output.Close() }()
	socket := filepath.Join(dir, "docker.sock")
	cmd := exec.Command(program, "--host", "unix://"+socket, "--data-root", filepath.Join(dir, "data"),
		"--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"--bridge=none", "--iptables=false", "--ip6tables=false")
	cmd.Stdout, cmd.Stderr = output, output
	ended, err := start(cmd)
	if err != nil {
		return "", nil, err
	}
	if err := waitFor(socket, ended); err != nil {
		said, _ := os.ReadFile(filepath.Join(dir, "log"))
		_ = cmd.Process.Kill()
		return "", nil, fmt.Errorf("dockerd does not start here: %w\n%s", err, said)
	}
	return "unix://" + socket, func() { end(cmd, ended) }, nil
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
