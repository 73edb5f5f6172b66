// SPDX-License-Identifier: Apache-2.0

package crossplane

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

// What of Crossplane is known by name.
const (
	group           = "apiextensions.crossplane.io"
	kindDefinition  = "CompositeResourceDefinition"
	kindComposition = "Composition"
	kindFunction    = "Function"
)

// find gives the one definition of a set that was read from a path.
func find(path string, set *manifest.Set) (manifest.Object, error) {
	var found []manifest.Object
	var names []string
	for _, o := range set.Objects {
		if o.Kind() == kindDefinition && strings.HasPrefix(o.APIVersion(), group+"/") {
			found, names = append(found, o), append(names, o.Name())
		}
	}
	switch len(found) {
	case 0:
		err := diag.Inputf("--xrd: there is no CompositeResourceDefinition in %s", path)
		return manifest.Object{}, diag.Hint(err, "its apiVersion is "+group+"/v1 or v2")
	case 1:
		return found[0], nil
	default:
		err := diag.Inputf("--xrd: there are %d CompositeResourceDefinitions in %s: %s", len(found), path, strings.Join(names, ", "))
		return manifest.Object{}, diag.Hint(err, "a Promise has one API: give a file with one of them")
	}
}

// xrd has of a CompositeResourceDefinition, v1 or v2, what a Promise is made of.
type xrd struct {
	Spec struct {
		Group      string   `json:"group"`
		Names      xrdNames `json:"names"`
		ClaimNames xrdNames `json:"claimNames"`
		Scope      string   `json:"scope"`
		Conversion struct {
			Strategy apiextensionsv1.ConversionStrategyType `json:"strategy"`
		} `json:"conversion"`
		Versions []xrdVersion `json:"versions"`
	} `json:"spec"`
}

type xrdNames struct {
	Kind   string `json:"kind"`
	Plural string `json:"plural"`
}

type xrdVersion struct {
	Name          string `json:"name"`
	Served        bool   `json:"served"`
	Referenceable bool   `json:"referenceable"` // by compositions
	Deprecated    bool   `json:"deprecated"`
	Schema        struct {
		OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
	} `json:"schema"`
	AdditionalPrinterColumns []apiextensionsv1.CustomResourceColumnDefinition `json:"additionalPrinterColumns"`
}

// A definition is the one that the API is made of.
type definition struct {
	source manifest.Object
	xrd    xrd
	index  int // of the version that the stage makes claims of
}

func read(source manifest.Object) (*definition, error) {
	d := &definition{source: source}
	if v := source.APIVersion(); v != group+"/v1" && v != group+"/v2" {
		err := diag.Inputf("%s: %s is not known", source.Position("apiVersion"), v)
		return nil, diag.Hint(err, "the versions of definitions are "+group+"/v1 and v2")
	}
	if _, err := source.Decode("", &d.xrd); err != nil {
		return nil, err
	}
	if d.index = d.choose(); d.index < 0 {
		return nil, diag.Inputf("%s: spec.versions: none is served", source.Position("spec.versions"))
	}
	if d.version().Schema.OpenAPIV3Schema == nil {
		return nil, diag.Inputf("%s: %s: it has no schema", source.Position(d.field()), d.field())
	}
	return d, nil
}

// choose gives the version that compositions are for, or the first one if that
// is not served; -1 if none is.
func (d *definition) choose() int {
	served := func(v xrdVersion) bool { return v.Served }
	if i := slices.IndexFunc(d.xrd.Spec.Versions, func(v xrdVersion) bool { return v.Served && v.Referenceable }); i >= 0 {
		return i
	}
	return slices.IndexFunc(d.xrd.Spec.Versions, served)
}

func (d *definition) version() *xrdVersion { return &d.xrd.Spec.Versions[d.index] }

func (d *definition) field() string { return fmt.Sprintf("spec.versions[%d]", d.index) }

// kind is that of what the stage makes.
func (d *definition) kind() string {
	return cmp.Or(d.xrd.Spec.ClaimNames.Kind, d.xrd.Spec.Names.Kind)
}

// scope is that of composite resources. The first version of the definition has
// no field for it.
func (d *definition) scope() string {
	scope := "LegacyCluster"
	if d.source.APIVersion() == group+"/v2" {
		scope = "Namespaced"
	}
	return cmp.Or(d.xrd.Spec.Scope, scope)
}

