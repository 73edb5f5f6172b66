// SPDX-License-Identifier: Apache-2.0

package scaffold_test

import (
	"crypto/sha1" //nolint:gosec // it is what names are made with
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

func workflowNames() []string {
	return []string{"resource/configure", "resource/delete", "promise/configure", "promise/delete"}
}

func newContainer(t *testing.T, workflow, language string) []scaffold.File {
	t.Helper()
	ref, err := promise.ParseRef(workflow + "/instance")
	if err != nil {
		t.Fatal(err)
	}
	_, files, err := scaffold.Container(scaffold.ContainerOptions{
		Ref: ref, Image: "ghcr.io/acme/render:v0.1.0", Name: "render", Language: language, API: database(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func database(t *testing.T) *promise.CRD {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, newPromise(t, postgresql()))
	p, err := promise.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	crd, err := p.CRD()
	if err != nil {
		t.Fatal(err)
	}
	return crd
}

func TestContainerFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ workflow, language string }{
		{"resource/configure", "go"},
		{"promise/configure", "go"},
		{"resource/delete", "go"},
		{"resource/configure", "bash"},
		{"promise/delete", "bash"},
		{"resource/configure", "python"},
		{"promise/configure", "python"},
		{"promise/delete", "python"},
	} {
		tree := "container-" + test.language + "-" + strings.ReplaceAll(test.workflow, "/", "-")
		t.Run(tree, func(t *testing.T) {
			t.Parallel()
			checkGolden(t, tree, newContainer(t, test.workflow, test.language))
		})
	}
}

// TestGoStageIsGreen formats, vets, builds and tests what is generated, without
// a network: the modules are those of this program.
func TestGoStageIsGreen(t *testing.T) {
	t.Parallel()
	for _, workflow := range workflowNames() {
		t.Run(workflow, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := newContainer(t, workflow, "go")
			write(t, dir, files)
			for _, f := range files {
				if strings.HasSuffix(f.Path, ".go") {
					isFormatted(t, f)
				}
			}
			scripts := filepath.Join(dir, filepath.Dir(files[0].Path), "scripts")
			for _, args := range [][]string{{"vet", "."}, {"build", "-o", os.DevNull, "."}, {"test", "."}} {
				cmd := exec.CommandContext(t.Context(), "go", args...)
				cmd.Dir = scripts
				cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "CGO_ENABLED=0")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
		})
	}
}

func isFormatted(t *testing.T, f scaffold.File) {
	t.Helper()
	formatted, err := format.Source(f.Data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(formatted), string(f.Data)); diff != "" {
		t.Errorf("%s is not formatted (-want +got):\n%s", f.Path, diff)
	}
}

// TestScriptRuns runs the stages that need no compiler.
func TestScriptRuns(t *testing.T) {
	t.Parallel()
	for _, script := range []struct{ language, file, interpreter, probe string }{
		{"bash", "pipeline.sh", "sh", "true"},
		{"python", "pipeline.py", "python3", "import yaml"},
	} {
		for _, workflow := range workflowNames() {
			t.Run(script.language+" "+workflow, func(t *testing.T) {
				t.Parallel()
				if err := exec.Command(script.interpreter, "-c", script.probe).Run(); err != nil {
					t.Skipf("no %s that can run it: %v", script.interpreter, err)
				}
				dir := t.TempDir()
				files := newContainer(t, workflow, script.language)
				write(t, dir, append(files, scaffold.File{
					Path: "kratix/input/object.yaml", Data: []byte("metadata: {name: example, namespace: default}\nspec: {}\n"),
				}, scaffold.File{Path: "kratix/output/.gitkeep"}, scaffold.File{Path: "kratix/metadata/.gitkeep"}))
				cmd := exec.CommandContext(t.Context(), script.interpreter,
					filepath.Join(dir, filepath.Dir(files[0].Path), "scripts", script.file), filepath.Join(dir, "kratix"))
				cmd.Env = append(os.Environ(), "KRATIX_OBJECT_NAME=example", "KRATIX_OBJECT_NAMESPACE=default")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				checkStage(t, filepath.Join(dir, "kratix"), workflow)
			})
		}
	}
}

// checkStage checks what a stage has left behind.
func checkStage(t *testing.T, kratix, workflow string) {
	t.Helper()
	tree := readTree(t, kratix)
	message := "example is configured"
	if strings.HasSuffix(workflow, "delete") {
		message = "example is being deleted"
	}
	if status := strings.ReplaceAll(tree["metadata/status.yaml"], `"`, ""); strings.TrimSpace(status) != "message: "+message {
		t.Errorf("status.yaml is %q", status)
	}
	document, ok := tree["output/configmap.yaml"]
	if want := strings.HasSuffix(workflow, "configure"); ok != want {
		t.Errorf("has a document: %v, want %v", ok, want)
	}
	if ok && !strings.Contains(document, "kind: ConfigMap") {
		t.Errorf("configmap.yaml is\n%s", document)
	}
}

func sha1Prefix(text string) string {
	return fmt.Sprintf("%x", sha1.Sum([]byte(text)))[:7] //nolint:gosec // it is what names are made with
}

func TestContainerName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 62) + "/b"
	tests := map[string]struct {
		image string
		taken []string
		want  string
	}{
		"all but the tag":           {"ghcr.io/acme/render:v1", nil, "ghcr-io-acme-render"},
		"one word":                  {"render", nil, "render"},
		"a registry with a port":    {"registry:5000/team/app:3", nil, "registry-5000-team-app"},
		"a port and no tag":         {"localhost:5000/x", nil, "localhost-5000-x"},
		"a digest":                  {"acme/x@sha256:aa", nil, "acme-x"},
		"a tag and a digest":        {"acme/x:1@sha256:aa", nil, "acme-x"},
		"underscores":               {"acme/my_image:2", nil, "acme-my-image"},
		"dashes as they are":        {"acme/my--image:2", nil, "acme-my--image"},
		"dots":                      {"acme/v1.2:2", nil, "acme-v1-2"},
		"as long as can be":         {long[:63], nil, strings.Repeat("a", 62)},
		"too long":                  {long, nil, strings.Repeat("a", 55) + "-" + sha1Prefix(strings.Repeat("a", 62)+"-b")},
		"taken":                     {"acme/x", []string{"acme-x"}, "acme-x-2"},
		"taken twice":               {"acme/x", []string{"acme-x-2", "acme-x"}, "acme-x-3"},
		"long and taken":            {long[:62], []string{long[:62]}, strings.Repeat("a", 61) + "-2"},
		"nothing to make a name of": {"__", nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := scaffold.ContainerName(test.image, test.taken); got != test.want {
				t.Errorf("ContainerName(%q) = %q, want %q", test.image, got, test.want)
			}
		})
	}
}

