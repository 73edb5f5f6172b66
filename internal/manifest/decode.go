// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"errors"

	kjson "sigs.k8s.io/json"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Position is where a field of the object is, or else where the object begins.
func (o Object) Position(field string) diag.Position {
	if at, ok := o.doc.Position(o.below(field)); ok {
		return at
	}
	return o.At
}

// below is the path of a field in the document.
func (o Object) below(field string) string {
	if o.path == "" || field == "" {
		return o.path + field
	}
	return o.path + "." + field
}

// Decode decodes a field of the object as it was read, or all of it if field is
// empty. What the type has no place for is told, and is a mistake in most cases:
// an API server drops it.
func (o Object) Decode(field string, into any) ([]diag.Finding, error) {
	data, err := json.Marshal(o.doc.At(o.below(field)))
	if err != nil {
		return nil, diag.Input(err)
	}
	unknown, err := kjson.UnmarshalStrict(data, into)
	if err != nil {
		return nil, diag.Inputf("%s: %s: %w", o.Position(field), o, err)
	}
	var findings []diag.Finding
	for _, err := range unknown {
		f := diag.Finding{Severity: diag.SeverityWarning, Message: err.Error()}
		if at, ok := errors.AsType[kjson.FieldError](err); ok {
			f.Field, f.Message = at.FieldPath(), "there is no such field: it is left out"
		}
		findings = append(findings, f)
	}
	return o.Locate(field, findings), nil
}

// Locate gives findings on what is in a field of the object their place in the
// file.
func (o Object) Locate(field string, findings []diag.Finding) []diag.Finding {
	for i, f := range findings {
		if field != "" && f.Field != "" {
			f.Field = "." + f.Field
		}
		findings[i].Field = field + f.Field
		findings[i].Position = o.Position(findings[i].Field)
	}
	return findings
}

// Name is the object's name, empty if the API server is to make one.
func (o Object) Name() string { return text(o.metadata(), "name") }
