// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kratix-tools/kratix/internal/diag"
)

// checkDefinition checks the API as Kratix and then the API server do. The API
// server's own function is not used: it alone would make the program half as
// large again. The tests compare the two.
func (p *Promise) checkDefinition(crd *apiextensionsv1.CustomResourceDefinition) []diag.Finding {
	if len(crd.Spec.Versions) == 0 {
		f := p.finding("spec.api.spec.versions", "the API has no versions, on which Kratix' webhook panics")
		f.Hint = "kratix init promise writes an API to start from"
		return []diag.Finding{f}
	}
	var found []diag.Finding
	if crd.Spec.Scope != apiextensionsv1.NamespaceScoped {
		f := p.finding("spec.api.spec.scope", refusal(fmt.Sprintf("the scope is %q", crd.Spec.Scope), fmt.Sprintf(
			"promise api needs to be namespace scoped; spec.api.spec.scope cannot be: %s", crd.Spec.Scope)))
		f.Hint = "scope: Namespaced"
		found = append(found, f)
	}
	found = append(found, p.checkBareVersions(crd)...)
	extended := crd.DeepCopy()
	extend(&extended.Spec)
	for _, err := range validateDefinition(extended) {
		f := p.finding("spec.api."+err.Field, refusal("Kubernetes does not accept this API",
			fmt.Sprintf("CustomResourceDefinition.apiextensions.k8s.io %q is invalid: %s", crd.Name, err)))
		f.Hint = definitionHint(crd, err)
		found = append(found, f)
	}
	return found
}

// checkBareVersions finds versions whose schema has no properties: Kratix adds
// a status to each, and crashes on those (ae170e22). The storage version is
// given a name before that.
func (p *Promise) checkBareVersions(crd *apiextensionsv1.CustomResourceDefinition) []diag.Finding {
	var found []diag.Finding
	for i, v := range crd.Spec.Versions {
		if i == storageIndex(&crd.Spec) || v.Schema == nil || v.Schema.OpenAPIV3Schema == nil || v.Schema.OpenAPIV3Schema.Properties != nil {
			continue
		}
		f := p.finding(fmt.Sprintf("spec.api.spec.versions[%d].schema.openAPIV3Schema", i),
			"the schema has no properties, on which Kratix' controller panics")
		f.Hint = "properties: {spec: {type: object}}"
		found = append(found, f)
	}
	return found
}

func definitionHint(crd *apiextensionsv1.CustomResourceDefinition, err *field.Error) string {
	switch {
	case err.Field == "metadata.name":
		return "name: " + crd.Spec.Names.Plural + "." + crd.Spec.Group
	case err.Type == field.ErrorTypeRequired && strings.HasSuffix(err.Field, "openAPIV3Schema"):
		return "schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}"
	default:
		return ""
	}
}

// validateDefinition checks a CRD with the API server's words.
func validateDefinition(crd *apiextensionsv1.CustomResourceDefinition) field.ErrorList {
	root := field.NewPath("spec")
	errs := validateDefinitionName(crd)
	errs = append(errs, validateGroup(root.Child("group"), crd.Spec.Group)...)
	storage := 0
	names := map[string]bool{}
	for i, v := range crd.Spec.Versions {
		path := root.Child("versions").Index(i)
		for _, wrong := range validation.IsDNS1035Label(v.Name) {
			errs = append(errs, field.Invalid(path.Child("name"), v.Name, wrong))
		}
		if names[v.Name] {
			errs = append(errs, field.Invalid(root.Child("versions"), v.Name, "must contain unique version names"))
		}
		names[v.Name] = true
		if v.Storage {
			storage++
		}
		errs = append(errs, validateVersion(path, v)...)
	}
	if storage != 1 {
		errs = append(errs, field.Invalid(root.Child("versions"), storage, "must have exactly one version marked as storage version"))
	}
	errs = append(errs, validateConversion(root.Child("conversion"), crd.Spec.Conversion)...)
	return append(errs, validateNames(root.Child("names"), crd.Spec.Names)...)
}

func validateConversion(path *field.Path, conversion *apiextensionsv1.CustomResourceConversion) field.ErrorList {
	var errs field.ErrorList
	switch {
	case conversion == nil || conversion.Strategy == apiextensionsv1.NoneConverter:
	case conversion.Strategy != apiextensionsv1.WebhookConverter:
		errs = append(errs, field.NotSupported(path.Child("strategy"), conversion.Strategy,
			[]apiextensionsv1.ConversionStrategyType{apiextensionsv1.NoneConverter, apiextensionsv1.WebhookConverter}))
	default:
		if conversion.Webhook == nil || conversion.Webhook.ClientConfig == nil {
			errs = append(errs, field.Required(path.Child("webhookClientConfig"), "required when strategy is set to Webhook"))
		}
		if conversion.Webhook == nil || len(conversion.Webhook.ConversionReviewVersions) == 0 {
			errs = append(errs, field.Required(path.Child("conversionReviewVersions"), ""))
		}
	}
	return errs
}

