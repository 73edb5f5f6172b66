// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/version"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/manifest"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
)

// find gives the definition of a name.
func find(manifests *manifest.Set, name string) (manifest.Object, error) {
	var found []manifest.Object
	var names []string
	for _, o := range manifests.Objects {
		if o.Kind() != "CustomResourceDefinition" {
			continue
		}
		names = append(names, o.Name())
		if o.Name() == name {
			found = append(found, o)
		}
	}
	switch len(found) {
	case 0:
		return manifest.Object{}, missing(name, names)
	case 1:
		return found[0], nil
	default:
		err := diag.Inputf("there are %d CustomResourceDefinitions %s: at %s and %s", len(found), name, found[0].At, found[1].At)
		return manifest.Object{}, diag.Hint(err, "leave out one of the files")
	}
}

func missing(name string, names []string) error {
	err := diag.Inputf("--api-schema-from: no CustomResourceDefinition %q is among the manifests", name)
	slices.Sort(names)
	switch near := diag.Nearest(name, names); {
	case near != "":
		return diag.Hint(err, "--api-schema-from "+near)
	case len(names) > 0:
		return diag.Hint(err, "there are "+strings.Join(names, ", "))
	default:
		return diag.Hint(err, "add the file that has it: --operator-manifests FILE")
	}
}

// A definition is the one that the API is made of.
type definition struct {
	source manifest.Object
	crd    apiextensionsv1.CustomResourceDefinition
	index  int // of the version that the stage makes objects of
}

// read decodes a definition, and tells of fields that none has.
func read(source manifest.Object) (*definition, []diag.Finding, error) {
	d := &definition{source: source}
	if source.APIVersion() != apiextensionsv1.SchemeGroupVersion.String() {
		err := diag.Inputf("%s: no cluster of today serves %s", source.Position("apiVersion"), source.APIVersion())
		return nil, nil, diag.Hint(err, "take a newer release of the operator")
	}
	findings, err := source.Decode("", &d.crd)
	if err != nil {
		return nil, nil, err
	}
	if d.index = d.choose(); d.index < 0 {
		return nil, nil, diag.Inputf("%s: spec.versions: none is served", source.Position("spec.versions"))
	}
	if s := d.version().Schema; s == nil || s.OpenAPIV3Schema == nil {
		return nil, nil, diag.Inputf("%s: %s: it has no schema", source.Position(d.field()), d.field())
	}
	return d, slices.DeleteFunc(findings, d.elsewhere), nil
}

// elsewhere tells that a finding is about a version that is left out.
func (d *definition) elsewhere(f diag.Finding) bool {
	return strings.HasPrefix(f.Field, "spec.versions[") && !strings.HasPrefix(f.Field, d.field()+".")
}

// choose gives the version that is stored, or the most mature one if that is not
// served; -1 if none is.
func (d *definition) choose() int {
	best := -1
	for i, v := range d.crd.Spec.Versions {
		switch {
		case !v.Served:
		case v.Storage:
			return i
		case best < 0 || version.CompareKubeAwareVersionStrings(v.Name, d.crd.Spec.Versions[best].Name) > 0:
			best = i
		}
	}
	return best
}

func (d *definition) version() *apiextensionsv1.CustomResourceDefinitionVersion {
	return &d.crd.Spec.Versions[d.index]
}

func (d *definition) field() string { return fmt.Sprintf("spec.versions[%d]", d.index) }

// apiVersion is that of the objects that the stage makes.
func (d *definition) apiVersion() string { return d.crd.Spec.Group + "/" + d.version().Name }

// adopt makes the version of the API.
func (d *definition) adopt(o scaffold.PromiseOptions) (apiextensionsv1.CustomResourceDefinitionVersion, []diag.Finding) {
	v, findings := scaffold.Adopt(*d.version())
	findings = append(d.left(o), d.source.Locate(d.field(), findings)...)
	pin(v.Schema.OpenAPIV3Schema, "apiVersion", o.Group+"/"+cmp.Or(o.Version, v.Name))
	pin(v.Schema.OpenAPIV3Schema, "kind", o.Kind)
	return v, findings
}

// pin allows one value only for a property, as the upstream CLI does.
func pin(root *apiextensionsv1.JSONSchemaProps, key, value string) {
	if root.Properties == nil {
		root.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	property := root.Properties[key]
	property.Type, property.Enum = "string", []apiextensionsv1.JSON{openapi.Value(value)}
	root.Properties[key] = property
}

// left tells what of the definition is not in the API.
func (d *definition) left(o scaffold.PromiseOptions) []diag.Finding {
	var findings []diag.Finding
	tell := func(severity diag.Severity, field, hint, format string, args ...any) {
		findings = append(findings, diag.Finding{Severity: severity, Field: field, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	spec := d.crd.Spec
	if o.Definition() == d.crd.Name {
		tell(diag.SeverityWarning, "metadata.name", "give the API another name: --group or --plural",
			"the operator's definition and the API have one name: where both are installed, each undoes the other")
	}
	if c := spec.Conversion; c != nil && c.Strategy != apiextensionsv1.NoneConverter {
		tell(diag.SeverityNote, "spec.conversion", "", "left out: the API has one version")
	}
	for _, names := range []struct {
		field string
		list  []string
	}{{"categories", spec.Names.Categories}, {"shortNames", spec.Names.ShortNames}} {
		if len(names.list) > 0 {
			tell(diag.SeverityNote, "spec.names."+names.field, "", "%s: left to the operator's definition", strings.Join(names.list, ", "))
		}
	}
	tell(diag.SeverityNote, "spec.scope", "", "requests of one name in two namespaces share one %s, %s", spec.Names.Kind, d.place("default"))
	for i, v := range spec.Versions {
		if i != d.index {
			tell(diag.SeverityNote, fmt.Sprintf("spec.versions[%d]", i), "", "%s is left out: the API is made of %s", v.Name, d.version().Name)
		}
	}
	return d.source.Locate("", findings)
}

// place says where the stage puts objects.
func (d *definition) place(namespace string) string {
	if d.crd.Spec.Scope == apiextensionsv1.ClusterScoped {
		return "of the whole cluster"
	}
	return "in the namespace " + namespace
}
