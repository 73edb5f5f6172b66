package workflow

import (
	"fmt"
	"testing/fstest"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// A plan is the Pod of a Pipeline, complete but for being started.
type plan struct {
	volumes    []volume
	containers []Container
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
		Security: security(c.SecurityContext),
	}
}

func security(s *corev1.SecurityContext) Security {
	if s == nil {
		return Security{}
	}
	return Security{
		RunAsUser:              s.RunAsUser,
		RunAsGroup:             s.RunAsGroup,
		RunAsNonRoot:           s.RunAsNonRoot != nil && *s.RunAsNonRoot,
		ReadOnlyRootFilesystem: s.ReadOnlyRootFilesystem != nil && *s.ReadOnlyRootFilesystem,
	}
}

// refuse records why a field of the Pipeline cannot be honoured.
func (p *planner) refuse(field string, why error) {
	if p.run.Field != "" {
		field = p.run.Field + "." + field
	}
	f := diag.Finding{Severity: diag.SeverityError, Field: field, Message: why.Error()}
	if p.run.Locate != nil {
		f.Position = p.run.Locate(field)
	}
	p.findings = append(p.findings, f)
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
