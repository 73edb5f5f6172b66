package promise

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"

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
	return append(errs, validateNames(root.Child("names"), crd.Spec.Names)...)
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
	path = path.Child("schema", "openAPIV3Schema")
	if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
		return field.ErrorList{field.Required(path, "")}
	}
	errs := validateSchema(path, v.Schema.OpenAPIV3Schema)
	if root := v.Schema.OpenAPIV3Schema; root.Nullable {
		errs = append(errs, field.Forbidden(path.Child("nullable"), "nullable cannot be true at the root"))
	}
	internal, err := internalSchema(v.Schema)
	if err != nil {
		return append(errs, field.Invalid(path, "", err.Error()))
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		return append(errs, field.Invalid(path, "", err.Error()))
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
	return validateRules(path, structural, true, environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
}

// validateSchema checks what the structural schema does not know of: the names
// of types and the topology of lists.
func validateSchema(path *field.Path, s *apiextensionsv1.JSONSchemaProps) field.ErrorList {
	var errs field.ErrorList
	types := []string{"array", "boolean", "integer", "number", "object", "string"}
	if s.Type != "" && !slices.Contains(types, s.Type) {
		errs = append(errs, field.NotSupported(path.Child("type"), s.Type, types))
	}
	if s.Type == "object" && s.AdditionalProperties != nil && s.Properties != nil && s.AdditionalProperties.Schema != nil {
		errs = append(errs, field.Forbidden(path.Child("additionalProperties"), "additionalProperties and properties are mutual exclusive"))
	}
	errs = append(errs, validateList(path, s)...)
	for _, name := range sortedKeys(s.Properties) {
		inner := s.Properties[name]
		errs = append(errs, validateSchema(path.Child("properties").Key(name), &inner)...)
	}
	if s.Items != nil && s.Items.Schema != nil {
		errs = append(errs, validateSchema(path.Child("items"), s.Items.Schema)...)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		errs = append(errs, validateSchema(path.Child("additionalProperties"), s.AdditionalProperties.Schema)...)
	}
	return errs
}

func validateList(path *field.Path, s *apiextensionsv1.JSONSchemaProps) field.ErrorList {
	if s.XListType == nil {
		if len(s.XListMapKeys) > 0 {
			return field.ErrorList{field.Required(path.Child("x-kubernetes-list-type"), "must be map if x-kubernetes-list-map-keys is non-empty")}
		}
		return nil
	}
	kinds := []string{"atomic", "set", "map"}
	switch {
	case s.Type != "array":
		return field.ErrorList{field.Invalid(path.Child("type"), s.Type, "must be array if x-kubernetes-list-type is specified")}
	case !slices.Contains(kinds, *s.XListType):
		return field.ErrorList{field.NotSupported(path.Child("x-kubernetes-list-type"), *s.XListType, kinds)}
	case *s.XListType == "map":
		return validateListMap(path, s)
	default:
		return nil
	}
}

func validateListMap(path *field.Path, s *apiextensionsv1.JSONSchemaProps) field.ErrorList {
	keys := path.Child("x-kubernetes-list-map-keys")
	if len(s.XListMapKeys) == 0 {
		return field.ErrorList{field.Required(keys, "must not be empty if x-kubernetes-list-type is map")}
	}
	if s.Items == nil || s.Items.Schema == nil {
		return field.ErrorList{field.Required(path.Child("items"), "must have a schema if x-kubernetes-list-type is map")}
	}
	item := s.Items.Schema
	if item.Type != "object" {
		return field.ErrorList{field.Invalid(path.Child("items", "type"), item.Type, "must be object if parent array's x-kubernetes-list-type is map")}
	}
	var errs field.ErrorList
	for _, key := range s.XListMapKeys {
		property, ok := item.Properties[key]
		switch {
		case !ok:
			errs = append(errs, field.Invalid(keys, s.XListMapKeys, "entries must all be names of item properties"))
		case !slices.Contains(item.Required, key) && property.Default == nil:
			errs = append(errs, field.Required(path.Child("items").Child("properties").Key(key).Child("default"),
				"this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
		}
	}
	return errs
}

// validateRules compiles the CEL rules of a schema.
func validateRules(path *field.Path, s *structuralschema.Structural, root bool, env *environment.EnvSet) field.ErrorList {
	var errs field.ErrorList
	if len(s.XValidations) > 0 {
		errs = compileRules(path.Child("x-kubernetes-validations"), s, root, env)
	}
	for _, name := range sortedKeys(s.Properties) {
		inner := s.Properties[name]
		errs = append(errs, validateRules(path.Child("properties").Key(name), &inner, false, env)...)
	}
	if s.Items != nil {
		errs = append(errs, validateRules(path.Child("items"), s.Items, false, env)...)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		errs = append(errs, validateRules(path.Child("additionalProperties"), s.AdditionalProperties.Structural, false, env)...)
	}
	return errs
}

func compileRules(path *field.Path, s *structuralschema.Structural, root bool, env *environment.EnvSet) field.ErrorList {
	results, err := cel.Compile(s, model.SchemaDeclType(s, root), celconfig.PerCallLimit, env, cel.NewExpressionsEnvLoader())
	if err != nil {
		return field.ErrorList{field.InternalError(path, err)}
	}
	var errs field.ErrorList
	for i, result := range results {
		if result.Error != nil {
			errs = append(errs, field.Invalid(path.Index(i).Child("rule"), s.XValidations[i].Rule, result.Error.Detail))
		}
		if result.MessageExpressionError != nil {
			errs = append(errs, field.Invalid(path.Index(i).Child("messageExpression"), s.XValidations[i].MessageExpression, result.MessageExpressionError.Detail))
		}
	}
	return errs
}
