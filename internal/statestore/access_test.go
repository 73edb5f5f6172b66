// SPDX-License-Identifier: Apache-2.0

package statestore_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/statestore"
	"github.com/kratix-tools/kratix/internal/statestore/storetest"
)

func sshServer(t *testing.T, g *storetest.Git) *storetest.SSH {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip("there is no ssh")
	}
	s, err := storetest.NewSSH(g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// to dials one address, whatever it is asked for, and counts.
func to(address string, dialled *atomic.Int64) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		dialled.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

func TestGitOverSSH(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	s := sshServer(t, g)
	head := commit(t, g, files{"a": []byte("over ssh\n")})
	store := opened(t)(statestore.OpenGit(t.Context(), s.Spec(), s.Secret(), statestore.Options{}))
	got, err := store.Read(t.Context(), "a")
	if err != nil || string(got) != "over ssh\n" || store.Version() != head {
		t.Errorf("read %q at %s, %v", got, store.Version(), err)
	}
	t.Run("through Dial", func(t *testing.T) {
		t.Parallel()
		var dialled atomic.Int64
		spec, secret := s.Spec(), s.Secret()
		spec.URL = strings.Replace(spec.URL, s.Address(), "git.forge.svc:2222", 1)
		secret["knownHosts"] = s.KnownAs("git.forge.svc:2222")
		store := opened(t)(statestore.OpenGit(t.Context(), spec, secret, statestore.Options{Dial: to(s.Address(), &dialled)}))
		if got, err := store.Read(t.Context(), "a"); err != nil || string(got) != "over ssh\n" || dialled.Load() == 0 {
			t.Errorf("read %q after dialling %d times, %v", got, dialled.Load(), err)
		}
	})
	t.Run("unknown host", func(t *testing.T) {
		t.Parallel()
		other := sshServer(t, g)
		secret := s.Secret()
		secret["knownHosts"] = []byte(strings.ReplaceAll(string(other.KnownHosts), other.Address()[len("127.0.0.1:"):], s.Address()[len("127.0.0.1:"):]))
		_, err := statestore.OpenGit(t.Context(), s.Spec(), secret, statestore.Options{})
		checkFault(t, err, "git repository "+s.URL+": the host key of "+s.Address()+" is none of the known hosts", "ssh-keyscan")
	})
	t.Run("unknown key", func(t *testing.T) {
		t.Parallel()
		secret := s.Secret()
		secret["sshPrivateKey"] = sshServer(t, g).PrivateKey
		_, err := statestore.OpenGit(t.Context(), s.Spec(), secret, statestore.Options{})
		checkFault(t, err, "git repository "+s.URL+": authentication failed", "check the credentials")
	})
	t.Run("no repository", func(t *testing.T) {
		t.Parallel()
		spec := s.Spec()
		spec.URL += "x"
		_, err := statestore.OpenGit(t.Context(), spec, s.Secret(), statestore.Options{})
		checkFault(t, err, "git repository "+spec.URL+": there is no such repository, or it is hidden from these credentials", "")
	})
}

// Without a Secret ssh is the user's own, but it has nobody to ask.
func TestGitOverTheSSHOfTheUser(t *testing.T) {
	g := gitServer(t)
	s := sshServer(t, g)
	commit(t, g, files{"a": []byte("a")})
	dir := t.TempDir()
	for name, content := range s.Secret() {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ssh := "ssh -F /dev/null -o IdentityAgent=none -o GlobalKnownHostsFile=/dev/null -i " + filepath.Join(dir, "sshPrivateKey") + " -o UserKnownHostsFile="
	t.Setenv("GIT_SSH_COMMAND", ssh+filepath.Join(dir, "knownHosts"))
	_ = opened(t)(statestore.OpenGit(t.Context(), s.Spec(), nil, statestore.Options{}))
	t.Setenv("GIT_SSH_COMMAND", ssh+"/dev/null")
	_, err := statestore.OpenGit(t.Context(), s.Spec(), nil, statestore.Options{})
	checkFault(t, err, "git repository "+s.URL+": the host key of "+s.Address()+" is none of the known hosts", "ssh-keyscan")
}

// The name of the server stays what it is: httptest's certificate is for
// example.com too, which only Dial leads to the server.
func TestGitThroughDial(t *testing.T) {
	g := gitServer(t)
	commit(t, g, files{"a": []byte("through\n")})
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		t.Setenv(name, "example.com")
	}
	t.Chdir(filepath.Dir(g.CAFile))
	var dialled atomic.Int64
	spec := g.Spec()
	spec.URL = strings.Replace(spec.URL, g.Address(), "example.com", 1)
	store := opened(t)(statestore.OpenGit(t.Context(), spec, g.Secret(), statestore.Options{CAFile: filepath.Base(g.CAFile), Dial: to(g.Address(), &dialled)}))
	if got, err := store.Read(t.Context(), "a"); err != nil || string(got) != "through\n" || dialled.Load() == 0 {
		t.Errorf("read %q after dialling %d times, %v", got, dialled.Load(), err)
	}
}

// While a password is in use, it is in no file and in no list of arguments.
func TestGitPasswordIsNowhereToBeSeen(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	g := gitServer(t)
	var looked atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != g.Password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		looked.Add(1)
		lookFor(t, g.Password, filesBelow(tmp))
		lookFor(t, g.Password, matches("/proc/[0-9]*/cmdline"))
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	spec := g.Spec()
	spec.URL = server.URL + "/platform.git"
	for _, username := range []string{g.Username, ""} {
		secret := g.Secret()
		secret["username"] = []byte(username)
		_, err := statestore.OpenGit(t.Context(), spec, secret, statestore.Options{CAFile: g.CAFile})
		checkFault(t, err, "git repository "+spec.URL+": there is no such repository, or it is hidden from these credentials", "")
	}
	if looked.Load() != 2 {
		t.Errorf("looked %d times", looked.Load())
	}
}

func filesBelow(root string) []string {
	var found []string
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, path)
		}
		return nil
	})
	return found
}

