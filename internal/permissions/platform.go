// SPDX-License-Identifier: Apache-2.0

package permissions

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Platform is what a platform's configuration of Kratix says of containers.
// The zero value is a platform without one.
type Platform struct {
	SecurityContext *corev1.SecurityContext
	Resources       *corev1.ResourceRequirements
	BackoffLimit    *int32
}

// config is the part of Kratix' configuration that is about workflows.
type config struct {
	Workflows workflows `json:"workflows"`
}

type workflows struct {
	SecurityContext *corev1.SecurityContext      `json:"defaultContainerSecurityContext"`
	Resources       *corev1.ResourceRequirements `json:"defaultContainerResources"`
	JobOptions      jobOptions                   `json:"jobOptions"`
}

type jobOptions struct {
	BackoffLimit *int32 `json:"defaultBackoffLimit"`
}

// document is a YAML document that is a ConfigMap, or Kratix' configuration.
type document struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Data            map[string]string `json:"data"`
}

// ParsePlatform reads the configuration of Kratix: the ConfigMap named kratix,
// among others or alone, or what its key config holds. As Kratix does, it
// ignores what it does not know.
func ParsePlatform(data []byte) (Platform, error) {
	reader := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	objects := 0
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var d document
		if err == nil {
			err = yaml.Unmarshal(text, &d)
		}
		switch {
		case err != nil:
			return Platform{}, diag.Input(err)
		case d.Kind == "ConfigMap" && d.Metadata.Name == "kratix":
			return fromConfigMap(d)
		case d.Kind != "":
			objects++
		case !isEmpty(text):
			return parseConfig(text)
		}
	}
	err := diag.Inputf("it has no ConfigMap named kratix")
	if objects == 0 {
		err = diag.Inputf("it is empty")
	}
	return Platform{}, diag.Hint(err, "kubectl get configmap kratix -n kratix-platform-system -o yaml")
}

// isEmpty says whether a document has nothing but comments and the mark of its
// beginning.
func isEmpty(text []byte) bool {
	var value any
	return yaml.Unmarshal(text, &value) == nil && value == nil
}

func fromConfigMap(d document) (Platform, error) {
	text, ok := d.Data["config"]
	if !ok {
		return Platform{}, diag.Inputf("ConfigMap kratix has no key config, and Kratix does not start without it")
	}
	p, err := parseConfig([]byte(text))
	if err != nil {
		return p, fmt.Errorf("ConfigMap kratix, key config: %w", err)
	}
	return p, nil
}

func parseConfig(text []byte) (Platform, error) {
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		return Platform{}, diag.Input(err)
	}
	var c config
	var misfit *json.UnmarshalTypeError
	switch err := json.Unmarshal(asJSON, &c); {
	case errors.As(err, &misfit):
		return Platform{}, diag.Inputf("%s: a value of the type %s does not fit here", misfit.Field, misfit.Value)
	case err != nil:
		return Platform{}, diag.Input(err)
	}
	w := c.Workflows
	return Platform{w.SecurityContext, w.Resources, w.JobOptions.BackoffLimit}, nil
}
