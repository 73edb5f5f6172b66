// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"bytes"
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/snapshot"
	"github.com/kratix-tools/kratix/internal/work"
)

// A saved platform is built from Go values and read back as files are, so that
// nothing but what the API server would give is seen by the inspector.
func saved(t *testing.T, p *platform.Platform, others ...any) *snapshot.Snapshot {
	t.Helper()
	var text bytes.Buffer
	write := func(kind string, object any) {
		data, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(data, &fields); err != nil {
			t.Fatal(err)
		}
		if kind != "" {
			fields["apiVersion"], fields["kind"] = api.GroupVersion, kind
		}
		if err := json.NewEncoder(&text).Encode(fields); err != nil {
			t.Fatal(err)
		}
	}
	for i := range p.Destinations {
		write("Destination", p.Destinations[i])
	}
	for i := range p.GitStores {
		write("GitStateStore", p.GitStores[i])
	}
	for i := range p.BucketStores {
		write("BucketStateStore", p.BucketStores[i])
	}
	for i := range p.Works {
		write("Work", p.Works[i])
	}
	for i := range p.WorkPlacements {
		write("WorkPlacement", p.WorkPlacements[i])
	}
	if len(p.WorkPlacements) == 0 { // one of somebody else, or files do not tell that there is none
		write("WorkPlacement", api.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Name: "other.dev-5058f", Namespace: "other"}})
	}
	for _, object := range others {
		write("", object)
	}
	s, err := snapshot.Load(&text, "-")
	if err != nil {
		t.Fatal(err)
	}
	if found := s.Findings(); len(found) > 0 {
		t.Fatal(found)
	}
	return s
}

func destination(name string, mode api.FilepathMode, labels map[string]string) api.Destination {
	return api.Destination{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: api.DestinationSpec{
			Path: name, StateStoreRef: &api.StateStoreRef{Kind: api.KindBucketStateStore, Name: "bucket"}, Filepath: api.Filepath{Mode: mode},
		},
		Status: api.DestinationStatus{Conditions: conditions("Ready=True/TestDocumentsWritten")},
	}
}

func bucket() api.BucketStateStore {
	return api.BucketStateStore{
		ObjectMeta: metav1.ObjectMeta{Name: "bucket"}, Spec: api.BucketStateStoreSpec{BucketName: "b", Endpoint: "s3.example.com", Path: "store"},
		Status: api.ReadyStatus{Conditions: conditions("Ready=True/StateStoreReady")},
	}
}

// conditions are written as "Type=Status/Reason".
func conditions(texts ...string) []metav1.Condition {
	var list []metav1.Condition
	for _, text := range texts {
		var c metav1.Condition
		rest, reason := cut(text, "/")
		kind, status := cut(rest, "=")
		c.Type, c.Status, c.Reason = kind, metav1.ConditionStatus(status), reason
		c.LastTransitionTime = metav1.NewTime(now())
		list = append(list, c)
	}
	return list
}

func cut(text, sep string) (before, after string) {
	b, a, _ := bytes.Cut([]byte(text), []byte(sep))
	return string(b), string(a)
}

// aWork is one of a request, or of a Promise if that is empty, with a group
// for each directory, all of which require env=prod.
func aWork(request string, directories ...string) api.Work {
	w := api.Work{
		ObjectMeta: metav1.ObjectMeta{
			Name: "db-work", Namespace: "team", Generation: 2,
			Labels: map[string]string{api.LabelPromiseName: "db", api.LabelWorkType: "resource", api.LabelResourceName: request, api.LabelPipelineName: "instance"},
		},
		Spec: api.WorkSpec{PromiseName: "db", ResourceName: request},
	}
	if request == "" {
		delete(w.Labels, api.LabelResourceName)
		w.Labels[api.LabelWorkType] = "promise"
	}
	for _, directory := range directories {
		file := "db.yaml"
		if directory != "." {
			file = directory + "/" + file
		}
		w.Spec.WorkloadGroups = append(w.Spec.WorkloadGroups, api.WorkloadGroup{
			ID: work.GroupID(directory), Directory: directory,
			DestinationSelectors: []api.WorkloadSelector{{MatchLabels: map[string]string{"env": "prod"}, Source: api.SourcePromise}},
			Workloads: []api.Workload{{
				Filepath: file, Content: work.Compress([]byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: db-" + directory + "\n")),
			}},
		})
	}
	return w
}

// delivered places a Work as Kratix does, and says that all was written.
func delivered(t *testing.T, p *platform.Platform, w *api.Work) *platform.Platform {
	t.Helper()
	p.Complete()
	placements, err := placement.Place(w, p, placement.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var stores placement.Tree
	after, err := placement.Deliver(w, placements, p, &stores)
	if err != nil {
		t.Fatal(err)
	}
	for i := range after.WorkPlacements {
		wp := &after.WorkPlacements[i]
		if wp.Status.Conditions == nil {
			wp.Status.Conditions = conditions("ScheduleSucceeded=True/ScheduledToDestination", "WriteSucceeded=True/WorkloadsWrittenToStateStore", "Ready=True/WorkloadsWrittenToTargetDestination")
		}
	}
	unplaced := 0
	for i := range placements {
		if placements[i].Unplaced() {
			unplaced++
		}
	}
	w.Status = api.WorkStatus{
		Conditions:     conditions("ScheduleSucceeded=True/AllWorkplacementsScheduled", "Ready=True/AllWorkplacementsScheduled"),
		WorkPlacements: len(placements), WorkPlacementsCreated: len(placements) - unplaced,
	}
	if unplaced > 0 {
		w.Status.Conditions = conditions("ScheduleSucceeded=False/UnscheduledWorkloads", "Ready=False/UnscheduledWorkloads")
	}
	after.Works = append(after.Works, *w)
	return after
}

// prod is a platform with two Destinations, one of them for production, where
// a Work is placed.
func prod(t *testing.T, w api.Work) *platform.Platform {
	t.Helper()
	return delivered(t, &platform.Platform{
		Destinations: []api.Destination{
			destination("dev", api.FilepathNested, map[string]string{"env": "dev"}),
			destination("prod", api.FilepathNested, map[string]string{"env": "prod"}),
		},
		BucketStores: []api.BucketStateStore{bucket()},
	}, &w)
}
