// SPDX-License-Identifier: Apache-2.0

package view

import (
	"io/fs"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// Run shows what one run of a workflow delivered, in the wanted format. Told
// says that what the steps print was shown while they ran.
func Run(w term.Stream, format Format, promise, ref string, d *simulate.Delivery, told bool) error {
	if format == Text {
		Delivery(w, d, told)
		return nil
	}
	return Encode(w, format, newWorkflowRun(promise, ref, d))
}

// A workflowRun is a Delivery as a public document: fields are only ever
// added, and lists are never null.
type workflowRun struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Promise    string         `json:"promise"`
	Workflow   string         `json:"workflow"`
	Pipelines  []pipelineRun  `json:"pipelines"`
	Object     map[string]any `json:"object"` // the request or Promise afterwards
}

type pipelineRun struct {
	Name       string                `json:"name"`
	Steps      []stepRun             `json:"steps"`
	Output     []fileInfo            `json:"output"`
	Metadata   []fileInfo            `json:"metadata"`
	Work       *api.Work             `json:"work"` // nil if there is none
	Placements []placement.Placement `json:"placements"`
	Suspension *suspensionRun        `json:"suspension,omitempty"`
	Failure    *failureRun           `json:"failure,omitempty"`
	Warnings   []diag.Finding        `json:"warnings"`
}

type stepRun struct {
	Container string `json:"container"`
	Image     string `json:"image"`
	Digest    string `json:"digest,omitempty"`
	State     string `json:"state"`
	ExitCode  *int   `json:"exitCode"` // nil if it was not started
	// OutOfMemory is the limit in bytes for which the step was killed.
	OutOfMemory int64    `json:"outOfMemory,omitempty"`
	DurationMS  int64    `json:"durationMs"`
	Wrote       []string `json:"wrote"`
}

type fileInfo struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
}

type suspensionRun struct {
	Message    string `json:"message,omitempty"`
	RetryAfter string `json:"retryAfter,omitempty"`
}

type failureRun struct {
	Container string `json:"container"`
	ExitCode  int    `json:"exitCode"`
	Message   string `json:"message"`
}

func newWorkflowRun(promise, ref string, d *simulate.Delivery) workflowRun {
	run := workflowRun{
		APIVersion: apiVersion, Kind: "WorkflowRun", Promise: promise, Workflow: ref,
		Pipelines: []pipelineRun{}, Object: d.Object,
	}
	for i := range d.Pipelines {
		run.Pipelines = append(run.Pipelines, newPipelineRun(&d.Pipelines[i]))
	}
	return run
}

func newPipelineRun(p *simulate.Pipeline) pipelineRun {
	run := pipelineRun{
		Name: p.Name, Steps: []stepRun{}, Output: fileInfos(p.Output), Metadata: fileInfos(p.Metadata), Work: p.Work,
		Placements: append([]placement.Placement{}, p.Placements...), Warnings: append([]diag.Finding{}, p.Findings...),
	}
	for _, s := range p.Steps {
		run.Steps = append(run.Steps, newStepRun(s))
	}
	if s := p.Suspension; s != nil {
		run.Suspension = &suspensionRun{s.Message, s.RetryAfter}
	}
	if f := p.Failure; f != nil {
		run.Failure = &failureRun{f.Container, f.Code, f.Err.Error()}
	}
	return run
}

func newStepRun(s workflow.Step) stepRun {
	run := stepRun{
		Container: s.Container, Image: s.Image, Digest: s.Digest, State: string(s.State), OutOfMemory: s.OutOfMemory,
		DurationMS: s.Duration.Milliseconds(), Wrote: append([]string{}, s.Wrote...),
	}
	if s.State != workflow.StepNotStarted {
		run.ExitCode = &s.Exit
	}
	return run
}

func fileInfos(files fs.FS) []fileInfo {
	infos := []fileInfo{}
	for name, info := range walk(files) {
		infos = append(infos, fileInfo{name, info.Size()})
	}
	return infos
}
