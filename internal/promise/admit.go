// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Admit does to a request what the API server does when it is created: unknown
// fields are pruned, defaults filled in, everything is validated including CEL
// rules, and the result is in the storage version. The request's status is
// dropped, as on every creation.
//
// The error lists every field that the API server refuses, in its words, as
// findings without positions.
func (c *CRD) Admit(object map[string]any) (map[string]any, error) {
	admitted, _, found := c.admit(object)
	if err := diag.Problems("admitting "+c.Kind, found); err != nil {
		return nil, err
	}
	return admitted, nil
}

// admit also gives the paths of the fields that were pruned.
func (c *CRD) admit(object map[string]any) (admitted map[string]any, pruned []string, found []diag.Finding) {
	v, found := c.requested(object)
	if found != nil {
		return nil, nil, found
	}
	if found := misshapenMetadata(object); found != nil {
		return nil, nil, found
	}
	object = runtime.DeepCopyJSON(object)
	pruned, err := v.decode(object)
	if err != nil {
		return nil, nil, []diag.Finding{{Severity: diag.SeverityError, Field: "metadata", Message: err.Error()}}
	}
	delete(object, "status")
	for _, err := range v.validate(object) {
		found = append(found, diag.Finding{Severity: diag.SeverityError, Field: fieldOf(err), Message: err.ErrorBody()})
	}
	// The API server walks maps. What it says of the whole object comes last.
	slices.SortStableFunc(found, func(a, b diag.Finding) int {
		if a.Field == "" || b.Field == "" {
			return -cmp.Compare(a.Field, b.Field)
		}
		return cmp.Compare(a.Field, b.Field)
	})
	return c.stored(object), pruned, found
}

// fieldOf gives the field of an error; one about the whole object has none.
func fieldOf(err *field.Error) string {
	if err.Field == "<nil>" {
		return ""
	}
	return err.Field
}

// misshapenMetadata finds values of the wrong type, which the API server cannot
// even decode.
func misshapenMetadata(object map[string]any) []diag.Finding {
	var found []diag.Finding
	for _, m := range misfits(object["metadata"], reflect.TypeFor[metav1.ObjectMeta](), "metadata") {
		if !m.unknown {
			found = append(found, diag.Finding{Severity: diag.SeverityError, Field: m.field, Message: m.message, Hint: m.hint()})
		}
	}
	return found
}

// requested finds the version that an object is in.
func (c *CRD) requested(object map[string]any) (*version, []diag.Finding) {
	var found []diag.Finding
	if object["kind"] != c.Kind {
		found = append(found, diag.Finding{
			Severity: diag.SeverityError, Field: "kind", Hint: "kind: " + c.Kind,
			Message: fmt.Sprintf("want %q, not %s", c.Kind, diag.Describe(object["kind"])),
		})
	}
	apiVersion, _ := object["apiVersion"].(string)
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil || gv.Group != c.Group || !slices.Contains(c.Versions, gv.Version) {
		served := make([]string, len(c.Versions))
		for i, v := range c.Versions {
			served[i] = c.APIVersion(v)
		}
		found = append(found, diag.Finding{
			Severity: diag.SeverityError, Field: "apiVersion", Hint: "apiVersion: " + c.APIVersion(c.preferred()),
			Message: fmt.Sprintf("the Promise serves %s, not %s", join(served), diag.Describe(object["apiVersion"])),
		})
	}
	return c.versions[gv.Version], found
}

// preferred is the version to write requests in.
func (c *CRD) preferred() string {
	if len(c.Versions) == 0 || slices.Contains(c.Versions, c.StorageVersion) {
		return c.StorageVersion
	}
	return c.Versions[0]
}

// decode prunes and defaults an object in place.
func (v *version) decode(object map[string]any) (pruned []string, err error) {
	meta, hasMeta, pruned, err := objectmeta.GetObjectMetaWithOptions(object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, err
	}
	defaulting.Default(object, v.structural)
	pruned = append(pruned, pruning.PruneWithOptions(object, v.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, v.structural)
	if err := objectmeta.Coerce(nil, object, v.structural, false, false); err != nil {
		return nil, err
	}
	if !hasMeta {
		return pruned, nil
	}
	return pruned, objectmeta.SetObjectMeta(object, meta)
}

// validate gives the API server's errors in its order.
func (v *version) validate(object map[string]any) field.ErrorList {
	ctx := context.Background()
	errs := validateObjectMeta(object)
	errs = append(errs, validation.ValidateCustomResource(nil, object, v.schema)...)
	errs = append(errs, objectmeta.Validate(ctx, nil, object, v.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, v.structural, object)...)
	if v.rules == nil {
		return errs
	}
	if slices.ContainsFunc(errs, blocksRules) {
		return append(errs, field.Invalid(nil, nil,
			"some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"))
	}
	broken, _ := v.rules.Validate(ctx, nil, v.structural, object, nil, celconfig.RuntimeCELCostBudget)
	return append(errs, broken...)
}

func validateObjectMeta(object map[string]any) field.ErrorList {
	meta, _, err := objectmeta.GetObjectMeta(object, false)
	if err != nil {
		return field.ErrorList{field.Invalid(field.NewPath("metadata"), "", err.Error())}
	}
	return metavalidation.ValidateObjectMeta(meta, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
}

// blocksRules says whether the API server leaves CEL rules out because of an
// error: they might not even be defined on such an object.
func blocksRules(err *field.Error) bool {
	switch err.Type {
	case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
		return true
	default:
		return false
	}
}

// stored converts an object to the storage version. Kratix' APIs have no
// conversion but the rewriting of apiVersion; what the other schema does not
// know is pruned, and its defaults are filled in.
func (c *CRD) stored(object map[string]any) map[string]any {
	v := c.versions[c.StorageVersion].structural
	object["apiVersion"] = c.APIVersion(c.StorageVersion)
	pruning.Prune(object, v, true)
	defaulting.Default(object, v)
	return object
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
