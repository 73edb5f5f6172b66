// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/snapshot"
)

const live = "../../testdata/live-platform/live.yaml"

func load(t *testing.T, text string) *snapshot.Snapshot {
	t.Helper()
	s, err := snapshot.Load(strings.NewReader(text), "-")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// names lists what a query selects, as namespace/name.
func names(t *testing.T, s *snapshot.Snapshot, r inspect.Resource, q inspect.Query) []string {
	t.Helper()
	found := []string{}
	err := s.Rows(t.Context(), r, q, func(row inspect.Row) error {
		found = append(found, row.Meta.Namespace+"/"+row.Meta.Name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func messages(findings []diag.Finding) []string {
	texts := []string{}
	for _, f := range findings {
		texts = append(texts, f.String())
	}
	return texts
}

const twoWorks = `apiVersion: platform.kratix.io/v1alpha1
kind: Work
metadata: {name: b, namespace: one, labels: {team: x}}
---
apiVersion: platform.kratix.io/v1alpha1
kind: Work
metadata: {name: a, namespace: two, labels: {team: z}}
`

// However kubectl was asked to print, the objects are the same.
func TestFormsOfOneSnapshot(t *testing.T) {
	t.Parallel()
	const b, a = `{"apiVersion":"platform.kratix.io/v1alpha1","kind":"Work","metadata":{"name":"b","namespace":"one"}}`,
		`{"apiVersion":"platform.kratix.io/v1alpha1","kind":"Work","metadata":{"name":"a","namespace":"two"}}`
	for name, text := range map[string]string{
		"YAML documents":        twoWorks,
		"YAML List":             "apiVersion: v1\nkind: List\nitems: [" + a + "," + b + "]\n",
		"JSON List":             `{"apiVersion":"v1","kind":"List","items":[` + a + "," + b + `]}`,
		"typed List":            `{"apiVersion":"platform.kratix.io/v1alpha1","kind":"WorkList","items":[` + a + "," + b + `]}`,
		"JSON one after other":  a + b,
		"JSON line by line":     a + "\n\n" + b + "\n",
		"twice the same":        a + b + a,
		"a byte order mark":     "\ufeff" + a + b,
		"an empty List besides": a + b + `{"apiVersion":"v1","kind":"List","items":[]}`,
		"with Windows lines":    strings.ReplaceAll(twoWorks, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := load(t, text)
			if diff := cmp.Diff([]string{"one/b", "two/a"}, names(t, s, inspect.Works, inspect.Query{})); diff != "" {
				t.Errorf("Works (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{}, messages(s.Findings())); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilesAndDirectories(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"works.yaml":       twoWorks,
		"below/more.json":  `{"apiVersion":"platform.kratix.io/v1alpha1","kind":"Work","metadata":{"name":"c"}}`,
		"below/again.yml":  twoWorks,
		"README.md":        "not read",
		"below/script.txt": "not read",
	} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := snapshot.Load(nil, dir, filepath.Join(dir, "works.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/c", "one/b", "two/a"}, names(t, s, inspect.Works, inspect.Query{})); diff != "" {
		t.Errorf("Works (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{}, messages(s.Findings())); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// What cannot be read is told with its line, and does not spoil the rest.
func TestUnreadablePartsAreFindings(t *testing.T) {
	t.Parallel()
	const good = "apiVersion: platform.kratix.io/v1alpha1\nkind: Work\nmetadata: {name: good, resourceVersion: '7'}\n"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"a document that is no YAML", good + "---\na: 1\nb: [\n---\n# only a comment\n", []string{"<stdin>:6:5: did not find expected node content"}},
		{"a document that is no object", good + "---\njust: text\n", []string{"<stdin>:4: not an object of Kubernetes: kind or apiVersion is missing"}},
		{"an item that is no object", good + "---\napiVersion: v1\nkind: List\nitems:\n- {}\n", []string{"<stdin>:4: items[0]: not an object of Kubernetes: kind or apiVersion is missing"}},
		{"an object without a name", good + "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: x}\n", []string{"<stdin>:4: Pod without a name"}},
		{"labels that are no text", good + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a: 1}}\n", []string{
			"<stdin>:4: metadata.labels: not an object of Kubernetes: a number, where text is expected",
		}},
		{"a group with two slashes", good + "---\napiVersion: a/b/c\nkind: Pod\nmetadata: {name: x}\n", []string{"<stdin>:4: apiVersion: unexpected GroupVersion string: a/b/c"}},
		{"a newer one", good + "---\n" + strings.Replace(good, "'7'", "'12', labels: {new: 'yes'}", 1), []string{"<stdin>:4: Work good differs from what stands in <stdin>:1, and counts instead"}},
		{"an older one", good + "---\n" + strings.Replace(good, "'7'", "'5', labels: {old: 'yes'}", 1), []string{"<stdin>:4: Work good is older than what stands in <stdin>:1, which counts"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := load(t, test.text)
			if diff := cmp.Diff([]string{"/good"}, names(t, s, inspect.Works, inspect.Query{Labels: "!old"})); diff != "" {
				t.Errorf("Works (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, messages(s.Findings())); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCutOffJSON(t *testing.T) {
	t.Parallel()
	s := load(t, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}`+"\n"+`{"apiVersion":"v1",`+"\n"+`"kind":`)
	if diff := cmp.Diff([]string{"<stdin>:3: the file ends in the middle of an object"}, messages(s.Findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingToRead(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nothing": "", "an empty List": `{"apiVersion":"v1","kind":"List","items":[]}`, "no YAML": "a: [", "no object": "a: 1"} {
		_, err := snapshot.Load(strings.NewReader(text), "-")
		if diag.ExitCode(err) != diag.ExitInput || len(err.Error()) == 0 {
			t.Errorf("%s: error %v has exit code %d, want %d", name, err, diag.ExitCode(err), diag.ExitInput)
		}
	}
	if _, err := snapshot.Load(nil, filepath.Join(t.TempDir(), "absent.yaml")); diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("absent file: exit code %d of %v", diag.ExitCode(err), err)
	}
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	s, err := snapshot.Load(nil, live)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		query inspect.Query
		want  []string
	}{
		{inspect.Query{Namespace: "team-b", Labels: api.LabelPromiseName + "=redis"}, []string{"team-b/redis-old-cache-instance-configure-03b0b"}},
		{inspect.Query{Labels: api.LabelWorkType + " in (promise,static-dependency)"}, []string{"kratix-platform-system/base-static-deps-406ad", "kratix-platform-system/kafka-setup-5f974"}},
		{inspect.Query{Labels: "!" + api.LabelPipelineName}, []string{"kratix-platform-system/base-static-deps-406ad"}},
		{inspect.Query{Fields: "metadata.name=kafka-setup-5f974"}, []string{"kratix-platform-system/kafka-setup-5f974"}},
		{inspect.Query{Namespace: "team-a", Fields: "spec.resourceName!=blog"}, []string{"team-a/postgres-billing-db-instance-configure-c87a7"}},
		{inspect.Query{Namespace: "nowhere"}, []string{}},
	} {
		if diff := cmp.Diff(test.want, names(t, s, inspect.Works, test.query)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.query, diff)
		}
	}
	for _, q := range []inspect.Query{{Labels: "a=b=c"}, {Fields: "x"}} {
		if err := s.Rows(t.Context(), inspect.Works, q, func(inspect.Row) error { return nil }); diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("%+v: error %v", q, err)
		}
	}
}

// The columns are those that `kubectl get` shows of the same objects.
func TestColumns(t *testing.T) {
	t.Parallel()
	s, err := snapshot.Load(nil, live)
	if err != nil {
		t.Fatal(err)
	}
	columns := func(r inspect.Resource, name string) map[string]string {
		found := map[string]string{}
		err := s.Rows(t.Context(), r, inspect.Query{Fields: "metadata.name=" + name}, func(row inspect.Row) error {
			found = row.Columns
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	vm := inspect.Resource{Group: "cloud.acme.example", Version: "v1", Plural: "vms", Kind: "Vm", Namespaced: true}
	for _, test := range []struct {
		resource inspect.Resource
		name     string
		want     map[string]string
	}{
		{inspect.Works, "vault-secrets-instance-configure-5c9d5", map[string]string{"STATUS": "Pending"}},
		{inspect.WorkPlacements, "archive-cold-instance-configure-55ebb.archive-5058f", map[string]string{"DESTINATION": "archive", "STATUS": "Failing"}},
		{inspect.Destinations, "vaulted", map[string]string{"StateStoreKind": "BucketStateStore", "StateStoreName": "locked", "Ready": "False"}},
		{inspect.Promises, "webapp", map[string]string{"Status": "Available", "Kind": "WebApp", "API Version": "apps.acme.example/v1", "Version": "v1.3.0", "Message": ""}},
		{inspect.Promises, "base", map[string]string{"Status": "Available", "Kind": "", "API Version": "", "Version": "", "Message": ""}},
		{inspect.Revisions, "webapp-3cdd8", map[string]string{"Promise": "webapp", "Version": "v1.3.0", "Latest": "true"}},
		{inspect.Bindings, "shop-webapp-50232", map[string]string{"Resource": "shop", "Promise": "webapp", "Desired": "latest", "Applied": "v1.3.0"}},
		{inspect.GitStores, "gitops", map[string]string{"URL": "https://localhost:18443/gitops.git", "Branch": "main", "Ready": "True"}},
		{vm, "vm-1", map[string]string{"message": "Pending", "status": "Suspended"}},
	} {
		test.want["Name"] = test.name
		if diff := cmp.Diff(test.want, columns(test.resource, test.name)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", test.resource, test.name, diff)
		}
	}
}

// Without its definition, a kind is known by the Promise that has it, which
// Kratix gives two columns unless it has its own.
func TestColumnsOfPromise(t *testing.T) {
	t.Parallel()
	s := load(t, `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: db}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: dbs.example.com}
    spec:
      group: example.com
      names: {kind: Db, plural: dbs, singular: db}
      scope: Namespaced
      versions:
      - name: v1
        served: true
        storage: true
      - name: v2
        served: true
        additionalPrinterColumns:
        - {name: Size, type: string, jsonPath: .spec.size}
        - {name: Team, type: string, jsonPath: ".metadata.labels['example\\.com/team']"}
---
apiVersion: example.com/v1
kind: Db
metadata: {name: old, namespace: default}
status: {message: up, conditions: [{type: Reconciled, message: Reconciled}]}
---
apiVersion: example.com/v2
kind: Db
metadata: {name: new, namespace: default, labels: {example.com/team: blue}}
spec: {size: 3}
`)
	got := map[string]map[string]string{}
	r := inspect.Resource{Group: "example.com", Version: "v1", Plural: "dbs", Kind: "Db", Namespaced: true}
	if err := s.Rows(t.Context(), r, inspect.Query{}, func(row inspect.Row) error {
		got[row.Meta.Name] = row.Columns
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{
		"old": {"Name": "old", "message": "up", "status": "Reconciled"},
		"new": {"Name": "new", "Size": "3", "Team": "blue"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	s := load(t, twoWorks)
	var w api.Work
	if err := s.Get(t.Context(), inspect.Works, "one", "b", &w); err != nil || w.Labels["team"] != "x" {
		t.Errorf("got %v, %v", w.Labels, err)
	}
	if err := s.Get(t.Context(), inspect.Works, "one", "a", &w); !apierrors.IsNotFound(err) {
		t.Errorf("absent object: %v", err)
	}
	if err := s.Get(t.Context(), inspect.Promises, "", "a", &w); !errors.Is(err, inspect.ErrNoKind) || len(diag.Hints(err)) == 0 {
		t.Errorf("absent kind: %v", err)
	}
	var wrong struct{ Metadata []string }
	if err := s.Get(t.Context(), inspect.Works, "two", "a", &wrong); diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), "<stdin>:4") {
		t.Errorf("what does not fit: %v", err)
	}
}

// All objects of the recorded platform are read, and none twice.
func TestLivePlatform(t *testing.T) {
	t.Parallel()
	s, err := snapshot.Load(nil, live, live)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, r := range []inspect.Resource{
		inspect.Promises, inspect.Works, inspect.WorkPlacements, inspect.Destinations, inspect.Events,
		inspect.GitStores, inspect.BucketStores, inspect.Revisions, inspect.Bindings, inspect.PipelineJobs, inspect.Definitions,
	} {
		if err := s.List(t.Context(), r, inspect.Query{}, func(object []byte) error {
			got[r.Kind]++
			if !json.Valid(object) {
				t.Errorf("no JSON: %s", object)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	want := map[string]int{
		"Promise": 13, "Work": 14, "WorkPlacement": 14, "Destination": 7, "Event": 203, "GitStateStore": 1, "BucketStateStore": 3,
		"PromiseRevision": 13, "ResourceBinding": 15, "Job": 19, "CustomResourceDefinition": 12,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{}, messages(s.Findings())); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// Whatever a file holds, it is read or told, and never a panic.
func FuzzLoad(f *testing.F) {
	f.Add(twoWorks)
	f.Add(`{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod"}]}`)
	f.Add("a: [\n---\nkind: X\napiVersion: a/b/c\nmetadata: {name: x}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := snapshot.Load(strings.NewReader(text), "-")
		if err != nil {
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("error of another class: %v", err)
			}
			return
		}
		for _, r := range []inspect.Resource{inspect.Works, inspect.Promises, inspect.Definitions} {
			err := s.Rows(t.Context(), r, inspect.Query{}, func(row inspect.Row) error {
				if row.Meta.Name == "" {
					t.Error("an object without a name")
				}
				return nil
			})
			if err != nil && !errors.Is(err, inspect.ErrNoKind) {
				t.Error(err)
			}
		}
	})
}
