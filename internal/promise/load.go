// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A Promise is a Promise and the files that it was read from.
type Promise struct {
	// Promise is what Kratix would see: unknown fields are gone.
	api.Promise

	// Dir is the directory of the Promise: sources of stages and tests are
	// found below it.
	Dir string
	// File is the promise.yaml or, in the split layout, the directory.
	File string
	// Split says that the Promise is in the split layout.
	Split bool

	sources  []source
	object   map[string]any // pruned as the API server does
	findings []diag.Finding // warnings from loading

	// Compiling an API and its rules takes longer than everything else that is
	// done to a Promise, so it is done once and when it is needed.
	apiFindings func() []diag.Finding
	crd         func() (*CRD, error)
}

// A source is the document that holds the part of a Promise below a field.
type source struct {
	field string // "" for all
	doc   *yamldoc.Document
}

// Load reads a Promise from a file, or from a directory in the flat or split
// layout. All fields that cannot be decoded are one input error.
func Load(path string) (*Promise, error) {
	p, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("loading Promise: %w", err)
	}
	return p.ready(), nil
}

// ready prepares for questions about the API.
func (p *Promise) ready() *Promise {
	p.apiFindings = sync.OnceValue(p.checkAPI)
	p.crd = sync.OnceValues(p.compileAPI)
	return p
}

func load(path string) (*Promise, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !exists(path):
		return nil, diag.Hint(diag.Input(err), "kratix init promise NAME --group GROUP --kind KIND")
	case err != nil || !info.IsDir():
		return loadFlat(path)
	case exists(filepath.Join(path, FlatFile)):
		return loadFlat(filepath.Join(path, FlatFile))
	case isSplit(path):
		return loadSplit(path)
	case filepath.Base(path) == FlatFile:
		return loadFlat(path) // it says that this is a directory
	default:
		err := diag.Inputf("no %s in %s", FlatFile, path)
		return nil, diag.Hint(err, "kratix init promise NAME --group GROUP --kind KIND")
	}
}

func loadFlat(file string) (*Promise, error) {
	docs, err := readDocuments(file)
	if err != nil {
		return nil, err
	}
	p, err := parseFlat(file, docs)
	if p != nil {
		p.noteLayouts(p.Dir)
	}
	return p, err
}

// Parse reads a Promise in the flat layout that is not on disk; file is how it
// is told of.
func Parse(file string, data []byte) (*Promise, error) {
	docs, err := yamldoc.Parse(file, data)
	if err != nil {
		return nil, err
	}
	p, err := parseFlat(file, docs)
	if err != nil {
		return nil, err
	}
	return p.ready(), nil
}

func parseFlat(file string, docs []*yamldoc.Document) (*Promise, error) {
	i := slices.IndexFunc(docs, func(d *yamldoc.Document) bool { return kindOf(d) == "Promise" })
	if i < 0 {
		return nil, noPromise(docs)
	}
	p := &Promise{Dir: filepath.Dir(file), File: file, sources: []source{{"", docs[i]}}}
	p.noteOthers(docs, i)
	return p, p.decode(p.assemble())
}

// noteLayouts warns of files of the split layout beside a promise.yaml: they
// are what is read by nobody.
func (p *Promise) noteLayouts(dir string) {
	if filepath.Base(p.File) != FlatFile {
		return
	}
	for _, file := range splitFiles(dir) {
		if filepath.Base(file) == MetadataFile || !isFile(file) {
			continue
		}
		p.findings = append(p.findings, diag.Finding{
			Severity: diag.SeverityWarning,
			Position: diag.Position{File: file},
			Message:  "it is not read: " + p.File + " holds the whole Promise",
			Hint:     "move what it says to " + FlatFile + ", or remove one of the two",
		})
	}
}

func readDocuments(file string) ([]*yamldoc.Document, error) {
	data, err := yamldoc.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return yamldoc.Parse(file, data)
}

func kindOf(d *yamldoc.Document) string {
	object, _ := d.Value().(map[string]any)
	kind, _ := object["kind"].(string)
	return kind
}

func noPromise(docs []*yamldoc.Document) error {
	at, ok := docs[0].Position("kind")
	if !ok || len(docs) > 1 {
		return diag.Inputf("%s: no document of kind Promise", docs[0].File)
	}
	err := diag.Inputf("%s: kind: it is %q, not \"Promise\"", at, kindOf(docs[0]))
	return diag.Hint(err, fmt.Sprintf("a Promise begins with apiVersion: %s and kind: Promise", api.GroupVersion))
}

// noteOthers warns of documents that kubectl would apply and this program
// ignores.
func (p *Promise) noteOthers(docs []*yamldoc.Document, promise int) {
	for i, d := range docs {
		if i == promise {
			continue
		}
		at, _ := d.Position("kind")
		message := fmt.Sprintf("this document of kind %q is not part of the Promise", kindOf(d))
		if kindOf(d) == "Promise" {
			message = "this is a second Promise; only the first one is read"
		}
		p.findings = append(p.findings, diag.Finding{
			Severity: diag.SeverityWarning, Position: at, Message: message, Hint: "keep it in a file of its own",
		})
	}
}

