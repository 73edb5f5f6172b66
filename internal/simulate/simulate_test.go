// SPDX-License-Identifier: Apache-2.0

package simulate_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/work"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// TestStatusTellsWhatBecameOfTheWork replays one Pipeline of a request onto
// platforms where its Work was before.
func TestStatusTellsWhatBecameOfTheWork(t *testing.T) {
	t.Parallel()
	type labels = map[string]string
	stood := api.Work{ObjectMeta: metav1.ObjectMeta{
		Name: "db-orders-build-1a2b3", Namespace: "team-a",
		Labels: labels{api.LabelPromiseName: "db", api.LabelWorkType: "resource", api.LabelPipelineName: "build", api.LabelResourceName: "orders"},
	}}
	kept := api.WorkPlacement{
		ObjectMeta: metav1.ObjectMeta{
			Name: "db-orders-build-1a2b3.d-5058f", Namespace: "team-a",
			Labels: labels{api.LabelWork: stood.Name, api.LabelWorkloadGroupID: work.DefaultGroupID},
		},
		Spec: api.WorkPlacementSpec{TargetDestinationName: "d"},
	}
	for name, tt := range map[string]struct {
		have     labels // of the Destination
		existing []api.WorkPlacement
		want     labels // conditions
	}{
		"placed":    {labels{"env": "dev"}, []api.WorkPlacement{kept}, labels{"WorksSucceeded": "WorksSucceeded", "Reconciled": "Reconciled"}},
		"misplaced": {labels{"env": "prod"}, []api.WorkPlacement{kept}, labels{"WorksSucceeded": "WorksMisplaced", "Reconciled": "WorksFailing"}},
		"unplaced":  {labels{"env": "prod"}, nil, labels{"WorksSucceeded": "WorksPending", "Reconciled": "WorkflowPending"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output := t.TempDir()
			if err := os.WriteFile(filepath.Join(output, "a.yaml"), []byte("a: 1\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			p := &platform.Platform{
				Destinations: []api.Destination{{
					ObjectMeta: metav1.ObjectMeta{Name: "d", Labels: tt.have},
					Spec:       api.DestinationSpec{Path: "d", StateStoreRef: &api.StateStoreRef{Kind: api.KindGitStateStore, Name: "git"}},
				}},
				Works: []api.Work{stood}, WorkPlacements: tt.existing,
			}
			p.Complete()
			pipeline := api.Pipeline{}
			pipeline.Name = "build"
			delivery, err := simulate.Run(t.Context(), simulate.Simulation{
				Workflow: workflow.Spec{
					Promise: "db", Type: api.WorkflowResource, Action: api.ActionConfigure, Plural: "dbs", Pipelines: []api.Pipeline{pipeline},
					Object: map[string]any{"apiVersion": "acme.org/v1", "kind": "DB", "metadata": map[string]any{"name": "orders", "namespace": "team-a"}},
				},
				Selectors: []api.PromiseSelector{{MatchLabels: labels{"env": "dev"}}},
				Platform:  p,
				Recorded:  func(string) (string, string) { return output, t.TempDir() },
			})
			if err != nil {
				t.Fatal(err)
			}
			got := reasons(t, delivery.Object)
			maps.DeleteFunc(got, func(kind, _ string) bool { return tt.want[kind] == "" })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("reasons of conditions (-want +got):\n%s", diff)
			}
		})
	}
}

// reasons gives the reason of each condition of an object.
func reasons(t *testing.T, object map[string]any) map[string]string {
	t.Helper()
	status, _ := object["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	found := map[string]string{}
	for _, item := range conditions {
		condition, _ := item.(map[string]any)
		kind, _ := condition["type"].(string)
		found[kind], _ = condition["reason"].(string)
	}
	return found
}

// TestSilentlyPassedOver is about what Kratix does without a word.
func TestSilentlyPassedOver(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		action    api.WorkflowAction
		pipelines []string
		output    string // name of a file
		status    string // content of status.yaml
		want      []string
	}{
		"a delete workflow":              {api.ActionDelete, []string{"a"}, "", "", nil},
		"more delete Pipelines":          {api.ActionDelete, []string{"a", "b", "c"}, "", "message: gone\n", []string{"P10 spec.workflows.resource.delete[1]", "P10 spec.workflows.resource.delete[2]"}},
		"output of a delete workflow":    {api.ActionDelete, []string{"a"}, "f.yaml", "", []string{"O15 "}},
		"a message in between":           {api.ActionConfigure, []string{"a", "b"}, "f.yaml", "message: first\n", []string{"M18 message"}},
		"a message at the end":           {api.ActionConfigure, []string{"a"}, "f.yaml", "message: last\n", nil},
		"nothing to set back to Pending": {api.ActionConfigure, []string{"a", "b"}, "f.yaml", "key: value\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, metadata := t.TempDir(), t.TempDir()
			write(t, output, tt.output, "kind: Namespace\napiVersion: v1\nmetadata: {name: n}\n")
			if tt.status != "" {
				write(t, metadata, "status.yaml", tt.status)
			}
			pipelines := make([]api.Pipeline, len(tt.pipelines))
			for i, name := range tt.pipelines {
				pipelines[i].Name = name
			}
			delivery, err := simulate.Run(t.Context(), simulate.Simulation{
				Workflow: workflow.Spec{
					Promise: "db", Type: api.WorkflowResource, Action: tt.action, Plural: "dbs", Pipelines: pipelines,
					Object: map[string]any{"apiVersion": "acme.org/v1", "kind": "DB", "metadata": map[string]any{"name": "orders", "namespace": "team-a"}},
				},
				Recorded: func(string) (string, string) { return output, metadata },
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range delivery.Pipelines[0].Findings {
				got = append(got, f.Code+" "+f.Field)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// write makes a file, or nothing if it has no name.
func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if name == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
