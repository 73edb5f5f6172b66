// SPDX-License-Identifier: Apache-2.0

package workflow_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// decode reads an object from YAML.
func decode(tb testing.TB, content string) map[string]any {
	tb.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(content), &object); err != nil {
		tb.Fatal(err)
	}
	return object
}

// newRun makes a Run of a workflow with Pipelines of these names.
func newRun(t *testing.T, kind api.WorkflowType, action api.WorkflowAction, object string, pipelines ...string) *workflow.Run {
	t.Helper()
	spec := workflow.Spec{Promise: "postgres", Type: kind, Action: action, Plural: "postgreses", Object: decode(t, object)}
	for _, name := range pipelines {
		var p api.Pipeline
		p.Name = name
		spec.Pipelines = append(spec.Pipelines, p)
	}
	run, err := workflow.NewRun(spec)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

const request = `
apiVersion: acme.org/v1
kind: Postgres
metadata: {name: orders, namespace: team-a}
spec: {size: small}
`

// at gives a value of an object by a path such as "status.conditions".
func at(t *testing.T, run *workflow.Run, path string) any {
	t.Helper()
	var value any = run.Object()
	for key := range strings.SplitSeq(path, ".") {
		m, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = m[key]
	}
	return value
}

func wantAt(t *testing.T, run *workflow.Run, path string, want any) {
	t.Helper()
	if diff := cmp.Diff(want, at(t, run, path)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// conditions writes the conditions of a Run one per line.
func conditions(t *testing.T, run *workflow.Run) []string {
	t.Helper()
	var all []string
	list, _ := at(t, run, "status.conditions").([]any)
	for _, c := range list {
		m := object(c)
		all = append(all, fmt.Sprintf("%v=%v %v: %v", m["type"], m["status"], m["reason"], m["message"]))
	}
	return all
}

func wantConditions(t *testing.T, run *workflow.Run, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, conditions(t, run)); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
}

func metadata(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, content := range files {
		tree[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	return tree
}

func write(t *testing.T, run *workflow.Run, i int, files map[string]string) workflow.Written {
	t.Helper()
	written, err := run.WriteStatus(i, metadata(files))
	if err != nil {
		t.Fatal(err)
	}
	return written
}

func TestAFurtherRunKeepsTheStatus(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowResource, api.ActionConfigure, request+`
status:
  message: it runs
  endpoint: db:5432
  observedGeneration: 1
  workflows: 1
  workflowsSucceeded: 1
  conditions:
  - {type: Ready, status: "True", reason: Up, message: up}
  - {type: ConfigureWorkflowCompleted, status: "True"}
  kratix:
    workflows:
      pipelines: [{name: old, phase: Succeeded}]
`, "a", "b")
	run.Start(0)
	status := object(at(t, run, "status"))
	delete(status, "conditions")
	want := map[string]any{
		"message": "Pending", "endpoint": "db:5432", "observedGeneration": int64(1),
		"workflows": int64(2), "workflowsSucceeded": int64(0), "workflowsFailed": int64(0),
		"kratix": map[string]any{"workflows": map[string]any{"pipelines": []any{
			map[string]any{"name": "a", "phase": "Running", "lastTransitionTime": workflow.Epoch},
			map[string]any{"name": "b", "phase": "Pending", "lastTransitionTime": workflow.Epoch},
		}}},
	}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	wantConditions(t, run,
		"Ready=True Up: up",
		"ConfigureWorkflowCompleted=False PipelinesInProgress: Pipelines are still in progress",
		"Reconciled=Unknown WorkflowPending: Pending")
}

func TestWhatAnObjectSaysOfItselfIsKept(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowResource, api.ActionConfigure, `
apiVersion: acme.org/v1
kind: Postgres
metadata:
  name: orders
  uid: mine
  generation: 4
  labels: {team: data}
  finalizers: [acme.org/mine, kratix.io/work-cleanup]
  managedFields: [{manager: kubectl}]
`, "a")
	wantAt(t, run, "metadata", map[string]any{
		"name": "orders", "uid": "mine", "generation": int64(4),
		"creationTimestamp": workflow.Epoch, "resourceVersion": "1",
		"labels": map[string]any{"team": "data", "kratix.io/promise-name": "postgres"},
		"finalizers": []any{
			"acme.org/mine", "kratix.io/work-cleanup",
			"kratix.io/workflows-cleanup", "kratix.io/delete-workflows", "kratix.io/resource-binding-cleanup",
		},
	})
}

func TestTwoRunsOfOneRequestAreTheSame(t *testing.T) {
	t.Parallel()
	var seen []string
	for range 2 {
		run := newRun(t, api.WorkflowResource, api.ActionConfigure, request, "a")
		run.Start(0)
		write(t, run, 0, map[string]string{"status.yaml": "conditions: [{type: B}, {type: A}]\nx: {b: 1, a: 2}"})
		run.Succeed(0)
		run.Finish(workflow.Works{})
		content, err := run.ObjectYAML()
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, string(content))
	}
	if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
		t.Error(diff)
	}
}

