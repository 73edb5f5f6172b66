package conformance

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/work"
)

var update = flag.Bool("update", false, "rewrite docs/conformance.md")

const table = "../../docs/conformance.md"

// TestConformance plays all recordings and compares every step.
func TestConformance(t *testing.T) {
	var rows []row
	for _, c := range loadCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			if c.Name == "webhook-rejections" {
				rows = append(rows, rejections(t, &c)...)
				return
			}
			sim := newCluster(t, &c)
			checkDefaults(t, &c)
			for i := range c.Steps {
				if c.Steps[i].Run != "" {
					sim = newCluster(t, &c)
				}
				t.Run(c.Steps[i].Dir, func(t *testing.T) { rows = append(rows, compareStep(t, &c, &c.Steps[i], sim)) })
			}
		})
	}
	checkTable(t, rows)
}

// A row is one line of docs/conformance.md.
type row struct {
	Case, Step, Works, Placements, Stores, Failure string
}

func compareStep(t *testing.T, c *testCase, s *step, sim *cluster) row {
	t.Helper()
	p := sim.play(t, s)
	r := row{Case: c.Name, Step: s.Dir}
	r.Failure = compareFailure(t, s, p.err)
	r.Works = compareWorks(t, p.recorded.works, sim.works)
	if s.Run != "" {
		return r
	}
	r.Placements = comparePlacements(t, &p, sim.placed)
	r.Stores = compareStores(t, s, &p, sim)
	return r
}

// compareFailure compares the words of a work-writer that failed. What failed
// elsewhere is not the work-writer's.
func compareFailure(t *testing.T, s *step, err error) string {
	t.Helper()
	container, want := s.recordedError(t)
	if container != "work-writer" {
		want = ""
	}
	got := ""
	if err != nil {
		got = "Error: " + err.Error()
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("error of the work-writer (-want +got):\n%s", diff)
	}
	return strings.ReplaceAll(strings.TrimPrefix(want, "Error: work creator execution failed: "), "\n", " ")
}

// A plainWork is all of a Work that is not volatile and not status. Contents
// are compared as the bytes of the files.
type plainWork struct {
	TypeMeta    metav1.TypeMeta
	Name        string // the five random characters are those of the recording
	Labels      map[string]string
	Annotations map[string]string
	Spec        api.WorkSpec
}

func plain(t *testing.T, w api.Work) plainWork {
	t.Helper()
	w.Spec.LastExecutionTimestamp = nil
	w.Spec.WorkloadGroups = slices.Clone(w.Spec.WorkloadGroups)
	for i := range w.Spec.WorkloadGroups {
		g := &w.Spec.WorkloadGroups[i]
		g.Workloads = unpacked(t, g.Workloads)
	}
	return plainWork{w.TypeMeta, w.Namespace + "/" + w.Name, w.Labels, steady(w.Annotations), w.Spec}
}

func unpacked(t *testing.T, workloads []api.Workload) []api.Workload {
	t.Helper()
	var files []api.Workload
	for _, w := range workloads {
		data, err := work.Decompress(w.Content, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, api.Workload{Filepath: w.Filepath, Content: string(data)})
	}
	return files
}

