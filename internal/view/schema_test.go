// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/doctor"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/schema"
	"github.com/kratix-tools/kratix/internal/suite"
)

const module = "github.com/kratix-tools/kratix"

// A document is something that is printed as JSON.
type document struct {
	of      any
	command string // that prints it
}

// documents are all of them, by kind.
func documents() map[string]document {
	return map[string]document{
		"DestinationList":      {inspect.DestinationList{}, "kratix inspect destinations"},
		"DestinationReport":    {inspect.DestinationReport{}, "kratix inspect destination NAME"},
		"Diagnosis":            {doctor.Diagnosis{}, "kratix doctor"},
		"ImageCache":           {CacheList{}, "kratix cache list"},
		"ImageCachePrune":      {Pruned{}, "kratix cache prune"},
		"PermissionsReport":    {PermissionsReport{}, "kratix explain permissions"},
		"PlacementExplanation": {Explanation{}, "kratix explain placement"},
		"PluginList":           {pluginList{}, "kratix plugin list"},
		"PromiseList":          {inspect.PromiseList{}, "kratix inspect promises"},
		"PromiseReport":        {inspect.PromiseReport{}, "kratix inspect promise NAME"},
		"RequestReport":        {inspect.RequestReport{}, "kratix inspect request KIND/NAME"},
		"ResourceTree":         {inspect.ResourceTree{}, "kratix platform get resources PROMISE"},
		"Schedule":             {scheduleDocument{}, "kratix schedule"},
		"TestCase":             {caseEvent{}, "kratix test workflow -o ndjson"},
		"TestPlan":             {TestPlan{}, "kratix test workflow --dry-run"},
		"TestReport":           {suite.Report{}, "kratix test workflow, kratix test schedule"},
		"TestStart":            {startEvent{}, "kratix test workflow -o ndjson"},
		"TestStep":             {stepEvent{}, "kratix test workflow -o ndjson"},
		"TestSummary":          {summaryEvent{}, "kratix test workflow -o ndjson"},
		"WorkDiff":             {workDiff{}, "kratix diff work NAME"},
		"WorkList":             {inspect.WorkList{}, "kratix inspect works"},
		"WorkPlacementList":    {inspect.WorkPlacementList{}, "kratix inspect workplacements"},
		"WorkReport":           {inspect.WorkReport{}, "kratix inspect work NAME"},
		"WorkflowRun":          {workflowRun{}, "kratix run workflow"},
	}
}

// types are those of the documents.
func types(docs map[string]document) []any {
	var all []any
	for _, d := range docs {
		all = append(all, d.of)
	}
	return all
}

// list is the page with all schemas.
func list(docs map[string]document) string {
	var b strings.Builder
	b.WriteString(`# What is printed as JSON

Generated from the program by ` + "`make docs`" + `; do not edit.

These are the JSON Schemas of what ` + "`-o json`" + ` and ` + "`-o yaml`" + ` print. Fields are only
ever added. Lists are never null.

| kind | printed by |
|---|---|
`)
	for _, kind := range slices.Sorted(maps.Keys(docs)) {
		commands := strings.ReplaceAll(docs[kind].command, ", ", "`, `")
		fmt.Fprintf(&b, "| [%s](%s.schema.json) | `%s` |\n", kind, kind, commands)
	}
	return b.String()
}

// TestSchemas compares the published JSON Schemas with the types; "-update"
// writes them.
func TestSchemas(t *testing.T) {
	t.Parallel()
	docs := documents()
	comments, err := schema.ReadComments(filepath.Join("..", ".."), module, schema.PackagesOf(module, types(docs)...)...)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "docs", "reference", "schemas")
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{"README.md": true, "Version.schema.json": true} // that of a command
	withVersion := maps.Clone(docs)
	withVersion["Version"] = document{command: "kratix version"}
	compareFile(t, filepath.Join(dir, "README.md"), []byte(list(withVersion)))
	for kind, doc := range docs {
		data, err := schema.JSON(doc.of, kind, comments)
		if err != nil {
			t.Fatal(err)
		}
		name := kind + ".schema.json"
		want[name] = true
		compareFile(t, filepath.Join(dir, name), data)
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
