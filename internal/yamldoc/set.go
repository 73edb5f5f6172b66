// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// set turns what a path leads to into an ordered value, one difference after
// the other.
func (d *Document) set(segments []string, value any) (*Document, error) {
	old, ok := lookup(d.value, segments)
	want, err := generic(value)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", joined(segments), err)
	case !ok && len(segments) > 0:
		last := len(segments) - 1
		return d.addAt(segments[:last], segments[last], value)
	case ok && reflect.DeepEqual(old, want):
		return d, nil
	}
	switch v := value.(type) {
	case Map:
		if old, ok := old.(map[string]any); ok && related(old, v) {
			return d.setMap(segments, old, v)
		}
	case []any:
		if old, ok := old.([]any); ok && len(old) > 0 && len(v) > 0 {
			return d.setList(segments, old, v)
		}
	}
	if d.root == nil {
		return d.fillDocument(segments, value)
	}
	return d.replaceValue(segments, value)
}

// fillDocument gives a document of comments its content.
func (d *Document) fillDocument(segments []string, value any) (*Document, error) {
	return d.apply(edit{
		segments: segments,
		change:   func(any) (any, error) { return value, nil },
		ways:     []func() ([]byte, bool){func() ([]byte, bool) { return d.splice(segments, value) }},
	})
}

// addAt adds a key, or an item behind the last.
func (d *Document) addAt(segments []string, name string, value any) (*Document, error) {
	if list, ok := valueAt(d.value, segments).([]any); ok {
		if i, err := strconv.Atoi(name); err != nil || i != len(list) {
			return d.insert(segments, len(list)+1, []any{value})
		}
		return d.insert(segments, -1, []any{value})
	}
	return d.add(segments, name, value)
}

// lookup is valueAt that tells null from nothing.
func lookup(value any, segments []string) (any, bool) {
	if len(segments) == 0 {
		return value, true
	}
	last := len(segments) - 1
	switch parent := valueAt(value, segments[:last]).(type) {
	case map[string]any:
		inner, ok := parent[segments[last]]
		return inner, ok
	case []any:
		i, err := strconv.Atoi(segments[last])
		if err != nil || i < 0 || i >= len(parent) {
			return nil, false
		}
		return parent[i], true
	}
	return nil, false
}

// related says that two mappings are versions of one thing: they have a key in
// common.
func related(old map[string]any, m Map) bool {
	return slices.ContainsFunc(m, func(e Entry) bool { _, ok := old[e.Key]; return ok })
}

func (d *Document) setMap(segments []string, old map[string]any, m Map) (*Document, error) {
	edited := d
	var err error
	keep := map[string]bool{}
	for _, e := range m {
		keep[e.Key] = true
		if edited, err = edited.set(below(segments, e.Key), e.Value); err != nil {
			return nil, err
		}
	}
	for _, key := range sortedKeys(old) {
		if keep[key] {
			continue
		}
		if edited, err = edited.remove(below(segments, key)); err != nil {
			return nil, err
		}
	}
	return edited, nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func below(segments []string, name string) []string {
	return append(slices.Clone(segments), name)
}

// setList keeps the items that are in both lists, in order, and between them
// changes, inserts and removes.
func (d *Document) setList(segments []string, old, items []any) (*Document, error) {
	edited := d
	var err error
	runs := align(texts(old), texts(items))
	if r := runs[0]; r.from == 0 && r.to == len(old) && r.newTo-r.newFrom == len(items) && !alikeItems(old, items) {
		return d.replaceValue(segments, items) // nothing of the old list is left
	}
	for _, r := range slices.Backward(runs) { // from the end, so that indexes stay true
		gone, come := old[r.from:r.to], items[r.newFrom:r.newTo]
		for len(gone) > 0 && len(come) > 0 && alikeItems(gone[len(gone)-1:], come[len(come)-1:]) {
			last := len(gone) - 1
			path := below(segments, strconv.Itoa(r.from+last))
			if edited, err = edited.set(path, come[len(come)-1]); err != nil {
				return nil, err
			}
			gone, come = gone[:last], come[:len(come)-1]
		}
		if len(come) > 0 {
			if edited, err = edited.insert(segments, r.from+len(gone), come); err != nil {
				return nil, err
			}
		}
		for i := range slices.Backward(gone) {
			if edited, err = edited.remove(below(segments, strconv.Itoa(r.from+i))); err != nil {
				return nil, err
			}
		}
	}
	return edited, nil
}

// alikeItems says that the first items of two lists are versions of one thing:
// scalars, or objects that are called the same.
func alikeItems(old, items []any) bool {
	was, isMap := old[0].(map[string]any)
	is, err := generic(items[0])
	now, alsoMap := is.(map[string]any)
	if err != nil || isMap != alsoMap {
		return false
	}
	if !isMap {
		_, list := old[0].([]any)
		_, alsoList := is.([]any)
		return list == alsoList
	}
	return identity(was) == identity(now)
}

// identity is what an object is called.
func identity(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	return fmt.Sprint(object["apiVersion"], object["kind"], metadata["namespace"], metadata["name"], object["name"])
}

func texts(items []any) []string {
	var all []string
	for _, item := range items {
		value, err := generic(item)
		text, jsonErr := json.Marshal(value)
		if err != nil || jsonErr != nil {
			text = fmt.Appendf(nil, "%v", item)
		}
		all = append(all, string(text))
	}
	return all
}

// A run is where two lists differ: from and to in the old one, newFrom and
// newTo in the new one.
type run struct{ from, to, newFrom, newTo int }

// align finds the runs between the items of a longest common subsequence.
func align(old, items []string) []run {
	length := make([][]int, len(old)+1)
	for i := range length {
		length[i] = make([]int, len(items)+1)
	}
	for i, was := range slices.Backward(old) {
		for j, is := range slices.Backward(items) {
			if was == is {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var runs []run
	open := run{}
	i, j := 0, 0
	flush := func() {
		if open.from < i || open.newFrom < j {
			open.to, open.newTo = i, j
			runs = append(runs, open)
		}
	}
	for i < len(old) && j < len(items) {
		switch {
		case old[i] == items[j]:
			flush()
			i, j = i+1, j+1
			open = run{from: i, newFrom: j}
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	i, j = len(old), len(items)
	flush()
	return runs
}
