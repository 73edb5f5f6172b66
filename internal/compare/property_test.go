// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/yaml"
)

// A generator makes documents at random.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 1))} }

func (g generator) pick(words ...string) string { return words[g.IntN(len(words))] }

// document makes a Kubernetes object or, now and then, something else.
func (g generator) document(i int) *value {
	if g.IntN(5) == 0 {
		return g.value(3, "")
	}
	v := g.object(3)
	meta := &value{kind: object, fields: map[string]*value{}}
	meta.set("name", newText(fmt.Sprint("o", i)))
	for key, field := range map[string]*value{"apiVersion": newText("v1"), "kind": newText(g.pick("A", "B")), "metadata": meta} {
		if v.fields[key] == nil {
			v.keys = append(v.keys, key)
		}
		v.fields[key] = field
	}
	return v
}

func (g generator) value(depth int, name string) *value {
	switch n := g.IntN(8); {
	case depth > 0 && n < 3:
		return g.object(depth - 1)
	case depth > 0 && n < 5:
		v := &value{kind: list}
		for range 1 + g.IntN(4) {
			v.items = append(v.items, g.item(depth-1, name))
		}
		return v
	default:
		return g.scalar()
	}
}

// item makes an item of a list, with a name where Kubernetes would have one.
func (g generator) item(depth int, name string) *value {
	if mergeKeys(name) == nil {
		return g.value(depth, "")
	}
	v := g.object(depth)
	if v.fields["name"] == nil {
		v.keys = append(v.keys, "name")
	}
	v.fields["name"] = newText(fmt.Sprint("n", g.IntN(20)))
	return v
}

func (g generator) object(depth int) *value {
	v := &value{kind: object, fields: map[string]*value{}}
	for range 1 + g.IntN(4) {
		key := g.pick("containers", "env", "spec", "a.b/c", "name", "1", "true", "on", "x y", "*", `q"[`, "é", "data", "#")
		if v.fields[key] == nil {
			v.set(key, g.value(depth, key))
		}
	}
	return v
}

func (g generator) scalar() *value {
	switch g.IntN(6) {
	case 0:
		return &value{kind: null}
	case 1:
		return &value{kind: boolean, text: g.pick("true", "false")}
	case 2:
		return &value{kind: number, text: g.pick("0", "1", "-1", "2.5", "1e+30", "18446744073709551616", ".inf", ".nan")}
	default:
		return newText(g.pick("", "a", "1", "1.0", "yes", "y", "null", "~", "true", "- a", "a: b", "# c", " a", "a ", "a\nb\n", "\n",
			"2001-01-01", "0x10", "!x", "*a", "é", "\ttab", "a\n\n  b", "'", `"`, "[", "{}", "@", "%", "=", "<<", "a #b", "\u2028", "0777", "1_0"))
	}
}

// write writes documents, each in a style of its own.
func (g generator) write(docs []*value) string {
	var b strings.Builder
	for _, doc := range docs {
		n := doc.node()
		g.restyle(n)
		text, err := yaml.Marshal(n)
		if err != nil {
			panic(err)
		}
		b.WriteString("---\n" + string(text))
	}
	return b.String()
}

// restyle quotes, flows and comments at random, and reorders keys.
func (g generator) restyle(n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+3 < len(n.Content); i += 2 {
			if g.IntN(2) == 0 {
				c := n.Content
				c[i], c[i+1], c[i+2], c[i+3] = c[i+2], c[i+3], c[i], c[i+1]
			}
		}
	case yaml.ScalarNode:
		if n.Tag == "!!str" && g.IntN(2) == 0 {
			n.Style = []yaml.Style{yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle}[g.IntN(2)]
		}
		return
	}
	if g.IntN(4) == 0 {
		n.Style = yaml.FlowStyle
	} else if g.IntN(4) == 0 && len(n.Content) > 0 {
		n.HeadComment = "# a comment"
	}
	for _, child := range n.Content {
		g.restyle(child)
	}
}

// documents makes the documents of a file. At most one of them is no object,
// since only objects can be told apart in another order.
func (g generator) documents() []*value {
	var docs []*value
	for i := range 1 + g.IntN(4) {
		doc := g.document(i)
		if doc.kind == null || objectOf(doc) == nil && slices.ContainsFunc(docs, func(d *value) bool { return objectOf(d) == nil }) {
			continue
		}
		docs = append(docs, doc)
	}
	return docs
}

func TestStyleAndOrderNeverDiffer(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		g := newGenerator(seed)
		docs := g.documents()
		a := g.write(docs)
		g.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
		b := g.write(docs)
		if got := show(compareTrees(t, files("a.yaml", a), files("a.yaml", b), Rules{})); got != "" {
			t.Fatalf("seed %d: files differ:\n%s\n=====\n%s\n=====\n%s", seed, a, b, got)
		}
	}
}

// A leaf is a scalar with the steps that lead to it.
type leaf struct {
	doc   int
	steps []string
	v     *value
}

