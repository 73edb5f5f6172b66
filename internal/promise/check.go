// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// Check finds everything in the Promise that Kratix' admission webhook or the
// API server would refuse (ae170e22) or no Pod could run, and that can be known
// without a cluster, in file order. What a cluster decides is left out: whether a namespace or a
// required Promise exists, and changes against the Promise that is installed.
//
// Findings below [diag.SeverityError] do not make Kratix refuse the Promise.
func (p *Promise) Check() []diag.Finding {
	found := slices.Clone(p.findings)
	found = append(found, p.checkMetadata()...)
	found = append(found, p.apiFindings()...)
	for _, ref := range Workflows() {
		found = append(found, p.checkWorkflow(ref)...)
	}
	found = append(found, p.checkConfig()...)
	slices.SortStableFunc(found, func(a, b diag.Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return found
}

func (p *Promise) checkMetadata() []diag.Finding {
	var found []diag.Finding
	switch wrong := validation.IsDNS1123Subdomain(p.Name); {
	case p.Name == "":
		f := p.finding("metadata.name", refusal("the Promise has no name", "metadata.name: Required value: name or generateName is required"))
		f.Hint = "metadata: {name: my-promise}"
		found = append(found, f)
	case len(wrong) > 0:
		f := p.finding("metadata.name", refusal("the Promise's name is not valid",
			fmt.Sprintf("metadata.name: Invalid value: %q: %s", p.Name, wrong[0])))
		f.Hint = labelHint(p.Name)
		found = append(found, f)
	case len(p.Name) > validation.LabelValueMaxLength:
		f := p.finding("metadata.name", fmt.Sprintf(
			"the name has %d characters; Kratix uses it as a label, which has at most %d", len(p.Name), validation.LabelValueMaxLength))
		f.Hint = "use a shorter name"
		found = append(found, f)
	}
	return append(found, p.checkAnnotation()...)
}

// minInterval is the shortest time between two reconciliations.
const minInterval = time.Minute

// checkAnnotation checks the interval that an annotation may set.
func (p *Promise) checkAnnotation() []diag.Finding {
	value, ok := p.Annotations[api.AnnotationReconciliationInterval]
	if !ok {
		return nil
	}
	field := "metadata.annotations[" + api.AnnotationReconciliationInterval + "]"
	interval, err := time.ParseDuration(value)
	switch {
	case err != nil:
		return []diag.Finding{p.badInterval(field, value, "the interval is not a duration", "must be a valid duration")}
	case interval < minInterval:
		return []diag.Finding{p.badInterval(field, value, "the interval is too short", "must be at least 1m0s")}
	default:
		return nil
	}
}

func (p *Promise) badInterval(field, value, message, kratix string) diag.Finding {
	f := p.finding(field, refusal(message, fmt.Sprintf("%s: Invalid value: %q: %s", field, value, kratix)))
	f.Hint = "use a duration of a minute or more, as 10m or 1h30m"
	return f
}

func (p *Promise) checkConfig() []diag.Finding {
	interval := p.Spec.Workflows.Config.ReconciliationInterval
	if interval == nil || interval.Duration >= minInterval {
		return nil
	}
	field := "spec.workflows.config.reconciliationInterval"
	return []diag.Finding{p.badInterval(field, interval.Duration.String(), "the interval is too short", "must be at least 1m0s")}
}

// checkWorkflow checks the Pipelines of one workflow, and the workflow as a
// whole.
func (p *Promise) checkWorkflow(ref WorkflowRef) []diag.Finding {
	list := p.list(ref)
	if len(list) == 0 {
		return nil
	}
	var found []diag.Finding
	if ref.Type == api.WorkflowResource && !p.HasAPI() {
		f := p.finding(ref.Field(), refusal("a Promise without spec.api has no requests, so no resource workflows",
			"failed to generate pipeline resources promise does not contain an API"))
		f.Hint = "add spec.api, or move the Pipelines to spec.workflows.promise"
		found = append(found, f)
	}
	first := map[string]string{}
	for i := range list {
		field := yamldoc.Index(ref.Field(), i)
		pipeline, misshapen := p.pipeline(ref, i)
		found = append(found, misshapen...)
		if len(misshapen) > 0 {
			continue
		}
		named := WorkflowRef{ref.Type, ref.Action, pipeline.Name}
		found = append(found, p.checkLabels(named, field, pipeline.Labels)...)
		found = append(found, p.checkName(named, field, first)...)
		found = append(found, p.checkJob(named, field, pipeline)...)
	}
	return found
}

// HasAPI says whether the Promise has an API: absent, null and {} are none.
func (p *Promise) HasAPI() bool {
	if p.Spec.API == nil {
		return false
	}
	raw := strings.TrimSpace(string(p.Spec.API.Raw))
	return raw != "" && raw != "null" && raw != "{}"
}

// checkLabels checks the labels of a Pipeline; they go to its Job and Pod.
func (p *Promise) checkLabels(ref WorkflowRef, field string, labels map[string]string) []diag.Finding {
	var found []diag.Finding
	field += ".metadata.labels"
	where := fmt.Sprintf("in workflow %q action %q: ", ref.Type, ref.Action)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels[key]
		if wrong := validation.IsValidLabelValue(value); len(wrong) > 0 {
			found = append(found, p.finding(yamldoc.Join(field, key), refusal(fmt.Sprintf("%q is no valid label value", value),
				fmt.Sprintf("invalid label value %q for key %q %s%s", value, key, where, strings.Join(wrong, ",")))))
		}
		if wrong := validation.IsQualifiedName(key); len(wrong) > 0 {
			found = append(found, p.finding(yamldoc.Join(field, key), refusal(fmt.Sprintf("%q is no valid label key", key),
				fmt.Sprintf("invalid label key %q %s%s", key, where, strings.Join(wrong, ",")))))
		}
	}
	return found
}

// checkName checks that a Pipeline's name is unique in its workflow and makes
// names that Kubernetes accepts; first holds where each name was seen.
func (p *Promise) checkName(ref WorkflowRef, field string, first map[string]string) []diag.Finding {
	name := field + ".metadata.name"
	if ref.Pipeline == "" {
		f := p.finding(name, refusal("the Pipeline has no name", fmt.Sprintf(
			`%s Job.batch is invalid: spec.template.spec.serviceAccountName: Invalid value: %q: %s`,
			generating(ref), ref.id(p.Name), validation.IsDNS1123Subdomain(ref.id(p.Name))[0])))
		f.Hint = "metadata: {name: instance-configure}"
		return []diag.Finding{f}
	}
	var found []diag.Finding
	if wrong := validation.IsDNS1123Subdomain(ref.Pipeline); len(wrong) > 0 {
		f := p.finding(name, refusal(fmt.Sprintf("%q is no valid Pipeline name", ref.Pipeline), fmt.Sprintf(
			`%s Job.batch is invalid: spec.template.spec.serviceAccountName: Invalid value: %q: %s`, generating(ref), ref.id(p.Name), wrong[0])))
		f.Hint = labelHint(ref.Pipeline)
		found = append(found, f)
	}
	if old, ok := first[ref.Pipeline]; ok {
		f := p.finding(name, refusal(fmt.Sprintf("the name %q is used in line %d already", ref.Pipeline, p.Position(old).Line),
			fmt.Sprintf("duplicate pipeline name %q in workflow %q action %q", ref.Pipeline, ref.Type, ref.Action)))
		f.Hint = "give each Pipeline of a workflow its own name"
		found = append(found, f)
	} else {
		first[ref.Pipeline] = name
	}
	if err := ref.CheckID(p.Name); err != nil {
		f := p.finding(name, refusal(err.Error(), fmt.Sprintf("%s.%s pipeline with name %q is too long. "+
			"The name is used when generating resources for the pipeline,including the ServiceAccount which follows the format of %q, "+
			"which cannot be longer than %d characters in total", ref.Type, ref.Action, ref.Pipeline, ref.id(p.Name), maxIDLength)))
		f.Hint = ref.shorterHint(p.Name)
		found = append(found, f)
	}
	return found
}

// generating is how Kratix begins when the API server refuses its Job.
func generating(ref WorkflowRef) string {
	return fmt.Sprintf("%s.%s pipeline with name %s failed to generate Job definition:", ref.Type, ref.Action, ref.Pipeline)
}
