// SPDX-License-Identifier: Apache-2.0

package work_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/work"
)

func TestCompressGivesTheBytesOfKratix(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"hello": "H4sIAAAAAAAA/8pIzcnJBwQAAP//hqYQNgUAAAA=",
		"":      "H4sIAAAAAAAA/wEAAP//AAAAAAAAAAA=",
	} {
		if got := work.Compress([]byte(text)); got != want {
			t.Errorf("Compress(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestDecompress(t *testing.T) {
	t.Parallel()
	bomb := work.Compress(make([]byte, 1<<20))
	for name, tt := range map[string]struct {
		content string
		limit   int64
		want    string
		fails   bool
	}{
		"plain text of an old Work":              {content: "kind: ConfigMap\n", want: "kind: ConfigMap\n"},
		"plain text that is also base64":         {content: "abcd", want: "abcd"},
		"nothing":                                {content: ""},
		"as large as the limit":                  {content: work.Compress([]byte("hello")), limit: 5, want: "hello"},
		"larger than the limit":                  {content: bomb, limit: 1 << 10, fails: true},
		"plain text larger than the limit":       {content: "hello world", limit: 5, fails: true},
		"cut off":                                {content: bomb[:len(bomb)/2], fails: true},
		"gzip header and nothing else":           {content: "H4sI", fails: true},
		"a byte changed, so that the sum is off": {content: strings.Replace(work.Compress([]byte("hello")), "hqYQ", "hqYR", 1), fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := work.Decompress(tt.content, tt.limit)
			if (err != nil) != tt.fails {
				t.Fatalf("error %v", err)
			}
			if !tt.fails && string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := work.Decompress(bomb, 1<<10); !errors.Is(err, work.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

func FuzzDecompressOfCompressIsTheIdentity(f *testing.F) {
	f.Add([]byte("hello"))
	f.Add([]byte(""))
	f.Add([]byte{0x1f, 0x8b, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		content := work.Compress(data)
		got, err := work.Decompress(content, int64(len(data))+1)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("got %q, %v", got, err)
		}
		if work.Compress(data) != content {
			t.Error("the second time it is different")
		}
	})
}

func FuzzDecompressNeverPanics(f *testing.F) {
	f.Add("H4sI", int64(10))
	f.Add("kind: x", int64(0))
	f.Fuzz(func(t *testing.T, content string, limit int64) {
		data, err := work.Decompress(content, limit)
		if err == nil && limit > 0 && int64(len(data)) > limit {
			t.Errorf("%d bytes, limit %d", len(data), limit)
		}
	})
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	g := &api.WorkloadGroup{Workloads: []api.Workload{
		{Filepath: "a", Content: work.Compress([]byte("hello"))},
		{Filepath: "bad", Content: "H4sI"},
	}}
	got := work.Documents(g, 0)
	want := work.Document{Path: "a", Size: 5, SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	if got[1].Err == nil || !strings.HasPrefix(got[1].Err.Error(), "bad: ") {
		t.Errorf("error of the bad document: %v", got[1].Err)
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ base, want string }{
		"short":                               {"redis-example", "redis-example-xxxxx"},
		"57 bytes are kept":                   {strings.Repeat("a", 57), strings.Repeat("a", 57) + "-xxxxx"},
		"58 bytes are cut to 56":              {strings.Repeat("a", 58), strings.Repeat("a", 56) + "-xxxxx"},
		"what is no letter is dropped at end": {strings.Repeat("a", 54) + "-.aa", strings.Repeat("a", 54) + "-xxxxx"},
	} {
		if got := work.Name(tt.base, work.DefaultSuffix); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestGroupID(t *testing.T) {
	t.Parallel()
	for directory, want := range map[string]string{
		".": work.DefaultGroupID, "scheduled-dir": "705248a42236c2a255748b232c0c6c8a", "/": "6666cd76f96956469e7be39d750cc7d9",
	} {
		if got := work.GroupID(directory); got != want {
			t.Errorf("GroupID(%q) = %s, want %s", directory, got, want)
		}
	}
}

func TestDependenciesAreWrittenAsKratixDoes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 20) + "end"
	p := &api.Promise{ObjectMeta: metav1.ObjectMeta{Name: "redis"}, Spec: api.PromiseSpec{
		Dependencies: []unstructured.Unstructured{
			{Object: map[string]any{"kind": "A", "apiVersion": "v1", "a10": int64(1), "a2": int64(2), "list": []any{"x", map[string]any{"y": "yes"}}}},
			{Object: map[string]any{"kind": "B", "long": long, "text": "one\ntwo\n", "float": 1.5, "null": nil}},
		},
		DestinationSelectors: []api.PromiseSelector{{}},
	}}
	w, err := work.FromDependencies(p, "")
	if err != nil {
		t.Fatal(err)
	}
	g := w.Spec.WorkloadGroups[0]
	got, err := work.Decompress(g.Workloads[0].Content, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := `a2: 2
a10: 1
apiVersion: v1
kind: A
list:
- x
- "y": "yes"
---
float: 1.5
kind: B
long: word word word word word word word word word word word word word word word word
  word word word word end
"null": null
text: |
  one
  two
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if g.Workloads[0].Filepath != "static/redis-dependencies.yaml" || w.Name != "redis-static-deps-xxxxx" || w.Namespace != api.SystemNamespace {
		t.Errorf("got %s in Work %s/%s", g.Workloads[0].Filepath, w.Namespace, w.Name)
	}
	if none, err := work.FromDependencies(&api.Promise{}, ""); none != nil || err != nil {
		t.Errorf("a Promise without dependencies: %v, %v", none, err)
	}
}

func TestSizeLimits(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 3<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise) // never fails
	for name, tt := range map[string]struct {
		size       int
		warns      int
		wantSuffix string
	}{
		"small":            {size: 1000},
		"near the limit":   {size: 1 << 20, warns: 1},
		"too large to put": {size: 1200 * 1000, wantSuffix: "etcdserver: request is too large"},
		"too large to ask": {size: len(noise), wantSuffix: "Request entity too large: limit is 3145728"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := work.FromTree(request(files{"f": {Data: noise[:tt.size], Mode: 0o644}}, nil))
			if (err != nil) != (tt.wantSuffix != "") || err != nil && !strings.HasSuffix(err.Error(), tt.wantSuffix) {
				t.Errorf("error %v, want %s", err, tt.wantSuffix)
			}
			if len(result.Warnings) != tt.warns {
				t.Errorf("warnings %v, want %d", result.Warnings, tt.warns)
			}
		})
	}
}

// shuffled is a tree that lists its directories in any order.
type shuffled struct {
	tree.FS
	random *rand.Rand
}

func (s shuffled) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	s.random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return entries, err
}

// FuzzOutputTree builds trees and checks what must hold of the Work of any.
func FuzzOutputTree(f *testing.F) {
	f.Add("a.yaml b/c.yaml b/d/e b.yaml x/b/z", "b", uint64(1))
	f.Add("a/a a/b c", "a c", uint64(2))
	f.Add("a", "", uint64(3))
	f.Fuzz(func(t *testing.T, names, directories string, seed uint64) {
		output, metadata := randomTree(names), selectorsFor(directories)
		in := request(output, metadata)
		first, err := work.FromTree(in)
		in.Output = shuffled{output, rand.New(rand.NewPCG(seed, 0))}
		second, err2 := work.FromTree(in)
		if diff := cmp.Diff(first, second); diff != "" || (err == nil) != (err2 == nil) {
			t.Errorf("the order of the listing changes the result: %v, %v\n%s", err, err2, diff)
		}
		if err != nil {
			return
		}
		checkEveryFileOnce(t, output, first.Work)
	})
}

// randomTree makes a file of each word that is a path.
func randomTree(names string) files {
	output := files{}
	for name := range strings.FieldsSeq(names) {
		if fs.ValidPath(name) && name != "." {
			output[name] = file(name)
		}
	}
	for name := range output { // a file is no directory
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			delete(output, dir)
		}
	}
	return output
}

func selectorsFor(directories string) files {
	var text strings.Builder
	for d := range strings.FieldsSeq(directories) {
		text.WriteString("- matchLabels: {a: b}\n  directory: " + d + "\n")
	}
	return selectors(text.String())
}

// checkEveryFileOnce checks that no document is lost or twice in a group. The
// directories / and .. repeat documents in another group, as Kratix does.
func checkEveryFileOnce(t *testing.T, output fstest.MapFS, w *api.Work) {
	t.Helper()
	all := map[string]int{}
	repeats := false
	for _, g := range w.Spec.WorkloadGroups {
		repeats = repeats || g.Directory == "/" || g.Directory == ".."
		inGroup := map[string]bool{}
		for _, f := range g.Workloads {
			if inGroup[f.Filepath] {
				t.Errorf("%s is twice in group %s", f.Filepath, g.Directory)
			}
			inGroup[f.Filepath] = true
			all[f.Filepath]++
			data, err := work.Decompress(f.Content, 0)
			if source, ok := output[f.Filepath]; ok && (err != nil || !slices.Equal(data, source.Data)) {
				t.Errorf("%s has other bytes: %v", f.Filepath, err)
			}
		}
	}
	for name := range output {
		if n := all[name]; n == 0 || n > 1 && !repeats {
			t.Errorf("%s is there %d times", name, n)
		}
	}
}

func TestLintOfDocuments(t *testing.T) {
	t.Parallel()
	result, err := work.FromTree(request(files{
		"a.yaml": file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\n"),
		"b.yaml": file("# empty\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"),
		"c.yaml": file("a: [\n"), "d.yaml": file("a: 1\n"), "e.txt": file("a: ["),
	}, nil))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range work.Lint(result.Work, 0) {
		got = append(got, f.Code+" "+f.String())
	}
	want := []string{
		`O10 output/b.yaml:3: ConfigMap "x" is also in output/a.yaml:1`,
		`O9 output/c.yaml:1: is no YAML, which Kratix does not notice: did not find expected node content`,
		`O9 output/d.yaml:1: is no Kubernetes object: apiVersion or kind is missing`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
