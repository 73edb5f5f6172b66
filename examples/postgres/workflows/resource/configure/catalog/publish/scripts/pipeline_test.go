package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const object = `
metadata: {name: orders, namespace: team-shop}
spec: {team: shop, environment: production, region: eu, version: "16"}
status: {connection: {host: shop-orders.team-shop.svc, port: 5432}}
`

const portal = "https://portal.example.org"

func TestEntity(t *testing.T) {
	s := newStage(t, object)
	if err := run(s, portal, t.Output()); err != nil {
		t.Fatal(err)
	}
	equal(t, read(t, s.output, "catalog/team-shop/orders.yaml"), map[string]any{
		"apiVersion": "backstage.io/v1alpha1",
		"kind":       "Resource",
		"metadata": map[string]any{
			"name":        "shop-orders",
			"namespace":   "team-shop",
			"description": "PostgreSQL 16, production, eu",
			"annotations": map[string]any{
				"backstage.io/kubernetes-namespace":      "team-shop",
				"backstage.io/kubernetes-label-selector": "cluster-name=shop-orders",
			},
			"tags": []any{"postgres", "production", "eu"},
		},
		"spec": map[string]any{"type": "database", "owner": "group:default/shop"},
	})
}

func TestEntityGoesToThePortal(t *testing.T) {
	s := newStage(t, object)
	if err := run(s, portal, t.Output()); err != nil {
		t.Fatal(err)
	}
	equal(t, read(t, s.metadata, "destination-selectors.yaml"), []any{
		map[string]any{"directory": "catalog", "matchLabels": map[string]any{"kind": "backstage"}},
	})
}

func TestStatus(t *testing.T) {
	url := portal + "/catalog/team-shop/resource/shop-orders"
	withoutStatus, _, _ := strings.Cut(object, "status:")
	tests := []struct{ name, object, message string }{
		{"the message has what the team needs", object, "connect to shop-orders.team-shop.svc, see " + url},
		{"a host that is not known is left out", withoutStatus, "see " + url},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.object)
			if err := run(s, portal, t.Output()); err != nil {
				t.Fatal(err)
			}
			equal(t, read(t, s.metadata, "status.yaml"), map[string]any{
				"message": test.message,
				"catalog": map[string]any{"url": url},
			})
		})
	}
}

func TestPortalMustBeKnown(t *testing.T) {
	err := run(newStage(t, object), "", t.Output())
	if err == nil || !strings.Contains(err.Error(), "PORTAL_URL") {
		t.Errorf("got error %v, want one that names PORTAL_URL", err)
	}
}

func newStage(t *testing.T, object string) stage {
	t.Helper()
	s := stageAt(t.TempDir())
	if err := writeFile(s.input, "object.yaml", []byte(object)); err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, dir, name string) any {
	t.Helper()
	var document any
	if err := readYAML(filepath.Join(dir, name), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%v\nwant:\n%v", got, want)
	}
}
