// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/tree"
)

const recordings = "../../testdata/conformance"

// A testCase is a case.yaml.
type testCase struct {
	dir         string
	Name        string
	Description string
	Steps       []step
}

// A step is one entry of a case.yaml.
type step struct {
	dir    string // of output, metadata and recorded
	Dir    string
	Action string // what was done to the cluster before the step

	Workflow struct {
		Type   api.WorkflowType
		Action api.WorkflowAction
	}
	Promise, Pipeline string
	Resource          struct{ Name, Namespace string }
	JobNamespace      string
	EmptyStateStores  []string
	Run               string // says so where a container was run alone, with no controllers
}

func loadCases(t *testing.T) []testCase {
	t.Helper()
	entries, err := os.ReadDir(recordings)
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		c := testCase{dir: filepath.Join(recordings, entry.Name())}
		decode(t, filepath.Join(c.dir, "case.yaml"), &c)
		for i := range c.Steps {
			c.Steps[i].dir = filepath.Join(c.dir, c.Steps[i].Dir)
		}
		cases = append(cases, c)
	}
	return cases
}

// decode reads a YAML file.
func decode(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := sigsyaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// documents reads all documents of a YAML file; a file that does not exist has
// none. The recordings were written by a YAML library to which n and y are
// strings, so it is not the one of kubectl.
func documents(t *testing.T, file string) []any {
	t.Helper()
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var document any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if document != nil {
			all = append(all, document)
		}
	}
}

// decodeAll reads all documents of a YAML file as values of a type.
func decodeAll[T any](t *testing.T, file string) []T {
	t.Helper()
	var all []T
	for _, document := range documents(t, file) {
		all = append(all, convert[T](t, document))
	}
	return all
}

// convert makes a typed value of a decoded document.
func convert[T any](t *testing.T, document any) (value T) {
	t.Helper()
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// jsonFile writes a document so that the program reads the values that the
// recorder has read.
func jsonFile(t *testing.T, document any) string {
	t.Helper()
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "object.yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// directory gives a directory as a tree; one that does not exist is nil.
func directory(t *testing.T, dir string) tree.FS {
	t.Helper()
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		return nil
	}
	fsys, ok := os.DirFS(dir).(tree.FS)
	if !ok {
		t.Fatal("os.DirFS cannot read links")
	}
	return fsys
}

// A failure is an error and who said it: a container or the API server.
type failure struct{ Who, Text string }

const apiServer = "API server"

// recordedError gives what failed; empty if nothing did.
func (s *step) recordedError(t *testing.T) failure {
	t.Helper()
	file := filepath.Join(s.dir, "recorded/error.txt")
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return failure{}
	}
	if err != nil {
		t.Fatal(err)
	}
	container, ok := strings.CutPrefix(string(data), "container: ")
	if !ok {
		return failure{apiServer, refusal(t, file)}
	}
	container, text, _ := strings.Cut(container, "\nexitCode: ")
	_, text, _ = strings.Cut(text, "\n")
	return failure{container, strings.TrimPrefix(strings.TrimSuffix(text, "\n"), "Error: ")}
}

// refusal takes the reason out of an answer of the API server.
func refusal(t *testing.T, file string) string {
	t.Helper()
	var answer struct{ Message string }
	decode(t, file, &answer)
	text := answer.Message
	if _, after, ok := strings.Cut(text, "denied the request: "); ok {
		return after
	}
	if _, after, ok := strings.Cut(text, "is invalid: "); ok {
		text = strings.TrimPrefix(after, "[")
	}
	text, _, _ = strings.Cut(text, ", <nil>:")
	return text
}

// objectFile is what the reader of the step wrote.
func (s *step) objectFile() string { return filepath.Join(s.dir, "recorded/object.yaml") }

// jobEnded says whether the Job of the step was ended. Where no Jobs were
// recorded, its containers were run, again and again, but it was left as it was.
func (s *step) jobEnded() bool { return len(existing(s.dir, "recorded/job.yaml")) > 0 }

// recordedStores gives every file of the state stores but the canaries, which
// no Work writes, by "<store>/<path>".
func (s *step) recordedStores(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join(s.dir, "recorded/statestore")
	files := map[string]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "kratix-canary-") {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(root, name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
