// SPDX-License-Identifier: Apache-2.0

package crossplane

import (
	"fmt"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/manifest"
)

// composition has of a Composition what it refers to.
type composition struct {
	Spec struct {
		CompositeTypeRef struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		} `json:"compositeTypeRef"`
		Pipeline []struct {
			FunctionRef struct {
				Name string `json:"name"`
			} `json:"functionRef"`
		} `json:"pipeline"`
	} `json:"spec"`
}

// misfits finds compositions that are not for the definition, and functions that
// they call and that are not there.
func (d *definition) misfits(objects []manifest.Object) ([]diag.Finding, error) {
	functions := map[string]bool{}
	for _, o := range objects {
		if o.Kind() == kindFunction {
			functions[o.Name()] = true
		}
	}
	var findings []diag.Finding
	for _, o := range objects {
		if o.Kind() != kindComposition || !strings.HasPrefix(o.APIVersion(), group+"/") {
			continue
		}
		var c composition
		if _, err := o.Decode("", &c); err != nil {
			return nil, err
		}
		findings = append(findings, o.Locate("", d.misfit(o.Name(), c, functions))...)
	}
	return findings, nil
}

func (d *definition) misfit(name string, c composition, functions map[string]bool) []diag.Finding {
	var findings []diag.Finding
	of := c.Spec.CompositeTypeRef
	if want := d.composite(); of.APIVersion != want || of.Kind != d.xrd.Spec.Names.Kind {
		findings = append(findings, diag.Finding{
			Severity: diag.SeverityWarning, Field: "spec.compositeTypeRef",
			Message: fmt.Sprintf("%s is for %s of %s, and the definition is of %s of %s", name, of.Kind, of.APIVersion, d.xrd.Spec.Names.Kind, want),
		})
	}
	for i, step := range c.Spec.Pipeline {
		if function := step.FunctionRef.Name; function != "" && !functions[function] {
			findings = append(findings, diag.Finding{
				Severity: diag.SeverityNote, Field: fmt.Sprintf("spec.pipeline[%d].functionRef.name", i),
				Message: "the function " + function + " is not among the dependencies: it has to be at the destination already",
				Hint:    "--functions FILE adds it",
			})
		}
	}
	return findings
}

// composite is the apiVersion of composite resources that compositions are for.
func (d *definition) composite() string {
	name := d.version().Name
	for _, v := range d.xrd.Spec.Versions {
		if v.Referenceable {
			name = v.Name
		}
	}
	return d.xrd.Spec.Group + "/" + name
}
