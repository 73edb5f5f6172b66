// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// An object is one Kubernetes object as it was read.
type object struct {
	json []byte
	kind string
	name string

	doc  *document
	item int // index in the items of a List, -1 if it is none
}

// A document is one document of a YAML file; positions in it are looked up
// only when there is something to say.
type document struct {
	file string
	line int // of its first line, from 1
	text []byte
}

// loading says in errors what was being done.
const loading = "loading platform"

// read collects the objects of all paths; "-" is stdin. Everything that cannot
// be read is reported at once.
func read(stdin io.Reader, paths []string) ([]object, error) {
	var objects []object
	var findings []diag.Finding
	for _, path := range paths {
		files, err := expand(path)
		if err != nil {
			return nil, diag.Inputf("%s: %w", loading, err)
		}
		for _, file := range files {
			data, err := readFile(stdin, file)
			if err != nil {
				return nil, diag.Inputf("%s: %w", loading, err)
			}
			found, bad := parse(file, data)
			objects, findings = append(objects, found...), append(findings, bad...)
		}
	}
	return objects, diag.Problems(loading, findings)
}

func readFile(stdin io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return yamldoc.ReadFile(file)
}

// expand lists the YAML and JSON files below a directory, by name; a file is
// itself, whatever its name.
func expand(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)) {
			files = append(files, name)
		}
		return err
	})
	return files, err
}

// parse splits a file into documents and Lists into their items.
func parse(file string, data []byte) ([]object, []diag.Finding) {
	if file == "-" {
		file = "<stdin>"
	}
	var objects []object
	var findings []diag.Finding
	for _, doc := range split(file, data) {
		found, err := doc.objects()
		if err != nil {
			findings = append(findings, diag.Finding{
				Severity: diag.SeverityError, Position: doc.errorPosition(err), Message: yamlMessage(err),
				Hint: "objects are written as kubectl get -o yaml prints them",
			})
		}
		objects = append(objects, found...)
	}
	return objects, findings
}

// split cuts a stream at its "---" lines.
func split(file string, data []byte) []*document {
	var docs []*document
	doc := &document{file: file, line: 1}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if mark := bytes.TrimRight(text, " \t\r\n"); string(mark) == "---" || bytes.HasPrefix(text, []byte("--- ")) {
			docs = append(docs, doc)
			doc = &document{file: file, line: line}
			text = append([]byte("   "), text[3:]...)
		}
		doc.text = append(doc.text, text...)
	}
	return append(docs, doc)
}

// objects gives the objects of a document: one, none, or the items of a List.
func (d *document) objects() ([]object, error) {
	data, err := sigsyaml.YAMLToJSON(d.text)
	if err != nil || string(data) == "null" {
		return nil, err
	}
	head, err := header(data)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(head.Kind, "List") || head.Items == nil {
		return []object{{data, head.Kind, head.name(), d, -1}}, nil
	}
	var objects []object
	for i, item := range head.Items {
		itemHead, err := header(item)
		if err != nil {
			return objects, err
		}
		objects = append(objects, object{item, itemHead.Kind, itemHead.name(), d, i})
	}
	return objects, nil
}

// A head is what tells objects apart.
type head struct {
	Kind     string
	Metadata json.RawMessage
	Items    []json.RawMessage
}

// name gives the object's name; whoever needs a good one decodes all of it.
func (h *head) name() string {
	var metadata struct{ Name string }
	_ = json.Unmarshal(h.Metadata, &metadata) // see above
	return metadata.Name
}

var errNotObject = errors.New("not a Kubernetes object: kind is missing")

func header(data []byte) (head, error) {
	var h head
	if err := json.Unmarshal(data, &h); err != nil || h.Kind == "" {
		return h, errNotObject
	}
	return h, nil
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// errorPosition finds the line that a YAML error speaks of.
func (d *document) errorPosition(err error) diag.Position {
	p := diag.Position{File: d.file, Line: d.line}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		if n, convErr := strconv.Atoi(m[1]); convErr == nil {
			p.Line += n - 1
		}
	}
	return p
}

// yamlMessage gives the text of a YAML error without its line, which counts
// from the start of the document.
func yamlMessage(err error) string {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	return yamlLine.ReplaceAllString(strings.TrimPrefix(text, "yaml: "), "")
}

// position finds a field such as "spec.path" or, where it is absent, the
// nearest thing around it.
func (o *object) position(field string) diag.Position {
	p := diag.Position{File: o.doc.file, Line: o.doc.line}
	var root yaml.Node
	if err := yaml.Unmarshal(o.doc.text, &root); err != nil || len(root.Content) == 0 {
		return p
	}
	node := root.Content[0]
	if items := child(node, "items"); o.item >= 0 && items != nil && o.item < len(items.value.Content) {
		node = items.value.Content[o.item]
	}
	p.Line, p.Column = o.doc.line+node.Line-1, node.Column
	for part := range strings.SplitSeq(field, ".") {
		next := child(node, part)
		if next == nil {
			break
		}
		p.Line, p.Column = o.doc.line+next.key.Line-1, next.key.Column
		node = next.value
	}
	return p
}

type entry struct{ key, value *yaml.Node }

func child(node *yaml.Node, name string) *entry {
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return &entry{node.Content[i], node.Content[i+1]}
		}
	}
	return nil
}

// has says whether the object has a field. The API server takes null for
// absent.
func (o *object) has(path ...string) bool {
	var value any
	if err := json.Unmarshal(o.json, &value); err != nil {
		return false
	}
	for _, name := range path {
		fields, _ := value.(map[string]any)
		next, ok := fields[name]
		if !ok {
			return false
		}
		value = next
	}
	return value != nil
}

// finding makes a finding about a field of the object.
func (o *object) finding(severity diag.Severity, field, message, hint string) diag.Finding {
	return diag.Finding{
		Severity: severity, Position: o.position(field), Field: field,
		Message: message, Hint: hint,
	}
}

// String names the object in messages.
func (o *object) String() string { return fmt.Sprintf("%s %q", o.kind, o.name) }
