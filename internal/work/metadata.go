// SPDX-License-Identifier: Apache-2.0

package work

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/adapter"
	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// metadataFiles are the only names that Kratix reads in /kratix/metadata, and
// the keys that it knows there; without a list all keys are.
var metadataFiles = map[string][]string{
	adapter.SelectorsFile: {"matchLabels", "directory"},
	adapter.ControlFile:   {"suspend", "retryAfter", "message"},
	adapter.StatusFile:    nil,
}

// lintMetadata notes what Kratix ignores in /kratix/metadata, and what its
// status-writer will refuse.
func (c *creator) lintMetadata() {
	entries, err := c.container.ReadDir(adapter.MetadataRoot)
	if err != nil {
		return // whoever needs a file there will say so
	}
	for _, e := range entries {
		_, known := metadataFiles[e.Name()]
		switch {
		case known && !e.IsDir():
			c.lintMetadataFile(e.Name())
		case e.IsDir():
			c.lintMetadataDirectory(e.Name())
		default:
			c.lintUnknownFile(e.Name())
		}
	}
}

// lintUnknownFile notes a file whose name is nearly that of one that Kratix
// reads. Any other may be for a later step.
func (c *creator) lintUnknownFile(name string) {
	meant, ok := meantMetadata(name)
	if !ok {
		meant = diag.Nearest(name, slices.Sorted(maps.Keys(metadataFiles)))
	}
	if meant != "" {
		c.warn(diag.SeverityWarning, "M1", "metadata/"+name, "Kratix does not read a file of this name", "did you mean "+meant+"?")
	}
}

// meantMetadata gives the file that a name stands for in another spelling.
func meantMetadata(name string) (string, bool) {
	meant := strings.ReplaceAll(strings.ToLower(name), "_", "-")
	if base, ok := strings.CutSuffix(meant, ".yml"); ok {
		meant = base + ".yaml"
	}
	if path.Ext(meant) == "" {
		meant += ".yaml"
	}
	_, ok := metadataFiles[meant]
	return meant, ok
}

func (c *creator) lintMetadataDirectory(name string) {
	entries, err := c.container.ReadDir(adapter.Metadata(name))
	if err != nil {
		return
	}
	for _, e := range entries {
		below := path.Join(name, e.Name())
		if e.IsDir() {
			c.lintMetadataDirectory(below)
		} else if meant, ok := meantMetadata(e.Name()); ok {
			c.warn(diag.SeverityWarning, "M1", "metadata/"+below,
				"Kratix does not look into directories of the metadata", "move it to /kratix/metadata/"+meant)
		}
	}
}

func (c *creator) lintMetadataFile(name string) {
	data, err := c.metadata(name)
	if err != nil {
		return
	}
	file := "metadata/" + name
	documents := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := documents.Decode(&first); err != nil {
		return // the parser of Kratix says it better
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		c.warnAt(diag.SeverityWarning, "M13", diag.Position{File: file, Line: second.Line}, "only the first YAML document is read", "")
	}
	c.lintKeys(file, &first, metadataFiles[name])
	switch name {
	case adapter.StatusFile:
		c.lintStatus(file, data)
	case adapter.ControlFile:
		c.lintControl(file)
	}
}

// lintKeys notes keys that are given twice and, at the level of entries, keys
// that Kratix does not know.
func (c *creator) lintKeys(file string, node *yaml.Node, known []string) {
	seen := map[string]bool{}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			at := diag.Position{File: file, Line: child.Line, Column: child.Column}
			if seen[child.Value] {
				c.warnAt(diag.SeverityWarning, "M13", at, fmt.Sprintf("key %q is given twice: the last value counts", child.Value), "")
			}
			seen[child.Value] = true
			if known != nil && !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, child.Value) }) {
				c.warnAt(diag.SeverityWarning, "M13", at, fmt.Sprintf("key %q is ignored", child.Value),
					cmp.Or(diag.DidYouMean(child.Value, known), "known keys: "+strings.Join(known, ", ")))
			}
			continue
		}
		next := known
		if node.Kind == yaml.MappingNode {
			next = nil // below an entry, keys are labels
		}
		c.lintKeys(file, child, next)
	}
}

