// SPDX-License-Identifier: Apache-2.0

package yamldoc_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// adversarial is a Promise written by several people with several editors.
const adversarial = "# The header of the file\n# has two lines.\n---\n" + `apiVersion: platform.kratix.io/v1alpha1
kind:       Promise                  # aligned
metadata:   { name: "x",   labels: {kratix.io/promise-version:   'v0.0.1'} }   # flow
x-shared: &shared {cpu: 1, memory: 1Gi}
x-list: &list
    - a
    -   b
spec:
    destinationSelectors:
      - matchLabels: {environment: dev}

      # the second
      - matchLabels:
            region:   eu        # aligned
            zone:     "1"       # with this
    api:
       kind:   CustomResourceDefinition
       spec: {group: acme.org,
         names: {kind: Thing, plural: things}, # names
         scope: "Namespaced",
         }
       versions:
       - name: v1
         description: >-
            folded
            text: with # signs

            and paragraphs
         script: |
             #!/bin/sh
             cat <<EOF
               - not: a list
             EOF

         literal: |2
             indented more
           than this
         quoted: "over
   several \"lines\" # no comment
     of text"
         single: 'it''s
           two'
         plain: words
           on two lines
         empty:
         nothing: ~
         tagged: !!str 012
         hex: 0x1F
         list: []
         map: {}
         limits: *shared
         merged:
           <<: *shared
           cpu: 2
         # comment of v2
       - {name: v2, list: [1, 2,
           3], other: *list}
       -
         name: v3
         matrix:
         - - 1
           - 2
         - - 3
    # trailing comment of spec
# foot of the file
`

// FuzzEdit checks what every edit promises, on any text: it is refused, or the
// value is changed as it was asked to be, and no line is changed on which
// something else is written.
func FuzzEdit(f *testing.F) {
	seeds := []string{
		adversarial, strings.ReplaceAll(adversarial, "\n", "\r\n"), strings.TrimSuffix(adversarial, "\n"),
		"a:\n  b: |+\n    c\n\n\n  d: 1\n# e\n", "- - - a\n    - b\n  - c\n- d\n", "? a\n: b\n? [c]\n: d\n", "{a: [b, {c: d}, ], e: }\n",
		"a: 1\n---\n# b\nb:\n- 1 # one\n-\n- ~\n...\n---\nc: 1\n", "\ufeffa: &x\n  b: 1\nc: *x\n", "a:\n-\tb\n- \"c\":\t1\n",
	}
	promises, _ := filepath.Glob("../promise/testdata/promises/*.yaml")
	for _, file := range promises {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, string(data))
	}
	for _, seed := range seeds {
		for kind := range uint8(6) {
			for at := uint16(1); at < 200; at += 23 {
				f.Add([]byte(seed), at+uint16(kind), kind)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, at uint16, kind uint8) {
		docs, err := yamldoc.Parse("f", text)
		if err != nil || docs[0].Empty() {
			return
		}
		var root yaml.Node
		if err := yaml.Unmarshal(text, &root); err != nil || len(root.Content) == 0 {
			return
		}
		targets := targetsIn(root.Content[0], "", 0, false, nil)
		if len(targets) == 0 {
			return
		}
		target := targets[int(at)%len(targets)]
		edited, err := tryEdit(docs[0], target, kind%6)
		if err != nil {
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("error of class %d: %v", diag.ExitCode(err), err)
			}
			return
		}
		again, err := yamldoc.Parse("f", edited.Bytes())
		if err != nil {
			t.Fatalf("edited file: %v\n%s", err, edited.Bytes())
		}
		if diff := cmp.Diff(edited.Value(), again[0].Value()); diff != "" {
			t.Errorf("value (-want +got):\n%s", diff)
		}
		first, last := changedRange(text, edited.Bytes(), slices.Min(slices.Collect(maps.Keys(target.lines))))
		for line := range occupied(root.Content[0], target) {
			kept := target.lines[line] || target.inline && keptText(text, line, edited.Bytes())
			if line >= first && line <= last && !kept {
				t.Fatalf("edit %d of %s changes line %d:\nbefore:\n%s\nafter:\n%s", kind%6, target.path, line, text, edited.Bytes())
			}
		}
	})
}

