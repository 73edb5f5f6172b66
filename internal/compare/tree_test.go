// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func jsonNumber(s string) json.Number { return json.Number(s) }

// files makes a tree of files from names and contents.
func files(namesAndContents ...string) fstest.MapFS {
	tree := fstest.MapFS{}
	for i := 0; i < len(namesAndContents); i += 2 {
		tree[namesAndContents[i]] = &fstest.MapFile{Data: []byte(namesAndContents[i+1])}
	}
	return tree
}

func compareTrees(t *testing.T, expected, actual fs.FS, rules Rules) []FileDiff {
	t.Helper()
	diffs, err := Trees(Where{Area: AreaOutput}, expected, actual, rules)
	if err != nil {
		t.Fatal(err)
	}
	return diffs
}

// show writes differences as a terminal would.
func show(diffs []FileDiff) string {
	var b strings.Builder
	for _, d := range diffs {
		b.WriteString(string(d.Change) + " " + d.Name())
		if d.Object != nil {
			b.WriteString(" " + d.Object.String())
		}
		b.WriteString(": " + d.Summary() + "\n")
		if d.Note != "" {
			b.WriteString("note: " + d.Note + "\n")
		}
		for _, h := range d.Hunks {
			b.WriteString("@@ " + h.At + " @@")
			if h.Object != nil {
				b.WriteString(" " + h.Object.String())
			}
			b.WriteString("\n" + strings.Join(h.Lines, "\n") + "\n")
		}
	}
	return b.String()
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {namespace: default, name: orders-db, labels: {app: db}}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: postgres
        image: postgres:16
        env:
        - {name: A, value: a}
        - {name: B, value: b}
        resources:
          limits:
            cpu: "1"
            memory: 512Mi
      - name: metrics
        image: exporter:1
`

func TestDiffOfDocuments(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, from, to, want string }{
		{"a scalar stands with its siblings", "memory: 512Mi", "memory: 1Gi", `
modified output/d.yaml Deployment default/orders-db: 1 field: resources.limits.memory 512Mi -> 1Gi
@@ spec.template.spec.containers[name=postgres].resources.limits @@
 cpu: "1"
-memory: 512Mi
+memory: 1Gi
`},
		{"text that looks like a number keeps its quotes", `cpu: "1"`, `cpu: 1`, `
modified output/d.yaml Deployment default/orders-db: 1 field: resources.limits.cpu "1" -> 1
@@ spec.template.spec.containers[name=postgres].resources.limits @@
-cpu: "1"
+cpu: 1
 memory: 512Mi
`},
		{"an item by its merge key", "{name: B, value: b}", "{name: B, value: c}", `
modified output/d.yaml Deployment default/orders-db: 1 field: containers[name=postgres].env[name=B].value b -> c
@@ spec.template.spec.containers[name=postgres].env[name=B] @@
 name: B
-value: b
+value: c
`},
		{"an item that is gone", "        - {name: B, value: b}\n", "", `
modified output/d.yaml Deployment default/orders-db: 1 field: spec.containers[name=postgres].env[name=B] removed: {"name":"B","value":"b"}
@@ spec.template.spec.containers[name=postgres].env @@
 - name: A ...
-- name: B
-  value: b
`},
		{"an item that was renamed", "name: metrics", "name: stats", `
modified output/d.yaml Deployment default/orders-db: 1 field: spec.containers[1].name metrics -> stats
@@ spec.template.spec.containers[1] @@
-name: metrics
+name: stats
 image: exporter:1
`},
		{"items in another order", "{name: A, value: a}\n        - {name: B, value: b}", "{name: B, value: b}\n        - {name: A, value: a}", `
modified output/d.yaml Deployment default/orders-db: 1 field: spec.containers[name=postgres].env order ["A","B"] -> ["B","A"]
@@ spec.template.spec.containers[name=postgres].env @@
-[A, B]   (order)
+[B, A]   (order)
 - name: A ...
 - name: B ...
`},
		{"a key with dots stands in brackets", "app: db", "app: db, kratix.io/x: z", `
modified output/d.yaml Deployment default/orders-db: 1 field: metadata.labels["kratix.io/x"] added: z
@@ metadata.labels @@
 app: db
+kratix.io/x: z
`},
		{"a value of another kind", "        image: exporter:1", "        image: {name: exporter}", `
modified output/d.yaml Deployment default/orders-db: 1 field: spec.containers[name=metrics].image exporter:1 -> {"name":"exporter"}
@@ spec.template.spec.containers[name=metrics] @@
 name: metrics
-image: exporter:1
+image:
+  name: exporter
`},
		{"the object itself", "kind: Deployment", "kind: StatefulSet", `
modified output/d.yaml Deployment default/orders-db: 1 field: kind Deployment -> StatefulSet
@@  @@
 apiVersion: apps/v1
-kind: Deployment
+kind: StatefulSet
 metadata: ...
 spec: ...
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(deployment, tt.from, tt.to, 1)
			got := show(compareTrees(t, files("d.yaml", deployment), files("d.yaml", changed), Rules{}))
			if d := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestDiffOfFiles(t *testing.T) {
	t.Parallel()
	multi := "kind: A\nmetadata: {name: a}\nx: 1\n---\nkind: B\nmetadata: {name: b}\nz: 1\n"
	tests := []struct {
		name             string
		expected, actual fs.FS
		want             string
	}{
		{"no trees at all", nil, nil, ""},
		{
			"a file that was not expected", nil, files("debug.txt", "0123456789abcdef\n"),
			"added output/debug.txt: 17 B\n",
		},
		{
			"a file that did not come out", files("ns.yaml", "kind: Namespace\nmetadata: {name: x}\n"), nil,
			"removed output/ns.yaml Namespace x: 36 B\n",
		},
		{
			"text by lines", files("a/b.sh", "one\ntwo\nthree\n"), files("a/b.sh", "one\n2\nthree\n"),
			"modified output/a/b.sh: 14 B -> 12 B\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n",
		},
		{"bytes that are no text", files("a", "\x00\x01"), files("a", "\x00\x02"), "modified output/a: 2 B -> 2 B\n"},
		{
			"documents in another order", files("m.yaml", multi),
			files("m.yaml", "kind: B\nmetadata: {name: b}\nz: 1\n---\nkind: A\nmetadata: {name: a}\nx: 1\n"), "",
		},
		{
			"one of several documents", files("m.yaml", multi), files("m.yaml", strings.Replace(multi, "z: 1", "z: 2", 1)),
			"modified output/m.yaml: 1 field: z 1 -> 2\n@@  @@ B b\n kind: B\n metadata: ...\n-z: 1\n+z: 2\n",
		},
		{
			"a document that is gone", files("m.yaml", multi), files("m.yaml", multi[:strings.Index(multi, "---")]),
			"modified output/m.yaml: 1 field: removed: {\"kind\":\"B\",\"metadata\":{\"name\":\"b\"},\"...\n" +
				"@@  @@ B b\n-kind: B\n-metadata:\n-  name: b\n-z: 1\n",
		},
		{
			"a text inside a document by lines", files("c.yaml", "data:\n  f: |\n    one\n    two\n    three\n"),
			files("c.yaml", "data:\n  f: |\n    one\n    2\n    three\n"),
			"modified output/c.yaml: 1 field: data.f \"one\\ntwo\\nthree\\n\" -> \"one\\n2\\nthree\\n\"\n" +
				"@@ data @@\n f: |\n   one\n-  two\n+  2\n   three\n",
		},
		{
			"YAML that cannot be read", files("a.yaml", "a: 1\n"), files("a.yaml", "a: [\n"),
			"modified output/a.yaml: 5 B -> 5 B\n" +
				"note: compared by bytes: yaml: line 1: did not find expected node content\n@@ -1,1 +1,1 @@\n-a: 1\n+a: [\n",
		},
		{
			"a link that leads nowhere", files("a", "x"),
			fstest.MapFS{"a": {Data: []byte("gone"), Mode: fs.ModeSymlink}},
			"modified output/a: 1 B -> 0 B\nnote: a link that leads nowhere: Kratix' work-writer fails on it\n",
		},
		{
			"a link to a file is that file", files("a", "x", "b", "x"),
			fstest.MapFS{"a": {Data: []byte("b"), Mode: fs.ModeSymlink}, "b": {Data: []byte("x")}},
			"",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tt.want, show(compareTrees(t, tt.expected, tt.actual, Rules{}))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// rules makes rules from short notations.
type notation struct {
	ignore  []string // path
	redact  []string // regex, replacement
	path    string   // to be redacted
	partial string
	bytes   string
	files   string
}

func (n notation) rules(t *testing.T) Rules {
	t.Helper()
	glob := func(pattern string) Glob {
		g, err := ParseGlob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	if n.files == "" {
		n.files = "**"
	}
	path := func(text string) Path {
		p, err := ParsePath(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	r := Rules{Partial: []Glob{glob(n.partial)}, Modes: []ModeOf{{glob(n.bytes), ByBytes}}}
	for _, text := range n.ignore {
		r.Ignore = append(r.Ignore, Ignore{glob(n.files), path(text)})
	}
	for i := 0; i < len(n.redact); i += 2 {
		r.Redact = append(r.Redact, Redact{Files: glob(n.files), Regex: regexp.MustCompile(n.redact[i]), As: n.redact[i+1]})
	}
	if n.path != "" {
		r.Redact = append(r.Redact, Redact{Files: glob(n.files), Path: path(n.path), As: "<value>"})
	}
	return r
}

func TestRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name             string
		file             string
		expected, actual string
		rules            notation
		same             bool
	}{
		{"an ignored key", "a.yaml", `a: {build-id: 1, b: 2}`, `a: {build-id: 9, b: 2}`, notation{ignore: []string{`.a["build-id"]`}}, true},
		{"its siblings count", "a.yaml", `a: {build-id: 1, b: 2}`, `a: {build-id: 9, b: 3}`, notation{ignore: []string{`.a["build-id"]`}}, false},
		{"an ignored key leaves no empty parent", "a.yaml", `b: 2`, `{a: {build-id: 9}, b: 2}`, notation{ignore: []string{`.a["build-id"]`}}, true},
		{"but what was not on the way stays", "a.yaml", `b: {}`, `c: 1`, notation{ignore: []string{`.c`}}, false},
		{"every item, but not what is beside it", "a.yaml", `a: [{b: 1, c: 1}, {b: 2}]`, `a: [{b: 3, c: 2}, {b: 4}]`, notation{ignore: []string{`a[*].b`}}, false},
		{"every item, whole", "a.yaml", `a: [{b: 1, c: 1}, {b: 2, c: 2}]`, `a: [{b: 3, c: 1}, {b: 4, c: 2}]`, notation{ignore: []string{`a[*].b`}}, true},
		{"an item by position", "a.yaml", `a: [1, 2]`, `a: [9, 2]`, notation{ignore: []string{`a[0]`}}, true},
		{"an item by a field", "a.yaml", `a: [{name: x, v: 1}]`, `a: [{name: x, v: 2}]`, notation{ignore: []string{`a[name=x].v`}}, true},
		{"another item by a field", "a.yaml", `a: [{name: y, v: 1}]`, `a: [{name: y, v: 2}]`, notation{ignore: []string{`a[name=x].v`}}, false},
		{"only in some files", "a.yaml", `a: 1`, `a: 2`, notation{ignore: []string{"a"}, files: "metadata/**"}, false},
		{"in every document", "a.yaml", "a: 1\n---\na: 2", "a: 3\n---\na: 4", notation{ignore: []string{"a"}}, true},
		{"redacted inside a text", "a.yaml", `i: x@sha256:aa`, `i: x@sha256:bb`, notation{redact: []string{`sha256:[0-9a-f]+`, "<digest>"}}, true},
		{"redacted by line, plain", "a.yaml", `{password: a, b: 1}`, `{b: 1, password: b}`, notation{redact: []string{`password: .*`, "<password>"}}, true},
		{"redacted by line, as quoted", "a.yaml", `password: "a"`, `password: "b"`, notation{redact: []string{`password: "[^"]*"`, "<password>"}}, true},
		{"the key is not redacted away", "a.yaml", `password: a`, `token: a`, notation{redact: []string{`password: .*`, "<password>"}}, false},
		{"a match in the key only is none", "a.yaml", `password: a`, `password: b`, notation{redact: []string{`password`, "x"}}, false},
		{"redacted lines of JSON", "a.json", `{"password": "a"}`, `{"password":"b"}`, notation{redact: []string{`"password": "[^"]*"`, "<p>"}}, true},
		{"redacted in other files", "a.txt", "password: a\nx", "password: b\nx", notation{redact: []string{`password: .*`, "<p>"}}, true},
		{"redacted with a group", "a.txt", "pw=a", "pw=b", notation{redact: []string{`(pw)=.*`, "$1=<p>"}}, true},
		{"redacted by path", "a.yaml", "a: {b: 1}", "a: {b: [2]}", notation{path: "a.b"}, true},
		{"redacted is not absent", "a.yaml", "a: {b: 1}", "a: {}", notation{path: "a.b"}, false},
		{"bytes on request", "a.yaml", "a: 1", "a:  1", notation{bytes: "output/*.yaml"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Same(Where{Area: AreaOutput}, tt.file, []byte(tt.expected), []byte(tt.actual), tt.rules.rules(t))
			if got != tt.same {
				t.Errorf("Same = %v, want %v", got, tt.same)
			}
		})
	}
}

func TestWhatIsRedactedIsNotShown(t *testing.T) {
	t.Parallel()
	rules := notation{redact: []string{`password: .*`, "<password>"}, ignore: []string{"b"}}.rules(t)
	diffs := compareTrees(t,
		files("a.yaml", "password: hunter1\nb: hidden\nc: 1\n", "b.txt", "password: hunter1\nx\n"),
		files("a.yaml", "password: hunter2\nb: secret\nc: 2\n", "b.txt", "password: hunter2\ny\n"), rules)
	encoded, err := json.Marshal(diffs)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"hunter", "hidden", "secret"} {
		if strings.Contains(string(encoded)+show(diffs), word) {
			t.Errorf("%q is shown in\n%s", word, encoded)
		}
	}
	if len(diffs) != 2 {
		t.Errorf("%d files differ, want 2", len(diffs))
	}
}

func TestPartialAllowsMoreButNotLess(t *testing.T) {
	t.Parallel()
	rules := notation{partial: "output/x/**"}.rules(t)
	got := show(compareTrees(t, files("x/a", "1", "x/b", "1"), files("x/a", "1", "x/c", "1", "y", "1"), rules))
	if d := cmp.Diff("removed output/x/b: 1 B\nadded output/y: 1 B\n", got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"output/**/*.yaml", "output/a.yaml", true},
		{"output/**/*.yaml", "output/a/b/c.yaml", true},
		{"output/**/*.yaml", "metadata/a.yaml", false},
		{"output/*.yaml", "output/a/b.yaml", false},
		{"*.yaml", "output/a/b.yaml", true},
		{"**", "output/a", true},
		{"metadata/**", "metadata/status.yaml", true},
		{"metadata/**", "metadata", true},
		{"", "a", false},
	}
	for _, tt := range tests {
		g, err := ParseGlob(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Match(tt.name); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
	if _, err := ParseGlob("output/[a"); err == nil {
		t.Error("a pattern that is never closed is accepted")
	}
}

func TestRulesSpeakOfOnePipelineOrOfAll(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{"output/a": true, "one/output/a": true, "two/output/a": false} {
		g, _ := ParseGlob(pattern)
		if got := g.matchAny(Where{Pipeline: "one", Area: AreaOutput}.names("a")); got != want {
			t.Errorf("%q selects output/a of pipeline one: %v, want %v", pattern, got, want)
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":           "empty path",
		".":          "empty path",
		"a..b":       `path "a..b": at "..b": a key is missing`,
		"a[":         `path "a[": at "[": "]" is missing`,
		"a[x]":       `path "a[x]": at "[x]": want a position, "*", a quoted key or field=value in brackets, not "x"`,
		`a["b]`:      `path "a[\"b]": at "[\"b]": the closing quote is missing`,
		"a[-1]":      `path "a[-1]": at "[-1]": want a position, "*", a quoted key or field=value in brackets, not "-1"`,
		"a[0]b":      `path "a[0]b": at "b": want "." or "["`,
		"a[name=x":   `path "a[name=x": at "[name=x": "]" is missing`,
		`a['b']['c`:  `path "a['b']['c": at "['c": the closing quote is missing`,
		`a["\q"]`:    `path "a[\"\\q\"]": at "[\"\\q\"]": the closing quote is missing`,
		`a[name="x]`: `path "a[name=\"x]": at "[name=\"x]": the closing quote is missing`,
	} {
		_, err := ParsePath(text)
		if err == nil || err.Error() != want {
			t.Errorf("ParsePath(%q) = %v, want %s", text, err, want)
		}
	}
}
