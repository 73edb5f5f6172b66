// SPDX-License-Identifier: Apache-2.0

package scaffold_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

func postgresql() scaffold.PromiseOptions {
	return scaffold.PromiseOptions{Name: "postgresql", Group: "acme.org", Kind: "Database"}
}

func newPromise(t *testing.T, o scaffold.PromiseOptions) []scaffold.File {
	t.Helper()
	files, err := scaffold.Promise(o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestPromiseFiles(t *testing.T) {
	t.Parallel()
	split := postgresql()
	split.Split, split.Version, split.Plural, split.Dir = true, "v1beta1", "dbs", "my promise"
	tests := map[string]scaffold.PromiseOptions{"promise-flat": postgresql(), "promise-split": split}
	for tree, o := range tests {
		t.Run(tree, func(t *testing.T) {
			t.Parallel()
			checkGolden(t, tree, newPromise(t, o))
		})
	}
}

// TestPromiseIsThatOfTheUpstreamCLI compares the value, comments aside.
func TestPromiseIsThatOfTheUpstreamCLI(t *testing.T) {
	t.Parallel()
	want := map[string]any{
		"apiVersion": "platform.kratix.io/v1alpha1",
		"kind":       "Promise",
		"metadata": map[string]any{
			"name": "postgresql", "labels": map[string]any{"kratix.io/promise-version": "v0.0.1"},
		},
		"spec": map[string]any{
			"api": map[string]any{
				"apiVersion": "apiextensions.k8s.io/v1",
				"kind":       "CustomResourceDefinition",
				"metadata":   map[string]any{"name": "databases.acme.org"},
				"spec": map[string]any{
					"group": "acme.org",
					"names": map[string]any{"kind": "Database", "plural": "databases", "singular": "database"},
					"scope": "Namespaced",
					"versions": []any{map[string]any{
						"name": "v1alpha1", "served": true, "storage": true,
						"schema": map[string]any{"openAPIV3Schema": map[string]any{
							"type":       "object",
							"properties": map[string]any{"spec": map[string]any{"type": "object", "default": map[string]any{}}},
						}},
					}},
				},
			},
			"workflows": map[string]any{
				"promise":  map[string]any{"configure": []any{}},
				"resource": map[string]any{"configure": []any{}},
			},
		},
	}
	var got map[string]any
	if err := yaml.Unmarshal(newPromise(t, postgresql())[0].Data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("promise.yaml (-want +got):\n%s", diff)
	}
}

// TestPromiseWorks loads what is generated, also for names that YAML would
// take for something else, and in both layouts.
func TestPromiseWorks(t *testing.T) {
	t.Parallel()
	tests := map[string]scaffold.PromiseOptions{
		"plain":                     postgresql(),
		"names like booleans":       {Name: "on", Group: "no.yes", Kind: "No", Plural: "y"},
		"names like numbers":        {Name: "1e3", Group: "1.2", Kind: "Null"},
		"another version":           {Name: "a", Group: "acme.org", Kind: "A", Version: "v2"},
		"a name of full length":     {Name: strings.Repeat("a", 63), Group: "acme.org", Kind: "A"},
		"a name with dots and dash": {Name: "a.b-c", Group: "acme.org", Kind: "A"},
	}
	for name, o := range tests {
		for _, split := range []bool{false, true} {
			o.Split = split
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				write(t, dir, newPromise(t, o))
				p, err := promise.Load(dir)
				if err != nil {
					t.Fatal(err)
				}
				if found := p.Check(); len(found) > 0 {
					t.Errorf("findings: %v", found)
				}
				if p.Name != o.Name {
					t.Errorf("name %q, want %q", p.Name, o.Name)
				}
				r, err := promise.LoadRequest(filepath.Join(dir, "example-resource.yaml"), p)
				if err != nil {
					t.Fatal(err)
				}
				if r.Object["kind"] != o.Kind || r.Namespace != "default" {
					t.Errorf("request %v", r.Object)
				}
			})
		}
	}
}

