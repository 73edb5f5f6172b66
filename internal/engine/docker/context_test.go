// SPDX-License-Identifier: Apache-2.0

package docker_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kratix-tools/kratix/internal/engine/docker"
)

// writeContext makes a context as "docker context create" does.
func writeContext(t *testing.T, config, name, host string) (tlsDir string) {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	meta := fmt.Sprintf(`{"Name":%q,"Metadata":{},"Endpoints":{"docker":{"Host":%q,"SkipTLSVerify":false}}}`, name, host)
	writeFile(t, filepath.Join(config, "contexts", "meta", id, "meta.json"), meta)
	return filepath.Join(config, "contexts", "tls", id, "docker")
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runThere runs a step with the daemon that the variables name.
func runThere(t *testing.T, env map[string]string) docker.Status {
	t.Helper()
	_, ref := newShell(t)
	e, err := docker.New(t.Context(), docker.Config{Images: emptyStore(t), Getenv: func(name string) string { return env[name] }})
	if err != nil {
		t.Fatal(err)
	}
	pod, err := e.NewPod(t.Context(), []string{"v"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pod.Close(); err != nil {
			t.Error(err)
		}
	}()
	var stdout bytes.Buffer
	if _, err := pod.Run(t.Context(), shell(ref, "echo there"), &stdout, io.Discard); err != nil || stdout.String() != "there\n" {
		t.Errorf("%q, %v", stdout.String(), err)
	}
	return e.Status()
}

func TestContextsAreThoseOfTheDockerCommand(t *testing.T) {
	host, config := getenv(t)("DOCKER_HOST"), t.TempDir()
	writeContext(t, config, "own", host)
	writeContext(t, config, "nowhere", "unix:///no/such/socket")
	for _, tt := range []struct {
		name, file string
		env        map[string]string
		want       string
	}{
		{"the current one", `{"currentContext":"own"}`, nil, host + ` (docker context "own")`},
		{"DOCKER_CONTEXT comes before it", `{"currentContext":"nowhere"}`, map[string]string{"DOCKER_CONTEXT": "own"}, host + ` (docker context "own")`},
		{"and DOCKER_HOST before both", `{"currentContext":"nowhere"}`, map[string]string{"DOCKER_CONTEXT": "none", "DOCKER_HOST": host}, host + " (DOCKER_HOST)"},
	} {
		writeFile(t, filepath.Join(config, "config.json"), tt.file)
		env := map[string]string{"DOCKER_CONFIG": config}
		maps.Copy(env, tt.env)
		if got := runThere(t, env).Endpoint; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestAContextMayHaveCertificates(t *testing.T) {
	host, config := getenv(t)("DOCKER_HOST"), t.TempDir()
	ca := newAuthority(t)
	address := ca.serve(t, strings.TrimPrefix(host, "unix://"))
	dir := writeContext(t, config, "far", "tcp://"+address)
	writeFile(t, filepath.Join(dir, "ca.pem"), pemOf("CERTIFICATE", ca.cert.Raw))
	env := map[string]string{"DOCKER_CONFIG": config, "DOCKER_CONTEXT": "far"}
	_, err := docker.Probe(t.Context(), docker.Config{Getenv: func(name string) string { return env[name] }})
	if err == nil {
		t.Error("the daemon talks to somebody without a certificate")
	}
	cert, key := ca.sign(t, "client")
	writeFile(t, filepath.Join(dir, "cert.pem"), pemOf("CERTIFICATE", cert))
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "key.pem"), pemOf("EC PRIVATE KEY", der))
	runThere(t, env)
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// authority signs the certificates of a daemon and its clients.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	der, key := a.sign(t, "authority")
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.key = key
	return a
}

// sign makes a certificate, the first of which is the authority's own.
func (a *authority) sign(t *testing.T, name string) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: a.cert == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// serve passes on to the daemon what clients with a certificate send.
func (a *authority) serve(t *testing.T, socket string) (address string) {
	t.Helper()
	cert, key := a.sign(t, "daemon")
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go pass(conn, socket)
		}
	}()
	return l.Addr().String()
}

func pass(conn net.Conn, socket string) {
	defer func() { _ = conn.Close() }()
	daemon, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer func() { _ = daemon.Close() }()
	go func() { _, _ = io.Copy(daemon, conn) }()
	_, _ = io.Copy(conn, daemon)
}
