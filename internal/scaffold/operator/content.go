// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

// StageImage makes objects of requests, in the version that the upstream CLI
// pins.
const StageImage = "ghcr.io/syntasso/kratix-cli/from-api-to-operator:v0.2.2"

// Options say which Promise to make of an operator.
type Options struct {
	// Promise is what the API is called.
	Promise scaffold.PromiseOptions
	// Manifests are the paths that were read, for the README.
	Manifests []string
	// Definition is the name of a CustomResourceDefinition among the manifests.
	Definition string
	// StageImage is [StageImage] when empty.
	StageImage string
}

// Content makes the content of a Promise of the manifests of an operator.
// Objects of namespaced kinds that have no namespace get "default". The findings
// tell what could not be taken over.
func Content(o Options, manifests *manifest.Set) (scaffold.Content, []diag.Finding, error) {
	source, err := find(manifests, o.Definition)
	if err != nil {
		return scaffold.Content{}, nil, err
	}
	d, findings, err := read(source)
	if err != nil {
		return scaffold.Content{}, nil, err
	}
	version, left := d.adopt(o.Promise)
	findings = slices.Concat(findings, left, manifests.DefaultNamespace("default"))
	slices.SortStableFunc(findings, diag.ByPosition)
	container := o.container(d)
	return scaffold.Content{
		Command: "operator-promise", Flags: o.flags(), About: d.about(),
		Version:      version,
		Dependencies: manifests.Values(),
		Pipelines:    []scaffold.Pipeline{scaffold.InstanceConfigure(container)},
		Sample:       scaffold.HandedOn(o.Promise.Name, container, d.apiVersion(), d.crd.Spec.Names.Kind),
	}, findings, nil
}

func (o Options) flags() []scaffold.Flag {
	return append(scaffold.Repeated("--operator-manifests", o.Manifests),
		scaffold.Flag{Name: "--api-schema-from", Value: o.Definition},
		scaffold.Flag{Name: "--stage-image", Value: o.StageImage},
	)
}

func (o Options) container(d *definition) api.Container {
	return api.Container{
		Name: "from-api-to-operator", Image: cmp.Or(o.StageImage, StageImage),
		Env: []corev1.EnvVar{
			{Name: "OPERATOR_GROUP", Value: d.crd.Spec.Group},
			{Name: "OPERATOR_VERSION", Value: d.version().Name},
			{Name: "OPERATOR_KIND", Value: d.crd.Spec.Names.Kind},
		},
	}
}

func (d *definition) about() string {
	return fmt.Sprintf("The schema of the API is that of `%s`.\n"+
		"Its operator is among the dependencies. For each request the Pipeline\n"+
		"`instance-configure` makes one %s of the same name and `spec`,\n%s.", d.crd.Name, d.crd.Spec.Names.Kind, d.place("`default`"))
}
