// SPDX-License-Identifier: Apache-2.0

package statestore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/statestore"
	"github.com/kratix-tools/kratix/internal/statestore/storetest"
)

type files = map[string][]byte

func gitServer(t *testing.T) *storetest.Git {
	t.Helper()
	g, err := storetest.NewGit(t.TempDir())
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("there is no git")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func commit(t *testing.T, g *storetest.Git, content files) string {
	t.Helper()
	head, err := g.Commit("main", content)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func openGit(t *testing.T, g *storetest.Git, o statestore.Options) statestore.Reader {
	t.Helper()
	if o.CAFile == "" {
		o.CAFile = g.CAFile
	}
	return opened(t)(statestore.OpenGit(t.Context(), g.Spec(), g.Secret(), o))
}

// opened takes what an Open function returns.
func opened(t *testing.T) func(statestore.Reader, error) statestore.Reader {
	t.Helper()
	return func(r statestore.Reader, err error) statestore.Reader {
		t.Helper()
		if err != nil {
			t.Fatalf("%v; hints %q", err, diag.Hints(err))
		}
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		return r
	}
}

func TestGitHoldsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	commit(t, g, files{"old.yaml": []byte("gone\n")})
	head := commit(t, g, files{"worker-1/a.yaml": []byte("a: 1\n"), "worker-1/x/b.yaml": []byte("b: 2\n"), "worker-10/c.yaml": nil})
	store := openGit(t, g, statestore.Options{})
	if store.Version() != head {
		t.Errorf("version %s, want %s", store.Version(), head)
	}
	for prefix, want := range map[string][]string{
		"":           {"worker-1/a.yaml", "worker-1/x/b.yaml", "worker-10/c.yaml"},
		"/worker-1/": {"worker-1/a.yaml", "worker-1/x/b.yaml"},
		"worker-2":   nil,
	} {
		got, err := store.List(t.Context(), prefix)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("list %q: %v (-want +got):\n%s", prefix, err, diff)
		}
	}
	for path, want := range map[string]string{"worker-1/a.yaml": "a: 1\n", "/worker-1//x/./b.yaml": "b: 2\n", "worker-10/c.yaml": ""} {
		if got, err := store.Read(t.Context(), path); err != nil || string(got) != want {
			t.Errorf("read %s: %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"old.yaml", "worker-1", "../worker-1/a.yaml", ""} {
		_, readErr := store.Read(t.Context(), path)
		_, sameErr := store.Same(t.Context(), path, nil)
		if !errors.Is(readErr, fs.ErrNotExist) || !errors.Is(sameErr, fs.ErrNotExist) {
			t.Errorf("%s: errors %v and %v, want that it does not exist", path, readErr, sameErr)
		}
	}
}

func TestGitTellsSamenessWithoutContents(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	content := slices.Repeat([]byte("0123456789abcdef"), 1<<12)
	commit(t, g, files{"a": content, "b": append(slices.Clone(content), '\n')})
	store := openGit(t, g, statestore.Options{})
	before := g.Requests()
	for path, want := range map[string]bool{"a": true, "b": false} {
		if same, err := store.Same(t.Context(), path, content); err != nil || same != want {
			t.Errorf("%s is the same: %v, %v", path, same, err)
		}
	}
	if after := g.Requests(); after != before {
		t.Errorf("%d requests more", after-before)
	}
}

// Whatever was written at a path, Read gives, however it comes.
func TestGitReadsEveryByteOfEveryPath(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*storetest.Git) error{
		"with a filter":    func(*storetest.Git) error { return nil },
		"without a filter": func(g *storetest.Git) error { return g.Configure("uploadpack.allowFilter", "false") },
		"old protocol":     func(g *storetest.Git) error { g.SpeakOldProtocol(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gitServer(t)
			if err := change(g); err != nil {
				t.Fatal(err)
			}
			content := randomFiles(rand.New(rand.NewPCG(1, 2)))
			commit(t, g, content)
			store := openGit(t, g, statestore.Options{})
			checkAll(t, store, content)
		})
	}
}

// randomFiles has names that are difficult and contents of all sizes.
func randomFiles(random *rand.Rand) files {
	content := files{
		"with space/ä ö.yaml": []byte("1"), "tab\there": []byte("2"), `quote".yaml`: []byte("3"), `back\slash`: []byte("4"),
		"line\nbreak": []byte("5"), "-dash": []byte("6"), "日本/語": []byte("7"), "a:b": []byte("8"), "%41&?#+=@x": []byte("9"),
	}
	for i := range 60 {
		data := make([]byte, random.IntN(1<<(i/4)))
		for j := range data {
			data[j] = byte(random.Uint32())
		}
		content[fmt.Sprintf("dir-%d/file-%d", i%7, i)] = data
	}
	return content
}

func checkAll(t *testing.T, store statestore.Reader, content files) {
	t.Helper()
	paths, err := store.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Prefetch(t.Context(), append(paths[1:], "not there")); err != nil {
		t.Fatal(err)
	}
	got := files{}
	for _, path := range paths {
		if got[path], err = store.Read(t.Context(), path); err != nil {
			t.Error(err)
		}
		if same, err := store.Same(t.Context(), path, content[path]); !same || err != nil {
			t.Errorf("%q is not the same: %v", path, err)
		}
		if same, err := store.Same(t.Context(), path, append([]byte("x"), content[path]...)); same || err != nil {
			t.Errorf("%q is the same as something else: %v", path, err)
		}
	}
	if diff := cmp.Diff(content, got, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestGitFetchesManyContentsAtOnce(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	content := files{}
	for i := range 200 {
		content[strconv.Itoa(i)] = fmt.Append(nil, "content ", i)
	}
	commit(t, g, content)
	store := openGit(t, g, statestore.Options{})
	paths, _ := store.List(t.Context(), "")
	before := g.Requests()
	if err := store.Prefetch(t.Context(), paths); err != nil {
		t.Fatal(err)
	}
	prefetch := g.Requests() - before
	var reading sync.WaitGroup
	for _, path := range paths {
		reading.Go(func() {
			if got, err := store.Read(t.Context(), path); err != nil || string(got) != string(content[path]) {
				t.Errorf("%s: %q, %v", path, got, err)
			}
		})
	}
	reading.Wait()
	if total := g.Requests() - before; total != prefetch || total > 5 {
		t.Errorf("%d requests, of which %d before reading", total, prefetch)
	}
}

func TestGitRefusesLargeFilesAndOddities(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	commit(t, g, files{"large": make([]byte, 1001), "small": make([]byte, 1000), "link@": []byte("/etc/passwd")})
	store := openGit(t, g, statestore.Options{MaxObject: 1000})
	for path, want := range map[string]string{
		"large": "read large: it has 1001 bytes, and no more than 1000 are read",
		"link":  "read link: it is a symbolic link",
	} {
		if _, err := store.Read(t.Context(), path); err == nil || err.Error() != want || diag.ExitCode(err) != diag.ExitMachine {
			t.Errorf("%s: error %v, want %s", path, err, want)
		}
	}
	if got, err := store.Read(t.Context(), "small"); err != nil || len(got) != 1000 {
		t.Errorf("afterwards %d bytes, %v", len(got), err)
	}
}

func TestGitThatCannotBeRead(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	commit(t, g, files{"a": []byte("a")})
	closed := closedAddress(t)
	for name, test := range map[string]struct {
		change func(*api.GitStateStoreSpec, statestore.Credentials, *statestore.Options)
		want   string
		hint   string
	}{
		"wrong password": {func(_ *api.GitStateStoreSpec, c statestore.Credentials, _ *statestore.Options) {
			c["password"] = []byte("hunter2")
		}, "authentication failed", "check the credentials"},
		"no branch": {
			func(s *api.GitStateStoreSpec, _ statestore.Credentials, _ *statestore.Options) { s.Branch = "prod" },
			"there is no branch prod", "git push ORIGIN prod",
		},
		"odd branch": {
			func(s *api.GitStateStoreSpec, _ statestore.Credentials, _ *statestore.Options) { s.Branch = "a b" },
			"there is no branch a b", "check spec.branch",
		},
		"no repository": {
			func(s *api.GitStateStoreSpec, _ statestore.Credentials, _ *statestore.Options) { s.URL += "x" },
			"there is no such repository, or it is hidden from these credentials", "check spec.url",
		},
		"nobody there": {func(s *api.GitStateStoreSpec, _ statestore.Credentials, _ *statestore.Options) {
			s.URL = "https://" + closed + "/x.git"
		}, closed + " refuses connections", "check the address"},
		"no such host": {func(s *api.GitStateStoreSpec, _ statestore.Credentials, _ *statestore.Options) {
			s.URL = "https://no-such-host.invalid/x.git"
		}, "no such host no-such-host.invalid:443", "check the address"},
		"a host of many words": {func(s *api.GitStateStoreSpec, _ statestore.Credentials, _ *statestore.Options) {
			s.URL = "https://certificate.invalid/transport'x"
		}, "no such host certificate.invalid:443", "check the address"},
		"nobody there by Dial": {func(_ *api.GitStateStoreSpec, _ statestore.Credentials, o *statestore.Options) {
			o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, closed)
			}
		}, g.Address() + " refuses connections", "check the address"},
		"the user of a URL is not shown": {func(s *api.GitStateStoreSpec, c statestore.Credentials, _ *statestore.Options) {
			s.URL = strings.Replace(s.URL, "://", "://me:hunter2@", 1)
			c["password"] = []byte("hunter2")
		}, "authentication failed", "check the credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, secret, o := g.Spec(), g.Secret(), statestore.Options{CAFile: g.CAFile}
			test.change(&spec, secret, &o)
			_, err := statestore.OpenGit(t.Context(), spec, secret, o)
			want := "git repository " + strings.Replace(spec.URL, "me:hunter2@", "", 1) + ": " + test.want
			checkFault(t, err, want, test.hint)
		})
	}
}

