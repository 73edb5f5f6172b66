package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const object = `
kind: Promise
metadata: {name: postgres, labels: {kratix.io/promise-version: v1.0.0}}
`

func TestDeployment(t *testing.T) {
	s := runStage(t, object)
	var d struct {
		Metadata struct {
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Image string `json:"image"`
					} `json:"containers"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if err := readYAML(filepath.Join(s.output, "deployment.yaml"), &d); err != nil {
		t.Fatal(err)
	}
	if got, want := d.Spec.Template.Spec.Containers[0].Image, "ghcr.io/zalando/postgres-operator:v9.9.9"; got != want {
		t.Errorf("image is %s, want %s", got, want)
	}
	if got, want := d.Metadata.Labels["acme.org/promise-version"], "v1.0.0"; got != want {
		t.Errorf("promise-version is %s, want %s", got, want)
	}
}

// The operator binds postgres-pod to accounts of Pods, and Kubernetes lets
// nobody give more than they have.
func TestOperatorMayAllThatItsPodsMay(t *testing.T) {
	roles := map[string]map[string]bool{}
	for _, o := range documents(t, filepath.Join(runStage(t, object).output, "rbac.yaml")) {
		if o.Kind == "ClusterRole" {
			roles[o.Metadata.Name] = o.permissions()
		}
	}
	if len(roles["postgres-pod"]) == 0 {
		t.Fatal("there is no ClusterRole postgres-pod, or it permits nothing")
	}
	for permission := range roles["postgres-pod"] {
		if !roles["postgres-operator"][permission] {
			t.Errorf("postgres-pod may %s, postgres-operator may not", permission)
		}
	}
}

func TestStatusHasOnlyAMessage(t *testing.T) {
	s := runStage(t, object)
	got, err := os.ReadFile(filepath.Join(s.metadata, "status.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "message: Postgres operator v9.9.9\n"; string(got) != want {
		t.Errorf("status is %q, want %q", got, want)
	}
}

func TestVersionMustBeKnown(t *testing.T) {
	err := run(newStage(t, object), "", t.Output())
	if err == nil || !strings.Contains(err.Error(), "OPERATOR_VERSION") {
		t.Errorf("got error %v, want one that names OPERATOR_VERSION", err)
	}
}

type manifest struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Rules []struct {
		APIGroups []string `json:"apiGroups"`
		Resources []string `json:"resources"`
		Verbs     []string `json:"verbs"`
	} `json:"rules"`
}

// permissions lists what a role permits, as "verb group/resource".
func (m manifest) permissions() map[string]bool {
	all := map[string]bool{}
	for _, rule := range m.Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					all[verb+" "+group+"/"+resource] = true
				}
			}
		}
	}
	return all
}

func documents(t *testing.T, file string) []manifest {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []manifest
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		var m manifest
		if err := yaml.Unmarshal(document, &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func runStage(t *testing.T, object string) stage {
	t.Helper()
	s := newStage(t, object)
	if err := run(s, "v9.9.9", t.Output()); err != nil {
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
