// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/engine"
	store "github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

var distFlag = flag.String("dist", "", "`DIR` with a release to try")

// dist is the directory of the release that is tried.
func dist(t *testing.T) string {
	t.Helper()
	if *distFlag == "" {
		t.Skip("make snapshot makes what this tries")
	}
	return *distFlag
}

// What Homebrew would do with the cask: fetch, compare, unpack, link.
func TestCaskInstalls(t *testing.T) {
	dir := dist(t)
	text, err := os.ReadFile(filepath.Join(dir, "homebrew", "Casks", "kratix.rb"))
	if err != nil {
		t.Fatal(err)
	}
	cask := string(text)
	for _, system := range []string{"macos", "linux"} {
		block := between(t, cask, "on_"+system+" do\n", "\n  end\n")
		for _, arch := range []string{"intel", "arm"} {
			download := between(t, block+"\n", "on_"+arch+" do\n", "\n    end\n")
			sum := stanzas(download, "sha256")
			url := stanzas(download, "url")
			if len(sum) != 1 || len(url) != 1 {
				t.Fatalf("%s on %s:\n%s", system, arch, download)
			}
			version := stanzas(cask, "version")[0]
			archive := filepath.Join(dir, path.Base(strings.ReplaceAll(url[0], "#{version}", version)))
			if got := sumOf(t, archive); got != sum[0] {
				t.Errorf("%s has the sum %s, in the cask it is %s", archive, got, sum[0])
			}
			staged := t.TempDir()
			unpack(t, archive, staged)
			for _, kind := range []string{"binary", "manpage", "bash_completion", "zsh_completion", "fish_completion"} {
				paths := stanzas(cask, kind)
				if len(paths) == 0 {
					t.Errorf("no %s in the cask", kind)
				}
				for _, path := range paths {
					if info, err := os.Stat(filepath.Join(staged, path)); err != nil || info.Size() == 0 {
						t.Errorf("%s %s: %v", kind, path, err)
					}
				}
			}
			program := filepath.Join(staged, stanzas(cask, "binary")[0])
			if map[string]string{"macos": "darwin", "linux": "linux"}[system] == runtime.GOOS &&
				map[string]string{"intel": "amd64", "arm": "arm64"}[arch] == runtime.GOARCH {
				tryProgram(t, program)
			}
		}
	}
}

// stanzas gives the values of a stanza: kind "value".
func stanzas(text, kind string) []string {
	var values []string
	for _, m := range regexp.MustCompile(`(?m)^\s*`+kind+` "([^"]*)"`).FindAllStringSubmatch(text, -1) {
		values = append(values, m[1])
	}
	return values
}

func between(t *testing.T, text, begin, end string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, begin)
	inside, _, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("no %q ... %q in:\n%s", begin, end, text)
	}
	return inside
}

// tryProgram runs a program of the release.
func tryProgram(t *testing.T, program string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, "version", "-o", "json").Output()
	if err != nil {
		t.Fatalf("%s version: %v", program, err)
	}
	var v struct{ Version, Commit, Date string }
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	head, err := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	commit, modified := strings.CutSuffix(v.Commit, " (modified)")
	if commit != strings.TrimSpace(string(head)) || v.Version == "(devel)" || v.Date == "unknown" {
		t.Errorf("the program says it is %+v", v)
	}
	if modified {
		t.Log("the release is of files that are not committed")
	}
	const limit = 55_000_000
	if info, err := os.Stat(program); err != nil || info.Size() > limit {
		t.Errorf("the program has more than %d bytes: %v (%v)", limit, info.Size(), err)
	}
}

