// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/snapshot"
)

// dbPromise has a workflow of two Pipelines, which run in a namespace of their
// own, and one for deletion.
const dbPromise = `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: db, labels: {}}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: databases.example.com}
    spec:
      group: example.com
      names: {kind: Database, plural: databases, singular: database, shortNames: [dbs]}
      scope: Namespaced
      versions: [{name: v1alpha1, served: true}, {name: v1, served: true, storage: true}]
  workflows:
    config: {pipelineNamespace: pipelines}
    resource:
      configure:
      - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: first}}
      - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: second}}
      delete:
      - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: cleanup}}
status: {status: Available, kind: Database, apiVersion: example.com/v1}
---
apiVersion: platform.kratix.io/v1alpha1
kind: Destination
metadata: {name: prod}
spec: {path: prod, stateStoreRef: {kind: GitStateStore, name: git}}
---
apiVersion: platform.kratix.io/v1alpha1
kind: GitStateStore
metadata: {name: git}
spec: {url: 'https://me:secret@git.example.com/repo.git'}
---
`

func fromText(t *testing.T, text string) *inspect.Inspector {
	t.Helper()
	s, err := snapshot.Load(strings.NewReader(text), "-")
	if err != nil {
		t.Fatal(err)
	}
	if found := s.Findings(); len(found) > 0 {
		t.Fatal(found)
	}
	return inspector(s)
}

