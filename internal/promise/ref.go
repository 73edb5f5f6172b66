// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// A WorkflowRef names a workflow of a Promise or, with Pipeline set, one of its
// Pipelines.
type WorkflowRef struct {
	Type     api.WorkflowType
	Action   api.WorkflowAction
	Pipeline string
}

// String gives the reference as users write it: resource/configure/instance.
func (r WorkflowRef) String() string {
	text := string(r.Type) + "/" + string(r.Action)
	if r.Pipeline != "" {
		text += "/" + r.Pipeline
	}
	return text
}

// Field is the path of the workflow's list of Pipelines in a Promise.
func (r WorkflowRef) Field() string {
	return fmt.Sprintf("spec.workflows.%s.%s", r.Type, r.Action)
}

// Workflows lists the four workflows that a Promise can have.
func Workflows() []WorkflowRef {
	return []WorkflowRef{
		{Type: api.WorkflowPromise, Action: api.ActionConfigure},
		{Type: api.WorkflowPromise, Action: api.ActionDelete},
		{Type: api.WorkflowResource, Action: api.ActionConfigure},
		{Type: api.WorkflowResource, Action: api.ActionDelete},
	}
}

// ParseRef reads "resource/configure" or "resource/configure/instance". All
// that is wrong with it is one input error.
func ParseRef(text string) (WorkflowRef, error) {
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > 3 {
		err := diag.Inputf("%q does not name a workflow: it is TYPE/ACTION or TYPE/ACTION/PIPELINE", text)
		return WorkflowRef{}, diag.Hint(err, "for example resource/configure/instance")
	}
	var found []diag.Finding
	refuse := func(hint, format string, args ...any) {
		found = append(found, diag.Finding{Severity: diag.SeverityError, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	if types := []string{"promise", "resource"}; !slices.Contains(types, parts[0]) {
		refuse(diag.DidYouMean(parts[0], types), "the workflow type %q is neither promise nor resource", parts[0])
	}
	if actions := []string{"configure", "delete"}; !slices.Contains(actions, parts[1]) {
		refuse(diag.DidYouMean(parts[1], actions), "the workflow action %q is neither configure nor delete", parts[1])
	}
	ref := WorkflowRef{Type: api.WorkflowType(parts[0]), Action: api.WorkflowAction(parts[1])}
	if len(parts) == 3 {
		ref.Pipeline = parts[2]
		if ref.Pipeline == "" {
			refuse("", "the name of the Pipeline is empty")
		} else if wrong := validation.IsDNS1123Label(ref.Pipeline); len(wrong) > 0 {
			refuse(labelHint(ref.Pipeline), "the Pipeline name %q is not valid: %s", ref.Pipeline, LabelRule)
		}
	}
	if err := diag.Problems(fmt.Sprintf("reading %q", text), found); err != nil {
		return WorkflowRef{}, err
	}
	return ref, nil
}

// maxIDLength is the longest name of the ServiceAccount of a Pipeline that
// Kratix' webhook accepts (ae170e22).
const maxIDLength = 60

// CheckID says whether Kratix can name the objects of a Pipeline of the named
// Promise: it joins the names of the Promise, the type, the action and the
// Pipeline, and refuses more than 60 characters.
func (r WorkflowRef) CheckID(promise string) error {
	id := r.id(promise)
	if len(id) <= maxIDLength {
		return nil
	}
	err := diag.Inputf("the Pipeline name %q is %d characters too long: Kratix uses %q as a name, of at most %d characters",
		r.Pipeline, len(id)-maxIDLength, id, maxIDLength)
	return diag.Hint(err, r.shorterHint(promise))
}

func (r WorkflowRef) id(promise string) string {
	return fmt.Sprintf("%s-%s-%s-%s", promise, r.Type, r.Action, r.Pipeline)
}

func (r WorkflowRef) shorterHint(promise string) string {
	room := maxIDLength - len(r.id(promise)) + len(r.Pipeline)
	if room < 1 {
		return "shorten the name of the Promise"
	}
	return fmt.Sprintf("use at most %d characters, or shorten the name of the Promise", room)
}
