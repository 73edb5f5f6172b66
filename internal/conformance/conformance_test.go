// SPDX-License-Identifier: Apache-2.0

package conformance

import (
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

// TestConformance plays all recordings and compares every step.
func TestConformance(t *testing.T) {
	var rows []row
	for _, c := range loadCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			if filepath.Base(c.dir) != c.Name {
				t.Errorf("%s calls itself %s", c.dir, c.Name)
			}
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
			if len(sim.refused) > 0 {
				t.Errorf("Kratix takes requests that we refuse: %q", sim.refused)
			}
		})
	}
	checkTable(t, rows)
}

func compareStep(t *testing.T, c *testCase, s *step, sim *cluster) row {
	t.Helper()
	p := sim.play(t, s)
	r := row{Case: c.Name, Step: s.Dir, Object: p.object}
	r.Failure = compareFailure(t, s, &p, sim)
	r.Works = compareWorks(t, p.recorded.works, sim.works)
	if s.Run != "" {
		r.Missing = []string{"all else: not recorded, as the work-writer was run alone"}
		return r
	}
	r.Placements = comparePlacements(t, &p, sim.placed)
	r.Stores = compareStores(t, s, &p, sim)
	if r.Stores == "" {
		r.Missing = append(r.Missing, "state stores: not recorded")
	}
	status, missing := sim.compareStatus(t, s, &p)
	r.Status, r.Missing = status, append(r.Missing, missing...)
	return r
}

// compareFailure compares the words of a container that failed, or of the API
// server when it refused a request.
func compareFailure(t *testing.T, s *step, p *played, sim *cluster) string {
	t.Helper()
	want, got := s.recordedError(t), p.failure
	if want.Who == apiServer {
		got = failure{apiServer, strings.Join(sim.refused, "\n")}
		if strings.Contains(got.Text, want.Text) {
			got.Text = want.Text // without file and line
		}
		sim.refused = nil
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("failure (-want +got):\n%s", diff)
	}
	if want == (failure{}) {
		return ""
	}
	return want.Who + ": " + oneLine(strings.TrimPrefix(want.Text, "work creator execution failed: "))
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
		return ""
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
	ignore := cmpopts.IgnoreTypes(metav1.ObjectMeta{}, api.DestinationStatus{}, api.ReadyStatus{})
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
