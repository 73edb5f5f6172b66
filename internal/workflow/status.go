// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/adapter"
	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
)

// Written is what a status-writer has done.
type Written struct {
	Control adapter.Control
	// Suspended means that the workflow stops here, with the object labelled
	// kratix.io/workflow-suspended.
	Suspended bool
	// Findings are warnings: what was in status.yaml and did not arrive.
	Findings []diag.Finding
}

// WriteStatus applies the metadata that Pipeline i has left as the
// status-writer does. It fails where Kratix' fails, with the same text; the
// object is then as it was, but for the label of a suspension that Kratix sets
// before it notices.
func (r *Run) WriteStatus(i int, metadata tree.FS) (Written, error) {
	container := adapter.StatusWriter(metadata)
	incoming, err := readStatus(container)
	if err != nil {
		return Written{}, err
	}
	if _, reserved := incoming["kratix"]; reserved {
		err := errors.New("'kratix' is a kratix managed status field that cannot be updated via workflows; " +
			"remove update to 'kratix' from the '/kratix/metadata/status.yaml' file")
		return Written{}, diag.Answer(err)
	}
	control, err := container.ReadControl()
	if err != nil {
		return Written{}, err
	}
	status := merge(copied(r.status()), incoming)
	written := Written{Control: control, Suspended: control.Suspends()}
	if written.Suspended {
		err = r.suspend(status, i, control)
	} else {
		err = r.resume(status, i)
	}
	if err != nil {
		return written, diag.Answer(err)
	}
	if r.dryRun() {
		status["message"] = "Dry run executed"
	}
	pruned, err := store(r.id, r.spec.Type, r.status(), status)
	if err != nil {
		return written, diag.Answer(fmt.Errorf("failed to update status: %w", err))
	}
	written.Findings = r.warnings(incoming, pruned)
	if _, told := incoming["message"]; told && !written.Suspended && r.another(i) {
		written.Findings = append(written.Findings, diag.Finding{
			Severity: diag.SeverityNote, Code: "M18", Position: diag.Position{File: "metadata/" + adapter.StatusFile}, Field: "message",
			Message: fmt.Sprintf("is set back to Pending when pipeline %q starts", r.spec.Pipelines[i+1].Name),
		})
	}
	r.object["status"] = status
	return written, nil
}

// readStatus reads status.yaml; no file is an empty status. Numbers arrive as
// they would have after their way through the API server.
func readStatus(container *adapter.Container) (map[string]any, error) {
	content, err := container.ReadFile(adapter.Metadata(adapter.StatusFile))
	_, refused := errors.AsType[adapter.Errno](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case refused:
		return nil, fmt.Errorf("failed to load incoming status: failed to read status file: %w", err)
	case err != nil:
		return nil, err
	}
	var incoming map[string]any
	if err := yaml.Unmarshal(content, &incoming); err != nil {
		return nil, diag.Answer(fmt.Errorf("failed to load incoming status: failed to unmarshal incoming status: %w", err))
	}
	status := map[string]any{}
	if err := convert(incoming, &status); err != nil {
		return nil, diag.Answer(fmt.Errorf("failed to load incoming status: %w", err))
	}
	return status, nil
}

// merge puts each incoming key in the place of the existing one, whatever was
// below it. Only two lists of conditions are joined. A key is never removed.
func merge(existing, incoming map[string]any) map[string]any {
	for key, value := range incoming {
		old, wasList := existing[key].([]any)
		added, isList := value.([]any)
		if key == "conditions" && wasList && isList {
			value = mergeConditions(old, added)
		}
		existing[key] = value
	}
	return existing
}

// suspend marks Pipeline i as suspended, labelling the object first.
func (r *Run) suspend(status map[string]any, i int, control adapter.Control) error {
	var retryAt string
	if control.RetryAfter != "" {
		after, err := control.RetryDuration()
		if err != nil {
			return err
		}
		retryAt = epoch().Add(after).Format(time.RFC3339)
	}
	r.labels()[api.LabelSuspended] = "true"
	workflows, entry, err := r.entry(status, i, "marking pipeline %q as suspended")
	if err != nil {
		return err
	}
	entry["phase"] = "Suspended"
	setOrDelete(entry, "message", control.Message)
	setOrDelete(entry, "nextRetryAt", retryAt)
	if retryAt == "" {
		delete(entry, "attempts")
	} else {
		attempts, _ := entry["attempts"].(int64)
		entry["attempts"] = attempts + 1
	}
	workflows["suspendedGeneration"] = r.generation()
	return nil
}

func setOrDelete(m map[string]any, key, value string) {
	if value == "" {
		delete(m, key)
		return
	}
	m[key] = value
}

// resume removes what an earlier suspension left and, after the last Pipeline,
// says so in the status.
func (r *Run) resume(status map[string]any, i int) error {
	if r.last(i) {
		r.complete(status)
	}
	_, entry, err := r.entry(status, i, "clearing suspension for pipeline %q")
	if err != nil {
		return err
	}
	entry["phase"] = "Running"
	for _, key := range []string{"message", "attempts", "nextRetryAt"} {
		delete(entry, key)
	}
	return nil
}

// complete marks the configure workflow as completed, which Kratix does at the
// end of a delete workflow too.
func (r *Run) complete(status map[string]any) {
	if status["message"] == "Pending" {
		status["message"] = "Resource requested"
		if r.spec.Type == api.WorkflowPromise {
			status["message"] = "Promise configured"
		}
	}
	delete(child(child(status, "kratix"), "workflows"), "suspendedGeneration")
	conditions, _ := status["conditions"].([]any)
	status["conditions"] = upsert(conditions, condition{
		conditionConfigureCompleted, statusTrue,
		"PipelinesExecutedSuccessfully", "Pipelines completed",
	})
}

// entry finds the record of Pipeline i in a status. While says what for.
func (r *Run) entry(status map[string]any, i int, while string) (workflows, entry map[string]any, err error) {
	name := r.spec.Pipelines[i].Name
	workflows = child(child(status, "kratix"), "workflows")
	entries, ok := workflows["pipelines"].([]any)
	if !ok {
		return nil, nil, fmt.Errorf("missing status.kratix.workflows.pipelines while "+while, name)
	}
	for _, e := range entries {
		if entry, ok := e.(map[string]any); ok && entry["name"] == name {
			return workflows, entry, nil
		}
	}
	return nil, nil, fmt.Errorf("pipeline %q not found in status.kratix.workflows.pipelines", name)
}

// warnings tells what a Pipeline wrote in vain.
func (r *Run) warnings(incoming map[string]any, pruned []string) []diag.Finding {
	var findings []diag.Finding
	warn := func(field, message string) {
		findings = append(findings, diag.Finding{
			Severity: diag.SeverityWarning,
			Position: diag.Position{File: "metadata/" + adapter.StatusFile},
			Field:    field,
			Message:  message,
		})
	}
	if r.spec.Type == api.WorkflowPromise {
		for _, key := range slices.Sorted(maps.Keys(incoming)) {
			if key != "message" && !slices.Contains(pruned, "status."+key) {
				warn(key, "a promise workflow is only meant to write message; Kratix' controller may overwrite this key")
			}
		}
	}
	for _, path := range slices.Sorted(slices.Values(pruned)) {
		warn(strings.TrimPrefix(path, "status."), "the API server drops this key: the schema of the status does not have it")
	}
	return findings
}

func epoch() time.Time {
	t, err := time.Parse(time.RFC3339, Epoch)
	if err != nil {
		panic(err) // a constant of this package
	}
	return t
}
