// SPDX-License-Identifier: Apache-2.0

package promise_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

func loadRequest(t *testing.T, text string) (*promise.Request, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "request.yaml")
	writeFile(t, file, text)
	return promise.LoadRequest(file, load(t, withWorkflows("{}\n")))
}

func TestLoadRequest(t *testing.T) {
	t.Parallel()
	r, err := loadRequest(t, "# a thing\napiVersion: acme.org/v1\nkind: Thing\nmetadata: {name: a, lable: b}\nspec:\n  colour: red\n")
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "a" || r.Namespace != "default" || filepath.Base(r.File) != "request.yaml" {
		t.Errorf("request %+v", r)
	}
	base := "apiVersion: acme.org/v1\nkind: Thing\nmetadata: {name: a, namespace: default}\n"
	if diff := cmp.Diff(object(t, strings.Replace(base, "}", ", lable: b}", 1)+"spec: {colour: red}\n"), r.Object); diff != "" {
		t.Errorf("as written (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(object(t, base+"spec: {size: small}\n"), r.Admitted); diff != "" {
		t.Errorf("admitted (-want +got):\n%s", diff)
	}
	want := []string{"4: metadata.lable: the API has no such field: kubectl refuses it, other clients drop it without a word", "6: spec.colour: the API has no such field: kubectl refuses it, other clients drop it without a word"}
	if diff := cmp.Diff(want, short(r.Findings)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestLoadRequestTakesTheDocumentOfTheKind(t *testing.T) {
	t.Parallel()
	r, err := loadRequest(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n---\napiVersion: acme.org/v1\nkind: Thing\nmetadata: {name: a, namespace: ns}\n")
	if err != nil || r.Name != "a" || r.Namespace != "ns" {
		t.Fatalf("request %+v, %v", r, err)
	}
	want := []string{`2: this document of kind "Namespace" is not part of the request`}
	if diff := cmp.Diff(want, short(r.Findings)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestLoadRequestTakesTheFirstOfSeveral(t *testing.T) {
	t.Parallel()
	const thing = "apiVersion: acme.org/v1\nkind: Thing\nmetadata: {name: "
	r, err := loadRequest(t, thing+"a}\n---\n"+thing+"b}\n")
	if err != nil || r.Name != "a" {
		t.Fatalf("request %+v, %v", r, err)
	}
	if diff := cmp.Diff([]string{"6: this is a second request; only the first one is used"}, short(r.Findings)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestLoadRequestRefuses(t *testing.T) {
	t.Parallel()
	const begin = "apiVersion: acme.org/v1\nkind: Thing\n"
	tests := map[string]struct {
		text string
		want []string
		hint string
	}{
		"the wrong kind":    {"apiVersion: acme.org/v1\nkind: Database\nmetadata: {name: a}\n", []string{`2: kind: want "Thing", not the string "Database"`}, "kind: Thing"},
		"the wrong version": {"apiVersion: acme.org/v9\nkind: Thing\nmetadata: {name: a}\n", []string{`1: apiVersion: the Promise serves acme.org/v1, not the string "acme.org/v9"`}, "apiVersion: acme.org/v1"},
		"no name":           {begin + "metadata: {}\n", []string{"3: metadata.name: Required value: name or generateName is required"}, "metadata: {name: example}"},
		"no metadata":       {begin, []string{"1: metadata.name: Required value: name or generateName is required"}, "metadata: {name: example}"},
		"a long name":       {begin + "metadata:\n  name: " + strings.Repeat("a", 64) + "\n", []string{"4: metadata.name: Too long: may not be more than 63 bytes"}, ""},
		"every field":       {begin + "metadata:\n  name: A\nspec:\n  size: 3\n", []string{`4: metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain`, `6: spec.size: Invalid value: "integer": spec.size in body must be of type string: "integer"`, `6: spec.size: Unsupported value: 3: supported values: "small", "large"`}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loadRequest(t, test.text)
			if diag.ExitCode(err) != diag.ExitInput || !strings.HasPrefix(err.Error(), "loading request: ") {
				t.Fatalf("error %v of class %d", err, diag.ExitCode(err))
			}
			found := diag.Findings(err)
			if diff := cmp.Diff(test.want, short(found), prefixes()); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if got := found[0].Hint; got != test.hint {
				t.Errorf("hint %q, want %q", got, test.hint)
			}
		})
	}
}

func TestLoadRequestOfAPromiseWithoutAPI(t *testing.T) {
	t.Parallel()
	_, err := promise.LoadRequest("request.yaml", load(t, head))
	if err == nil || !strings.Contains(err.Error(), `the Promise "things" has no API, so there are no requests of it`) {
		t.Errorf("error %v", err)
	}
}

func TestLoadRequestOfNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# todo\n", "- a\n"} {
		_, err := loadRequest(t, text)
		if err == nil || !strings.Contains(err.Error(), "request.yaml: no object in it") || diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("error %v", err)
		}
	}
}
