// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A Request is a resource request: an object of a Promise's API.
type Request struct {
	File            string
	Namespace, Name string
	// Object is the request as written, with a namespace.
	Object map[string]any
	// Admitted is what the API server would keep of it, in the API's storage
	// version.
	Admitted map[string]any
	// Findings are warnings: fields that the API server drops.
	Findings []diag.Finding
}

// A RefusedError is a request that the API server would refuse: not one that
// could not be read, or that is none of the Promise.
type RefusedError struct{ err error }

func (e *RefusedError) Error() string { return e.err.Error() }
func (e *RefusedError) Unwrap() error { return e.err }

// Words are what the API server says, a line for each field.
func (e *RefusedError) Words() string {
	var lines []string
	for _, f := range diag.Findings(e.err) {
		f.Position = diag.Position{}
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// defaultNamespace is where a request without namespace is created.
const defaultNamespace = "default"

// LoadRequest reads a request of a Promise from a file. What the API server
// would refuse is an input error with the file and line of every field.
func LoadRequest(file string, p *Promise) (*Request, error) {
	r, err := loadRequest(file, p)
	if err != nil {
		return nil, fmt.Errorf("loading request: %w", err)
	}
	return r, nil
}

func loadRequest(file string, p *Promise) (*Request, error) {
	crd, err := p.CRD()
	if err != nil {
		return nil, err
	}
	if crd == nil {
		err := diag.Inputf("%s: the Promise %q has no API, so there are no requests of it", file, p.Name)
		return nil, diag.Hint(err, "its workflows are promise/configure and promise/delete")
	}
	docs, err := readDocuments(file)
	if err != nil {
		return nil, err
	}
	i := requestDocument(docs, crd.Kind)
	doc := docs[i]
	object, ok := doc.Value().(map[string]any)
	if !ok {
		err := diag.Inputf("%s: no object in it", file)
		return nil, diag.Hint(err, fmt.Sprintf("a request begins with apiVersion: %s and kind: %s", crd.APIVersion(crd.preferred()), crd.Kind))
	}
	r, err := newRequest(doc, object, crd)
	if err != nil {
		return nil, err
	}
	r.noteOthers(docs, i)
	return r, nil
}

// requestDocument finds the first document of the kind, or the first of all.
func requestDocument(docs []*yamldoc.Document, kind string) int {
	return max(0, slices.IndexFunc(docs, func(d *yamldoc.Document) bool { return kindOf(d) == kind }))
}

// noteOthers warns of documents that kubectl would apply and this program
// ignores.
func (r *Request) noteOthers(docs []*yamldoc.Document, request int) {
	for i, d := range docs {
		if i == request {
			continue
		}
		at, _ := d.Position("kind")
		message := fmt.Sprintf("this document of kind %q is not part of the request", kindOf(d))
		if kindOf(d) == kindOf(docs[request]) {
			message = "this is a second request; only the first one is used"
		}
		r.Findings = append(r.Findings, diag.Finding{
			Severity: diag.SeverityWarning, Position: at, Message: message, Hint: "keep it in a file of its own",
		})
	}
}

func newRequest(doc *yamldoc.Document, object map[string]any, crd *CRD) (*Request, error) {
	r := &Request{File: doc.File, Object: object}
	if meta, ok := object["metadata"].(map[string]any); ok {
		if namespace, ok := meta["namespace"]; !ok || namespace == "" || namespace == nil {
			meta["namespace"] = defaultNamespace
		}
	} else if object["metadata"] == nil {
		object["metadata"] = map[string]any{"namespace": defaultNamespace}
	}
	admitted, pruned, found := crd.admit(object)
	for i, f := range found {
		found[i].Position = position(doc, f.Field)
		if f.Field == "metadata.name" && strings.HasPrefix(f.Message, "Required value") {
			found[i].Hint = "metadata: {name: example}"
		}
	}
	if err := diag.Problems("", found); err != nil {
		if _, foreign := crd.requested(object); foreign == nil {
			err = &RefusedError{err}
		}
		return nil, err
	}
	for _, field := range pruned {
		r.Findings = append(r.Findings, diag.Finding{
			Severity: diag.SeverityWarning, Position: position(doc, field), Field: field,
			Message: "the API has no such field: kubectl refuses it, other clients drop it without a word",
		})
	}
	r.Admitted = admitted
	meta, _ := admitted["metadata"].(map[string]any)
	r.Name, _ = meta["name"].(string)
	r.Namespace, _ = meta["namespace"].(string)
	return r, nil
}

func position(doc *yamldoc.Document, field string) diag.Position {
	at, _ := doc.Position(field)
	return at
}

// join lists words as a sentence does.
func join(words []string) string {
	switch len(words) {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
	}
}
