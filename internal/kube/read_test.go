// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/inspect"
)

func TestItemsAreReadInWhateverOrderFieldsCome(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]string{
		"metadata last":    `{"apiVersion":"v1","items":[{"a":1},{"a":2}],"kind":"List","metadata":{"continue":"next"}}`,
		"metadata first":   `{"metadata":{"continue":"next","resourceVersion":"7"},"items":[{"a":1},{"a":2}]}`,
		"unknown between":  `{"x":{"items":[3]},"items":[{"a":1},{"a":2}],"y":[[]],"metadata":{"continue":"next"}}`,
		"with white space": "{\n \"items\": [ {\"a\":1} ,\n{\"a\":2}\n ] , \"metadata\": {\"continue\": \"next\"} }\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			more, err := items(strings.NewReader(list), func(object []byte) error {
				got = append(got, string(object))
				return nil
			})
			if diff := cmp.Diff([]string{`{"a":1}`, `{"a":2}`}, got); diff != "" || more != "next" || err != nil {
				t.Errorf("continue %q, error %v, objects (-want +got):\n%s", more, err, diff)
			}
		})
	}
}

func TestEmptyListsHaveNoItems(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`{}`, `{"items":null}`, `{"items":[],"metadata":{}}`} {
		more, err := items(strings.NewReader(list), func([]byte) error { return errors.New("there is one") })
		if more != "" || err != nil {
			t.Errorf("%s: continue %q, error %v", list, more, err)
		}
	}
}

func TestBrokenListsAreErrors(t *testing.T) {
	t.Parallel()
	for _, list := range []string{``, `null`, `[]`, `{"items":[{"a":1}`, `{"items":[{"a":1},`, `{"items":{}}`, `{"items":[1]`, `{"items":"x"}`, `{"metadata":[]}`} {
		if _, err := items(strings.NewReader(list), func([]byte) error { return nil }); err == nil {
			t.Errorf("%q was read", list)
		}
	}
}

func TestAnErrorOfTheReaderEndsTheList(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	n := 0
	_, err := items(strings.NewReader(`{"items":[1,2,3]}`), func([]byte) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("error %v after %d objects", err, n)
	}
}

func TestRowsHaveTheirColumnsByName(t *testing.T) {
	t.Parallel()
	columns := `"columnDefinitions":[{"name":"Name","type":"string"},{"name":"STATUS","type":"string"},{"name":"Latest","type":"boolean"}]`
	cells := `"rows":[{"cells":["a","Ready",true],"object":{"metadata":{"name":"a","namespace":"n","labels":{"k":"v"},"managedFields":[{"manager":"m"}]}}},
		{"cells":["b",null],"object":{"metadata":{"name":"b"}}}]`
	for name, table := range map[string]string{
		"columns first": "{" + columns + "," + cells + "}",
		"rows first":    "{" + cells + "," + columns + "}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []inspect.Row
			if _, err := rows(strings.NewReader(table), func(r inspect.Row) error { got = append(got, r); return nil }); err != nil {
				t.Fatal(err)
			}
			names := []string{got[0].Meta.Name + " in " + got[0].Meta.Namespace + " " + got[0].Meta.Labels["k"], got[1].Meta.Name}
			if diff := cmp.Diff([]string{"a in n v", "b"}, names); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			want := []map[string]string{{"Name": "a", "STATUS": "Ready", "Latest": "true"}, {"Name": "b"}}
			if diff := cmp.Diff(want, []map[string]string{got[0].Columns, got[1].Columns}); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if got[0].Meta.ManagedFields != nil {
				t.Error("managedFields were kept, which are most of the metadata")
			}
		})
	}
}

// FuzzItems holds the reader of lists to what encoding/json makes of them.
func FuzzItems(f *testing.F) {
	f.Add(`{"items":[{"a":1},[],"x",null],"metadata":{"continue":"c"}}`)
	f.Add(`{"kind":"List","items":null}`)
	f.Add(`{"metadata":{"continue":"c"},"items":[1e400]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var got []string
		_, err := items(strings.NewReader(text), func(object []byte) error {
			got = append(got, string(object))
			return nil
		})
		if err != nil || strings.Count(text, "tems") > 1 || strings.Contains(text, `\u`) {
			return // a field that occurs twice is nobody's list
		}
		fields := map[string]json.RawMessage{}
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&fields); err != nil {
			t.Fatalf("it was read, and encoding/json says %v", err)
		}
		var want []json.RawMessage
		if list := fields["items"]; list != nil {
			if err := json.Unmarshal(list, &want); err != nil {
				t.Fatalf("items were read, and encoding/json says %v", err)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d items, want %d", len(got), len(want))
		}
	})
}
