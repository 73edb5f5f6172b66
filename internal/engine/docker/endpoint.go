// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
)

// An endpoint is where a daemon listens.
type endpoint struct {
	host    string // as DOCKER_HOST would have it
	from    string // what named it, for people
	program string // the command that speaks for the daemon
	tls     *tls.Config
	dialer  func(ctx context.Context) (net.Conn, error)
}

// String gives the host and, unless it is the default, what named it.
func (e *endpoint) String() string {
	if e.from == "" {
		return e.host
	}
	return e.host + " (" + e.from + ")"
}

// findDocker gives the daemon that the docker command would use.
func findDocker(getenv func(string) string) (*endpoint, error) {
	if host := getenv("DOCKER_HOST"); host != "" {
		e := &endpoint{host: host, from: "DOCKER_HOST"}
		if getenv("DOCKER_TLS_VERIFY") == "" {
			return e, e.resolve("docker")
		}
		dir := cmp.Or(getenv("DOCKER_CERT_PATH"), dockerConfigDir(getenv))
		if err := e.useTLS(dir, false); err != nil {
			return nil, err
		}
		return e, e.resolve("docker")
	}
	config := dockerConfigDir(getenv)
	name, from := getenv("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
	if name == "" {
		name, from = currentContext(config), "current docker context"
	}
	if name == "" || name == "default" {
		e := &endpoint{host: defaultHost(getenv)}
		return e, e.resolve("docker")
	}
	return contextEndpoint(config, name, from)
}

func dockerConfigDir(getenv func(string) string) string {
	home := "HOME"
	if runtime.GOOS == "windows" {
		home = "USERPROFILE"
	}
	return cmp.Or(getenv("DOCKER_CONFIG"), filepath.Join(getenv(home), ".docker"))
}

func defaultHost(getenv func(string) string) string {
	const system = "/var/run/docker.sock"
	if runtime.GOOS == "windows" {
		return "npipe:////./pipe/docker_engine"
	}
	// Docker Desktop and rootless Docker need not offer the system's socket.
	for _, socket := range []string{
		system,
		filepath.Join(getenv("HOME"), ".docker/run/docker.sock"),
		filepath.Join(getenv("XDG_RUNTIME_DIR"), "docker.sock"),
	} {
		if _, err := os.Stat(socket); err == nil {
			return "unix://" + socket
		}
	}
	return "unix://" + system
}

// currentContext reads the context that "docker context use" has chosen.
func currentContext(config string) string {
	var file struct {
		CurrentContext string `json:"currentContext"`
	}
	data, err := os.ReadFile(filepath.Join(config, "config.json"))
	if err != nil || json.Unmarshal(data, &file) != nil {
		return ""
	}
	return file.CurrentContext
}

// contextEndpoint reads a context from where "docker context create" puts it.
func contextEndpoint(config, name, from string) (*endpoint, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	data, err := os.ReadFile(filepath.Join(config, "contexts", "meta", id, "meta.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, diag.Hint(diag.Machinef("docker context %q (%s): there is none", name, from), "docker context ls")
	}
	var meta struct {
		Endpoints struct {
			Docker struct {
				Host          string
				SkipTLSVerify bool
			} `json:"docker"`
		}
	}
	if err == nil {
		err = json.Unmarshal(data, &meta)
	}
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("docker context %q: %w", name, err))
	}
	docker := meta.Endpoints.Docker
	e := &endpoint{host: docker.Host, from: fmt.Sprintf("docker context %q", name)}
	dir := filepath.Join(config, "contexts", "tls", id, "docker")
	if _, err := os.Stat(dir); err == nil || docker.SkipTLSVerify {
		if err := e.useTLS(dir, docker.SkipTLSVerify); err != nil {
			return nil, err
		}
	}
	return e, e.resolve("docker")
}

// findPodman gives the sockets at which Podman's service may listen, the
// likeliest first.
func findPodman(getenv func(string) string) (*endpoint, error) {
	if host := getenv("CONTAINER_HOST"); host != "" {
		e := &endpoint{host: host, from: "CONTAINER_HOST"}
		return e, e.resolve("podman")
	}
	var sockets []string
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		sockets = append(sockets, filepath.Join(dir, "podman", "podman.sock"))
	}
	sockets = append(sockets, "/run/podman/podman.sock")
	socket := sockets[0]
	if i := slices.IndexFunc(sockets, func(s string) bool { _, err := os.Stat(s); return err == nil }); i >= 0 {
		socket = sockets[i]
	}
	e := &endpoint{host: "unix://" + socket}
	return e, e.resolve("podman")
}

