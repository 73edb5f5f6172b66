// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/snapshot"
)

var update = flag.Bool("update", false, "write the golden files anew")

// now is when the tests take place: after the recording.
func now() time.Time { return time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC) }

// livePlatform is a platform recorded from a real Kratix, frozen in many
// conditions; its README says which.
func livePlatform(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	s, err := snapshot.Load(nil, "../../testdata/live-platform/live.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func inspector(s inspect.Source) *inspect.Inspector {
	return inspect.New(s, inspect.Options{Now: now})
}

// golden compares a report with its file.
func golden(t *testing.T, name string, report any) {
	t.Helper()
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(report); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "golden", name+".json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", name, diff)
	}
	if strings.Contains(got.String(), ": null") {
		for line := range strings.Lines(got.String()) {
			if key, _, isNull := strings.Cut(strings.TrimSpace(line), ": null"); isNull && !mayBeNull[strings.Trim(key, `"`)] {
				t.Errorf("%s: %s is null", name, key)
			}
		}
	}
}

// mayBeNull are the fields in which null says that nothing is known, or that a
// label is absent. Lists are never null.
var mayBeNull = map[string]bool{
	"placed": true, "written": true, "total": true, "ready": true, "store": true, "workflow": true, "binding": true, "actual": true, "workPlacements": true,
}

func TestReportsOfLivePlatform(t *testing.T) {
	t.Parallel()
	in := inspector(livePlatform(t))
	for name, report := range map[string]func(context.Context) (any, error){
		"works": func(ctx context.Context) (any, error) { return in.Works(ctx, inspect.WorksQuery{AllNamespaces: true}) },
		"works-not-ready": func(ctx context.Context) (any, error) {
			return in.Works(ctx, inspect.WorksQuery{AllNamespaces: true, NotReady: true})
		},
		"workplacements": func(ctx context.Context) (any, error) {
			return in.WorkPlacements(ctx, inspect.WorksQuery{AllNamespaces: true})
		},
		"destinations": func(ctx context.Context) (any, error) { return in.Destinations(ctx) },
		"promises":     func(ctx context.Context) (any, error) { return in.Promises(ctx) },
		"work-half-placed": func(ctx context.Context) (any, error) {
			return in.Work(ctx, "team-a", "webapp-blog-instance-configure-294f2")
		},
		"work-never-written": func(ctx context.Context) (any, error) {
			return in.Work(ctx, "default", "sealed-never-instance-configure-cb8fa")
		},
		"work-write-failed": func(ctx context.Context) (any, error) {
			return in.Work(ctx, "default", "archive-cold-instance-configure-55ebb")
		},
		"work-misplaced": func(ctx context.Context) (any, error) {
			return in.Work(ctx, "default", "legacy-postgres-old-db-instance-configure-e1438")
		},
		"work-static-dependencies": func(ctx context.Context) (any, error) {
			return in.Work(ctx, "kratix-platform-system", "base-static-deps-406ad")
		},
		"destination-aggregated": func(ctx context.Context) (any, error) { return in.Destination(ctx, "observability") },
		"destination-none":       func(ctx context.Context) (any, error) { return in.Destination(ctx, "terraform") },
		"destination-failing":    func(ctx context.Context) (any, error) { return in.Destination(ctx, "archive") },
		"destination-misplaced":  func(ctx context.Context) (any, error) { return in.Destination(ctx, "legacy") },
		"promise-unavailable":    func(ctx context.Context) (any, error) { return in.Promise(ctx, "stack") },
		"promise-workflow":       func(ctx context.Context) (any, error) { return in.Promise(ctx, "kafka") },
		"promise-dependencies":   func(ctx context.Context) (any, error) { return in.Promise(ctx, "base") },
		"request-two-groups":     func(ctx context.Context) (any, error) { return in.Request(ctx, "webapp", "default", "shop") },
		"request-failed":         func(ctx context.Context) (any, error) { return in.Request(ctx, "kafka", "default", "events") },
		"request-retry":          func(ctx context.Context) (any, error) { return in.Request(ctx, "vm", "team-a", "vm-2") },
		"request-deleting":       func(ctx context.Context) (any, error) { return in.Request(ctx, "redis", "team-b", "old-cache") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := report(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, r)
		})
	}
}

// A recorded request is one of the platform, and what its README says of it.
type recordedRequest struct {
	kind, namespace, name string
	sentence              string
	workflow              inspect.WorkflowState
	healthy               bool
	disagreements         []string
}

