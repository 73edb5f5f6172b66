// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
)

var _ inspect.Source = (*Snapshot)(nil)

// noKindError says that a snapshot knows nothing about a kind.
type noKindError struct{ resource inspect.Resource }

func (e *noKindError) Error() string { return "the snapshot has no " + e.resource.Plural }
func (e *noKindError) Unwrap() error { return inspect.ErrNoKind }

// objectsOf finds the objects of a resource, in whatever version they are. That
// a Promise has an API does not tell whether its requests were saved, too: one
// who has none and one who did not ask for them leave the same files.
func (s *Snapshot) objectsOf(r inspect.Resource) (*objects, error) {
	k, ok := s.kinds[kind{r.Group, r.Kind}]
	if !ok || len(k.byKey) == 0 {
		return nil, diag.Hint(&noKindError{r}, "save it with the others: kubectl get "+r.String()+" -A -o yaml")
	}
	return k, nil
}

// Get decodes one object. An object without namespace in its file is in none.
func (s *Snapshot) Get(ctx context.Context, r inspect.Resource, namespace, name string, into any) error {
	k, err := s.objectsOf(r)
	if err != nil {
		return err
	}
	if !r.Namespaced {
		namespace = ""
	}
	o, ok := k.byKey[namespace+"/"+name]
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{Group: r.Group, Resource: r.Plural}, name)
	}
	if err := json.Unmarshal(o.json, into); err != nil {
		field, message := inspect.Mistake(err)
		return diag.Problems("reading snapshot", []diag.Finding{{
			Severity: diag.SeverityError, Position: o.at, Field: strings.TrimSuffix(r.Kind+" "+name+": "+field, ": "), Message: message,
		}})
	}
	return ctx.Err()
}

// List gives the objects that a query selects, by namespace and name.
func (s *Snapshot) List(ctx context.Context, r inspect.Resource, q inspect.Query, each func(object []byte) error) error {
	return s.each(ctx, r, q, func(_ *objects, o *object) error { return each(o.json) })
}

// Rows is List for metadata and printed columns.
func (s *Snapshot) Rows(ctx context.Context, r inspect.Resource, q inspect.Query, each func(inspect.Row) error) error {
	return s.each(ctx, r, q, func(k *objects, o *object) error {
		return each(inspect.Row{Meta: *o.meta.DeepCopy(), Columns: k.print(o)})
	})
}

func (s *Snapshot) each(ctx context.Context, r inspect.Resource, q inspect.Query, do func(*objects, *object) error) error {
	k, err := s.objectsOf(r)
	if err != nil {
		return err
	}
	byLabel, err := labels.Parse(q.Labels)
	if err != nil {
		return diag.Inputf("label selector %q: %w", q.Labels, err)
	}
	byField, err := fields.ParseSelector(q.Fields)
	if err != nil {
		return diag.Inputf("field selector %q: %w", q.Fields, err)
	}
	for _, o := range k.sorted {
		if q.Namespace != "" && r.Namespaced && o.meta.Namespace != q.Namespace ||
			!byLabel.Matches(labels.Set(o.meta.Labels)) || !selected(byField, o) {
			continue
		}
		if err := do(k, o); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// selected applies a field selector. Any field may be asked for, also those
// that a server refuses to select by.
func selected(s fields.Selector, o *object) bool {
	if s.Empty() {
		return true
	}
	var value any
	if err := json.Unmarshal(o.json, &value); err != nil {
		return false
	}
	for _, r := range s.Requirements() {
		is := field(value, r.Field) == r.Value
		if is == (r.Operator == selection.NotEquals) {
			return false
		}
	}
	return true
}

// field gives the value at a dotted path as text, empty if there is none.
func field(value any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