func TestARunDoesNotChangeWhatItWasGiven(t *testing.T) {
	t.Parallel()
	object := decode(t, request)
	spec := workflow.Spec{Promise: "postgres", Type: api.WorkflowResource, Action: api.ActionConfigure, Object: object}
	if _, err := workflow.NewRun(spec); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decode(t, request), object); diff != "" {
		t.Error(diff)
	}
}

func TestAnObjectThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ object, want string }{
		"without kind": {"{apiVersion: acme.org/v1, metadata: {name: x}}", "kind is missing"},
		"without name": {"{apiVersion: acme.org/v1, kind: X}", "metadata.name is missing"},
		"with a name that is a number": {
			"{apiVersion: acme.org/v1, kind: X, metadata: {name: 1}}",
			"cannot unmarshal number",
		},
		"with a status that no cluster holds": {
			request + "status: {message: [a]}",
			`Postgres.acme.org "orders" is invalid: status.message: Invalid value: "array"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := workflow.NewRun(workflow.Spec{Type: api.WorkflowResource, Object: decode(t, tc.object)})
			if diag.ExitCode(err) != diag.ExitInput || !strings.Contains(fmt.Sprint(err), tc.want) {
				t.Errorf("exit code %d: %v", diag.ExitCode(err), err)
			}
		})
	}
}

func TestAFailingPipelineStopsTheWorkflow(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowResource, api.ActionConfigure, request, "a", "b", "c")
	run.Start(0)
	write(t, run, 0, nil)
	run.Succeed(0)
	run.Start(1)
	run.Fail(1)
	wantConditions(t, run,
		"ConfigureWorkflowCompleted=False ConfigureWorkflowFailed: A Configure Pipeline has failed: b",
		"Reconciled=False ConfigureWorkflowFailed: Failing")
	wantAt(t, run, "status.workflowsSucceeded", int64(1))
	wantAt(t, run, "status.workflowsFailed", int64(1))
	wantAt(t, run, "status.message", "Pending")
}

func TestOfDeletePipelinesTheFirstRunsAndIsNotTheLast(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowResource, api.ActionDelete, request, "a", "b")
	if run.Len() != 1 {
		t.Fatalf("%d Pipelines run", run.Len())
	}
	run.Start(0)
	write(t, run, 0, map[string]string{"status.yaml": "message: Pending"})
	wantConditions(t, run)
	wantAt(t, run, "status.message", "Pending")
	wantAt(t, run, "metadata.generation", int64(2))
	wantAt(t, run, "metadata.deletionTimestamp", workflow.Epoch)
	run.Fail(0)
	wantConditions(t, run, "DeleteWorkflowCompleted=False DeleteWorkflowFailed: The Delete Pipeline has failed")
}

func TestASuspendedDeleteWorkflowSaysSo(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowResource, api.ActionDelete, request, "a")
	run.Start(0)
	if !write(t, run, 0, map[string]string{"workflow-control.yaml": "suspend: yes"}).Suspended {
		t.Error("not suspended")
	}
	run.Suspend()
	wantConditions(t, run, "DeleteWorkflowCompleted=False DeleteWorkflowSuspended: The delete workflow is suspended")
}

func TestADryRunSaysSo(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowResource, api.ActionConfigure,
		strings.Replace(request, "name: orders,", `name: orders, labels: {kratix.io/dry-run: "true"},`, 1), "a")
	run.Start(0)
	write(t, run, 0, map[string]string{"status.yaml": "message: mine"})
	run.Succeed(0)
	run.Finish(workflow.Works{})
	wantAt(t, run, "status.message", "Dry run executed")
	env := run.Identity(0).Env()
	if last := env[len(env)-1]; last != (workflow.EnvVar{Name: "KRATIX_DRY_RUN", Value: "true"}) {
		t.Errorf("last variable %v", last)
	}
	if got := conditions(t, run)[1]; got != "Reconciled=True DryRunSucceeded: Dry run completed" {
		t.Error(got)
	}
}

func TestWorksDecideWhetherARequestIsReconciled(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule             string
		kind             api.WorkflowType
		works            workflow.Works
		succeeded, total string
	}{
		{
			"failing comes before all", api.WorkflowResource,
			workflow.Works{Failing: []string{"a", "b"}, Pending: []string{"c"}},
			"WorksSucceeded=False WorksFailing: Some works associated with this resource failed: [a,b]",
			"Reconciled=False WorksFailing: Failing",
		},
		{
			"pending comes before misplaced", api.WorkflowResource,
			workflow.Works{Pending: []string{"c"}, Misplaced: []string{"d"}},
			"WorksSucceeded=Unknown WorksPending: Some works associated with this resource are not ready: [c]",
			"Reconciled=Unknown WorkflowPending: Pending",
		},
		{
			"misplaced counts as failing", api.WorkflowResource,
			workflow.Works{Misplaced: []string{"d"}},
			"WorksSucceeded=False WorksMisplaced: Some works associated with this resource are misplaced: [d]",
			"Reconciled=False WorksFailing: Failing",
		},
		{
			"a Promise words it differently", api.WorkflowPromise,
			workflow.Works{Failing: []string{"a", "b"}},
			"WorksSucceeded=False WorksFailing: Some works associated with this promise are not ready: [a b]",
			"Reconciled=False WorksFailing: Failing",
		},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			run := newRun(t, tc.kind, api.ActionConfigure, request, "a")
			run.Start(0)
			write(t, run, 0, nil)
			run.Succeed(0)
			run.Finish(tc.works)
			all := strings.Join(conditions(t, run), "\n")
			if !strings.Contains(all, tc.succeeded) || !strings.Contains(all, tc.total) {
				t.Errorf("got\n%s\nwant\n%s\n%s", all, tc.succeeded, tc.total)
			}
		})
	}
}

func TestAPromiseWithoutAPIHasNothingToOffer(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowPromise, api.ActionConfigure, `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: base, labels: {kratix.io/promise-version: v1.2.0}}
spec:
  requiredPromises: [{name: cert-manager, version: v1}]
  workflows: {config: {}, promise: {configure: [], delete: [{}]}, resource: {}}
`, "setup")
	run.Start(0)
	wantAt(t, run, "metadata.generation", int64(1))
	wantAt(t, run, "metadata.finalizers", []any{
		"kratix.io/dependencies-cleanup", "kratix.io/workflows-cleanup",
		"kratix.io/revision-cleanup", "kratix.io/delete-workflows",
	})
	wantAt(t, run, "status.kind", nil)
	wantAt(t, run, "status.observedGeneration", nil)
	wantAt(t, run, "status.kratix.version", "v1.2.0")
	wantAt(t, run, "status.requiredPromises", []any{map[string]any{
		"name": "cert-manager", "version": "v1", "state": "Requirement installed",
	}})
	wantConditions(t, run,
		"Available=False PromiseUnavailable: Cannot fulfil resource requests",
		"RequirementsFulfilled=True RequirementsInstalled: Requirements fulfilled",
		"ConfigureWorkflowCompleted=False PipelinesInProgress: Pipelines are still in progress",
		"Reconciled=Unknown WorkflowPending: Pending")
	id := run.Identity(0)
	if id.Namespace != "" || id.Plural != "promises" || !id.ClusterScoped || id.JobNamespace() != "kratix-platform-system" {
		t.Errorf("identity %+v", id)
	}
}

func TestAKeyThatTheControllerAddsIsAGeneration(t *testing.T) {
	t.Parallel()
	for _, given := range []string{
		"{promise: {}, resource: {}}", "{config: {}, resource: {}}", "{config: {}, promise: {}}", "{}",
	} {
		run := newRun(t, api.WorkflowPromise, api.ActionConfigure, `
{apiVersion: platform.kratix.io/v1alpha1, kind: Promise, metadata: {name: base}, spec: {workflows: `+given+`}}`)
		wantAt(t, run, "metadata.generation", int64(2))
		wantAt(t, run, "spec.workflows", map[string]any{"config": map[string]any{}, "promise": map[string]any{}, "resource": map[string]any{}})
	}
}

// What the controller read as nothing it does not write, and it has one way to
// write a duration.
func TestTheControllerWritesAPromiseInItsOwnWay(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowPromise, api.ActionConfigure, `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: base}
spec:
  api: null
  dependencies: []
  destinationSelectors: [{matchLabels: {}}, {matchLabels: {env: dev}}]
  requiredPromises: [{name: redis, version: ""}]
  workflows:
    config: {pipelineNamespace: "", reconciliationInterval: 60m}
    promise: {configure: [{apiVersion: v1, kind: Pipeline, spec: {volumes: [], a: null, b: 1}}], delete: []}
    resource: {}
