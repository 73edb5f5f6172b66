package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// A livePromise is a Promise with its status.
type livePromise struct {
	api.Promise
	Status promiseStatus `json:"status"`
}

type promiseStatus struct {
	Conditions       []metav1.Condition `json:"conditions"`
	Status           string             `json:"status"`
	Version          string             `json:"version"`
	Kind             string             `json:"kind"`
	APIVersion       string             `json:"apiVersion"`
	Message          string             `json:"message"`
	RequiredPromises []Required         `json:"requiredPromises"`
	workflowStatus
}

// definition reads the API of a Promise; ok is false if it has none.
func (p *livePromise) definition() (d apiextensionsv1.CustomResourceDefinition, ok bool) {
	if p.Spec.API == nil || json.Unmarshal(p.Spec.API.Raw, &d) != nil {
		return d, false
	}
	return d, d.Spec.Names.Kind != ""
}

// resource gives the resource of the Promise's requests, empty if it has no
// API.
func (p *livePromise) resource() Resource {
	d, ok := p.definition()
	if !ok {
		return Resource{}
	}
	return requestResource(&d)
}

// requestResource gives the resource of a definition in its storage version.
func requestResource(d *apiextensionsv1.CustomResourceDefinition) Resource {
	r := Resource{Group: d.Spec.Group, Plural: d.Spec.Names.Plural, Kind: d.Spec.Names.Kind, Namespaced: true}
	for i, v := range d.Spec.Versions {
		if i == 0 || v.Storage {
			r.Version = v.Name
		}
	}
	return r
}

// answers says whether people may mean the API by a word, as they may to
// kubectl.
func answers(word string, d *apiextensionsv1.CustomResourceDefinition) bool {
	n := d.Spec.Names
	for _, name := range append([]string{n.Kind, n.Plural, n.Singular, n.Plural + "." + d.Spec.Group}, n.ShortNames...) {
		if strings.EqualFold(word, name) {
			return true
		}
	}
	return false
}

// promise reads a Promise that a report mentions; nil if it does not exist or
// may not be read.
func (f *facts) promise(ctx context.Context, name string) (*livePromise, error) {
	if name == "" {
		return nil, nil
	}
	var p livePromise
	err := f.source.Get(ctx, Promises, "", name, &p)
	if apierrors.IsNotFound(err) || errors.Is(err, ErrNoKind) {
		return nil, nil
	}
	if err != nil && f.missing(err, Unknown{Verb: "get", Resource: Promises.String(), Name: name}) {
		return nil, nil
	}
	return &p, err
}

// kindOf finds the Promise, and the resource of its requests, by a word: the
// Promise's name, or any name of its API. The names of Promises and kinds are
// asked for first, since that is one short answer; then the Promises
// themselves; then, if those may not be read, the definitions that Kratix made
// of them.
func (f *facts) kindOf(ctx context.Context, word string) (promise string, r Resource, err error) {
	known, name := []string{}, ""
	err = f.source.Rows(ctx, Promises, Query{}, func(row Row) error {
		known = append(known, row.Meta.Name)
		if row.Meta.Name == word || name == "" && strings.EqualFold(row.Columns["Kind"], word) {
			name = row.Meta.Name
		}
		return nil
	})
	if apierrors.IsForbidden(err) {
		return f.kindOfDefinition(ctx, word)
	}
	if err != nil {
		return "", r, installed(err, Promises)
	}
	if name != "" {
		var p livePromise
		if err := f.get(ctx, Promises, "", name, &p); err != nil {
			return "", r, err
		}
		if r = p.resource(); r.Kind == "" {
			return "", r, diag.NotFoundf("the Promise %q has no API, so there are no requests of it", name)
		}
		return name, r, nil
	}
	return f.kindAmong(ctx, word, known)
}

// kindAmong searches the APIs of all Promises.
func (f *facts) kindAmong(ctx context.Context, word string, known []string) (promise string, r Resource, err error) {
	promises, _, err := list[livePromise](ctx, f, Promises, Query{})
	if err != nil {
		return "", r, err
	}
	for i := range promises {
		d, ok := promises[i].definition()
		if ok && answers(word, &d) {
			return promises[i].Name, requestResource(&d), nil
		}
		if ok {
			known = append(known, strings.ToLower(d.Spec.Names.Kind))
		}
	}
	return "", r, noKind(word, known)
}

// kindOfDefinition searches the definitions that belong to Promises.
func (f *facts) kindOfDefinition(ctx context.Context, word string) (promise string, r Resource, err error) {
	var known []string
	err = f.source.List(ctx, Definitions, Query{Labels: api.LabelPromiseName}, func(text []byte) error {
		d, err := decode[apiextensionsv1.CustomResourceDefinition](Definitions, text)
		if err != nil {
			return err
		}
		owner := d.Labels[api.LabelPromiseName]
		if r.Kind == "" && (owner == word || answers(word, &d)) {
			promise, r = owner, requestResource(&d)
		}
		known = append(known, strings.ToLower(d.Spec.Names.Kind))
		return nil
	})
	if err == nil && r.Kind == "" {
		err = noKind(word, known)
	}
	return promise, r, err
}

func noKind(word string, known []string) error {
	slices.Sort(known)
	known = slices.Compact(known)
	hint := diag.DidYouMean(word, known)
	if hint == "" && len(known) > 0 {
		hint = "there are: " + shorten(known)
	}
	return diag.Hint(diag.NotFound(fmt.Errorf("no Promise has the kind %q", word)), hint)
}

// RequestResource finds the resource that requests of a kind are. The word may
// be a kind, plural, singular or short name of the API of a Promise, or the
// name of the Promise.
func (in *Inspector) RequestResource(ctx context.Context, word string) (Resource, error) {
	_, r, err := in.facts().kindOf(ctx, word)
	return r, err
}
