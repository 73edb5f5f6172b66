package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Names that YAML would take for something else are part of the test.
const production = `
metadata: {name: orders, namespace: "7"}
spec:
  team: "on"
  environment: production
  region: eu
  size: medium
  version: "16"
  storageGiB: 100
  databases: [orders, "null"]
  backup: {enabled: true, schedule: "30 1 * * *"}
`

const development = `
metadata: {name: sandbox, namespace: team-shop}
spec:
  team: shop
  environment: development
  region: us
  size: small
  version: "17"
  storageGiB: 10
  databases: [app]
  backup: {enabled: false, schedule: "30 1 * * *"}
`

func TestProductionHasTwoInstancesAndBackups(t *testing.T) {
	s := runStage(t, production)

	resources := map[string]any{"cpu": "1", "memory": "4Gi"}
	want := map[string]any{
		"apiVersion": "acid.zalan.do/v1",
		"kind":       "postgresql",
		"metadata": map[string]any{
			"name":      "on-orders",
			"namespace": "7",
			"labels":    map[string]any{"acme.org/team": "on", "acme.org/environment": "production"},
		},
		"spec": map[string]any{
			"teamId":                "on",
			"numberOfInstances":     float64(2),
			"postgresql":            map[string]any{"version": "16"},
			"volume":                map[string]any{"size": "100Gi"},
			"resources":             map[string]any{"requests": resources, "limits": resources},
			"users":                 map[string]any{"app": []any{}},
			"databases":             map[string]any{"orders": "app", "null": "app"},
			"enableLogicalBackup":   true,
			"logicalBackupSchedule": "30 1 * * *",
		},
	}
	equal(t, read(t, s.output, "postgresql.yaml"), any(want))
}

func TestDocuments(t *testing.T) {
	always := []string{"connection.yaml", "network-policy.yaml", "postgresql.yaml"}
	tests := []struct {
		name, object string
		want         []string
	}{
		{"without backup there is nothing to alert of", development, always},
		{"a backup is watched", production, append([]string{"backup-alert.yaml"}, always...)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			equal(t, list(t, runStage(t, test.object).output), test.want)
		})
	}
}

func TestDevelopmentHasOneInstance(t *testing.T) {
	s := runStage(t, development)
	spec := read(t, s.output, "postgresql.yaml").(map[string]any)["spec"].(map[string]any)
	equal(t, spec["numberOfInstances"], any(float64(1)))
	if on, ok := spec["enableLogicalBackup"]; ok {
		t.Errorf("enableLogicalBackup is %v, want none", on)
	}
}

func TestDestinationIsOfTheEnvironmentAndRegion(t *testing.T) {
	s := runStage(t, development)
	equal(t, read(t, s.metadata, "destination-selectors.yaml"), any([]any{
		map[string]any{"matchLabels": map[string]any{"environment": "development", "region": "us"}},
	}))
}

func TestStatusSaysHowToConnect(t *testing.T) {
	s := runStage(t, development)
	equal(t, read(t, s.metadata, "status.yaml"), any(map[string]any{
		"message": "creating shop-sandbox for development in us",
		"connection": map[string]any{
			"host":      "shop-sandbox.team-shop.svc",
			"port":      float64(5432),
			"databases": []any{"app"},
			"secret":    "app.shop-sandbox.credentials",
		},
	}))
}

func TestRequestThatWaitsGetsNothing(t *testing.T) {
	s := newStage(t, production)
	if err := writeFile(s.metadata, "workflow-control.yaml", []byte("suspend: true\n")); err != nil {
		t.Fatal(err)
	}
	if err := run(s, t.Output()); err != nil {
		t.Fatal(err)
	}
	equal(t, list(t, s.output), nil)
	equal(t, list(t, s.metadata), []string{"workflow-control.yaml"})
}

func TestSizeWithoutResourcesIsRefused(t *testing.T) {
	s := newStage(t, strings.Replace(development, "small", "tiny", 1))
	err := run(s, t.Output())
	if want := `spec.size: "tiny" is not in sizes.yaml`; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestTemplateThatIsNoYAMLIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broken.yaml.tmpl")
	if err := os.WriteFile(file, []byte("a: b: {{ .Cluster }}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := render(file, database{Cluster: "c"}); err == nil || !strings.HasPrefix(err.Error(), "broken.yaml.tmpl: ") {
		t.Errorf("got error %v, want one that names the template", err)
	}
}

func runStage(t *testing.T, object string) stage {
	t.Helper()
	s := newStage(t, object)
	if err := run(s, t.Output()); err != nil {
		t.Fatal(err)
	}
	return s
}

func newStage(t *testing.T, object string) stage {
	t.Helper()
	s := stageAt(t.TempDir())
	s.resources = "../resources"
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

func list(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	return slices.Sorted(slices.Values(files))
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%v\nwant:\n%v", got, want)
	}
}
