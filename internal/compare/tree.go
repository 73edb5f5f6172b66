// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A FileDiff is a file that differs.
type FileDiff struct {
	Where
	Path   string `json:"path"` // below its area, with slashes
	Change Change `json:"change"`
	// ByStep is the container that last wrote the file, where it is known.
	ByStep string `json:"byStep,omitempty"`
	// Object is what the file describes, if it is one Kubernetes object.
	Object *Object `json:"object,omitempty"`
	// Fields are the differences of a modified file that was compared by
	// meaning; never nil.
	Fields []Field `json:"fields"`
	// Hunks show a modified file as a unified diff; none for a binary file.
	Hunks []Hunk `json:"hunks,omitempty"`
	// Sizes are in bytes, 0 where there is no file.
	ExpectedSize int64 `json:"expectedSize"`
	ActualSize   int64 `json:"actualSize"`
	Binary       bool  `json:"binary,omitempty"`
	// Note says what else there is to know: that YAML could not be read, or
	// that a link leads nowhere.
	Note string `json:"note,omitempty"`
}

// Name is the file's path below expected/.
func (d FileDiff) Name() string {
	if d.Area == AreaExpected {
		return d.Path
	}
	names := d.names(d.Path)
	return names[len(names)-1]
}

// Summary says on one line what is different.
func (d FileDiff) Summary() string {
	switch {
	case d.Change == Added:
		return diag.Size(d.ActualSize)
	case d.Change == Removed:
		return diag.Size(d.ExpectedSize)
	case len(d.Fields) == 1:
		return "1 field: " + d.Fields[0].Summary()
	case len(d.Fields) > 1:
		return fmt.Sprintf("%d fields: %s, ...", len(d.Fields), d.Fields[0].Summary())
	default:
		return diag.Size(d.ExpectedSize) + " -> " + diag.Size(d.ActualSize)
	}
}

// Trees compares two trees of files, of which either may be nil for none, and
// lists the files that differ in order of their paths. Links are followed, as
// Kratix' work-creator follows them (ae170e22); one that cannot be is a
// difference in itself. An error means that a tree could not be read.
func Trees(where Where, expected, actual fs.FS, rules Rules) ([]FileDiff, error) {
	want, err := readTree(expected)
	if err != nil {
		return nil, err
	}
	got, err := readTree(actual)
	if err != nil {
		return nil, err
	}
	var diffs []FileDiff
	for _, path := range union(want, got) {
		names := where.names(path)
		e, expected := want[path]
		a, actual := got[path]
		if !expected && rules.isPartial(names) {
			continue
		}
		d := FileDiff{
			Where: where, Path: path, Fields: []Field{}, Note: a.problem,
			ExpectedSize: int64(len(e.data)), ActualSize: int64(len(a.data)),
		}
		switch {
		case !expected:
			d.Change = Added
			d.describe(rules, names, a)
		case !actual:
			d.Change = Removed
			d.describe(rules, names, e)
		case !d.modified(rules, names, e, a):
			continue
		}
		diffs = append(diffs, d)
	}
	return diffs, nil
}

// Same reports whether two files of the same name mean the same.
func Same(where Where, path string, expected, actual []byte, rules Rules) bool {
	var d FileDiff
	return !d.modified(rules, where.names(path), file{data: expected}, file{data: actual})
}

// union lists the keys of both maps, sorted.
func union[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// A file is what a tree holds under some path.
type file struct {
	data    []byte
	problem string // why it cannot be read as a file
}

// readTree reads all files of a tree. A tree that does not exist has none.
func readTree(tree fs.FS) (map[string]file, error) {
	files := map[string]file{}
	if tree == nil {
		return files, nil
	}
	err := fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case path == "." && errors.Is(err, fs.ErrNotExist):
			return fs.SkipAll
		case err != nil:
			return err
		case entry.IsDir():
			return nil
		}
		files[path], err = readFile(tree, path, entry)
		return err
	})
	return files, err
}

// followed tells what kind of file a link leads to, if it leads anywhere.
func followed(tree fs.FS, path string) (fs.FileMode, bool) {
	info, err := fs.Stat(tree, path)
	if err != nil {
		return 0, false
	}
	return info.Mode().Type(), true
}

func readFile(tree fs.FS, path string, entry fs.DirEntry) (file, error) {
	mode := entry.Type()
	if mode&fs.ModeSymlink != 0 {
		target, ok := followed(tree, path)
		if !ok {
			return file{problem: "a link that leads nowhere: Kratix' work-writer fails on it"}, nil
		}
		mode = target
	}
	switch {
	case mode.IsDir():
		return file{problem: "a link to a directory: Kratix' work-writer fails on it"}, nil
	case !mode.IsRegular():
		return file{problem: "not a regular file (" + mode.String() + ")"}, nil
	}
	data, err := fs.ReadFile(tree, path)
	return file{data: data}, err
}

