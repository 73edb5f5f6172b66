// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"fmt"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
)

// A plan is the Pod of a Pipeline, complete but for being started.
type plan struct {
	volumes    []volume
	containers []Container
	warnings   []diag.Finding
}

// A planner makes a plan and collects all that stands against it.
type planner struct {
	run      PipelineRun
	findings []diag.Finding
	byName   map[string]volume
	plan
}

// Containers gives the containers of a run exactly as the engine would be
// given them, without running anything.
func (run PipelineRun) Containers() ([]Container, error) {
	made, err := run.plan()
	return made.containers, err
}

func (run PipelineRun) plan() (plan, error) {
	p := &planner{run: run, byName: map[string]volume{}}
	input := tree.NewMemory()
	p.put(input, "object.yaml", run.Object, defaultFileMode, "")
	p.addVolume(volume{name: volumeInput, files: input})
	p.addVolume(volume{name: volumeOutput})
	p.addVolume(volume{name: volumeMetadata})
	if run.Halt != nil {
		p.volumes = append(p.volumes, volume{name: volumeSpare})
	}
	for i, v := range run.Pipeline.Spec.Volumes {
		p.userVolume(v, fmt.Sprintf("spec.volumes[%d]", i))
	}
	for i, c := range run.Pipeline.Spec.Containers {
		p.containers = append(p.containers, p.container(c, fmt.Sprintf("spec.containers[%d]", i)))
	}
	p.checkContainer(run.Until, "stop after")
	p.checkContainer(run.Alone, "run alone")
	if err := diag.Problems("planning the Pod", p.findings); err != nil {
		return plan{}, err
	}
	return p.plan, nil
}

// checkContainer refuses a container to do something with that the Pipeline does
// not have.
func (p *planner) checkContainer(name, what string) {
	if name == "" || slices.ContainsFunc(p.containers, func(c Container) bool { return c.Name == name }) {
		return
	}
	p.refuse("spec.containers", fmt.Errorf("there is no container %q to %s", name, what))
}

func (p *planner) container(c api.Container, field string) Container {
	env := p.environment(c, field)
	network := p.run.Network
	if network == "" {
		network = NetworkNone
	}
	return Container{
		Name:     c.Name,
		Image:    c.Image,
		Command:  expandAll(c.Command, env.lookup),
		Args:     expandAll(c.Args, env.lookup),
		Env:      env.list(),
		Mounts:   p.mounts(c.VolumeMounts, env, field),
		Network:  network,
		Hostname: p.run.Identity.hostname(),
		Security: p.security(c.SecurityContext, field),
		Limits:   p.limits(c, field),
	}
}

// refuse records why a field of the Pipeline cannot be honoured.
func (p *planner) refuse(field string, why error) {
	p.findings = append(p.findings, p.finding(diag.SeverityError, field, why))
}

// warn records what a local run does otherwise than a cluster.
func (p *planner) warn(field string, what error) {
	p.warnings = append(p.warnings, p.finding(diag.SeverityWarning, field, what))
}

func (p *planner) finding(severity diag.Severity, field string, what error) diag.Finding {
	if p.run.Field != "" {
		field = p.run.Field + "." + field
	}
	f := diag.Finding{Severity: severity, Field: field, Message: what.Error()}
	if hints := diag.Hints(what); len(hints) > 0 {
		f.Hint = hints[0]
	}
	if p.run.Locate != nil {
		f.Position = p.run.Locate(field)
	}
	return f
}

func (p plan) volumeNames() []string {
	names := make([]string, len(p.volumes))
	for i, v := range p.volumes {
		names[i] = v.name
	}
	return names
}

// steps is the result before anything has run.
func (p plan) steps() []Step {
	steps := make([]Step, len(p.containers))
	for i, c := range p.containers {
		steps[i] = Step{Number: i + 1, Of: len(p.containers), Container: c.Name, Image: c.Image, State: StepNotStarted}
	}
	return steps
}