func TestWorkflows(t *testing.T) {
	t.Parallel()
	const failed = "what it printed: kratix logs request database/orders -n team"
	const again = "to run the workflow again: kubectl label databases.example.com orders -n team kratix.io/manual-reconciliation=true"
	for _, test := range []struct {
		name, promise, request string
		state                  inspect.WorkflowState
		sentence               string
		advice                 []string
	}{
		{"nothing has happened", dbPromise, "", inspect.WorkflowPending, "no Pipeline has run yet", nil},
		{
			"the first runs", dbPromise, "status: {kratix: {workflows: {pipelines: [{name: first, phase: Running}, {name: second, phase: Pending}]}}}",
			inspect.WorkflowRunning, `pipeline "first" is running, 1 of 2`, nil,
		},
		{
			"between two", dbPromise, "status: {kratix: {workflows: {pipelines: [{name: first, phase: Succeeded}, {name: second, phase: Pending}]}}}",
			inspect.WorkflowRunning, `pipeline "second" is next, 2 of 2`, nil,
		},
		{
			"completed", dbPromise, "status: {conditions: [{type: ConfigureWorkflowCompleted, status: 'True', lastTransitionTime: yesterday}]}",
			inspect.WorkflowCompleted, "all Pipelines completed", nil,
		},
		{
			"completed for an older generation", dbPromise,
			"status: {observedGeneration: 2, conditions: [{type: ConfigureWorkflowCompleted, status: 'True'}]}",
			inspect.WorkflowPending, "generation 3 has not been worked on, only 2", nil,
		},
		{
			"failed", dbPromise,
			"status: {conditions: [{type: ConfigureWorkflowCompleted, status: 'False', reason: ConfigureWorkflowFailed, message: 'A Configure Pipeline has failed: second'}]}",
			inspect.WorkflowFailed, `pipeline "second" failed`,
			[]string{failed, again},
		},
		{
			"paused with its Promise", strings.Replace(dbPromise, "labels: {}", "labels: {kratix.io/paused: 'true'}", 1), "",
			inspect.WorkflowPaused, "paused by the label kratix.io/paused of the Promise",
			[]string{"to go on: kubectl label promises.platform.kratix.io db kratix.io/paused-"},
		},
		{
			"the delete workflow runs", dbPromise, "status: {kratix: {workflows: {pipelines: [{name: cleanup, phase: Running}]}}}",
			inspect.WorkflowDeleting, `pipeline "cleanup" is running, 1 of 1`, nil,
		},
		{
			"the delete workflow failed", dbPromise,
			"status: {conditions: [{type: DeleteWorkflowCompleted, status: 'False', reason: DeleteWorkflowFailed}], kratix: {workflows: {pipelines: [{name: cleanup, phase: Failed}]}}}",
			inspect.WorkflowFailed, `pipeline "cleanup" failed`,
			[]string{failed, again},
		},
		{
			"a Promise without Pipelines", strings.Replace(dbPromise, "      configure:", "      other:", 1), "",
			inspect.WorkflowNone, "the Promise has no Pipelines for it", nil,
		},
		{"a status of another shape", dbPromise, "status: {message: [1, 2], promiseVersion: 3}", inspect.WorkflowPending, "no Pipeline has run yet", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := fromText(t, test.promise+"apiVersion: example.com/v1\nkind: Database\nmetadata: {name: orders, namespace: team, generation: 3}\n"+test.request)
			r, err := in.Request(t.Context(), "dbs", "team", "orders")
			if err != nil {
				t.Fatal(err)
			}
			want := append([]string{}, test.advice...)
			if diff := cmp.Diff([]any{test.state, test.sentence, want}, []any{r.Workflow.State, r.Workflow.Sentence, r.Workflow.Advice}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// With a pipelineNamespace the Works of requests of one name lie side by side,
// and a label tells whose they are.
func TestPipelineNamespace(t *testing.T) {
	t.Parallel()
	work := func(name, pipeline, namespace string) string {
		return "---\napiVersion: platform.kratix.io/v1alpha1\nkind: Work\nmetadata:\n  name: " + name + "\n  namespace: pipelines\n  labels: {kratix.io/promise-name: db, kratix.io/resource-name: orders, kratix.io/work-type: resource, kratix.io/pipeline-name: " +
			pipeline + ", kratix.io/resource-namespace: " + namespace + "}\nspec: {promiseName: db, resourceName: orders}\n"
	}
	in := fromText(t, dbPromise+"apiVersion: example.com/v1\nkind: Database\nmetadata: {name: orders, namespace: team}\n"+
		work("a", "second", "team")+work("b", "first", "team")+work("c", "first", "others"))
	r, err := in.Request(t.Context(), "Database", "team", "orders")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range r.Works {
		got = append(got, w.Name+" "+w.Pipeline+" "+w.For.Namespace)
	}
	if diff := cmp.Diff([]string{"b first team", "a second team"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Events are told alike in both of their APIs, and equal ones are one.
func TestEvents(t *testing.T) {
	t.Parallel()
	const core = `apiVersion: v1
kind: Event
metadata: {name: e%, namespace: team, creationTimestamp: '2026-11-23T04:00:00Z'}
involvedObject: {kind: Database, name: orders, namespace: team}
reason: PipelineStarted
message: "Configure Pipeline started: first "
type: Normal
count: 2
firstTimestamp: '2026-11-23T04:0%:00Z'
lastTimestamp: '2026-11-23T04:1%:00Z'
---
`
	of := func(n string) string { return strings.ReplaceAll(core, "%", n) }
	elsewhere := strings.Replace(of("3"), "kind: Database", "kind: Cat", 1)
	in := fromText(t, dbPromise+of("2")+of("1")+elsewhere+"apiVersion: example.com/v1\nkind: Database\nmetadata: {name: orders, namespace: team}\n")
	r, err := in.Request(t.Context(), "db", "team", "orders")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Events) != 1 {
		t.Fatalf("events %+v", r.Events)
	}
	e := r.Events[0]
	got := []any{e.Object, e.Reason, e.Message, e.Count, e.FirstSeen.Format("15:04"), e.LastSeen.Format("15:04")}
	if diff := cmp.Diff([]any{"Database/orders", "PipelineStarted", "Configure Pipeline started: first", 4, "04:01", "04:12"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Credentials in the address of a state store are not told.
func TestAddressWithoutPassword(t *testing.T) {
	t.Parallel()
	l, err := fromText(t, dbPromise).Destinations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Items[0].Store.Address, "https://git.example.com/repo.git"; got != want {
		t.Errorf("address %q, want %q", got, want)
	}
}
