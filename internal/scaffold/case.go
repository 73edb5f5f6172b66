// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// CaseOptions say which test case to make.
type CaseOptions struct {
	Promise *promise.Promise
	// Ref is the workflow of the case; zero if it is about the static
	// dependencies of the Promise.
	Ref  promise.WorkflowRef
	Name string
	// Request is the file with the request; the example of the Promise
	// when empty. The Promise itself is the input of promise workflows.
	Request string
}

// Case makes the files of a new test case, with paths below the directory of
// the Promise. The first case also gets a simulated platform to place documents
// on. A request that the API would refuse is an input error.
func Case(o CaseOptions) ([]File, error) {
	var p problems
	p.label("CASE", "the name of the case", o.Name)
	if o.Ref.Pipeline != "" {
		workflow := promise.WorkflowRef{Type: o.Ref.Type, Action: o.Ref.Action}
		p.add("", fmt.Sprintf("use %s, and pipelines: [%s] in case.yaml", workflow, o.Ref.Pipeline), "%s is a Pipeline: cases are of workflows", o.Ref)
	}
	if err := diag.Problems("", p); err != nil {
		return nil, err
	}
	workflow, template := string(o.Ref.Type)+"-"+string(o.Ref.Action), "case/case.yaml"
	if o.dependencies() {
		workflow, template = "promise-dependencies", "case/dependencies.yaml"
	}
	dir := path.Join("tests", workflow, o.Name)
	if o.dependencies() && len(o.Promise.Spec.Dependencies) == 0 {
		err := diag.Inputf("%s: the Promise %q has no static dependencies", o.Promise.File, o.Promise.Name)
		return nil, diag.Hint(err, "spec.dependencies lists them")
	}
	files := []File{{Path: dir + "/case.yaml", Data: render(template, caseView{Description: o.Name})}}
	request, err := o.request()
	if err != nil {
		return nil, err
	}
	if request != nil {
		files = append(files, File{Path: dir + "/request.yaml", Data: request})
	}
	shared, err := o.shared()
	return append(files, shared...), err
}

func (o CaseOptions) dependencies() bool { return o.Ref == promise.WorkflowRef{} }

type caseView struct{ Description string }

// request reads the request of the case as it is written, comments and all.
func (o CaseOptions) request() ([]byte, error) {
	if o.Ref.Type != api.WorkflowResource {
		if o.Request != "" {
			err := diag.Inputf("a case of %s has no request: its input is the Promise", cmp.Or(o.Ref, promise.WorkflowRef{Type: api.WorkflowPromise, Action: "dependencies"}))
			return nil, diag.Hint(err, "leave out --request")
		}
		return nil, nil
	}
	file := o.Request
	if file == "" {
		file = o.Promise.Example()
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			err := diag.Inputf("there is no request to start from: %s does not exist", file)
			return nil, diag.Hint(err, "add --request FILE")
		}
	}
	if _, err := promise.LoadRequest(file, o.Promise); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(file)
	return data, diag.Input(err)
}

// shared makes what all cases of a Promise share, where it is missing.
func (o CaseOptions) shared() ([]File, error) {
	var files []File
	destinations, err := o.missing("tests/destinations")
	if err != nil {
		return nil, err
	}
	if destinations {
		files = append(files, File{Path: "tests/destinations/dev.yaml", Data: render("case/destination.yaml", destinationView{labels(o.Promise.Spec.DestinationSelectors)})})
	}
	ignored := ignoredSecrets()
	ignore, err := o.missing(ignored.Path)
	if ignore {
		files = append(files, ignored)
	}
	return files, err
}

// ignoredSecrets keeps the Secrets of the cases out of Git.
func ignoredSecrets() File {
	return File{Path: "tests/.gitignore", Data: render("case/gitignore", nil)}
}

func (o CaseOptions) missing(path string) (bool, error) {
	_, err := os.Stat(filepath.Join(o.Promise.Dir, filepath.FromSlash(path)))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, diag.Input(err)
}

type destinationView struct{ Labels []label }

type label struct{ Key, Value string }

// labels makes a Destination match what a Promise asks for. Where the Promise
// has several values for a key, Kratix takes the first.
func labels(selectors []api.PromiseSelector) []label {
	wanted := map[string]string{}
	for _, selector := range slices.Backward(selectors) {
		maps.Copy(wanted, selector.MatchLabels)
	}
	if len(wanted) == 0 {
		wanted["environment"] = "dev"
	}
	var labels []label
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		labels = append(labels, label{key, wanted[key]})
	}
	return labels
}
