// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/work"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// StaticDependencies stands for a Pipeline where there is none: Kratix'
// controller itself makes a Work of the static dependencies of a Promise.
const StaticDependencies = "static-dependencies"

// DeliverDependencies gives what [Dependencies] schedules in the form in which
// a workflow delivers: as one Pipeline without steps, whose output is the file
// that the Work holds. That there are none is an input error.
func DeliverDependencies(p *promise.Promise, world *platform.Platform) (*Delivery, error) {
	s, err := Dependencies(&p.Promise, world)
	if err != nil {
		return nil, err
	}
	if s.Work == nil {
		err := diag.Inputf("%s: the Promise %q has no static dependencies", p.File, p.Name)
		return nil, diag.Hint(err, "spec.dependencies lists them")
	}
	output := tree.NewMemory()
	for _, group := range s.Work.Spec.WorkloadGroups {
		for _, load := range group.Workloads {
			content, err := work.Decompress(load.Content, 0)
			if err == nil {
				err = output.AddFile(load.Filepath, 0o644, content)
			}
			if err != nil {
				return nil, fmt.Errorf("static dependencies: %w", err)
			}
		}
	}
	result := workflow.PipelineResult{Name: StaticDependencies, Output: output, Metadata: tree.NewMemory()}
	return &Delivery{Pipelines: []Pipeline{{PipelineResult: result, Schedule: *s}}, Object: p.Object()}, nil
}
