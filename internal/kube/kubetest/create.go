// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Objects reads the documents of YAML files; of a directory those of all its
// files that end in .yaml.
func Objects(paths ...string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		files := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			files, _ = filepath.Glob(filepath.Join(path, "*.yaml")) // sorted; the pattern is right
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			found, err := Parse(data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			objects = append(objects, found...)
		}
	}
	return objects, nil
}

// Parse reads the documents of a YAML stream as kubectl does.
func Parse(stream []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream))); ; {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := yaml.YAMLToJSON(document)
		if err != nil {
			return nil, err
		}
		if string(data) == "null" {
			continue
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(data); err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
}

// Create creates objects in the order that they need, namespaces and CRDs
// before what they are for, each with its status. The objects are not changed.
func (s *Server) Create(ctx context.Context, objects ...*unstructured.Unstructured) error {
	var namespaces, definitions, others []*unstructured.Unstructured
	for _, o := range objects {
		switch o.GroupVersionKind().GroupKind().String() {
		case "Namespace":
			namespaces = append(namespaces, o)
		case "CustomResourceDefinition.apiextensions.k8s.io":
			definitions = append(definitions, o)
		default:
			others = append(others, o)
		}
	}
	if err := s.createAll(ctx, append(definitions, namespaces...)); err != nil {
		return err
	}
	if len(definitions) == 0 && !slices.ContainsFunc(others, s.unknown) {
		return s.createAll(ctx, others)
	}
	added, err := s.learn(ctx)
	if err != nil {
		return err
	}
	if err := s.createAll(ctx, others); err != nil {
		return err
	}
	return s.discoverable(ctx, added)
}

// createAll creates objects, many at once.
func (s *Server) createAll(ctx context.Context, objects []*unstructured.Unstructured) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, o := range objects {
		group.Go(func() error {
			if err := s.create(ctx, o); err != nil {
				return fmt.Errorf("%s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
			}
			return nil
		})
	}
	return group.Wait()
}

// create creates an object and puts its status in place. The status of a CRD
// is the server's own.
func (s *Server) create(ctx context.Context, o *unstructured.Unstructured) error {
	k, resource, err := s.resource(o)
	if err != nil {
		return err
	}
	created, err := resource.Create(ctx, o, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	status, found := o.Object["status"]
	if !found || !k.hasStatus || k.GroupVersionResource == crds {
		return nil
	}
	created.Object["status"] = status
	_, err = resource.UpdateStatus(ctx, created, metav1.UpdateOptions{})
	return err
}

// LoadCRDs installs the CRDs of Kratix.
func (s *Server) LoadCRDs(ctx context.Context) error {
	return s.load(ctx, "internal/api/crds")
}

// LoadPlatform installs the CRDs of Kratix and the recorded platform: 13
// Promises, 17 requests and all that Kratix had made of them, in many conditions,
// which its README.md lists. Whoever shares it only reads it.
func (s *Server) LoadPlatform(ctx context.Context) error {
	if err := s.load(ctx, "internal/api/crds", "testdata/live-platform/live.yaml"); err != nil {
		return err
	}
	// The request that was being deleted is held by its finalizers.
	redises := schema.GroupVersionResource{Group: "data.acme.example", Version: "v1", Resource: "redises"}
	return s.client.Resource(redises).Namespace("team-b").Delete(ctx, "old-cache", metav1.DeleteOptions{})
}

// load creates what files of this module hold.
func (s *Server) load(ctx context.Context, paths ...string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	for i, path := range paths {
		paths[i] = filepath.Join(root, path)
	}
	objects, err := Objects(paths...)
	if err != nil {
		return err
	}
	return s.Create(ctx, objects...)
}

// moduleRoot is the directory of this module's go.mod. Tests run somewhere
// below it.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module github.com/kratix-tools/kratix\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside of the module kratix", start)
		}
	}
}
