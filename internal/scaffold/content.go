// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// Content is what a Promise holds that is made of something else: of a Helm
// chart, an operator, an XRD.
type Content struct {
	// Command is the sub-command of "kratix init" that makes it, and Flags are
	// what that was told of the source. The README repeats both.
	Command string
	Flags   []Flag
	// About is a paragraph for the README: what serves the requests.
	About string
	// Version is the API. Its name is that of the options, if they have one.
	Version apiextensionsv1.CustomResourceDefinitionVersion
	// Dependencies are objects that are placed once, for all requests.
	Dependencies []any
	// DestinationSelectors are the labels that a Destination must have.
	DestinationSelectors map[string]string
	// Pipelines are in the order in which they run.
	Pipelines []Pipeline
	// Files are sources of the Pipelines' containers.
	Files []File
	// Delivered is all that the promise workflow writes, below /kratix/output,
	// where that is known beforehand. A test case expects it.
	Delivered []File
	// Sample is nil where the stage cannot run on the machine of an author.
	Sample *Sample
}

// A Pipeline of a new Promise is a place and the containers that run there.
type Pipeline struct {
	Ref promise.WorkflowRef
	// Annotations are those of its Pods.
	Annotations map[string]string
	Containers  []api.Container
	Volumes     []corev1.Volume
}

// A Flag is a flag of a command line, with its dashes. One that has no value is
// not shown, unless it is a switch that was given.
type Flag struct {
	Name, Value string
	Switch      bool
}

// Repeated is a flag that is given once for each value.
func Repeated(name string, values []string) []Flag {
	var flags []Flag
	for _, value := range values {
		flags = append(flags, Flag{Name: name, Value: value})
	}
	return flags
}

// A Required flag is one without which a source is not known.
type Required struct {
	Flag string
	// Given tells whether it has a value; Example is one that it could have.
	Given   bool
	Example string
}

// InstanceConfigure is the Pipeline that serves requests, called as the upstream
// CLI calls it.
func InstanceConfigure(containers ...api.Container) Pipeline {
	ref := promise.WorkflowRef{Type: api.WorkflowResource, Action: api.ActionConfigure, Pipeline: "instance-configure"}
	return Pipeline{Ref: ref, Containers: containers}
}

// CheckTranslation checks what is known before a source is read: the names, the
// flags that need a value, and the image of the stage if it is not the usual
// one. All mistakes are one input error.
func CheckTranslation(o PromiseOptions, stageImage string, required ...Required) error {
	p := o.withDefaults().problems()
	for _, r := range required {
		if !r.Given {
			p.add(r.Flag, r.Flag+" "+r.Example, "it is missing")
		}
	}
	if _, err := name.ParseReference(stageImage, name.WeakValidation); stageImage != "" && err != nil {
		p.add("--stage-image", "for example registry.acme.org/kratix/stage:v1.0.0", "%q is no valid image: %s", stageImage, imageRule)
	}
	return diag.Problems("", p)
}

// Translate makes the files of a Promise with content. The findings are what an
// author has to know of them. Content of which no Promise can be made that
// Kratix and the API server accept is an input error.
func Translate(o PromiseOptions, c Content) ([]File, []diag.Finding, error) {
	given := o
	o.Version = cmp.Or(o.Version, c.Version.Name)
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, nil, err
	}
	v := newTranslatedView(o, c)
	v.Command = given.commandLine(c.Command, c.Flags...)
	flat := render("translated/promise.yaml", v)
	p, crd, err := accepted(flat)
	if err != nil {
		return nil, nil, err
	}
	request, admitted, findings := example(crd, o.Version, v.ExampleName, c.Version.Schema.OpenAPIV3Schema)
	data := []byte("# A request, as users of the platform write it.\n" + yamlText(request))
	if len(findings) > 0 {
		c.Sample = nil // it would only tell the same again
	}
	v.Tested = len(c.Delivered) > 0 || c.Sample != nil
	files := []File{
		{Path: promise.FlatFile, Data: flat},
		{Path: exampleFile, Data: data},
		{Path: "README.md", Data: render("translated/README.md", v)},
	}
	if o.Split {
		files = append(files[1:], v.pieces()...)
	}
	return slices.Concat(files, c.Files, c.cases(admitted, data)), append(findings, o.sizeNote(p)...), nil
}

