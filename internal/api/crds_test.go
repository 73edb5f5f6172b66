// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// The CRDs that are generated from the types mean what those of Kratix mean.
// KRATIX_CRDS names a directory with the latter.
func TestCRDsAreThoseOfKratix(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("KRATIX_CRDS")
	if dir == "" {
		t.Skip("KRATIX_CRDS names no directory with the CRDs of Kratix")
	}
	want, got := crds(t, dir), crds(t, "crds")
	if len(want) == 0 {
		t.Fatalf("no CRDs in %s", dir)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-Kratix +generated):\n%s", diff)
	}
}

// A Pipeline exists only inside a Promise, whatever the generator thinks of its
// type.
func TestPipelineHasNoCRD(t *testing.T) {
	t.Parallel()
	for file := range crds(t, "crds") {
		if strings.Contains(file, "pipeline") {
			t.Errorf("%s: remove it as make generate does", file)
		}
	}
}

// A definition is a CRD without what the generator says of itself.
type definition struct {
	Metadata struct{ Name string }
	Spec     any
}

// crds reads the CRDs of a directory by the names of their files.
func crds(t *testing.T, dir string) map[string]definition {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]definition{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d definition
		if err := yaml.Unmarshal(data, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		withoutDescriptions(d.Spec)
		found[filepath.Base(file)] = d
	}
	return found
}

// withoutDescriptions removes prose, which means nothing to an API server. No
// field of Kratix is called description.
func withoutDescriptions(value any) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "description")
		for _, inner := range v {
			withoutDescriptions(inner)
		}
	case []any:
		for _, inner := range v {
			withoutDescriptions(inner)
		}
	}
}
