// SPDX-License-Identifier: Apache-2.0

package crossplane

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

// StageImage makes claims of requests, in the version that the upstream CLI
// pins.
const StageImage = "ghcr.io/syntasso/kratix-cli/from-api-to-crossplane-claim:v0.2.2"

// Options say which Promise to make of a composite resource.
type Options struct {
	// Promise is what the API is called.
	Promise scaffold.PromiseOptions
	// XRD, Compositions and Functions are the paths that were read, for the
	// README.
	XRD                     string
	Compositions, Functions []string
	// SkipDependencies leaves all that was read out of the Promise.
	SkipDependencies bool
	// StageImage is [StageImage] when empty.
	StageImage string
}

// Sources are what was read. XRD has one CompositeResourceDefinition, and may
// have other objects; those that are nil were not given.
type Sources struct {
	XRD, Compositions, Functions *manifest.Set
}

// Content makes the content of a Promise of a composite resource. The findings
// tell what could not be taken over, and which compositions do not fit.
func Content(o Options, sources Sources) (scaffold.Content, []diag.Finding, error) {
	source, err := find(o.XRD, sources.XRD)
	if err != nil {
		return scaffold.Content{}, nil, err
	}
	d, err := read(source)
	if err != nil {
		return scaffold.Content{}, nil, err
	}
	version, findings, err := d.adopt(o.Promise)
	if err != nil {
		return scaffold.Content{}, nil, err
	}
	container := o.container(d)
	content := scaffold.Content{
		Command: "crossplane-promise", Flags: o.flags(), About: d.about(o.SkipDependencies),
		Version:              version,
		DestinationSelectors: map[string]string{"crossplane": "enabled"},
		Pipelines:            []scaffold.Pipeline{scaffold.InstanceConfigure(container)},
		Sample:               scaffold.HandedOn(o.Promise.Name, container, d.xrd.Spec.Group+"/"+d.version().Name, d.kind()),
	}
	if !o.SkipDependencies {
		objects := sources.inOrder()
		misfits, err := d.misfits(objects)
		if err != nil {
			return scaffold.Content{}, nil, err
		}
		findings = append(findings, misfits...)
		content.Dependencies = (&manifest.Set{Objects: objects}).Values()
	}
	slices.SortStableFunc(findings, diag.ByPosition)
	return content, findings, nil
}

// inOrder lists all objects: functions, then the compositions that call them,
// then the definition that they are for.
func (s Sources) inOrder() []manifest.Object {
	var objects []manifest.Object
	for _, set := range []*manifest.Set{s.Functions, s.Compositions, s.XRD} {
		if set != nil {
			objects = append(objects, set.Objects...)
		}
	}
	rank := func(o manifest.Object) int { return slices.Index([]string{kindComposition, kindDefinition}, o.Kind()) }
	slices.SortStableFunc(objects, func(a, b manifest.Object) int { return cmp.Compare(rank(a), rank(b)) })
	return objects
}

func (o Options) flags() []scaffold.Flag {
	return slices.Concat(
		[]scaffold.Flag{{Name: "--xrd", Value: o.XRD}},
		scaffold.Repeated("--compositions", o.Compositions),
		scaffold.Repeated("--functions", o.Functions),
		[]scaffold.Flag{{Name: "--skip-dependencies", Switch: o.SkipDependencies}, {Name: "--stage-image", Value: o.StageImage}},
	)
}

func (o Options) container(d *definition) api.Container {
	return api.Container{
		Name: "from-api-to-crossplane-claim", Image: cmp.Or(o.StageImage, StageImage),
		Env: []corev1.EnvVar{
			{Name: "XRD_GROUP", Value: d.xrd.Spec.Group},
			{Name: "XRD_VERSION", Value: d.version().Name},
			{Name: "XRD_KIND", Value: d.kind()},
		},
	}
}

func (d *definition) about(skip bool) string {
	where := "They are among the dependencies."
	if skip {
		where = "They have to be at the destination already."
	}
	return fmt.Sprintf("The schema of the API is that of the Crossplane definition\n`%s`, which has compositions and functions.\n"+
		"%s For each request the Pipeline\n`instance-configure` makes one %s of the same name and `spec`,\n%s. "+
		"All is placed on destinations with the label\n`crossplane: enabled`.", d.source.Name(), where, d.kind(), d.place("`default`"))
}