// accepted gives the Promise and its API, if Kratix and the API server will
// accept both.
func accepted(flat []byte) (*promise.Promise, *promise.CRD, error) {
	p, err := promise.Parse(promise.FlatFile, flat)
	if err != nil {
		return nil, nil, err
	}
	found := slices.DeleteFunc(p.Check(), func(f diag.Finding) bool { return f.Severity != diag.SeverityError })
	for i := range found {
		found[i].Position = diag.Position{} // of a file that is not there
	}
	if err := diag.Problems("the Promise that this makes would be refused", found); err != nil {
		return nil, nil, err
	}
	crd, err := p.CRD()
	return p, crd, err
}

// kubectl apply keeps the whole object in an annotation, and etcd refuses what is
// larger than a request may be.
const (
	maxApplied = 256 << 10
	maxStored  = 3 << 19
)

// sizeNote tells of a Promise that is too large to be installed as usual.
func (o PromiseOptions) sizeNote(p *promise.Promise) []diag.Finding {
	data, err := json.Marshal(p.Object())
	if err != nil || len(data) < maxApplied {
		return nil
	}
	file, size := promise.FlatFile, fmt.Sprintf("%d KiB", len(data)>>10)
	if o.Split {
		file = "the Promise"
	}
	if len(data) < maxStored {
		return []diag.Finding{{
			Severity: diag.SeverityNote, Position: diag.Position{File: file},
			Message: "it has " + size + ": too much for the annotation in which kubectl apply keeps it", Hint: "kubectl apply --server-side",
		}}
	}
	return []diag.Finding{{
		Severity: diag.SeverityWarning, Position: diag.Position{File: file},
		Message: "it has " + size + ", more than the API server stores in one object",
		Hint:    "move the dependencies to an image: kratix update dependencies PATH --image IMAGE",
	}}
}

// translatedView is what the templates of a Promise with content see. Texts of
// YAML are empty where there is nothing to say.
type translatedView struct {
	PromiseOptions

	ExampleName, Command, About string

	API, Dependencies, Selectors        string
	PromiseConfigure, ResourceConfigure string

	Tested bool // it has a test case

	content Content
}

func newTranslatedView(o PromiseOptions, c Content) translatedView {
	v := translatedView{
		PromiseOptions: o, ExampleName: o.exampleName(), About: c.About, content: c,
		API:               yamlText(o.definition(c.Version)),
		PromiseConfigure:  c.workflow(api.WorkflowPromise),
		ResourceConfigure: c.workflow(api.WorkflowResource),
	}
	if len(c.Dependencies) > 0 {
		v.Dependencies = yamlText(c.Dependencies)
	}
	if len(c.DestinationSelectors) > 0 {
		v.Selectors = yamlText([]any{yamldoc.Map{{Key: "matchLabels", Value: c.DestinationSelectors}}})
	}
	return v
}

// definition is the CustomResourceDefinition of the Promise's API.
func (o PromiseOptions) definition(version apiextensionsv1.CustomResourceDefinitionVersion) yamldoc.Map {
	version.Name, version.Served, version.Storage = o.Version, true, true
	return yamldoc.Map{
		{Key: "apiVersion", Value: "apiextensions.k8s.io/v1"},
		{Key: "kind", Value: "CustomResourceDefinition"},
		{Key: "metadata", Value: yamldoc.Map{{Key: "name", Value: o.Definition()}}},
		{Key: "spec", Value: yamldoc.Map{
			{Key: "group", Value: o.Group},
			{Key: "names", Value: yamldoc.Map{
				{Key: "kind", Value: o.Kind}, {Key: "plural", Value: o.Plural}, {Key: "singular", Value: strings.ToLower(o.Kind)},
			}},
			{Key: "scope", Value: "Namespaced"},
			{Key: "versions", Value: []any{version}},
		}},
	}
}

