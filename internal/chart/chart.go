// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fetch"
)

// The files of a chart that are read.
const (
	metadataFile = "Chart.yaml"
	valuesFile   = "values.yaml"
	schemaFile   = "values.schema.json"
)

// No chart comes close to these sizes.
const (
	maxArchive = 64 << 20
	maxFile    = 16 << 20
)

// A Chart is what is read of a Helm chart.
type Chart struct {
	Name, Version string
	// Values is values.yaml, and Schema is values.schema.json; nil if the chart
	// has no such file.
	Values, Schema []byte
}

// read makes a chart of the files that a source has.
func read(files map[string][]byte) (*Chart, error) {
	data, ok := files[metadataFile]
	if !ok {
		return nil, diag.Inputf("this is no chart: it has no %s", metadataFile)
	}
	var metadata struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	if err := yaml.Unmarshal(data, &metadata); err != nil {
		return nil, diag.Inputf("%s: %w", metadataFile, err)
	}
	return &Chart{Name: metadata.Name, Version: metadata.Version, Values: files[valuesFile], Schema: files[schemaFile]}, nil
}

func wanted(name string) bool {
	return slices.Contains([]string{metadataFile, valuesFile, schemaFile}, name)
}

func readDir(dir string) (*Chart, error) {
	files := map[string][]byte{}
	for _, name := range []string{metadataFile, valuesFile, schemaFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, diag.Input(err)
		}
		files[name] = data
	}
	return read(files)
}

// readArchive reads a chart as helm package makes it: everything lies in one
// directory.
func readArchive(data []byte) (*Chart, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, diag.Inputf("this is no chart: it is no gzip archive")
	}
	files := map[string][]byte{}
	archive := tar.NewReader(fetch.Limit(unzipped, 8*maxArchive))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return read(files)
		}
		if err != nil {
			return nil, diag.Inputf("the archive is damaged: %w", err)
		}
		_, name, _ := strings.Cut(strings.TrimPrefix(header.Name, "./"), "/")
		if header.Typeflag != tar.TypeReg || !wanted(name) {
			continue
		}
		if files[name], err = fetch.ReadAll(archive, maxFile); err != nil {
			return nil, diag.Inputf("%s: %w", header.Name, err)
		}
	}
}

// in says which chart an error is about.
func in(where string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("reading chart %s: %w", where, err)
}
