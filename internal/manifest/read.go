// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// An Object is one object, with its keys in the order of its file.
type Object struct {
	Value yamldoc.Map
	// At is where its document begins; for an item of a List, where the item
	// does.
	At diag.Position

	doc  *yamldoc.Document
	path string // in doc
}

func text(m yamldoc.Map, key string) string {
	value, _ := m.Get(key).(string)
	return value
}

func (o Object) metadata() yamldoc.Map {
	m, _ := o.Value.Get("metadata").(yamldoc.Map)
	return m
}

// APIVersion is the object's group and version.
func (o Object) APIVersion() string { return text(o.Value, "apiVersion") }

// Kind is the object's kind.
func (o Object) Kind() string { return text(o.Value, "kind") }

// String names the object as people do: Deployment team-a/shop.
func (o Object) String() string {
	name := cmp.Or(text(o.metadata(), "name"), text(o.metadata(), "generateName"))
	if namespace := text(o.metadata(), "namespace"); namespace != "" {
		name = namespace + "/" + name
	}
	return o.Kind() + " " + name
}

// A File is a file as it was read.
type File struct {
	// Path is below the path that was given, with slashes: the name of a file,
	// or what is below a directory.
	Path string
	Data []byte
}

// A Set is what was read.
type Set struct {
	Objects []Object // in the order of paths, files and documents
	// Files are all files, those without objects too.
	Files []File
}

// Read reads the objects of all paths: files of any name, directories with all
// their .yaml and .yml files, and "-" for standard input. All that is no object
// is one input error.
func Read(paths []string, stdin io.Reader) (*Set, error) {
	s := &Set{}
	var problems []diag.Finding
	for _, p := range paths {
		found, err := s.readPath(p, stdin)
		if err != nil {
			return nil, err
		}
		problems = append(problems, found...)
	}
	problems = append(problems, s.collisions()...)
	if err := diag.Problems("reading dependencies", problems); err != nil {
		return nil, err
	}
	return s, s.checkEmpty(paths)
}

// Parse reads the objects of one text, which is told of by name.
func Parse(name string, data []byte) (*Set, error) {
	s := &Set{}
	err := diag.Problems("reading dependencies", s.add(name, File{"dependencies.yaml", data}, true))
	if err != nil {
		return nil, err
	}
	return s, s.checkEmpty([]string{name})
}

func (s *Set) checkEmpty(paths []string) error {
	if len(s.Objects) == 0 {
		return diag.Inputf("there are no objects in %s", strings.Join(paths, ", "))
	}
	return nil
}

func (s *Set) readPath(p string, stdin io.Reader) ([]diag.Finding, error) {
	if p == "-" {
		data, err := io.ReadAll(stdin)
		return s.add("standard input", File{"dependencies.yaml", data}, true), diag.Machine(err)
	}
	info, err := os.Stat(p)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, diag.Inputf("%s: %w", p, failed.Err)
	}
	if !info.IsDir() {
		data, err := yamldoc.ReadFile(p)
		if err != nil {
			return nil, err
		}
		return s.add(p, File{filepath.Base(p), data}, true), nil
	}
	return s.readDir(p)
}

func (s *Set) readDir(dir string) ([]diag.Finding, error) {
	var problems []diag.Finding
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := yamldoc.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		isYAML := slices.Contains([]string{".yaml", ".yml"}, path.Ext(below))
		problems = append(problems, s.add(name, File{filepath.ToSlash(below), data}, isYAML)...)
		return nil
	})
	return problems, diag.Input(err)
}

// add takes in a file, and the objects in it if it is one of YAML.
func (s *Set) add(name string, f File, isYAML bool) []diag.Finding {
	s.Files = append(s.Files, f)
	if !isYAML {
		return nil
	}
	docs, err := yamldoc.Parse(name, f.Data)
	if err != nil {
		return findings(name, err)
	}
	var problems []diag.Finding
	for _, doc := range docs {
		if doc.Value() == nil {
			continue
		}
		problems = append(problems, s.addObject(doc, "", doc.Ordered())...)
	}
	return problems
}

func findings(name string, err error) []diag.Finding {
	if found := diag.Findings(err); found != nil {
		return found
	}
	return []diag.Finding{{Severity: diag.SeverityError, Position: diag.Position{File: name}, Message: err.Error()}}
}

// addObject takes in what is at a path of a document: an object, or the items
// of a List.
func (s *Set) addObject(doc *yamldoc.Document, at string, value any) []diag.Finding {
	place, _ := doc.Position(at)
	o, ok := value.(yamldoc.Map)
	if !ok {
		return []diag.Finding{{Severity: diag.SeverityError, Position: place, Message: "this is no object: it has no apiVersion and no kind"}}
	}
	object := Object{Value: o, At: place, doc: doc, path: at}
	items, isList := o.Get("items").([]any)
	if !isList || !strings.HasSuffix(object.Kind(), "List") {
		found := object.check()
		if len(found) == 0 {
			s.Objects = append(s.Objects, object)
		}
		return found
	}
	var problems []diag.Finding
	for i, item := range items {
		problems = append(problems, s.addObject(doc, yamldoc.Index(yamldoc.Join(at, "items"), i), typed(object, item))...)
	}
	return problems
}

// typed gives an item of a typed List, such as a ConfigMapList, the type that
// it leaves out.
func typed(list Object, item any) any {
	o, ok := item.(yamldoc.Map)
	kind := strings.TrimSuffix(list.Kind(), "List")
	if !ok || kind == "" || text(o, "kind") != "" {
		return item
	}
	return append(yamldoc.Map{{Key: "apiVersion", Value: list.APIVersion()}, {Key: "kind", Value: kind}}, o...)
}

// check says what an object lacks.
func (o Object) check() []diag.Finding {
	var found []diag.Finding
	refuse := func(hint, format string, args ...any) {
		found = append(found, diag.Finding{Severity: diag.SeverityError, Position: o.At, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	if o.Kind() == "Kustomization" && strings.HasPrefix(o.APIVersion(), "kustomize.config.k8s.io/") || o.APIVersion()+o.Kind() == "" && o.Value.Get("resources") != nil {
		refuse("give what it makes: kustomize build "+filepath.Dir(o.At.File)+" | kratix ... -", "this is a kustomization, which no cluster knows")
		return found
	}
	if o.APIVersion() == "" {
		refuse("", "the object has no apiVersion")
	}
	if o.Kind() == "" {
		refuse("", "the object has no kind")
	}
	if text(o.metadata(), "name") == "" && text(o.metadata(), "generateName") == "" {
		refuse("", "the %s has no metadata.name", cmp.Or(o.Kind(), "object"))
	}
	return found
}

// collisions finds files that would have one path.
func (s *Set) collisions() []diag.Finding {
	var found []diag.Finding
	seen := map[string]bool{}
	for _, f := range s.Files {
		if seen[f.Path] {
			found = append(found, diag.Finding{Severity: diag.SeverityError, Message: "two of the paths have a file " + f.Path, Hint: "give one directory that holds both"})
		}
		seen[f.Path] = true
	}
	return found
}