func compareWorks(t *testing.T, recorded, simulated []api.Work) string {
	t.Helper()
	var want, got []plainWork
	groups, documents := 0, 0
	for _, w := range recorded {
		want = append(want, plain(t, w))
		for _, g := range w.Spec.WorkloadGroups {
			groups++
			documents += len(g.Workloads)
		}
	}
	for _, w := range simulated {
		got = append(got, plain(t, w))
	}
	byName := cmpopts.SortSlices(func(a, b plainWork) bool { return a.Name < b.Name })
	if diff := gocmp.Diff(want, got, byName, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("Works (-want +got):\n%s", diff)
	}
	if len(want) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d: %s, %s", len(want), count(groups, "group"), count(documents, "document"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// A plainPlacement is all of a WorkPlacement that is not volatile and not
// status.
type plainPlacement struct {
	TypeMeta    metav1.TypeMeta
	Name        string
	Labels      map[string]string
	Annotations map[string]string
	Finalizers  []string
	Owner       metav1.OwnerReference
	Spec        api.WorkPlacementSpec
}

func plainWP(t *testing.T, wp api.WorkPlacement) plainPlacement {
	t.Helper()
	wp.Spec.Workloads = unpacked(t, wp.Spec.Workloads)
	owner := wp.OwnerReferences[0]
	owner.UID = ""
	return plainPlacement{
		wp.TypeMeta, wp.Namespace + "/" + wp.Name, wp.Labels, steady(wp.Annotations), wp.Finalizers, owner, wp.Spec,
	}
}

// steady leaves out the annotations that are times or belong to traces.
func steady(annotations map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range annotations {
		if key != "kratix.io/last-updated-at" && !strings.HasPrefix(key, "kratix.io/trace") {
			kept[key] = value
		}
	}
	return kept
}

func comparePlacements(t *testing.T, p *played, simulated []api.WorkPlacement) string {
	t.Helper()
	var want, got []plainPlacement
	for _, wp := range p.recorded.placed {
		want = append(want, plainWP(t, wp))
	}
	for _, wp := range simulated {
		got = append(got, plainWP(t, wp))
	}
	byName := cmpopts.SortSlices(func(a, b plainPlacement) bool { return a.Name < b.Name })
	if diff := gocmp.Diff(want, got, byName, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("WorkPlacements (-want +got):\n%s", diff)
	}
	text := strconv.Itoa(len(want))
	if len(want) == 0 {
		text = "none"
	}
	switch p.drawn {
	case 0:
	case 1:
		text += "; the Destination drawn is one of the matches"
	default:
		text += fmt.Sprintf("; Kratix drew %d times at once, each is one of the matches", p.drawn)
	}
	return text
}

func compareStores(t *testing.T, s *step, p *played, sim *cluster) string {
	t.Helper()
	if len(existing(s.dir, "recorded/statestores.yaml")) == 0 {
		return "not recorded"
	}
	want, got := s.recordedStores(t), map[string]string{}
	for f := range sim.stores.Files() {
		data, err := f.Content(0)
		if err != nil {
			t.Error(err)
		}
		got[f.Store+"/"+string(f.Path)] = string(data)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("state stores (-want +got):\n%s", diff)
	}
	text := count(len(want), "file")
	if p.skipped > 0 {
		text += fmt.Sprintf(" (%s not written by Kratix either)", count(p.skipped, "WorkPlacement"))
	}
	return text
}

// checkDefaults compares what Load makes of the Destinations and stores as they
// were written with what the API server made of them.
func checkDefaults(t *testing.T, c *testCase) {
	t.Helper()
	if c.Steps[0].Run != "" {
		return // played without controllers
	}
	got, err := platform.Load(nil, existing(c.dir, "input/destinations.yaml", "input/statestores.yaml")...)
	if err != nil {
		t.Fatal(err)
	}
	want := c.Steps[0].platform(t, filepath.Join(c.dir, "input"))
	got.Destinations = slices.DeleteFunc(got.Destinations, func(d api.Destination) bool { // made in a later step
		return !slices.ContainsFunc(want.Destinations, func(w api.Destination) bool { return w.Name == d.Name })
	})
	ignore := cmpopts.IgnoreTypes(metav1.ObjectMeta{}, api.ReadyStatus{})
	if diff := gocmp.Diff(want.Destinations, got.Destinations, ignore); diff != "" {
		t.Errorf("Destinations with defaults (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(want.GitStores, got.GitStores, ignore); diff != "" {
		t.Errorf("GitStateStores with defaults (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(want.BucketStores, got.BucketStores, ignore); diff != "" {
		t.Errorf("BucketStateStores with defaults (-want +got):\n%s", diff)
	}
}

func existing(dir string, names ...string) []string {
	var files []string
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			files = append(files, filepath.Join(dir, name))
		}
	}
	return files
}

// rejections loads the Destinations and state stores that Kratix refused and
// compares its words with ours.
func rejections(t *testing.T, c *testCase) []row {
	t.Helper()
	var rows []row
	for _, s := range c.Steps {
		objects := existing(s.dir, "object.yaml")
		kind := decodeAll[metav1.TypeMeta](t, objects[0])[0].Kind
		if kind == "Promise" || len(existing(s.dir, "update.yaml")) > 0 {
			continue // a Promise, or a change of an object: not a question for a loader
		}
		t.Run(s.Dir, func(t *testing.T) { rows = append(rows, compareRejection(t, c, &s, objects)) })
	}
	return rows
}

func compareRejection(t *testing.T, c *testCase, s *step, objects []string) row {
	t.Helper()
	p, err := platform.Load(nil, append(existing(c.dir, "input/destinations.yaml", "input/statestores.yaml"), objects...)...)
	want := rejection(t, filepath.Join(s.dir, "recorded/error.txt"))
	said := fmt.Sprint(err)
	if err == nil {
		said = fmt.Sprint(p.Warnings)
	}
	if want == "accepted" && err != nil {
		t.Errorf("Kratix accepts it, we do not: %v", err)
	}
	if want != "accepted" && !strings.Contains(said, want) {
		t.Errorf("Kratix says %q, we say %q", want, said)
	}
	return row{Case: c.Name, Step: s.Dir, Failure: want}
}

// rejection takes the reason out of an answer of the API server.
func rejection(t *testing.T, file string) string {
	t.Helper()
	var answer struct{ Message string }
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(data)) == "accepted" {
		return "accepted"
	}
	decode(t, file, &answer)
	text := answer.Message
	if _, after, ok := strings.Cut(text, "denied the request: "); ok {
		return after
	}
	if _, after, ok := strings.Cut(text, "is invalid: "); ok {
		text = strings.TrimPrefix(after, "[")
	}
	text, _, _ = strings.Cut(text, ", <nil>:")
	return text
}

