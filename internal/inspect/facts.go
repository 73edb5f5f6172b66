// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// facts read from a Source for one report, and remember what could not be
// read. They are safe for concurrent use.
type facts struct {
	source Source

	mu      sync.Mutex
	unknown []Unknown
}

func (in *Inspector) facts() *facts { return &facts{source: in.source} }

// missing says whether an error means that something may not be read or does
// not exist as a kind, which the report then tells.
func (f *facts) missing(err error, u Unknown) bool {
	switch {
	case apierrors.IsForbidden(err):
		u.Reason = "forbidden"
		u.Text = fmt.Sprintf("unknown (forbidden: %s %s%s)", u.Verb, u.Resource, inNamespace(u.Namespace))
	case errors.Is(err, ErrNoKind):
		u.Reason = "no such kind"
		u.Text = fmt.Sprintf("unknown (%s: %v)", u.Resource, err)
	default:
		return false
	}
	f.add(u)
	return true
}

func (f *facts) add(unknown ...Unknown) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unknown = append(f.unknown, unknown...)
}

// addForbidden adds what may not be read, and leaves out kinds that do not
// exist.
func (f *facts) addForbidden(unknown []Unknown) {
	for _, u := range unknown {
		if u.Reason == "forbidden" {
			f.add(u)
		}
	}
}

func inNamespace(namespace string) string {
	if namespace == "" {
		return ""
	}
	return " in namespace " + namespace
}

// told gives what could not be read, each once.
func (f *facts) told() []Unknown {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := slices.Clone(f.unknown)
	slices.SortFunc(told, func(a, b Unknown) int {
		return cmp.Or(strings.Compare(a.Resource, b.Resource), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), strings.Compare(a.Verb, b.Verb))
	})
	return append([]Unknown{}, slices.Compact(told)...)
}

// list decodes all objects that a query selects. Known is false if they may
// not be read, which is then told in the report.
func list[T any](ctx context.Context, f *facts, r Resource, q Query) (objects []T, known bool, err error) {
	err = f.source.List(ctx, r, q, func(text []byte) error {
		object, err := decode[T](r, text)
		if err == nil {
			objects = append(objects, object)
		}
		return err
	})
	if err != nil && f.missing(err, Unknown{Verb: "list", Resource: r.String(), Namespace: q.Namespace}) {
		return nil, false, nil
	}
	return objects, err == nil, err
}

// decode reads one object, and names it where it cannot.
func decode[T any](r Resource, text []byte) (T, error) {
	var object T
	err := json.Unmarshal(text, &object)
	if err != nil {
		var named struct {
			Metadata struct{ Namespace, Name string }
		}
		_ = json.Unmarshal(text, &named) // its name is better than none
		field, message := Mistake(err)
		err = diag.Inputf("decoding %s %s: %s%s", r.Kind, path(named.Metadata.Namespace, named.Metadata.Name), before(field), message)
	}
	return object, err
}

// before sets a field before what is said of it.
func before(field string) string {
	if field == "" {
		return ""
	}
	return field + ": "
}

// Mistake tells a decoding error in words for people who do not write Go, and
// which field it speaks of, empty if it does not say.
func Mistake(err error) (field, message string) {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return "", err.Error()
	}
	found := cmp.Or(map[string]string{"array": "a list", "object": "a map", "bool": "true or false", "string": "text"}[wrong.Value], "a "+wrong.Value)
	wanted := map[reflect.Kind]string{reflect.String: "text", reflect.Slice: "a list", reflect.Map: "a map", reflect.Struct: "a map", reflect.Bool: "true or false"}[wrong.Type.Kind()]
	return wrong.Field, fmt.Sprintf("%s, where %s is expected", found, cmp.Or(wanted, "a number"))
}

// rows is list for metadata and columns.
func (f *facts) rows(ctx context.Context, r Resource, q Query) (rows []Row, known bool, err error) {
	err = f.source.Rows(ctx, r, q, func(row Row) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil && f.missing(err, Unknown{Verb: "list", Resource: r.String(), Namespace: q.Namespace}) {
		return nil, false, nil
	}
	return rows, err == nil, err
}

// installed makes an error of a kind that all depends on understandable.
func installed(err error, r Resource) error {
	if !errors.Is(err, ErrNoKind) {
		return err
	}
	err = fmt.Errorf("reading %s: %w", r.Plural, err)
	if len(diag.Hints(err)) > 0 { // a snapshot knows better
		return diag.NotFound(err)
	}
	if r.Group != api.Group {
		return diag.Hint(diag.Machine(err), "is its Promise available? kubectl get crd "+r.String())
	}
	return diag.Hint(diag.Machine(err), "is Kratix installed? kubectl get crd "+r.String())
}

// get reads the object that a question is about. If there is none, the error
// has the class [diag.NotFound] and names what may have been meant.
func (f *facts) get(ctx context.Context, r Resource, namespace, name string, into any) error {
	err := f.source.Get(ctx, r, namespace, name, into)
	if !apierrors.IsNotFound(err) {
		return installed(err, r)
	}
	err = diag.NotFoundf("there is no %s %q%s", r.Kind, name, inNamespace(namespace))
	return diag.Hint(err, f.nearest(ctx, r, namespace, name))
}

// nearest proposes an object: one of just that name elsewhere, else one of
// nearly that name, else all there are.
func (f *facts) nearest(ctx context.Context, r Resource, namespace, name string) string {
	var here, elsewhere []string
	err := f.source.Rows(ctx, r, Query{Namespace: namespace}, func(row Row) error {
		here = append(here, row.Meta.Name)
		return nil
	})
	if err != nil {
		return ""
	}
	if r.Namespaced {
		// Whoever may not look into other namespaces gets no such hint.
		_ = f.source.Rows(ctx, r, Query{Fields: "metadata.name=" + name}, func(row Row) error {
			if row.Meta.Namespace != "" { // as in a file that is no cluster's
				elsewhere = append(elsewhere, row.Meta.Namespace)
			}
			return nil
		})
	}
	near := diag.DidYouMean(name, here)
	switch {
	case len(elsewhere) == 0 && near != "":
		return near
	case len(elsewhere) > 0:
		return fmt.Sprintf("there is one in namespace %s: -n %s", strings.Join(elsewhere, ", "), elsewhere[0])
	case len(here) == 0:
		return fmt.Sprintf("there are no %s%s", r.Plural, inNamespace(namespace))
	default:
		return "there are: " + shorten(here)
	}
}

// shorten joins names, the first ten of them.
func shorten(names []string) string {
	const most = 10
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// path gives namespace/name, or the name of what has no namespace.
func path(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

func compareNames(namespaceA, a, namespaceB, b string) int {
	return cmp.Or(strings.Compare(namespaceA, namespaceB), strings.Compare(a, b))
}
