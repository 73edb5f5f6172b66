// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/engine/native"
)

var update = flag.Bool("update", false, "rewrite the expected output of scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kratix": main, "kubectl-kratix": main, "kubectl_complete-kratix": main})
}

// TestScripts runs every script in testdata/script against the real program.
func TestScripts(t *testing.T) {
	docker := &dockerDaemon{}
	t.Cleanup(docker.end)
	clusters := newClusters()
	t.Cleanup(clusters.end)
	stores := newStateStores()
	program := &staticProgram{dir: t.TempDir()}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Condition:           docker.condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"timeless": timeless,
			"ageless":  ageless,
			"exits":    exits,
			"registry": startRegistry,
			"image":    pushImage,
			"example":  copyExample,
			"waitfor":  waitFor,
			"forusers": forUsers,
			"nothing":  nothing,
			"hidden":   hidden,
			"sameyaml": sameYAML,
			"docker":   docker.use,
			"static":   program.use,
			"cluster":  clusters.use,
			"charts":   serveCharts,
			"schemas":  serveSchemas,

			"gitstore":    stores.useGit,
			"bucketstore": stores.useBucket,
			"fill":        fill,
			"placeless":   placeless,
		},
	})
}

// setup gives a script a cache of images of its own, and the machine's caches
// of Go, so that building a stage does not download its modules anew.
func setup(env *testscript.Env) error {
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
	env.Setenv("LC_ALL", "C.UTF-8")
	platform, err := filepath.Abs("../../testdata/live-platform/live.yaml")
	if err != nil {
		return err
	}
	env.Setenv("PLATFORM", platform)
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB").Output()
	if err != nil {
		return err
	}
	values := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"} {
		env.Setenv(name, values[i])
	}
	env.Setenv("GOFLAGS", "-modcacherw")
	return nil
}

// condition knows, beside testscript's own conditions,
//
//	[containers]  this machine runs containers with the native engine and has
//	              a static busybox to put into them
//	[root]        the tests run as root
//	[cluster]     "make kube-apiserver" was here
//	[limits]      the native engine can limit the memory of containers here
//	[python]      there is a Python with PyYAML
//	[store]       there is a git, to serve and to read a repository
func condition(name string) (bool, error) {
	switch name {
	case "containers":
		_, err := os.Stat(busybox)
		return runtime.GOOS == "linux" && err == nil, nil
	case "root":
		return os.Geteuid() == 0, nil
	case "cluster":
		return hasCluster(), nil
	case "limits":
		return limitsMemory(), nil
	case "python":
		return exec.Command("python3", "-c", "import yaml").Run() == nil, nil
	case "store":
		_, err := exec.LookPath("git")
		return err == nil, nil
	default:
		return false, errUnknownCondition(name)
	}
}

// limitsMemory tells that the native engine has nothing to say about limits of
// memory.
func limitsMemory() bool {
	e, err := native.New(context.Background(), native.Config{})
	if err != nil {
		return false
	}
	noted, ok := any(e).(interface{ Notes() []string })
	return ok && !strings.Contains(strings.Join(noted.Notes(), "\n"), "memory limits")
}

type errUnknownCondition string

func (e errUnknownCondition) Error() string { return "unknown condition " + string(e) }

// duration matches what a run took, with the blanks that align it.
var duration = regexp.MustCompile(`( *)\b[0-9]+(\.[0-9]+)?(ms|s)\b`)

// digest matches what depends on the compiler.
var digest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// "sameyaml A B" wants two files of one YAML document each to have one value.
// what is null or an empty list or map counts as absent in a Promise's workflows.
func sameYAML(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sameyaml FILE FILE")
	}
	var values [2]any
	for i, file := range args {
		ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(file)), &values[i]))
	}
	if diff := cmp.Diff(values[1], values[0]); diff != "" {
		ts.Fatalf("%s and %s differ (-want +got):\n%s", args[0], args[1], diff)
	}
}