// checkTable compares docs/conformance.md with what was compared.
func checkTable(t *testing.T, rows []row) {
	t.Helper()
	if t.Failed() {
		return
	}
	got := render(rows)
	if *update {
		if err := os.MkdirAll(filepath.Dir(table), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(table, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale, run go test ./internal/conformance -update (-want +got):\n%s", table, diff)
	}
}

const preface = `# Conformance

Generated by ` + "`go test ./internal/conformance -update`" + `; do not edit.

Each line is one step of a case that was recorded from a real Kratix (upstream
commit ae170e22, see [testdata/conformance](../testdata/conformance/README.md)). The
test plays the steps of a case one after the other, each on top of what the
simulation itself made of the earlier ones, and compares:

- **Works**: kind, name (with the recorded random suffix), namespace, labels,
  annotations and all of spec: groups in order, ids, directories, selectors with their sources,
  file paths and the decompressed bytes of every file.
- **WorkPlacements**: name, namespace, labels, annotations, finalizers, owner and
  all of spec, with the bytes of every file. Where Kratix draws a Destination, the one that it
  drew has to be one of the matches, and is then drawn here too.
- **State stores**: the path and bytes of every file but the kratix-canary ones,
  which no Work writes. A WorkPlacement that Kratix itself had not written when
  the step was recorded is not written here either.
- **Failure**: the words of the work-writer or, for webhook-rejections, of the
  API server, for Destinations and state stores.
- For each case, the defaults set on Destinations and state stores.

`

func render(rows []row) string {
	var text strings.Builder
	text.WriteString(preface)
	text.WriteString("| Case | Step | Works | WorkPlacements | State stores | Failure |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		cells := []string{r.Case, r.Step, r.Works, r.Placements, r.Stores, r.Failure}
		for i := range cells {
			cells[i] = strings.ReplaceAll(cmp.Or(cells[i], "-"), "|", `\|`)
		}
		fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | "))
	}
	return text.String()
}
