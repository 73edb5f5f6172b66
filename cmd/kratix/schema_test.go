// SPDX-License-Identifier: Apache-2.0

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

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kratix-tools/kratix/internal/markdown"
	"github.com/kratix-tools/kratix/internal/schema"
)

// answers are commands that print all kinds of documents, in a copy of
// examples/postgres with the recorded platform in platform.yaml.
var answers = []string{
	"kratix version -o json",
	"kratix doctor -o json",
	"kratix test workflow -o json",
	"kratix test workflow -o ndjson",
	"kratix test workflow --dry-run -o json",
	"kratix test workflow --platform linux/riscv64 --build never --pull never --dry-run -o json",
	"kratix test schedule -o json",
	"kratix run workflow resource/configure -f tests/resource-configure/production-eu/request.yaml -o json",
	"kratix run workflow resource/configure -f tests/resource-configure/waits-for-approval/request.yaml -o json",
	"kratix run workflow resource/configure -f tests/resource-configure/refuses-production-without-backup/request.yaml -o json",
	"kratix run workflow promise/configure -o json",
	"kratix schedule -o json",
	"kratix schedule tests/resource-configure/production-eu --pipeline catalog -o json",
	"kratix schedule tests/resource-configure/waits-for-approval --pipeline instance -o json",
	"kratix explain permissions -o json",
	"kratix explain placement -f tests/resource-configure/production-eu -o json",
	"kratix explain placement -f tests/resource-configure/production-eu --destination eu-regulated --set-label eu-regulated:postgres=enabled -o json",
	"kratix explain placement vault/secrets -f platform.yaml -o json",
	"kratix explain placement webapp/blog -n team-a --destination worker-prod -f platform.yaml -o json",
	"kratix inspect works -A -f platform.yaml -o json",
	"kratix inspect workplacements -A -f platform.yaml -o json",
	"kratix inspect destinations -f platform.yaml -o json",
	"kratix inspect promises -f platform.yaml -o json",
	"for d in $(kratix inspect destinations -f platform.yaml -o name); do kratix inspect destination $d -f platform.yaml -o json; done",
	"for p in $(kratix inspect promises -f platform.yaml -o name); do kratix inspect promise $p -f platform.yaml -o json; done",
	"for n in default kratix-platform-system team-a team-b; do for w in $(kratix inspect works -n $n -f platform.yaml -o name); do kratix inspect work $w -n $n -f platform.yaml -o json; done; done",
	"for r in postgres/orders-db redis/cache webapp/shop kafka/events vault/secrets archive/cold sealed/never vm/vm-1 env/staging stack/full; do kratix inspect request $r -f platform.yaml -o json; done",
	"kratix inspect request vm/vm-2 -n team-a -f platform.yaml -o json",
	"kratix platform get resources webapp -f platform.yaml -o json",
	"kratix diff work archive-cold-instance-configure-55ebb -f platform.yaml -o json",
	"kratix cache list -o json",
	"kratix cache prune --all --dry-run -o json",
	"mkdir bin; printf '#!/bin/sh\\n' > bin/kratix-hello; chmod +x bin/*; PATH=$PWD/bin:$PATH kratix plugin list -o json",
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
		case err != nil:
			return nil, false
		}
		docs = append(docs, doc)
	}
}

// TestAnswersFollowTheSchemas holds what the program prints against the
// published schemas, every one of which has to be met at least once; and every
// command that can print JSON has to be tried.
func TestAnswersFollowTheSchemas(t *testing.T) {
	t.Parallel()
	if ok, err := condition("containers"); !ok || err != nil || testing.Short() {
		t.Skip("runs containers of Go stages")
	}
	s := newSession(t)
	s.answer(t, "cp -r $REPO/examples/postgres/. . && cp $REPO/testdata/live-platform/live.yaml platform.yaml")
	known, seen := schemas(t), map[string]bool{}
	for _, line := range answers {
		docs, ok := printed([]byte(s.stdout(t, line)))
		if !ok {
			t.Errorf("%s: no documents", line)
		}
		for _, doc := range docs {
			kind, _ := doc["kind"].(string)
			seen[kind] = true
			if known[kind] == nil {
				t.Errorf("%s: kind %q has no schema: add it to internal/view/schema_test.go", line, kind)
			} else if err := known[kind].Validate(doc); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	for kind := range known {
		if !seen[kind] {
			t.Errorf("nothing printed a %s", kind)
		}
	}
	for _, command := range printingJSON(t) {
		if !slices.ContainsFunc(answers, func(line string) bool { return strings.Contains(line, command) }) {
			t.Errorf("%s -o json was not tried", command)
		}
	}
}

// printingJSON lists the commands whose reference has -o json.
func printingJSON(t *testing.T) []string {
	t.Helper()
	var commands []string
	for _, name := range pages(t) {
		if !strings.HasPrefix(name, "docs/reference/commands/") {
			continue
		}
		usage := ""
		for _, p := range readPage(t, name) {
			if p.Kind != markdown.Fence {
				continue
			}
			if strings.HasSuffix(p.Body, "[flags]\n") {
				usage = p.Body
			}
			if strings.Contains(p.Body, "--output string") && strings.Contains(p.Body, "json") {
				commands = append(commands, command(usage))
			}
		}
	}
	return commands
}

// command is the words of a usage line that name the command.
func command(usage string) string {
	var words []string
	for word := range strings.FieldsSeq(usage) {
		if strings.ToLower(word) != word || strings.ContainsAny(word, "[(/") {
			break
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