func TestContainerAvoidsKratixNames(t *testing.T) {
	t.Parallel()
	ref, _ := promise.ParseRef("resource/configure/instance")
	c, files, err := scaffold.Container(scaffold.ContainerOptions{Ref: ref, Image: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "reader-2" || !strings.Contains(paths(files), "workflows/resource/configure/instance/reader-2/scripts/pipeline.sh") {
		t.Errorf("container %q in %s", c.Name, paths(files))
	}
}

func TestContainerRefuses(t *testing.T) {
	t.Parallel()
	ref, _ := promise.ParseRef("resource/configure/instance")
	tests := map[string]struct {
		o    scaffold.ContainerOptions
		want string
	}{
		"an image that is none":    {scaffold.ContainerOptions{Image: "A b"}, `--image: "A b" is no valid image`},
		"an unknown language":      {scaffold.ContainerOptions{Image: "a", Language: "Go"}, `--language: "Go" is no language of stages: they are go, bash, python`},
		"a name of Kratix":         {scaffold.ContainerOptions{Image: "a", Name: "reader"}, `--name: Kratix has a container "reader" of its own in each Pod`},
		"a name that is taken":     {scaffold.ContainerOptions{Image: "a", Name: "x", Taken: []string{"x"}}, `--name: the Pipeline resource/configure/instance has a container "x" already`},
		"a name that is no label":  {scaffold.ContainerOptions{Image: "a", Name: "My Step"}, `--name: the container name "My Step" is not valid`},
		"two mistakes, both named": {scaffold.ContainerOptions{Image: "A b", Name: "reader"}, "--name: Kratix has"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.o.Ref = ref
			_, _, err := scaffold.Container(test.o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("exit code %d", diag.ExitCode(err))
			}
		})
	}
}

// TestContainerIsWrittenWithItsPromise does what kratix add container does, in
// both layouts: the edit and the sources in one go.
func TestContainerIsWrittenWithItsPromise(t *testing.T) {
	t.Parallel()
	for _, split := range []bool{false, true} {
		o := postgresql()
		o.Split = split
		dir := t.TempDir()
		write(t, dir, newPromise(t, o))
		for _, image := range []string{"acme/render:v1", "acme/check:v1"} {
			addContainer(t, dir, image)
		}
		p, err := promise.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if found := p.Check(); len(found) > 0 {
			t.Errorf("findings: %v", found)
		}
		pipelines, err := p.Pipelines("resource", "configure")
		if err != nil {
			t.Fatal(err)
		}
		if len(pipelines) != 1 || len(pipelines[0].Spec.Containers) != 2 || pipelines[0].Spec.Containers[1].Name != "acme-check" {
			t.Errorf("Pipelines %+v", pipelines)
		}
	}
}

func addContainer(t *testing.T, dir, image string) {
	t.Helper()
	p, err := promise.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	instance := ref(t, "resource/configure/instance")
	c, files, err := scaffold.Container(scaffold.ContainerOptions{Ref: instance, Image: image})
	if err != nil {
		t.Fatal(err)
	}
	edit, err := p.AddContainer(instance, c)
	if err != nil {
		t.Fatal(err)
	}
	name, err := filepath.Rel(dir, edit.File)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, append(files, scaffold.File{Path: filepath.ToSlash(name), Data: edit.Data, Replace: !edit.Created}))
}