// "timeless [stderr]" makes the last standard output, or the last standard
// error, the standard output to compare, with every duration replaced by "0.0s"
// of the same width, every digest by dots and the script's directory by $WORK.
func timeless(ts *testscript.TestScript, neg bool, args []string) {
	stream := "stdout"
	if len(args) == 1 {
		stream = args[0]
	}
	if neg || len(args) > 1 {
		ts.Fatalf("usage: timeless [stderr]")
	}
	text := duration.ReplaceAllStringFunc(ts.ReadFile(stream), func(found string) string {
		blanks := len(found) - len("0.0s")
		if strings.HasPrefix(found, " ") {
			blanks = max(1, blanks)
		}
		return strings.Repeat(" ", max(0, blanks)) + "0.0s"
	})
	text = digest.ReplaceAllString(text, "sha256:...")
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK")
	if registry := ts.Getenv("REGISTRY"); registry != "" {
		text = strings.ReplaceAll(text, registry, "$REGISTRY")
	}
	file := filepath.Join(ts.Getenv("WORK"), ".timeless")
	ts.Check(os.WriteFile(file, []byte(text), 0o600))
	ts.Check(ts.Exec("cat", file))
}

// "ageless" makes the last standard output the standard output to compare, with
// every age, such as 82s or 3h, replaced by "0s", and the blanks around it and
// around the head of its column by as many as stand between two columns.
func ageless(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: ageless")
	}
	file := filepath.Join(ts.Getenv("WORK"), ".ageless")
	ts.Check(os.WriteFile(file, []byte(withoutAges(ts.ReadFile("stdout"))), 0o600))
	ts.Check(ts.Exec("cat", file))
}

func withoutAges(text string) string {
	text = age.ReplaceAllString(text, "0s")
	text = regexp.MustCompile(`\b(AGE|0s)  +`).ReplaceAllString(text, "$1  ")
	return regexp.MustCompile(`  +(AGE|0s)\b`).ReplaceAllString(text, "  $1")
}

// age is how long ago something was, as kubectl says it.
var age = regexp.MustCompile(`\b(\d+[smhdy]){1,2}\b`)

// "exits CODE command..." runs a command and wants that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", code, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// "registry [USER PASSWORD]" starts an OCI registry on loopback and sets
// $REGISTRY. With a user it answers nobody else.
func startRegistry(ts *testscript.TestScript, _ bool, args []string) {
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if len(args) == 2 {
		handler = onlyFor(args[0], args[1], handler)
		ts.Setenv("REGISTRY_USER", args[0])
		ts.Setenv("REGISTRY_PASSWORD", args[1])
	}
	server := httptest.NewServer(handler)
	ts.Defer(server.Close)
	ts.Setenv("REGISTRY", strings.TrimPrefix(server.URL, "http://"))
}