// loadSplit reads the pieces of the split layout.
func loadSplit(dir string) (*Promise, error) {
	p := &Promise{Dir: dir, File: dir, Split: true}
	if err := p.loadMetadata(dir); err != nil {
		return nil, err
	}
	pieces := []struct{ field, file string }{
		{"spec.api", filepath.Join(dir, APIFile)},
		{dependenciesField, filepath.Join(dir, DependenciesFile)},
	}
	for _, ref := range Workflows() {
		pieces = append(pieces, struct{ field, file string }{ref.Field(), workflowFile(dir, ref)})
	}
	var problems []diag.Finding
	for _, piece := range pieces {
		err := p.loadPiece(piece.field, piece.file)
		if found := diag.Findings(err); found != nil {
			problems = append(problems, found...)
		} else if err != nil {
			return nil, err
		}
	}
	if err := diag.Problems("", problems); err != nil {
		return nil, err
	}
	return p, p.decode(p.assemble())
}

// loadMetadata reads the file with the name and the labels. Without it the
// Promise is named after its directory.
func (p *Promise) loadMetadata(dir string) error {
	file := filepath.Join(dir, MetadataFile)
	if !isFile(file) {
		p.findings = append(p.findings, diag.Finding{
			Severity: diag.SeverityNote,
			Position: diag.Position{File: dir},
			Message:  fmt.Sprintf("no %s says what the Promise is called, so it is %q like its directory", MetadataFile, directoryName(dir)),
		})
		return nil
	}
	docs, err := readDocuments(file)
	if err != nil {
		return err
	}
	if kindOf(docs[0]) != "Promise" {
		return noPromise(docs[:1])
	}
	p.sources = append(p.sources, source{"", docs[0]})
	return nil
}

// directoryName is the name of a directory, however it is written.
func directoryName(dir string) string {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return filepath.Base(dir)
	}
	return filepath.Base(absolute)
}

// loadPiece reads a file of the split layout, if it is there, which holds a
// field of the Promise.
func (p *Promise) loadPiece(field, file string) error {
	docs, err := readDocuments(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	p.sources = append(p.sources, source{field, docs[0]})
	return nil
}

// assemble puts together what the documents hold.
func (p *Promise) assemble() map[string]any {
	var object map[string]any
	for _, s := range p.sources {
		if s.field == "" {
			object, _ = s.doc.Value().(map[string]any) // a document with a kind is one
		}
	}
	if object == nil {
		object = map[string]any{
			"apiVersion": api.GroupVersion,
			"kind":       "Promise",
			"metadata":   map[string]any{"name": directoryName(p.Dir)},
		}
	}
	for _, s := range p.sources {
		if value := s.doc.Value(); s.field != "" && value != nil {
			set(object, strings.Split(s.field, "."), value)
		}
	}
	return object
}

// set puts a value into nested objects.
func set(object map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		inner, ok := object[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			object[key] = inner
		}
		object = inner
	}
	object[path[len(path)-1]] = value
}

// decode fills in the Promise, with all misfits at once.
func (p *Promise) decode(object map[string]any) error {
	var problems []diag.Finding
	if v := object["apiVersion"]; v != api.GroupVersion {
		f := p.finding("apiVersion", fmt.Sprintf("want %q, not %s", api.GroupVersion, diag.Describe(v)))
		f.Hint = "apiVersion: " + api.GroupVersion
		problems = append(problems, f)
	}
	delete(object, "status") // Kratix' own
	for _, m := range prunedMisfits(object, reflect.TypeFor[api.Promise](), "") {
		f := p.finding(m.field, m.message)
		f.Hint = m.hint()
		if m.unknown {
			f.Severity = diag.SeverityWarning
			f.Message += ", which the API server drops without a word"
			p.findings = append(p.findings, f)
			delete(m.object, m.key)
			continue
		}
		problems = append(problems, f)
	}
	if err := diag.Problems("", problems); err != nil {
		return err
	}
	p.object = object
	data, err := json.Marshal(object)
	if err != nil {
		return diag.Input(err)
	}
	if err := json.Unmarshal(data, &p.Promise); err != nil {
		return diag.Inputf("%s: %w", p.File, err)
	}
	return nil
}

// Object gives the whole Promise as the API server would keep it, without its
// status. The caller may change it.
func (p *Promise) Object() map[string]any { return runtime.DeepCopyJSON(p.object) }

// Position tells where a field of the Promise is, in whichever file holds it.
// For a field that does not exist it is that of the nearest parent.
func (p *Promise) Position(field string) diag.Position {
	best := source{}
	for _, s := range p.sources {
		if within(field, s.field) && (best.doc == nil || len(s.field) > len(best.field)) {
			best = s
		}
	}
	if best.doc == nil {
		return diag.Position{File: p.File}
	}
	at, _ := best.doc.Position(strings.TrimPrefix(strings.TrimPrefix(field, best.field), "."))
	return at
}

// within says whether a field is the parent or below it.
func within(field, parent string) bool {
	rest, ok := strings.CutPrefix(field, parent)
	return ok && (parent == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// finding makes an error about a field.
func (p *Promise) finding(field, message string) diag.Finding {
	return diag.Finding{
		Severity: diag.SeverityError, Position: p.Position(field), Field: field, Message: message,
	}
}
