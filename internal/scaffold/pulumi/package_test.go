// SPDX-License-Identifier: Apache-2.0

package pulumi_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold/pulumi"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"name": "p", "version": "1.0.0", "resources": {}}`: "p 1.0.0",
		"name: p\nresources: {}\n":                           "p",
		`{name: p, resources: {}}`:                           "p",
		`{"resources": {}}`:                                  "without a name",
		"name: p\nname: q\n":                                 `key "name" already set`,
		"{\n  \"name\": \"p\",\n  \"version\" 1\n}":          "line 3: invalid character '1'",
		"name: p\nversion: [\n":                              "line 2",
		"[]":                                                 "no schema of a Pulumi package but a list",
		"":                                                   "no schema of a Pulumi package but nothing",
		"<!doctype html>":                                    "a page of HTML",
		"replicas: 3":                                        "it has no resources",
		"resources: []":                                      "it has no resources",
	} {
		p, err := pulumi.Parse([]byte(text))
		switch {
		case err == nil && p.String() != want:
			t.Errorf("%q: got %s, want %s", text, p, want)
		case err != nil && (!strings.Contains(err.Error(), want) || diag.ExitCode(err) != diag.ExitInput):
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func TestComponent(t *testing.T) {
	t.Parallel()
	const none = `"p:index:R": {}, "p:index:Odd": "x"`
	const one = `"p:index:A": {"isComponent": true, "description": "An A", "inputProperties": {"a": {"type": "string"}}, "requiredInputs": ["a"]}, ` + none
	const two = `"p:index:Bucket": {"isComponent": true}, ` + one
	for _, test := range []struct{ resources, token, want, hint string }{
		{one, "", "p:index:A", ""},
		{one, "p:index:A", "p:index:A", ""},
		{two, "p:index:Bucket", "p:index:Bucket", ""},
		{none, "", "the package p has no components", "isComponent: true"},
		{two, "", "--component: the package p has 2 components", "one of\n--component p:index:A\n--component p:index:Bucket"},
		{two, "p:index:bucket", `no component "p:index:bucket"`, "did you mean p:index:Bucket?"},
		{two, "something", `no component "something"`, "one of\n--component p:index:A"},
		{one, "something", `no component "something"`, "--component p:index:A"},
		{one, "p:index:R", "p:index:R is a resource of the package p, and no component", ""},
	} {
		p, err := pulumi.Parse([]byte(`{"name": "p", "resources": {` + test.resources + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.Component(test.token)
		got := c.Token
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, test.want) || !strings.Contains(strings.Join(diag.Hints(err), "\n"), test.hint) {
			t.Errorf("%q of %s: got %s, %q, want %s, %q", test.token, test.resources, got, diag.Hints(err), test.want, test.hint)
		}
	}
}

func TestComponentHasItsInputs(t *testing.T) {
	t.Parallel()
	p, err := pulumi.Parse([]byte(`{"resources": {"p:index:A": {"isComponent": true, "description": "An A", "deprecationMessage": "use B",
		"inputProperties": {"a": {"type": "string"}}, "requiredInputs": ["a"]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := pulumi.Component{
		Token: "p:index:A", Description: "An A", Deprecated: "use B",
		Inputs: map[string]any{"a": map[string]any{"type": "string"}}, Required: []any{"a"},
	}
	got, err := p.Component("")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("component (-want +got):\n%s%v", diff, err)
	}
}
