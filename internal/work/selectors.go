// SPDX-License-Identifier: Apache-2.0

package work

import (
	"path"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
)

// WorkflowDestinationSelectors is one entry of destination-selectors.yaml. Its
// name is that of Kratix, since it appears in errors.
type WorkflowDestinationSelectors struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
	Directory   string            `json:"directory,omitempty"`
}

// parseSelectors reads destination-selectors.yaml with the checks of Kratix in
// their order. Directories come back cleaned.
func parseSelectors(data []byte) ([]WorkflowDestinationSelectors, error) {
	var entries []WorkflowDestinationSelectors
	if err := yaml.Unmarshal(data, &entries); err != nil {
		return nil, failed("M2", "destination-selectors.yaml is a list of entries, each with matchLabels and perhaps a directory",
			"invalid destination-selectors.yaml: %s", upstreamTypes(err))
	}
	for i := range entries {
		if len(entries[i].MatchLabels) == 0 {
			return nil, failed("M2", "give the entry at least one label in matchLabels, or remove it",
				"invalid destination-selectors.yaml: entry with index %d has no selectors", i)
		}
	}
	for i := range entries {
		entries[i].Directory = path.Clean(entries[i].Directory)
	}
	return entries, checkDirectories(entries)
}

func checkDirectories(entries []WorkflowDestinationSelectors) error {
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.Directory] {
			return failed("M2", "join the entries of one directory: all their labels must match",
				"duplicate entries in destination-selectors.yaml: \n%v", entries)
		}
		seen[e.Directory] = true
	}
	for _, e := range entries {
		if path.Base(e.Directory) != e.Directory {
			return failed("M2", "name a directory directly below /kratix/output",
				"invalid directory in destination-selectors.yaml: %s, sub-directories are not allowed", e.Directory)
		}
	}
	return nil
}

// upstreamTypes gives the text of a decoding error with the type names of
// Kratix.
func upstreamTypes(err error) string {
	return strings.ReplaceAll(err.Error(), "work.Workflow", "v1alpha1.Workflow")
}

// squash joins the selectors of a Promise into one; of equal keys the first
// wins.
func squash(selectors []api.PromiseSelector) map[string]string {
	joined := map[string]string{}
	for _, s := range selectors {
		for key, value := range s.MatchLabels {
			if _, ok := joined[key]; !ok {
				joined[key] = value
			}
		}
	}
	return joined
}

// promiseSelectors gives the selectors of a Promise as Kratix adds them to a
// default group: one entry, or none.
func promiseSelectors(selectors []api.PromiseSelector) []api.WorkloadSelector {
	if len(selectors) == 0 {
		return nil
	}
	return []api.WorkloadSelector{{MatchLabels: squash(selectors), Source: api.SourcePromise}}
}
