// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/kube/kubetest"
	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/operator"
	"github.com/kratix-tools/kratix/internal/scaffold/scaffoldtest"
)

// server is a real API server that knows Kratix.
var server = kubetest.Shared{Load: (*kubetest.Server).LoadCRDs}

func TestMain(m *testing.M) {
	defer server.Stop()
	m.Run()
}

func bundle(t *testing.T) *manifest.Set {
	t.Helper()
	set, err := manifest.Read([]string{filepath.Join("testdata", "cache.yaml")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// promises are those that are made of the bundle: of a definition with all that
// definitions can have, of one that is open, and of one of the whole cluster.
func promises() map[string]scaffold.PromiseOptions {
	return map[string]scaffold.PromiseOptions{
		"caches.cache.example.com":       {Name: "cache", Group: "acme.org", Kind: "Store"},
		"cachebackups.cache.example.com": {Name: "backup", Group: "acme.org", Kind: "Backup", Version: "v2", Split: true},
		"cacheclasses.cache.example.com": {Name: "class", Group: "cache.example.com", Kind: "CacheClass", Plural: "cacheclasses"},
	}
}

func made(t *testing.T, definition string, o scaffold.PromiseOptions) []scaffold.File {
	t.Helper()
	content, findings, err := operator.Content(operator.Options{
		Promise: o, Manifests: []string{"cache.yaml"}, Definition: definition,
	}, bundle(t))
	if err != nil {
		t.Fatal(err)
	}
	files, more, err := scaffold.Translate(o, content)
	if err != nil {
		t.Fatal(err)
	}
	return append(files, scaffold.File{Path: "findings", Data: scaffoldtest.Listed(append(findings, more...))})
}

func TestOperatorWithSeveralDefinitions(t *testing.T) {
	t.Parallel()
	for definition, o := range promises() {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			files := made(t, definition, o)
			scaffoldtest.Works(t, files)
			scaffoldtest.Golden(t, filepath.Join("testdata", o.Name+".golden"), files)
		})
	}
}

func TestAPIServerAcceptsOperators(t *testing.T) {
	t.Parallel()
	cluster := server.Server(t)
	for definition, o := range promises() {
		scaffoldtest.Installs(t, cluster, made(t, definition, o))
	}
}

// Definitions that were not written for this: those of Kratix.
func TestDefinitionsOfKratix(t *testing.T) {
	t.Parallel()
	set, err := manifest.Read([]string{filepath.Join("..", "..", "api", "crds")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range set.Objects {
		o := scaffold.PromiseOptions{Name: "a", Group: "acme.org", Kind: "A"}
		content, _, err := operator.Content(operator.Options{Promise: o, Definition: definition.Name()}, set)
		if err != nil {
			t.Fatal(err)
		}
		content.Dependencies = nil
		files, findings, err := scaffold.Translate(o, content)
		if err != nil || findings != nil {
			t.Fatalf("%s: findings %v, error %v", definition, findings, err)
		}
		scaffoldtest.Works(t, files)
	}
}

const (
	version = `{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}`
	crd     = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: as.b.c}, spec: {group: b.c, names: {kind: A, plural: as}, scope: Namespaced, versions: [%s]}}`
)

func TestDefinitionsOfWhichNoneCanBeMade(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ manifests, want, hint string }{
		"of another name":  {fmt.Sprintf(crd, version), `no CustomResourceDefinition "bs.b.c" is among the manifests`, "--api-schema-from as.b.c"},
		"not there at all": {`{apiVersion: v1, kind: Namespace, metadata: {name: a}}`, `no CustomResourceDefinition "bs.b.c"`, "add the file that has it: --operator-manifests FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, "bs.b.c", test.manifests, test.want, test.hint)
		})
	}
	for name, test := range map[string]struct{ manifests, want string }{
		"there twice":     {fmt.Sprintf(crd, version) + "\n---\n" + fmt.Sprintf(crd, version), "there are 2 CustomResourceDefinitions as.b.c: at input:1:1 and input:3:1"},
		"none is served":  {fmt.Sprintf(crd, `{name: v1, served: false, storage: true}`), "input:1:165: spec.versions: none is served"},
		"no versions":     {fmt.Sprintf(crd, ""), "spec.versions: none is served"},
		"no schema":       {fmt.Sprintf(crd, `{name: v1, served: true, storage: true}`), "spec.versions[0]: it has no schema"},
		"of another time": {strings.Replace(fmt.Sprintf(crd, version), "io/v1", "io/v1beta1", 1), "no cluster of today serves apiextensions.k8s.io/v1beta1"},
		"another shape":   {fmt.Sprintf(crd, "3"), "input:1:1: CustomResourceDefinition as.b.c: json: cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, "as.b.c", test.manifests, test.want, "")
		})
	}
}

func refused(t *testing.T, definition, manifests, want, hint string) {
	t.Helper()
	set, err := manifest.Parse("input", []byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = operator.Content(operator.Options{Definition: definition}, set)
	if err == nil || !strings.Contains(err.Error(), want) || diag.ExitCode(err) != diag.ExitInput {
		t.Fatalf("error %v, want %s", err, want)
	}
	if hints := strings.Join(diag.Hints(err), "\n"); hint != "" && hints != hint {
		t.Errorf("hint %s, want %s", hints, hint)
	}
}

// The version that the stage makes objects of is one that the operator serves.
func TestVersionOfTheObjects(t *testing.T) {
	t.Parallel()
	v := func(name string, served, stored bool) string {
		return fmt.Sprintf("{name: %s, served: %t, storage: %t, schema: {openAPIV3Schema: {type: object}}}", name, served, stored)
	}
	for want, versions := range map[string][]string{
		"v1beta1":  {v("v1", true, false), v("v1beta1", true, true)},
		"v2":       {v("v1", true, false), v("v10alpha1", true, false), v("v2", true, false), v("v3", false, true)},
		"v1alpha2": {v("v1alpha2", true, true)},
	} {
		set, err := manifest.Parse("input", []byte(fmt.Sprintf(crd, strings.Join(versions, ", "))))
		if err != nil {
			t.Fatal(err)
		}
		content, _, err := operator.Content(operator.Options{Definition: "as.b.c"}, set)
		if err != nil {
			t.Fatal(err)
		}
		if got := content.Pipelines[0].Containers[0].Env[1].Value; got != want || content.Version.Name != want {
			t.Errorf("the stage makes objects of %s, and the API is of %s, want %s", got, content.Version.Name, want)
		}
	}
}
