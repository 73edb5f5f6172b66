// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// An Edit is the new content of one file of a Promise. Nothing has been written
// yet.
type Edit struct {
	File string
	Data []byte
	// Before is what the file held when it was read; nil if there was none.
	Before []byte
	// Created says that the file does not exist yet.
	Created bool
}

// An Update is a change to a Promise: all of its edits are written, or none.
type Update struct {
	Edits []Edit // none if there is nothing to change
	// Notes tell what was changed beside what was asked for, and what it means.
	Notes []diag.Finding
}

// With gives the Promise as it will be when the edits are written.
func (p *Promise) With(edits []Edit) (*Promise, error) {
	after := &Promise{Dir: p.Dir, File: p.File, Split: p.Split, sources: slices.Clone(p.sources)}
	for _, e := range edits {
		if err := after.apply(e); err != nil {
			return nil, err
		}
	}
	if err := after.decode(after.assemble()); err != nil {
		return nil, err
	}
	return after.ready(), nil
}

// apply takes the content of one file from an edit, if it belongs to the
// Promise.
func (p *Promise) apply(e Edit) error {
	docs, err := yamldoc.Parse(e.File, e.Data)
	if err != nil {
		return err
	}
	for i, s := range p.sources {
		if s.doc.File == e.File {
			p.sources[i].doc = docs[s.doc.Index()]
			return nil
		}
	}
	if field, ok := p.fieldOf(e.File); ok {
		p.sources = append(p.sources, source{field, docs[0]})
	}
	return nil
}

// A draft is a Promise that is being edited.
type draft struct {
	p       *Promise
	sources []source
	created []string // files
	notes   []diag.Finding
}

func (p *Promise) draft() *draft { return &draft{p: p, sources: slices.Clone(p.sources)} }

// edits lists the files that have changed, those that are new last.
func (d *draft) edits() []Edit {
	var edits []Edit
	for i, s := range d.sources {
		created := slices.Contains(d.created, s.doc.File)
		if created || s.doc != d.p.sources[i].doc {
			e := Edit{File: s.doc.File, Data: s.doc.Bytes(), Created: created}
			if !created {
				e.Before = d.p.sources[i].doc.Bytes()
			}
			edits = append(edits, e)
		}
	}
	return edits
}

// finish gives the update, unless Kratix would refuse something in the edited
// Promise that it accepts in the old one.
func (d *draft) finish() (Update, error) {
	u := Update{Edits: d.edits(), Notes: d.notes}
	if len(u.Edits) == 0 {
		return u, nil
	}
	after, err := d.p.With(u.Edits)
	if err != nil {
		return Update{}, fmt.Errorf("checking the edited Promise: %w", err)
	}
	known := map[string]bool{}
	for _, f := range d.p.Check() {
		known[f.Field+f.Message] = true
	}
	var found []diag.Finding
	for _, f := range after.Check() {
		if f.Severity == diag.SeverityError && !known[f.Field+f.Message] {
			found = append(found, f)
		}
	}
	return u, diag.Problems("nothing is written, since Kratix would refuse the edited Promise", found)
}

// sourceOf gives the index of the document that a field is in, and the path of
// the field in it. In the split layout the document may be one that is yet to
// be written.
func (d *draft) sourceOf(field string) (index int, path string, err error) {
	index = -1
	for i, s := range d.sources {
		if within(field, s.field) && (index < 0 || len(s.field) > len(d.sources[index].field)) {
			index = i
		}
	}
	if d.p.Split && (index < 0 || d.sources[index].field == "" && !d.has(index, field)) {
		if file, own := d.p.fileOf(field); index < 0 || own != "" {
			index, err = d.create(file, own)
			if err != nil {
				return 0, "", err
			}
		}
	}
	path = strings.TrimPrefix(strings.TrimPrefix(field, d.sources[index].field), ".")
	return index, path, nil
}

// has says whether a document of the split layout holds a field although there
// is a file for it.
func (d *draft) has(index int, field string) bool {
	_, own := d.p.fileOf(field)
	_, ok := d.sources[index].doc.Position(own)
	return own != "" && ok
}

// fileOf is the file of the split layout that a field belongs into, and the
// field that this file holds; "" for metadata.yaml.
func (p *Promise) fileOf(field string) (file, own string) {
	switch {
	case within(field, "spec.api"):
		return filepath.Join(p.Dir, APIFile), "spec.api"
	case within(field, dependenciesField):
		return filepath.Join(p.Dir, DependenciesFile), dependenciesField
	}
	for _, ref := range Workflows() {
		if within(field, ref.Field()) {
			return workflowFile(p.Dir, ref), ref.Field()
		}
	}
	return filepath.Join(p.Dir, MetadataFile), ""
}

// fieldOf is the field that a file of the split layout holds.
func (p *Promise) fieldOf(file string) (field string, ok bool) {
	fields := []string{"", "spec.api", dependenciesField}
	for _, ref := range Workflows() {
		fields = append(fields, ref.Field())
	}
	for _, field := range fields {
		if at, _ := p.fileOf(cmp.Or(field, "metadata")); at == file {
			return field, p.Split
		}
	}
	return "", false
}

