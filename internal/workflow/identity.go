// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"cmp"
	"maps"
	"strconv"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
)

// An Identity is what the containers of one Pipeline are told about the
// workflow they are part of.
type Identity struct {
	Action        api.WorkflowAction
	Type          api.WorkflowType
	Promise       string
	Pipeline      string
	Kind          string // of the object, like the five below
	Group         string
	Version       string
	Name          string
	Namespace     string // empty for a Promise
	Plural        string
	ClusterScoped bool
	DryRun        bool // the request carries the label kratix.io/dry-run

	// PipelineNamespace is spec.workflows.config.pipelineNamespace, empty if
	// the Promise does not set it.
	PipelineNamespace string
}

// Identity gives the identity of Pipeline i.
func (r *Run) Identity(i int) Identity {
	id := Identity{
		Action:            r.spec.Action,
		Type:              r.spec.Type,
		Promise:           r.spec.Promise,
		Pipeline:          r.spec.Pipelines[i].Name,
		Kind:              r.id.Kind,
		Group:             r.id.Group,
		Version:           r.id.Version,
		Name:              r.id.Name,
		Namespace:         r.id.Namespace,
		Plural:            r.spec.Plural,
		ClusterScoped:     r.spec.ClusterScoped,
		DryRun:            r.dryRun(),
		PipelineNamespace: r.spec.PipelineNamespace,
	}
	if r.spec.Type == api.WorkflowPromise {
		id.Namespace, id.Plural, id.ClusterScoped = "", "promises", true
	}
	return id
}

// Env lists the variables that Kratix gives to every container of a Pipeline,
// in its order.
func (id Identity) Env() []EnvVar {
	env := []EnvVar{
		{"KRATIX_WORKFLOW_ACTION", string(id.Action)},
		{"KRATIX_WORKFLOW_TYPE", string(id.Type)},
		{"KRATIX_PROMISE_NAME", id.Promise},
		{"KRATIX_PIPELINE_NAME", id.Pipeline},
		{"KRATIX_OBJECT_KIND", id.Kind},
		{"KRATIX_OBJECT_GROUP", id.Group},
		{"KRATIX_OBJECT_VERSION", id.Version},
		{"KRATIX_OBJECT_NAME", id.Name},
		{"KRATIX_OBJECT_NAMESPACE", id.Namespace},
		{"KRATIX_CRD_PLURAL", id.Plural},
		{"KRATIX_CLUSTER_SCOPED", strconv.FormatBool(id.ClusterScoped)},
	}
	if id.DryRun {
		env = append(env, EnvVar{"KRATIX_DRY_RUN", "true"})
	}
	return env
}

// JobNamespace is where the Pipeline's Job runs, and its Work goes.
func (id Identity) JobNamespace() string {
	switch {
	case id.PipelineNamespace != "":
		return id.PipelineNamespace
	case id.Type == api.WorkflowPromise:
		return api.SystemNamespace
	default:
		return id.Namespace
	}
}

// randomSuffix stands for the five characters that Kratix and Kubernetes draw.
const randomSuffix = "xxxxx"

// jobName is the name of the Job with the random part replaced.
func (id Identity) jobName() string {
	parts := []string{"kratix", id.Promise}
	if id.Type == api.WorkflowResource {
		parts = append(parts, id.Name)
		if id.PipelineNamespace != "" {
			parts = append(parts, id.Namespace)
		}
	}
	return shorten(strings.Join(append(parts, id.Pipeline), "-")) + "-" + randomSuffix
}

// podName is the name of the Job's Pod, and its host name.
func (id Identity) podName() string { return id.jobName() + "-" + randomSuffix }

// shorten cuts a name so that a suffix fits; Kratix keeps 57 bytes whole but
// cuts a longer name to 56.
func shorten(name string) string {
	if len(name) <= 57 {
		return name
	}
	return strings.TrimRightFunc(name[:56], func(r rune) bool { return !isAlphanumeric(r) })
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// podLabels are the labels of the Pod as far as they are the same in every
// run; those of the Pipeline overwrite Kratix' own.
func (id Identity) podLabels(p api.Pipeline) map[string]string {
	labels := map[string]string{
		api.LabelPromiseName:           id.Promise,
		"kratix.io/workflow-type":      string(id.Type),
		"kratix.io/workflow-action":    string(id.Action),
		api.LabelPipelineName:          id.Pipeline,
		"app.kubernetes.io/managed-by": "Kratix",
		"job-name":                     id.jobName(),
		"batch.kubernetes.io/job-name": id.jobName(),
	}
	if id.Type == api.WorkflowResource {
		labels[api.LabelResourceName] = id.Name
		if id.PipelineNamespace != "" {
			labels[api.LabelResourceNamespace] = id.Namespace
		}
	}
	maps.Copy(labels, p.Labels)
	return labels
}

// ID is what Kratix calls the account and the roles of the Pipeline, at most 60
// characters.
func (id Identity) ID() string {
	return strings.Join([]string{id.Promise, string(id.Type), string(id.Action), id.Pipeline}, "-")
}

// ServiceAccount is the account that the Pod of the Pipeline runs as.
func (id Identity) ServiceAccount(p api.Pipeline) string {
	return cmp.Or(p.Spec.RBAC.ServiceAccount, id.ID())
}

// hostname is a Pod's host name: its name, cut to what Linux takes.
func (id Identity) hostname() string {
	name := id.podName()
	return strings.TrimRight(name[:min(63, len(name))], "-.")
}
