// SPDX-License-Identifier: Apache-2.0

package build

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
)

const (
	goMod   = "module pipeline\n\ngo 1.26\n"
	program = "package main\n\nfunc main() { println(\"hello\") }\n"
)

// stage writes a stage: name and content in turn.
func stage(tb testing.TB, files ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	write(tb, dir, files...)
	return dir
}

func write(tb testing.TB, dir string, files ...string) {
	tb.Helper()
	for i := 0; i < len(files); i += 2 {
		file := filepath.Join(dir, files[i])
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(files[i+1]), 0o644)); err != nil {
			tb.Fatal(err)
		}
	}
}

func newStore(tb testing.TB) *image.Store {
	tb.Helper()
	s, err := image.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func digest(tb testing.TB, img v1.Image) string {
	tb.Helper()
	d, err := img.Digest()
	if err != nil {
		tb.Fatal(err)
	}
	return d.String()
}

func mustGo(tb testing.TB, o GoOptions) v1.Image {
	tb.Helper()
	img, err := Go(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

func TestDetect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files []string
		want  Kind
	}{
		{"a program in scripts", []string{"scripts/go.mod", goMod, "scripts/pipeline.go", program}, KindGo},
		{"a program in the stage's directory", []string{"go.mod", goMod, "main.go", program}, KindGo},
		{"a Go program with a Dockerfile is a Go program", []string{"scripts/pipeline.go", program, "Dockerfile", "FROM scratch"}, KindGo},
		{"a program that does not compile is still one", []string{"scripts/pipeline.go", "// x\npackage main // here\n}{"}, KindGo},
		{"a Go package that is no program", []string{"scripts/lib.go", "package lib\n", "Dockerfile", "FROM scratch"}, KindDockerfile},
		{"a test is no program", []string{"scripts/x_test.go", "package main\n"}, KindNone},
		{"a script with a Dockerfile", []string{"scripts/pipeline.sh", "#!/bin/sh\n", "Dockerfile", "FROM scratch"}, KindDockerfile},
		{"a directory named Dockerfile", []string{"Dockerfile/x", ""}, KindNone},
		{"nothing", nil, KindNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Detect(stage(t, tt.files...)); got != tt.want {
				t.Errorf("Detect = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestGoImage(t *testing.T) {
	t.Parallel()
	dir := stage(t, "scripts/go.mod", goMod, "scripts/pipeline.go", program,
		"resources/b.yaml", "b: 1\n", "resources/sub/a.sh", "#!/bin/sh\n", "resources/.DS_Store", "junk", "resources/b.yaml~", "junk")
	if err := errors.Join(os.Chmod(filepath.Join(dir, "resources/sub/a.sh"), 0o700), os.Chmod(filepath.Join(dir, "resources/b.yaml"), 0o600),
		os.Symlink("b.yaml", filepath.Join(dir, "resources/link"))); err != nil {
		t.Fatal(err)
	}
	img := mustGo(t, GoOptions{Dir: dir, Platform: "linux/amd64"})
	want := []string{
		"etc drwxr-xr-x 0:0", "etc/group -rw-r--r-- 0:0", "etc/passwd -rw-r--r-- 0:0",
		"home drwxr-xr-x 0:0", "home/nonroot drwx------ 65532:65532",
		"resources drwxr-xr-x 0:0", "resources/b.yaml -rw-r--r-- 0:0", "resources/link Lrwxrwxrwx 0:0 -> b.yaml",
		"resources/sub drwxr-xr-x 0:0", "resources/sub/a.sh -rwxr-xr-x 0:0",
		"root drwx------ 0:0", "tmp dtrwxrwxrwx 0:0",
		"usr drwxr-xr-x 0:0", "usr/local drwxr-xr-x 0:0", "usr/local/bin drwxr-xr-x 0:0", "usr/local/bin/pipeline -rwxr-xr-x 0:0",
	}
	if diff := cmp.Diff(want, contents(t, img)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	wantConfig := v1.Config{
		Entrypoint: []string{"/usr/local/bin/pipeline"}, User: "65532:65532", WorkingDir: "/",
		Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
	}
	if diff := cmp.Diff(wantConfig, config.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if got, want := fmt.Sprint(config.Platform(), config.Created.UTC()), "linux/amd64 1970-01-01 00:00:00 +0000 UTC"; got != want {
		t.Errorf("platform and time %s, want %s", got, want)
	}
}

func contents(tb testing.TB, img v1.Image) []string {
	tb.Helper()
	var names []string
	all := mutate.Extract(img)
	defer func() { _ = all.Close() }()
	for r := tar.NewReader(all); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			tb.Fatal(err)
		}
		line := fmt.Sprintf("%s %v %d:%d", h.Name, h.FileInfo().Mode(), h.Uid, h.Gid)
		if h.Linkname != "" {
			line += " -> " + h.Linkname
		}
		names = append(names, line)
	}
}

func TestGoIsReproducible(t *testing.T) {
	t.Parallel()
	files := []string{"scripts/go.mod", goMod, "scripts/pipeline.go", program, "resources/x", "x", "resources/y/z", "z"}
	one, other := stage(t, files...), filepath.Join(stage(t), "elsewhere", "further down")
	write(t, other, files...)
	err := filepath.WalkDir(other, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chmod(path, 0o600)
		}
		return errors.Join(err, os.Chtimes(path, time.Now(), time.Unix(1_000_000_000, 0)))
	})
	if err != nil {
		t.Fatal(err)
	}
	a, b := mustGo(t, GoOptions{Dir: one}), mustGo(t, GoOptions{Dir: other})
	if diff := cmp.Diff(digest(t, a), digest(t, b)); diff != "" {
		t.Errorf("digest (-one +other):\n%s", diff)
	}
	later := mustGo(t, GoOptions{Dir: one, Created: time.Unix(1_000_000_000, 0)})
	if digest(t, a) == digest(t, later) {
		t.Error("another time of creation gives the same image")
	}
}

func TestGoOntoABase(t *testing.T) {
	t.Parallel()
	host := serve(t)
	base, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	base, err = mutate.ConfigFile(base, &v1.ConfigFile{
		OS: "linux", Architecture: "amd64", RootFS: rootFS(t, base),
		Config: v1.Config{User: "12:34", Env: []string{"A=b"}, Cmd: []string{"/bin/base"}, Entrypoint: []string{"/init"}, WorkingDir: "/srv"},
	})
	if err != nil {
		t.Fatal(err)
	}
	push(t, host+"/base:v1", base)
	dir := stage(t, "scripts/go.mod", goMod, "scripts/pipeline.go", program)
	o := GoOptions{Dir: dir, Platform: "linux/amd64", Base: host + "/base:v1", Store: newStore(t)}
	img := mustGo(t, o)
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{User: "12:34", Env: []string{"A=b"}, Entrypoint: []string{"/usr/local/bin/pipeline"}, WorkingDir: "/"}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	names := contents(t, img)
	if !slices.ContainsFunc(names, func(s string) bool { return strings.HasPrefix(s, "random_file") }) || slices.Contains(names, "etc drwxr-xr-x 0:0") {
		t.Errorf("files %q, want the base's and no system of our own", names)
	}

	o.Platform = "linux/arm64"
	if _, err := Go(t.Context(), o); diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), "is for linux/amd64, not linux/arm64") {
		t.Errorf("a base for another platform gives %v", err)
	}
}

func rootFS(tb testing.TB, img v1.Image) v1.RootFS {
	tb.Helper()
	config, err := img.ConfigFile()
	if err != nil {
		tb.Fatal(err)
	}
	return config.RootFS
}

func serve(tb testing.TB) (host string) {
	tb.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	tb.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func push(tb testing.TB, ref string, img v1.Image) {
	tb.Helper()
	parsed, err := name.ParseReference(ref)
	if err == nil {
		err = remote.Write(parsed, img)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func TestGoErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files []string
		code  int
		want  string // with DIR for the stage's directory
		hint  string
	}{
		{
			"the compiler's findings all come",
			[]string{"scripts/go.mod", goMod, "scripts/pipeline.go", "package main\n\nfunc main() { missing(); another() }\n"},
			diag.ExitInput, "go build:\nDIR/scripts/pipeline.go:3:15: undefined: missing\nDIR/scripts/pipeline.go:3:26: undefined: another", "",
		},
		{
			"a program in the stage itself",
			[]string{"go.mod", goMod, "main.go", "package main\n\nfunc main() { 1 }\n"},
			diag.ExitInput, "go build: DIR/main.go:3:15: 1 (untyped int constant) is not used", "",
		},
		{
			"a syntax error",
			[]string{"scripts/go.mod", goMod, "scripts/pipeline.go", "package main\n\nfunc main( {\n"},
			diag.ExitInput, "go build: DIR/scripts/pipeline.go:3:12: syntax error: unexpected {, expected )", "",
		},
		{
			"no module",
			[]string{"scripts/pipeline.go", program},
			diag.ExitInput, "building DIR: go: go.mod file not found in current directory or any parent directory; see 'go help modules'", "cd DIR/scripts && go mod init pipeline && go mod tidy",
		},
		{
			"a module that is not required",
			[]string{"scripts/go.mod", goMod, "scripts/pipeline.go", "package main\n\nimport _ \"example.org/x\"\n\nfunc main() {}\n"},
			diag.ExitInput, "go build: DIR/scripts/pipeline.go:3:8: no required module provides package example.org/x; to add it: go get example.org/x", "cd DIR/scripts && go mod tidy",
		},
		{
			"a module without a checksum",
			[]string{"scripts/go.mod", goMod + "\nrequire example.org/x v1.0.0\n", "scripts/pipeline.go", "package main\n\nimport _ \"example.org/x\"\n\nfunc main() {}\n"},
			diag.ExitInput, "go build: DIR/scripts/pipeline.go:3:8: missing go.sum entry for module providing package example.org/x (imported by pipeline); to add: go get pipeline", "cd DIR/scripts && go mod tidy",
		},
		{
			"a go.mod that cannot be read",
			[]string{"scripts/go.mod", "modul x\n", "scripts/pipeline.go", program},
			diag.ExitInput, "go build: DIR/scripts/go.mod:1: unknown directive: modul", "",
		},
		{"a Dockerfile only", []string{"Dockerfile", "FROM scratch"}, diag.ExitInput, "DIR has a Dockerfile and no Go program", ""},
		{"nothing", nil, diag.ExitInput, "DIR has neither a Go program nor a Dockerfile", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := stage(t, tt.files...)
			_, err := Go(t.Context(), GoOptions{Dir: dir})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(err.Error(), dir, "DIR")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if code := diag.ExitCode(err); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if hint := strings.ReplaceAll(strings.Join(diag.Hints(err), "\n"), dir, "DIR"); hint != tt.hint {
				t.Errorf("hint %q, want %q", hint, tt.hint)
			}
		})
	}
}

func TestGoWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Go(t.Context(), GoOptions{Dir: stage(t, "scripts/go.mod", goMod, "scripts/pipeline.go", program)})
	if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(err.Error(), "no go command in PATH") || len(diag.Hints(err)) != 1 {
		t.Errorf("error %v with hints %q", err, diag.Hints(err))
	}
}

