// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"slices"
	"strings"
)

// A Change says what became of something.
type Change string

// The changes, from expected to actual.
const (
	Added    Change = "added"    // not expected
	Removed  Change = "removed"  // expected, but did not come out
	Modified Change = "modified" // came out differently
	// Reordered lists hold what was expected in another order.
	Reordered Change = "reordered"
)

// A Field is one difference inside a document.
type Field struct {
	// Object is the document's, and Document its place in the file counted
	// from 1, if the file holds several.
	Object   *Object `json:"object,omitempty"`
	Document int     `json:"document,omitempty"`

	Path   string `json:"path"` // empty for the whole document
	Change Change `json:"change"`
	// Expected and Actual are values as encoding/json decodes them, numbers as
	// [encoding/json.Number]; nil on the side that has none.
	Expected any `json:"expected"`
	Actual   any `json:"actual"`

	brief string
}

// Summary gives the field on one line, with the end of a long path:
// "resources.limits.memory 512Mi -> 1Gi".
func (f Field) Summary() string {
	return strings.TrimSpace(shortPath(f.Path) + " " + f.brief)
}

// shortPath gives the last three steps of a path.
func shortPath(path string) string {
	steps, depth := []int{0}, 0
	for i, c := range path {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '.' && depth == 0:
			steps = append(steps, i+1)
		}
	}
	return path[steps[max(0, len(steps)-3)]:]
}

// A Hunk is a piece of a unified diff.
type Hunk struct {
	Object   *Object `json:"object,omitempty"`
	Document int     `json:"document,omitempty"`
	// At is where the lines stand: the path of their parent in a document, or
	// "-1,3 +1,4" in a text.
	At string `json:"at"`
	// Lines begin with "-" if expected, "+" if actual and " " if both.
	Lines []string `json:"lines"`
}

// A pair is a value on both sides, nil where there is none, and how it is
// called: step in a path, head in a line of YAML.
type pair struct {
	step, head       string
	expected, actual *value
}

func (p pair) change() Change {
	switch {
	case p.expected == nil:
		return Added
	case p.actual == nil:
		return Removed
	default:
		return Modified
	}
}

// bothHold reports whether both values are containers of one kind, so that
// their difference lies deeper.
func (p pair) bothHold() bool {
	return p.expected != nil && p.actual != nil &&
		p.expected.kind == p.actual.kind && !p.expected.isScalar()
}

func (p pair) field(path string) Field {
	f := Field{Path: path, Change: p.change(), Expected: p.expected.plain(), Actual: p.actual.plain()}
	switch f.Change {
	case Added:
		f.brief = "added: " + p.actual.brief()
	case Removed:
		f.brief = "removed: " + p.expected.brief()
	default:
		f.brief = p.expected.brief() + " -> " + p.actual.brief()
	}
	return f
}

// reordered is the difference of a list whose items are in another order.
func (p pair) reordered(path string) Field {
	f := p.field(path)
	f.Change, f.brief = Reordered, "order "+f.brief
	return f
}

// A differ collects the differences of one pair of documents.
type differ struct {
	fields []Field
	hunks  []Hunk
}

// document compares two documents, of which one may be missing.
func (d *differ) document(expected, actual *value) {
	whole := pair{expected: expected, actual: actual}
	if whole.bothHold() {
		d.container("", "", whole)
		return
	}
	if !equal(expected, actual) {
		d.fields = append(d.fields, whole.field(""))
		d.hunks = append(d.hunks, hunks("", whole.changedLines())...)
	}
}

// container compares two objects or two lists. Its direct differences are
// shown together; those that lie deeper, each in its own place. The name is
// the key under which the containers are kept.
func (d *differ) container(path, name string, p pair) {
	pairs, order := align(name, p)
	var lines []string
	if !equal(order.expected, order.actual) {
		d.fields = append(d.fields, order.reordered(path))
		lines = []string{"-" + flowValue(order.expected) + "   (order)", "+" + flowValue(order.actual) + "   (order)"}
	}
	for _, child := range pairs {
		switch {
		case equal(child.expected, child.actual), child.bothHold():
			lines = append(lines, child.contextLine())
		default:
			lines = append(lines, child.changedLines()...)
			d.fields = append(d.fields, child.field(join(path, child.step)))
		}
	}
	d.hunks = append(d.hunks, hunks(path, lines)...)
	for _, child := range pairs {
		if child.bothHold() && !equal(child.expected, child.actual) {
			d.container(join(path, child.step), child.key(), child)
		}
	}
}

// key is the field name of a child of an object, empty for an item.
func (p pair) key() string { return strings.TrimPrefix(p.step, ".") }

// align pairs the children of two containers of one kind. Of a list whose
// items have names, it also gives the order of those that both sides have.
func align(name string, p pair) (pairs []pair, order pair) {
	if p.expected.kind == object {
		return alignFields(p.expected, p.actual), pair{}
	}
	if key := itemKey(name, p.expected, p.actual); key != "" {
		return alignByKey(key, p.expected, p.actual),
			pair{expected: common(key, p.expected, p.actual), actual: common(key, p.actual, p.expected)}
	}
	return alignItems(p.expected, p.actual), pair{}
}