func checkFault(t *testing.T, err error, want, hint string) {
	t.Helper()
	if err == nil || err.Error() != want || diag.ExitCode(err) != diag.ExitMachine {
		t.Errorf("error %v (exit code %d), want %s", err, diag.ExitCode(err), want)
	}
	if hints := strings.Join(diag.Hints(err), "\n"); !strings.Contains(hints, hint) {
		t.Errorf("hints %q, want %q", hints, hint)
	}
	if err != nil && strings.Contains(err.Error()+strings.Join(diag.Hints(err), " "), "hunter2") {
		t.Error("the error tells the password")
	}
}

func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestGitCertificateIsVerifiedUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	commit(t, g, files{"a": []byte("a")})
	_, err := statestore.OpenGit(t.Context(), g.Spec(), g.Secret(), statestore.Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "git repository "+g.URL+": its certificate is not trusted: ") || len(diag.Hints(err)) != 1 {
		t.Errorf("error %v with hints %q", err, diag.Hints(err))
	}
	store := opened(t)(statestore.OpenGit(t.Context(), g.Spec(), g.Secret(), statestore.Options{InsecureSkipTLSVerify: true}))
	if _, err := store.Read(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func TestGitRefusesWhatKratixRefuses(t *testing.T) {
	t.Parallel()
	ref := &api.SecretRef{Name: "creds"}
	for name, test := range map[string]struct {
		spec   api.GitStateStoreSpec
		secret statestore.Credentials
		want   string
	}{
		"plain http":      {api.GitStateStoreSpec{URL: "http://u:hunter2@h/r"}, nil, "http://h/r: invalid URL for HTTPS auth method: http://h/r"},
		"ssh by password": {api.GitStateStoreSpec{URL: "git@h:r"}, nil, "git@h:r: invalid URL for HTTPS auth method: git@h:r"},
		"https by key":    {api.GitStateStoreSpec{URL: "https://u:hunter2@h/r", AuthMethod: "ssh"}, nil, "https://h/r: invalid URL for SSH auth method: https://h/r"},
		"two at signs":    {api.GitStateStoreSpec{URL: "git@h@i:r", AuthMethod: "ssh"}, nil, "git@h@i:r: invalid URL for SSH auth method: git@h@i:r"},
		"no user":         {api.GitStateStoreSpec{URL: "h:r", AuthMethod: "ssh"}, nil, "h:r: invalid URL for SSH auth method: h:r"},
		"no password":     {api.GitStateStoreSpec{URL: "https://h/r", SecretRef: ref}, statestore.Credentials{"username": nil}, "https://h/r: password not found in secret default/creds"},
		"no key":          {api.GitStateStoreSpec{URL: "git@h:r", AuthMethod: "ssh", SecretRef: ref}, statestore.Credentials{}, "git@h:r: sshPrivateKey not found in secret default/creds"},
		"no known hosts":  {api.GitStateStoreSpec{URL: "git@h:r", AuthMethod: "ssh"}, statestore.Credentials{"sshPrivateKey": nil}, "git@h:r: knownHosts not found in the credentials"},
		"a bad key": {
			api.GitStateStoreSpec{URL: "git@h:r", AuthMethod: "ssh"},
			statestore.Credentials{"sshPrivateKey": []byte("hunter2"), "knownHosts": nil},
			"git@h:r: error parsing ssh private key: ssh: no key found",
		},
		"no app": {api.GitStateStoreSpec{URL: "https://h/r", AuthMethod: "githubApp", SecretRef: ref}, statestore.Credentials{}, "https://h/r: appID not found in secret default/creds"},
		"a bad app key": {
			api.GitStateStoreSpec{URL: "https://h/r", AuthMethod: "githubApp"},
			statestore.Credentials{"appID": []byte("1"), "installationID": []byte("2"), "privateKey": []byte("hunter2")},
			"https://h/r: failed to generate GitHub App JWT: invalid private key: failed to parse PEM block",
		},
		"a line break": {
			api.GitStateStoreSpec{URL: "https://h/r", SecretRef: ref},
			statestore.Credentials{"password": []byte("hunter2\n")},
			"https://h/r: password in secret default/creds has a line break, and no server takes one",
		},
		"unknown method": {api.GitStateStoreSpec{URL: "https://h/r", AuthMethod: "magic"}, nil, "https://h/r: unknown authMethod: magic"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := statestore.OpenGit(t.Context(), test.spec, test.secret, statestore.Options{})
			checkFault(t, err, "git repository "+test.want, "")
		})
	}
}

