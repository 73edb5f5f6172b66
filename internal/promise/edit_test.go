// SPDX-License-Identifier: Apache-2.0

package promise_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

func refTo(tb testing.TB, text string) promise.WorkflowRef {
	tb.Helper()
	ref, err := promise.ParseRef(text)
	if err != nil {
		tb.Fatal(err)
	}
	return ref
}

func render() api.Container {
	return api.Container{Name: "render-v2", Image: "ghcr.io/acme/render:v2"}
}

func TestAddContainer(t *testing.T) {
	t.Parallel()
	base := head + "spec:\n  api:\n" + indented(4, definition)
	pipeline := `- apiVersion: platform.kratix.io/v1alpha1
  kind: Pipeline
  metadata:
    name: instance
  spec:
    containers:
    - name: render-v2
      image: ghcr.io/acme/render:v2
`
	tests := map[string]struct{ text, want string }{
		"to a Pipeline": {
			base + "  workflows:\n    resource:\n      configure:\n" + indented(6, strings.ReplaceAll(pipeline, "render-v2", "a")) + "      # more\n    # last\n",
			base + "  workflows:\n    resource:\n      configure:\n" + indented(6, strings.ReplaceAll(pipeline, "render-v2", "a")) + "          - name: render-v2\n            image: ghcr.io/acme/render:v2\n      # more\n    # last\n",
		},
		"to an empty list": {
			base + "  workflows:\n    resource:\n      configure: [] # none\n      delete: []\n",
			base + "  workflows:\n    resource:\n      configure: # none\n" + indented(6, pipeline) + "      delete: []\n",
		},
		"to a workflow that is missing": {
			base + "  workflows:\n    resource:\n      delete: []\n",
			base + "  workflows:\n    resource:\n      delete: []\n      configure:\n" + indented(6, pipeline),
		},
		"where no workflow is": {
			base + "# the end\n",
			base + "  workflows:\n    resource:\n      configure:\n" + indented(6, pipeline) + "# the end\n",
		},
		"to workflows: {}": {
			base + "  workflows: {}\n",
			base + "  workflows:\n    resource:\n      configure:\n" + indented(6, pipeline),
		},
		"to a key without value": {
			base + "  workflows:\n    resource:\n    promise: {}\n",
			base + "  workflows:\n    resource:\n      configure:\n" + indented(6, pipeline) + "    promise: {}\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			edit, err := load(t, test.text).AddContainer(refTo(t, "resource/configure/instance"), render())
			if err != nil {
				t.Fatalf("%v\nhints: %q", err, diag.Hints(err))
			}
			if filepath.Base(edit.File) != "promise.yaml" || edit.Created {
				t.Errorf("edit of %s, created %v", edit.File, edit.Created)
			}
			if diff := cmp.Diff(strings.ReplaceAll(test.want, "          - name: render-v2\n            image", "          - name: render-v2\n            image"), string(edit.Data)); diff != "" {
				t.Errorf("promise.yaml (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAddContainerToRealPromises adds to every workflow of every Promise, and
// reads the result back.
func TestAddContainerToRealPromises(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/promises/*.yaml")
	for _, file := range files {
		for _, workflow := range []string{
			"resource/configure/checks", "resource/configure/render", "resource/configure/instance", "resource/configure/new",
			"promise/configure/new", "promise/delete/new", "resource/delete/cleanup",
		} {
			t.Run(filepath.Base(file)+" "+workflow, func(t *testing.T) {
				t.Parallel()
				addTo(t, readFile(t, file), refTo(t, workflow))
			})
		}
	}
}

// addTo adds a container and checks that nothing else has changed.
func addTo(t *testing.T, before []byte, ref promise.WorkflowRef) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "promise.yaml")
	writeFile(t, file, string(before))
	p, err := promise.Load(file)
	if err != nil {
		t.Skip(err)
	}
	edit, err := p.AddContainer(ref, render())
	if err != nil {
		if diag.ExitCode(err) != diag.ExitInput {
			t.Fatalf("error of class %d: %v", diag.ExitCode(err), err)
		}
		return
	}
	kept(t, before, edit.Data)
	after := filepath.Join(dir, "after.yaml")
	if err := os.WriteFile(after, edit.Data, 0o644); err != nil {
		t.Fatal(err)
	}
	edited, err := promise.Load(after)
	if err != nil {
		t.Fatalf("%v\n%s", err, edit.Data)
	}
	pipelines, err := edited.Pipelines(ref.Type, ref.Action)
	if err != nil {
		return // there was something else wrong before
	}
	for _, pipeline := range pipelines {
		if pipeline.Name != ref.Pipeline {
			continue
		}
		last := pipeline.Spec.Containers[len(pipeline.Spec.Containers)-1]
		if diff := cmp.Diff(render(), last); diff != "" {
			t.Errorf("container (-want +got):\n%s", diff)
		}
		return
	}
	t.Errorf("no Pipeline %s in\n%s", ref, edit.Data)
}

// kept checks that all lines of a file are still there, but for one that may
// have been extended.
func kept(t *testing.T, before, after []byte) {
	t.Helper()
	old, lines := bytes.SplitAfter(before, []byte("\n")), bytes.SplitAfter(after, []byte("\n"))
	for len(old) > 0 && len(lines) > 0 && bytes.Equal(old[0], lines[0]) {
		old, lines = old[1:], lines[1:]
	}
	for len(old) > 0 && len(lines) > 0 && bytes.Equal(old[len(old)-1], lines[len(lines)-1]) {
		old, lines = old[:len(old)-1], lines[:len(lines)-1]
	}
	changed := 0
	for _, line := range old {
		if strings.Trim(string(line), "[]{} \t\r\n") != "" {
			changed++
		}
	}
	if changed > 1 {
		t.Errorf("changed lines:\n%s", bytes.Join(old, nil))
	}
}

func TestAddContainerRefusesAName(t *testing.T) {
	t.Parallel()
	p := load(t, container(""))
	_, err := p.AddContainer(refTo(t, "resource/configure/instance"), api.Container{Name: "a", Image: "b"})
	if err == nil || !strings.Contains(err.Error(), `promise.yaml:35:13: the Pipeline resource/configure/instance has a container "a" already`) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"choose another name with --name"}, diag.Hints(err)); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
}

func TestAddContainerRefusesAnIDThatIsTooLong(t *testing.T) {
	t.Parallel()
	p := load(t, container(""))
	_, err := p.AddContainer(refTo(t, "resource/configure/"+strings.Repeat("a", 36)), render())
	if err == nil || !strings.Contains(err.Error(), "is 2 characters too long") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"use at most 34 characters, or shorten the name of the Promise"}, diag.Hints(err)); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
	if _, err := p.AddContainer(refTo(t, "resource/configure/"+strings.Repeat("a", 34)), render()); err != nil {
		t.Error(err)
	}
}

func TestAddContainerInTheSplitLayout(t *testing.T) {
	t.Parallel()
	dir := splitPromise(t)
	p, err := promise.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "workflows/resource/configure/workflow.yaml")
	edit, err := p.AddContainer(refTo(t, "resource/configure/instance"), render())
	if err != nil {
		t.Fatal(err)
	}
	want := promise.Edit{File: file, Before: readFile(t, file), Data: append(readFile(t, file), "    - name: render-v2\n      image: ghcr.io/acme/render:v2\n"...)}
	if diff := cmp.Diff(want, edit); diff != "" {
		t.Errorf("edit (-want +got):\n%s", diff)
	}
	edit, err = p.AddContainer(refTo(t, "promise/configure/deps"), render())
	if err != nil {
		t.Fatal(err)
	}
	want = promise.Edit{
		File:    filepath.Join(dir, "workflows/promise/configure/workflow.yaml"),
		Created: true,
		Data: []byte(`- apiVersion: platform.kratix.io/v1alpha1
  kind: Pipeline
  metadata:
    name: deps
  spec:
    containers:
    - name: render-v2
      image: ghcr.io/acme/render:v2
`),
	}
	if diff := cmp.Diff(want, edit); diff != "" {
		t.Errorf("edit (-want +got):\n%s", diff)
	}
}

func TestAddContainerToAnEmptyWorkflowFile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# none yet\n", "[]\n"} {
		dir := splitPromise(t)
		file := filepath.Join(dir, "workflows/promise/configure/workflow.yaml")
		writeFile(t, file, text)
		p, err := promise.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		edit, err := p.AddContainer(refTo(t, "promise/configure/deps"), render())
		if err != nil {
			t.Fatal(err)
		}
		if edit.File != file || edit.Created || !strings.HasPrefix(string(edit.Data), strings.TrimPrefix(text, "[]\n")+"- apiVersion") {
			t.Errorf("edit %s %v:\n%s", edit.File, edit.Created, edit.Data)
		}
	}
}

func FuzzAddContainer(f *testing.F) {
	files, _ := filepath.Glob("testdata/promises/*.yaml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "render")
		f.Add(data, "instance")
	}
	f.Add([]byte(head+"spec:\n  workflows:\n    resource: {configure: [], delete: [ ]} # c\n"), "instance")
	f.Add([]byte(head+"spec: {}"), "instance")
	f.Fuzz(func(t *testing.T, text []byte, pipeline string) {
		ref, err := promise.ParseRef("resource/configure/" + pipeline)
		if err != nil {
			t.Skip()
		}
		addTo(t, text, ref)
	})
}