func TestGoWithoutNetwork(t *testing.T) {
	t.Setenv("GOPROXY", "http://127.0.0.1:1")
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GONOSUMDB", "*")
	sum := "h1:" + strings.Repeat("A", 43) + "="
	sums := "example.org/x v1.0.0 " + sum + "\nexample.org/x v1.0.0/go.mod " + sum + "\n"
	dir := stage(t, "scripts/go.mod", goMod+"\nrequire example.org/x v1.0.0\n", "scripts/go.sum", sums,
		"scripts/pipeline.go", "package main\n\nimport _ \"example.org/x\"\n\nfunc main() {}\n")
	if _, err := Go(t.Context(), GoOptions{Dir: dir}); diag.ExitCode(err) != diag.ExitMachine {
		t.Errorf("error %v (exit code %d), want a fault of the machine", err, diag.ExitCode(err))
	}
}

func TestGoCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Go(ctx, GoOptions{Dir: stage(t, "scripts/go.mod", goMod, "scripts/pipeline.go", program)}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestGoTellsOfFilesAsSeenFromHere(t *testing.T) {
	dir := stage(t, "render/go.mod", goMod, "render/main.go", "package main\n\nfunc main() { 1 }\n")
	t.Chdir(dir)
	for _, stage := range []string{"render", filepath.Join(dir, "render")} {
		_, err := Go(t.Context(), GoOptions{Dir: stage})
		if err == nil || !strings.HasPrefix(err.Error(), "go build: render/main.go:3:15: ") {
			t.Errorf("error %v, want one of render/main.go", err)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	files := []string{"Dockerfile", "FROM scratch", "scripts/pipeline.go", program, "resources/x", "x"}
	original, err := Hash(stage(t, files...))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(dir string) error
		same   bool
	}{
		{"nothing", func(string) error { return nil }, true},
		{"a time", func(dir string) error {
			return os.Chtimes(filepath.Join(dir, "resources/x"), time.Unix(1, 0), time.Unix(1, 0))
		}, true},
		{"permissions of others", func(dir string) error { return os.Chmod(filepath.Join(dir, "resources/x"), 0o600) }, true},
		{"junk", func(dir string) error {
			write(t, dir, ".git/HEAD", "x", "scripts/.pipeline.go.swp", "x", "scripts/pipeline.go~", "x", ".DS_Store", "x", "scripts/.#pipeline.go", "x")
			return nil
		}, true},
		{"a byte", func(dir string) error { write(t, dir, "resources/x", "y"); return nil }, false},
		{"the executable bit", func(dir string) error { return os.Chmod(filepath.Join(dir, "resources/x"), 0o755) }, false},
		{"a name", func(dir string) error {
			return os.Rename(filepath.Join(dir, "resources/x"), filepath.Join(dir, "resources/y"))
		}, false},
		{"a file more", func(dir string) error { write(t, dir, "resources/y", ""); return nil }, false},
		{"a file becomes a link", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "resources/x")), os.Symlink("x", filepath.Join(dir, "resources/x")))
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := stage(t, files...)
			if err := tt.change(dir); err != nil {
				t.Fatal(err)
			}
			got, err := Hash(dir)
			if err != nil {
				t.Fatal(err)
			}
			if (got == original) != tt.same {
				t.Errorf("hash %s, before %s: same should be %v", got, original, tt.same)
			}
		})
	}
}

