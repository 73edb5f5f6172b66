// SPDX-License-Identifier: Apache-2.0

package work

import (
	"bytes"
	"fmt"

	yamlv2 "go.yaml.in/yaml/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
)

// FromDependencies makes the Work of a Promise's static dependencies: one
// group with one file that holds them all. It is nil if the Promise has none.
// An empty suffix is [DefaultSuffix].
func FromDependencies(p *api.Promise, suffix string) (*api.Work, error) {
	if len(p.Spec.Dependencies) == 0 {
		return nil, nil
	}
	manifest, err := manifest(p)
	if err != nil {
		return nil, err
	}
	return &api.Work{
		TypeMeta: metav1.TypeMeta{APIVersion: api.GroupVersion, Kind: "Work"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      Name(p.Name+"-static-deps", orDefault(suffix, DefaultSuffix)),
			Namespace: api.SystemNamespace,
			Labels: map[string]string{
				api.LabelPromiseName: p.Name,
				api.LabelWorkType:    string(api.WorkTypeStaticDependency),
			},
		},
		Spec: api.WorkSpec{
			PromiseName: p.Name,
			WorkloadGroups: []api.WorkloadGroup{{
				ID:                   DefaultGroupID,
				Directory:            DefaultDirectory,
				DestinationSelectors: promiseSelectors(p.Spec.DestinationSelectors),
				Workloads: []api.Workload{{
					Filepath: "static/" + p.Name + "-dependencies.yaml",
					Content:  Compress(manifest),
				}},
			}},
		},
	}, nil
}

// manifest writes the dependencies as Kratix does: documents between "---"
// lines, with the line folding and key order of version 2 of the YAML library.
func manifest(p *api.Promise) ([]byte, error) {
	var text bytes.Buffer
	encoder := yamlv2.NewEncoder(&text)
	for i, d := range p.Spec.Dependencies {
		if err := encoder.Encode(d.Object); err != nil {
			return nil, fmt.Errorf("spec.dependencies[%d]: %w", i, err)
		}
	}
	err := encoder.Close()
	return text.Bytes(), err
}
