// SPDX-License-Identifier: Apache-2.0

package platform_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/platform"
)

const git = `apiVersion: platform.kratix.io/v1alpha1
kind: GitStateStore
metadata: {name: git}
spec: {url: "https://example.com/r.git", secretRef: {name: creds}}
`

func destination(name, spec string) string {
	return "apiVersion: platform.kratix.io/v1alpha1\nkind: Destination\nmetadata:\n  name: " + name + "\nspec: " + spec + "\n"
}

// columns finds a line and a column; the tests of mistakes look at the line.
var columns = regexp.MustCompile(`(f\.yaml:\d+)(:\d+)?:`)

const good = `{path: p, stateStoreRef: {kind: GitStateStore, name: git}}`

// write makes files in a directory and gives it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadReadsWhateverHoldsObjects(t *testing.T) {
	t.Parallel()
	list := "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(destination("a", good)), "\n", "\n  ") + "\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n"
	for name, files := range map[string]map[string]string{
		"documents in one file":  {"all.yaml": "# platform\n---\n" + destination("a", good) + "---\n" + git + "---\n"},
		"files and directories":  {"a.yml": destination("a", good), "stores/git.yaml": git},
		"a List among others":    {"list.yaml": list, "git.yaml": git},
		"JSON":                   {"a.json": "{\n\t\"apiVersion\": \"v1\", \"kind\": \"Destination\", \"metadata\": {\"name\": \"a\"}, \"spec\": {\"path\": \"p\", \"stateStoreRef\": {\"kind\": \"GitStateStore\", \"name\": \"git\"}}}", "git.yaml": git},
		"other kinds are no bar": {"all.yaml": destination("a", good) + "---\n" + git + "---\nkind: Promise\nmetadata: {name: 3}\n"},
		"other files neither":    {"a.yaml": destination("a", good), "git.yaml": git, "README.md": "---\n: ["},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := platform.Load(nil, write(t, files))
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Destinations) != 1 || p.Destinations[0].Name != "a" || len(p.GitStores) != 1 || len(p.Warnings) != 0 {
				t.Errorf("got %d Destinations, %d stores, warnings %v", len(p.Destinations), len(p.GitStores), p.Warnings)
			}
		})
	}
}

func TestLoadReadsStdin(t *testing.T) {
	t.Parallel()
	p, err := platform.Load(strings.NewReader(destination("a", good)+"---\n"+git), "-")
	if err != nil || len(p.Destinations) != 1 {
		t.Errorf("got %v, %v", p, err)
	}
	_, err = platform.Load(strings.NewReader("a: [\n"), "-")
	if err == nil || !strings.Contains(err.Error(), "<stdin>:") {
		t.Errorf("got %v", err)
	}
}

