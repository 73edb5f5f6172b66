package view

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/doctor"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/schema"
	"github.com/kratix-tools/kratix/internal/suite"
)

const module = "github.com/kratix-tools/kratix"

// documents are all that is printed as JSON, by kind.
func documents() map[string]any {
	return map[string]any{
		"DestinationList":      inspect.DestinationList{},
		"DestinationReport":    inspect.DestinationReport{},
		"Diagnosis":            doctor.Diagnosis{},
		"ImageCache":           CacheList{},
		"ImageCachePrune":      Pruned{},
		"PlacementExplanation": Explanation{},
		"PluginList":           pluginList{},
		"PromiseList":          inspect.PromiseList{},
		"PromiseReport":        inspect.PromiseReport{},
		"RequestReport":        inspect.RequestReport{},
		"ResourceTree":         inspect.ResourceTree{},
		"Schedule":             scheduleDocument{},
		"TestCase":             caseEvent{},
		"TestPlan":             TestPlan{},
		"TestReport":           suite.Report{},
		"TestStart":            startEvent{},
		"TestStep":             stepEvent{},
		"TestSummary":          summaryEvent{},
		"WorkDiff":             workDiff{},
		"WorkList":             inspect.WorkList{},
		"WorkPlacementList":    inspect.WorkPlacementList{},
		"WorkReport":           inspect.WorkReport{},
		"WorkflowRun":          workflowRun{},
	}
}

// TestSchemas compares the published JSON Schemas with the types; "-update"
// writes them.
func TestSchemas(t *testing.T) {
	t.Parallel()
	docs := documents()
	comments, err := schema.ReadComments(filepath.Join("..", ".."), module, schema.PackagesOf(module, slices.Collect(maps.Values(docs))...)...)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "docs", "reference", "schemas")
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{}
	for kind, doc := range docs {
		s, err := schema.Of(doc, kind, comments)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		name := kind + ".schema.json"
		want[name] = true
		compareFile(t, filepath.Join(dir, name), append(data, '\n'))
	}
	there, err := fs.Glob(os.DirFS(dir), "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range there {
		if !want[name] {
			t.Errorf("no document has docs/reference/schemas/%s", name)
		}
	}
}

func compareFile(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil { //nolint:gosec // nothing secret
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\nrun: make docs", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date; run: make docs (-want +got):\n%s", file, diff)
	}
}