`)
	wantAt(t, run, "metadata.generation", int64(2))
	wantAt(t, run, "status.requiredPromises", []any{map[string]any{"name": "redis", "state": "Requirement installed"}})
	wantAt(t, run, "spec", map[string]any{
		"destinationSelectors": []any{map[string]any{}, map[string]any{"matchLabels": map[string]any{"env": "dev"}}},
		"requiredPromises":     []any{map[string]any{"name": "redis"}},
		"workflows": map[string]any{
			"config": map[string]any{"reconciliationInterval": "1h0m0s"},
			"promise": map[string]any{"configure": []any{map[string]any{
				"apiVersion": "v1", "kind": "Pipeline", "spec": map[string]any{"volumes": []any{}, "a": nil, "b": int64(1)},
			}}},
			"resource": map[string]any{},
		},
	})
}

func TestAPromiseWithoutPipelinesIsAvailableButNeverReconciled(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowPromise, api.ActionConfigure, `
{apiVersion: platform.kratix.io/v1alpha1, kind: Promise, metadata: {name: base}}`)
	run.Finish(workflow.Works{})
	wantAt(t, run, "status.kratix.workflows", map[string]any{})
	wantAt(t, run, "status.status", "Available")
	wantConditions(t, run,
		"Available=True PromiseAvailable: Ready to fulfil resource requests",
		"WorksSucceeded=True WorksSucceeded: All works associated with this promise are ready")
}

func TestARequestDoesNotSeeItsWorksInAnotherNamespace(t *testing.T) {
	t.Parallel()
	for namespace, want := range map[string]string{
		"":       "WorksSucceeded=Unknown WorksPending: Some works associated with this resource are not ready: [w]",
		"team-a": "WorksSucceeded=Unknown WorksPending: Some works associated with this resource are not ready: [w]",
		"jobs":   "WorksSucceeded=True WorksSucceeded: All works associated with this resource are ready",
	} {
		run, err := workflow.NewRun(workflow.Spec{
			Promise: "postgres", Type: api.WorkflowResource, Action: api.ActionConfigure, Object: decode(t, request),
			Pipelines: make([]api.Pipeline, 1), PipelineNamespace: namespace,
		})
		if err != nil {
			t.Fatal(err)
		}
		run.Finish(workflow.Works{Pending: []string{"w"}})
		if got := conditions(t, run); !slices.Contains(got, want) {
			t.Errorf("namespace %q: got %q, want %q", namespace, got, want)
		}
	}
}

func TestAPromiseStatusLosesWhatItsSchemaDoesNotHave(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowPromise, api.ActionConfigure, `
{apiVersion: platform.kratix.io/v1alpha1, kind: Promise, metadata: {name: base}}`, "setup")
	run.Start(0)
	written := write(t, run, 0, map[string]string{"status.yaml": "message: done\nquota: 10\nversion: v9\n"})
	wantAt(t, run, "status.quota", nil)
	wantAt(t, run, "status.version", "v9")
	wantAt(t, run, "status.message", "done")
	var got []string
	for _, f := range written.Findings {
		got = append(got, string(f.Severity)+" "+f.String())
	}
	want := []string{
		"warning metadata/status.yaml: version: a promise workflow is only meant to write message; Kratix' controller may overwrite this key",
		"warning metadata/status.yaml: quota: the API server drops this key: the schema of the status does not have it",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestAPromiseConditionMustBeComplete(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowPromise, api.ActionConfigure, `
{apiVersion: platform.kratix.io/v1alpha1, kind: Promise, metadata: {name: base}}`, "setup")
	run.Start(0)
	_, err := run.WriteStatus(0, metadata(map[string]string{"status.yaml": "conditions: [{type: Mine, status: Maybe}]"}))
	for _, want := range []string{
		`failed to update status: Promise.platform.kratix.io "base" is invalid: [`,
		"status.conditions[3].reason: Required value",
		`status.conditions[3].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"`,
	} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v\ndoes not say %s", err, want)
		}
	}
}

