// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A CRD is the API of a Promise as Kratix installs it: with its own status, a
// limit on the length of names, and nothing served that the author does not
// serve.
type CRD struct {
	Group, Kind, Plural, Singular string
	StorageVersion                string
	Versions                      []string // served, in the author's order

	versions map[string]*version
}

// A version is one version of an API, compiled.
type version struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator // nil without CEL rules
}

// APIVersion gives the group and a version as objects state them.
func (c *CRD) APIVersion(version string) string {
	return schema.GroupVersion{Group: c.Group, Version: version}.String()
}

// CRD gives the API of the Promise, or nil if it has none. An API that Kratix
// would refuse is an input error with the findings of [Promise.Check].
func (p *Promise) CRD() (*CRD, error) { return p.crd() }

func (p *Promise) compileAPI() (*CRD, error) {
	if !p.HasAPI() {
		return nil, nil
	}
	var problems []diag.Finding
	for _, f := range p.apiFindings() {
		if f.Severity == diag.SeverityError {
			problems = append(problems, f)
		}
	}
	if err := diag.Problems("reading the API of the Promise", problems); err != nil {
		return nil, err
	}
	definition, err := p.definition()
	if err != nil {
		return nil, diag.Input(err)
	}
	c, err := newCRD(definition)
	if err != nil {
		return nil, diag.Inputf("%s: spec.api: %w", p.Position("spec.api"), err)
	}
	return c, nil
}

// definition decodes spec.api as Kratix does: leniently.
func (p *Promise) definition() (*apiextensionsv1.CustomResourceDefinition, error) {
	var crd apiextensionsv1.CustomResourceDefinition
	if err := json.Unmarshal(p.Spec.API.Raw, &crd); err != nil {
		return nil, err
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
	return &crd, nil
}

func newCRD(definition *apiextensionsv1.CustomResourceDefinition) (*CRD, error) {
	spec := definition.Spec.DeepCopy()
	extend(spec)
	c := &CRD{
		Group: spec.Group, Kind: spec.Names.Kind, Plural: spec.Names.Plural, Singular: spec.Names.Singular,
		StorageVersion: spec.Versions[storageIndex(spec)].Name,
		versions:       map[string]*version{},
	}
	for _, v := range spec.Versions {
		compiled, err := compile(v.Schema)
		if err != nil {
			return nil, fmt.Errorf("version %s: %w", v.Name, err)
		}
		c.versions[v.Name] = compiled
		if v.Served {
			c.Versions = append(c.Versions, v.Name)
		}
	}
	return c, nil
}

// storageIndex is the storage version as Kratix chooses it: the one that says
// so, else the first.
func storageIndex(spec *apiextensionsv1.CustomResourceDefinitionSpec) int {
	i := slices.IndexFunc(spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Storage })
	return max(i, 0)
}

func compile(s *apiextensionsv1.CustomResourceValidation) (*version, error) {
	internal, err := internalSchema(s)
	if err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		return nil, err
	}
	if err := defaulting.PruneDefaults(structural); err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return nil, err
	}
	return &version{structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

func internalSchema(s *apiextensionsv1.CustomResourceValidation) (*apiextensions.JSONSchemaProps, error) {
	internal := &apiextensions.JSONSchemaProps{}
	if s == nil || s.OpenAPIV3Schema == nil {
		return internal, nil
	}
	return internal, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(s.OpenAPIV3Schema, internal, nil)
}

// maxNameLength is how long Kratix lets the name of a request be, as it becomes
// the value of a label.
const maxNameLength = 63

// extend makes of the author's API what Kratix installs (ae170e22): a status
// subresource and schema in every version, and the limit on names in the
// storage version only.
func extend(spec *apiextensionsv1.CustomResourceDefinitionSpec) {
	storage := storageIndex(spec)
	for i := range spec.Versions {
		v := &spec.Versions[i]
		v.Subresources = &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}}
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			continue
		}
		root := v.Schema.OpenAPIV3Schema
		if root.Properties == nil {
			root.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
		}
		root.Properties["status"] = statusSchema()
		if i == storage {
			limitName(root)
		}
	}
}

