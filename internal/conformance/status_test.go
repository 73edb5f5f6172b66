// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A subject is what workflows are about: a Promise or, from its first Job on, a
// request.
type subject struct {
	spec workflow.Spec
	run  *workflow.Run
	at   int  // the Pipeline that has a Job
	idle bool // none has
	done bool // all Jobs of a configure workflow have completed
}

// begin makes the first Job of a workflow about an object.
func (o *subject) begin(t *testing.T, p *promise.Promise, ref promise.WorkflowRef, object map[string]any) {
	t.Helper()
	o.spec = workflowOf(t, p, ref, object)
	run, err := workflow.NewRun(o.spec)
	if err != nil {
		t.Fatal(err)
	}
	o.run, o.at = run, run.First()
	o.done = run.Len() == 0
	o.idle = o.done
	if !o.idle {
		run.Start(o.at)
	}
}

// workflowOf is the workflow as the program reads it from the Promise.
func workflowOf(t *testing.T, p *promise.Promise, ref promise.WorkflowRef, object map[string]any) workflow.Spec {
	t.Helper()
	if pipelines(p, ref) == 0 {
		return workflow.Spec{Promise: p.Name, Type: ref.Type, Action: ref.Action, Object: object}
	}
	sim, err := simulate.New(p, ref, &promise.Request{Admitted: object})
	if err != nil {
		t.Fatal(err)
	}
	sim.Workflow.Object = object
	return sim.Workflow
}

func pipelines(p *promise.Promise, ref promise.WorkflowRef) int {
	list, err := p.Pipelines(ref.Type, ref.Action)
	if err != nil {
		panic(err) // every recorded Promise is decoded when it is loaded
	}
	return len(list)
}

// end is what the controller does once the Job has ended.
func (o *subject) end(written workflow.Written, err error) {
	switch {
	case err != nil:
		o.run.Fail(o.at)
		o.idle = true
	case written.Suspended:
		o.run.Suspend()
		o.idle = true
	default:
		o.run.Succeed(o.at)
		o.next()
	}
}

func (o *subject) next() {
	o.at++
	o.idle = o.at == o.run.Len()
	o.done = o.idle
	if !o.idle {
		o.run.Start(o.at)
	}
}

// A key finds an object.
type key struct{ kind, namespace, name string }

// String leaves out the namespace default.
func (k key) String() string {
	if k.namespace == "" || k.namespace == "default" {
		return k.kind + " " + k.name
	}
	return k.kind + " " + k.namespace + "/" + k.name
}

func keyOf(object map[string]any) key {
	m := metadata(object)
	return key{text(object, "kind"), text(m, "namespace"), text(m, "name")}
}

