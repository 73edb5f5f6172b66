// SPDX-License-Identifier: Apache-2.0

package scaffold_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

// loadNew writes a new Promise and loads it.
func loadNew(t *testing.T) *promise.Promise {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, newPromise(t, postgresql()))
	p, err := promise.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ref(t *testing.T, text string) promise.WorkflowRef {
	t.Helper()
	r, err := promise.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCase writes a first case and a second one, and reads them as a test run
// does.
func TestCase(t *testing.T) {
	t.Parallel()
	p := loadNew(t)
	first, err := scaffold.Case(scaffold.CaseOptions{Promise: p, Ref: ref(t, "resource/configure"), Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "case", first)
	write(t, p.Dir, first)

	second, err := scaffold.Case(scaffold.CaseOptions{Promise: p, Ref: ref(t, "promise/configure"), Name: "default"})
	if err != nil {
		t.Fatal(err)
	}
	if got := paths(second); got != "tests/promise-configure/default/case.yaml" {
		t.Errorf("second case has %s", got)
	}
	write(t, p.Dir, second)

	suite, err := fixture.Discover(p.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(suite.Cases) != 2 {
		t.Errorf("%d cases, want 2", len(suite.Cases))
	}
	if _, err := platform.Load(strings.NewReader(""), filepath.Join(p.Dir, "tests", "destinations")); err != nil {
		t.Error(err)
	}
	if _, err := promise.LoadRequest(filepath.Join(p.Dir, "tests/resource-configure/small/request.yaml"), p); err != nil {
		t.Error(err)
	}
}

func TestCaseDestinationMatchesThePromise(t *testing.T) {
	t.Parallel()
	p := loadNew(t)
	p.Spec.DestinationSelectors = append(p.Spec.DestinationSelectors, selector("env", "prod"), selector("env", "dev"), selector("zone", "1"))
	files, err := scaffold.Case(scaffold.CaseOptions{Promise: p, Ref: ref(t, "resource/configure"), Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Path == "tests/destinations/dev.yaml" && !strings.Contains(string(f.Data), "  labels:\n    env: prod\n    zone: \"1\"\n") {
			t.Errorf("Destination\n%s", f.Data)
		}
	}
}

func TestCaseRefuses(t *testing.T) {
	t.Parallel()
	p := loadNew(t)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	write(t, filepath.Dir(bad), []scaffold.File{{Path: "bad.yaml", Data: []byte("apiVersion: acme.org/v1alpha1\nkind: Databas\nmetadata: {name: x}\n")}})
	tests := map[string]struct {
		o    scaffold.CaseOptions
		want string
	}{
		"a name that is no label":         {scaffold.CaseOptions{Ref: ref(t, "resource/configure"), Name: "a/b"}, `CASE: the name of the case "a/b" is not valid`},
		"a Pipeline":                      {scaffold.CaseOptions{Ref: ref(t, "resource/configure/x"), Name: "a"}, "resource/configure/x is a Pipeline: cases are of workflows"},
		"a request of another kind":       {scaffold.CaseOptions{Ref: ref(t, "resource/configure"), Name: "a", Request: bad}, `bad.yaml:2:1: kind: want "Database", not the string "Databas"`},
		"a request of a promise workflow": {scaffold.CaseOptions{Ref: ref(t, "promise/configure"), Name: "a", Request: bad}, "a case of promise/configure has no request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.o.Promise = p
			_, err := scaffold.Case(test.o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("exit code %d", diag.ExitCode(err))
			}
		})
	}
}
