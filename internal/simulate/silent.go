// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"io/fs"

	"github.com/kratix-tools/kratix/internal/diag"
)

// lintDelete notes what Kratix passes over in a delete workflow without a
// word: every Pipeline but the first, and all output.
func (s *Simulation) lintDelete(p *Pipeline) []diag.Finding {
	var findings []diag.Finding
	for i, never := range s.Workflow.Pipelines {
		if i > 0 {
			findings = append(findings, diag.Finding{
				Severity: diag.SeverityWarning, Code: "P10", Field: fmt.Sprintf("spec.workflows.%s.delete[%d]", s.Workflow.Type, i),
				Message: fmt.Sprintf("pipeline %q never runs: Kratix runs only the first of a delete workflow", never.Name),
				Hint:    "put its containers into the first one",
			})
		}
	}
	if hasFile(p.Output) {
		findings = append(findings, diag.Finding{
			Severity: diag.SeverityWarning, Code: "O15", Position: diag.Position{File: "output"},
			Message: "the output of a delete workflow is ignored",
		})
	}
	return findings
}

// hasFile says whether there is anything but directories in a tree.
func hasFile(tree fs.FS) bool {
	found := false
	if tree != nil {
		_ = fs.WalkDir(tree, ".", func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				found = true
				return fs.SkipAll
			}
			return err
		})
	}
	return found
}