func matches(pattern string) []string {
	found, _ := filepath.Glob(pattern)
	return found
}

func lookFor(t *testing.T, secret string, in []string) {
	t.Helper()
	for _, path := range in {
		if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), secret) {
			t.Errorf("%s has the password", path)
		}
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	g := gitServer(t)
	t.Setenv("TMPDIR", tmp)
	commit(t, g, files{"a": []byte("a")})
	store, err := statestore.OpenGit(t.Context(), g.Spec(), g.Secret(), statestore.Options{CAFile: g.CAFile})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Read(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	spec := g.Spec()
	spec.Branch = "none"
	if _, err := statestore.OpenGit(t.Context(), spec, g.Secret(), statestore.Options{CAFile: g.CAFile}); err == nil {
		t.Error("there is a branch none")
	}
	left, err := os.ReadDir(tmp)
	if diff := cmp.Diff(0, len(left)); diff != "" || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Without a Secret git is the user's own; with one, it is not.
func TestGitConfigurationOfTheUser(t *testing.T) {
	g := gitServer(t)
	commit(t, g, files{"a": []byte("a")})
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	helper := fmt.Sprintf("!printf 'username=%s\\npassword=%s\\n'; :", g.Username, g.Password)
	for key, value := range map[string]string{"credential.helper": helper, "url." + g.URL + ".insteadOf": "https://short.example/store"} {
		if out, err := exec.Command("git", "config", "--global", key, value).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	spec := g.Spec()
	store := opened(t)(statestore.OpenGit(t.Context(), spec, nil, statestore.Options{CAFile: g.CAFile}))
	if got, err := store.Read(t.Context(), "a"); err != nil || string(got) != "a" {
		t.Errorf("read %q, %v", got, err)
	}
	_, err := statestore.OpenGit(t.Context(), spec, statestore.Credentials{"password": []byte("hunter2")}, statestore.Options{CAFile: g.CAFile})
	checkFault(t, err, "git repository "+g.URL+": authentication failed", "")
	spec.URL = "https://short.example/store"
	_ = opened(t)(statestore.OpenGit(t.Context(), spec, nil, statestore.Options{CAFile: g.CAFile}))
}

func TestGitTakesThePasswordOfAURL(t *testing.T) {
	g := gitServer(t)
	commit(t, g, files{"a": []byte("a")})
	t.Setenv("HOME", t.TempDir())
	g.Password = "hunter2 of a URL"
	spec := g.Spec()
	spec.URL = strings.Replace(spec.URL, "://", "://platform:hunter2%20of%20a%20URL@", 1)
	store := opened(t)(statestore.OpenGit(t.Context(), spec, nil, statestore.Options{CAFile: g.CAFile}))
	if _, err := store.Read(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func TestGitWithoutUsername(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	commit(t, g, files{"a": []byte("a")})
	g.Username = ""
	_ = openGit(t, g, statestore.Options{})
	g.Username = "x-access-token" // as Kratix says where "github" is in the URL
	spec := g.Spec()
	spec.URL = strings.Replace(spec.URL, "platform.git", "github/../platform.git", 1)
	_ = opened(t)(statestore.OpenGit(t.Context(), spec, statestore.Credentials{"password": []byte(g.Password)}, statestore.Options{CAFile: g.CAFile}))
}

// A server may lead elsewhere, but the password does not follow.
func TestGitPasswordDoesNotFollowARedirect(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	var met atomic.Value
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		met.Store(r.Header.Get("Authorization"))
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(elsewhere.Close)
	first := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, elsewhere.URL+r.URL.RequestURI(), http.StatusFound)
	}))
	t.Cleanup(first.Close)
	spec := g.Spec()
	spec.URL = first.URL + "/platform.git"
	for username, want := range map[string]any{g.Username: "", "": "none"} {
		met.Store("none")
		secret := g.Secret()
		secret["username"] = []byte(username)
		_, err := statestore.OpenGit(t.Context(), spec, secret, statestore.Options{CAFile: g.CAFile})
		if err == nil || diag.ExitCode(err) != diag.ExitMachine {
			t.Errorf("user %q: error %v", username, err)
		}
		if diff := cmp.Diff(want, met.Load()); diff != "" {
			t.Errorf("user %q: what came elsewhere (-want +got):\n%s", username, diff)
		}
	}
}

func TestGitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // and nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	spec := g.Spec()
	spec.URL = "https://" + listener.Addr().String() + "/r"
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = statestore.OpenGit(ctx, spec, g.Secret(), statestore.Options{})
	checkFault(t, err, "git repository "+spec.URL+": no answer in time: context deadline exceeded", "network")

	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err = statestore.OpenGit(ctx, spec, g.Secret(), statestore.Options{}); !errors.Is(err, context.Canceled) || diag.ExitCode(err) != diag.ExitInterrupted {
		t.Errorf("error %v, want that it was cancelled", err)
	}
}

func TestGitByGitHubApp(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	commit(t, g, files{"a": []byte("a")})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	g.Username, g.Password = "x-access-token", "ghs_hunter2"
	api := httptest.NewServer(gitHub(&key.PublicKey, g.Password))
	t.Cleanup(api.Close)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	spec := g.Spec()
	spec.AuthMethod = "githubApp"
	secret := func(kind string, key []byte, installation string) statestore.Credentials {
		return statestore.Credentials{"appID": []byte("17"), "installationID": []byte(installation), "privateKey": pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: key})}
	}
	o := statestore.Options{CAFile: g.CAFile, GitHubAPI: api.URL + "/"}
	for kind, key := range map[string][]byte{"RSA PRIVATE KEY": pkcs1, "PRIVATE KEY": pkcs8} {
		store := opened(t)(statestore.OpenGit(t.Context(), spec, secret(kind, key, "42"), o))
		if got, err := store.Read(t.Context(), "a"); err != nil || string(got) != "a" {
			t.Errorf("%s: read %q, %v", kind, got, err)
		}
	}
	_, err = statestore.OpenGit(t.Context(), spec, secret("PRIVATE KEY", pkcs8, "43"), o)
	checkFault(t, err, "git repository "+g.URL+": failed to get GitHub installation token: GitHub API error: status=404, message=Not Found", "installationID")
	_, err = statestore.OpenGit(t.Context(), spec, secret("PRIVATE KEY", pkcs8, "../43"), o)
	checkFault(t, err, "git repository "+g.URL+`: could not convert installation ID to int: strconv.Atoi: parsing "../43": invalid syntax`, "")
}

// gitHub gives a token for installation 42 to an App whose token is right.
func gitHub(key *rsa.PublicKey, token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /app/installations/{id}/access_tokens", func(w http.ResponseWriter, r *http.Request) {
		bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		status, answer := http.StatusCreated, map[string]string{"token": token}
		switch {
		case checkJWT(bearer, key) != nil:
			status, answer = http.StatusUnauthorized, map[string]string{"message": checkJWT(bearer, key).Error()}
		case r.PathValue("id") != "42":
			status, answer = http.StatusNotFound, map[string]string{"message": "Not Found"}
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	})
	return mux
}

func checkJWT(bearer string, key *rsa.PublicKey) error {
	parts := strings.Split(bearer, ".")
	if len(parts) != 3 {
		return errors.New("no token")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature); err != nil {
		return err
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct {
		Issuer   string `json:"iss"`
		IssuedAt int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		return err
	}
	now := time.Now().Unix()
	if claims.Issuer != "17" || claims.IssuedAt > now || claims.Expires < now || claims.Expires > now+600 {
		return fmt.Errorf("claims %s", text)
	}
	return nil
}
