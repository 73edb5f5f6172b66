// SPDX-License-Identifier: Apache-2.0

// Package internal_test holds the packages to the directions of their imports.
// The tables are a map and not a fence: where one is wrong, it is changed in
// the commit that needs it.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// In the tables a name is that of a package below internal, or else of a
// library, and stands for everything below it too.

// The directions. No package of the first list reaches one of the second, be
// it through others of ours; what libraries do among themselves is their
// business.
func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	const (
		domain     = "promise workflow work schedule placement platform compare explain permissions inspect simulate fixture suite"
		containers = "engine image build"
		outside    = "os/exec net kube k8s.io/client-go/rest k8s.io/client-go/tools " + containers
	)
	g := parse(t, os.DirFS(".."))
	for _, rule := range []struct{ from, to string }{
		// The leaves.
		{"api diag tree term redact", "adapter api diag tree term redact yamldoc " + domain},
		{"adapter yamldoc", "term " + domain},
		// The story is told forwards and imported backwards.
		{"promise", "workflow work schedule placement platform compare explain simulate fixture suite"},
		{"shell", "term view cli engine image build promise work schedule placement platform compare explain simulate fixture suite inspect kube net os/exec"},
		{"workflow", "promise work schedule placement platform compare explain simulate fixture suite"},
		{"work", "promise workflow schedule placement platform compare explain simulate fixture suite"},
		{"schedule", "promise workflow work placement platform compare explain simulate fixture suite"},
		{"platform", "promise workflow work schedule placement compare explain simulate fixture suite"},
		{"placement", "promise workflow compare explain simulate fixture suite"},
		{"compare", "promise workflow explain simulate fixture suite"},
		{"simulate", "compare explain permissions fixture suite"},
		{"permissions", "schedule placement platform compare explain inspect simulate fixture suite"},
		{"fixture", "promise workflow explain simulate suite"},
		{"inspect", "promise workflow compare simulate fixture suite snapshot"},
		{"snapshot", "kube net os/exec promise workflow compare simulate fixture suite"},
		{"scaffold", "workflow work schedule placement platform compare explain simulate fixture suite"},
		// What the domain needs of the world is handed to it.
		{domain, outside},
		{"adapter scaffold view", outside},
		// Engines know of the domain how a container is described.
		{"image build statestore", domain},
		{"engine", "build promise work schedule placement platform compare explain simulate fixture suite"},
		// Nobody calls back.
		{"adapter api diag tree yamldoc scaffold " + containers + " " + domain, "cli view term"},
		{"view term", "cli"},
	} {
		for _, from := range g.named(t, rule.from) {
			for to := range strings.FieldsSeq(rule.to) {
				if way := g.way(from, to); way != nil {
					t.Errorf("%s must not reach %s: %s", from, to, strings.Join(way, " -> "))
				}
			}
		}
	}
}

// What is heavy or touches the world has owners, and nobody else imports it.
func TestLibrariesHaveOwners(t *testing.T) {
	t.Parallel()
	g := parse(t, os.DirFS(".."))
	for library, owners := range map[string]string{
		"github.com/spf13/cobra":                 "cli release",
		"github.com/charmbracelet":               "view",
		"github.com/google/go-containerregistry": "image build engine scaffold chart release",
		"k8s.io/client-go":                       "kube snapshot view",
		"k8s.io/client-go/rest":                  "kube",
		"k8s.io/client-go/tools":                 "kube",
		"github.com/minio/minio-go":              "statestore",
		"github.com/johannesboyne/gofakes3":      "statestore/storetest",
		"net/http":                               "image engine statestore kube chart fetch pulumischema",
		"os/exec":                                "build changed engine bench statestore kube/kubetest kustomize tfmodule cmd/kratix release",
		"github.com/fsnotify/fsnotify":           "changed",
		"mvdan.cc/sh":                            "shell",
		// Text and not containers.
		"github.com/google/go-containerregistry/pkg/v1": "image build engine chart release",
		// For tests.
		"kube/kubetest": "bench",
		// Files come to the domain as trees, chance as an argument.
		"math/rand": "bench",
	} {
		allowed := g.named(t, owners)
		for from := range g {
			for _, to := range g[from] {
				if within(to, library) && !slices.Contains(allowed, from) {
					t.Errorf("%s imports %s, which is for %q", from, to, owners)
				}
			}
		}
	}
}

// Values in, values out: files come as io/fs has them.
func TestPurePackagesTouchNoFiles(t *testing.T) {
	t.Parallel()
	g := parse(t, os.DirFS(".."))
	for _, pure := range g.named(t, "adapter work schedule placement compare permissions") {
		if slices.Contains(g[pure], "os") {
			t.Errorf("%s imports os", pure)
		}
	}
}

func TestBrokenDirectionIsShownAsAWay(t *testing.T) {
	t.Parallel()
	g := graph{
		"work": {"io", "tree"}, "tree": {"diag", "work"}, "diag": {"net/url"}, "engine/native": nil,
	}
	for to, want := range map[string]string{
		"net":    "work -> tree -> diag -> net/url",
		"diag":   "work -> tree -> diag",
		"engine": "",
		"ne":     "",
		"work":   "",
	} {
		if diff := cmp.Diff(want, strings.Join(g.way("work", to), " -> ")); diff != "" {
			t.Errorf("to %s (-want +got):\n%s", to, diff)
		}
	}
}

// A graph has for each package of ours, without "internal/", what it imports.
type graph map[string][]string

// parse reads the imports of all files that are no tests, for every system.
func parse(t *testing.T, module fs.FS) graph {
	t.Helper()
	g := graph{}
	for _, root := range []string{"cmd", "internal"} {
		err := fs.WalkDir(module, root, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "testdata":
				return fs.SkipDir
			case path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
				return nil
			}
			pkg := strings.TrimPrefix(path.Dir(name), "internal/")
			imports, err := importsOf(module, name)
			g[pkg] = append(g[pkg], imports...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func importsOf(module fs.FS, name string) ([]string, error) {
	source, err := fs.ReadFile(module, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var imports []string
	for _, spec := range file.Imports {
		to, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		imports = append(imports, strings.TrimPrefix(to, "github.com/kratix-tools/kratix/internal/"))
	}
	return imports, nil
}

// named gives the packages of ours that a list of names stands for. Each name
// stands for one at least, or the table speaks of what is no longer there.
func (g graph) named(t *testing.T, names string) []string {
	t.Helper()
	var packages []string
	for name := range strings.FieldsSeq(names) {
		before := len(packages)
		for pkg := range maps.Keys(g) {
			if within(pkg, name) {
				packages = append(packages, pkg)
			}
		}
		if len(packages) == before {
			t.Errorf("there is no package %s", name)
		}
	}
	slices.Sort(packages)
	return packages
}

// way finds the shortest way from a package of ours to whatever lies within a
// name, and is nil if there is none.
func (g graph) way(from, to string) []string {
	ways, seen := [][]string{{from}}, map[string]bool{from: true}
	for len(ways) > 0 {
		way := ways[0]
		ways = ways[1:]
		for _, next := range g[way[len(way)-1]] {
			if seen[next] {
				continue
			}
			seen[next] = true
			longer := append(slices.Clone(way), next)
			if within(next, to) {
				return longer
			}
			ways = append(ways, longer)
		}
	}
	return nil
}

func within(pkg, name string) bool { return pkg == name || strings.HasPrefix(pkg, name+"/") }
