// SPDX-License-Identifier: Apache-2.0

package scaffold_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/scaffold"
)

// What Kratix replaces is left out and told; the version that it is made of
// stays as it is.
func TestAdopt(t *testing.T) {
	t.Parallel()
	const text = `
name: v1
served: true
storage: true
deprecated: true
deprecationWarning: use v2
schema:
  openAPIV3Schema:
    type: object
    required: [spec, status]
    properties:
      spec: {type: object}
      status: {type: object}
      data: {type: string}
    x-kubernetes-validations:
    - rule: has(self.spec)
    - rule: self.data == self.status.data
    - rule: self.data == 'a'
      messageExpression: oldSelf.?status.orValue('none')
    - rule: self.data == 'self.statuses'
additionalPrinterColumns:
- {name: Phase, type: string, jsonPath: .status.phase}
selectableFields:
- jsonPath: .spec.a
- jsonPath: .status.phase
subresources:
  status: {}
  scale: {specReplicasPath: .spec.a, statusReplicasPath: .status.a}
`
	const want = `
name: v1
served: true
storage: true
schema:
  openAPIV3Schema:
    type: object
    required: [spec]
    properties:
      spec: {type: object}
      data: {type: string}
    x-kubernetes-validations:
    - rule: has(self.spec)
    - rule: self.data == 'self.statuses'
selectableFields:
- jsonPath: .spec.a
`
	version := parsed(t, text)
	adopted, findings := scaffold.Adopt(version)
	if diff := cmp.Diff(parsed(t, want), adopted); diff != "" {
		t.Errorf("version (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(parsed(t, text), version); diff != "" {
		t.Errorf("the version that it is made of (-before +after):\n%s", diff)
	}
	var told []string
	for _, f := range findings {
		told = append(told, string(f.Severity)+" "+f.Field)
	}
	fields := []string{
		"note schema.openAPIV3Schema.properties.status",
		"warning schema.openAPIV3Schema.x-kubernetes-validations[1]",
		"warning schema.openAPIV3Schema.x-kubernetes-validations[2]",
		"note additionalPrinterColumns",
		"note selectableFields",
		"note subresources.scale",
		"warning deprecated",
		"warning schema.openAPIV3Schema.properties.data",
	}
	if diff := cmp.Diff(fields, told); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func parsed(t *testing.T, text string) apiextensionsv1.CustomResourceDefinitionVersion {
	t.Helper()
	var version apiextensionsv1.CustomResourceDefinitionVersion
	if err := yaml.UnmarshalStrict([]byte(text), &version); err != nil {
		t.Fatal(err)
	}
	return version
}
