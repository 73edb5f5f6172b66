// SPDX-License-Identifier: Apache-2.0

package permissions

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// A Subject is a Pipeline and the run that it is asked about.
type Subject struct {
	Identity workflow.Identity
	Pipeline api.Pipeline
	// Field is the place of the Pipeline in its Promise, such as
	// "spec.workflows.resource.configure[0]", and Locate tells where in a file a
	// field of the Promise is; it may be nil.
	Field  string
	Locate func(field string) diag.Position
}

// Workflow names the Pipeline as users do: resource/configure/instance.
func (s *Subject) Workflow() string {
	return string(s.Identity.Type) + "/" + string(s.Identity.Action) + "/" + s.Identity.Pipeline
}

func (s *Subject) account() Account {
	a := Account{Name: s.Identity.ServiceAccount(s.Pipeline), Namespace: s.Identity.JobNamespace(), From: Kratix}
	if s.Pipeline.Spec.RBAC.ServiceAccount != "" {
		a.From = FromPipeline
	}
	return a
}

// An Account is the service account that a Pipeline runs as. One that the
// Pipeline names is made by Kratix only if it does not exist.
type Account struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	From      Source `json:"from"`
}

// A Pipeline is what one Pipeline may do, and how its containers run.
type Pipeline struct {
	Workflow  string  `json:"workflow"`
	Namespace string  `json:"namespace"` // of the Job
	Account   Account `json:"serviceAccount"`
	// SharedWith are other Pipelines of the Promise under the same account: each
	// may what the others may.
	SharedWith []string `json:"sharedWith"`
	// Grants are what the Pipeline's own roles allow; of those that it shares an
	// account with, see theirs.
	Grants []Grant `json:"grants"`
	// Objects are what Kratix sends to the API server before each Job, in its
	// order.
	Objects []Object `json:"objects"`
	// Shared are those of them, as KIND/NAME, that are the same for requests of
	// other namespaces: the last run of any decides what they say.
	Shared     []string    `json:"shared"`
	Job        Job         `json:"job"`
	Containers []Container `json:"containers"`
	// Findings are the rules that come to nothing, and what else is amiss.
	Findings []diag.Finding `json:"findings"`
}

// Explain says of every Pipeline what it may do. The subjects are all that run
// for the same Promise: they may share accounts.
func Explain(subjects []Subject, platform Platform) []Pipeline {
	explained := make([]Pipeline, len(subjects))
	for i := range subjects {
		s := &subjects[i]
		roles := s.roles()
		p := Pipeline{
			Workflow: s.Workflow(), Namespace: s.Identity.JobNamespace(), Account: s.account(),
			SharedWith: []string{}, Grants: []Grant{}, Findings: []diag.Finding{},
			Objects: s.objects(roles), Shared: s.shared(roles), Job: s.job(platform), Containers: s.containers(platform),
		}
		for _, r := range roles {
			grants, found := s.grants(r)
			p.Grants = append(p.Grants, grants...)
			p.Findings = append(p.Findings, found...)
		}
		for j := range subjects {
			other := &subjects[j]
			if i == j {
				continue
			}
			if sameAccount(p.Account, other.account()) {
				p.SharedWith = append(p.SharedWith, other.Workflow())
			}
			p.Findings = append(p.Findings, s.prunedBy(other)...)
		}
		explained[i] = p
	}
	return explained
}

func sameAccount(a, b Account) bool { return a.Name == b.Name && a.Namespace == b.Namespace }

// prunedBy warns of another Pipeline whose runs remove the roles of this one:
// before a configure Job, Kratix removes the user's roles of Promise, Pipeline
// name and namespace that this Job does not need, and type and action of the
// workflow are not compared (ae170e22). They are made again before the next Job
// of this one, so what suffers is a Job that runs at the time.
func (s *Subject) prunedBy(other *Subject) []diag.Finding {
	a, b := s.Identity, other.Identity
	if a.Pipeline != b.Pipeline || a.JobNamespace() != b.JobNamespace() || b.Action != api.ActionConfigure ||
		len(s.Pipeline.Spec.RBAC.Permissions) == 0 {
		return nil
	}
	f := s.finding("metadata.name", "a run of "+other.Workflow()+" removes the roles of these permissions, also from under a Job that is running: Kratix tells whose they are by the name of the Pipeline alone")
	f.Hint = "give one of the two Pipelines another name"
	return []diag.Finding{f}
}

// finding is about a field of the Pipeline. All are warnings: Kratix accepts the
// Promise, and does something else than its author expects.
func (s *Subject) finding(field, message string) diag.Finding {
	field = s.Field + "." + field
	return diag.Finding{Severity: diag.SeverityWarning, Field: field, Position: s.position(field), Message: message}
}

func (s *Subject) position(field string) diag.Position {
	if s.Locate == nil {
		return diag.Position{}
	}
	return s.Locate(field)
}

// kratixSecurity is the securityContext of Kratix' own containers.
func kratixSecurity() *corev1.SecurityContext {
	yes, no := true, false
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no,
		Privileged:               &no,
		RunAsNonRoot:             &yes,
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}
