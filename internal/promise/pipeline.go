// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// Pipelines decodes the Pipelines of a workflow, in running order and as
// strictly as Kratix' webhook: an unknown field anywhere is an error, and the
// errors of all Pipelines are reported at once. Of a delete workflow Kratix
// runs only the first Pipeline; all are given.
func (p *Promise) Pipelines(t api.WorkflowType, a api.WorkflowAction) ([]api.Pipeline, error) {
	ref := WorkflowRef{Type: t, Action: a}
	var pipelines []api.Pipeline
	var problems []diag.Finding
	for i := range p.list(ref) {
		pipeline, found := p.pipeline(ref, i)
		pipelines = append(pipelines, pipeline)
		problems = append(problems, found...)
	}
	if err := diag.Problems(fmt.Sprintf("reading the Pipelines of %s", ref), problems); err != nil {
		return nil, err
	}
	return pipelines, nil
}

// list gives the Pipelines of a workflow as Kratix keeps them, undecoded.
func (p *Promise) list(ref WorkflowRef) []unstructured.Unstructured {
	actions := p.Spec.Workflows.Resource
	if ref.Type == api.WorkflowPromise {
		actions = p.Spec.Workflows.Promise
	}
	if ref.Action == api.ActionDelete {
		return actions.Delete
	}
	return actions.Configure
}

// pipeline decodes one Pipeline, with all that is wrong with its shape.
func (p *Promise) pipeline(ref WorkflowRef, i int) (api.Pipeline, []diag.Finding) {
	object := p.list(ref)[i].Object
	field := yamldoc.Index(ref.Field(), i)
	if found := p.unsupported(ref, field, object); found != nil {
		return api.Pipeline{}, found
	}
	var found []diag.Finding
	for _, m := range misfits(object, reflect.TypeFor[api.Pipeline](), field) {
		f := p.finding(m.field, m.message)
		f.Hint = m.hint()
		if m.unknown {
			f.Message = refusal("a Pipeline has no field "+m.key+" here", unmarshalling(ref, object)+
				fmt.Sprintf("json: unknown field %q", m.key))
		}
		found = append(found, f)
	}
	var pipeline api.Pipeline
	if err := strictly(object, &pipeline); err != nil && found == nil {
		found = append(found, p.finding(field, refusal("the Pipeline cannot be decoded", unmarshalling(ref, object)+err.Error())))
	}
	return pipeline, found
}

// refusal gives a message in this program's words, followed by what Kratix
// says, for those who search for it.
func refusal(message, kratix string) string { return message + " (Kratix: " + kratix + ")" }

func unmarshalling(ref WorkflowRef, object map[string]any) string {
	return fmt.Sprintf("failed parsing %s.%s pipeline: failed unmarshalling pipeline %s: ", ref.Type, ref.Action, nameOf(object))
}

func nameOf(object map[string]any) string {
	name, _, _ := unstructured.NestedString(object, "metadata", "name")
	return name
}

// unsupported refuses what is not a Pipeline.
func (p *Promise) unsupported(ref WorkflowRef, field string, object map[string]any) []diag.Finding {
	kind, _ := object["kind"].(string)
	version, _ := object["apiVersion"].(string)
	if kind == "Pipeline" && version == api.GroupVersion {
		return nil
	}
	kratix := fmt.Sprintf("failed parsing %s.%s pipeline: unsupported pipeline %q with APIVersion %q",
		ref.Type, ref.Action, nameOf(object), kind+"/"+version)
	var found []diag.Finding
	refuse := func(key, got, want string) {
		f := p.finding(field+"."+key, refusal(fmt.Sprintf("want %q, not %q", want, got), kratix))
		f.Hint = key + ": " + want
		found = append(found, f)
	}
	if kind != "Pipeline" {
		refuse("kind", kind, "Pipeline")
	}
	if version != api.GroupVersion {
		refuse("apiVersion", version, api.GroupVersion)
	}
	return found
}

// strictly decodes as Kratix' webhook does.
func strictly(object map[string]any, into any) error {
	data, err := json.Marshal(object)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// find gives the index of a Pipeline in its workflow, or -1.
func (p *Promise) find(ref WorkflowRef) int {
	return slices.IndexFunc(p.list(ref), func(u unstructured.Unstructured) bool {
		return nameOf(u.Object) == ref.Pipeline
	})
}