var recordedRequests = []recordedRequest{
	{"postgres", "default", "orders-db", "on worker-dev: 1 document (Written)", inspect.WorkflowCompleted, true, nil},
	{"Postgres", "team-a", "billing-db", "on worker-dev: 1 document (Written)", inspect.WorkflowCompleted, true, nil},
	{"postgress", "default", "frozen-db", "on no Destination; paused by the label kratix.io/paused", inspect.WorkflowPaused, false, nil},
	{"legacy-postgres", "default", "old-db", "on legacy: 1 document (Written), misplaced", inspect.WorkflowCompleted, false, nil},
	{"redis", "default", "cache", "on worker-prod: 1 document (Written)", inspect.WorkflowCompleted, true, nil},
	{
		"redis", "team-b", "old-cache", `on worker-prod: 1 document (Written); being deleted: pipeline "instance-delete" is running, 1 of 1`,
		inspect.WorkflowDeleting, false,
		[]string{"OwnerDiffers Redis team-b/old-cache"},
	},
	{"webapp", "default", "shop", "on observability: 1 document, worker-dev: 1 document (Written)", inspect.WorkflowCompleted, true, nil},
	{"webapp", "team-a", "blog", `on worker-dev: 1 document, and partly on no Destination: group "edge": no Destination has role=edge`, inspect.WorkflowCompleted, false, nil},
	{"kafka", "default", "events", `on no Destination; pipeline "instance-configure" failed`, inspect.WorkflowFailed, false, nil},
	{"vault", "default", "secrets", "on no Destination: no Destination has security=high", inspect.WorkflowCompleted, false, nil},
	{"tfbuckets.cloud.acme.example", "team-b", "reports", "on terraform: 1 document (Written)", inspect.WorkflowCompleted, true, nil},
	{
		"archive", "default", "cold", "on archive: 1 document (WriteFailed)", inspect.WorkflowCompleted, false,
		[]string{"ReadyNotWritten Work default/archive-cold-instance-configure-55ebb"},
	},
	{
		"sealed", "default", "never", "on vaulted: 1 document (Placed)", inspect.WorkflowCompleted, false,
		[]string{"ReadyNotWritten Work default/sealed-never-instance-configure-cb8fa", "OwnerDiffers Sealed default/never"},
	},
	{"vm", "default", "vm-1", `on no Destination; pipeline "approve" is suspended: waiting for approval CHG-77`, inspect.WorkflowSuspended, false, nil},
	{
		"vm", "team-a", "vm-2", `on no Destination; pipeline "approve" is suspended: quota not granted yet; tried 1 time, again at 2026-11-23T16:39:06Z`,
		inspect.WorkflowSuspended, false, nil,
	},
	{"env", "default", "staging", `on worker-dev: 1 document (Written); pipeline "compute" is running, 2 of 2`, inspect.WorkflowRunning, false, nil},
	{"stack", "default", "full", "on no Destination; the Promise is not available", inspect.WorkflowUnavailable, false, nil},
}

// Every request of the recorded platform comes out as its README says, also
// where the conditions of Kratix say something else.
func TestRequestsOfLivePlatform(t *testing.T) {
	t.Parallel()
	checkRequests(t, inspector(livePlatform(t)))
}

func checkRequests(t *testing.T, in *inspect.Inspector) {
	t.Helper()
	for _, want := range recordedRequests {
		t.Run(want.kind+"-"+want.name, func(t *testing.T) {
			t.Parallel()
			r, err := in.Request(t.Context(), want.kind, want.namespace, want.name)
			if err != nil {
				t.Fatal(err)
			}
			got := recordedRequest{
				kind: want.kind, namespace: r.Namespace, name: r.Name, sentence: r.Verdict.Sentence, workflow: r.Workflow.State, healthy: r.Verdict.Healthy,
			}
			for _, d := range r.Disagreements {
				got.disagreements = append(got.disagreements, string(d.Code)+" "+d.Object)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(recordedRequest{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWorksAreNarrowed(t *testing.T) {
	t.Parallel()
	in := inspector(livePlatform(t))
	for _, test := range []struct {
		query inspect.WorksQuery
		want  []string
	}{
		{inspect.WorksQuery{Namespace: "team-b"}, []string{"redis-old-cache-instance-configure-03b0b", "tf-bucket-reports-instance-configure-a9dd3"}},
		{inspect.WorksQuery{AllNamespaces: true, Promise: "redis"}, []string{"redis-cache-instance-configure-08290", "redis-old-cache-instance-configure-03b0b"}},
		{inspect.WorksQuery{AllNamespaces: true, Request: "shop"}, []string{"webapp-shop-instance-configure-b7c8a"}},
		{inspect.WorksQuery{AllNamespaces: true, Request: "webapps/blog"}, []string{"webapp-blog-instance-configure-294f2"}},
		{inspect.WorksQuery{AllNamespaces: true, Request: "webapps/blog", Promise: "redis"}, nil},
		{inspect.WorksQuery{AllNamespaces: true, Destination: "worker-prod"}, []string{"redis-cache-instance-configure-08290", "kafka-setup-5f974", "redis-old-cache-instance-configure-03b0b"}},
		{inspect.WorksQuery{AllNamespaces: true, Labels: "kratix.io/work-type=promise"}, []string{"kafka-setup-5f974"}},
		{inspect.WorksQuery{Namespace: "default", Fields: "metadata.name=env-staging-network-9b147"}, []string{"env-staging-network-9b147"}},
		{inspect.WorksQuery{Namespace: "team-a", NotReady: true}, []string{"webapp-blog-instance-configure-294f2"}},
	} {
		l, err := in.Works(t.Context(), test.query)
		if err != nil {
			t.Errorf("%+v: %v", test.query, err)
			continue
		}
		var got []string
		for _, w := range l.Items {
			got = append(got, w.Name)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.query, diff)
		}
	}
}