// Errors of the status-writer have Kratix' own words.
func TestTheStatusWriterFailsAsKratixDoes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule     string
		files    map[string]string
		want     string
		labelled bool
	}{
		{
			"a list is no status",
			map[string]string{"status.yaml": "- a"},
			"failed to load incoming status: failed to unmarshal incoming status: error unmarshaling JSON: while decoding JSON: " +
				"json: cannot unmarshal array into Go value of type map[string]interface {}", false,
		},
		{
			"a message is text",
			map[string]string{"status.yaml": "message: 3"},
			`failed to update status: Postgres.acme.org "orders" is invalid: status.message: Invalid value: "integer": ` +
				`message in body must be of type string: "integer"`, false,
		},
		{
			"a label is set before the status is refused",
			map[string]string{"status.yaml": "message: 3", "workflow-control.yaml": "suspend: true"},
			`failed to update status: Postgres.acme.org "orders" is invalid: status.message: Invalid value: "integer": ` +
				`message in body must be of type string: "integer"`, true,
		},
		{
			"suspend is no text",
			map[string]string{"workflow-control.yaml": `suspend: "true"`},
			`failed to unmarshal the workflow control file: "/work-creator-files/metadata/workflow-control.yaml" with error: ` +
				"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field WorkflowControl.suspend of type bool", false,
		},
		{
			"a duration has a unit",
			map[string]string{"workflow-control.yaml": "retryAfter: 30"},
			`failed to parse retry duration: "30" with error: time: missing unit in duration "30"`, false,
		},
		{
			"and no days",
			map[string]string{"workflow-control.yaml": "retryAfter: 1d"},
			`failed to parse retry duration: "1d" with error: time: unknown unit "d" in duration "1d"`, false,
		},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			run := newRun(t, api.WorkflowResource, api.ActionConfigure, request, "a")
			run.Start(0)
			before := at(t, run, "status")
			_, err := run.WriteStatus(0, metadata(tc.files))
			if diff := cmp.Diff(tc.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if code := diag.ExitCode(err); code != diag.ExitAnswer {
				t.Errorf("exit code %d", code)
			}
			wantAt(t, run, "status", before)
			if got := object(object(at(t, run, "metadata"))["labels"])[api.LabelSuspended] == "true"; got != tc.labelled {
				t.Errorf("labelled: %v", got)
			}
		})
	}
}

