// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/work"
)

type labels = map[string]string

// on makes a Destination in the store of a kind: git-<mode> or bucket-<mode>.
func on(name, kind, at string, mode api.FilepathMode) api.Destination {
	return api.Destination{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels{"env": "dev"}},
		Spec: api.DestinationSpec{
			Path: at, StateStoreRef: &api.StateStoreRef{Kind: kind, Name: "store"}, Filepath: api.Filepath{Mode: mode},
		},
	}
}

func world(storePath string, destinations ...api.Destination) *platform.Platform {
	p := &platform.Platform{
		Destinations: destinations,
		GitStores:    []api.GitStateStore{{ObjectMeta: metav1.ObjectMeta{Name: "store"}, Spec: api.GitStateStoreSpec{Path: storePath}}},
		BucketStores: []api.BucketStateStore{{ObjectMeta: metav1.ObjectMeta{Name: "store"}, Spec: api.BucketStateStoreSpec{Path: storePath}}},
	}
	p.Complete()
	return p
}

// redis makes a Work of a request with one group of the files, given as path
// and content in turn.
func redis(resource string, files ...string) *api.Work {
	w := &api.Work{
		ObjectMeta: metav1.ObjectMeta{
			Name: "redis-" + resource + "-instance-xxxxx", Namespace: "default",
			Labels: labels{api.LabelPipelineName: "instance"},
		},
		Spec: api.WorkSpec{PromiseName: "redis", ResourceName: resource, WorkloadGroups: []api.WorkloadGroup{
			{ID: work.DefaultGroupID, Directory: work.DefaultDirectory},
		}},
	}
	g := &w.Spec.WorkloadGroups[0]
	for i := 0; i < len(files); i += 2 {
		g.Workloads = append(g.Workloads, api.Workload{Filepath: files[i], Content: work.Compress([]byte(files[i+1]))})
	}
	return w
}