func leaves(doc int, steps []string, v *value) []leaf {
	var out []leaf
	switch v.kind {
	case object:
		for _, key := range v.keys {
			out = append(out, leaves(doc, append(slices.Clone(steps), key), v.fields[key])...)
		}
	case list:
		for i, item := range v.items {
			out = append(out, leaves(doc, append(slices.Clone(steps), strconv.Itoa(i)), item)...)
		}
	default:
		out = append(out, leaf{doc, steps, v})
	}
	return out
}

func TestOneChangedScalarIsOneFieldWithItsPath(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		g := newGenerator(seed)
		docs := g.documents()
		var all []leaf
		for i, doc := range docs {
			all = append(all, leaves(i, nil, doc)...)
		}
		if len(all) == 0 {
			continue
		}
		before := g.write(docs)
		changed := all[g.IntN(len(all))]
		was := *changed.v
		*changed.v = *newText("changed")
		after := g.write(docs)
		diffs := compareTrees(t, files("a.yaml", before), files("a.yaml", after), Rules{})
		if len(diffs) != 1 || len(diffs[0].Fields) != 1 {
			t.Fatalf("seed %d: want one field at %q:\n%s\n=====\n%s", seed, changed.steps, before, show(diffs))
		}
		field := diffs[0].Fields[0]
		if d := cmp.Diff([]any{was.plain(), "changed"}, []any{field.Expected, field.Actual}); d != "" {
			t.Fatalf("seed %d: values (-want +got):\n%s", seed, d)
		}
		// The path is right if it leads to the value, and can be pasted into
		// a rule that ignores it.
		if field.Path != "" && !pathSelects(t, field.Path, docs[changed.doc], changed.v) {
			t.Fatalf("seed %d: path %s does not lead to %q in\n%s", seed, field.Path, changed.steps, after)
		}
	}
}

// pathSelects reports whether a path selects the value v in doc. Reordering
// of keys is of no concern: values are told apart by identity.
func pathSelects(t *testing.T, text string, doc, v *value) bool {
	t.Helper()
	p, err := ParsePath(text)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	doc.edit(p.steps, func(at *value) *value {
		found = found || at == v
		return at
	})
	return found
}

func TestAcceptedIsClean(t *testing.T) {
	t.Parallel()
	rules := notation{
		redact: []string{`data: .*`, "<data>", `a+`, "aa", `[0-9]+`, "<n>"},
		ignore: []string{"spec", "env[*].name", `["a.b/c"]`}, partial: "output/p/**",
	}.rules(t)
	where := Where{Area: AreaOutput}
	for seed := range uint64(80) {
		g := newGenerator(seed)
		expected := files("a.yaml", g.write(g.documents()), "gone.txt", "1", "p/a", "1")
		actual := files("a.yaml", g.write(g.documents()), "b/c.bin", "\x00\xff", "p/a", "2", "p/b", "3", "x.json", `{"data":"a1","spec":1}`)
		accepted, err := Accept(where, expected, actual, rules)
		if err != nil {
			t.Fatal(err)
		}
		tree := files()
		for name, data := range accepted {
			tree[name] = files(name, string(data))[name]
		}
		if got := show(compareTrees(t, tree, actual, rules)); got != "" {
			t.Fatalf("seed %d: still differs:\n%s", seed, got)
		}
	}
}

// TestValuesAreThoseOfKubernetes holds our reading of YAML against the one
// that the API server and Kratix use.
func TestValuesAreThoseOfKubernetes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"y: 1", "a: y", "a: yes", "a: Off", "on: 1", "a: 0o17", "a: 017", "a: 1_000", "a: 2001-01-01", "1.0: a",
		"a: !!binary aGk=", "a: 1e3", "a: 0b1", "a: 09", "a: +1", "a: .5", "a: 1.", "a: ~", "a:", "a: Null", "a: TRUE",
		`a: "yes"`, `a: 'y'`, "a: |\n  y", "a: 0x1F", "a: !!str 1", "a: 1.0.0", "a: -0", "a: 1:30", "a: 0.1",
	} {
		docs, err := parseYAML([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		ours, err := json.Marshal(docs[0].plain())
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := kyaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if string(ours) != string(theirs) {
			t.Errorf("%s: read as %s, Kubernetes reads %s", text, ours, theirs)
		}
	}
}

func FuzzAFileDoesNotDifferFromItself(f *testing.F) {
	for seed := range uint64(20) {
		g := newGenerator(seed)
		f.Add([]byte(g.write(g.documents())))
	}
	f.Add([]byte(bomb))
	f.Add([]byte("a: &x [*x]"))
	f.Add([]byte("a: 1e999999999\nb: -.inf\nc: !!float x\nd: !!bool x\n? [a]\n: b"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, name := range []string{"a.yaml", "a.json"} {
			docs, err := parse(name, content)
			if err != nil {
				continue
			}
			again := make([]*value, len(docs))
			for i, doc := range docs {
				again[i] = doc.clone()
			}
			var d FileDiff
			if d.documents(docs, again) {
				t.Errorf("%s differs from itself: %v", name, d.Fields)
			}
			if name == "a.json" {
				continue
			}
			written, err := renderYAML(docs)
			if err != nil {
				t.Fatal(err)
			}
			if !Same(Where{Area: AreaOutput}, name, content, written, Rules{}) {
				t.Errorf("written anew, it differs:\n%q\n%q", content, written)
			}
		}
	})
}
