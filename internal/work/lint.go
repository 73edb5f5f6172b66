// SPDX-License-Identifier: Apache-2.0

package work

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// Lint looks into the documents of a Work, which Kratix never does: files that
// look like YAML and are not, YAML that is no Kubernetes object, and objects
// that are in the Work twice. Documents larger than limit are passed over; a
// limit of 0 is none.
func Lint(w *api.Work, limit int64) []diag.Finding {
	l := linter{objects: map[string]string{}}
	for i := range w.Spec.WorkloadGroups {
		for _, file := range w.Spec.WorkloadGroups[i].Workloads {
			if ext := path.Ext(file.Filepath); ext != ".yaml" && ext != ".yml" {
				continue
			}
			if data, err := Decompress(file.Content, limit); err == nil {
				l.file(file.Filepath, data)
			}
		}
	}
	return sortFindings(l.findings)
}

// A linter remembers where each object was defined first.
type linter struct {
	findings []diag.Finding
	objects  map[string]string
}

func (l *linter) file(name string, data []byte) {
	documents := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		err := documents.Decode(&node)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			l.note("O9", yamlPosition(name, err), "is no YAML, which Kratix does not notice: "+yamlLine.ReplaceAllString(strings.TrimPrefix(err.Error(), "yaml: "), ""))
			return
		}
		l.document(name, &node)
	}
}

func (l *linter) document(name string, node *yaml.Node) {
	var object struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Metadata   struct {
			Name         string `yaml:"name"`
			GenerateName string `yaml:"generateName"`
			Namespace    string `yaml:"namespace"`
		} `yaml:"metadata"`
	}
	if len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
		return // an empty document
	}
	err := node.Decode(&object)
	at := diag.Position{File: "output/" + name, Line: node.Content[0].Line}
	if err != nil || object.Kind == "" || object.APIVersion == "" {
		l.note("O9", at, "is no Kubernetes object: apiVersion or kind is missing")
		return
	}
	if object.Metadata.Name == "" {
		return
	}
	group, _, _ := strings.Cut(object.APIVersion, "/")
	key := strings.Join([]string{group, object.Kind, object.Metadata.Namespace, object.Metadata.Name}, "/")
	if first, ok := l.objects[key]; ok {
		l.note("O10", at, fmt.Sprintf("%s %q is also in %s", object.Kind, object.Metadata.Name, first))
		return
	}
	l.objects[key] = at.String()
}

func (l *linter) note(code string, at diag.Position, message string) {
	l.findings = append(l.findings, diag.Finding{Severity: diag.SeverityNote, Code: code, Position: at, Message: message})
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

func yamlPosition(name string, err error) diag.Position {
	p := diag.Position{File: "output/" + name}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1]) // digits
	}
	return p
}
