// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// StageImage renders charts, in the version that the upstream CLI pins.
const StageImage = "ghcr.io/syntasso/kratix-cli/helm-resource-configure:v0.2.0"

// Options say which chart the stage renders.
type Options struct {
	// URL, Name and Version are what the stage gets, as the user gave them.
	URL, Name, Version string
	// StageImage is [StageImage] when empty.
	StageImage string
	// Local tells that the chart is where no stage can get at it.
	Local bool
}

// Content makes the content of a Promise of a chart's values.yaml and
// values.schema.json, either of which may be nil. The findings tell what the API
// does not say of the values, field by field.
func Content(o Options, values, schema []byte) (scaffold.Content, []diag.Finding, error) {
	spec, findings, err := Schema(values, schema)
	if err != nil {
		return scaffold.Content{}, nil, err
	}
	container := api.Container{
		Name: "instance-configure", Image: cmp.Or(o.StageImage, StageImage), Env: []corev1.EnvVar{{Name: "CHART_URL", Value: o.URL}},
	}
	for _, env := range []corev1.EnvVar{{Name: "CHART_NAME", Value: o.Name}, {Name: "CHART_VERSION", Value: o.Version}} {
		if env.Value != "" {
			container.Env = append(container.Env, env)
		}
	}
	var sample *scaffold.Sample
	if !o.Local {
		sample = &scaffold.Sample{Network: true, Untold: []string{"object.yaml"}}
	}
	return scaffold.Content{
		Sample:  sample,
		Command: "helm-promise",
		Flags: []scaffold.Flag{
			{Name: "--chart-url", Value: o.URL},
			{Name: "--chart-name", Value: o.Name},
			{Name: "--chart-version", Value: o.Version},
			{Name: "--stage-image", Value: o.StageImage},
		},
		About: "The API has the values of a Helm chart. For each request the Pipeline\n" +
			"`instance-configure` renders the chart with `spec` as its values.",
		Version:   scaffold.APIOf(*spec),
		Pipelines: []scaffold.Pipeline{scaffold.InstanceConfigure(container)},
	}, findings, nil
}

// Schema gives the schema of the values of a chart.
func Schema(values, schema []byte) (*apiextensionsv1.JSONSchemaProps, []diag.Finding, error) {
	v, err := readValues(values)
	if err != nil {
		return nil, nil, err
	}
	var root any = map[string]any{}
	if schema != nil {
		if err := kjson.Unmarshal(schema, &root); err != nil {
			return nil, nil, diag.Inputf("values.schema.json: %w", err)
		}
	}
	t := &translator{values: v, root: root}
	spec := t.object("spec", t.flatten("spec", root, nil), v.root)
	return spec, t.findings, nil
}

// readValues reads values.yaml.
func readValues(data []byte) (*chartValues, error) {
	docs, err := yamldoc.Parse("values.yaml", data)
	if err != nil {
		return nil, err
	}
	root, ok := docs[0].Ordered().(yamldoc.Map)
	if !ok && docs[0].Value() != nil {
		return nil, diag.Inputf("values.yaml: it holds no values by name, but %s", diag.Describe(docs[0].Value()))
	}
	return newValues(docs[0], root, data), nil
}