// lintControl finds what the status-writer refuses later, and what has no
// effect.
func (c *creator) lintControl(file string) {
	control, err := c.container.ReadControl()
	if err != nil {
		return // the work-writer fails with this error
	}
	if control.RetryAfter != "" {
		const hint = "write hours, minutes and seconds, such as 24h or 1m30s"
		if after, err := control.RetryDuration(); err != nil {
			c.warn(diag.SeverityError, "M20", file, "the status-writer fails: "+err.Error(), hint)
		} else if after <= 0 {
			c.warn(diag.SeverityWarning, "M20", file, fmt.Sprintf("retryAfter %s is no time to wait: the workflow runs again at once, over and over", control.RetryAfter), hint)
		}
	}
	if control.Suspends() {
		c.warn(diag.SeverityNote, "M23", file, c.suspendedWork(), "")
	} else if control.Message != "" {
		c.warn(diag.SeverityWarning, "M22", file, "message has no effect without suspend or retryAfter", "a message for users goes into status.yaml")
	}
}

// suspendedWork tells what becomes of the Work of a suspended Pipeline.
func (c *creator) suspendedWork() string {
	labels := c.labels()
	for _, w := range c.in.Existing {
		if hasLabels(w.Labels, labels) {
			return fmt.Sprintf("the Pipeline is suspended: Work %s stays as it is, this output is dropped", w.Name)
		}
	}
	return "the Pipeline is suspended: no Work is made, this output is dropped"
}

// Keys of a Promise's status that have a place in its schema; all but message
// belong to Kratix.
var promiseStatusKeys = []string{
	"apiVersion", "conditions", "kind", "kratix", "lastAvailableTime", "message", "observedGeneration",
	"requiredBy", "requiredPromises", "status", "version", "workflows", "workflowsFailed", "workflowsSucceeded",
}

// statusIntegers are the keys that the schema holds to whole numbers.
var statusIntegers = []string{"observedGeneration", "workflows", "workflowsFailed", "workflowsSucceeded"}

// lintStatus finds what the status-writer refuses, and what is lost.
func (c *creator) lintStatus(file string, data []byte) {
	var status map[string]any
	if err := sigsyaml.Unmarshal(data, &status); err != nil {
		c.warn(diag.SeverityError, "M15", file, "the status-writer fails: failed to unmarshal incoming status: "+err.Error(), "status.yaml is a map")
		return
	}
	if _, ok := status["kratix"]; ok {
		c.warn(diag.SeverityError, "M15", file, "the status-writer fails: 'kratix' is a kratix managed status field that cannot be updated via workflows", "remove the key kratix")
	}
	if message, ok := status["message"]; ok && message != nil {
		if _, ok := message.(string); !ok {
			c.warn(diag.SeverityError, "M15", file, "the status-writer fails: message is not a string", "put it in quotes")
		}
	}
	for _, key := range statusIntegers {
		if value, ok := status[key]; ok && !isInteger(value) {
			c.warn(diag.SeverityError, "M15", file, fmt.Sprintf("the status-writer fails: %s is not a whole number", key), "leave it to Kratix")
		}
	}
	c.lintConditions(file, status["conditions"])
	c.lintPromiseStatus(file, status)
}

func isInteger(value any) bool {
	f, ok := value.(float64)
	return value == nil || ok && f == float64(int64(f))
}

func (c *creator) lintConditions(file string, value any) {
	conditions, ok := value.([]any)
	if !ok {
		return
	}
	known := []string{"type", "status", "reason", "message", "lastTransitionTime"}
	for i, item := range conditions {
		condition, _ := item.(map[string]any)
		if _, ok := condition["type"].(string); !ok {
			c.warn(diag.SeverityWarning, "M19", file, fmt.Sprintf("conditions[%d] has no type: it is dropped where conditions are joined", i), "")
		}
		for key := range condition {
			if !slices.Contains(known, key) {
				c.warn(diag.SeverityWarning, "M19", file, fmt.Sprintf("conditions[%d].%s does not survive: Kratix keeps %s", i, key, strings.Join(known, ", ")), "")
			}
		}
	}
}

// lintPromiseStatus notes keys that a promise workflow cannot set.
func (c *creator) lintPromiseStatus(file string, status map[string]any) {
	if c.in.WorkflowType != api.WorkflowPromise {
		return
	}
	for key := range status {
		switch {
		case key == "message" || key == "kratix":
		case slices.Contains(promiseStatusKeys, key):
			c.warn(diag.SeverityWarning, "M17", file, fmt.Sprintf("key %q overwrites what Kratix keeps in the status of the Promise", key), "only message can be set for a Promise")
		default:
			c.warn(diag.SeverityWarning, "M17", file, fmt.Sprintf("key %q is dropped by the API server: the status of a Promise has a closed schema", key), "only message can be set for a Promise")
		}
	}
}
