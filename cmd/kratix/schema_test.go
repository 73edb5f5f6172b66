package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kratix-tools/kratix/internal/schema"
)

// answers are commands with the kinds of document that they print as JSON, in a
// copy of examples/postgres with the recorded platform in platform.yaml.
var answers = map[string][]string{
	"kratix cache list":                                               {"ImageCache"},
	"kratix cache prune --all --dry-run":                              {"ImageCachePrune"},
	"kratix diff work postgres-orders-db-instance-configure-78619 -f platform.yaml": {"WorkDiff"},
}

// schemas compiles the published schemas, closed.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "reference", "schemas", "*.schema.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	compiled := map[string]*jsonschema.Schema{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(file, schema.Strict(parsed)); err != nil {
			t.Fatal(err)
		}
		kind := strings.TrimSuffix(filepath.Base(file), ".schema.json")
		if compiled[kind], err = c.Compile(file); err != nil {
			t.Fatal(err)
		}
	}
	return compiled
}

// printed reads a stream of documents of the program, and is false if it is
// none.
func printed(stream []byte) ([]map[string]any, bool) {
	var docs []map[string]any
	decoder := json.NewDecoder(bytes.NewReader(stream))
	decoder.UseNumber()
	for {
		var doc map[string]any
		switch err := decoder.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return docs, len(docs) > 0
		case err != nil || doc["apiVersion"] != "cli.kratix.io/v1":
			return nil, false
		}
		docs = append(docs, doc)
	}
}

// TestScriptsFollowTheSchemas holds what the scripts print, as far as it is
// compared exactly, against the schemas. Every kind is in some script.
func TestScriptsFollowTheSchemas(t *testing.T) {
	t.Parallel()
	known := schemas(t)
	seen := map[string]bool{}
	scripts, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scripts {
		script, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range script.Files {
			docs, ok := printed(file.Data)
			if !ok {
				continue
			}
			for _, doc := range docs {
				kind, _ := doc["kind"].(string)
				seen[kind] = true
				if known[kind] == nil {
					t.Errorf("%s: %s: %q has no schema: add it to internal/view/schema_test.go", name, file.Name, kind)
				} else if err := known[kind].Validate(anyOf(doc)); err != nil {
					t.Errorf("%s: %s: %v", name, file.Name, err)
				}
			}
		}
	}
	for kind := range known {
		if !seen[kind] {
			t.Logf("no script prints a %s", kind)
		}
	}
}

func anyOf(doc map[string]any) any { return doc }

var _ = slices.Sort[[]string]
