// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// New prepares the simulation of one workflow of a Promise. Request is nil in
// a promise workflow, which is about the Promise itself. The caller adds the
// engine, the Destinations and the directory.
func New(p *promise.Promise, ref promise.WorkflowRef, request *promise.Request) (Simulation, error) {
	pipelines, err := p.Pipelines(ref.Type, ref.Action)
	if err != nil {
		return Simulation{}, err
	}
	if len(pipelines) == 0 {
		err := diag.NotFoundf("%s: Promise %q has no %s workflow", p.File, p.Name, ref)
		return Simulation{}, diag.Hint(err, fmt.Sprintf("kratix add container %s/PIPELINE --image IMAGE", ref))
	}
	spec := workflow.Spec{
		Promise:           p.Name,
		PromiseVersion:    p.Labels[api.LabelPromiseVersion],
		Type:              ref.Type,
		Action:            ref.Action,
		Pipelines:         pipelines,
		PipelineNamespace: p.Spec.Workflows.Config.PipelineNamespace,
		Object:            p.Object(),
	}
	if ref.Type == api.WorkflowResource {
		crd, err := p.CRD()
		if err != nil {
			return Simulation{}, err
		}
		spec.Plural, spec.Object = crd.Plural, request.Admitted
	}
	s := Simulation{Workflow: spec, Selectors: p.Spec.DestinationSelectors, Locate: p.Position}
	if ref.Pipeline != "" {
		s.Only = []string{ref.Pipeline}
	}
	return s, nil
}