func TestPathOfDocument(t *testing.T) {
	t.Parallel()
	const git, bucket = api.KindGitStateStore, api.KindBucketStateStore
	promise := redis("", "x/b.yaml", "b")
	static := redis("", "static/redis-dependencies.yaml", "b")
	static.Labels = nil
	for name, tt := range map[string]struct {
		store string
		d     api.Destination
		w     *api.Work
		want  string
	}{
		"a request, nested":                   {"destinations/", on("d", git, "worker-1", api.FilepathNested), redis("example", "x/b.yaml", "b"), "destinations/worker-1/resources/default/redis/example/instance/5058f/x/b.yaml"},
		"a promise workflow, nested":          {"", on("d", git, "worker-1", api.FilepathNested), promise, "worker-1/dependencies/redis/instance/5058f/x/b.yaml"},
		"static dependencies, nested":         {"", on("d", git, "worker-1", api.FilepathNested), static, "worker-1/dependencies/redis/5058f/static/redis-dependencies.yaml"},
		"no mode is nested":                   {"", on("d", git, "w", ""), promise, "w/dependencies/redis/instance/5058f/x/b.yaml"},
		"bare":                                {"s", on("d", git, "w/", api.FilepathNone), promise, "s/w/x/b.yaml"},
		"aggregated":                          {"s", on("d", git, "w", api.FilepathAggregated), promise, "s/w/aggregated.yaml"},
		"the root of a store":                 {"", on("d", git, ".", api.FilepathNone), promise, "x/b.yaml"},
		"the root of a store, with a slash":   {"", on("d", git, "/", api.FilepathNone), promise, "x/b.yaml"},
		"a bucket keeps a leading slash":      {"", on("d", bucket, "/", api.FilepathNone), promise, "/x/b.yaml"},
		"a bucket keeps the slash of its own": {"/s", on("d", bucket, "w", api.FilepathNone), promise, "/s/w/x/b.yaml"},
		"no way round the slash of its own":   {"/s", on("d", git, "../../w", api.FilepathNone), promise, "../w/x/b.yaml"},
		"a store may be left and entered":     {"s", on("d", git, "../w", api.FilepathNone), promise, "w/x/b.yaml"},
		"git drops the slash of its own":      {"/s/", on("d", git, "/w", api.FilepathNone), promise, "s/w/x/b.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			placements, err := placement.Place(tt.w, world(tt.store, tt.d), placement.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := placements[0].Documents[0].Store
			want := &placement.Store{Kind: tt.d.Spec.StateStoreRef.Kind, Name: "store", Path: tt.want}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("store (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocumentsOfAGroup(t *testing.T) {
	t.Parallel()
	a, b := on("a", api.KindGitStateStore, "a", ""), on("b", api.KindGitStateStore, "b", "")
	nested := func(d string) *placement.Store {
		return &placement.Store{Kind: api.KindGitStateStore, Name: "store", Path: d + "/resources/default/redis/r/instance/5058f/f"}
	}
	doc := placement.Document{Path: "f", Size: 5, SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
	doc.State = placement.Unplaced
	unplaced := doc
	doc.State = placement.Placed
	onA, onB, gone := doc, doc, doc
	onA.Destination, onA.Store = "a", nested("a")
	onB.Destination, onB.Store = "b", nested("b")
	gone.Destination = "gone"
	kept := api.WorkPlacement{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Labels: labels{api.LabelWork: "redis-r-instance-xxxxx", api.LabelWorkloadGroupID: work.DefaultGroupID}},
		Spec:       api.WorkPlacementSpec{TargetDestinationName: "gone"},
	}
	for name, tt := range map[string]struct {
		destinations []api.Destination
		existing     []api.WorkPlacement
		choose       map[string]string
		want         []placement.Document
	}{
		"one of two, the first by name":                    {destinations: []api.Destination{b, a}, want: []placement.Document{onA}},
		"one of two, as chosen":                            {destinations: []api.Destination{b, a}, choose: map[string]string{"": "b"}, want: []placement.Document{onB}},
		"one of two, as chosen for the directory":          {destinations: []api.Destination{b, a}, choose: map[string]string{"": "a", ".": "b"}, want: []placement.Document{onB}},
		"without a Destination":                            {want: []placement.Document{unplaced}},
		"on a Destination that is gone, no store is known": {destinations: []api.Destination{a}, existing: []api.WorkPlacement{kept}, want: []placement.Document{gone}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := world("", tt.destinations...)
			p.WorkPlacements = tt.existing
			placements, err := placement.Place(redis("r", "f", "hello"), p, placement.Options{Choose: tt.choose})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, placements[0].Documents); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnreadableSelectorStopsLaterGroups(t *testing.T) {
	t.Parallel()
	w := redis("r", "f", "x")
	bad := api.WorkloadGroup{ID: "1", Directory: "bad", DestinationSelectors: []api.WorkloadSelector{{MatchLabels: labels{"a": "b c"}}}}
	w.Spec.WorkloadGroups = append([]api.WorkloadGroup{bad}, w.Spec.WorkloadGroups...)
	p := world("", on("a", api.KindGitStateStore, "a", ""))
	placements, err := placement.Place(w, p, placement.Options{})
	if _, ok := errors.AsType[*schedule.SelectorError](err); !ok {
		t.Errorf("got error %v", err)
	}
	var decisions []schedule.Decision
	for i := range placements {
		decisions = append(decisions, placements[i].Decision)
		if got := placements[i].Candidates[0].Reason; got != schedule.ReasonUnknown {
			t.Errorf("group %s: %s", placements[i].Group.Directory, got)
		}
		for _, d := range placements[i].Documents {
			if d.State != placement.Unplaced {
				t.Errorf("document %s: %s", d.Path, d.State)
			}
		}
	}
	if change := placement.WorkPlacements(w, decisions, nil); change.Current != nil || change.Removed != nil {
		t.Errorf("WorkPlacements were made: %v", change)
	}
}

// TestUnreadableSelectorRemovesNothing has no Destination to have a verdict on.
func TestUnreadableSelectorRemovesNothing(t *testing.T) {
	t.Parallel()
	w := redis("r", "f", "x")
	w.Spec.WorkloadGroups[0].DestinationSelectors = []api.WorkloadSelector{{MatchLabels: labels{"a": "b c"}}}
	dangling := api.WorkPlacement{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "old", Labels: labels{api.LabelWork: w.Name, api.LabelWorkloadGroupID: "1"}},
		Spec:       api.WorkPlacementSpec{TargetDestinationName: "gone"},
	}
	placements, err := placement.Place(w, world(""), placement.Options{})
	if _, ok := errors.AsType[*schedule.SelectorError](err); !ok {
		t.Errorf("got error %v", err)
	}
	change := placement.WorkPlacements(w, []schedule.Decision{placements[0].Decision}, []api.WorkPlacement{dangling})
	if diff := cmp.Diff(placement.Change{Current: []api.WorkPlacement{dangling}}, change); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
}

func TestGroupsBeforeTheUnreadableOneArePlaced(t *testing.T) {
	t.Parallel()
	w := redis("r", "f", "x")
	bad := api.WorkloadGroup{ID: "1", Directory: "bad", DestinationSelectors: []api.WorkloadSelector{{MatchLabels: labels{"a": "b c"}}}}
	w.Spec.WorkloadGroups = append(w.Spec.WorkloadGroups, bad)
	p := world("", on("a", api.KindGitStateStore, "a", api.FilepathNone))
	placements, err := placement.Place(w, p, placement.Options{})
	if _, ok := errors.AsType[*schedule.SelectorError](err); !ok {
		t.Errorf("got error %v", err)
	}
	var stores placement.Tree
	if _, err := placement.Deliver(w, placements, p, &stores); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, &stores)["a/f"]; got != "x" {
		t.Errorf("got %q", got)
	}
}

func TestAnnotationsOfTheWork(t *testing.T) {
	t.Parallel()
	w, p := redis("r", "f", "x"), world("", on("a", api.KindGitStateStore, "a", ""))
	w.Annotations = labels{"note": "1", "kratix.io/trace-parent": "t"}
	var stores placement.Tree
	for _, want := range []labels{
		{"note": "1", "kratix.io/trace-parent": "t"},
		{"note": "2", "more": "3", "kratix.io/trace-parent": "t"}, // a placement keeps its own trace
	} {
		if err := deliver(t, w, p, &stores); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p.WorkPlacements[0].Annotations); diff != "" {
			t.Errorf("annotations (-want +got):\n%s", diff)
		}
		w.Annotations = labels{"note": "2", "more": "3", "kratix.io/trace-parent": "u"}
	}
}

// deliver schedules a Work on a platform, which it changes, and writes it.
func deliver(t *testing.T, w *api.Work, p *platform.Platform, stores *placement.Tree) error {
	t.Helper()
	placements, err := placement.Place(w, p, placement.Options{})
	if err != nil {
		t.Fatal(err)
	}
	after, err := placement.Deliver(w, placements, p, stores)
	p.WorkPlacements = after.WorkPlacements
	return err
}

func contents(t *testing.T, stores *placement.Tree) map[string]string {
	t.Helper()
	files := map[string]string{}
	for f := range stores.Files() {
		data, err := f.Content(0)
		if err != nil {
			t.Fatal(err)
		}
		files[string(f.Path)] = string(data)
	}
	return files
}

func TestSecondDeliveryReplacesTheFirst(t *testing.T) {
	t.Parallel()
	const state = "d/.kratix/default-redis-r-instance-xxxxx.d-5058f.yaml"
	for mode, want := range map[api.FilepathMode]map[string]string{
		api.FilepathNested:     {"d/resources/default/redis/r/instance/5058f/a": "2", "d/resources/default/redis/r/instance/5058f/c": "3"},
		api.FilepathNone:       {"d/a": "2", "d/c": "3", state: "files:\n- d/a\n- d/c\n"},
		api.FilepathAggregated: {"d/aggregated.yaml": "2\n---\n3"},
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			p := world("", on("d", api.KindGitStateStore, "d/", mode))
			var stores placement.Tree
			for _, w := range []*api.Work{redis("r", "a", "1", "b", "1"), redis("r", "a", "2", "c", "3")} {
				if err := deliver(t, w, p, &stores); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, contents(t, &stores)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			empty := redis("r")
			empty.Spec.WorkloadGroups = nil
			if err := deliver(t, empty, p, &stores); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{}, contents(t, &stores)); diff != "" {
				t.Errorf("files after everything is gone (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReplayGivesWhatDeliveryLeft(t *testing.T) {
	t.Parallel()
	for _, mode := range []api.FilepathMode{api.FilepathNested, api.FilepathNone, api.FilepathAggregated} {
		p := world("s", on("d", api.KindGitStateStore, "d", mode))
		var stores, replayed placement.Tree
		for _, w := range []*api.Work{redis("b", "a", "1"), redis("a", "c", "2")} {
			if err := deliver(t, w, p, &stores); err != nil {
				t.Fatal(err)
			}
		}
		if err := replayed.Replay(p); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(contents(t, &stores), contents(t, &replayed)); diff != "" {
			t.Errorf("%s (-delivered +replayed):\n%s", mode, diff)
		}
	}
}

func TestStateFileOfAnOldRelease(t *testing.T) {
	t.Parallel()
	p := world("", on("d", api.KindGitStateStore, "w", api.FilepathNone))
	var stores placement.Tree
	const kind = api.KindGitStateStore
	stores.Put(kind, "store", "w/.kratix/default-redis-r-instance-xxxxx.d-5058f.yaml", []byte("files:\n- old\n- w/new\n"))
	stores.Put(kind, "store", "w/old", []byte("x"))
	stores.Put(kind, "store", "w/new", []byte("x"))
	if err := deliver(t, redis("r", "a", "1"), p, &stores); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"w/a": "1", "w/.kratix/default-redis-r-instance-xxxxx.d-5058f.yaml": "files:\n- w/a\n"}
	if diff := cmp.Diff(want, contents(t, &stores)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestDeletingWithoutStateFileFails(t *testing.T) {
	t.Parallel()
	p := world("", on("d", api.KindGitStateStore, "w", api.FilepathNone))
	var stores placement.Tree
	wp := api.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "x"}, Spec: api.WorkPlacementSpec{TargetDestinationName: "d"}}
	if err := stores.Delete(&wp, p); err == nil || !strings.HasPrefix(err.Error(), "state file w/.kratix/n-x.yaml does not exist") {
		t.Errorf("got %v", err)
	}
}

func TestDeletingWithBrokenStateFileDeletesNothing(t *testing.T) {
	t.Parallel()
	p := world("", on("d", api.KindGitStateStore, "w", api.FilepathNone))
	var stores placement.Tree
	stores.Put(api.KindGitStateStore, "store", "w/.kratix/n-x.yaml", []byte("files: {"))
	wp := api.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "x"}, Spec: api.WorkPlacementSpec{TargetDestinationName: "d"}}
	if err := stores.Delete(&wp, p); err == nil {
		t.Error("deleted")
	}
	if diff := cmp.Diff(map[string]string{"w/.kratix/n-x.yaml": "files: {"}, contents(t, &stores)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestEscapingDocumentWritesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{api.KindGitStateStore, api.KindBucketStateStore} {
		p := world("", on("d", kind, ".", api.FilepathNone))
		var stores placement.Tree
		err := deliver(t, redis("r", "a", "1", "../metadata/x", "2"), p, &stores)
		var escape *placement.EscapeError
		if !errors.As(err, &escape) || escape.Path != "../metadata/x" {
			t.Errorf("%s: got %v", kind, err)
		}
		if got := contents(t, &stores); len(got) > 0 {
			t.Errorf("%s: wrote %v", kind, got)
		}
	}
}

func TestMisplacedMark(t *testing.T) {
	t.Parallel()
	matching, other := on("d", api.KindGitStateStore, "d", ""), on("d", api.KindGitStateStore, "d", "")
	other.Labels = labels{"env": "prod"}
	for name, tt := range map[string]struct {
		resource string
		want     string // of the mark, after the Destination matches again
	}{
		"a request keeps it": {"r", "true"},
		"a promise loses it": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := redis(tt.resource, "a", "1")
			w.Spec.WorkloadGroups[0].DestinationSelectors = []api.WorkloadSelector{{MatchLabels: labels{"env": "dev"}, Source: api.SourcePromise}}
			p := world("", matching)
			var stores placement.Tree
			for _, d := range []api.Destination{matching, other} {
				p.Destinations = []api.Destination{d}
				if err := deliver(t, w, p, &stores); err != nil {
					t.Fatal(err)
				}
			}
			if got := p.WorkPlacements[0].Labels[api.LabelMisplaced]; got != "true" {
				t.Errorf("misplaced: %q", got)
			}
			p.Destinations = []api.Destination{matching}
			if err := deliver(t, w, p, &stores); err != nil {
				t.Fatal(err)
			}
			if got := p.WorkPlacements[0].Labels[api.LabelMisplaced]; got != tt.want {
				t.Errorf("after it matches again: %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	const git = api.KindGitStateStore
	asks := func(w *api.Work, l labels) *api.Work {
		w.Spec.WorkloadGroups[0].DestinationSelectors = []api.WorkloadSelector{{MatchLabels: l, Source: api.SourcePromise}}
		return w
	}
	strict := on("s", git, "s", "")
	strict.Spec.StrictMatchLabels = true
	unready := on("d", git, "d", "")
	unready.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: metav1.ConditionFalse, Message: "no store"}}
	twoGroups := redis("r", "a", "1")
	twoGroups.Spec.WorkloadGroups = append(twoGroups.Spec.WorkloadGroups, api.WorkloadGroup{ID: "6666c", Directory: "/", Workloads: twoGroups.Spec.WorkloadGroups[0].Workloads})
	kept := func(name, destination string) api.WorkPlacement {
		return api.WorkPlacement{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: labels{api.LabelWork: name, api.LabelWorkloadGroupID: work.DefaultGroupID}},
			Spec:       api.WorkPlacementSpec{TargetDestinationName: destination, Workloads: []api.Workload{{Filepath: "a"}}},
		}
	}
	sameName := kept("other", "d") // of a request of this name in another namespace
	sameName.Labels[api.LabelPipelineName] = "instance"
	sameName.Spec.PromiseName, sameName.Spec.ResourceName, sameName.Spec.ID = "redis", "r", work.DefaultGroupID
	corrupt := redis("r", "a", "1")
	corrupt.Spec.WorkloadGroups[0].Workloads[0].Content = "H4sI"
	for name, tt := range map[string]struct {
		w        *api.Work
		existing []api.WorkPlacement
		on       []api.Destination
		want     string
	}{
		"corrupt content":                {w: corrupt, on: []api.Destination{on("d", git, "d", "")}, want: " output/a"},
		"another Work has the directory": {w: redis("r", "a", "1"), existing: []api.WorkPlacement{sameName}, on: []api.Destination{on("d", git, "d", "")}, want: `O18 group "."`},
		"nothing to say":                 {w: redis("r", "a", "1"), on: []api.Destination{on("d", git, "d", "")}},
		"one is drawn":                   {w: redis("r", "a", "1"), on: []api.Destination{on("d", git, "d", ""), on("e", git, "e", "")}, want: `M8 group "."`},
		"misplaced":                      {w: asks(redis("r", "a", "1"), labels{"x": "y"}), existing: []api.WorkPlacement{kept("redis-r-instance-xxxxx", "d")}, on: []api.Destination{on("d", git, "d", "")}, want: `M9 group "."`},
		"strict":                         {w: redis("r", "a", "1"), on: []api.Destination{on("d", git, "d", ""), strict}, want: `M10 group "."`},
		"not ready":                      {w: redis("r", "a", "1"), on: []api.Destination{unready}, want: `M11 group "."`},
		"binary in an aggregated file":   {w: redis("r", "a", "\x00"), on: []api.Destination{on("d", git, "d", api.FilepathAggregated)}, want: "O8 output/a"},
		"broken UTF-8":                   {w: redis("r", "a", "\xff\xfe"), on: []api.Destination{on("d", git, "d", api.FilepathAggregated)}, want: "O8 output/a"},
		"UTF-8 cut by the look at it":    {w: redis("r", "a", strings.Repeat("a", 8191)+"ü"), on: []api.Destination{on("d", git, "d", api.FilepathAggregated)}},
		"empty document":                 {w: redis("r", "a", "---\na: 1\n"), on: []api.Destination{on("d", git, "d", api.FilepathAggregated)}, want: "O8 output/a"},
		"a file of Kratix":               {w: redis("r", "kratix-canary-namespace.yaml", "1"), on: []api.Destination{on("d", git, "d", api.FilepathNone)}, want: "O17 output/kratix-canary-namespace.yaml"},
		"two groups, one path":           {w: twoGroups, on: []api.Destination{on("d", git, "d", api.FilepathNone)}, want: "O18 output/a"},
		"two groups, nested":             {w: twoGroups, on: []api.Destination{on("d", git, "d", "")}},
		"another Work has the path":      {w: redis("r", "a", "1"), existing: []api.WorkPlacement{kept("other", "d")}, on: []api.Destination{on("d", git, "d", api.FilepathNone)}, want: "O18 output/a"},
		"leaves the store":               {w: redis("r", "../a", "1"), on: []api.Destination{on("d", git, ".", api.FilepathNone)}, want: "T3 output/../a"},
		"Destinations inside each other": {w: asks(redis("r", "a", "1"), labels{"x": "y"}), on: []api.Destination{on("b", git, "w", ""), on("a", git, "w/x", "")}, want: "T7 Destination a"},
		"Destinations at the same place": {w: asks(redis("r", "a", "1"), labels{"x": "y"}), on: []api.Destination{on("b", git, "w", ""), on("a", git, "w/", "")}, want: "T7 Destination b"},
		"similar names are not the same": {w: asks(redis("r", "a", "1"), labels{"x": "y"}), on: []api.Destination{on("b", git, "w", ""), on("a", git, "w-x", "")}},
		"other stores are not the same":  {w: asks(redis("r", "a", "1"), labels{"x": "y"}), on: []api.Destination{on("b", git, "w", ""), on("a", api.KindBucketStateStore, "w", "")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := world("", tt.on...)
			p.WorkPlacements = tt.existing
			placements, err := placement.Place(tt.w, p, placement.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range placement.Warnings(tt.w, placements, p) {
				got = append(got, f.Code+" "+f.Position.String())
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChoosingWhatDoesNotMatchIsAnInputError(t *testing.T) {
	t.Parallel()
	_, err := placement.Place(redis("r", "a", "1"), world("", on("d", api.KindGitStateStore, "d", "")), placement.Options{Choose: map[string]string{"": "x"}})
	if diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("got %v", err)
	}
}

func TestChoiceForAllGroupsIsDrawnWhereItMatches(t *testing.T) {
	t.Parallel()
	w := redis("r", "a", "1")
	other := api.WorkloadGroup{ID: "1", Directory: "x", DestinationSelectors: []api.WorkloadSelector{{MatchLabels: labels{"tier": "edge"}}}}
	w.Spec.WorkloadGroups = append(w.Spec.WorkloadGroups, other)
	edge := on("edge", api.KindGitStateStore, "edge", "")
	edge.Labels["tier"] = "edge"
	p := world("", on("a", api.KindGitStateStore, "a", ""), on("b", api.KindGitStateStore, "b", ""), edge)
	placements, err := placement.Place(w, p, placement.Options{Choose: map[string]string{"": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, placed := range placements {
		for _, c := range placed.Candidates {
			if c.Chosen {
				got = append(got, c.Destination)
			}
		}
	}
	if diff := cmp.Diff([]string{"b", "edge"}, got); diff != "" {
		t.Errorf("chosen (-want +got):\n%s", diff)
	}
	if _, err := placement.Place(w, p, placement.Options{Choose: map[string]string{"x": "b"}}); diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("a choice for a directory that it does not match: %v", err)
	}
}

// FuzzNoPathLeavesItsStore writes documents of any path to Destinations of any
// path and looks for what lies outside.
func FuzzNoPathLeavesItsStore(f *testing.F) {
	f.Add("a/b", "../x", "s", uint8(0))
	f.Add(".", "../../x", "", uint8(1))
	f.Add("/", "..", "/", uint8(2))
	f.Add("../..", "x", "..", uint8(3))
	f.Fuzz(func(t *testing.T, at, filepath, storePath string, choice uint8) {
		mode := []api.FilepathMode{api.FilepathNested, api.FilepathNone, api.FilepathAggregated}[choice%3]
		kind := []string{api.KindGitStateStore, api.KindBucketStateStore}[choice/3%2]
		p := world(storePath, on("d", kind, at, mode))
		var stores placement.Tree
		err := deliver(t, redis("r", filepath, "1"), p, &stores)
		var escape *placement.EscapeError
		if err != nil && !errors.As(err, &escape) {
			t.Fatal(err)
		}
		for f := range stores.Files() {
			if clean := path.Join("/store", string(f.Path)); !strings.HasPrefix(clean, "/store/") {
				t.Errorf("%q leaves the store", f.Path)
			}
		}
	})
}

// TestEveryDocumentIsPlacedOnce places random Works and counts.
func TestEveryDocumentIsPlacedOnce(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var files []string
		for i := range random.IntN(6) {
			files = append(files, fmt.Sprint("f", i), "x")
		}
		resource := []string{"", "r"}[random.IntN(2)]
		var destinations []api.Destination
		for i := range random.IntN(4) {
			destinations = append(destinations, on(fmt.Sprint("d", i), api.KindGitStateStore, fmt.Sprint("d", i), ""))
		}
		placements, err := placement.Place(redis(resource, files...), world("", destinations...), placement.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := max(1, len(destinations)) // all-of, or once without a Destination
		if resource != "" {
			want = 1
		}
		seen := map[string]int{}
		for _, d := range placements[0].Documents {
			seen[d.Path]++
		}
		for i := 0; i < len(files); i += 2 {
			if seen[files[i]] != want {
				t.Errorf("%s is placed %d times, want %d", files[i], seen[files[i]], want)
			}
		}
	}
}