func TestRef(t *testing.T) {
	t.Parallel()
	for container, want := range map[string]string{
		"render": "kratix.local/render:abc", "My Stage_1": "kratix.local/my-stage-1:abc", "--": "kratix.local/stage:abc", "äb": "kratix.local/b:abc",
	} {
		got := Ref(container, "abc")
		if _, err := name.NewTag(got, name.StrictValidation); err != nil || got != want {
			t.Errorf("Ref(%q) = %q, want %q (%v)", container, got, want, err)
		}
	}
}

func TestStageBuildsWhatChanged(t *testing.T) {
	t.Parallel()
	store, builds := newStore(t), 0
	dir := stage(t, "scripts/go.mod", goMod, "scripts/pipeline.go", program)
	get := func(always bool) *image.Image {
		t.Helper()
		o := StageOptions{GoOptions: GoOptions{Dir: dir}, Container: "render", Always: always, Building: func() { builds++ }}
		img, err := Stage(t.Context(), store, o)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	expect := func(what string, want int) {
		t.Helper()
		if builds != want {
			t.Errorf("%s: built %d times by now, want %d", what, builds, want)
		}
	}
	first := get(false)
	expect("at first", 1)
	if again := get(false); again.Digest != first.Digest {
		t.Errorf("digest %s, want %s", again.Digest, first.Digest)
	}
	expect("unchanged", 1)
	get(true)
	expect("when told to", 2)
	write(t, dir, "resources/x", "x")
	if changed := get(false); changed.Digest == first.Digest {
		t.Error("another resource gives the same image")
	}
	expect("changed", 3)
	write(t, dir, "scripts/go.mod", goMod+"\nreplace example.org/x => ../../x\n")
	get(false)
	get(false)
	expect("with sources outside, which the hash does not know", 5)
}

func TestStageStoresNothingThatDoesNotCompile(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	o := StageOptions{GoOptions: GoOptions{Dir: stage(t, "scripts/go.mod", goMod, "scripts/pipeline.go", "package main\n")}, Container: "render"}
	if _, err := Stage(t.Context(), store, o); diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("error %v, want one of the input", err)
	}
	if entries, err := store.List(); err != nil || len(entries) != 0 {
		t.Errorf("stored %v, %v", entries, err)
	}
	var kind *KindError
	o.Dir = stage(t, "pipeline.sh", "#!/bin/sh")
	if _, err := Stage(t.Context(), store, o); !errors.As(err, &kind) || kind.Kind != KindNone {
		t.Errorf("error %v, want one that says what kind of stage it is", err)
	}
	o.Dir = stage(t, "Dockerfile", "FROM scratch")
	if _, err := Go(t.Context(), o.GoOptions); !errors.As(err, &kind) || kind.Kind != KindDockerfile {
		t.Errorf("error %v, want one that says what kind of stage it is", err)
	}
}

