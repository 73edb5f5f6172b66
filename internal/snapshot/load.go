// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// Load reads files, directories and, for the path "-", stdin. Of directories
// all .yaml, .yml and .json files are read, also below. A file that cannot be
// opened, or that nothing at all could be read from any, is an input error;
// everything else is in [Snapshot.Findings].
func Load(in io.Reader, paths ...string) (*Snapshot, error) {
	s := &Snapshot{kinds: map[kind]*objects{}}
	for _, path := range paths {
		files, err := expand(path)
		if err != nil {
			return nil, diag.Inputf("reading snapshot: %w", err)
		}
		for _, file := range files {
			data, err := read(in, file)
			if err != nil {
				return nil, diag.Inputf("reading snapshot: %w", err)
			}
			s.file(file, data)
		}
	}
	if len(s.kinds) == 0 {
		return nil, s.nothing(paths)
	}
	s.complete()
	return s, nil
}

// nothing is the error for files without a single object.
func (s *Snapshot) nothing(paths []string) error {
	if err := diag.Problems("reading snapshot", s.findings); err != nil {
		return err
	}
	where := slices.Clone(paths)
	for i := range where {
		if where[i] == "-" {
			where[i] = stdin
		}
	}
	return diag.Hint(diag.Inputf("reading snapshot: there are no objects in %s", strings.Join(where, ", ")),
		"kubectl get promises,works,workplacements,destinations,gitstatestores,bucketstatestores -A -o yaml > platform.yaml")
}

// stdin is what standard input is called in findings.
const stdin = "<stdin>"

func read(in io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(in)
	}
	return yamldoc.ReadFile(file)
}

// expand lists the YAML and JSON files below a directory, by name; a file is
// itself, whatever its name.
func expand(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return []string{path}, err
	}
	var files []string
	err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)) {
			files = append(files, name)
		}
		return err
	})
	return files, err
}

// file reads all documents of a file.
func (s *Snapshot) file(name string, data []byte) {
	if name == "-" {
		name = stdin
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		s.json(name, data)
		return
	}
	for _, part := range yamldoc.Split(data) {
		at := diag.Position{File: name, Line: part.Line + 1}
		text, err := yaml.YAMLToJSON(part.Text)
		switch {
		case err != nil:
			s.malformed(at, part.Text, err)
		case string(text) != "null":
			s.document(at, text)
		}
	}
}

// json reads JSON values one after the other, which may stand without anything
// between them.
func (s *Snapshot) json(name string, data []byte) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		begin := decoder.InputOffset()
		rest := data[begin:]
		begin += int64(len(rest) - len(bytes.TrimLeft(rest, " \t\r\n")))
		at := diag.Position{File: name, Line: lineAt(data, begin)}
		var value json.RawMessage
		err := decoder.Decode(&value)
		var syntax *json.SyntaxError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &syntax):
			at.Line = lineAt(data, syntax.Offset)
			s.note(at, "", err.Error())
			return
		case err != nil:
			at.Line = lineAt(data, int64(len(data)))
			s.note(at, "", "the file ends in the middle of an object")
			return
		}
		s.document(at, value)
	}
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n"))
}

// malformed notes a document that is no YAML, with the line that yamldoc finds.
func (s *Snapshot) malformed(at diag.Position, text []byte, err error) {
	_, exact := yamldoc.Parse(at.File, text)
	found := diag.Findings(exact)
	if len(found) == 0 {
		s.note(at, "", err.Error())
	}
	for _, f := range found {
		f.Line += at.Line - 1
		f.Severity = diag.SeverityWarning
		s.findings = append(s.findings, f)
	}
}

func (s *Snapshot) note(at diag.Position, field, message string) {
	s.findings = append(s.findings, diag.Finding{Severity: diag.SeverityWarning, Position: at, Field: field, Message: message})
}

// A head is what tells objects apart.
type head struct {
	metav1.TypeMeta
	Metadata metav1.ObjectMeta `json:"metadata"`
	Items    []json.RawMessage `json:"items"`
}

// document adds an object, or the items of a List.
func (s *Snapshot) document(at diag.Position, text []byte) {
	var h struct {
		Kind  string
		Items []json.RawMessage
	}
	if err := json.Unmarshal(text, &h); err == nil && strings.HasSuffix(h.Kind, "List") && h.Items != nil {
		for i, item := range h.Items {
			s.object(at, yamldoc.Index("items", i), item)
		}
		return
	}
	s.object(at, "", text)
}

func (s *Snapshot) object(at diag.Position, field string, text []byte) {
	var h head
	err := json.Unmarshal(text, &h)
	switch {
	case err != nil:
		where, what := inspect.Mistake(err)
		s.note(at, strings.Trim(field+"."+where, "."), "not an object of Kubernetes: "+what)
	case h.Kind == "" || h.APIVersion == "":
		s.note(at, field, "not an object of Kubernetes: kind or apiVersion is missing")
	case strings.HasSuffix(h.Kind, "List") && h.Metadata.Name == "":
		// An empty list: it says nothing.
	case h.Metadata.Name == "":
		s.note(at, field, h.Kind+" without a name")
	default:
		s.add(&object{json: text, meta: h.Metadata, apiVersion: h.APIVersion, at: at}, h.Kind)
	}
}
