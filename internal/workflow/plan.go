package workflow

import (
	"fmt"
	"testing/fstest"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
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
	p.addVolume(volume{name: volumeInput, files: memory{
		"object.yaml": &fstest.MapFile{Data: run.Object, Mode: defaultFileMode},
	}})
	p.addVolume(volume{name: volumeOutput})
	p.addVolume(volume{name: volumeMetadata})
	for i, v := range run.Pipeline.Spec.Volumes {
		p.userVolume(v, fmt.Sprintf("spec.volumes[%d]", i))
	}
	for i, c := range run.Pipeline.Spec.Containers {
		p.containers = append(p.containers, p.container(c, fmt.Sprintf("spec.containers[%d]", i)))
	}
	p.checkUntil()
	if err := diag.Problems("planning the Pod", p.findings); err != nil {
		return plan{}, err
	}
	return p.plan, nil
}

func (p *planner) checkUntil() {
	if p.run.Until == "" {
		return
	}
	for _, c := range p.containers {
		if c.Name == p.run.Until {
			return
		}
	}
	p.refuse("spec.containers", fmt.Errorf("there is no container %q to stop after", p.run.Until))
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