func validateColumns(path *field.Path, columns []apiextensionsv1.CustomResourceColumnDefinition) field.ErrorList {
	types := []string{"boolean", "date", "integer", "number", "string"}
	var errs field.ErrorList
	for i, column := range columns {
		at := path.Index(i)
		if column.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		}
		if !slices.Contains(types, column.Type) {
			errs = append(errs, field.Invalid(at.Child("type"), column.Type, "must be one of "+strings.Join(types, ",")))
		}
		if column.JSONPath == "" {
			errs = append(errs, field.Required(at.Child("JSONPath"), ""))
		}
	}
	return errs
}

func validateDefinitionName(crd *apiextensionsv1.CustomResourceDefinition) field.ErrorList {
	path := field.NewPath("metadata", "name")
	if crd.Name == "" {
		return field.ErrorList{field.Required(path, "name or generateName is required")}
	}
	var errs field.ErrorList
	for _, wrong := range validation.IsDNS1123Subdomain(crd.Name) {
		errs = append(errs, field.Invalid(path, crd.Name, wrong))
	}
	if crd.Name != crd.Spec.Names.Plural+"."+crd.Spec.Group {
		errs = append(errs, field.Invalid(path, crd.Name, `must be spec.names.plural+"."+spec.group`))
	}
	return errs
}

func validateGroup(path *field.Path, group string) field.ErrorList {
	if group == "" {
		return field.ErrorList{field.Required(path, "")}
	}
	if wrong := validation.IsDNS1123Subdomain(group); len(wrong) > 0 {
		return field.ErrorList{field.Invalid(path, group, strings.Join(wrong, ","))}
	}
	if !strings.Contains(group, ".") {
		return field.ErrorList{field.Invalid(path, group, "should be a domain with at least one dot")}
	}
	return nil
}

func validateNames(path *field.Path, names apiextensionsv1.CustomResourceDefinitionNames) field.ErrorList {
	var errs field.ErrorList
	label := func(path *field.Path, value, shown string) {
		if value == "" {
			errs = append(errs, field.Required(path, ""))
		} else if wrong := validation.IsDNS1035Label(value); len(wrong) > 0 {
			errs = append(errs, field.Invalid(path, shown, strings.Join(wrong, ",")))
		}
	}
	label(path.Child("plural"), names.Plural, names.Plural)
	label(path.Child("singular"), names.Singular, names.Singular)
	label(path.Child("kind"), strings.ToLower(names.Kind), names.Kind)
	label(path.Child("listKind"), strings.ToLower(names.ListKind), names.ListKind)
	for i, name := range names.ShortNames {
		label(path.Child("shortNames").Index(i), name, name)
	}
	for i, name := range names.Categories {
		label(path.Child("categories").Index(i), name, name)
	}
	if names.Kind != "" && names.Kind == names.ListKind {
		errs = append(errs, field.Invalid(path.Child("listKind"), names.ListKind, "kind and listKind may not be the same"))
	}
	return errs
}

func validateVersion(path *field.Path, v apiextensionsv1.CustomResourceDefinitionVersion) field.ErrorList {
	errs := validateColumns(path.Child("additionalPrinterColumns"), v.AdditionalPrinterColumns)
	path = path.Child("schema", "openAPIV3Schema")
	if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
		return append(errs, field.Required(path, ""))
	}
	return append(errs, validateVersionSchema(path, v)...)
}

func validateVersionSchema(path *field.Path, v apiextensionsv1.CustomResourceDefinitionVersion) field.ErrorList {
	errs := validateSchema(path, v.Schema.OpenAPIV3Schema, false)
	if root := v.Schema.OpenAPIV3Schema; root.Nullable {
		errs = append(errs, field.Forbidden(path.Child("nullable"), "nullable cannot be true at the root"))
	}
	internal, err := internalSchema(v.Schema)
	if err != nil {
		return append(errs, field.Invalid(path, "", err.Error()))
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil && len(errs) > 0 {
		return errs
	}
	if err != nil {
		return field.ErrorList{field.Invalid(path, "", err.Error())}
	}
	if wrong := structuralschema.ValidateStructural(path, structural); len(wrong) > 0 {
		return append(errs, wrong...)
	}
	wrong, err := defaulting.ValidateDefaults(context.Background(), path, structural, true, true)
	if err != nil {
		wrong = append(wrong, field.Invalid(path, "", err.Error()))
	}
	errs = append(errs, wrong...)
	if len(errs) > 0 {
		return errs
	}
	return validateRules(path, structural)
}
