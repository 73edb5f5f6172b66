// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// What a cluster decides about an object, and what it is here.
const (
	// Epoch is every time of a local run, in RFC 3339.
	Epoch = "2020-01-01T00:00:00Z"

	fixedUID             = "00000000-0000-4000-8000-000000000000"
	fixedResourceVersion = "1"
)

// identified is what names an object.
type identified struct {
	Group, Version, Kind, Namespace, Name string
}

func identify(object map[string]any) (identified, error) {
	var o struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := convert(object, &o); err != nil {
		return identified{}, diag.Input(err)
	}
	group, version, found := strings.Cut(o.APIVersion, "/")
	if !found {
		group, version = "", o.APIVersion
	}
	for _, f := range [][2]string{{"apiVersion", o.APIVersion}, {"kind", o.Kind}, {"metadata.name", o.Metadata.Name}} {
		if f[1] == "" {
			return identified{}, diag.Inputf("object of the workflow: %s is missing", f[0])
		}
	}
	return identified{group, version, o.Kind, o.Metadata.Namespace, o.Metadata.Name}, nil
}

// convert copies JSON-like values by way of JSON, as on the way to and from
// the API server: whole numbers become int64.
func convert(from, to any) error {
	content, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return utiljson.Unmarshal(content, to)
}

func copied(m map[string]any) map[string]any {
	to := map[string]any{}
	if err := convert(m, &to); err != nil {
		panic(fmt.Sprintf("workflow: an object that came from JSON is none: %v", err)) // a bug, see NewRun
	}
	return to
}

// child gives the map at key, made if there is none.
func child(m map[string]any, key string) map[string]any {
	if sub, ok := m[key].(map[string]any); ok {
		return sub
	}
	sub := map[string]any{}
	m[key] = sub
	return sub
}

// admit completes the metadata of an object to what it is when the first Job
// of a workflow runs. What the object already says is kept, so that one taken
// from a cluster stays as it is.
func admit(object map[string]any, spec Spec) {
	metadata := child(object, "metadata")
	delete(metadata, "managedFields")
	defaults := map[string]any{
		"creationTimestamp": Epoch,
		"uid":               fixedUID,
		"resourceVersion":   fixedResourceVersion,
		"generation":        int64(1),
	}
	if spec.Type == api.WorkflowPromise {
		normalizePromise(object, defaults)
	} else {
		child(metadata, "labels")[api.LabelPromiseName] = spec.Promise
	}
	if spec.Action == api.ActionDelete && metadata["deletionTimestamp"] == nil {
		defaults["deletionTimestamp"] = Epoch
		defaults["deletionGracePeriodSeconds"] = int64(0)
		defaults["generation"] = nextGeneration(metadata, defaults)
		delete(metadata, "generation")
	}
	for key, value := range defaults {
		if metadata[key] == nil {
			metadata[key] = value
		}
	}
	addFinalizers(metadata, finalizers(object, spec))
}

// nextGeneration is what a deletion makes of an object's generation.
func nextGeneration(metadata, defaults map[string]any) int64 {
	if g, ok := metadata["generation"].(int64); ok {
		return g + 1
	}
	g, _ := defaults["generation"].(int64)
	return g + 1
}

// normalizePromise writes the spec of a Promise as the controller's own update
// of it does: the keys of workflows are there, what is empty is not, and
// durations are in their long form. Any difference makes its generation 2.
func normalizePromise(object, defaults map[string]any) {
	var spec api.PromiseSpec
	written := map[string]any{}
	if convert(object["spec"], &spec) != nil || convert(spec, &written) != nil {
		return // whoever calls has already refused one that does not decode
	}
	if !reflect.DeepEqual(object["spec"], any(written)) {
		object["spec"] = written
		defaults["generation"] = int64(2)
	}
}

// finalizers lists the finalizers that Kratix adds, in its order.
func finalizers(object map[string]any, spec Spec) []string {
	if spec.Type == api.WorkflowResource {
		return []string{
			"kratix.io/work-cleanup",
			"kratix.io/workflows-cleanup",
			"kratix.io/delete-workflows",
			"kratix.io/resource-binding-cleanup",
		}
	}
	var f []string
	if hasAPI(object) {
		f = append(f,
			"kratix.io/resource-request-cleanup",
			"kratix.io/dynamic-controller-dependant-resources-cleanup",
			"kratix.io/api-crd-cleanup")
	}
	f = append(f, "kratix.io/dependencies-cleanup", "kratix.io/workflows-cleanup", "kratix.io/revision-cleanup")
	if hasDeleteWorkflow(object) {
		f = append(f, "kratix.io/delete-workflows")
	}
	return f
}

func addFinalizers(metadata map[string]any, names []string) {
	present, _ := metadata["finalizers"].([]any)
	for _, name := range names {
		if !slices.Contains(present, any(name)) {
			present = append(present, name)
		}
	}
	metadata["finalizers"] = present
}

// promiseFacts is what Kratix copies from a Promise's spec to its status.
type promiseFacts struct {
	Metadata struct {
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		API struct {
			Spec struct {
				Group string `json:"group"`
				Names struct {
					Kind string `json:"kind"`
				} `json:"names"`
				Versions []struct {
					Name    string `json:"name"`
					Storage bool   `json:"storage"`
				} `json:"versions"`
			} `json:"spec"`
		} `json:"api"`
		RequiredPromises []map[string]any `json:"requiredPromises"`
		Workflows        struct {
			Promise struct {
				Delete []any `json:"delete"`
			} `json:"promise"`
		} `json:"workflows"`
	} `json:"spec"`
}

// factsOf reads a Promise leniently: whoever calls has already refused one
// that does not decode.
func factsOf(promise map[string]any) promiseFacts {
	var f promiseFacts
	_ = convert(promise, &f) // an unreadable part stays empty
	return f
}

func hasAPI(promise map[string]any) bool {
	return factsOf(promise).Spec.API.Spec.Names.Kind != ""
}

func hasDeleteWorkflow(promise map[string]any) bool {
	return len(factsOf(promise).Spec.Workflows.Promise.Delete) > 0
}

// apiVersion of the Promise's API: the storage version, or the first.
func (f promiseFacts) apiVersion() string {
	crd := f.Spec.API.Spec
	if len(crd.Versions) == 0 {
		return ""
	}
	version := crd.Versions[0].Name
	for _, v := range crd.Versions {
		if v.Storage {
			version = v.Name
		}
	}
	return strings.ToLower(crd.Group + "/" + version)
}
