// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// Adopt makes a version for the API of a Promise of one that somebody else
// serves, for a stage that hands on the spec of requests. It is without what
// Kratix replaces in every API: the status, and all that shows it or speaks of
// it. The findings tell what is left out, with fields below the version.
func Adopt(v apiextensionsv1.CustomResourceDefinitionVersion) (apiextensionsv1.CustomResourceDefinitionVersion, []diag.Finding) {
	a := adoption{version: *v.DeepCopy()}
	a.status()
	a.rules()
	a.columns()
	a.selectable()
	a.subresources()
	a.deprecation()
	a.others()
	return a.version, a.findings
}

type adoption struct {
	version  apiextensionsv1.CustomResourceDefinitionVersion
	findings []diag.Finding
}

func (a *adoption) tell(severity diag.Severity, field, message string) {
	a.findings = append(a.findings, diag.Finding{Severity: severity, Field: field, Message: message})
}

const rootField = "schema.openAPIV3Schema"

func (a *adoption) root() *apiextensionsv1.JSONSchemaProps { return a.version.Schema.OpenAPIV3Schema }

func (a *adoption) status() {
	root := a.root()
	if _, ok := root.Properties["status"]; ok {
		a.tell(diag.SeverityNote, rootField+".properties.status", "left out: requests have the status of Kratix")
	}
	delete(root.Properties, "status")
	root.Required = slices.DeleteFunc(root.Required, func(key string) bool { return key == "status" })
}

// rules leaves out those that could not be compiled without the status.
func (a *adoption) rules() {
	ofStatus := regexp.MustCompile(`\b(self|oldSelf)\.\??status\b`)
	var kept []apiextensionsv1.ValidationRule
	for i, rule := range a.root().XValidations {
		if ofStatus.MatchString(rule.Rule) || ofStatus.MatchString(rule.MessageExpression) {
			a.tell(diag.SeverityWarning, yamldoc.Index(rootField+".x-kubernetes-validations", i), "left out, for it speaks of the status")
			continue
		}
		kept = append(kept, rule)
	}
	a.root().XValidations = kept
}

func showsStatus(path string) bool { return strings.HasPrefix(path, ".status") }

// columns are those of the spec, and those that Kratix gives to an API without
// any: it would not add them.
func (a *adoption) columns() {
	var kept []apiextensionsv1.CustomResourceColumnDefinition
	var lost []string
	for _, column := range a.version.AdditionalPrinterColumns {
		if showsStatus(column.JSONPath) {
			lost = append(lost, column.Name)
			continue
		}
		kept = append(kept, column)
	}
	if lost != nil {
		a.tell(diag.SeverityNote, "additionalPrinterColumns", strings.Join(lost, ", ")+": left out, for the status is that of Kratix")
	}
	if kept != nil {
		kept = append(kept,
			apiextensionsv1.CustomResourceColumnDefinition{Name: "message", Type: "string", JSONPath: ".status.message"},
			apiextensionsv1.CustomResourceColumnDefinition{Name: "status", Type: "string", JSONPath: `.status.conditions[?(@.type=="Reconciled")].message`},
		)
	}
	a.version.AdditionalPrinterColumns = kept
}

func (a *adoption) selectable() {
	var kept []apiextensionsv1.SelectableField
	for _, field := range a.version.SelectableFields {
		if showsStatus(field.JSONPath) {
			a.tell(diag.SeverityNote, "selectableFields", field.JSONPath+": left out, for the status is that of Kratix")
			continue
		}
		kept = append(kept, field)
	}
	a.version.SelectableFields = kept
}

func (a *adoption) subresources() {
	if s := a.version.Subresources; s != nil && s.Scale != nil {
		a.tell(diag.SeverityNote, "subresources.scale", "left out: the APIs of Promises cannot be scaled")
	}
	a.version.Subresources = nil
}

func (a *adoption) deprecation() {
	if a.version.Deprecated {
		a.tell(diag.SeverityWarning, "deprecated", "the API is made of a version that its makers advise against")
	}
	a.version.Deprecated, a.version.DeprecationWarning = false, nil
}

// others are fields beside the spec.
func (a *adoption) others() {
	known := []string{"apiVersion", "kind", "metadata", "spec"}
	for _, key := range slices.Sorted(maps.Keys(a.root().Properties)) {
		if !slices.Contains(known, key) {
			a.tell(diag.SeverityWarning, rootField+".properties."+key, "the stage hands on the spec alone: what a request says here is lost")
		}
	}
}