// workflow lists the Pipelines that configure objects of a type.
func (c Content) workflow(t api.WorkflowType) string {
	var list []any
	for _, p := range c.Pipelines {
		if p.Ref.Type == t && p.Ref.Action == api.ActionConfigure {
			list = append(list, p.object())
		}
	}
	if list == nil {
		return ""
	}
	return yamlText(list)
}

func (p Pipeline) object() yamldoc.Map {
	metadata := yamldoc.Map{{Key: "name", Value: p.Ref.Pipeline}}
	if len(p.Annotations) > 0 {
		metadata = append(metadata, yamldoc.Entry{Key: "annotations", Value: p.Annotations})
	}
	spec := yamldoc.Map{{Key: "containers", Value: p.Containers}}
	if len(p.Volumes) > 0 {
		spec = append(spec, yamldoc.Entry{Key: "volumes", Value: p.Volumes})
	}
	return yamldoc.Map{
		{Key: "apiVersion", Value: api.GroupVersion},
		{Key: "kind", Value: "Pipeline"},
		{Key: "metadata", Value: metadata},
		{Key: "spec", Value: spec},
	}
}

// pieces are the files of the split layout.
func (v translatedView) pieces() []File {
	dependencies := []byte(v.Dependencies)
	if v.Dependencies == "" {
		dependencies = render("promise/dependencies.yaml", v)
	}
	files := []File{
		{Path: promise.APIFile, Data: []byte(v.API)},
		{Path: promise.DependenciesFile, Data: dependencies},
		{Path: promise.MetadataFile, Data: render("translated/metadata.yaml", v)},
	}
	texts := map[api.WorkflowType]string{api.WorkflowPromise: v.PromiseConfigure, api.WorkflowResource: v.ResourceConfigure}
	for _, t := range slices.Sorted(maps.Keys(texts)) {
		if texts[t] != "" {
			file := path.Join("workflows", string(t), string(api.ActionConfigure), "workflow.yaml")
			files = append(files, File{Path: file, Data: []byte(texts[t])})
		}
	}
	return files
}

// yamlText writes a value of which JSON can be made as YAML.
func yamlText(value any) string {
	var out strings.Builder
	if err := yamldoc.Render(&out, value); err != nil {
		panic(err) // it was made here, of types that JSON has
	}
	return out.String()
}

// APIOf makes the API of the schema of spec. Where nothing is required of spec
// it may be left out.
func APIOf(spec apiextensionsv1.JSONSchemaProps) apiextensionsv1.CustomResourceDefinitionVersion {
	root := &apiextensionsv1.JSONSchemaProps{Type: "object"}
	if !SetDefault(&spec) {
		root.Required = []string{"spec"}
	}
	root.Properties = map[string]apiextensionsv1.JSONSchemaProps{"spec": spec}
	return apiextensionsv1.CustomResourceDefinitionVersion{Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: root}}
}

// SetDefault gives an object the default that its required properties have, and
// none if one of them has none: that object has to be written.
func SetDefault(s *apiextensionsv1.JSONSchemaProps) bool {
	object := yamldoc.Map{}
	for _, key := range slices.Sorted(slices.Values(s.Required)) {
		value := s.Properties[key].Default
		if value == nil {
			return false
		}
		object = append(object, yamldoc.Entry{Key: key, Value: value})
	}
	if s.MinProperties != nil || len(s.AnyOf)+len(s.OneOf)+len(s.AllOf)+len(s.XValidations) > 0 || s.Not != nil {
		return false
	}
	raw, err := json.Marshal(object)
	s.Default = &apiextensionsv1.JSON{Raw: raw}
	return err == nil
}