// describe says what a file is that stands on one side only.
func (d *FileDiff) describe(rules Rules, names []string, f file) {
	d.Binary = isBinary(f.data)
	if rules.mode(names) != ByMeaning {
		return
	}
	if docs, err := rules.read(names, f.data); err == nil && len(docs) == 1 {
		d.Object = objectOf(docs[0])
	}
}

// modified compares a file that both sides have and tells whether it differs.
func (d *FileDiff) modified(rules Rules, names []string, e, a file) bool {
	d.Change = Modified
	if a.problem != "" || e.problem != "" {
		d.Note = cmp.Or(a.problem, "expected is "+e.problem)
		return true
	}
	if bytes.Equal(e.data, a.data) {
		return false
	}
	if rules.mode(names) == ByMeaning {
		want, wantErr := rules.read(names, e.data)
		got, gotErr := rules.read(names, a.data)
		if wantErr == nil && gotErr == nil {
			return d.documents(want, got)
		}
		d.Note = unreadable(wantErr, gotErr)
	}
	return d.bytes(rules.redactBytes(names, e.data), rules.redactBytes(names, a.data))
}

// unreadable says which side could not be read.
func unreadable(expected, actual error) string {
	if actual != nil {
		return "compared by bytes: " + actual.Error()
	}
	return "compared by bytes: expected: " + expected.Error()
}

func (d *FileDiff) bytes(e, a []byte) bool {
	if bytes.Equal(e, a) {
		return false
	}
	d.Binary = isBinary(e) || isBinary(a)
	if !d.Binary {
		d.Hunks = textHunks(e, a)
	}
	return true
}

func isBinary(data []byte) bool { return bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) }

// documents compares the documents of a file by meaning.
func (d *FileDiff) documents(expected, actual []*value) bool {
	pairs := alignDocuments(expected, actual)
	for _, p := range pairs {
		object := objectOf(p.expected)
		if object == nil {
			object = objectOf(p.actual)
		}
		if len(pairs) == 1 {
			d.Object = object
		}
		var doc differ
		doc.document(p.expected, p.actual)
		if len(pairs) > 1 {
			doc.label(object, p.place)
		}
		d.Fields = append(d.Fields, doc.fields...)
		d.Hunks = append(d.Hunks, doc.hunks...)
	}
	return len(d.Fields) > 0
}

// label says of which document the differences are.
func (d *differ) label(object *Object, document int) {
	for i := range d.fields {
		d.fields[i].Object, d.fields[i].Document = object, document
	}
	for i := range d.hunks {
		d.hunks[i].Object, d.hunks[i].Document = object, document
	}
}

// A documentPair is a document on both sides, nil where there is none, and its
// place in the file it was expected in, counted from 1.
type documentPair struct {
	expected, actual *value
	place            int
}

// alignDocuments pairs documents that are the same object, whatever their
// order; then what is left: objects that share a kind or a name, which were
// likely renamed, and at last documents at the same place in their file.
func alignDocuments(expected, actual []*value) []documentPair {
	var pairs []documentPair
	for i, doc := range expected {
		pairs = append(pairs, documentPair{expected: doc, place: i + 1})
	}
	left := slices.Clone(actual)
	for _, fit := range []func(i, j int) bool{
		func(i, j int) bool { return sameObject(expected[i], actual[j]) },
		func(i, j int) bool { return alike(expected[i], actual[j]) },
		func(i, j int) bool { return i == j },
	} {
		for i := range pairs {
			for j := range left {
				if pairs[i].actual == nil && left[j] != nil && fit(i, j) {
					pairs[i].actual, left[j] = left[j], nil
				}
			}
		}
	}
	for j, doc := range left {
		if doc != nil {
			pairs = append(pairs, documentPair{actual: doc, place: j + 1})
		}
	}
	return pairs
}

func sameObject(a, b *value) bool {
	x, y := objectOf(a), objectOf(b)
	return x != nil && y != nil && *x == *y
}

// alike reports whether two documents are objects with a common kind or name,
// or both no objects at all.
func alike(a, b *value) bool {
	x, y := objectOf(a), objectOf(b)
	if x == nil || y == nil {
		return x == y
	}
	return x.Kind == y.Kind || x.Namespace == y.Namespace && x.Name == y.Name
}