// alignFields pairs fields by name, in the order of the expected side; fields
// that are new follow the one they were written after.
func alignFields(expected, actual *value) []pair {
	keys := slices.Clone(expected.keys)
	at := 0
	for _, key := range actual.keys {
		if i := slices.Index(keys, key); i >= 0 {
			at = i + 1
			continue
		}
		keys = slices.Insert(keys, at, key)
		at++
	}
	pairs := make([]pair, len(keys))
	for i, key := range keys {
		pairs[i] = pair{keyStep(key), newText(key).lines()[0] + ":", expected.fields[key], actual.fields[key]}
	}
	return pairs
}

// itemKey gives the field that tells the items of a list apart, if both sides
// use it well; else "".
func itemKey(name string, lists ...*value) string {
	for _, key := range mergeKeys(name) {
		if !slices.ContainsFunc(lists, func(l *value) bool { return !identifies(key, l) }) {
			return key
		}
	}
	return ""
}

// mergeKeys gives the fields by which Kubernetes tells the items of a list
// apart when it merges them. Where its key has several fields, as that of
// ports, the one people speak of stands here.
func mergeKeys(name string) []string {
	switch name {
	case "containers", "initContainers", "ephemeralContainers", "env", "volumes",
		"imagePullSecrets", "secrets", "resourceClaims", "webhooks":
		return []string{"name"}
	case "volumeMounts":
		return []string{"mountPath"}
	case "volumeDevices":
		return []string{"devicePath"}
	case "ports":
		return []string{"containerPort", "port"}
	case "conditions":
		return []string{"type"}
	case "ownerReferences":
		return []string{"uid"}
	case "hostAliases":
		return []string{"ip"}
	case "topologySpreadConstraints":
		return []string{"topologyKey"}
	}
	return nil
}

// identifies reports whether every item of a list has the scalar field key,
// and no two have it alike.
func identifies(key string, l *value) bool {
	seen := map[string]bool{}
	for _, item := range l.items {
		id := item.field(key)
		if id == nil || !id.isScalar() || seen[id.text] {
			return false
		}
		seen[id.text] = true
	}
	return true
}

// alignByKey pairs items by the value of a field. Items without a partner that
// stand at the same place are taken for one that was renamed.
func alignByKey(key string, expected, actual *value) []pair {
	var pairs []pair
	places := map[string]int{} // of actual items, by key
	for i, item := range actual.items {
		places[item.field(key).text] = i
	}
	used := make([]bool, len(actual.items))
	for i, item := range expected.items {
		id := item.field(key).text
		p := pair{step: matchStep(key, id), head: "-", expected: item}
		if j, ok := places[id]; ok {
			p.actual, used[j] = actual.items[j], true
		} else if i < len(actual.items) && !keyed(key, actual.items[i], expected) {
			p.step, p.actual, used[i] = indexStep(i), actual.items[i], true
		}
		pairs = append(pairs, p)
	}
	for j, item := range actual.items {
		if !used[j] {
			pairs = append(pairs, pair{step: matchStep(key, item.field(key).text), head: "-", actual: item})
		}
	}
	return pairs
}

// keyed reports whether a list has an item with the same key as item.
func keyed(key string, item, in *value) bool {
	return slices.ContainsFunc(in.items, func(other *value) bool {
		return other.field(key).text == item.field(key).text
	})
}

// common lists the keys of the items of a that b has too.
func common(key string, a, b *value) *value {
	keys := &value{kind: list}
	for _, item := range a.items {
		if keyed(key, item, b) {
			keys.items = append(keys.items, item.field(key))
		}
	}
	return keys
}

// alignItems pairs the items of two lists by position, after leaving aside
// what both begin and end with: an item put in front is then one difference,
// not one for each item behind it.
func alignItems(expected, actual *value) []pair {
	e, a := expected.items, actual.items
	front := 0
	for front < len(e) && front < len(a) && equal(e[front], a[front]) {
		front++
	}
	back := 0
	for back < len(e)-front && back < len(a)-front && equal(e[len(e)-1-back], a[len(a)-1-back]) {
		back++
	}
	var pairs []pair
	for i := range front {
		pairs = append(pairs, pair{indexStep(i), "-", e[i], a[i]})
	}
	for i := front; i < max(len(e), len(a))-back; i++ {
		p := pair{step: indexStep(i), head: "-"}
		if i < len(e)-back {
			p.expected = e[i]
		}
		if i < len(a)-back {
			p.actual = a[i]
		}
		pairs = append(pairs, p)
	}
	for i := back; i > 0; i-- {
		pairs = append(pairs, pair{indexStep(len(e) - i), "-", e[len(e)-i], a[len(a)-i]})
	}
	return pairs
}
