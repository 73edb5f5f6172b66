// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Names of the files of a Promise.
const (
	FlatFile         = "promise.yaml"
	APIFile          = "api.yaml"
	DependenciesFile = "dependencies.yaml"
	WorkflowFile     = "workflow.yaml" // in workflows/<type>/<action>
	MetadataFile     = "metadata.yaml" // split layout: what has no other place
)

const dependenciesField = "spec.dependencies"

// Find looks for a Promise in dir and its parents. It gives the path of
// promise.yaml or, in the split layout, that of the directory. All commands
// find a Promise in this way: where both layouts are present, promise.yaml
// counts.
func Find(dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", diag.Machine(err)
	}
	if !exists(absolute) { // a slip must not end at the Promise of a parent
		return "", diag.Inputf("%s: no such directory", dir)
	}
	for at := filepath.Clean(dir); ; at = filepath.Join(at, "..") {
		if file := filepath.Join(at, FlatFile); exists(file) {
			return file, nil
		}
		if isSplit(at) {
			return at, nil
		}
		if absolute == filepath.Dir(absolute) {
			return "", notFound(dir)
		}
		absolute = filepath.Dir(absolute)
	}
}

func notFound(dir string) error {
	err := diag.Inputf("no %s in %s or any parent", FlatFile, dir)
	return diag.Hint(err, "kratix init promise NAME --group GROUP --kind KIND")
}

// isSplit says whether a directory holds a Promise in the split layout: any of
// its files but dependencies.yaml, whose name says too little.
func isSplit(dir string) bool {
	return slices.ContainsFunc(splitFiles(dir), isFile)
}

// splitFiles lists the files that tell the split layout.
func splitFiles(dir string) []string {
	files := []string{filepath.Join(dir, APIFile)}
	for _, ref := range Workflows() {
		files = append(files, workflowFile(dir, ref))
	}
	if metadata := filepath.Join(dir, MetadataFile); isPromise(metadata) {
		files = append(files, metadata)
	}
	return files
}

// isPromise says whether a file holds a Promise.
func isPromise(file string) bool {
	docs, err := readDocuments(file)
	return err == nil && kindOf(docs[0]) == "Promise"
}

// workflowFile is where a workflow is in the split layout.
func workflowFile(dir string, ref WorkflowRef) string {
	return filepath.Join(dir, "workflows", string(ref.Type), string(ref.Action), WorkflowFile)
}

// exists tells whether there is anything of this name. Whether it can be read
// is for whoever reads it to say.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
