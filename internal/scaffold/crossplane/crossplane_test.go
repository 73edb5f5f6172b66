// SPDX-License-Identifier: Apache-2.0

package crossplane_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/kube/kubetest"
	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/crossplane"
	"github.com/kratix-tools/kratix/internal/scaffold/scaffoldtest"
)

// server is a real API server that knows Kratix.
var server = kubetest.Shared{Load: (*kubetest.Server).LoadCRDs}

func TestMain(m *testing.M) {
	defer server.Stop()
	m.Run()
}

func read(t *testing.T, files ...string) *manifest.Set {
	t.Helper()
	if files == nil {
		return nil
	}
	var paths []string
	for _, file := range files {
		paths = append(paths, filepath.Join("testdata", file))
	}
	set, err := manifest.Read(paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// promises are made of definitions of both generations of Crossplane.
func promises() []crossplane.Options {
	return []crossplane.Options{
		{
			Promise: scaffold.PromiseOptions{Name: "network", Group: "acme.org", Kind: "Network"},
			XRD:     "network.yaml", Compositions: []string{"network-compositions.yaml"}, Functions: []string{"network-functions.yaml"},
		},
		{Promise: scaffold.PromiseOptions{Name: "app", Group: "acme.org", Kind: "Application", Version: "v1alpha1", Split: true}, XRD: "app.yaml"},
		{
			Promise: scaffold.PromiseOptions{Name: "bucket", Group: "example.com", Kind: "Bucket", Plural: "xbuckets"},
			XRD:     "bucket.yaml", SkipDependencies: true,
		},
	}
}

func made(t *testing.T, o crossplane.Options) []scaffold.File {
	t.Helper()
	content, findings, err := crossplane.Content(o, crossplane.Sources{
		XRD: read(t, o.XRD), Compositions: read(t, o.Compositions...), Functions: read(t, o.Functions...),
	})
	if err != nil {
		t.Fatal(err)
	}
	files, more, err := scaffold.Translate(o.Promise, content)
	if err != nil {
		t.Fatal(err)
	}
	return append(files, scaffold.File{Path: "findings", Data: scaffoldtest.Listed(append(findings, more...))})
}

func TestDefinitionsOfBothGenerations(t *testing.T) {
	t.Parallel()
	for _, o := range promises() {
		t.Run(o.Promise.Name, func(t *testing.T) {
			t.Parallel()
			files := made(t, o)
			scaffoldtest.Works(t, files)
			scaffoldtest.Golden(t, filepath.Join("testdata", o.Promise.Name+".golden"), files)
		})
	}
}

func TestAPIServerAcceptsDefinitions(t *testing.T) {
	t.Parallel()
	cluster := server.Server(t)
	for _, o := range promises() {
		scaffoldtest.Installs(t, cluster, made(t, o))
	}
}

const definition = `{apiVersion: apiextensions.crossplane.io/%s, kind: CompositeResourceDefinition, metadata: {name: as.b.c}, spec: {group: b.c, names: {kind: A, plural: as}, %s}}`

func content(t *testing.T, text string) (scaffold.Content, []diag.Finding, error) {
	t.Helper()
	set, err := manifest.Parse("input", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return crossplane.Content(crossplane.Options{XRD: "input"}, crossplane.Sources{XRD: set})
}

func TestDefinitionsOfWhichNoneCanBeMade(t *testing.T) {
	t.Parallel()
	const version = `versions: [{name: v1, served: true, schema: {openAPIV3Schema: {type: object}}}]`
	for name, test := range map[string]struct{ text, want string }{
		"none":             {`{apiVersion: v1, kind: Namespace, metadata: {name: a}}`, "--xrd: there is no CompositeResourceDefinition in input"},
		"two":              {fmt.Sprintf(definition+"\n---\n"+definition, "v1", version, "v2", version), "--xrd: there are 2 CompositeResourceDefinitions in input: as.b.c, as.b.c"},
		"of no generation": {fmt.Sprintf(definition, "v1alpha1", version), "input:1:2: apiextensions.crossplane.io/v1alpha1 is not known"},
		"no versions":      {fmt.Sprintf(definition, "v1", "versions: []"), "spec.versions: none is served"},
		"none is served":   {fmt.Sprintf(definition, "v1", "versions: [{name: v1, served: false}]"), "spec.versions: none is served"},
		"no schema":        {fmt.Sprintf(definition, "v2", "versions: [{name: v1, served: true}]"), "spec.versions[0]: it has no schema"},
		"another shape":    {fmt.Sprintf(definition, "v2", "versions: 3"), "input:1:1: CompositeResourceDefinition as.b.c: json: cannot unmarshal"},
		"a composition": {
			fmt.Sprintf(definition, "v1", version) + "\n---\n{apiVersion: apiextensions.crossplane.io/v1, kind: Composition, metadata: {name: a}, spec: 3}",
			"input:3:1: Composition a: json: cannot unmarshal",
		},
		"no schema at all": {fmt.Sprintf(definition, "v2", "versions: [{name: v1, served: true, schema: {openAPIV3Schema: {type: 3}}}]"), "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := content(t, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) || diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

// What the stage makes, and where it goes, depends on the generation, on the
// scope, and on whether there are claims.
func TestWhatTheStageMakes(t *testing.T) {
	t.Parallel()
	const version = `, versions: [{name: v1, served: true, referenceable: true, schema: {openAPIV3Schema: {type: object}}}]`
	for name, test := range map[string]struct{ generation, spec, kind, where string }{
		"claims":                    {"v1", "claimNames: {kind: C, plural: cs}", "C", "in the namespace default"},
		"no claims":                 {"v1", "conversion: {strategy: None}", "A", "of the whole cluster"},
		"resources in namespaces":   {"v2", "conversion: {strategy: None}", "A", "in the namespace default"},
		"resources of the cluster":  {"v2", "scope: Cluster", "A", "of the whole cluster"},
		"claims of the second kind": {"v2", "scope: LegacyCluster, claimNames: {kind: C, plural: cs}", "C", "in the namespace default"},
		"legacy, without claims":    {"v2", "scope: LegacyCluster", "A", "of the whole cluster"},
		"the first, with a scope":   {"v1", "scope: Namespaced", "A", "in the namespace default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, findings, err := content(t, fmt.Sprintf(definition, test.generation, test.spec+version))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Pipelines[0].Containers[0].Env[2].Value; got != test.kind {
				t.Errorf("the stage makes a %s, want %s", got, test.kind)
			}
			if told := string(scaffoldtest.Listed(findings)); !strings.Contains(told, fmt.Sprintf("share one %s, %s\n", test.kind, test.where)) {
				t.Errorf("told %s, want %s", told, test.where)
			}
		})
	}
}