// create begins a file of the split layout.
func (d *draft) create(file, field string) (int, error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return 0, diag.Inputf("%s: it has appeared since the Promise was read", file)
	}
	docs, err := yamldoc.Parse(file, nil)
	if err != nil {
		return 0, err
	}
	doc := docs[0]
	if field == "" {
		doc, err = doc.Set("", yamldoc.Map{
			{Key: "apiVersion", Value: api.GroupVersion},
			{Key: "kind", Value: "Promise"},
			{Key: "metadata", Value: yamldoc.Map{{Key: "name", Value: d.p.Name}}},
		})
		if err != nil {
			return 0, err
		}
	}
	d.sources = append(d.sources, source{field, doc})
	d.created = append(d.created, file)
	return len(d.sources) - 1, nil
}

// edit changes the document that a field is in.
func (d *draft) edit(field string, change func(doc *yamldoc.Document, path string) (*yamldoc.Document, error)) error {
	i, path, err := d.sourceOf(field)
	if err != nil {
		return err
	}
	doc, err := change(d.sources[i].doc, path)
	if err == nil {
		d.sources[i].doc = doc
	}
	return err
}

func (d *draft) set(field string, value any) error {
	return d.edit(field, func(doc *yamldoc.Document, path string) (*yamldoc.Document, error) { return doc.Set(path, value) })
}

func (d *draft) append(field string, item any) error {
	return d.edit(field, func(doc *yamldoc.Document, path string) (*yamldoc.Document, error) { return doc.Append(path, item) })
}

func (d *draft) delete(field string) error {
	return d.edit(field, func(doc *yamldoc.Document, path string) (*yamldoc.Document, error) { return doc.Delete(path) })
}

// value gives what a field holds now, nil for nothing.
func (d *draft) value(field string) any {
	best := source{}
	for _, s := range d.sources {
		if within(field, s.field) && (best.doc == nil || len(s.field) > len(best.field)) {
			best = s
		}
	}
	if best.doc == nil {
		return nil
	}
	return best.doc.At(strings.TrimPrefix(strings.TrimPrefix(field, best.field), "."))
}

func (d *draft) object(field string) map[string]any {
	object, _ := d.value(field).(map[string]any)
	return object
}

func (d *draft) list(field string) []any {
	list, _ := d.value(field).([]any)
	return list
}

func (d *draft) text(field string) string {
	text, _ := d.value(field).(string)
	return text
}

func (d *draft) note(format string, args ...any) {
	d.notes = append(d.notes, diag.Finding{Severity: diag.SeverityNote, Message: fmt.Sprintf(format, args...)})
}

func (d *draft) noteHint(hint, format string, args ...any) {
	d.note(format, args...)
	d.notes[len(d.notes)-1].Hint = hint
}

// position is where a field is now.
func (d *draft) position(field string) diag.Position {
	p := &Promise{File: d.p.File, sources: d.sources}
	return p.Position(field)
}

// AddContainer adds a container to the end of a Pipeline, and makes the
// Pipeline if the workflow does not have it. Every byte of the file that need
// not change stays. A second container of the same name is refused.
func (p *Promise) AddContainer(ref WorkflowRef, c api.Container) (Edit, error) {
	d := p.draft()
	if err := d.addContainer(ref, c); err != nil {
		return Edit{}, err
	}
	return d.edits()[0], nil
}

func (d *draft) addContainer(ref WorkflowRef, c api.Container) error {
	field, old, err := d.container(ref, c.Name)
	switch {
	case err != nil:
		return err
	case old >= 0:
		at := d.position(fmt.Sprintf("%s[%d].name", field, old))
		err := diag.Inputf("%s: the Pipeline %s has a container %q already", at, ref, c.Name)
		return diag.Hint(err, "choose another name with --name")
	case field == "":
		return d.append(ref.Field(), newPipeline(ref.Pipeline, c))
	}
	return d.append(field, c)
}

// putContainer adds a container, or gives the one of that name its image.
func (d *draft) putContainer(ref WorkflowRef, c api.Container) error {
	field, old, err := d.container(ref, c.Name)
	if err != nil {
		return err
	}
	if old < 0 {
		return d.addContainer(ref, c)
	}
	return d.set(fmt.Sprintf("%s[%d].image", field, old), c.Image)
}

// container looks for a container. Field is the list of containers of its
// Pipeline, "" if there is no such Pipeline; index is -1 if it has no such
// container.
func (d *draft) container(ref WorkflowRef, name string) (field string, index int, err error) {
	if err := ref.CheckID(d.p.Name); err != nil {
		return "", -1, err
	}
	i := d.p.find(ref)
	if i < 0 {
		return "", -1, nil
	}
	field = yamldoc.Index(ref.Field(), i)
	pipeline, found := d.p.pipeline(ref, i)
	if err := diag.Problems("", found); err != nil {
		return "", -1, err
	}
	field += ".spec.containers"
	return field, slices.IndexFunc(pipeline.Spec.Containers, func(c api.Container) bool { return c.Name == name }), nil
}

// newPipeline is a Pipeline with one container, in the order that people write.
func newPipeline(name string, c api.Container) yamldoc.Map {
	return yamldoc.Map{
		{Key: "apiVersion", Value: api.GroupVersion},
		{Key: "kind", Value: "Pipeline"},
		{Key: "metadata", Value: yamldoc.Map{{Key: "name", Value: name}}},
		{Key: "spec", Value: yamldoc.Map{{Key: "containers", Value: []api.Container{c}}}},
	}
}
