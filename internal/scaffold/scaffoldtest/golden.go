// SPDX-License-Identifier: Apache-2.0

// Package scaffoldtest holds what every translator has to do.
//
// What a translator makes is a Promise that Kratix accepts, in both layouts, and
// a request that its API admits ([Works]), also on a real API server
// ([Installs]). What exactly it makes of an input is kept in a tree of files
// ([Golden]).
package scaffoldtest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

// Golden compares files with a tree. UPDATE_GOLDEN=1 writes the tree. Names end
// in .golden, so that no tool takes the files for sources.
func Golden(t *testing.T, tree string, files []scaffold.File) {
	t.Helper()
	got := map[string]string{}
	var golden []scaffold.File
	for _, f := range files {
		got[f.Path+".golden"] = string(f.Data)
		golden = append(golden, scaffold.File{Path: f.Path + ".golden", Data: f.Data})
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.RemoveAll(tree); err != nil {
			t.Fatal(err)
		}
		write(t, tree, golden)
	}
	if diff := cmp.Diff(readTree(t, tree), got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// Listed gives findings one on a line, as they are kept in a tree. Files are named
// as seen from testdata.
func Listed(findings []diag.Finding) []byte {
	var text []byte
	for _, f := range findings {
		f.File = strings.TrimPrefix(f.File, "testdata"+string(filepath.Separator))
		text = append(text, string(f.Severity)+": "+f.String()+"\n"...)
	}
	return text
}

// SameJSON compares the values in schemas as they are written.
func SameJSON() cmp.Option {
	return cmp.Comparer(func(a, b apiextensionsv1.JSON) bool { return string(a.Raw) == string(b.Raw) })
}

// Schema wants a schema to be what want says, as JSON.
func Schema(t *testing.T, want string, got apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	var schema apiextensionsv1.JSONSchemaProps
	if err := yaml.UnmarshalStrict([]byte(want), &schema); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(schema, got, SameJSON()); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

// Told wants the text of findings to have a part, or to be empty as that is.
func Told(t *testing.T, part, told string) {
	t.Helper()
	if (part == "") != (told == "") || !strings.Contains(told, part) {
		t.Errorf("told %q, want %q", told, part)
	}
}

// Works writes the files, and loads the Promise and its example as every command
// does. Neither may leave anything to say.
func Works(t *testing.T, files []scaffold.File) *promise.Promise {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	p, err := promise.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Check() {
		t.Errorf("the Promise: %v", f)
	}
	r, err := promise.LoadRequest(filepath.Join(dir, "example-resource.yaml"), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		t.Errorf("the example: %v", f)
	}
	return p
}

// A Server is an API server with Kratix' CRDs.
type Server interface {
	Create(ctx context.Context, objects ...*unstructured.Unstructured) error
}

// Installs does on a server what happens on a platform: the Promise is created,
// then its API, then the example request.
func Installs(t *testing.T, server Server, files []scaffold.File) {
	t.Helper()
	p := Works(t, files).Object()
	definition, _, err := unstructured.NestedMap(p, "spec", "api")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f scaffold.File) bool { return f.Path == "example-resource.yaml" })
	request := map[string]any{}
	if err := yaml.Unmarshal(files[i].Data, &request); err != nil {
		t.Fatal(err)
	}
	for _, object := range []map[string]any{p, definition, request} {
		if err := server.Create(t.Context(), &unstructured.Unstructured{Object: object}); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, dir string, files []scaffold.File) {
	t.Helper()
	if err := scaffold.Write(dir, files, scaffold.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		tree[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}
