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

// A Setting is a value, and who decided about it.
type Setting[T any] struct {
	Value  T      `json:"value"`
	Source Source `json:"source"`
}

// A Container is what a container of the Pod is held to. Each of the two
// settings comes from one source as a whole.
type Container struct {
	Name   string `json:"name"`
	Kratix bool   `json:"kratix"` // it is one that Kratix adds
	// SecurityContext is null if nobody sets one: the user is the image's.
	SecurityContext Setting[*corev1.SecurityContext]     `json:"securityContext"`
	Resources       Setting[corev1.ResourceRequirements] `json:"resources"`
}

// A Job is how a Pipeline is repeated when it fails.
type Job struct {
	BackoffLimit  Setting[int32]                `json:"backoffLimit"`
	RestartPolicy Setting[corev1.RestartPolicy] `json:"restartPolicy"`
}

// kubernetesBackoffLimit is the backoffLimit of a Job that has none.
const kubernetesBackoffLimit = 6

func (s *Subject) job(platform Platform) Job {
	j := Job{
		BackoffLimit:  Setting[int32]{kubernetesBackoffLimit, Kubernetes},
		RestartPolicy: Setting[corev1.RestartPolicy]{corev1.RestartPolicyOnFailure, Kratix},
	}
	if limit := platform.BackoffLimit; limit != nil {
		j.BackoffLimit = Setting[int32]{*limit, FromPlatform}
	}
	if limit := s.Pipeline.Spec.JobOptions.BackoffLimit; limit != nil {
		j.BackoffLimit = Setting[int32]{*limit, FromPipeline}
	}
	if policy := s.Pipeline.Spec.RestartPolicy; policy != "" {
		j.RestartPolicy = Setting[corev1.RestartPolicy]{policy, FromPipeline}
	}
	return j
}

// containers lists the containers of the Pod in the order in which they run.
func (s *Subject) containers(platform Platform) []Container {
	var before, after []Container
	for i, name := range promise.ReservedContainers(s.Identity.Action) {
		c := Container{
			Name: name, Kratix: true, Resources: platform.resources(),
			SecurityContext: Setting[*corev1.SecurityContext]{kratixSecurity(), Kratix},
		}
		if i == 0 {
			before = append(before, c)
		} else {
			after = append(after, c)
		}
	}
	for _, c := range s.Pipeline.Spec.Containers {
		before = append(before, platform.container(c))
	}
	return append(before, after...)
}

func (p Platform) container(c api.Container) Container {
	made := Container{
		Name: c.Name, Resources: p.resources(),
		SecurityContext: Setting[*corev1.SecurityContext]{nil, Kratix},
	}
	switch {
	case c.SecurityContext != nil:
		made.SecurityContext = Setting[*corev1.SecurityContext]{c.SecurityContext, FromContainer}
	case p.SecurityContext != nil:
		made.SecurityContext = Setting[*corev1.SecurityContext]{p.SecurityContext, FromPlatform}
	}
	if c.Resources != nil { // an empty list of resources counts as having some
		made.Resources = Setting[corev1.ResourceRequirements]{*c.Resources, FromContainer}
	}
	return made
}

// resources are those of a container that names none; Kratix' own containers
// get them, too.
func (p Platform) resources() Setting[corev1.ResourceRequirements] {
	if p.Resources != nil {
		return Setting[corev1.ResourceRequirements]{*p.Resources, FromPlatform}
	}
	return Setting[corev1.ResourceRequirements]{workflow.DefaultResources(), Kratix}
}
