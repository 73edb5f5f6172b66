// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kratix-tools/kratix/internal/statestore/storetest"
	"github.com/kratix-tools/kratix/internal/work"
)

// stateStores are the state stores of the scripts that have some.
type stateStores struct {
	mu      sync.Mutex
	git     map[*testscript.TestScript]*storetest.Git
	buckets map[*testscript.TestScript]*storetest.Bucket
}

func newStateStores() *stateStores {
	return &stateStores{
		git:     map[*testscript.TestScript]*storetest.Git{},
		buckets: map[*testscript.TestScript]*storetest.Bucket{},
	}
}

// "gitstore" is a Git server of the script's own:
//
//	gitstore start   starts it and sets $GIT_URL, $GIT_CA, $GIT_USERNAME,
//	                 $GIT_PASSWORD and $GIT_PORT
//	gitstore ssh     the same repository over ssh: $SSH_URL, and in base64
//	                 $SSH_KEY and $SSH_KNOWN_HOSTS
//	gitstore put DIR makes branch main hold the files below DIR and no others
func (s *stateStores) useGit(ts *testscript.TestScript, neg bool, args []string) {
	form := strings.Join(args, " ")
	switch {
	case neg:
		ts.Fatalf("unsupported: ! gitstore")
	case form == "start":
		s.startGit(ts)
	case form == "ssh":
		server, err := storetest.NewSSH(s.gitOf(ts))
		ts.Check(err)
		ts.Defer(server.Close)
		ts.Setenv("SSH_URL", server.URL)
		ts.Setenv("SSH_KEY", base64.StdEncoding.EncodeToString(server.PrivateKey))
		ts.Setenv("SSH_KNOWN_HOSTS", base64.StdEncoding.EncodeToString(server.KnownHosts))
	case len(args) == 2 && args[0] == "put":
		_, err := s.gitOf(ts).Commit("main", filesBelow(ts, args[1]))
		ts.Check(err)
	default:
		ts.Fatalf("usage: gitstore start|ssh|put dir")
	}
}

func (s *stateStores) startGit(ts *testscript.TestScript) {
	dir := ts.MkAbs(".git-server")
	ts.Check(os.Mkdir(dir, 0o700))
	server, err := storetest.NewGit(dir)
	ts.Check(err)
	ts.Defer(server.Close)
	s.mu.Lock()
	s.git[ts] = server
	s.mu.Unlock()
	_, port, err := net.SplitHostPort(server.Address())
	ts.Check(err)
	ts.Setenv("GIT_URL", server.URL)
	ts.Setenv("GIT_PORT", port)
	ts.Setenv("GIT_CA", server.CAFile)
	ts.Setenv("GIT_USERNAME", server.Username)
	ts.Setenv("GIT_PASSWORD", server.Password)
}

func (s *stateStores) gitOf(ts *testscript.TestScript) *storetest.Git {
	s.mu.Lock()
	defer s.mu.Unlock()
	server := s.git[ts]
	if server == nil {
		ts.Fatalf("first: gitstore start")
	}
	return server
}

// "bucketstore" is an S3 server of the script's own:
//
//	bucketstore start       starts it and sets $S3_ENDPOINT, $S3_BUCKET,
//	                        $S3_ACCESS_KEY and $S3_SECRET_KEY
//	bucketstore put DIR     stores the files below DIR
//	bucketstore delete KEY  removes one
func (s *stateStores) useBucket(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case neg:
		ts.Fatalf("unsupported: ! bucketstore")
	case len(args) == 1 && args[0] == "start":
		s.startBucket(ts)
	case len(args) == 2 && args[0] == "put":
		ts.Check(s.bucketOf(ts).Put(filesBelow(ts, args[1])))
	case len(args) == 2 && args[0] == "delete":
		ts.Check(s.bucketOf(ts).Delete(args[1]))
	default:
		ts.Fatalf("usage: bucketstore start|put dir|delete key")
	}
}

func (s *stateStores) startBucket(ts *testscript.TestScript) {
	server, err := storetest.NewBucket()
	ts.Check(err)
	ts.Defer(server.Close)
	s.mu.Lock()
	s.buckets[ts] = server
	s.mu.Unlock()
	ts.Setenv("S3_ENDPOINT", server.Endpoint)
	ts.Setenv("S3_BUCKET", server.Name)
	ts.Setenv("S3_ACCESS_KEY", server.AccessKeyID)
	ts.Setenv("S3_SECRET_KEY", server.SecretAccessKey)
}

func (s *stateStores) bucketOf(ts *testscript.TestScript) *storetest.Bucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	server := s.buckets[ts]
	if server == nil {
		ts.Fatalf("first: bucketstore start")
	}
	return server
}

// filesBelow reads a directory by the paths of its files in it.
func filesBelow(ts *testscript.TestScript, dir string) map[string][]byte {
	files := map[string][]byte{}
	root := os.DirFS(ts.MkAbs(dir))
	ts.Check(fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	}))
	return files
}

// "fill FILE..." replaces ${NAME} in files by a variable of the script,
// ${work:PATH} by the file's content as a Work has it, compressed, and
// ${base64:PATH} by that in base64.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fill file...")
	}
	for _, file := range args {
		text := reference.ReplaceAllStringFunc(ts.ReadFile(file), func(found string) string {
			name := found[len("${") : len(found)-len("}")]
			how, path, isFile := strings.Cut(name, ":")
			switch {
			case !isFile:
				return ts.Getenv(name)
			case how == "work":
				return work.Compress([]byte(ts.ReadFile(path)))
			case how == "base64":
				return base64.StdEncoding.EncodeToString([]byte(ts.ReadFile(path)))
			}
			ts.Fatalf("%s: cannot be filled in", found)
			return ""
		})
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}

// reference is what fill replaces.
var reference = regexp.MustCompile(`\$\{[^}]+\}`)

// "placeless [stderr]" makes the last standard output, or the last standard
// error, the standard output to compare, with the addresses of the script's
// servers and directory by their names and without ages.
func placeless(ts *testscript.TestScript, neg bool, args []string) {
	stream := "stdout"
	if len(args) == 1 {
		stream = args[0]
	}
	if neg || len(args) > 1 {
		ts.Fatalf("usage: placeless [stderr]")
	}
	text := ts.ReadFile(stream)
	for _, name := range []string{"GIT_URL", "SSH_URL", "S3_ENDPOINT", "WORK"} {
		if value := ts.Getenv(name); value != "" {
			text = strings.ReplaceAll(text, value, "$"+name)
		}
	}
	file := filepath.Join(ts.Getenv("WORK"), ".placeless")
	ts.Check(os.WriteFile(file, []byte(withoutAges(text)), 0o600))
	ts.Check(ts.Exec("cat", file))
}
