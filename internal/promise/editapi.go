// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"cmp"
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

// An APIChange is a change to the API of a Promise. What is empty stays.
type APIChange struct {
	Group, Kind, Plural string
	// Version is the only one whose properties change. If the API has no such
	// version, and one other, that one is given this name.
	Version    string
	Properties []PropertyChange
}

const definitionField = "spec.api.spec"

// UpdateAPI changes the API of the Promise, and the requests that it comes with
// where they speak of its names: example-resource.yaml and each request.yaml
// below tests. Nothing is written yet.
func (p *Promise) UpdateAPI(c APIChange) (Update, error) {
	d := p.draft()
	if err := d.checkShape(); err != nil {
		return Update{}, err
	}
	before := d.names()
	versions, err := d.selectVersions(&c)
	if err != nil {
		return Update{}, err
	}
	if err := d.rename(c); err != nil {
		return Update{}, err
	}
	var problems []diag.Finding
	for _, property := range c.Properties {
		for _, i := range versions {
			err := d.property(i, property)
			if found := diag.Findings(err); found != nil {
				problems = append(problems, found...)
			} else if err != nil {
				return Update{}, err
			}
		}
	}
	if err := diag.Problems("", problems); err != nil {
		return Update{}, err
	}
	u, err := d.finish()
	if err != nil {
		return Update{}, err
	}
	requests, err := p.renameRequests(before, d.names())
	if err != nil {
		return Update{}, err
	}
	refused, err := p.newlyRefused(u.Edits, requests)
	u.Edits, u.Notes = append(u.Edits, requests...), append(u.Notes, refused...)
	return u, err
}

// newlyRefused finds what the edited API refuses in requests beside the Promise
// that the old one admits. They have to be changed by somebody who knows what
// they are to say.
func (p *Promise) newlyRefused(edits, requests []Edit) ([]diag.Finding, error) {
	if len(edits) == 0 {
		return nil, nil
	}
	after, err := p.With(edits)
	if err != nil {
		return nil, err
	}
	files, err := p.requests()
	if err != nil {
		return nil, err
	}
	var found []diag.Finding
	for _, file := range files {
		data, err := yamldoc.ReadFile(file)
		if err != nil || len(p.refusals(file, data)) > 0 {
			continue
		}
		if i := slices.IndexFunc(requests, func(e Edit) bool { return e.File == file }); i >= 0 {
			data = requests[i].Data
		}
		found = append(found, after.refusals(file, data)...)
	}
	return found, nil
}

// refusals are what the API of the Promise refuses in a request, or why it
// cannot be known.
func (p *Promise) refusals(file string, data []byte) []diag.Finding {
	crd, err := p.CRD()
	if err != nil {
		return []diag.Finding{{Message: err.Error()}}
	}
	docs, err := yamldoc.Parse(file, data)
	if err != nil {
		return []diag.Finding{{Message: err.Error()}}
	}
	doc := docs[requestDocument(docs, crd.Kind)]
	object, _ := doc.Value().(map[string]any)
	if object == nil {
		return []diag.Finding{{Message: "no object"}}
	}
	_, err = newRequest(doc, object, crd)
	found := slices.Clone(diag.Findings(err))
	for i := range found {
		found[i].Severity = diag.SeverityWarning
	}
	return found
}

// checkShape says what is missing for an API to be edited.
func (d *draft) checkShape() error {
	at := d.position("spec.api")
	switch {
	case !d.p.HasAPI():
		err := diag.Inputf("%s: the Promise has no API to update", at)
		return diag.Hint(err, "kratix init promise writes an API to start from")
	case len(d.list(definitionField+".versions")) == 0:
		err := diag.Inputf("%s: the API has no versions", d.position(definitionField+".versions"))
		return diag.Hint(err, "kratix init promise writes an API to start from")
	}
	for i := range d.list(definitionField + ".versions") {
		if d.object(versionField(i)) == nil {
			return diag.Inputf("%s: want an object", d.position(versionField(i)))
		}
	}
	return nil
}

func versionField(i int) string { return fmt.Sprintf("%s.versions[%d]", definitionField, i) }

// apiNames are the names of an API that requests use.
type apiNames struct {
	Group, Kind string
	versions    []string
}