// inRepository runs git where the server keeps its repository.
func inRepository(t *testing.T, g *storetest.Git, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", g.Repo}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %q: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// Seven trees, each of which has the one before ten times, list ten million
// files.
func TestGitRefusesATreeWithoutEnd(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	object, kind := inRepository(t, g, "x", "hash-object", "-w", "--stdin"), "100644 blob"
	for range 7 {
		var tree strings.Builder
		for i := range 10 {
			fmt.Fprintf(&tree, "%s %s\tname-%d\n", kind, object, i)
		}
		object, kind = inRepository(t, g, tree.String(), "mktree"), "040000 tree"
	}
	head := inRepository(t, g, "", "-c", "user.name=k", "-c", "user.email=k@example.com", "commit-tree", "-m", "x", object)
	inRepository(t, g, "", "update-ref", "refs/heads/main", head)
	_, err := statestore.OpenGit(t.Context(), g.Spec(), g.Secret(), statestore.Options{CAFile: g.CAFile})
	checkFault(t, err, "git repository "+g.URL+": the repository has too many files", "")
}

func TestGitWithLongHashes(t *testing.T) {
	t.Parallel()
	g := gitServer(t)
	for _, name := range []string{"objects", "refs", "config", "HEAD"} {
		if err := os.RemoveAll(filepath.Join(g.Repo, name)); err != nil {
			t.Fatal(err)
		}
	}
	inRepository(t, g, "", "init", "--quiet", "--bare", "--object-format=sha256")
	if err := g.Configure("uploadpack.allowFilter", "true"); err != nil {
		t.Fatal(err)
	}
	content := files{"a": []byte("a"), "b": []byte("b")}
	commit(t, g, content)
	store := openGit(t, g, statestore.Options{})
	checkAll(t, store, content)
	if len(store.Version()) != 64 {
		t.Errorf("version %s", store.Version())
	}
}