func TestWorksAndWorkPlacementsAreSorted(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"all.yaml": `
kind: Work
metadata: {name: b, namespace: z}
---
kind: Work
metadata: {name: a, namespace: z}
---
kind: WorkPlacement
metadata: {name: p, namespace: z, labels: {kratix.io/work: a, kratix.io/workload-group-id: "1"}}
---
kind: WorkPlacement
metadata: {name: p, namespace: b}
`})
	p, err := platform.Load(nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{p.Works[0].Name, p.Works[1].Name, p.WorkPlacements[0].Namespace, p.WorkPlacements[1].Namespace}
	if diff := cmp.Diff([]string{"a", "b", "b", "z"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if n := len(p.Placements(&p.Works[0], "1")); n != 1 {
		t.Errorf("the Work has %d placements of its group", n)
	}
	if n := len(p.Placements(&p.Works[0], "2")) + len(p.PlacementsOf(&p.Works[1])); n != 0 {
		t.Errorf("%d placements belong to nobody", n)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want string // after the directory; several lines
	}{
		"no path":                  {destination("a", "{stateStoreRef: {kind: GitStateStore, name: git}}"), "f.yaml:5: spec.path: Required value"},
		"empty path":               {destination("a", `{path: "", stateStoreRef: {kind: GitStateStore, name: git}}`), "f.yaml:5: spec.path: path field is required"},
		"a path that is null":      {destination("a", `{path: null, stateStoreRef: {kind: GitStateStore, name: git}}`), "f.yaml:5: spec.path: Required value"},
		"an empty mode":            {destination("a", `{path: p, filepath: {mode: ""}, stateStoreRef: {kind: GitStateStore, name: git}}`), `f.yaml:5: spec.filepath.mode: Unsupported value: "": supported values: "nestedByMetadata", "aggregatedYAML", "none"`},
		"no store":                 {destination("a", "{path: p}"), "f.yaml:5: spec.stateStoreRef: stateStoreRef field is required"},
		"half a store":             {destination("a", "{path: p, stateStoreRef: {name: git}}"), "f.yaml:5: spec.stateStoreRef.kind: Required value"},
		"the other half":           {destination("a", "{path: p, stateStoreRef: {kind: GitStateStore}}"), "f.yaml:5: spec.stateStoreRef.name: Required value"},
		"a store without name":     {destination("a", "{path: p, stateStoreRef: {kind: GitStateStore, name: ''}}"), "f.yaml:5: spec.stateStoreRef.name: no state store has an empty name"},
		"no store kind":            {destination("a", "{path: p, stateStoreRef: {kind: '', name: git}}"), `f.yaml:5: spec.stateStoreRef.kind: Unsupported value: "": supported values: "BucketStateStore", "GitStateStore"`},
		"unknown store kind":       {destination("a", "{path: p, stateStoreRef: {kind: Oci, name: git}}"), `f.yaml:5: spec.stateStoreRef.kind: Unsupported value: "Oci": supported values: "BucketStateStore", "GitStateStore"`},
		"unknown mode":             {destination("a", "{path: p, filepath: {mode: flat}, stateStoreRef: {kind: GitStateStore, name: git}}"), `f.yaml:5: spec.filepath.mode: Unsupported value: "flat": supported values: "nestedByMetadata", "aggregatedYAML", "none"`},
		"unknown cleanup":          {destination("a", "{path: p, cleanup: some, stateStoreRef: {kind: GitStateStore, name: git}}"), `f.yaml:5: spec.cleanup: Unsupported value: "some": supported values: "none", "all"`},
		"a label that is none":     {"kind: Destination\nmetadata:\n  name: a\n  labels:\n    env: not valid\nspec: " + good, `f.yaml:5: metadata.labels.env: value "not valid": a valid label must be`},
		"a label that is a number": {"kind: Destination\nmetadata:\n  name: a\n  labels:\n    v: 3\nspec: " + good, "f.yaml:4: metadata.labels: number where a string is expected"},
		"a path that is a list":    {destination("a", "{path: [p]}"), "f.yaml:5: spec.path: array where a string is expected"},
		"two of one name":          {destination("a", good) + "---\n" + destination("a", strings.Replace(good, "p,", "q,", 1)), `f.yaml:10: metadata.name: Destination "a" is given twice, first in DIR/f.yaml:4:3`},
		"two of one path":          {destination("a", good) + "---\n" + destination("b", good), "f.yaml:11: spec.path: destination path 'p' already exists for state store 'git'"},
		"no name":                  {"kind: Destination\nmetadata: {}\nspec: " + good, "f.yaml:2: metadata.name: the name is missing"},
		"no YAML":                  {destination("a", good) + "---\na: [\n", "f.yaml:7: did not find expected node content"},
		"no object":                {destination("a", good) + "---\na: b\n", "f.yaml:6: not a Kubernetes object: kind is missing"},
		"everything at once":       {destination("a", "{path: p}") + "---\n" + destination("b", "{}"), "f.yaml:5: spec.stateStoreRef: stateStoreRef field is required\nf.yaml:11: spec.path: Required value\nf.yaml:11: spec.stateStoreRef: stateStoreRef field is required"},
		"in an item of a List":     {"kind: List\nitems:\n- kind: ConfigMap\n- kind: Destination\n  metadata: {name: a}\n  spec:\n    cleanup: some\n    path: p\n    stateStoreRef: {kind: GitStateStore, name: git}\n", `f.yaml:7: spec.cleanup: Unsupported value: "some": supported values: "none", "all"`},
		"unknown way to sign in":   {strings.Replace(git, "url:", "authMethod: token, url:", 1), `f.yaml:4: spec.authMethod: Unsupported value: "token": supported values: "basicAuth", "ssh", "githubApp"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, map[string]string{"f.yaml": tt.text})
			_, err := platform.Load(nil, dir)
			if diag.ExitCode(err) != diag.ExitInput {
				t.Fatalf("got %v", err)
			}
			got := strings.ReplaceAll(err.Error(), dir, "DIR")
			for want := range strings.SplitSeq(tt.want, "\n") {
				if !strings.Contains(columns.ReplaceAllString(got, "$1:"), columns.ReplaceAllString(want, "$1:")) {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
			if !strings.HasPrefix(got, "loading platform: ") && !strings.HasPrefix(got, "loading platform:\n") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	_, err := platform.Load(nil, filepath.Join(t.TempDir(), "none"))
	if diag.ExitCode(err) != diag.ExitInput || !strings.HasSuffix(err.Error(), "none: no such file or directory") {
		t.Errorf("got %v", err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"a store that is missing":   {destination("a", good), `f.yaml:5:17: spec.stateStoreRef: referenced GitStateStore "git" does not exist`},
		"a store that nobody uses":  {git, `f.yaml:3:12: metadata.name: no Destination uses the state store GitStateStore "git"`},
		"a misspelt field":          {git + "---\n" + destination("a", "{pth: x, path: p, stateStoreRef: {kind: GitStateStore, name: git}}"), `f.yaml:10:8: spec.pth: unknown field "spec.pth": Kratix drops it`},
		"a repository without TLS":  {strings.Replace(git, "https:", "http:", 1) + "---\n" + destination("a", good), "f.yaml:4:8: spec.url: Kratix refuses a URL without TLS: invalid URL for HTTPS auth method: http://example.com/r.git"},
		"a repository, no Secret":   {strings.Replace(git, "secretRef: {name: creds}", "", 1) + "---\n" + destination("a", good), "f.yaml:4:1: spec.secretRef: Kratix cannot reach a GitStateStore without a Secret"},
		"a bucket without a Secret": {"kind: BucketStateStore\nmetadata: {name: b}\nspec: {}\n---\n" + destination("a", "{path: p, stateStoreRef: {kind: BucketStateStore, name: b}}"), "f.yaml:3:1: spec.secretRef: Kratix refuses this: spec.secretRef must be set when using authentication method accessKey"},
		"a bucket, half a Secret":   {"kind: BucketStateStore\nmetadata: {name: b}\nspec: {secretRef: {name: s}}\n---\n" + destination("a", "{path: p, stateStoreRef: {kind: BucketStateStore, name: b}}"), "f.yaml:3:8: spec.secretRef: Kratix refuses this: spec.secretRef must contain secret namespace"},
		"a bucket, a nameless one":  {"kind: BucketStateStore\nmetadata: {name: b}\nspec: {secretRef: {namespace: s}}\n---\n" + destination("a", "{path: p, stateStoreRef: {kind: BucketStateStore, name: b}}"), "f.yaml:3:8: spec.secretRef: Kratix refuses this: spec.secretRef must contain secret name"},
		"two names of one place":    {strings.Replace(git, "name: git}", "name: git2}", 1) + "---\n" + git + "---\n" + destination("a", good) + "---\n" + destination("b", strings.Replace(good, "name: git", "name: git2", 1)), `f.yaml:9:1: spec: GitStateStore "git" writes to the same place as GitStateStore "git2"`},
		"a bucket with a slash":     {"kind: BucketStateStore\nmetadata: {name: b}\nspec: {authMethod: IAM, path: /x}\n---\n" + destination("a", "{path: p, stateStoreRef: {kind: BucketStateStore, name: b}}"), "f.yaml:3:25: spec.path: all keys in the bucket start with a slash"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, map[string]string{"f.yaml": tt.text})
			p, err := platform.Load(nil, dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range p.Warnings {
				got = append(got, strings.TrimPrefix(w.String(), dir+"/"))
			}
			if diff := cmp.Diff([]string{tt.want}, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p, err := platform.Load(strings.NewReader(destination("a", "{path: p, filepath: {mode: aggregatedYAML}, stateStoreRef: {kind: GitStateStore, name: git}}")+"---\n"+git), "-")
	if err != nil {
		t.Fatal(err)
	}
	wantDestination := api.DestinationSpec{
		Path: "p", StateStoreRef: &api.StateStoreRef{Kind: "GitStateStore", Name: "git"},
		Filepath: api.Filepath{Mode: "aggregatedYAML", Filename: "aggregated.yaml"},
		Cleanup:  "none", InitWorkloads: &api.InitWorkloads{Enabled: new(true)},
	}
	if diff := cmp.Diff(wantDestination, p.Destinations[0].Spec); diff != "" {
		t.Errorf("Destination (-want +got):\n%s", diff)
	}
	wantStore := api.GitStateStoreSpec{
		URL: "https://example.com/r.git", Branch: "main", AuthMethod: "basicAuth",
		GitAuthor: api.GitAuthor{Name: "kratix"}, SecretRef: &api.SecretRef{Name: "creds", Namespace: "default"},
	}
	if diff := cmp.Diff(wantStore, p.GitStores[0].Spec); diff != "" {
		t.Errorf("store (-want +got):\n%s", diff)
	}
}

func FuzzLoadNeverPanics(f *testing.F) {
	f.Add(destination("a", good) + "---\n" + git)
	f.Add("kind: List\nitems:\n- 1\n")
	f.Add("--- {kind: Destination}\n")
	f.Add("kind: Destination\nspec: {path: [}\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := platform.Load(strings.NewReader(text), "-")
		if err != nil && diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("exit code %d: %v", diag.ExitCode(err), err)
		}
	})
}
