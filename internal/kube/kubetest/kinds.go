// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// A kind is where the API server keeps objects of a kind.
type kind struct {
	schema.GroupVersionResource
	namespaced bool
	hasStatus  bool // as a subresource: it is written by a second request
}

type kinds map[schema.GroupVersionKind]kind

// discover asks for the kinds that the API server has of itself.
func (s *Server) discover(ctx context.Context) (kinds, error) {
	found := kinds{}
	for _, path := range []string{"/api", "/apis"} {
		body, err := s.get(ctx, path, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
		if err != nil {
			return nil, err
		}
		var list apidiscoveryv2.APIGroupDiscoveryList
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, err
		}
		for _, group := range list.Items {
			for _, version := range group.Versions {
				gv := schema.GroupVersion{Group: group.Name, Version: version.Version}
				for _, r := range version.Resources {
					found[gv.WithKind(r.ResponseKind.Kind)] = discovered(gv, r)
				}
			}
		}
	}
	return found, nil
}

func discovered(gv schema.GroupVersion, r apidiscoveryv2.APIResourceDiscovery) kind {
	return kind{
		GroupVersionResource: gv.WithResource(r.Resource),
		namespaced:           r.Scope == apidiscoveryv2.ScopeNamespace,
		hasStatus: slices.ContainsFunc(r.Subresources, func(sub apidiscoveryv2.APISubresourceDiscovery) bool {
			return sub.Subresource == "status"
		}),
	}
}

var crds = schema.GroupVersionResource{Group: apiextensionsv1.GroupName, Version: "v1", Resource: "customresourcedefinitions"}

// learn reads the CRDs and waits until the server answers for all of them: that
// it has taken a CRD, and even that it calls it established, does not mean that
// it does.
func (s *Server) learn(ctx context.Context) (kinds, error) {
	found, err := s.defined(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for _, k := range found {
		group.Go(func() error {
			return await(ctx, func() error {
				_, err := s.client.Resource(k.GroupVersionResource).List(ctx, metav1.ListOptions{Limit: 1})
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.kinds, found)
	return found, nil
}

// discoverable waits until clients that ask which kinds there are learn of
// these, which takes longer than serving them.
func (s *Server) discoverable(ctx context.Context, added kinds) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return await(ctx, func() error {
		found, err := s.discover(ctx)
		if err != nil {
			return err
		}
		for gvk := range added {
			if _, ok := found[gvk]; !ok {
				return fmt.Errorf("the API server does not tell of %s", gvk)
			}
		}
		return nil
	})
}

// unknown says whether the kind of an object is not known.
func (s *Server) unknown(o *unstructured.Unstructured) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.kinds[o.GroupVersionKind()]
	return !ok
}

// defined reads the kinds that CRDs define.
func (s *Server) defined(ctx context.Context) (kinds, error) {
	list, err := s.client.Resource(crds).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	found := kinds{}
	for _, item := range list.Items {
		var crd apiextensionsv1.CustomResourceDefinition
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &crd); err != nil {
			return nil, err
		}
		for _, v := range crd.Spec.Versions {
			gv := schema.GroupVersion{Group: crd.Spec.Group, Version: v.Name}
			found[gv.WithKind(crd.Spec.Names.Kind)] = kind{
				GroupVersionResource: gv.WithResource(crd.Spec.Names.Plural),
				namespaced:           crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
				hasStatus:            v.Subresources != nil && v.Subresources.Status != nil,
			}
		}
	}
	return found, nil
}

// resource is where an object belongs, in the namespace default if it names
// none.
func (s *Server) resource(o *unstructured.Unstructured) (kind, dynamic.ResourceInterface, error) {
	s.mu.Lock()
	k, ok := s.kinds[o.GroupVersionKind()]
	s.mu.Unlock()
	if !ok {
		return kind{}, nil, fmt.Errorf("the API server has no kind %s", o.GroupVersionKind())
	}
	resource := s.client.Resource(k.GroupVersionResource)
	if !k.namespaced {
		return k, resource, nil
	}
	return k, resource.Namespace(cmp.Or(o.GetNamespace(), metav1.NamespaceDefault)), nil
}