func TestNullLeavesATypedFieldAsIfItWereNotThere(t *testing.T) {
	t.Parallel()
	run := newRun(t, api.WorkflowResource, api.ActionConfigure, request, "a")
	run.Start(0)
	write(t, run, 0, map[string]string{"status.yaml": "message: null\nfree: null\nconditions: [{type: X, colour: red}]"})
	status := object(at(t, run, "status"))
	if _, exists := status["message"]; exists {
		t.Error("message is still there")
	}
	if free, exists := status["free"]; !exists || free != nil {
		t.Error("free is gone")
	}
	if all := fmt.Sprint(status["conditions"]); strings.Contains(all, "colour") {
		t.Errorf("conditions kept an unknown key: %s", all)
	}
}

func TestMetadataIsReadAsKratixUserAtKratixMount(t *testing.T) {
	t.Parallel()
	status := &fstest.MapFile{Data: []byte("message: hello"), Mode: 0o644}
	link := func(target string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
	}
	owned := func(mode fs.FileMode, uid int) *fstest.MapFile {
		return &fstest.MapFile{Data: status.Data, Mode: mode, Sys: &tree.Ownership{UID: uid, GID: uid}}
	}
	const absent = "Resource requested" // what a status.yaml without message leaves
	const prefix = "failed to load incoming status: failed to read status file: "
	for _, tc := range []struct {
		rule  string
		files fstest.MapFS
		want  string
	}{
		{"a file is read", fstest.MapFS{"status.yaml": status}, "hello"},
		{"a link to a neighbour is followed", fstest.MapFS{"status.yaml": link("d/s"), "d/s": link("../real"), "real": status}, "hello"},
		{"a link to Kratix' own mount is followed", fstest.MapFS{"status.yaml": link("/work-creator-files/metadata/real"), "real": status}, "hello"},
		{"a link to the container's mount leads nowhere", fstest.MapFS{"status.yaml": link("/kratix/metadata/real"), "real": status}, absent},
		{"a link out of the tree leads nowhere", fstest.MapFS{"status.yaml": link("../../../../etc/hostname")}, absent},
		{"other names are not read", fstest.MapFS{"status.yml": status}, absent},
		{
			"a loop is an error",
			fstest.MapFS{"status.yaml": link("status.yaml")},
			prefix + "open /work-creator-files/metadata/status.yaml: too many levels of symbolic links",
		},
		{
			"a directory is an error",
			fstest.MapFS{"status.yaml": &fstest.MapFile{Mode: fs.ModeDir | 0o755}},
			prefix + "read /work-creator-files/metadata/status.yaml: is a directory",
		},
		{
			"a file of root's alone is an error",
			fstest.MapFS{"status.yaml": owned(0o600, 0)},
			prefix + "open /work-creator-files/metadata/status.yaml: permission denied",
		},
		{"a file of Kratix' user is read", fstest.MapFS{"status.yaml": owned(0o600, 65532)}, "hello"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			run := newRun(t, api.WorkflowResource, api.ActionConfigure, request, "a")
			run.Start(0)
			_, err := run.WriteStatus(0, tc.files)
			got := fmt.Sprint(err)
			if err == nil {
				got = fmt.Sprint(at(t, run, "status.message"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever a status holds and a Pipeline writes, a merge ends in a status or
// in an error; a second one with the same file changes nothing, conditions
// aside, which a Pipeline may list twice.
func FuzzWriteStatus(f *testing.F) {
	f.Add(`{"message":"old","a":{"b":1}}`, "message: new\na: {c: 2}\n", "")
	f.Add(`{"conditions":[{"type":"A"}]}`, "conditions: {type: X}", "suspend: true")
	f.Add(`{"kratix":{"workflows":{"pipelines":[{"name":"p","attempts":3}]}}}`, "n: .inf", "retryAfter: -1s")
	f.Add(`{}`, "workflows: 99\nobservedGeneration: 1.0\nbig: 12345678901234567890", "retryAfter: 1h")
	f.Fuzz(func(t *testing.T, existing, incoming, control string) {
		var status any
		if json.Unmarshal([]byte(existing), &status) != nil {
			t.Skip("a status is JSON")
		}
		object := decode(t, request)
		object["status"] = status
		var p api.Pipeline
		p.Name = "p"
		run, err := workflow.NewRun(workflow.Spec{
			Type: api.WorkflowResource, Action: api.ActionConfigure,
			Pipelines: []api.Pipeline{p}, Object: object,
		})
		if err != nil {
			t.Skip("no cluster holds this object")
		}
		run.Start(run.First())
		files := metadata(map[string]string{"status.yaml": incoming, "workflow-control.yaml": control})
		written, err := run.WriteStatus(0, files)
		if err != nil || written.Suspended || strings.Contains(incoming, "onditions") {
			return
		}
		once := run.Object()
		if _, err := run.WriteStatus(0, files); err != nil {
			t.Fatalf("the second time: %v", err)
		}
		if diff := cmp.Diff(once, run.Object()); diff != "" {
			t.Errorf("a second merge changes (-once +twice):\n%s", diff)
		}
	})
}

func TestASuspendedWorkflowStartsAnewWhenSomethingChanged(t *testing.T) {
	t.Parallel()
	suspended := func(generation, second string) string {
		return strings.Replace(request, "name: orders,", "name: orders, generation: "+generation+",", 1) + `
status:
  kratix:
    workflows:
      suspendedGeneration: 1
      pipelines: [{name: a, phase: Succeeded}, {name: ` + second + `, phase: Suspended, message: wait}]
`
	}
	for _, tc := range []struct {
		rule, generation, second string
		want                     int
	}{
		{"nothing has", "1", "b", 1},
		{"a newer generation", "2", "b", 0},
		{"another Pipeline", "1", "old", 0},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			run := newRun(t, api.WorkflowResource, api.ActionConfigure, suspended(tc.generation, tc.second), "a", "b")
			if run.First() != tc.want {
				t.Fatalf("starts with Pipeline %d, want %d", run.First(), tc.want)
			}
			run.Start(run.First())
			wantAt(t, run, "status.workflowsSucceeded", int64(tc.want))
		})
	}
}