func TestKrewInstalls(t *testing.T) {
	dir := dist(t)
	text, err := os.ReadFile(filepath.Join(dir, "krew", "kratix.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Metadata struct{ Name string }
		Spec     struct {
			Platforms []struct {
				Selector struct{ MatchLabels struct{ OS, Arch string } }
				URI      string
				SHA256   string
				Bin      string
			}
		}
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest.Spec.Platforms) != 6 || manifest.Metadata.Name != "kratix" {
		t.Errorf("%s for %d platforms", manifest.Metadata.Name, len(manifest.Spec.Platforms))
	}
	for _, p := range manifest.Spec.Platforms {
		archive := filepath.Join(dir, path.Base(p.URI))
		if got := sumOf(t, archive); got != p.SHA256 {
			t.Errorf("%s has the sum %s, in the manifest it is %s", archive, got, p.SHA256)
		}
		staged := t.TempDir()
		unpack(t, archive, staged)
		program, err := filepath.Abs(filepath.Join(staged, p.Bin))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(program); err != nil {
			t.Error(err)
		}
		if at := p.Selector.MatchLabels; at.OS != runtime.GOOS || at.Arch != runtime.GOARCH {
			continue
		}
		link := filepath.Join(t.TempDir(), "kubectl-kratix") // as krew does
		if err := os.Symlink(program, link); err != nil {
			t.Fatal(err)
		}
		help, err := exec.CommandContext(t.Context(), link, "test", "workflow", "--help").Output()
		if err != nil || !strings.Contains(string(help), "\n  kubectl kratix test workflow [CASE...] [flags]\n") {
			t.Errorf("%v\n%s", err, help)
		}
	}
}

func TestArchivesHaveAll(t *testing.T) {
	dir := dist(t)
	archives, err := filepath.Glob(filepath.Join(dir, "kratix_*_*64.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	zips, err := filepath.Glob(filepath.Join(dir, "kratix_*_windows_*64.zip"))
	if err != nil {
		t.Fatal(err)
	}
	archives = append(archives, zips...)
	if len(archives) != 6 {
		t.Fatalf("archives: %q", archives)
	}
	for _, archive := range archives {
		staged := t.TempDir()
		unpack(t, archive, staged)
		program := "kratix"
		if filepath.Ext(archive) == ".zip" {
			program = "kratix.exe"
		}
		for _, name := range []string{
			program, "LICENSE", "README.md", "CHANGELOG.md", "THIRD_PARTY_LICENSES", "man/kratix.1.gz",
			"completions/kratix.bash", "completions/_kratix", "completions/kratix.fish", "completions/kratix.ps1",
		} {
			if _, err := os.Stat(filepath.Join(staged, name)); err != nil {
				t.Errorf("%s: %v", filepath.Base(archive), err)
			}
		}
	}
}

func TestDebInstalls(t *testing.T) {
	dir := dist(t)
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip(err)
	}
	packages, err := filepath.Glob(filepath.Join(dir, "kratix_*_"+runtime.GOARCH+".deb"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("packages %q: %v", packages, err)
	}
	root := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "dpkg-deb", "-x", packages[0], root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{
		"usr/share/man/man1/kratix.1.gz", "usr/share/bash-completion/completions/kratix", "usr/share/zsh/vendor-completions/_kratix",
		"usr/share/fish/vendor_completions.d/kratix.fish", "usr/share/doc/kratix/copyright", "usr/share/doc/kratix/THIRD_PARTY_LICENSES",
	} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"kubectl-kratix", "kubectl_complete-kratix"} {
		if target, err := os.Readlink(filepath.Join(root, "usr/bin", name)); err != nil || path.Base(target) != "kratix" {
			t.Errorf("%s -> %s: %v", name, target, err)
		}
	}
	tryProgram(t, filepath.Join(root, "usr/bin/kratix"))
}

func TestRPMHasAll(t *testing.T) {
	dir := dist(t)
	packages, err := filepath.Glob(filepath.Join(dir, "kratix_*.rpm"))
	if err != nil || len(packages) != 2 {
		t.Fatalf("packages %q: %v", packages, err)
	}
	rpm, err := exec.LookPath("rpm")
	if err != nil {
		t.Skip(err)
	}
	for _, p := range packages {
		out, err := exec.CommandContext(t.Context(), rpm, "-qlp", "--nosignature", p).Output()
		if err != nil {
			t.Fatal(err)
		}
		files := strings.Fields(string(out))
		for _, name := range []string{"/usr/bin/kratix", "/usr/bin/kubectl-kratix", "/usr/share/man/man1/kratix.1.gz", "/usr/share/zsh/site-functions/_kratix"} {
			if !slices.Contains(files, name) {
				t.Errorf("%s has no %s", p, name)
			}
		}
	}
}

func TestChecksumsAreOfAllFiles(t *testing.T) {
	dir := dist(t)
	text, err := os.ReadFile(filepath.Join(dir, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		listed[fields[1]] = true
		if got := sumOf(t, filepath.Join(dir, fields[1])); got != fields[0] {
			t.Errorf("%s: %s, in checksums.txt %s", fields[1], got, fields[0])
		}
	}
	// Six archives and SBOMs, two packages of each kind.
	if len(listed) != 16 {
		t.Errorf("checksums.txt lists %d files:\n%s", len(listed), text)
	}
}

func TestSBOMsAreOfTheRelease(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dist(t), "*.cdx.json"))
	if err != nil || len(files) != 6 {
		t.Fatalf("SBOMs %q: %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var b bom
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Components {
			if len(c.Licenses) == 0 || c.Name != "std" && len(c.Hashes) == 0 {
				t.Errorf("%s: %+v", filepath.Base(file), c)
			}
		}
		if len(b.Components) < 50 || b.Metadata.Timestamp == "" {
			t.Errorf("%s: %d components, %+v", filepath.Base(file), len(b.Components), b.Metadata)
		}
	}
}

// The image is run by the engine that the program has itself.
func TestImageRuns(t *testing.T) {
	dir := dist(t)
	index, err := layout.ImageIndexFromPath(filepath.Join(dir, "image"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("%+v: %v", manifest, err)
	}
	inner, err := index.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if manifest, err = inner.IndexManifest(); err != nil {
		t.Fatal(err)
	}
	ran := false
	for _, m := range manifest.Manifests {
		if m.Platform.Architecture != runtime.GOARCH || runtime.GOOS != "linux" {
			continue
		}
		img, err := inner.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		text := runImage(t, img)
		if !strings.HasPrefix(text, "kratix ") || !strings.Contains(text, "linux/"+runtime.GOARCH) {
			t.Errorf("the image says:\n%s", text)
		}
		ran = true
	}
	if len(manifest.Manifests) != 2 {
		t.Errorf("%d platforms", len(manifest.Manifests))
	}
	if !ran {
		t.Skip("there is no image for this machine")
	}
}

// runImage runs "version" in an image.
func runImage(t *testing.T, img v1.Image) string {
	t.Helper()
	const ref = "kratix.local/kratix:snapshot"
	cache, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close() //nolint:errcheck // it is removed
	if _, err := cache.Put(t.Context(), ref, img); err != nil {
		t.Fatal(err)
	}
	eng, err := engine.New(t.Context(), "native", engine.Config{Images: cache, Getenv: os.Getenv})
	if err != nil {
		t.Skip(err)
	}
	if err := eng.Prepare(t.Context(), []string{ref}); err != nil {
		t.Fatal(err)
	}
	pod, err := eng.NewPod(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer pod.Close() //nolint:errcheck // a temporary directory
	var out, stderr bytes.Buffer
	exit, err := pod.Run(t.Context(), workflow.Container{Name: "kratix", Image: ref, Args: []string{"version"}, Network: workflow.NetworkNone}, &out, &stderr)
	if err != nil || exit.Code != 0 {
		t.Fatalf("exit code %d: %v\n%s", exit.Code, err, stderr.String())
	}
	return out.String()
}

// The image depends on the programs alone.
func TestImageIsReproducible(t *testing.T) {
	dir := dist(t)
	digests := map[string]bool{}
	for range 2 {
		var out strings.Builder
		if err := makeImage(context.Background(), &out, dir, "", false); err != nil {
			t.Fatal(err)
		}
		digests[out.String()] = true
	}
	if len(digests) != 1 {
		t.Errorf("digests: %v", digests)
	}
}

func sumOf(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// unpack unpacks a tar.gz or a zip.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	add := func(name string, mode os.FileMode, r io.Reader) {
		if !filepath.IsLocal(name) {
			t.Fatalf("%s has %s", archive, name)
		}
		content, err := io.ReadAll(r)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, mode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := eachFile(archive, add); err != nil {
		t.Fatalf("%s: %v", archive, err)
	}
}

func eachFile(archive string, add func(string, os.FileMode, io.Reader)) error {
	if filepath.Ext(archive) == ".zip" {
		z, err := zip.OpenReader(archive)
		if err != nil {
			return err
		}
		defer z.Close() //nolint:errcheck // it was only read
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				return err
			}
			add(f.Name, f.Mode().Perm(), r)
			_ = r.Close()
		}
		return nil
	}
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			return fmt.Errorf("%s is not a file", header.Name)
		}
		add(header.Name, header.FileInfo().Mode().Perm(), r)
	}
}