func TestImageTravels(t *testing.T) {
	t.Parallel()
	store, ref := newStore(t), serve(t)+"/acme/render:v1"
	built := mustGo(t, GoOptions{Dir: stage(t, "scripts/go.mod", goMod, "scripts/pipeline.go", program, "resources/x", "x")})
	put, err := store.Put(t.Context(), ref, built)
	if err != nil {
		t.Fatal(err)
	}
	want := digest(t, built)

	if err := store.Push(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	pulled, err := newStore(t).Get(t.Context(), ref, image.GetOptions{})
	if err != nil || pulled.Digest != want {
		t.Errorf("pulled %+v, %v, want digest %s", pulled, err, want)
	}

	stored, err := store.V1(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(stored); err != nil {
		t.Errorf("in the store: %v", err)
	}
	var first, second bytes.Buffer
	if err := errors.Join(image.WriteTar(&first, ref, stored), image.WriteTar(&second, ref, built)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same image gives different files")
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(file, first.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	docker, err := tarball.ImageFromPath(file, &tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(docker); err != nil {
		t.Errorf("as a docker tarball: %v", err)
	}
	if diff := cmp.Diff(contents(t, built), contents(t, docker)); diff != "" {
		t.Errorf("files in the docker tarball (-want +got):\n%s", diff)
	}
	index, err := layout.ImageIndexFromPath(untar(t, first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Errorf("as an OCI image layout: %v", err)
	}
	taken, err := newStore(t).Get(t.Context(), ref, image.GetOptions{Pull: image.PullNever, Sources: map[string]string{ref: file}})
	if err != nil || taken.Digest != want {
		t.Errorf("taken from the file %+v, %v, want digest %s", taken, err, want)
	}
}

func untar(tb testing.TB, data []byte) (dir string) {
	tb.Helper()
	dir = tb.TempDir()
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		content, readErr := io.ReadAll(r)
		if err = errors.Join(err, readErr); err != nil {
			tb.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			write(tb, dir, h.Name, string(content))
		}
	}
}