func (d *draft) names() apiNames {
	n := apiNames{Group: d.text(definitionField + ".group"), Kind: d.text(definitionField + ".names.kind")}
	for i := range d.list(definitionField + ".versions") {
		n.versions = append(n.versions, d.text(versionField(i)+".name"))
	}
	return n
}

// selectVersions gives the versions whose properties change. The change keeps
// its Version only if that is a new name.
func (d *draft) selectVersions(c *APIChange) ([]int, error) {
	names := d.names().versions
	if i := slices.Index(names, c.Version); i >= 0 {
		c.Version = ""
		return []int{i}, nil
	}
	if c.Version != "" && len(names) > 1 {
		err := diag.NotFoundf("the API has no version %q", c.Version)
		return nil, diag.Hint(err, cmp.Or(diag.DidYouMean(c.Version, names), "its versions are "+strings.Join(names, ", ")))
	}
	var all []int
	for i := range names {
		all = append(all, i)
	}
	return all, nil
}

// rename gives the API other names, and carries them wherever the definition
// repeats them.
func (d *draft) rename(c APIChange) error {
	before := d.names()
	var steps []step
	if c.Group != "" {
		steps = append(steps, step{definitionField + ".group", c.Group})
	}
	if c.Kind != "" {
		steps = append(steps, step{definitionField + ".names.kind", c.Kind}, step{definitionField + ".names.singular", strings.ToLower(c.Kind)})
		if d.text(definitionField+".names.listKind") == before.Kind+"List" {
			steps = append(steps, step{definitionField + ".names.listKind", c.Kind + "List"})
		}
	}
	if c.Plural != "" {
		steps = append(steps, step{definitionField + ".names.plural", c.Plural})
	}
	if c.Version != "" {
		steps = append(steps, step{versionField(0) + ".name", c.Version})
	}
	if err := d.take(steps); err != nil || len(steps) == 0 {
		return err
	}
	plural, group := d.text(definitionField+".names.plural"), d.text(definitionField+".group")
	if err := d.take(append(d.pinned(before), step{"spec.api.metadata.name", plural + "." + group})); err != nil {
		return err
	}
	if c.Kind != "" || c.Plural != "" || c.Group != "" {
		d.note("Kratix refuses other names for an API that is installed; a platform that has this Promise needs it under another name")
	}
	return nil
}

// A step sets a field.
type step struct {
	field string
	value any
}

// take sets fields that have another value.
func (d *draft) take(steps []step) error {
	for _, s := range steps {
		if d.value(s.field) == s.value {
			continue
		}
		if err := d.set(s.field, s.value); err != nil {
			return err
		}
	}
	return nil
}

// pinned are the fields of schemas that allow one kind and one apiVersion only,
// the old ones, as generated definitions do.
func (d *draft) pinned(before apiNames) []step {
	after := d.names()
	var steps []step
	for i, old := range before.versions {
		root := versionField(i) + ".schema.openAPIV3Schema.properties."
		for field, change := range map[string][2]string{
			"apiVersion": {before.Group + "/" + old, after.Group + "/" + after.versions[i]},
			"kind":       {before.Kind, after.Kind},
		} {
			if enum := d.list(root + field + ".enum"); len(enum) == 1 && enum[0] == change[0] {
				steps = append(steps, step{root + field + ".enum[0]", change[1]})
			}
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.field, b.field) })
	return steps
}

// renameRequests carries new names of the API into the requests beside the
// Promise.
func (p *Promise) renameRequests(before, after apiNames) ([]Edit, error) {
	if before.Kind == after.Kind && before.Group == after.Group && slices.Equal(before.versions, after.versions) {
		return nil, nil
	}
	files, err := p.requests()
	if err != nil {
		return nil, err
	}
	var edits []Edit
	for _, file := range files {
		docs, err := readDocuments(file)
		if err != nil {
			return nil, fmt.Errorf("carrying the names into %s: %w", file, err)
		}
		edited, err := renameRequest(docs, before, after)
		if err != nil {
			return nil, err
		}
		if edited != nil {
			edits = append(edits, Edit{File: file, Data: edited.Bytes(), Before: docs[0].Bytes()})
		}
	}
	return edits, nil
}

// exampleFiles are the names of the request that a Promise comes with: as
// scaffolds write it, and as public catalogues do.
var exampleFiles = []string{"example-resource.yaml", "resource-request.yaml"}

