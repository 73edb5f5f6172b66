// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"io"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// Load reads a platform from files, directories and, for the path "-", from
// stdin. Files hold one or more YAML or JSON documents, also Lists; of
// directories all .yaml, .yml and .json files are read, also below. Objects of
// other kinds are passed over. What Kratix would refuse is one input error that
// lists everything.
func Load(stdin io.Reader, paths ...string) (*Platform, error) {
	objects, err := read(stdin, paths)
	if err != nil {
		return nil, err
	}
	l := loader{platform: &Platform{}, seen: map[string]*object{}, paths: map[string]*object{}, places: map[string]*object{}}
	for i := range objects {
		l.add(&objects[i])
	}
	l.platform.Complete()
	l.checkStores(objects)
	if err := diag.Problems(loading, l.errors); err != nil {
		return nil, err
	}
	return l.platform, nil
}

// A loader collects objects and what is wrong with them.
type loader struct {
	platform *Platform
	errors   []diag.Finding
	seen     map[string]*object // by kind, namespace and name
	paths    map[string]*object // Destinations by store and path
	places   map[string]*object // stores by what they write to
}

func (l *loader) add(o *object) {
	switch o.kind {
	case "Destination":
		load(l, o, &l.platform.Destinations, l.checkDestination)
	case api.KindGitStateStore:
		load(l, o, &l.platform.GitStores, l.checkGitStore)
	case api.KindBucketStateStore:
		load(l, o, &l.platform.BucketStores, l.checkBucketStore)
	case "Work":
		load(l, o, &l.platform.Works, func(o *object, w *api.Work) { l.checkIdentity(o, w.Namespace) })
	case "WorkPlacement":
		load(l, o, &l.platform.WorkPlacements, func(o *object, w *api.WorkPlacement) { l.checkIdentity(o, w.Namespace) })
	}
}

// load decodes an object, checks it and appends it to its kind.
func load[T any](l *loader, o *object, to *[]T, check func(*object, *T)) {
	var value T
	unknown, err := kjson.UnmarshalStrict(o.json, &value)
	if err != nil {
		field, message := typeMistake(err)
		hint := ""
		if strings.HasSuffix(message, "a string is expected") && !strings.HasPrefix(message, "array") && !strings.HasPrefix(message, "object") {
			hint = "put it in quotes"
		}
		l.refuse(o, field, message, hint)
		return
	}
	for _, u := range unknown {
		l.warn(o, "", unknownField(u), u.Error()+": Kratix drops it", "")
	}
	check(o, &value)
	*to = append(*to, value)
}

// unknownField gives the path in an error such as: unknown field "spec.pth".
func unknownField(err error) string {
	_, quoted, _ := strings.Cut(err.Error(), `"`)
	field, _, _ := strings.Cut(quoted, `"`)
	return field
}

// typeMistake tells a decoding error in words for people who do not write Go,
// and which field it speaks of. The decoder's errors are of a type of its own.
func typeMistake(err error) (field, message string) {
	const into, of = " into Go struct field ", " of type "
	text := strings.TrimPrefix(err.Error(), "json: ")
	what, rest, ok := strings.Cut(text, into)
	if !ok {
		return "", text
	}
	path, kind, _ := strings.Cut(rest, of)
	_, field, _ = strings.Cut(path, ".") // without the Go type
	return field, strings.TrimPrefix(what, "cannot unmarshal ") + " where " + kindName(kind) + " is expected"
}

func kindName(goType string) string {
	switch {
	case goType == "string":
		return "a string"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "map["):
		return "a map of strings"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	default:
		return "a map"
	}
}

func (l *loader) refuse(o *object, field, message, hint string) {
	l.errors = append(l.errors, o.finding(diag.SeverityError, field, message, hint))
}

// warn notes what Kratix accepts; the code is that of a rule on state stores.
func (l *loader) warn(o *object, code, field, message, hint string) {
	f := o.finding(diag.SeverityWarning, field, message, hint)
	f.Code = code
	l.platform.Warnings = append(l.platform.Warnings, f)
}
