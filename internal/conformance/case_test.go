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
	files, err := filepath.Glob(filepath.Join(recordings, "*", "case.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings below %s (%v)", recordings, err)
	}
	var cases []testCase
	for _, file := range files {
		c := testCase{dir: filepath.Dir(file)}
		decode(t, file, &c)
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

// decodeAll reads all documents of a YAML file; a file that does not exist has
// none. The recordings were written by a YAML library to which n and y are
// strings, so it is not the one of kubectl.
func decodeAll[T any](t *testing.T, file string) []T {
	t.Helper()
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for documents := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var document any
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if document == nil {
			continue
		}
		all = append(all, convert[T](t, document))
	}
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

func (c *testCase) promises(t *testing.T) map[string]*api.Promise {
	t.Helper()
	promises := map[string]*api.Promise{}
	for _, p := range decodeAll[api.Promise](t, filepath.Join(c.dir, "input/promise.yaml")) {
		promises[p.Name] = &p
	}
	return promises
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

// recordedError gives what failed; empty if nothing did.
func (s *step) recordedError(t *testing.T) (container, text string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "recorded/error.txt"))
	if os.IsNotExist(err) {
		return "", ""
	}
	if err != nil {
		t.Fatal(err)
	}
	head, text, _ := strings.Cut(string(data), "\nexitCode: ")
	_, text, _ = strings.Cut(text, "\n")
	return strings.TrimPrefix(head, "container: "), strings.TrimSuffix(text, "\n")
}

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