func metadata(object map[string]any) map[string]any {
	m, _ := object["metadata"].(map[string]any)
	return m
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

// installPromise is what happens to a Promise before any request.
func (c *cluster) installPromise(t *testing.T, p *promise.Promise) {
	t.Helper()
	c.promises[p.Name] = p
	o := &subject{}
	o.begin(t, p, promise.WorkflowRef{Type: api.WorkflowPromise, Action: api.ActionConfigure}, p.Object())
	c.subjects[keyOf(o.run.Object())] = o
}

// admit takes a request in, or notes why the API server would not.
func (c *cluster) admit(t *testing.T, document any) {
	t.Helper()
	file := jsonFile(t, document)
	kind := convert[metav1.TypeMeta](t, document).Kind
	for _, p := range c.promises {
		crd, err := p.CRD()
		if err != nil {
			t.Fatal(err)
		}
		if crd == nil || crd.Kind != kind {
			continue
		}
		request, err := promise.LoadRequest(file, p)
		if err != nil {
			c.refused = append(c.refused, err.Error())
			continue
		}
		c.requests[keyOf(request.Admitted)] = request.Admitted
	}
}

// subject gives what the workflow of a step is about, with the Job of its
// Pipeline. A workflow that has come to its end begins again, on top of the
// status that is there.
func (c *cluster) subject(t *testing.T, s *step) *subject {
	t.Helper()
	p := c.promises[s.Promise]
	k := key{"Promise", "", s.Promise}
	if s.Workflow.Type == api.WorkflowResource {
		crd, err := p.CRD()
		if err != nil {
			t.Fatal(err)
		}
		k = key{crd.Kind, s.Resource.Namespace, s.Resource.Name}
	}
	ref := promise.WorkflowRef{Type: s.Workflow.Type, Action: s.Workflow.Action}
	o := c.subjects[k]
	switch {
	case o == nil:
		o = &subject{}
		o.begin(t, p, ref, c.requests[k])
		c.subjects[k] = o
	case o.idle:
		o.begin(t, p, ref, s.changed(t, o.run.Object()))
	}
	if name := o.run.Pipeline(o.at).Name; name != s.Pipeline {
		t.Fatalf("the Job is that of Pipeline %s, recorded is %s", name, s.Pipeline)
	}
	return o
}

// specChanged says that somebody gave the request another spec before the
// step.
func (s *step) specChanged() bool { return strings.Contains(s.Action, "request spec changed") }

// changed gives a request the spec that somebody gave it. It was recorded only
// where the reader wrote it.
func (s *step) changed(t *testing.T, object map[string]any) map[string]any {
	t.Helper()
	if !s.specChanged() {
		return object
	}
	recorded := decodeAll[map[string]any](t, s.objectFile())[0]
	object["spec"] = recorded["spec"]
	generation, _ := metadata(object)["generation"].(int64)
	metadata(object)["generation"] = generation + 1
	return object
}

// runPipeline plays the Pipeline of a step from its reader to the end of its
// Job.
func (c *cluster) runPipeline(t *testing.T, s *step, p *played) {
	t.Helper()
	o := c.subject(t, s)
	p.object = s.compareObject(t, o.run)
	written, err := c.writers(t, s, o, p)
	if !s.jobEnded() {
		return
	}
	o.end(written, err)
	if s.Workflow.Action == api.ActionDelete && o.done {
		c.deleteRequest(t, s.Resource.Name, p.platform)
	}
}

// writers are Kratix' containers after those of the user.
func (c *cluster) writers(t *testing.T, s *step, o *subject, p *played) (workflow.Written, error) {
	t.Helper()
	if s.Workflow.Action == api.ActionConfigure {
		if err := c.writeWork(t, s, p.recorded.works); err != nil {
			p.failure = failure{simulate.WorkWriter, err.Error()}
			return workflow.Written{}, err
		}
	}
	written, err := o.run.WriteStatus(o.at, directory(t, filepath.Join(s.dir, "metadata")))
	if err != nil {
		p.failure = failure{simulate.StatusWriter, err.Error()}
	}
	return written, err
}

// compareObject compares what the reader of a step writes.
func (s *step) compareObject(t *testing.T, run *workflow.Run) string {
	t.Helper()
	want := decodeAll[map[string]any](t, s.objectFile())
	if len(want) != 1 {
		t.Fatalf("%d objects in %s", len(want), s.objectFile())
	}
	content, err := run.ObjectYAML()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := sigsyaml.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	for _, object := range []map[string]any{want[0], got} {
		for _, name := range []string{"managedFields", "uid", "resourceVersion"} {
			delete(metadata(object), name)
		}
	}
	if diff := gocmp.Diff(settled(want[0]), settled(got)); diff != "" {
		t.Errorf("object.yaml (-want +got):\n%s", diff)
	}
	if s.specChanged() {
		return "same, but for the new spec, which is the recorded one"
	}
	return "same"
}

// A state is all that was recorded of an object in status.yaml.
type state struct {
	Kind, Namespace, Name string
	Labels, Annotations   map[string]string
	Finalizers            []string
	Generation            int64
	Status                map[string]any
}

func (s *state) key() key { return key{s.Kind, s.Namespace, s.Name} }

// stateOf gives the state of an object.
func stateOf(t *testing.T, object map[string]any) state {
	t.Helper()
	s := convert[state](t, object["metadata"])
	s.Kind = text(object, "kind")
	s.Status = convert[map[string]any](t, object["status"])
	return s
}

// compareStatus compares the Promises and requests that have had a workflow,
// and names the others.
func (c *cluster) compareStatus(t *testing.T, s *step, p *played) (compared string, missing []string) {
	t.Helper()
	simulated := map[key]state{}
	for k, o := range c.subjects {
		if o.done {
			o.run.Finish(c.worksOf(o, p))
		}
		simulated[k] = stateOf(t, o.run.Object())
	}
	var names []string
	for _, want := range decodeAll[state](t, filepath.Join(s.dir, "recorded/status.yaml")) {
		got, known := simulated[want.key()]
		delete(simulated, want.key())
		if want.Labels[api.LabelPaused] == "true" {
			missing = append(missing, fmt.Sprintf("status of %s: it is paused, and its status is set without any workflow", want.key()))
			continue
		}
		if !known {
			t.Errorf("recorded, but not simulated: %s", want.key())
		}
		names = append(names, want.key().String())
		compareState(t, want, got)
	}
	if len(simulated) > 0 {
		t.Errorf("simulated, but not recorded: %v", slices.Collect(maps.Keys(simulated)))
	}
	return strings.Join(names, ", "), missing
}

func compareState(t *testing.T, want, got state) {
	t.Helper()
	want.Annotations, got.Annotations = steady(want.Annotations), steady(got.Annotations)
	want.Status, got.Status = settled(want.Status), settled(got.Status)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("state of %s (-want +got):\n%s", want.key(), diff)
	}
}