// place says where the stage puts what it makes.
func (d *definition) place(namespace string) string {
	if d.xrd.Spec.ClaimNames.Kind == "" && d.scope() != "Namespaced" {
		return "of the whole cluster"
	}
	return "in the namespace " + namespace
}

// placed is the field that decides where.
func (d *definition) placed() string {
	if d.xrd.Spec.ClaimNames.Kind != "" {
		return "spec.claimNames"
	}
	return "spec.scope"
}

// adopt makes the version of the API.
func (d *definition) adopt(o scaffold.PromiseOptions) (apiextensionsv1.CustomResourceDefinitionVersion, []diag.Finding, error) {
	v := d.version()
	root := &apiextensionsv1.JSONSchemaProps{}
	findings, err := d.source.Decode(d.field()+".schema.openAPIV3Schema", root)
	if err != nil {
		return apiextensionsv1.CustomResourceDefinitionVersion{}, nil, err
	}
	complete(root)
	version, left := scaffold.Adopt(apiextensionsv1.CustomResourceDefinitionVersion{
		Name: v.Name, Deprecated: v.Deprecated, AdditionalPrinterColumns: v.AdditionalPrinterColumns,
		Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: root},
	})
	return version, slices.Concat(findings, d.left(o), d.source.Locate(d.field(), left)), nil
}

// complete adds what an XRD may leave out, as Crossplane adds it: the types of
// the object and of its spec. The spec may be left out of a request where all
// that it requires has a default, and must be there otherwise.
func complete(root *apiextensionsv1.JSONSchemaProps) {
	root.Type = "object"
	spec := root.Properties["spec"]
	spec.Type = "object"
	if spec.Default == nil && !scaffold.SetDefault(&spec) && !slices.Contains(root.Required, "spec") {
		root.Required = append(root.Required, "spec")
	}
	if root.Properties == nil {
		root.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	root.Properties["spec"] = spec
}

// left tells what of the definition is not in the API.
func (d *definition) left(o scaffold.PromiseOptions) []diag.Finding {
	var findings []diag.Finding
	tell := func(severity diag.Severity, field, hint, format string, args ...any) {
		findings = append(findings, diag.Finding{Severity: severity, Field: field, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	spec := d.xrd.Spec
	for _, names := range []struct{ field, plural string }{
		{"spec.names.plural", spec.Names.Plural}, {"spec.claimNames.plural", spec.ClaimNames.Plural},
	} {
		if names.plural+"."+spec.Group == o.Definition() {
			tell(diag.SeverityWarning, names.field, "give the API another name: --group or --plural",
				"Crossplane's definition and the API have one name: where both are installed, each undoes the other")
		}
	}
	if c := spec.Conversion.Strategy; c != "" && c != apiextensionsv1.NoneConverter {
		tell(diag.SeverityNote, "spec.conversion", "", "left out: the API has one version")
	}
	for i, v := range spec.Versions {
		if i != d.index {
			tell(diag.SeverityNote, fmt.Sprintf("spec.versions[%d]", i), "", "%s is left out: the API is made of %s", v.Name, d.version().Name)
		}
	}
	if !d.version().Referenceable {
		tell(diag.SeverityWarning, d.field()+".referenceable", "", "compositions are for another version, which is not served")
	}
	tell(diag.SeverityNote, d.placed(), "", "requests of one name in two namespaces share one %s, %s", d.kind(), d.place("default"))
	tell(diag.SeverityNote, d.field()+".schema.openAPIV3Schema.properties.spec", "kratix update api --property NAME:TYPE adds those that users may set",
		"the API has none of the fields that Crossplane adds: %s", strings.Join(d.added(), ", "))
	return d.source.Locate("", findings)
}

// added are the fields that Crossplane adds to a spec and that people set.
func (d *definition) added() []string {
	if d.scope() != "LegacyCluster" {
		return []string{"spec.crossplane"}
	}
	return strings.Fields("compositionRef compositionSelector compositionRevisionRef compositionRevisionSelector " +
		"compositionUpdatePolicy compositeDeletePolicy writeConnectionSecretToRef")
}
