// Package examples_test holds the examples to what the program demands of any
// Promise. That their cases pass is the business of `make demo`.
package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/promise"
)

const postgres = "postgres"

func load(t *testing.T) *promise.Promise {
	t.Helper()
	p, err := promise.Load(postgres)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKratixTakesThePromiseWithoutAWord(t *testing.T) {
	t.Parallel()
	for _, f := range load(t).Check() {
		t.Error(f)
	}
}

func TestEveryRequestIsAdmitted(t *testing.T) {
	t.Parallel()
	p := load(t)
	requests, err := filepath.Glob(filepath.Join(postgres, "tests", "resource-*", "*", "request.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(requests, filepath.Join(postgres, "example-resource.yaml")) {
		r, err := promise.LoadRequest(file, p)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, f := range r.Findings {
			t.Error(f)
		}
	}
}

func TestTheSchemaRefuses(t *testing.T) {
	t.Parallel()
	p := load(t)
	tests := []struct{ name, request, spec, want string }{
		{"nobody's database", "orders", "{}", "spec.team"},
		{"a team that is no name", "orders", "{team: Shop}", "spec.team"},
		{"a size that there is not", "orders", "{team: shop, size: huge}", "spec.size"},
		{"a volume of nothing", "orders", "{team: shop, storageGiB: 0}", "spec.storageGiB"},
		{"one database twice", "orders", "{team: shop, databases: [a, a]}", "spec.databases[1]"},
		{"a schedule in words", "orders", "{team: shop, backup: {schedule: daily}}", "spec.backup.schedule"},
		{
			"a name that leaves no room for the backup job's",
			"the-orders-of-the-year", "{team: shop-of-the-north}",
			"metadata.name and spec.team together may have 36 characters",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "request.yaml")
			request := fmt.Sprintf("apiVersion: data.acme.org/v1\nkind: Postgres\nmetadata: {name: %s}\nspec: %s\n", test.request, test.spec)
			if err := os.WriteFile(file, []byte(request), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := promise.LoadRequest(file, p); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one about %s", err, test.want)
			}
		})
	}
}

func TestTheTestPlatformIsSound(t *testing.T) {
	t.Parallel()
	p, err := platform.Load(nil, filepath.Join(postgres, "tests", "destinations"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Warnings {
		t.Error(f)
	}
}

func TestCases(t *testing.T) {
	t.Parallel()
	suite, err := fixture.Discover(postgres)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range suite.Cases {
		got = append(got, c.Name)
	}
	want := []string{
		"promise-configure/operator",
		"resource-configure/production-eu",
		"resource-configure/refuses-production-without-backup",
		"resource-configure/small-development",
		"resource-configure/waits-for-approval",
		"resource-delete/final-backup",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
}

// A container without sources would be fetched from a registry that does not
// exist, and sources without a container would never run.
func TestContainersAndSourcesBelongTogether(t *testing.T) {
	t.Parallel()
	p := load(t)
	var want []string
	for _, ref := range promise.Workflows() {
		pipelines, err := p.Pipelines(ref.Type, ref.Action)
		if err != nil {
			t.Fatal(err)
		}
		for _, pipeline := range pipelines {
			for _, c := range pipeline.Spec.Containers {
				dir := path.Join(postgres, "workflows", string(ref.Type), string(ref.Action), pipeline.Name, c.Name)
				want = append(want, dir)
				version := p.Labels[api.LabelPromiseVersion]
				if image := "ghcr.io/acme/postgres-" + c.Name + ":" + version; c.Image != image {
					t.Errorf("container %s has image %s, want %s", c.Name, c.Image, image)
				}
			}
		}
	}
	got, err := filepath.Glob(filepath.Join(postgres, "workflows", "*", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	sorted := cmp.Transformer("sorted", func(s []string) map[string]bool {
		set := map[string]bool{}
		for _, v := range s {
			set[filepath.ToSlash(v)] = true
		}
		return set
	})
	if diff := cmp.Diff(want, got, sorted); diff != "" {
		t.Errorf("containers of the Promise, source directories (-want +got):\n%s", diff)
	}
}

// Each stage is a module that is built alone, so what they share is copied.
func TestWhatStagesShareIsTheSame(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kratix.go", "go.sum"} {
		contents := map[string][]string{}
		for _, dir := range modules(t) {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			contents[string(data)] = append(contents[string(data)], dir)
		}
		if len(contents) == 1 {
			continue
		}
		for _, dirs := range contents {
			t.Errorf("%s is the same only in %s", name, strings.Join(dirs, ", "))
		}
	}
}

// The main module's tests do not reach those of the stages.
func TestStages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("go test in every stage takes seconds")
	}
	for _, dir := range modules(t) {
		t.Run(filepath.Base(filepath.Dir(dir)), func(t *testing.T) {
			t.Parallel()
			for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}} {
				cmd := exec.CommandContext(t.Context(), "go", args...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
		})
	}
}

// modules lists the directories of the stages' modules.
func modules(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(postgres, "workflows", "*", "*", "*", "*", "scripts", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no stages found")
	}
	for i, file := range files {
		files[i] = filepath.Dir(file)
	}
	return files
}
