// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"

	"go.yaml.in/yaml/v3"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Accept gives the files that the expected tree must hold so that the actual
// one no longer differs from it. Files whose meaning is as expected keep their
// bytes, so that what a reviewer has formatted and commented stays; the others
// are taken over with what is redacted left out.
func Accept(where Where, expected, actual fs.FS, rules Rules) (map[string][]byte, error) {
	want, err := readTree(expected)
	if err != nil {
		return nil, err
	}
	got, err := readTree(actual)
	if err != nil {
		return nil, err
	}
	accepted := map[string][]byte{}
	var problems []diag.Finding
	for _, name := range union(got, nil) {
		e, known := want[name]
		switch a := got[name]; {
		case a.problem != "":
			problems = append(problems, diag.Finding{
				Severity: diag.SeverityError,
				Position: diag.Position{File: path.Join(string(where.Area), name)},
				Message:  "cannot be expected: " + a.problem,
			})
		case !known && rules.isPartial(where.names(name)):
		case known && Same(where, name, e.data, a.data, rules):
			accepted[name] = e.data
		default:
			accepted[name] = rules.golden(where, name, a.data)
		}
	}
	return accepted, diag.Problems("", problems)
}

// golden gives the content under which a file is kept: redacted, in the way
// that changes least of it and still compares as equal to the file itself.
func (r Rules) golden(where Where, name string, content []byte) []byte {
	names := where.names(name)
	textual := r.redactBytes(names, content)
	if r.mode(names) != ByMeaning || r.readsAlike(names, textual, content) {
		if Same(where, name, textual, content, r) {
			return textual
		}
		return content
	}
	if rendered, err := r.rendered(names, content); err == nil && Same(where, name, rendered, content, r) {
		return rendered
	}
	return content
}

// readsAlike reports whether text redacted as plain text holds the same
// documents as it does when its values are redacted one by one.
func (r Rules) readsAlike(names []string, textual, content []byte) bool {
	got, err := parse(names[0], textual)
	if err != nil {
		return false
	}
	want, err := r.redacted(names, content)
	if err != nil || len(got) != len(want) {
		return false
	}
	for i := range got {
		if !equal(got[i], want[i]) {
			return false
		}
	}
	return true
}

// redacted gives the documents of a file with what is ignored still in them.
func (r Rules) redacted(names []string, content []byte) ([]*value, error) {
	docs, err := parse(names[0], content)
	for i, doc := range docs {
		docs[i] = r.redact(names, doc)
	}
	return docs, err
}

// rendered writes the redacted documents of a file anew.
func (r Rules) rendered(names []string, content []byte) ([]byte, error) {
	docs, err := r.redacted(names, content)
	if err != nil {
		return nil, err
	}
	if path.Ext(names[0]) == ".json" {
		return renderJSON(docs)
	}
	return renderYAML(docs)
}

func renderYAML(docs []*value) ([]byte, error) {
	if len(docs) == 0 {
		return nil, nil // an encoder that never wrote does not close
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, doc := range docs {
		if err := enc.Encode(doc.node()); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), enc.Close()
}

func renderJSON(docs []*value) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	for _, doc := range docs {
		if err := enc.Encode(doc.plain()); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}
