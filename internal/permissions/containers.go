// SPDX-License-Identifier: Apache-2.0

package permissions

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A Source says who decided about a value.
type Source string

// The sources. Where several have a say, the first one counts.
const (
	FromContainer Source = "container" // the container in the Promise
	FromPipeline  Source = "pipeline"  // the Pipeline in the Promise
	FromPlatform  Source = "platform"  // the platform's configuration of Kratix
	Kratix        Source = "Kratix"    // Kratix, with or without a choice
	Kubernetes    Source = "Kubernetes"
)

// A Container is what a container of the Pod is held to. Each of the two comes
// from one source as a whole.
type Container struct {
	Name   string `json:"name"`
	Kratix bool   `json:"kratix"` // it is one that Kratix adds
	// SecurityContext is null if nobody sets one: the user is the image's.
	SecurityContext     *corev1.SecurityContext     `json:"securityContext"`
	SecurityContextFrom Source                      `json:"securityContextFrom"`
	Resources           corev1.ResourceRequirements `json:"resources"`
	ResourcesFrom       Source                      `json:"resourcesFrom"`
}

// A Job is how a Pipeline is repeated when it fails.
type Job struct {
	BackoffLimit      int32                `json:"backoffLimit"`
	BackoffLimitFrom  Source               `json:"backoffLimitFrom"`
	RestartPolicy     corev1.RestartPolicy `json:"restartPolicy"`
	RestartPolicyFrom Source               `json:"restartPolicyFrom"`
}

// kubernetesBackoffLimit is the backoffLimit of a Job that has none.
const kubernetesBackoffLimit = 6

func (s *Subject) job(platform Platform) Job {
	j := Job{
		BackoffLimit: kubernetesBackoffLimit, BackoffLimitFrom: Kubernetes,
		RestartPolicy: corev1.RestartPolicyOnFailure, RestartPolicyFrom: Kratix,
	}
	if limit := platform.BackoffLimit; limit != nil {
		j.BackoffLimit, j.BackoffLimitFrom = *limit, FromPlatform
	}
	if limit := s.Pipeline.Spec.JobOptions.BackoffLimit; limit != nil {
		j.BackoffLimit, j.BackoffLimitFrom = *limit, FromPipeline
	}
	if policy := s.Pipeline.Spec.RestartPolicy; policy != "" {
		j.RestartPolicy, j.RestartPolicyFrom = policy, FromPipeline
	}
	return j
}

// containers lists the containers of the Pod in the order in which they run.
func (s *Subject) containers(platform Platform) []Container {
	own := promise.ReservedContainers(s.Identity.Action)
	all := []Container{platform.kratixContainer(own[0])} // the reader
	for _, c := range s.Pipeline.Spec.Containers {
		all = append(all, platform.container(c))
	}
	for _, name := range own[1:] {
		all = append(all, platform.kratixContainer(name))
	}
	return all
}

// kratixContainer is one of Kratix' own: the platform decides about its
// resources alone.
func (p Platform) kratixContainer(name string) Container {
	c := p.container(api.Container{Name: name, SecurityContext: kratixSecurity()})
	c.Kratix, c.SecurityContextFrom = true, Kratix
	return c
}

// container is one of the Pipeline. An empty list of resources counts as having
// some.
func (p Platform) container(c api.Container) Container {
	made := Container{
		Name: c.Name, SecurityContextFrom: Kratix,
		Resources: workflow.DefaultResources(), ResourcesFrom: Kratix,
	}
	switch {
	case c.SecurityContext != nil:
		made.SecurityContext, made.SecurityContextFrom = c.SecurityContext, FromContainer
	case p.SecurityContext != nil:
		made.SecurityContext, made.SecurityContextFrom = p.SecurityContext, FromPlatform
	}
	switch {
	case c.Resources != nil:
		made.Resources, made.ResourcesFrom = *c.Resources, FromContainer
	case p.Resources != nil:
		made.Resources, made.ResourcesFrom = *p.Resources, FromPlatform
	}
	return made
}
