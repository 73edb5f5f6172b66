// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kratix-tools/kratix/internal/scratch"
)

// A Server is a kube-apiserver and its etcd. It enforces RBAC; Pods need no
// ServiceAccount.
type Server struct {
	// Kubeconfig is a file with the credentials of somebody who may do
	// everything.
	Kubeconfig string
	// Config is the same for client-go, without a limit on the rate of requests.
	Config *rest.Config

	dir             *scratch.Dir
	certificate     *certificate
	token           string
	etcd, apiserver *process
	client          dynamic.Interface
	http            *http.Client

	mu    sync.Mutex
	kinds kinds
}

// Start starts a server without any objects but its own, and returns when it
// is ready. The caller stops it. The error is [ErrNoPrograms] where there is
// nothing to start.
func Start(ctx context.Context) (*Server, error) {
	etcd, err := Program("etcd")
	if err != nil {
		return nil, err
	}
	apiserver, err := Program("kube-apiserver")
	if err != nil {
		return nil, err
	}
	s := &Server{token: rand.Text()}
	if s.dir, err = scratch.New("kubetest-"); err != nil {
		return nil, err
	}
	if err := s.start(ctx, etcd, apiserver); err != nil {
		s.Stop()
		return nil, fmt.Errorf("starting an API server: %w", err)
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, etcd, apiserver string) (err error) {
	if s.certificate, err = newCertificate(s.dir.Path); err != nil {
		return err
	}
	tokens := s.token + ",admin,admin,system:masters\n"
	if err := os.WriteFile(s.path("tokens.csv"), []byte(tokens), 0o600); err != nil {
		return err
	}
	if s.etcd, err = start(s.dir.Path, etcd, s.etcdFlags()...); err != nil {
		return err
	}
	if err := s.startAPIServer(ctx, apiserver); err != nil {
		return err
	}
	s.kinds, err = s.discover(ctx)
	return err
}

// etcdFlags keep etcd off the network: what it listens on are files.
func (s *Server) etcdFlags() []string {
	clients, peers := "unix://"+s.path("etcd.sock"), "unix://"+s.path("peer.sock")
	return []string{
		"--data-dir", s.path("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", clients, "--advertise-client-urls", clients,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
		"--initial-cluster", "default=" + peers,
	}
}

// startAPIServer starts the API server on a free port. Somebody else may take
// the port before it does; then there is another.
func (s *Server) startAPIServer(ctx context.Context, program string) error {
	var failures []error
	for range 3 {
		port, err := freePort()
		if err != nil {
			return err
		}
		if s.apiserver, err = start(s.dir.Path, program, s.apiserverFlags(port)...); err != nil {
			return err
		}
		if err := s.connect(port); err != nil {
			return err
		}
		if err = s.ready(ctx); err == nil {
			return nil
		}
		failures = append(failures, err)
		if s.apiserver.ended() == nil || s.etcd.ended() != nil {
			break // not the port
		}
	}
	return errors.Join(failures...)
}

func (s *Server) apiserverFlags(port int) []string {
	return []string{
		"--etcd-servers=unix://" + s.path("etcd.sock"),
		"--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(port),
		"--cert-dir=" + s.path("certs"),
		"--tls-cert-file=" + s.certificate.certFile, "--tls-private-key-file=" + s.certificate.keyFile,
		"--kubelet-certificate-authority=" + s.certificate.certFile,
		"--token-auth-file=" + s.path("tokens.csv"), "--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + s.certificate.keyFile,
		"--service-account-signing-key-file=" + s.certificate.keyFile,
		"--service-cluster-ip-range=10.0.0.0/24",
		"--disable-admission-plugins=ServiceAccount",
		"--enable-priority-and-fairness=false",
		"--profiling=false",
	}
}

// connect makes the clients of somebody who may do everything.
func (s *Server) connect(port int) (err error) {
	s.Config = &rest.Config{
		Host:            "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		BearerToken:     s.token,
		TLSClientConfig: rest.TLSClientConfig{CAData: s.certificate.pem},
		QPS:             -1,
		WarningHandler:  rest.NoWarnings{},
	}
	if s.client, err = dynamic.NewForConfig(s.Config); err != nil {
		return err
	}
	if s.http, err = rest.HTTPClientFor(s.Config); err != nil {
		return err
	}
	s.Kubeconfig, err = s.WriteKubeconfig("admin", s.token, metav1.NamespaceDefault)
	return err
}

// ready waits until the server answers and has made the namespace default, for
// two minutes at most: machines may be busy.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return await(ctx, func() error {
		if err := errors.Join(s.etcd.ended(), s.apiserver.ended()); err != nil {
			return final{err}
		}
		if _, err := s.get(ctx, "/readyz", ""); err != nil {
			return err
		}
		_, err := s.get(ctx, "/api/v1/namespaces/"+metav1.NamespaceDefault, "")
		return err
	})
}

// get asks the API server for a path.
func (s *Server) get(ctx context.Context, path, accept string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Config.Host+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	response, err := s.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, response.Status, body)
	}
	return body, err
}

// Stop ends the server and removes all that it wrote. The API server goes
// first: it would complain about its etcd.
func (s *Server) Stop() {
	for _, p := range []*process{s.apiserver, s.etcd} {
		if p != nil {
			p.stop()
		}
	}
	_ = s.dir.Remove() // what is left is swept by the next
}

// path is that of a file of the server.
func (s *Server) path(name string) string { return filepath.Join(s.dir.Path, name) }

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// final is an error that waiting does not cure.
type final struct{ error }

// await repeats what fails until it succeeds or the context ends.
func await(ctx context.Context, try func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		if never, ok := errors.AsType[final](err); ok {
			return never.error
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}
