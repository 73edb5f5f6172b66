// SPDX-License-Identifier: Apache-2.0

package workflow_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/workflow"
)

const recordings = "../../testdata/conformance"

// A recording is one case that was played against a real Kratix.
type recording struct {
	dir   string
	Steps []recordedStep `json:"steps"`
}

type recordedStep struct {
	Dir      string            `json:"dir"`
	Pipeline string            `json:"pipeline"`
	Env      map[string]string `json:"env"`
	Workflow struct {
		Type   api.WorkflowType   `json:"type"`
		Action api.WorkflowAction `json:"action"`
	} `json:"workflow"`
	Resource struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"resource"`
}

func openRecording(t *testing.T, name string) recording {
	t.Helper()
	r := recording{dir: filepath.Join(recordings, name)}
	if err := yaml.Unmarshal(read(t, r.dir, "case.yaml"), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r recording) step(t *testing.T, dir string) recordedStep {
	t.Helper()
	i := slices.IndexFunc(r.Steps, func(s recordedStep) bool { return s.Dir == dir })
	if i < 0 {
		t.Fatalf("%s has no step %s", r.dir, dir)
	}
	return r.Steps[i]
}

func read(t *testing.T, elem ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// documents decodes all documents of a file, numbers as the API server does.
func documents(t *testing.T, elem ...string) []map[string]any {
	t.Helper()
	var all []map[string]any
	reader := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(read(t, elem...))))
	for {
		content, err := reader.Read()
		if err != nil {
			return all
		}
		asJSON, err := yaml.YAMLToJSON(content)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := utiljson.Unmarshal(asJSON, &doc); err != nil {
			t.Fatal(err)
		}
		if doc != nil {
			all = append(all, doc)
		}
	}
}

// start makes a Run for the workflow of a step. With an earlier object the
// workflow is about that, else about what was applied first.
func (r recording) start(t *testing.T, step recordedStep, about map[string]any) *workflow.Run {
	t.Helper()
	promise := documents(t, r.dir, "input", "promise.yaml")[0]
	var typed api.Promise
	convert(t, promise, &typed)
	actions := typed.Spec.Workflows.Resource
	if step.Workflow.Type == api.WorkflowPromise {
		actions = typed.Spec.Workflows.Promise
	}
	list := actions.Configure
	if step.Workflow.Action == api.ActionDelete {
		list = actions.Delete
	}
	var pipelines []api.Pipeline
	convert(t, list, &pipelines)
	if about == nil {
		about = promise
		if step.Workflow.Type == api.WorkflowResource {
			about = r.request(t, step)
		}
	}
	run, err := workflow.NewRun(workflow.Spec{
		Promise:           typed.Name,
		Type:              step.Workflow.Type,
		Action:            step.Workflow.Action,
		Pipelines:         pipelines,
		Plural:            step.Env["KRATIX_CRD_PLURAL"],
		PipelineNamespace: typed.Spec.Workflows.Config.PipelineNamespace,
		Object:            about,
	})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func (r recording) request(t *testing.T, step recordedStep) map[string]any {
	t.Helper()
	for _, doc := range documents(t, r.dir, "input", "request.yaml") {
		m := object(doc["metadata"])
		if m["name"] == step.Resource.Name && m["namespace"] == step.Resource.Namespace {
			return doc
		}
	}
	t.Fatalf("%s has no request %s", r.dir, step.Resource.Name)
	return nil
}

func convert(t *testing.T, from, to any) {
	t.Helper()
	content, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(content, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (r recording) metadata(step string) tree.FS {
	return tree.Dir(filepath.Join(r.dir, step, "metadata"))
}

// wantObject compares what the reader writes.
func (r recording) wantObject(t *testing.T, step string, run *workflow.Run) {
	t.Helper()
	content, err := run.ObjectYAML()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	want := documents(t, r.dir, step, "recorded", "object.yaml")[0]
	delete(object(want["metadata"]), "managedFields")
	if diff := cmp.Diff(settled(t, want), settled(t, got)); diff != "" {
		t.Errorf("%s: object.yaml (-recorded +got):\n%s", step, diff)
	}
}

// wantStatus compares the object's labels and status once a step is over.
func (r recording) wantStatus(t *testing.T, step recordedStep, run *workflow.Run) {
	t.Helper()
	type state struct{ Labels, Status any }
	got := run.Object()
	metadata := object(got["metadata"])
	for _, want := range documents(t, r.dir, step.Dir, "recorded", "status.yaml") {
		if want["name"] != metadata["name"] || want["kind"] != got["kind"] || want["namespace"] != metadata["namespace"] {
			continue
		}
		if diff := cmp.Diff(
			settled(t, state{want["labels"], want["status"]}),
			settled(t, state{metadata["labels"], got["status"]})); diff != "" {
			t.Errorf("%s: status (-recorded +got):\n%s", step.Dir, diff)
		}
		return
	}
	t.Fatalf("%s: no status recorded for %v", step.Dir, metadata["name"])
}

var now = regexp.MustCompile(`^(2026-11-23T|2020-01-01T)[0-9:]*Z$`)

// settled makes a copy without what differs from run to run: the current time,
// the names that the server draws, and the order of conditions.
func settled(t *testing.T, v any) any {
	t.Helper()
	var plain any
	convert(t, v, &plain)
	return settle(plain)
}

func settle(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			switch key {
			case "uid", "resourceVersion":
				v[key] = "drawn"
			default:
				v[key] = settle(value)
			}
		}
		if conditions, ok := v["conditions"].([]any); ok {
			slices.SortFunc(conditions, func(a, b any) int { return strings.Compare(kind(a), kind(b)) })
		}
	case []any:
		for i := range v {
			v[i] = settle(v[i])
		}
	case string:
		if now.MatchString(v) {
			return "now"
		}
	}
	return v
}

func kind(condition any) string {
	return fmt.Sprint(object(condition)["type"])
}

// object gives v as a map, nil if it is none.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// pass runs Pipeline i of a recorded step that succeeds.
func (r recording) pass(t *testing.T, run *workflow.Run, i int, step string) workflow.Written {
	t.Helper()
	run.Start(i)
	r.wantObject(t, step, run)
	written, err := run.WriteStatus(i, r.metadata(step))
	if err != nil {
		t.Fatalf("%s: %v", step, err)
	}
	if written.Suspended {
		run.Suspend()
	} else {
		run.Succeed(i)
	}
	return written
}

func TestOnePipelineLeavesTheRecordedStatus(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, step string }{
		{"postgres-basic", "."},
		{"job-options", "."},
		{"pipeline-namespace", "step-1"},
		{"promise-workflow-selectors", "step-1"},
		{"promise-workflow-selectors", "step-2"},
		{"write-fails-later", "step-1"},
	} {
		t.Run(tc.name+"/"+tc.step, func(t *testing.T) {
			t.Parallel()
			r := openRecording(t, tc.name)
			step := r.step(t, tc.step)
			run := r.start(t, step, nil)
			r.pass(t, run, 0, tc.step)
			run.Finish(workflow.Works{})
			r.wantStatus(t, step, run)
		})
	}
}

func TestAWorkWithoutDestinationLeavesTheRequestPending(t *testing.T) {
	t.Parallel()
	r := openRecording(t, "no-destination-matching")
	step := r.step(t, "step-1")
	run := r.start(t, step, nil)
	r.pass(t, run, 0, "step-1")
	run.Finish(workflow.Works{Pending: []string{"vault-v1-instance-configure-0a1fd"}})
	r.wantStatus(t, step, run)
}

func TestTheStatusOfAPipelineReachesTheNext(t *testing.T) {
	t.Parallel()
	r := openRecording(t, "multi-pipeline")
	run := r.start(t, r.step(t, "step-1"), nil)
	r.pass(t, run, 0, "step-1")
	run.Start(1)
	r.wantStatus(t, r.step(t, "step-1"), run)
	r.pass(t, run, 1, "step-2")
	run.Finish(workflow.Works{})
	r.wantStatus(t, r.step(t, "step-2"), run)
}

func TestASuspendedWorkflowGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"workflow-control-suspend", "workflow-control-retry", "workflow-control-promise"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := openRecording(t, name)
			var left map[string]any // by the step before
			for i, step := range r.Steps {
				run := r.start(t, step, left)
				written := r.pass(t, run, run.First(), step.Dir)
				last := i == len(r.Steps)-1
				if written.Suspended == last {
					t.Fatalf("%s: suspended %v", step.Dir, written.Suspended)
				}
				if last {
					run.Finish(workflow.Works{})
				}
				r.wantStatus(t, step, run)
				left = run.Object()
			}
		})
	}
}

func TestARetryIsCountedFromTheFixedTime(t *testing.T) {
	t.Parallel()
	r := openRecording(t, "workflow-control-retry")
	run := r.start(t, r.step(t, "step-1"), nil)
	r.pass(t, run, 0, "step-1")
	content, err := run.ObjectYAML()
	if err != nil {
		t.Fatal(err)
	}
	if want := `nextRetryAt: "2020-01-01T00:00:08Z"`; !bytes.Contains(content, []byte(want)) {
		t.Errorf("no %s in\n%s", want, content)
	}
}

func TestEveryMergeLeavesTheRecordedStatus(t *testing.T) {
	t.Parallel()
	r := openRecording(t, "status-merges")
	run := r.start(t, r.Steps[0], nil)
	run.Start(0)
	r.wantObject(t, r.Steps[0].Dir, run)
	for _, step := range r.Steps {
		_, err := run.WriteStatus(0, r.metadata(step.Dir))
		r.wantError(t, step.Dir, err)
		r.wantStatus(t, step, run)
	}
}

// wantError compares an error with that of the recorded status-writer.
func (r recording) wantError(t *testing.T, step string, got error) {
	t.Helper()
	recorded, err := os.ReadFile(filepath.Join(r.dir, step, "recorded", "error.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		if got != nil {
			t.Errorf("%s: %v", step, got)
		}
		return
	}
	_, want, _ := strings.Cut(strings.TrimSuffix(string(recorded), "\n"), "Error: ")
	if diff := cmp.Diff(want, fmt.Sprint(got)); diff != "" {
		t.Errorf("%s: error (-recorded +got):\n%s", step, diff)
	}
}

func TestAFailedStatusWriterFailsTheWorkflow(t *testing.T) {
	t.Parallel()
	r := openRecording(t, "status-error-flow")
	run := r.start(t, r.Steps[0], nil)
	run.Start(0)
	r.wantObject(t, ".", run)
	_, err := run.WriteStatus(0, r.metadata("."))
	r.wantError(t, ".", err)
	run.Fail(0)
	r.wantStatus(t, r.Steps[0], run)
}

func TestADeleteWorkflowSeesTheDeletedObject(t *testing.T) {
	t.Parallel()
	r := openRecording(t, "delete-workflow")
	configure := r.start(t, r.step(t, "step-1"), nil)
	r.pass(t, configure, 0, "step-1")
	configure.Finish(workflow.Works{})
	r.wantStatus(t, r.step(t, "step-1"), configure)

	run := r.start(t, r.step(t, "step-3"), configure.Object())
	run.Start(0)
	r.wantStatus(t, r.step(t, "step-2"), run)
	r.wantObject(t, "step-3", run)
}

func TestTheReaderWritesYAMLAsKratixDoes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(recordings + "/*/*/recorded/object.yaml")
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		content := read(t, file)
		again, err := yaml.Marshal(documents(t, file)[0])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(content), string(again)); diff != "" {
			t.Errorf("%s (-recorded +again):\n%s", file, diff)
		}
	}
}

// A container is given what the Job of the recording gives it.
func TestContainersAreThoseOfTheRecordedJob(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, step, before string }{
		{name: "job-options", step: "."},
		{name: "pipeline-namespace", step: "step-1"},
		{name: "promise-workflow-selectors", step: "step-1"},
		{name: "delete-workflow", step: "step-3", before: "step-2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := openRecording(t, tc.name)
			step := r.step(t, tc.step)
			run := r.start(t, step, nil)
			containers, err := workflow.PipelineRun{
				Identity: run.Identity(0),
				Pipeline: run.Pipeline(0),
				Fixtures: workflow.Fixtures{
					Secrets:    map[string]map[string][]byte{"tok": {"t": []byte("token")}},
					ConfigMaps: map[string]map[string][]byte{"conf": {"FROM_CONF": []byte("yes")}},
				},
			}.Containers()
			if err != nil {
				t.Fatal(err)
			}
			recorded := tc.step
			if tc.before != "" {
				recorded = tc.before // the Job is gone once it has run
			}
			compareJob(t, r.job(t, recorded, step), containers)
		})
	}
}

func (r recording) job(t *testing.T, dir string, step recordedStep) batchv1.Job {
	t.Helper()
	for _, doc := range documents(t, r.dir, dir, "recorded", "job.yaml") {
		if doc["kind"] != "Job" {
			continue
		}
		var job batchv1.Job
		convert(t, doc, &job)
		if job.Labels[api.LabelPipelineName] == step.Pipeline && job.Labels[api.LabelResourceName] == step.Resource.Name {
			return job
		}
	}
	t.Fatalf("%s: no Job of pipeline %s", dir, step.Pipeline)
	return batchv1.Job{}
}

func compareJob(t *testing.T, job batchv1.Job, got []workflow.Container) {
	t.Helper()
	user := slices.DeleteFunc(job.Spec.Template.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == "reader" || c.Name == "work-writer"
	})
	if len(user) != len(got) {
		t.Fatalf("%d containers, recorded %d", len(got), len(user))
	}
	for i, want := range user {
		compareContainer(t, want, got[i])
	}
}

func compareContainer(t *testing.T, want corev1.Container, got workflow.Container) {
	t.Helper()
	if diff := cmp.Diff([]any{want.Name, want.Image, want.Command, want.Args},
		[]any{got.Name, got.Image, got.Command, got.Args}); diff != "" {
		t.Errorf("%s (-recorded +got):\n%s", want.Name, diff)
	}
	var mounts []workflow.Mount
	for _, m := range want.VolumeMounts {
		mounts = append(mounts, workflow.Mount{Volume: m.Name, Target: m.MountPath, SubPath: m.SubPath, ReadOnly: m.ReadOnly})
	}
	if diff := cmp.Diff(mounts, got.Mounts); diff != "" {
		t.Errorf("%s: mounts (-recorded +got):\n%s", want.Name, diff)
	}
	var names []string
	values := map[string]string{}
	for _, v := range want.Env {
		if !slices.Contains(names, v.Name) {
			names = append(names, v.Name)
		}
		values[v.Name] = v.Value
		if v.ValueFrom != nil {
			values[v.Name] = "token"
		}
	}
	var env []workflow.EnvVar
	for _, name := range names {
		env = append(env, workflow.EnvVar{Name: name, Value: values[name]})
	}
	mine := slices.DeleteFunc(slices.Clone(got.Env), func(v workflow.EnvVar) bool { return v.Name == "FROM_CONF" })
	if diff := cmp.Diff(env, mine); diff != "" {
		t.Errorf("%s: env (-recorded +got):\n%s", want.Name, diff)
	}
	if (len(want.EnvFrom) > 0) == (len(mine) == len(got.Env)) {
		t.Errorf("%s: envFrom of the recording not honoured: %v", want.Name, got.Env)
	}
}
