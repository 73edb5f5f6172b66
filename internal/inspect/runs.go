// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-tools/kratix/internal/api"
)

// Labels of the Pods of a workflow.
const (
	labelWorkflowType   = "kratix.io/workflow-type"
	labelWorkflowAction = "kratix.io/workflow-action"
)

// A Run is a Pod that ran, or runs, a Pipeline.
type Run struct {
	Namespace string    `json:"namespace"`
	Pod       string    `json:"pod"`
	Action    string    `json:"action"` // configure or delete
	Pipeline  string    `json:"pipeline"`
	CreatedAt time.Time `json:"createdAt"`
	// Steps are the containers in the order in which they run.
	Steps []Step `json:"steps"`
}

// A Step is a container of a Run.
type Step struct {
	Name string `json:"name"`
	// Own says that the step is Kratix' own and not the Promise's.
	Own   bool      `json:"own"`
	State StepState `json:"state"`
	// ExitCode is that of a step that has ended, Reason is the kubelet's word
	// for its state.
	ExitCode int32  `json:"exitCode,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Restarts int32  `json:"restarts,omitempty"`
}

// A StepState says how far a step is.
type StepState string

// The states of a step.
const (
	StepWaiting   StepState = "Waiting"
	StepRunning   StepState = "Running"
	StepSucceeded StepState = "Succeeded"
	StepFailed    StepState = "Failed"
)

// Has says whether there is a log of the step.
func (s *Step) Has() bool { return s.State != StepWaiting || s.Restarts > 0 }

// A RunsQuery says whose Runs are meant: those of one request or, without a
// name, those of a Promise's own workflow.
type RunsQuery struct {
	Promise   string
	Namespace string // of the request
	Name      string // of the request
}

// Runs gives the Pods of a workflow, the oldest first. Kratix keeps the last
// few Jobs of each Pipeline; Pods of a Job that failed may be gone.
func (in *Inspector) Runs(ctx context.Context, q RunsQuery) ([]Run, error) {
	namespace, err := in.pipelineNamespace(ctx, q)
	if err != nil {
		return nil, err
	}
	var runs []Run
	err = in.source.List(ctx, PipelinePods, Query{Namespace: namespace, Labels: q.labels(namespace)}, func(object []byte) error {
		pod, err := decode[corev1.Pod](PipelinePods, object)
		if err == nil {
			runs = append(runs, newRun(&pod))
		}
		return err
	})
	slices.SortStableFunc(runs, func(a, b Run) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Pod, b.Pod))
	})
	return runs, err
}

// Serving is [Inspector.RequestResource] with the name of the Promise.
func (in *Inspector) Serving(ctx context.Context, word string) (promise string, r Resource, err error) {
	return in.facts().kindOf(ctx, word)
}

// pipelineNamespace is where Kratix runs the Jobs of a workflow.
func (in *Inspector) pipelineNamespace(ctx context.Context, q RunsQuery) (string, error) {
	var promise api.Promise
	if err := in.facts().get(ctx, Promises, "", q.Promise, &promise); err != nil {
		return "", err
	}
	own := q.Namespace
	if q.Name == "" {
		own = api.SystemNamespace
	}
	return cmp.Or(promise.Spec.Workflows.Config.PipelineNamespace, own), nil
}

// labels select the Pods of a workflow. Jobs of requests of other namespaces
// may run in the same one; then the request's is among the labels.
func (q RunsQuery) labels(namespace string) string {
	if q.Name == "" {
		return api.LabelPromiseName + "=" + q.Promise + "," + labelWorkflowType + "=promise"
	}
	labels := []string{
		api.LabelPromiseName + "=" + q.Promise, labelWorkflowType + "=resource", api.LabelResourceName + "=" + q.Name,
	}
	if namespace != q.Namespace {
		labels = append(labels, api.LabelResourceNamespace+"="+q.Namespace)
	}
	return strings.Join(labels, ",")
}

func newRun(pod *corev1.Pod) Run {
	r := Run{
		Namespace: pod.Namespace, Pod: pod.Name, CreatedAt: pod.CreationTimestamp.Time,
		Action: pod.Labels[labelWorkflowAction], Pipeline: pod.Labels[api.LabelPipelineName],
	}
	statuses := map[string]*corev1.ContainerStatus{}
	for _, all := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range all {
			statuses[all[i].Name] = &all[i]
		}
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		step := Step{Name: c.Name, Own: isOwn(&c), State: StepWaiting}
		step.fill(statuses[c.Name])
		r.Steps = append(r.Steps, step)
	}
	return r
}

// isOwn tells Kratix' own containers by their names, which a Promise may not
// use for its own.
func isOwn(c *corev1.Container) bool {
	return slices.Contains([]string{"reader", "work-writer", "status-writer"}, c.Name)
}

func (s *Step) fill(status *corev1.ContainerStatus) {
	if status == nil {
		return
	}
	s.Restarts = status.RestartCount
	switch state := status.State; {
	case state.Running != nil:
		s.State = StepRunning
	case state.Terminated != nil && state.Terminated.ExitCode == 0:
		s.State = StepSucceeded
	case state.Terminated != nil:
		s.State, s.ExitCode, s.Reason = StepFailed, state.Terminated.ExitCode, state.Terminated.Reason
	case state.Waiting != nil:
		s.Reason = state.Waiting.Reason
	}
}
