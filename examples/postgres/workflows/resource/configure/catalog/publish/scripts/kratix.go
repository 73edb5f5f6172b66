package main

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// A stage is what Kratix mounts into a container, and what its image brings
// along. This file is the same in every stage: each one is a module of its own
// and is built alone.
type stage struct {
	input     string // object.yaml; read-only
	output    string // documents for Destinations
	metadata  string // status.yaml, destination-selectors.yaml, workflow-control.yaml
	resources string // resources/ beside the Dockerfile
}

// stageAt gives the directories below root, which is "/" in a container.
func stageAt(root string) stage {
	return stage{
		input:     filepath.Join(root, "kratix/input"),
		output:    filepath.Join(root, "kratix/output"),
		metadata:  filepath.Join(root, "kratix/metadata"),
		resources: filepath.Join(root, "resources"),
	}
}

// readObject reads the object that the workflow is about: a request or, in a
// promise workflow, the Promise.
func (s stage) readObject(into any) error {
	return readYAML(filepath.Join(s.input, "object.yaml"), into)
}

func readYAML(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// writeYAML writes a document, and the directories that its name asks for.
func writeYAML(dir, name string, document any) error {
	data, err := yaml.Marshal(document)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return writeFile(dir, name, data)
}

func writeFile(dir, name string, data []byte) error {
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}
