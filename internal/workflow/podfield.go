// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// podField gives the value of a field of the Pod (downward API). Names with a
// random part have it replaced; what only a cluster decides is an error.
func (p *planner) podField(path string) (string, error) {
	id, pipeline := p.run.Identity, p.run.Pipeline
	switch path {
	case "metadata.name":
		return id.podName(), nil
	case "metadata.namespace":
		return id.JobNamespace(), nil
	case "spec.serviceAccountName":
		return id.ServiceAccount(pipeline), nil
	case "metadata.labels":
		return formatMap(id.podLabels(pipeline)), nil
	case "metadata.annotations":
		return formatMap(pipeline.Annotations), nil
	}
	if key, ok := subscript(path, "metadata.labels"); ok {
		switch key {
		case "kratix.io/hash", "controller-uid", "batch.kubernetes.io/controller-uid":
			return "", fmt.Errorf("label %q has no value in a local run", key)
		}
		return id.podLabels(pipeline)[key], nil
	}
	if key, ok := subscript(path, "metadata.annotations"); ok {
		return pipeline.Annotations[key], nil
	}
	return "", fmt.Errorf("%q has no value in a local run", path)
}

// subscript reads the key of a path such as metadata.labels['app'].
func subscript(path, of string) (key string, ok bool) {
	rest, ok := strings.CutPrefix(path, of+"['")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "']")
}

// formatMap writes labels or annotations as a downwardAPI volume does.
func formatMap(m map[string]string) string {
	lines := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, key+"="+strconv.Quote(m[key]))
	}
	return strings.Join(lines, "\n")
}