// A target is what an edit is tried on.
type target struct {
	path  string
	key   *yaml.Node // nil for an item
	value *yaml.Node
	lines map[int]bool // that its own nodes begin on
	// It is between brackets or behind a dash: what is next to it may take its
	// line, or leave it a comma.
	inline bool
}

// keptText says that the text of a line is still somewhere.
func keptText(text []byte, line int, after []byte) bool {
	lines := bytes.Split(text, []byte("\n"))
	return bytes.Contains(after, bytes.Trim(lines[line-1], " \t\r,"))
}

// targetsIn lists the keys and items below a node, whose own key is on the line
// above. That line changes too where the only one of them goes.
func targetsIn(n *yaml.Node, path string, above int, item bool, targets []target) []target {
	only := len(n.Content) == 1 || len(n.Content) == 2 && n.Kind == yaml.MappingNode
	flow := n.Style&yaml.FlowStyle != 0
	add := func(path string, key, value *yaml.Node, inline bool) {
		t := target{path, key, value, map[int]bool{}, inline}
		if key != nil {
			t.lines[key.Line] = true
		}
		if only {
			t.lines[above] = true
		}
		begins(value, t.lines)
		line := value.Line
		if key != nil {
			line = key.Line
		}
		targets = targetsIn(value, path, line, key == nil || flow, append(targets, t))
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; key.Kind == yaml.ScalarNode && key.Tag == "!!str" && key.Value != "" {
				add(yamldoc.Join(path, key.Value), key, n.Content[i+1], flow || item && i == 0)
			}
		}
	case yaml.SequenceNode:
		for i, inner := range n.Content {
			add(yamldoc.Index(path, i), nil, inner, flow || item && i == 0)
		}
	}
	return targets
}

// begins notes the lines that the nodes below n begin on.
func begins(n *yaml.Node, lines map[int]bool) {
	lines[n.Line] = true
	for _, inner := range n.Content {
		begins(inner, lines)
	}
}

// occupied gives the lines that scalars other than the target begin on.
func occupied(n *yaml.Node, t target) map[int]bool {
	lines := map[int]bool{}
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if n == t.key || n == t.value {
			return
		}
		if n.Kind == yaml.ScalarNode && n.Value != "" {
			lines[n.Line] = true
		}
		for _, inner := range n.Content {
			visit(inner)
		}
	}
	visit(n)
	return lines
}

// tryEdit makes one edit of six kinds.
func tryEdit(d *yamldoc.Document, t target, kind uint8) (*yamldoc.Document, error) {
	switch kind {
	case 0:
		return d.Delete(t.path)
	case 1:
		return d.Rename(t.path, "renamed-key")
	case 2:
		return d.Set(t.path, "some text, with: marks")
	case 3:
		return d.Set(t.path, yamldoc.Map{{Key: "new", Value: []any{1, "two\nlines\n"}}})
	case 4:
		return d.Set(t.path, []any{yamldoc.Map{{Key: "name", Value: "n"}, {Key: "x", Value: nil}}})
	default:
		return d.Set(t.path, nil)
	}
}

// changedRange gives the lines of a text, counted from 1, that an edit did not
// keep: what is between the longest common beginning and the longest common
// end. The beginning ends at the line of the target: what follows it may begin
// in the same way.
func changedRange(before, after []byte, target int) (first, last int) {
	if eol := "\n"; !bytes.HasSuffix(before, []byte(eol)) {
		if bytes.Contains(before, []byte("\r\n")) {
			eol = "\r\n"
		}
		before, after = append(bytes.Clone(before), eol...), append(bytes.Clone(after), eol...)
	}
	a, b := bytes.SplitAfter(before, []byte("\n")), bytes.SplitAfter(after, []byte("\n"))
	first, last = 1, len(a)
	for first < target && len(a) > 0 && len(b) > 0 && bytes.Equal(a[0], b[0]) {
		a, b = a[1:], b[1:]
		first++
	}
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
		last--
	}
	return first, last
}
