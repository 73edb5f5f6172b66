package inspect_test

import (
	"bytes"
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
	for name, report := range map[string]func(*testing.T) (any, error){
		"works": func(t *testing.T) (any, error) { return in.Works(t.Context(), inspect.WorksQuery{AllNamespaces: true}) },
		"works-not-ready": func(t *testing.T) (any, error) {
			return in.Works(t.Context(), inspect.WorksQuery{AllNamespaces: true, NotReady: true})
		},
		"workplacements": func(t *testing.T) (any, error) {
			return in.WorkPlacements(t.Context(), inspect.WorksQuery{AllNamespaces: true})
		},
		"destinations": func(t *testing.T) (any, error) { return in.Destinations(t.Context()) },
		"promises":     func(t *testing.T) (any, error) { return in.Promises(t.Context()) },
		"work-half-placed": func(t *testing.T) (any, error) {
			return in.Work(t.Context(), "team-a", "webapp-blog-instance-configure-294f2")
		},
		"work-never-written": func(t *testing.T) (any, error) {
			return in.Work(t.Context(), "default", "sealed-never-instance-configure-cb8fa")
		},
		"work-write-failed": func(t *testing.T) (any, error) {
			return in.Work(t.Context(), "default", "archive-cold-instance-configure-55ebb")
		},
		"work-misplaced": func(t *testing.T) (any, error) {
			return in.Work(t.Context(), "default", "legacy-postgres-old-db-instance-configure-e1438")
		},
		"work-static-dependencies": func(t *testing.T) (any, error) {
			return in.Work(t.Context(), "kratix-platform-system", "base-static-deps-406ad")
		},
		"destination-aggregated": func(t *testing.T) (any, error) { return in.Destination(t.Context(), "observability") },
		"destination-none":       func(t *testing.T) (any, error) { return in.Destination(t.Context(), "terraform") },
		"destination-failing":    func(t *testing.T) (any, error) { return in.Destination(t.Context(), "archive") },
		"destination-misplaced":  func(t *testing.T) (any, error) { return in.Destination(t.Context(), "legacy") },
		"promise-unavailable":    func(t *testing.T) (any, error) { return in.Promise(t.Context(), "stack") },
		"promise-workflow":       func(t *testing.T) (any, error) { return in.Promise(t.Context(), "kafka") },
		"promise-dependencies":   func(t *testing.T) (any, error) { return in.Promise(t.Context(), "base") },
		"request-two-groups":     func(t *testing.T) (any, error) { return in.Request(t.Context(), "webapp", "default", "shop") },
		"request-failed":         func(t *testing.T) (any, error) { return in.Request(t.Context(), "kafka", "default", "events") },
		"request-retry":          func(t *testing.T) (any, error) { return in.Request(t.Context(), "vm", "team-a", "vm-2") },
		"request-deleting":       func(t *testing.T) (any, error) { return in.Request(t.Context(), "redis", "team-b", "old-cache") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := report(t)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, r)
		})
	}
}

// Every request of the recorded platform comes out as its README says, also
// where the conditions of Kratix say something else.
func TestRequestsOfLivePlatform(t *testing.T) {
	t.Parallel()
	in := inspector(livePlatform(t))
	for _, test := range []struct {
		kind, namespace, name string
		sentence              string
		workflow              inspect.WorkflowState
		healthy               bool
		disagreements         []string
	}{
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
	} {
		t.Run(test.kind+"-"+test.name, func(t *testing.T) {
			t.Parallel()
			r, err := in.Request(t.Context(), test.kind, test.namespace, test.name)
			if err != nil {
				t.Fatal(err)
			}
			var disagreements []string
			for _, d := range r.Disagreements {
				disagreements = append(disagreements, string(d.Code)+" "+d.Object)
			}
			if diff := cmp.Diff([]any{test.sentence, test.workflow, test.healthy, test.disagreements},
				[]any{r.Verdict.Sentence, r.Workflow.State, r.Verdict.Healthy, disagreements}); diff != "" {
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
