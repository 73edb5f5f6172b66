// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/work"
)

// holding gives a Work that holds one file.
func holding(t *testing.T, content string, o inspect.Options) (*inspect.Inspector, *inspect.WorkReport) {
	t.Helper()
	w := aWork("orders", ".")
	w.Spec.WorkloadGroups[0].Workloads[0].Content = content
	o.Now = now
	in := inspect.New(saved(t, prod(t, w)), o)
	r, err := in.Work(t.Context(), "team", "db-work")
	if err != nil {
		t.Fatal(err)
	}
	return in, r
}

func TestContents(t *testing.T) {
	t.Parallel()
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\ndata: {b: aHVudGVyMg==}\nstringData:\n  a: x\n"
	for _, test := range []struct {
		name, text string
		want       inspect.Content
	}{
		{"an object", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    name: no\n  name: web\n  namespace: shop\nspec:\n  kind: no\n", inspect.Content{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web", Objects: 1}},
		{
			"several, with comments and quotes", "# first\n---\n# nothing\n---\napiVersion: v1 # core\nkind: \"Service\"\nmetadata:\n    name: 'a b'\n---\nkind: X\n--- \n\nkind: Y\n",
			inspect.Content{APIVersion: "v1", Kind: "Service", Name: "a b", Objects: 3},
		},
		{"JSON", `{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "j"}}`, inspect.Content{APIVersion: "v1", Kind: "ConfigMap", Name: "j", Objects: 1}},
		{"flow style", "{kind: ConfigMap, apiVersion: v1, metadata: {name: f}}\n", inspect.Content{APIVersion: "v1", Kind: "ConfigMap", Name: "f", Objects: 1}},
		{"a Secret", secret, inspect.Content{APIVersion: "v1", Kind: "Secret", Namespace: "shop", Name: "s", Objects: 1, Keys: []inspect.Key{{Name: "a", Size: 1}, {Name: "b", Size: 7}}}},
		{"no object", "resource \"aws_s3_bucket\" \"b\" {\n  name: x\n}\n", inspect.Content{}},
		{"a long line", "kind: ConfigMap\ndata: {a: " + strings.Repeat("x", 100_000) + "}\n", inspect.Content{Kind: "ConfigMap", Objects: 1}},
		{"a binary", "\x00\x01\xff\xfe", inspect.Content{}},
		{"nothing", "", inspect.Content{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.want.Group, test.want.Path, test.want.Size = ".", "db.yaml", int64(len(test.text))
			_, r := holding(t, work.Compress([]byte(test.text)), inspect.Options{})
			if diff := cmp.Diff([]inspect.Content{test.want}, r.Contents); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Corrupt content spoils its document and no other.
func TestCorruptContent(t *testing.T) {
	t.Parallel()
	good := work.Compress([]byte(strings.Repeat("kind: ConfigMap\n", 100)))
	for name, test := range map[string]struct{ content, problem string }{
		"cut off":               {good[:len(good)-12], "unexpected EOF"},
		"broken base64":         {good[:20] + "!" + good[21:], "illegal base64 data at input byte 20"},
		"broken gzip":           {good[:24] + "AAAA" + good[28:], "flate: corrupt input before offset"},
		"base64 of a gzip head": {base64.StdEncoding.EncodeToString([]byte{0x1f, 0x8b, 8}), "corrupt content: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := aWork("orders", ".", "fine")
			w.Spec.WorkloadGroups[0].Workloads[0].Content = test.content
			in := inspector(saved(t, prod(t, w)))
			r, err := in.Work(t.Context(), "team", "db-work")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(r.Contents[0].Problem, test.problem) || r.Contents[1].Problem != "" || r.Contents[1].Name != "db-fine" {
				t.Errorf("contents %+v", r.Contents)
			}
			if r.Groups[0].Documents[0].State != placement.Written || r.Groups[1].Documents[0].SHA256 == "" {
				t.Errorf("documents %+v, %+v", r.Groups[0].Documents, r.Groups[1].Documents)
			}
			if _, err := in.Document(r, "db.yaml"); diag.ExitCode(err) != diag.ExitAnswer {
				t.Errorf("showing it: %v", err)
			}
			if text, err := in.Document(r, "fine/db.yaml"); err != nil || !strings.Contains(string(text), "db-fine") {
				t.Errorf("showing the other: %q, %v", text, err)
			}
		})
	}
}

// A Work that would unpack to very much is refused at the limit, without
// holding it.
func TestGzipBomb(t *testing.T) {
	var bomb bytes.Buffer
	z, _ := gzip.NewWriterLevel(&bomb, gzip.BestCompression)
	zeros := make([]byte, 1<<20)
	for range 32 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	content := base64.StdEncoding.EncodeToString(bomb.Bytes())
	w := aWork("orders", ".")
	p := prod(t, w)
	p.Works[0].Spec.WorkloadGroups[0].Workloads = []api.Workload{{Filepath: "bomb.yaml", Content: content}}
	p.WorkPlacements[0].Spec.Workloads = p.Works[0].Spec.WorkloadGroups[0].Workloads
	in := inspect.New(saved(t, p), inspect.Options{Now: now, MaxDocument: 1 << 20})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := in.Work(t.Context(), "team", "db-work")
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d MiB were allocated", used>>20)
	}
	if want := "larger than the limit of 1048576 bytes"; r.Contents[0].Problem != want {
		t.Errorf("problem %q, want %q", r.Contents[0].Problem, want)
	}
	_, err = in.Document(r, "bomb.yaml")
	if diag.ExitCode(err) != diag.ExitAnswer || len(diag.Hints(err)) == 0 {
		t.Errorf("showing it: %v, hints %v", err, diag.Hints(err))
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":                 "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {p: aHVudGVyMg==}\nstringData: {q: hunter2}\n",
		"the second of two":     "kind: ConfigMap\n---\nkind: Secret\nstringData: {q: hunter2}\n",
		"in a List":             "kind: List\nitems:\n- kind: Secret\n  stringData: {q: hunter2}\n",
		"as JSON":               `{"kind":"Secret","stringData":{"q":"hunter2"}}`,
		"with an escaped kind":  `{"kind":"\u0053ecret","stringData":{"q":"hunter2"}}`,
		"as kubectl applied it": "kind: Secret\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{\"stringData\":{\"q\":\"hunter2\"}}'\n",
		"what is no YAML":       "kind: Secret\nstringData: {q: hunter2\n",
		"with Windows lines":    "kind: ConfigMap\r\n---\r\nkind: Secret\r\nstringData: {q: hunter2}\r\n",
		"a marker with a text":  "kind: ConfigMap\n--- # next\nkind: Secret\nstringData: {q: hunter2}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := work.Compress([]byte(text))
			in, r := holding(t, content, inspect.Options{})
			shown, err := in.Document(r, "db.yaml")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(shown), "hunter2") || strings.Contains(string(shown), "aHVudGVyMg") {
				t.Errorf("shown:\n%s", shown)
			}
			in, r = holding(t, content, inspect.Options{ShowSecrets: true})
			if shown, err = in.Document(r, "db.yaml"); err != nil || string(shown) != text {
				t.Errorf("shown on demand: %v\n%s", err, shown)
			}
		})
	}
	t.Run("what holds none is shown as it is", func(t *testing.T) {
		t.Parallel()
		const text = "---\n# a comment\nkind:   ConfigMap\ndata: {note: 'not a Secret'}\n---\nkind: X\n"
		in, r := holding(t, work.Compress([]byte(text)), inspect.Options{})
		if shown, err := in.Document(r, "db.yaml"); err != nil || string(shown) != text {
			t.Errorf("%v\n%s", err, shown)
		}
	})
}