// worksOf names the Works of a subject that are not as they should be. Whether
// a store could be written is a fact from outside.
func (c *cluster) worksOf(o *subject, p *played) workflow.Works {
	var works workflow.Works
	for i := range c.works {
		w := &c.works[i]
		if !o.owns(w) {
			continue
		}
		if p.failing(w) {
			works.Failing = append(works.Failing, w.Name)
		}
		decisions := c.decisions[w.Namespace+"/"+w.Name]
		if slices.ContainsFunc(decisions, schedule.Decision.Unplaced) {
			works.Pending = append(works.Pending, w.Name)
		}
		if slices.ContainsFunc(decisions, misplaced) {
			works.Misplaced = append(works.Misplaced, w.Name)
		}
	}
	return works
}

// owns says whether a Work comes from a Pipeline of the workflow.
func (o *subject) owns(w *api.Work) bool {
	k := keyOf(o.spec.Object)
	namespace := cmp.Or(w.Labels[api.LabelResourceNamespace], w.Namespace)
	return w.Labels[api.LabelPromiseName] == o.spec.Promise &&
		w.Labels[api.LabelWorkType] == string(o.spec.Type) &&
		(o.spec.Type == api.WorkflowPromise || w.Labels[api.LabelResourceName] == k.name && namespace == k.namespace)
}

func misplaced(d schedule.Decision) bool {
	return slices.ContainsFunc(d.Candidates, func(c schedule.Candidate) bool { return c.Reason == schedule.ReasonMisplaced })
}

// failing says whether the recorded Kratix could not write a Work.
func (p *played) failing(w *api.Work) bool {
	return slices.ContainsFunc(p.recorded.placed, func(wp api.WorkPlacement) bool {
		return wp.Namespace == w.Namespace && wp.Labels[api.LabelWork] == w.Name && writeSucceeded(&wp) == metav1.ConditionFalse
	})
}

// writeSucceeded is the status of a condition, empty where it is absent.
func writeSucceeded(wp *api.WorkPlacement) metav1.ConditionStatus {
	for _, condition := range wp.Status.Conditions {
		if condition.Type == "WriteSucceeded" {
			return condition.Status
		}
	}
	return ""
}

// times are the keys whose values are the time of a run.
var times = []string{
	"creationTimestamp", "deletionTimestamp", "lastTransitionTime", "lastAvailableTime",
	"lastSuccessfulConfigureWorkflowTime", "nextRetryAt",
}

// settled replaces times, if they are any, and sorts conditions by type: the
// order is left to chance where two write them.
func settled(m map[string]any) map[string]any {
	settle(m)
	return m
}

func settle(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range times {
			if _, err := time.Parse(time.RFC3339, text(v, name)); err == nil {
				v[name] = "a time"
			}
		}
		if conditions, ok := v["conditions"].([]any); ok {
			slices.SortStableFunc(conditions, func(a, b any) int { return cmp.Compare(conditionType(a), conditionType(b)) })
		}
		for _, value := range v {
			settle(value)
		}
	case []any:
		for _, value := range v {
			settle(value)
		}
	}
}

func conditionType(condition any) string {
	m, _ := condition.(map[string]any)
	return text(m, "type")
}
