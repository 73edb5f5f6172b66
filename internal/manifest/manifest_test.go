// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func names(s *manifest.Set) []string {
	var all []string
	for _, o := range s.Objects {
		all = append(all, o.String())
	}
	return all
}

func TestReadKeepsTheOrderOfPathsFilesAndDocuments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"d/b.yml":      "kind: B\napiVersion: v1\nmetadata: {name: b}\n---\n# nothing\n---\nkind: C\napiVersion: v1\nmetadata: {generateName: c-}\n",
		"d/a/z.yaml":   "kind: A\napiVersion: v1\nmetadata: {name: a, namespace: ns}\n",
		"d/notes.txt":  ": no YAML",
		"d/empty/.git": "",
		"e.anything":   `{"kind": "List", "apiVersion": "v1", "items": [{"kind": "E", "apiVersion": "v1", "metadata": {"name": "e"}}]}`,
	})
	stdin := strings.NewReader("kind: S\napiVersion: v1\nmetadata: {name: s}\n")
	s, err := manifest.Read([]string{filepath.Join(dir, "e.anything"), "-", filepath.Join(dir, "d")}, stdin)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"E e", "S s", "A ns/a", "B b", "C c-"}, names(s)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	var files []string
	for _, f := range s.Files {
		files = append(files, f.Path)
	}
	if diff := cmp.Diff([]string{"e.anything", "dependencies.yaml", "a/z.yaml", "b.yml", "empty/.git", "notes.txt"}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	var out bytes.Buffer
	if err := yamldoc.Render(&out, s.Objects[2].Value); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("kind: A\napiVersion: v1\nmetadata:\n  name: a\n  namespace: ns\n", out.String()); diff != "" {
		t.Errorf("keys in the order of the file (-want +got):\n%s", diff)
	}
}

func TestReadTellsAllThatIsNoObject(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"a.yaml": "text\n---\nkind: A\nmetadata: {name: a}\n",
		"b.yaml": "a: [\n",
		"c.yaml": "apiVersion: v1\nkind: List\nitems: [{kind: C, apiVersion: v1}, 3]\n",
	})
	_, err := manifest.Read([]string{dir}, nil)
	got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
	want := `reading dependencies:
a.yaml:1:1: this is no object: it has no apiVersion and no kind
a.yaml:3:1: the object has no apiVersion
b.yaml:1:5: did not find expected node content
c.yaml:3:9: the C has no metadata.name
c.yaml:3:36: this is no object: it has no apiVersion and no kind`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("exit code %d", diag.ExitCode(err))
	}
}

func TestDefaultNamespace(t *testing.T) {
	t.Parallel()
	const text = `
{apiVersion: v1, kind: Secret, metadata: {labels: {a: b}, name: plain}}
---
{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: mine}}
---
{apiVersion: v1, kind: Secret, metadata: {name: empty, namespace: ""}}
---
{apiVersion: v1, kind: Node, metadata: {name: a}}
---
{apiVersion: acme.org/v1, kind: Secret, metadata: {name: unknown}}
---
{apiVersion: acme.org/v1, kind: Wide, metadata: {name: a}}
---
{apiVersion: acme.org/v2, kind: Narrow, metadata: {name: a}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {group: acme.org, scope: Cluster, names: {kind: Wide}}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: b}, spec: {group: acme.org, scope: Namespaced, names: {kind: Narrow}}}
`
	s, err := manifest.Parse("input", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	notes := s.DefaultNamespace("team")
	want := []string{
		"Secret team/plain", "Secret mine/a", "Secret team/empty", "Node a", "Secret unknown", "Wide a", "Narrow team/a",
		"CustomResourceDefinition a", "CustomResourceDefinition b",
	}
	if diff := cmp.Diff(want, names(s)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if len(notes) != 1 || !strings.Contains(notes[0].Message, "Secret unknown has no namespace") {
		t.Errorf("notes %v", notes)
	}
}

func TestDecodeTellsWhatATypeHasNot(t *testing.T) {
	t.Parallel()
	const text = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: A
  metadata: {name: a}
  spec:
    size: 3
    rest: [{a: 1}]
`
	s, err := manifest.Parse("input", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Size int `json:"size"`
		Rest []struct {
			B int `json:"b"`
		} `json:"rest"`
	}
	findings, err := s.Objects[0].Decode("spec", &spec)
	if err != nil || spec.Size != 3 {
		t.Fatalf("spec %v, error %v", spec, err)
	}
	if len(findings) != 1 || findings[0].String() != "input:9:13: spec.rest[0].a: there is no such field: it is left out" {
		t.Errorf("findings %v", findings)
	}
	var size string
	_, err = s.Objects[0].Decode("spec.size", &size)
	if err == nil || !strings.HasPrefix(err.Error(), "input:8:5: A a: ") || diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff("input:4:3", s.Objects[0].Position("spec.none.at.all").String()); diff != "" {
		t.Errorf("position of what is not there (-want +got):\n%s", diff)
	}
}

func TestResourceScope(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		group, resource string
		want            manifest.Scope
	}{
		{"", "secrets", manifest.Namespaced},
		{"", "endpoints", manifest.Namespaced},
		{"", "nodes", manifest.Cluster},
		{"networking.k8s.io", "ingresses", manifest.Namespaced},
		{"networking.k8s.io", "networkpolicies", manifest.Namespaced},
		{"networking.k8s.io", "ingressclasses", manifest.Cluster},
		{"scheduling.k8s.io", "priorityclasses", manifest.Cluster},
		{"platform.kratix.io", "promises", manifest.Cluster},
		{"platform.kratix.io", "works", manifest.Namespaced},
		{"apps", "nodes", ""},
		{"acme.org", "databases", ""},
		{"", "*", ""},
	} {
		if got := manifest.ResourceScope(test.group, test.resource); got != test.want {
			t.Errorf("%s.%s is %q, want %q", test.resource, test.group, got, test.want)
		}
	}
}
