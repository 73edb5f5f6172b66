// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/util/jsonpath"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/inspect"
)

// A column is one that the API server prints for a kind.
type column struct{ name, path string }

// print computes the columns of an object. A value that is absent prints as
// nothing, as in a table of the API server.
func (k *objects) print(o *object) map[string]string {
	printed := map[string]string{"Name": o.meta.Name}
	var value any
	if err := json.Unmarshal(o.json, &value); err != nil {
		return printed
	}
	for _, c := range k.columnsOf(o.apiVersion) {
		printed[c.name] = c.of(value)
	}
	return printed
}

// columnsOf gives the columns of a version, or of the first by name where the
// object's own is not defined.
func (k *objects) columnsOf(apiVersion string) []column {
	if columns, ok := k.columns[apiVersion]; ok {
		return columns
	}
	for _, version := range slices.Sorted(maps.Keys(k.columns)) {
		return k.columns[version]
	}
	return nil
}

func (c column) of(value any) string {
	path := jsonpath.New(c.name).AllowMissingKeys(true)
	if err := path.Parse("{" + c.path + "}"); err != nil {
		return ""
	}
	results, err := path.FindResults(value)
	if err != nil || len(results) == 0 || len(results[0]) == 0 || !results[0][0].IsValid() || results[0][0].Interface() == nil {
		return ""
	}
	return fmt.Sprint(results[0][0].Interface())
}

// ready is the path into the condition Ready.
func ready(field string) string { return `.status.conditions[?(@.type=="Ready")].` + field }

// defineKratix knows the columns of Kratix' own kinds, whose definitions
// nobody saves. It makes no kind known.
func (s *Snapshot) defineKratix() {
	for kindName, columns := range map[string][]column{
		inspect.Promises.Kind: {
			{"Status", ".status.status"},
			{"Kind", ".status.kind"},
			{"API Version", ".status.apiVersion"},
			{"Version", ".status.version"},
			{"Message", ".status.message"},
		},
		inspect.Revisions.Kind: {
			{"Promise", ".spec.promiseRef.name"}, {"Version", ".spec.version"}, {"Latest", ".status.latest"},
		},
		inspect.Bindings.Kind: {
			{"Resource", ".spec.resourceRef.name"},
			{"Promise", ".spec.promiseRef.name"},
			{"Desired", ".spec.version"},
			{"Applied", ".status.lastAppliedVersion"},
		},
		inspect.Works.Kind:          {{"STATUS", ready("message")}},
		inspect.WorkPlacements.Kind: {{"DESTINATION", ".spec.targetDestinationName"}, {"STATUS", ready("message")}},
		inspect.Destinations.Kind: {
			{"StateStoreKind", ".spec.stateStoreRef.kind"}, {"StateStoreName", ".spec.stateStoreRef.name"}, {"Ready", ready("status")},
		},
		inspect.GitStores.Kind:    {{"URL", ".spec.url"}, {"Branch", ".spec.branch"}, {"Ready", ready("status")}},
		inspect.BucketStores.Kind: {{"Name", ".spec.bucketName"}, {"Endpoint", ".spec.endpoint"}, {"Ready", ready("status")}},
	} {
		if k, ok := s.kinds[kind{api.Group, kindName}]; ok {
			k.columns[api.GroupVersion] = columns
		}
	}
}

// defineFromPromises reads the APIs in Promises. Kratix gives one without
// columns of its own two.
func (s *Snapshot) defineFromPromises() {
	promises, ok := s.kinds[kind{api.Group, inspect.Promises.Kind}]
	if !ok {
		return
	}
	for _, o := range promises.byKey {
		var p struct {
			Spec struct {
				API *apiextensionsv1.CustomResourceDefinition `json:"api"`
			} `json:"spec"`
		}
		if err := json.Unmarshal(o.json, &p); err == nil && p.Spec.API != nil && p.Spec.API.Spec.Names.Kind != "" {
			s.define(p.Spec.API, []column{
				{"message", ".status.message"},
				{"status", `.status.conditions[?(@.type=="Reconciled")].message`},
			})
		}
	}
}

// defineFromDefinitions reads the definitions that were saved, which say more
// than Promises do.
func (s *Snapshot) defineFromDefinitions() {
	definitions, ok := s.kinds[kind{inspect.Definitions.Group, inspect.Definitions.Kind}]
	if !ok {
		return
	}
	for _, o := range definitions.byKey {
		var d apiextensionsv1.CustomResourceDefinition
		if err := json.Unmarshal(o.json, &d); err == nil && d.Spec.Names.Kind != "" {
			s.define(&d, nil)
		}
	}
}

// define makes a kind known, with the columns of all its versions.
func (s *Snapshot) define(d *apiextensionsv1.CustomResourceDefinition, otherwise []column) {
	k := s.kind(kind{d.Spec.Group, d.Spec.Names.Kind})
	for _, v := range d.Spec.Versions {
		columns := otherwise
		if len(v.AdditionalPrinterColumns) > 0 {
			columns = nil
		}
		for _, c := range v.AdditionalPrinterColumns {
			columns = append(columns, column{c.Name, strings.TrimSpace(c.JSONPath)})
		}
		k.columns[d.Spec.Group+"/"+v.Name] = columns
	}
}