func limitName(root *apiextensionsv1.JSONSchemaProps) {
	limit := int64(maxNameLength)
	metadata, ok := root.Properties["metadata"]
	if !ok {
		metadata = apiextensionsv1.JSONSchemaProps{Type: "object"}
	}
	if metadata.Properties == nil {
		metadata.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	name, ok := metadata.Properties["name"]
	if !ok {
		name = apiextensionsv1.JSONSchemaProps{Type: "string"}
	}
	name.MaxLength = &limit
	metadata.Properties["name"] = name
	root.Properties["metadata"] = metadata
}

// statusSchema is the status of a request: open at the top, so that workflows
// can write keys of their own, and closed inside conditions and kratix.
func statusSchema() apiextensionsv1.JSONSchemaProps {
	open := true
	status := object(map[string]apiextensionsv1.JSONSchemaProps{
		"message":            stringSchema(),
		"observedGeneration": integerSchema(),
		"workflows":          integerSchema(),
		"workflowsSucceeded": integerSchema(),
		"workflowsFailed":    integerSchema(),
		"conditions":         listOf(object(textSchemas("lastTransitionTime", "message", "reason", "status", "type"))),
		"kratix": object(map[string]apiextensionsv1.JSONSchemaProps{
			"workflows": object(map[string]apiextensionsv1.JSONSchemaProps{
				"lastSuccessfulConfigureWorkflowTime": stringSchema(),
				"suspendedGeneration":                 integerSchema(),
				"pipelines":                           listOf(pipelineStatus()),
			}),
		}),
	})
	status.XPreserveUnknownFields = &open
	return status
}

func pipelineStatus() apiextensionsv1.JSONSchemaProps {
	properties := textSchemas("name", "phase", "message", "nextRetryAt", "lastTransitionTime")
	properties["attempts"] = integerSchema()
	return object(properties)
}

func object(properties map[string]apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{Type: "object", Properties: properties}
}

func listOf(items apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{Type: "array", Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &items}}
}

func textSchemas(names ...string) map[string]apiextensionsv1.JSONSchemaProps {
	properties := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, name := range names {
		properties[name] = stringSchema()
	}
	return properties
}

func stringSchema() apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{Type: "string"}
}

func integerSchema() apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{Type: "integer", Format: "int64"}
}

// checkAPI finds what Kratix and the API server refuse in spec.api.
func (p *Promise) checkAPI() []diag.Finding {
	if !p.HasAPI() {
		return nil
	}
	embedded := p.checkEmbedded()
	definition, err := p.definition()
	if err != nil {
		return slices.Concat(embedded, p.misshapenAPI("api is not a valid CRD: "+err.Error()))
	}
	return slices.Concat(embedded, p.checkDefinition(definition), p.droppedFields())
}

// checkEmbedded finds what the API server refuses in spec.api before Kratix
// sees it: it is an object within an object, so it says what it is.
func (p *Promise) checkEmbedded() []diag.Finding {
	embedded := &structuralschema.Structural{Extensions: structuralschema.Extensions{XEmbeddedResource: true}}
	spec, _ := p.object["spec"].(map[string]any)
	errs := objectmeta.Validate(context.Background(), field.NewPath("spec", "api"), spec["api"], embedded, false)
	slices.SortStableFunc(errs, func(a, b *field.Error) int { return cmp.Compare(a.Field, b.Field) })
	var found []diag.Finding
	for _, err := range errs {
		f := p.finding(err.Field, refusal("spec.api is no object that Kubernetes accepts", err.Error()))
		f.Hint = embeddedHint(err.Field)
		found = append(found, f)
	}
	return found
}

func embeddedHint(field string) string {
	switch field {
	case "spec.api.apiVersion":
		return "apiVersion: apiextensions.k8s.io/v1"
	case "spec.api.kind":
		return "kind: CustomResourceDefinition"
	default:
		return ""
	}
}

// misshapenAPI finds what keeps spec.api from being decoded at all, on which
// Kratix says no more than one thing.
func (p *Promise) misshapenAPI(kratix string) []diag.Finding {
	var found []diag.Finding
	for _, m := range p.apiMisfits() {
		if !m.unknown {
			found = append(found, p.finding(m.field, refusal(m.message, kratix)))
		}
	}
	if found == nil {
		found = append(found, p.finding("spec.api", refusal("spec.api cannot be decoded", kratix)))
	}
	return found
}

// droppedFields warns of what the API server drops from spec.api.
func (p *Promise) droppedFields() []diag.Finding {
	var found []diag.Finding
	for _, m := range p.apiMisfits() {
		if m.unknown {
			f := p.finding(m.field, m.message+", which Kratix drops without a word")
			f.Severity, f.Hint = diag.SeverityWarning, diag.DidYouMean(m.key, m.known)
			found = append(found, f)
		}
	}
	return found
}

func (p *Promise) apiMisfits() []misfit {
	spec, _ := p.object["spec"].(map[string]any)
	return misfits(spec["api"], reflect.TypeFor[apiextensionsv1.CustomResourceDefinition](), "spec.api")
}