// Example is the file with the request that the Promise comes with. It is what
// scaffolds write, which may not exist, unless there is one with the name that
// public catalogues use.
func (p *Promise) Example() string {
	for _, name := range exampleFiles {
		if file := filepath.Join(p.Dir, name); isFile(file) {
			return file
		}
	}
	return filepath.Join(p.Dir, exampleFiles[0])
}

// requests lists the files beside the Promise that hold requests.
func (p *Promise) requests() ([]string, error) {
	var files []string
	for _, name := range exampleFiles {
		if example := filepath.Join(p.Dir, name); isFile(example) {
			files = append(files, example)
		}
	}
	err := filepath.WalkDir(filepath.Join(p.Dir, "tests"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil && os.IsNotExist(err) {
			return fs.SkipDir
		}
		if err == nil && entry.Name() == "request.yaml" && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	return files, diag.Machine(err)
}

// renameRequest changes the documents of a file that are requests; nil if there
// are none.
func renameRequest(docs []*yamldoc.Document, before, after apiNames) (*yamldoc.Document, error) {
	var edited *yamldoc.Document
	for i := range docs {
		doc := docs[i]
		if edited != nil {
			doc = edited.Siblings()[i]
		}
		group, version, _ := strings.Cut(textAt(doc, "apiVersion"), "/")
		if group != before.Group || textAt(doc, "kind") != before.Kind {
			continue
		}
		if v := slices.Index(before.versions, version); v >= 0 {
			version = after.versions[v]
		}
		changed, err := doc.Set("apiVersion", after.Group+"/"+version)
		if err == nil {
			changed, err = changed.Set("kind", after.Kind)
		}
		if err != nil {
			return nil, err
		}
		edited = changed
	}
	return edited, nil
}

func textAt(doc *yamldoc.Document, field string) string {
	text, _ := doc.At(field).(string)
	return text
}

// SetDependencies replaces the dependencies of the Promise. What is in both
// lists keeps its lines.
func (p *Promise) SetDependencies(objects []any) (Update, error) {
	d := p.draft()
	if err := d.setDependencies(objects); err != nil {
		return Update{}, err
	}
	return d.finish()
}

func (d *draft) setDependencies(objects []any) error {
	d.noteGone(objects)
	if len(objects) == 0 && d.value(dependenciesField) == nil {
		return nil
	}
	if len(objects) == 0 && !d.p.Split {
		return d.delete(dependenciesField)
	}
	return d.set(dependenciesField, objects)
}

// noteGone tells which dependencies are no longer there.
func (d *draft) noteGone(objects []any) {
	var stay []string
	for _, object := range objects {
		stay = append(stay, objectName(object))
	}
	var gone []string
	for _, object := range d.list(dependenciesField) {
		if name := objectName(object); !slices.Contains(stay, name) {
			gone = append(gone, name)
		}
	}
	if len(gone) > 0 {
		d.note("no longer among the dependencies: %s", strings.Join(gone, ", "))
	}
}

// objectName is how people speak of an object: Deployment team-a/shop.
func objectName(object any) string {
	kind, namespace, name := "", "", ""
	switch o := object.(type) {
	case map[string]any:
		metadata, _ := o["metadata"].(map[string]any)
		kind, _ = o["kind"].(string)
		namespace, _ = metadata["namespace"].(string)
		name, _ = metadata["name"].(string)
	case yamldoc.Map:
		metadata, _ := o.Get("metadata").(yamldoc.Map)
		kind, _ = o.Get("kind").(string)
		namespace, _ = metadata.Get("namespace").(string)
		name, _ = metadata.Get("name").(string)
	}
	if namespace != "" {
		name = namespace + "/" + name
	}
	return kind + " " + name
}

// MoveDependencies gives the delivery of dependencies to a container of the
// Promise's own workflow: the container is added, or given the image, and the
// list of dependencies becomes empty.
func (p *Promise) MoveDependencies(ref WorkflowRef, c api.Container) (Update, error) {
	d := p.draft()
	if err := d.putContainer(ref, c); err != nil {
		return Update{}, err
	}
	if err := d.setDependencies(nil); err != nil {
		return Update{}, err
	}
	d.notes = nil // they are not gone
	return d.finish()
}