func TestPromiseRefusesAllBadNamesAtOnce(t *testing.T) {
	t.Parallel()
	_, err := scaffold.Promise(scaffold.PromiseOptions{
		Name: "My Promise", Group: "acme", Kind: "my kind", Version: "1.0", Plural: "No!",
	})
	if diag.ExitCode(err) != diag.ExitInput {
		t.Fatalf("exit code %d for %v", diag.ExitCode(err), err)
	}
	var flags []string
	for _, f := range diag.Findings(err) {
		flags = append(flags, f.Field)
	}
	if diff := cmp.Diff([]string{"NAME", "--group", "--kind", "--version", "--plural"}, flags); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	want := []string{"use my-promise", "--group acme.org", "--kind MyKind", "--version v1alpha1", "--plural mykinds"}
	if diff := cmp.Diff(want, diag.Hints(err)); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
}

func TestPromiseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change      func(*scaffold.PromiseOptions)
		field, hint string
	}{
		"no name":                   {func(o *scaffold.PromiseOptions) { o.Name = "" }, "NAME", "for example postgresql"},
		"a name of 64 characters":   {func(o *scaffold.PromiseOptions) { o.Name = strings.Repeat("a", 64) }, "NAME", "use a shorter name"},
		"no group":                  {func(o *scaffold.PromiseOptions) { o.Group = "" }, "--group", "--group acme.org"},
		"a group with a space":      {func(o *scaffold.PromiseOptions) { o.Group = "bad group" }, "--group", "--group acme.org"},
		"a name beyond ASCII":       {func(o *scaffold.PromiseOptions) { o.Name = "größe" }, "NAME", "for example my-name"},
		"a kind beyond ASCII":       {func(o *scaffold.PromiseOptions) { o.Kind = "größe" }, "--kind", "--kind Database"},
		"no kind":                   {func(o *scaffold.PromiseOptions) { o.Kind = "" }, "--kind", "--kind Database"},
		"a kind with a space":       {func(o *scaffold.PromiseOptions) { o.Kind = "my database" }, "--kind", "--kind MyDatabase"},
		"a kind with a digit first": {func(o *scaffold.PromiseOptions) { o.Kind = "3Scale" }, "--kind", "--kind Scale"},
		"a plural with a dot":       {func(o *scaffold.PromiseOptions) { o.Plural = "a.b" }, "--plural", "--plural databases"},
		"a version with a dot":      {func(o *scaffold.PromiseOptions) { o.Version = "v1.0" }, "--version", "--version v1alpha1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := postgresql()
			test.change(&o)
			_, err := scaffold.Promise(o)
			found := diag.Findings(err)
			if len(found) != 1 || found[0].Field != test.field || found[0].Hint != test.hint {
				t.Errorf("findings %+v, want one of %s with hint %q", found, test.field, test.hint)
			}
		})
	}
}

func TestReadmeTellsTheCommand(t *testing.T) {
	t.Parallel()
	o := postgresql()
	o.Version, o.Dir, o.Split = "v1", "it's here", true
	files := newPromise(t, o)
	i := slices.IndexFunc(files, func(f scaffold.File) bool { return f.Path == "README.md" })
	want := `kratix init promise postgresql --group acme.org --kind Database --version v1 --dir 'it'\''s here' --split`
	if !strings.Contains(string(files[i].Data), "    "+want+"\n") {
		t.Errorf("README.md does not hold\n%s\nbut is\n%s", want, files[i].Data)
	}
}

func TestPluralIsNoted(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"Policy": "--plural policies for another", "Address": "--plural addresses for another", "Box": "--plural boxes for another",
		"Database": "", "Key": "", "Y": "",
	} {
		hints := []string{""}
		for _, f := range (scaffold.PromiseOptions{Kind: kind}).Notes() {
			hints = append(hints, f.Hint)
		}
		if got := hints[len(hints)-1]; got != want {
			t.Errorf("%s: hint %q, want %q", kind, got, want)
		}
		if found := (scaffold.PromiseOptions{Kind: kind, Plural: "others"}).Notes(); len(found) > 0 {
			t.Errorf("%s with a plural: %v", kind, found)
		}
	}
}
