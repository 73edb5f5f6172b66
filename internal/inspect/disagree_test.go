// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/work"
)

// found is what a report says, in short.
type found struct {
	Sentence      string
	Healthy       bool
	Disagreements []string
}

func report(t *testing.T, p *platform.Platform) *inspect.WorkReport {
	t.Helper()
	r, err := inspector(saved(t, p)).Work(t.Context(), "team", "db-work")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func inShort(r *inspect.WorkReport) found {
	f := found{Sentence: r.Verdict.Sentence, Healthy: r.Verdict.Healthy}
	for _, d := range r.Disagreements {
		f.Disagreements = append(f.Disagreements, string(d.Code)+" "+d.Object)
	}
	return f
}

// What Kratix stores can be wrong in many ways, each of which is told.
func TestDisagreements(t *testing.T) {
	t.Parallel()
	const workObject, placed = "Work team/db-work", "WorkPlacement team/db-work.prod-5058f"
	for _, test := range []struct {
		name   string
		work   api.Work
		change func(*platform.Platform)
		want   found
	}{
		{"nothing is wrong", aWork("orders", "."), func(*platform.Platform) {}, found{"Written: 1 document on prod", true, nil}},
		{
			"never written", aWork("orders", "."),
			func(p *platform.Platform) {
				p.WorkPlacements[0].Status.Conditions = conditions("ScheduleSucceeded=True/ScheduledToDestination", "Ready=False/ScheduledToDestination")
			},
			found{"Placed: 1 of 1 WorkPlacement not written yet", false, []string{"ReadyNotWritten " + workObject}},
		},
		{
			"Ready before it was written, as until February 2026", aWork("orders", "."),
			func(p *platform.Platform) {
				p.WorkPlacements[0].Status.Conditions = conditions("ScheduleSucceeded=True/ScheduledToDestination", "Ready=True/Ready")
			},
			found{"Placed: 1 of 1 WorkPlacement not written yet", false, []string{"ReadyNotWritten " + placed, "ReadyNotWritten " + workObject}},
		},
		{
			"writing failed while the two controllers alternate", aWork("orders", "."),
			func(p *platform.Platform) {
				p.WorkPlacements[0].Status.Conditions = conditions("ScheduleSucceeded=True/ScheduledToDestination", "WriteSucceeded=False/WorkloadsFailedWrite", "Ready=False/WorkloadsFailedWrite")
			},
			found{"WriteFailed: 1 of 1 WorkPlacement could not be written", false, []string{"ReadyNotWritten " + workObject}},
		},
		{
			"the WorkPlacement is gone", aWork("orders", "."), func(p *platform.Platform) { p.WorkPlacements = nil },
			found{"Unplaced: 1 of 1 group has no Destination", false, []string{
				"ReadyNotPlaced " + workObject, "CountersWrong " + workObject, "PlaceableNotPlaced " + workObject,
			}},
		},
		{
			"placed, and said to be unscheduled", aWork("orders", "."),
			func(p *platform.Platform) {
				p.Works[0].Status.Conditions = conditions("ScheduleSucceeded=False/UnscheduledWorkloads", "Ready=False/UnscheduledWorkloads")
			},
			found{"Written: 1 document on prod", true, []string{"NotReadyPlaced " + workObject}},
		},
		{
			"relabelled, and nobody has noticed", aWork("orders", "."), func(p *platform.Platform) { p.Destinations[1].Labels["env"] = "stage" },
			found{"Written: 1 document on prod, misplaced", false, []string{"MisplacedNotMarked " + placed}},
		},
		{
			"relabelled, and marked", aWork("orders", "."),
			func(p *platform.Platform) {
				p.Destinations[1].Labels["env"] = "stage"
				p.WorkPlacements[0].Labels[api.LabelMisplaced] = "true"
			},
			found{"Written: 1 document on prod, misplaced", false, nil},
		},
		{
			"the mark of a misplacement that is over", aWork("orders", "."), func(p *platform.Platform) { p.WorkPlacements[0].Labels[api.LabelMisplaced] = "true" },
			found{"Written: 1 document on prod", true, []string{"MarkedNotMisplaced " + placed}},
		},
		{
			"the condition of a misplacement that is over", aWork("orders", "."),
			func(p *platform.Platform) {
				p.WorkPlacements[0].Status.Conditions = conditions("WriteSucceeded=True/WorkloadsWrittenToStateStore", "ScheduleSucceeded=False/DestinationSelectorMismatch")
			},
			found{"Written: 1 document on prod", true, []string{"MarkedNotMisplaced " + placed}},
		},
		{
			"the Destination is gone", aWork("orders", "."), func(p *platform.Platform) { p.Destinations = p.Destinations[:1] },
			found{"Written: 1 document on prod, misplaced", false, []string{"DestinationGone " + placed}},
		},
		{
			"the group is gone", aWork("orders", ".", "extra"),
			func(p *platform.Platform) {
				p.Works[0].Spec.WorkloadGroups = p.Works[0].Spec.WorkloadGroups[:1]
				p.Works[0].Status.WorkPlacements, p.Works[0].Status.WorkPlacementsCreated = 1, 1
			},
			found{"Written: 1 document on prod", true, []string{"GroupGone WorkPlacement team/db-work.prod-" + work.ShortID(work.GroupID("extra"))}},
		},
		{
			"a request on two Destinations", aWork("orders", "."),
			func(p *platform.Platform) {
				p.Destinations[0].Labels["env"] = "prod"
				second := p.WorkPlacements[0]
				second.Name, second.Spec.TargetDestinationName = "db-work.dev-5058f", "dev"
				p.WorkPlacements = append(p.WorkPlacements, second)
			},
			found{"Written: 1 document on dev, 1 document on prod", true, []string{"MorePlacements " + workObject}},
		},
		{
			"an older Work was written, with the same documents", aWork("orders", "."), func(p *platform.Platform) { p.WorkPlacements[0].Spec.Generation = 1 },
			found{"Written: 1 document on prod", true, []string{"GenerationBehind " + placed}},
		},
		{
			"an older Work was written, with other documents", aWork("orders", "."),
			func(p *platform.Platform) {
				p.WorkPlacements[0].Spec.Generation = 1
				p.WorkPlacements[0].Spec.Workloads = []api.Workload{{Filepath: "db.yaml", Content: work.Compress([]byte("old"))}}
			},
			found{"Placed: 1 of 1 WorkPlacement not written yet", false, []string{"GenerationBehind " + placed}},
		},
		{
			"the same bytes, compressed by another gzip", aWork("orders", "."),
			func(p *platform.Platform) {
				p.WorkPlacements[0].Spec.Workloads = []api.Workload{{Filepath: "db.yaml", Content: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: db-.\n"}}
			},
			found{"Written: 1 document on prod", true, nil},
		},
		{
			"wrong counters", aWork("orders", "."), func(p *platform.Platform) { p.Works[0].Status.WorkPlacements = 3 },
			found{"Written: 1 document on prod", true, []string{"CountersWrong " + workObject}},
		},
		{
			"a Promise that should be on one more Destination", aWork("", "."), func(p *platform.Platform) { p.Destinations[0].Labels["env"] = "prod" },
			found{"Unplaced: a Destination that matches has no WorkPlacement", false, []string{"PlaceableNotPlaced " + workObject}},
		},
		{
			"the WorkPlacement is being deleted", aWork("orders", "."),
			func(p *platform.Platform) {
				since := metav1.NewTime(now())
				p.WorkPlacements[0].DeletionTimestamp = &since
			},
			found{"Placed: 1 document on prod, where it is being removed", false, nil},
		},
		{
			"no documents", aWork("orders"), func(*platform.Platform) {},
			found{"Empty: the Work has no documents", true, nil},
		},
		{
			"selectors that Kratix cannot read", aWork("orders", "."),
			func(p *platform.Platform) {
				p.WorkPlacements = nil
				p.Works[0].Spec.WorkloadGroups[0].DestinationSelectors[0].MatchLabels["env"] = "a b!"
				p.Works[0].Status = api.WorkStatus{Conditions: conditions("ScheduleSucceeded=False/FailedToScheduleWorkloads", "Ready=False/FailedToScheduleWorkloads")}
			},
			found{"Unplaced: 1 of 1 group has no Destination", false, nil},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := prod(t, test.work)
			test.change(p)
			if diff := cmp.Diff(test.want, inShort(report(t, p))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Older releases tell less, and in other words.
func TestOlderReleases(t *testing.T) {
	t.Parallel()
	const (
		scheduled, unscheduled = "Scheduled=True/ScheduledToDestinations", "Scheduled=False/UnscheduledWorkloadGroups"
		correct, incorrect     = "Misscheduled=False/ScheduledToCorrectDestinations", "Misscheduled=True/ScheduledToIncorrectDestinations"
		written, ready         = "WriteSucceeded=True/WorkloadsWrittenToStateStore", "Ready=True/Ready"
		mismatch               = "Misscheduled=True/DestinationSelectorMismatch"
		marked                 = "kratix.io/misscheduled"
		placed                 = "WorkPlacement team/db-work.prod-5058f"
	)
	for _, test := range []struct {
		name         string
		work, placed []string
		change       func(*platform.Platform)
		want         found
	}{
		{
			"before November 2023, of which nothing says anything",
			nil, nil,
			func(p *platform.Platform) {
				p.Works[0].CreationTimestamp = metav1.NewTime(time.Date(2023, time.May, 1, 0, 0, 0, 0, time.UTC))
			},
			found{"Placed: 1 document on prod; this release of Kratix does not tell what was written", true, nil},
		},
		{
			"not scheduled yet, or rather not told",
			nil, nil, nil,
			found{"Placed: 1 of 1 WorkPlacement not written yet", false, nil},
		},
		{
			"2023 to 2025, fine, of which the WorkPlacement says nothing",
			[]string{scheduled, correct},
			nil, nil,
			found{"Placed: 1 document on prod; this release of Kratix does not tell what was written", true, nil},
		},
		{
			"2023 to 2025, misplaced",
			[]string{scheduled, incorrect},
			[]string{mismatch},
			func(p *platform.Platform) {
				p.Destinations[1].Labels["env"] = "stage"
				p.WorkPlacements[0].Labels[marked] = "true"
			},
			found{"Placed: 1 document on prod; this release of Kratix does not tell what was written, misplaced", false, nil},
		},
		{
			"2023 to 2025, said to be misplaced since another Destination matches too",
			[]string{scheduled, incorrect},
			[]string{mismatch},
			func(p *platform.Platform) {
				p.Destinations[0].Labels["env"] = "prod"
				p.WorkPlacements[0].Labels[marked] = "true"
			},
			found{"Placed: 1 document on prod; this release of Kratix does not tell what was written", true, []string{"MarkedNotMisplaced " + placed}},
		},
		{
			"2023 to 2025, unscheduled",
			[]string{unscheduled, correct},
			nil,
			func(p *platform.Platform) { p.WorkPlacements, p.Destinations = nil, p.Destinations[:1] },
			found{"Unplaced: 1 of 1 group has no Destination", false, nil},
		},
		{"May 2025, written", []string{scheduled, correct}, []string{written, ready}, nil, found{"Written: 1 document on prod", true, nil}},
		{
			"May 2025, failed",
			[]string{scheduled, correct},
			[]string{"WriteSucceeded=False/WorkloadsFailedWrite"},
			nil,
			found{"WriteFailed: 1 of 1 WorkPlacement could not be written", false, nil},
		},
		{
			"June 2025 to February 2026, written",
			[]string{"ScheduleSucceeded=True/AllWorkplacementsScheduled", "Ready=True/Ready"},
			[]string{"ScheduleSucceeded=True/ScheduledToDestination", written, ready},
			func(p *platform.Platform) {
				p.Works[0].Status.WorkPlacements, p.Works[0].Status.WorkPlacementsCreated = 1, 1
			},
			found{"Written: 1 document on prod", true, nil},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := prod(t, aWork("orders", "."))
			p.Works[0].Status = api.WorkStatus{Conditions: conditions(test.work...)}
			p.Works[0].Generation, p.WorkPlacements[0].Spec.Generation = 0, 0
			p.WorkPlacements[0].Status.Conditions = conditions(test.placed...)
			if test.change != nil {
				test.change(p)
			}
			if diff := cmp.Diff(test.want, inShort(report(t, p))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Contents were plain text once, and the oldest Works have no labels.
func TestOldestWorks(t *testing.T) {
	t.Parallel()
	w := aWork("orders", ".")
	w.Spec.WorkloadGroups[0].Workloads[0].Content = "kind: Namespace\napiVersion: v1\nmetadata: {name: plain}\n"
	p := prod(t, w)
	p.Works[0].Labels = nil
	r := report(t, p)
	want := inspect.Owner{Type: api.WorkTypeResource, Promise: "db", Namespace: "team", Name: "orders"}
	if diff := cmp.Diff(want, r.For); diff != "" {
		t.Errorf("owner (-want +got):\n%s", diff)
	}
	content := []inspect.Content{{Group: ".", Path: "db.yaml", Size: 55, Kind: "Namespace", Name: "plain", APIVersion: "v1", Objects: 1, Plain: true}}
	if diff := cmp.Diff(content, r.Contents); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

// What keeps a group from every Destination is said truly, also where that is
// no label.
func TestWhyThereIsNoDestination(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(prod *api.Destination, group *api.WorkloadGroup)
		want   string
	}{
		"a label": {func(d *api.Destination, _ *api.WorkloadGroup) { d.Labels["env"] = "stage" }, "no Destination has env=prod"},
		"being deleted": {func(d *api.Destination, _ *api.WorkloadGroup) {
			d.DeletionTimestamp = &metav1.Time{Time: now()}
			d.Finalizers = []string{"f"}
		}, "no Destination that stays has env=prod"},
		"for dry runs": {func(d *api.Destination, _ *api.WorkloadGroup) { d.Labels[api.LabelDryRun] = "true" }, "only Destinations for dry runs match: prod"},
		"one of two": {
			func(_ *api.Destination, g *api.WorkloadGroup) {
				g.DestinationSelectors[0].MatchLabels = map[string]string{"env": "prod", "gpu": "yes"}
			}, "no Destination has gpu=yes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := aWork("orders", ".")
			p := prod(t, w)
			test.change(&p.Destinations[1], &p.Works[0].Spec.WorkloadGroups[0])
			p.WorkPlacements = nil
			r := report(t, p)
			if len(r.Verdict.Reasons) != 1 || r.Verdict.Reasons[0].Text != test.want {
				t.Errorf("got %v, want %q", r.Verdict.Reasons, test.want)
			}
		})
	}
}