// resolve finds out how to connect. Program is the command that speaks for the
// daemon at the other end of an ssh connection.
func (e *endpoint) resolve(program string) error {
	e.program = program
	u, err := url.Parse(e.host)
	if err != nil {
		return diag.Input(fmt.Errorf("%s: %w", cmp.Or(e.from, e.host), err))
	}
	var d net.Dialer
	switch u.Scheme {
	case "unix":
		e.dialer = func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "unix", u.Path) }
	case "npipe":
		e.dialer = func(ctx context.Context) (net.Conn, error) { return dialPipe(ctx, u.Path) }
	case "tcp", "http", "https":
		if u.Scheme == "https" && e.tls == nil {
			e.tls = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		e.dialer = func(ctx context.Context) (net.Conn, error) { return e.dialTCP(ctx, u.Host) }
	case "ssh":
		e.dialer = func(ctx context.Context) (net.Conn, error) { return dialSSH(ctx, u, program) }
	default:
		return diag.Hint(diag.Inputf("%s: %q is no address of a daemon", cmp.Or(e.from, "docker"), e.host),
			"export DOCKER_HOST=unix:///var/run/docker.sock, or one that starts with tcp:// or ssh://")
	}
	return nil
}

func (e *endpoint) dialTCP(ctx context.Context, address string) (net.Conn, error) {
	if e.tls != nil {
		d := tls.Dialer{Config: e.tls}
		return d.DialContext(ctx, "tcp", address)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

// useTLS takes the certificates that are in dir, named as docker names them.
func (e *endpoint) useTLS(dir string, skipVerify bool) error {
	e.tls = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: skipVerify} //nolint:gosec // a context may ask for it
	fail := func(err error) error { return diag.Machine(fmt.Errorf("certificates of %s: %w", e, err)) }
	if ca, err := os.ReadFile(filepath.Join(dir, "ca.pem")); err == nil {
		e.tls.RootCAs = x509.NewCertPool()
		if !e.tls.RootCAs.AppendCertsFromPEM(ca) {
			return fail(fmt.Errorf("%s has none", filepath.Join(dir, "ca.pem")))
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	switch {
	case err == nil:
		e.tls.Certificates = []tls.Certificate{pair}
	case !errors.Is(err, fs.ErrNotExist):
		return fail(err)
	}
	return nil
}

// unreachable says in a few words why no daemon answers, and what to do.
func (e *endpoint) unreachable(err error) error {
	var why string
	var dns *net.DNSError
	var exited *sshError
	hints := []string{e.startHint()}
	socket := strings.HasPrefix(e.host, "unix:")
	switch {
	case errors.Is(err, fs.ErrPermission):
		why, hints = "permission denied", []string{e.permissionHint()}
	case errors.Is(err, fs.ErrNotExist) || socket && isRefused(err):
		why = "not running"
	case isRefused(err):
		why = "it refuses connections"
	case errors.As(err, &dns):
		why = "no such host " + dns.Name
	case errors.As(err, &exited):
		why, hints = exited.Error(), []string{"check that this works: ssh " + exited.target + " docker version"}
	case errors.Is(err, context.DeadlineExceeded):
		why = "it does not answer"
	default:
		why = err.Error()
	}
	result := diag.Machine(&unreachableError{endpoint: e.String(), why: why, err: err})
	for _, h := range hints {
		result = diag.Hint(result, h)
	}
	return result
}

func (e *endpoint) startHint() string {
	switch {
	case e.program == "podman":
		return "systemctl --user start podman.socket, or set CONTAINER_HOST"
	case runtime.GOOS == "linux":
		return "sudo systemctl start docker, or set DOCKER_HOST"
	default:
		return "start Docker Desktop, Colima or the like, or set DOCKER_HOST"
	}
}

func (e *endpoint) permissionHint() string {
	if e.program == "podman" {
		return e.startHint()
	}
	return "sudo usermod -aG docker $USER, and log in again"
}

// unreachableError says that no daemon answers, and why.
type unreachableError struct {
	endpoint, why string
	err           error
}

// Reason gives the text of an error of [New] or [Probe] without the address of
// the daemon.
func Reason(err error) string {
	if far, ok := errors.AsType[*unreachableError](err); ok {
		return far.why
	}
	return err.Error()
}

func (e *unreachableError) Error() string { return e.endpoint + ": " + e.why }
func (e *unreachableError) Unwrap() error { return e.err }
