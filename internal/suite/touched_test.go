// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

const twoWorkflows = `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: app}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: apps.acme.org}
    spec:
      group: acme.org
      names: {kind: App, plural: apps, singular: app}
      scope: Namespaced
      versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
  workflows:
    resource:
      configure:
      - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: instance}, spec: {containers: [{name: render, image: a}, {name: sizing, image: b}]}}
      - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: notify}, spec: {containers: [{name: render, image: c}]}}
      delete:
      - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: cleanup}, spec: {containers: [{name: drop, image: d}]}}
`

const request = "apiVersion: acme.org/v1\nkind: App\nmetadata: {name: a, namespace: b}\n"

// twoWorkflowCases makes a Promise with three cases: small and large run all of
// resource/configure, large only its Pipeline notify, and gone the delete
// workflow.
func twoWorkflowCases(t *testing.T) (*promise.Promise, []*fixture.Case) {
	t.Helper()
	dir := t.TempDir()
	files := []scaffold.File{
		{Path: "promise.yaml", Data: []byte(twoWorkflows)},
		{Path: "tests/resource-configure/small/request.yaml", Data: []byte(request)},
		{Path: "tests/resource-configure/large/request.yaml", Data: []byte(request)},
		{Path: "tests/resource-configure/large/case.yaml", Data: []byte("pipelines: [notify]\nplatform: {destinations: [../../eu]}\nsecrets: [../../ci.env]\n")},
		{Path: "tests/ci.env", Data: []byte("password=hunter22\n")},
		{Path: "tests/eu/one.yaml", Data: []byte("apiVersion: platform.kratix.io/v1alpha1\nkind: Destination\nmetadata: {name: one}\n")},
		{Path: "tests/resource-delete/gone/request.yaml", Data: []byte(request)},
	}
	if err := scaffold.Write(dir, files, scaffold.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	p, err := promise.Load(filepath.Join(dir, "promise.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := fixture.Discover(p.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return p, tests.Cases
}

func shortNames(cases []*fixture.Case) []string {
	names := []string{}
	for _, c := range cases {
		names = append(names, filepath.Base(c.Name))
	}
	return names
}

func TestTouched(t *testing.T) {
	t.Parallel()
	p, cases := twoWorkflowCases(t)
	all, none := []string{"large", "small", "gone"}, []string{}
	for _, test := range []struct {
		name string
		file string
		want []string
	}{
		{"the Promise is everybody's", "promise.yaml", all},
		{"so are the defaults of cases", "tests/suite.yaml", all},
		{"a request is its case's", "tests/resource-configure/small/request.yaml", []string{"small"}},
		{"a golden file too", "tests/resource-configure/small/expected/output/a.yaml", []string{"small"}},
		{"the directory of a case, gone", "tests/resource-configure/small", []string{"small"}},
		{"shared Destinations are of who names no others", "tests/destinations/x.yaml", []string{"small", "gone"}},
		{"a case's own Destinations", "tests/eu/one.yaml", []string{"large"}},
		{"and the Secrets that it names", "tests/ci.env", []string{"large"}},
		{"a note beside the cases", "tests/README.md", none},
		{"sources of a container are of who runs it", "workflows/resource/configure/instance/render/scripts/main.go", []string{"small"}},
		{"a container of the same name in another Pipeline", "workflows/resource/configure/notify/render/main.go", []string{"large", "small"}},
		{"sources of a container that nobody runs", "workflows/resource/configure/instance/old/main.go", none},
		{"what the containers of a Pipeline share", "workflows/resource/configure/instance/shared.sh", []string{"small"}},
		{"what all workflows may share", "workflows/lib/lib.go", all},
		{"a workflow of the split layout", "workflows/resource/delete/workflow.yaml", all},
		{"Go code elsewhere in the Promise's directory", "internal/size/size.go", all},
		{"other files of the Promise's directory", "README.md", none},
		{"a file elsewhere", "../other/promise.yaml", none},
	} {
		got := Touched(p, cases, []string{filepath.Join(p.Dir, test.file)}, false)
		if diff := cmp.Diff(test.want, shortNames(got)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", test.name, test.file, diff)
		}
	}
}

func TestGoldenThatIsWrittenTouchesNothing(t *testing.T) {
	t.Parallel()
	p, cases := twoWorkflowCases(t)
	golden := filepath.Join(p.Dir, "tests/resource-configure/small/expected/output/a.yaml")
	if got := Touched(p, cases, []string{golden}, true); len(got) != 0 {
		t.Errorf("touched %v, want none", shortNames(got))
	}
}

// Whatever the number of shards, each case is in one of them.
func TestShardsAreAPartition(t *testing.T) {
	t.Parallel()
	var cases []*fixture.Case
	for n := range 13 {
		cases = append(cases, &fixture.Case{Name: string(rune('a' + n))})
	}
	for of := 1; of <= len(cases); of++ {
		seen := map[string]int{}
		for number := 1; number <= of; number++ {
			mine, err := Shard{number, of}.Cases(cases)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range mine {
				seen[c.Name]++
			}
		}
		for _, c := range cases {
			if seen[c.Name] != 1 {
				t.Errorf("of %d shards %d have case %s, want 1", of, seen[c.Name], c.Name)
			}
		}
	}
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	p, cases := twoWorkflowCases(t)
	all, err := p.Pipelines("resource", "configure")
	if err != nil {
		t.Fatal(err)
	}
	both := []string{"instance", "notify"}
	for _, test := range []struct {
		name   string
		narrow Narrow
		cases  []string
		want   chain
	}{
		{"nothing left out", Narrow{}, []string{"large", "small", "gone"}, chain{pipelines: both}},
		{"a whole Pipeline", Narrow{Pipeline: "notify"}, []string{"large", "small"}, chain{pipelines: []string{"notify"}}},
		{"a container of several", Narrow{Container: "sizing"}, []string{"small"}, chain{[]string{"instance"}, `only step "sizing" was run`}},
		{"the only container of a Pipeline", Narrow{Pipeline: "notify", Container: "render"}, []string{"large", "small"}, chain{pipelines: []string{"notify"}}},
		{"the last container of a Pipeline", Narrow{Until: "sizing"}, []string{"small"}, chain{pipelines: []string{"instance"}}},
		{"the chain is not longer than needed", Narrow{Until: "render"}, []string{"large", "small"}, chain{both, `step "render" was the last to run`}},
	} {
		selected, err := test.narrow.Cases(p, cases)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.cases, shortNames(selected)); diff != "" {
			t.Errorf("%s: cases (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.want, test.narrow.chain(all, both), cmp.AllowUnexported(chain{})); diff != "" {
			t.Errorf("%s: chain (-want +got):\n%s", test.name, diff)
		}
	}
}
