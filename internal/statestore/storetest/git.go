// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"crypto/subtle"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/kratix-tools/kratix/internal/api"
)

// A Git is a Git server with one repository.
type Git struct {
	URL      string // of the repository, with https
	CAFile   string // the certificate of the server
	Username string
	Password string
	Repo     string // the bare repository, for what Commit cannot do

	server *httptest.Server
	asked  atomic.Int64
	old    atomic.Bool
}

// NewGit starts a Git server whose repository lies below dir. It fails with
// exec.ErrNotFound where there is no git.
func NewGit(dir string) (*Git, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, err
	}
	g := &Git{CAFile: filepath.Join(dir, "git-ca.pem"), Username: "platform", Password: "a git password", Repo: filepath.Join(dir, "platform.git")}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--template=", "--initial-branch=main", g.Repo},
		{"-C", g.Repo, "config", "uploadpack.allowFilter", "true"},
	} {
		if _, err := g.git(nil, args...); err != nil {
			return nil, err
		}
	}
	g.server = httptest.NewUnstartedServer(g.authenticated(&cgi.Handler{
		Path: program, Args: []string{"http-backend"}, Dir: dir,
		Env:        []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"},
		InheritEnv: []string{"PATH", "HOME"},
		Stderr:     io.Discard,
	}))
	quiet(g.server)
	g.server.StartTLS()
	g.URL = g.server.URL + "/platform.git"
	if err := writeCertificate(g.server, g.CAFile); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// Close ends the server.
func (g *Git) Close() { g.server.Close() }

// Address is the host and port of the server.
func (g *Git) Address() string { return g.server.Listener.Addr().String() }

// Requests tells how many requests with the right password were answered.
func (g *Git) Requests() int { return int(g.asked.Load()) }

// SpeakOldProtocol makes the server answer in version 0 of Git's protocol, as
// one behind a proxy does that drops unknown headers.
func (g *Git) SpeakOldProtocol() { g.old.Store(true) }

// Secret is what the Secret of a state store holds.
func (g *Git) Secret() map[string][]byte {
	return map[string][]byte{"username": []byte(g.Username), "password": []byte(g.Password)}
}

// Spec is a state store on branch main of the repository.
func (g *Git) Spec() api.GitStateStoreSpec {
	return api.GitStateStoreSpec{URL: g.URL, Branch: "main", AuthMethod: "basicAuth", SecretRef: &api.SecretRef{Name: "git", Namespace: "default"}}
}

// Commit makes a branch hold exactly these files, by their paths, and gives the
// hash of the commit. A path that ends in @ becomes a symbolic link to its
// content.
func (g *Git) Commit(branch string, files map[string][]byte) (string, error) {
	var stream bytes.Buffer
	fmt.Fprintf(&stream, "commit refs/heads/%s\ncommitter kratix <kratix@example.com> 1700000000 +0000\ndata 0\n", branch)
	if _, err := g.git(nil, "-C", g.Repo, "rev-parse", "--quiet", "--verify", "refs/heads/"+branch); err == nil {
		fmt.Fprintf(&stream, "from refs/heads/%s^0\n", branch)
	}
	stream.WriteString("deleteall\n")
	for _, path := range slices.Sorted(maps.Keys(files)) {
		name, link := strings.CutSuffix(path, "@")
		mode := "100644"
		if link {
			mode = "120000"
		}
		fmt.Fprintf(&stream, "M %s inline %s\ndata %d\n%s\n", mode, quoted(name), len(files[path]), files[path])
	}
	stream.WriteString("done\n")
	if _, err := g.git(stream.Bytes(), "-C", g.Repo, "fast-import", "--quiet", "--done"); err != nil {
		return "", err
	}
	out, err := g.git(nil, "-C", g.Repo, "rev-parse", "refs/heads/"+branch)
	return strings.TrimSpace(string(out)), err
}

// quoted is a path as git fast-import reads any.
func quoted(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

// Configure sets a value in the configuration of the repository.
func (g *Git) Configure(key, value string) error {
	_, err := g.git(nil, "-C", g.Repo, "config", key, value)
	return err
}

func (g *Git) git(input []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("git", args...)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, said.String())
	}
	return out, nil
}

// authenticated lets only the user of g in.
func (g *Git) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		username, password, _ := r.BasicAuth()
		if username != g.Username || subtle.ConstantTimeCompare([]byte(password), []byte(g.Password)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		g.asked.Add(1)
		if g.old.Load() {
			r.Header.Del("Git-Protocol")
		}
		next.ServeHTTP(w, r)
	})
}

func writeCertificate(s *httptest.Server, file string) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600)
}
