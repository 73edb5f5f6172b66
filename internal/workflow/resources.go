// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-tools/kratix/internal/api"
)

// Limits are what a container may use at most; zero is no limit.
type Limits struct {
	Memory   int64 // bytes
	MilliCPU int64 // thousandths of a core
}

// DefaultResources are those that Kratix gives to a container without any
// (v1alpha1/pipeline_types.go at ae170e22), unless its configuration names
// others. An empty list of resources counts as having some.
func DefaultResources() corev1.ResourceRequirements {
	list := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{
			corev1.ResourceCPU:              resource.MustParse(cpu),
			corev1.ResourceMemory:           resource.MustParse(memory),
			corev1.ResourceEphemeralStorage: resource.MustParse(memory),
		}
	}
	return corev1.ResourceRequirements{Requests: list("100m", "128Mi"), Limits: list("200m", "256Mi")}
}

// limits gives the limits that a local run keeps a container to. Kratix'
// default for memory decides whether a step ends well, and holds here too; its
// default for CPU only decides when, and does not.
func (p *planner) limits(c api.Container, field string) Limits {
	if c.Resources == nil {
		list := DefaultResources().Limits
		return Limits{Memory: list.Memory().Value()}
	}
	field += ".resources"
	p.checkResources(*c.Resources, field)
	list := c.Resources.Limits
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if name != corev1.ResourceCPU && name != corev1.ResourceMemory {
			p.warn(field+".limits."+string(name), fmt.Errorf("a local run does not limit or provide %s", name))
		}
	}
	return Limits{Memory: list.Memory().Value(), MilliCPU: list.Cpu().MilliValue()}
}

// checkResources refuses what the API server refuses.
func (p *planner) checkResources(r corev1.ResourceRequirements, field string) {
	for list, quantities := range map[string]corev1.ResourceList{"limits": r.Limits, "requests": r.Requests} {
		for name, q := range quantities {
			if q.Sign() < 0 {
				p.refuse(field+"."+list+"."+string(name), fmt.Errorf("%s: must be greater than or equal to 0", &q))
			}
		}
	}
	for name, request := range r.Requests {
		if limit, limited := r.Limits[name]; limited && request.Cmp(limit) > 0 {
			p.refuse(field+".requests."+string(name), fmt.Errorf("%s: must be less than or equal to %s limit of %s", &request, name, &limit))
		}
	}
}

// resourceField gives what ref says: of the container that it names or, if it
// names none, of c.
func (p *planner) resourceField(c api.Container, ref corev1.ResourceFieldSelector) (string, error) {
	if ref.ContainerName == "" || ref.ContainerName == c.Name {
		return resourceField(c, ref)
	}
	for _, other := range p.run.Pipeline.Spec.Containers {
		if other.Name == ref.ContainerName {
			return resourceField(other, ref)
		}
	}
	return "", fmt.Errorf("there is no container %q", ref.ContainerName)
}

// resourceField gives a container's own request or limit, as "limits.memory"
// of it, in units of divisor (1 if that is 0), rounded up as the kubelet does.
func resourceField(c api.Container, ref corev1.ResourceFieldSelector) (string, error) {
	resources := DefaultResources()
	if c.Resources != nil {
		resources = *c.Resources
	}
	list, rest, _ := strings.Cut(ref.Resource, ".")
	name := corev1.ResourceName(rest)
	quantity, set := resources.Limits[name]
	switch {
	case !slices.Contains([]corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}, name) || list != "limits" && list != "requests":
		return "", fmt.Errorf("%q is no limit or request of cpu, memory or ephemeral-storage", ref.Resource)
	case list == "requests":
		if request, ok := resources.Requests[name]; ok {
			quantity = request // where there is none, it is the limit, or 0
		}
	case !set:
		return "", fmt.Errorf("container %q has no %s, and what its node has is not known to a local run", c.Name, ref.Resource)
	}
	return strconv.FormatInt(inUnits(name, quantity, ref.Divisor), 10), nil
}

func inUnits(name corev1.ResourceName, quantity, unit resource.Quantity) int64 {
	if unit.IsZero() {
		unit = resource.MustParse("1")
	}
	have, per := quantity.Value(), unit.Value()
	if name == corev1.ResourceCPU {
		have, per = quantity.MilliValue(), unit.MilliValue()
	}
	return (have + per - 1) / per
}

// formatMemory writes a number of bytes as in a Pipeline: 256Mi.
func formatMemory(bytes int64) string { return resource.NewQuantity(bytes, resource.BinarySI).String() }
