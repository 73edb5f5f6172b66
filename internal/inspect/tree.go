// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// Labels that a compound Promise's Pipelines put on the requests that they
// make, by Kratix' documentation. Kratix itself does not read them.
const (
	labelComponentPromise   = "kratix.io/component-of-promise-name"
	labelComponentName      = "kratix.io/component-of-resource-name"
	labelComponentNamespace = "kratix.io/component-of-resource-namespace"
)

// A ResourceTree is the requests of a Promise with the requests that were made
// for them.
type ResourceTree struct {
	Header
	Promise string         `json:"promise"`
	Items   []ResourceNode `json:"items"`   // never nil; by namespace and name
	Unknown []Unknown      `json:"unknown"` // never nil
}

// A ResourceNode is a request.
type ResourceNode struct {
	APIGroup  string    `json:"requestAPIVersion"`
	Kind      string    `json:"requestKind"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Message   string    `json:"message,omitempty"` // as the API server prints it
	CreatedAt time.Time `json:"createdAt"`
	// Components are the requests that carry this one's name in their labels.
	Components []ResourceNode `json:"components"` // never nil; by kind, namespace and name
}

// Resources gives the requests of a Promise, in one namespace or, if it is
// empty, in all.
func (in *Inspector) Resources(ctx context.Context, promise, namespace string) (*ResourceTree, error) {
	f := in.facts()
	own, err := f.requestsOf(ctx, promise)
	if err != nil {
		return nil, err
	}
	tree := &ResourceTree{Header: in.header("ResourceTree"), Promise: promise, Items: []ResourceNode{}}
	if err := f.nodes(ctx, own, Query{Namespace: namespace}, func(n ResourceNode, _ map[string]string) {
		tree.Items = append(tree.Items, n)
	}); err != nil {
		return nil, err
	}
	sortNodes(tree.Items)
	if len(tree.Items) > 0 {
		if err := f.components(ctx, promise, tree.Items); err != nil {
			return nil, err
		}
	}
	tree.Unknown = f.told()
	return tree, nil
}

// requestsOf is the kind of a Promise's requests.
func (f *facts) requestsOf(ctx context.Context, promise string) (Resource, error) {
	var p livePromise
	if err := f.get(ctx, Promises, "", promise, &p); err != nil {
		return Resource{}, err
	}
	d, ok := p.definition()
	if !ok {
		return Resource{}, diag.Hint(diag.NotFound(fmt.Errorf("the Promise %q has no API, so there are no requests of it", promise)),
			"kratix inspect promise "+promise)
	}
	return requestResource(&d), nil
}

// components adds to every request those that were made for it: requests of
// any Promise, told by their labels.
func (f *facts) components(ctx context.Context, promise string, requests []ResourceNode) error {
	index := map[[2]string]*ResourceNode{}
	for i := range requests {
		index[[2]string{requests[i].Namespace, requests[i].Name}] = &requests[i]
	}
	definitions, _, err := list[apiextensionsv1.CustomResourceDefinition](ctx, f, Definitions, Query{Labels: api.LabelPromiseName})
	if err != nil {
		return err
	}
	quiet := facts{source: f.source} // a kind without requests is nothing to tell
	defer func() { f.addForbidden(quiet.told()) }()
	for i := range definitions {
		err := quiet.nodes(ctx, requestResource(&definitions[i]), Query{Labels: labelComponentPromise + "=" + promise}, func(n ResourceNode, labels map[string]string) {
			if of := index[[2]string{labels[labelComponentNamespace], labels[labelComponentName]}]; of != nil {
				of.Components = append(of.Components, n)
			}
		})
		if err != nil {
			return err
		}
	}
	for i := range requests {
		sortNodes(requests[i].Components)
	}
	return nil
}

// nodes reads requests of a kind.
func (f *facts) nodes(ctx context.Context, r Resource, q Query, each func(ResourceNode, map[string]string)) error {
	rows, _, err := f.rows(ctx, r, q)
	for _, row := range rows {
		each(ResourceNode{
			APIGroup: r.APIVersion(), Kind: r.Kind, Namespace: row.Meta.Namespace, Name: row.Meta.Name,
			Message: row.Columns["message"], CreatedAt: row.Meta.CreationTimestamp.Time, Components: []ResourceNode{},
		}, row.Meta.Labels)
	}
	return err
}

func sortNodes(nodes []ResourceNode) {
	slices.SortFunc(nodes, func(a, b ResourceNode) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}
