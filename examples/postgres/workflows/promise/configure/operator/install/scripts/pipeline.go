// Install writes the manifests of the Postgres operator. Kratix delivers them
// to every Destination that the Promise selects, and to those that join later.
//
// The manifests are in resources/; those that end in .tmpl are templates.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

func main() {
	if err := run(stageAt("/"), os.Getenv("OPERATOR_VERSION"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

type promise struct {
	Metadata struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
}

// An installation is what the templates are about.
type installation struct {
	OperatorVersion string
	Promise         string
	PromiseVersion  string
}

func run(s stage, operatorVersion string, stdout io.Writer) error {
	if operatorVersion == "" {
		return errors.New("OPERATOR_VERSION is not set; it belongs to the container's env in promise.yaml")
	}
	var p promise
	if err := s.readObject(&p); err != nil {
		return err
	}
	in := installation{
		OperatorVersion: operatorVersion,
		Promise:         p.Metadata.Name,
		PromiseVersion:  cmp.Or(p.Metadata.Labels["kratix.io/promise-version"], "unversioned"),
	}
	if err := writeManifests(s, in, stdout); err != nil {
		return err
	}
	// A promise workflow can set the message of its Promise and nothing else.
	return writeYAML(s.metadata, "status.yaml", map[string]string{
		"message": "Postgres operator " + operatorVersion,
	})
}

func writeManifests(s stage, in installation, stdout io.Writer) error {
	files, err := filepath.Glob(filepath.Join(s.resources, "*.yaml*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		manifest, err := read(file, in)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".tmpl")
		if err := writeFile(s.output, name, manifest); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "wrote", name)
	}
	return nil
}

func read(file string, in installation) ([]byte, error) {
	if !strings.HasSuffix(file, ".tmpl") {
		return os.ReadFile(file)
	}
	t, err := template.ParseFiles(file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, in)
	return b.Bytes(), err
}