// onlyFor asks for a name and a password.
func onlyFor(user, password string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"errors": [{"code": "UNAUTHORIZED", "message": "who are you"}]}`)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// busybox is Debian's busybox-static: the shell of the images that scripts
// make.
const busybox = "/bin/busybox"

// "image REF DIR" makes an image of busybox and the files below DIR, whose
// entrypoint is /run.sh, and pushes it to REF.
func pushImage(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: image ref dir")
	}
	image, err := shellImage(ts.MkAbs(args[1]))
	ts.Check(err)
	auth := crane.WithAuth(authn.FromConfig(authn.AuthConfig{Username: ts.Getenv("REGISTRY_USER"), Password: ts.Getenv("REGISTRY_PASSWORD")}))
	ts.Check(crane.Push(image, args[0], auth))
}

// shellImage makes an image of busybox and the files below dir.
func shellImage(dir string) (v1.Image, error) {
	var layer bytes.Buffer
	tw := tar.NewWriter(&layer)
	shell, err := os.ReadFile(busybox)
	if err != nil {
		return nil, err
	}
	add := func(name string, content []byte) error {
		header := &tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}
		if err := tw.WriteHeader(header); err != nil {
			return err
		}
		_, err := tw.Write(content)
		return err
	}
	if err := add("bin/busybox", shell); err != nil {
		return nil, err
	}
	for _, applet := range []string{"sh", "cat", "echo", "env", "mkdir", "sleep", "ls", "id", "cp", "grep", "sed", "ln", "chmod"} {
		header := &tar.Header{Name: "bin/" + applet, Linkname: "busybox", Typeflag: tar.TypeSymlink}
		if err := tw.WriteHeader(header); err != nil {
			return nil, err
		}
	}
	files := os.DirFS(dir)
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return add(name, content)
	})
	if err != nil {
		return nil, err
	}
	if err := tw.Close(); err != nil {
		return nil, err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layer.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		return nil, err
	}
	return mutate.Config(image, v1.Config{
		Entrypoint: []string{"/bin/sh", "/run.sh"},
		Env:        []string{"PATH=/bin"},
		User:       "65532",
	})
}

// A staticProgram is the program as it is released: without libraries, unlike a
// test that looks for races.
type staticProgram struct {
	dir  string
	once sync.Once
	err  error
}

// "static" makes kratix that program.
func (p *staticProgram) use(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: static")
	}
	p.once.Do(func() {
		build := exec.Command("go", "build", "-o", p.dir, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			p.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	ts.Check(p.err)
	ts.Setenv("PATH", p.dir+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

// "example NAME" copies examples/NAME to the script's directory.
func copyExample(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: example name")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(filepath.Join("..", "..", "examples", args[0]))))
}

// "forusers" lets any user of the machine work in the script's directory, with
// the program as $KRATIX; "setpriv --reuid" then runs it as somebody else.
func forUsers(ts *testscript.TestScript, _ bool, _ []string) {
	work := ts.Getenv("WORK")
	for dir := work; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		ts.Check(err)
		if info.Mode().Perm()&0o005 != 0o005 {
			ts.Check(os.Chmod(dir, info.Mode().Perm()|0o055))
		}
	}
	ts.Check(filepath.WalkDir(work, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		return os.Chmod(path, 0o777)
	}))
	program, err := os.Executable()
	ts.Check(err)
	bin := filepath.Join(work, ".user", "kratix")
	ts.Check(os.MkdirAll(filepath.Dir(bin), 0o755))
	// Another process copies it: a file that this one writes is open in what other
	// scripts start at the time, and cannot be run as long ("text file busy").
	ts.Check(ts.Exec("cp", program, bin))
	ts.Setenv("KRATIX", bin)
	ts.Setenv("XDG_CACHE_HOME", filepath.Join(work, ".user-cache"))
}

// "nothing DIR" wants a directory without entries, and no process whose
// environment has the script's $WORK but this one's.
func nothing(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: nothing dir")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, entry := range entries {
		ts.Fatalf("%s is left in %s", entry.Name(), args[0])
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	ts.Check(err)
	for _, process := range processes {
		line, err := os.ReadFile(process)
		if err == nil && bytes.Contains(line, []byte("a-step-that-never-ends")) {
			ts.Fatalf("%s still runs: %q", process, line)
		}
	}
}

// "hidden WORD..." wants none of the words in the script's directory: in no name,
// no link and no file, neither as it is nor in base64, compressed or not. Files
// of its own are left out: directories named secrets, and what stands at the top
// and ends in .env or .yaml.
func hidden(ts *testscript.TestScript, neg bool, words []string) {
	if neg || len(words) == 0 {
		ts.Fatalf("usage: hidden word...")
	}
	work := ts.Getenv("WORK")
	ts.Check(filepath.WalkDir(work, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(work, path)
		if entry.IsDir() && (entry.Name() == "secrets" || name == ".cache") {
			return fs.SkipDir
		}
		if ext := filepath.Ext(name); filepath.Dir(name) == "." && (ext == ".env" || ext == ".yaml") {
			return nil
		}
		content := []byte(name)
		switch {
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			content = append(content, target...)
		case entry.Type().IsRegular():
			file, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = append(content, file...)
		}
		for _, text := range append(decoded(content), content) {
			for _, word := range words {
				if bytes.Contains(text, []byte(word)) {
					ts.Fatalf("%s has %q:\n%s", name, word, text)
				}
			}
		}
		return nil
	}))
}

// encoded matches what may be base64.
var encoded = regexp.MustCompile(`[A-Za-z0-9+/]{8,}`)

// decoded gives what any base64 in a text stands for, wherever it begins.
func decoded(content []byte) [][]byte {
	var all [][]byte
	for _, found := range encoded.FindAll(content, -1) {
		for skip := range 4 {
			text, err := base64.RawStdEncoding.DecodeString(string(found[skip : len(found)-(len(found)-skip)%4]))
			if err != nil {
				continue
			}
			all = append(all, text)
			if unzipped, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
				inside, _ := io.ReadAll(unzipped) // as much as there is
				all = append(all, inside)
			}
		}
	}
	return all
}

// "waitfor FILE TEXT" waits until a background command has written TEXT to FILE.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: waitfor file text")
	}
	deadline := time.After(time.Minute)
	for {
		content, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && bytes.Contains(content, []byte(args[1])) {
			return
		}
		select {
		case <-deadline:
			ts.Fatalf("%s does not say %q within a minute; it says:\n%s", args[0], args[1], content)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
