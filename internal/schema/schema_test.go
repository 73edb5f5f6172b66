// SPDX-License-Identifier: Apache-2.0

package schema_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/schema"
)

// A base is embedded.
type base struct {
	Kind string `json:"kind"`
	Note string `json:"note"` // hidden
}

type node struct {
	base

	Note     *int              `json:"note"`
	Next     *node             `json:"next,omitempty"`
	Severity diag.Severity     `json:"severity"`
	Labels   map[string]string `json:"labels"`
	Bytes    []byte            `json:"bytes,omitempty"`
	Inner    struct {
		OK bool `json:"ok"`
	} `json:"inner"`
	Any    any `json:"any"`
	Hidden int `json:"-"`
}

func TestOf(t *testing.T) {
	t.Parallel()
	module := "github.com/kratix-tools/kratix"
	comments, err := schema.ReadComments(filepath.Join("..", ".."), module, schema.PackagesOf(module, diag.Finding{})...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Of(node{}, "Node", comments)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	fields := `{"kind":{"type":"string"},"note":{"type":["integer","null"]},"next":{"$ref":"#/$defs/schema_test.node"},` +
		`"severity":{"type":"string","enum":["error","warning","note"]},` +
		`"labels":{"type":"object","additionalProperties":{"type":"string"}},"bytes":{"type":"string","contentEncoding":"base64"},` +
		`"inner":{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]},"any":{}}`
	var want, got map[string]any
	for text, into := range map[string]*map[string]any{string(data): &got, `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id": "https://raw.githubusercontent.com/kratix-tools/kratix/main/docs/reference/schemas/Node.schema.json",
		"title": "Node", "type": "object", "properties": ` + fields + `,
		"required": ["kind", "note", "severity", "labels", "inner", "any"],
		"$defs": {"schema_test.node": {"type": "object", "properties": ` + fields + `,
			"required": ["kind", "note", "severity", "labels", "inner", "any"]}}}`: &want} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	if properties, ok := want["properties"].(map[string]any); ok {
		properties["kind"] = map[string]any{"const": "Node"}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTypesThatWriteThemselvesAreRefused(t *testing.T) {
	t.Parallel()
	type document struct{ Number json.Number }
	if _, err := schema.Of(document{}, "Document", &schema.Comments{}); err != nil {
		t.Errorf("a number is a string: %v", err)
	}
	type hidden struct{ Function func() }
	if _, err := schema.Of(hidden{}, "Hidden", &schema.Comments{}); err == nil {
		t.Error("a function cannot be JSON")
	}
	type own struct{ Time marshaler }
	if _, err := schema.Of(own{}, "Own", &schema.Comments{}); err == nil {
		t.Error("nobody knows what it writes")
	}
}

type marshaler struct{}

func (marshaler) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func TestStrict(t *testing.T) {
	t.Parallel()
	object := map[string]any{"properties": map[string]any{"a": map[string]any{"properties": map[string]any{}}}}
	got := schema.Strict(map[string]any{"anyOf": []any{object}})
	inner := map[string]any{"a": map[string]any{"properties": map[string]any{}, "additionalProperties": false}}
	want := map[string]any{"anyOf": []any{map[string]any{"properties": inner, "additionalProperties": false}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
