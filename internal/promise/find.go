package promise

import (
	"os"
	"path/filepath"

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

// Find looks for a Promise in dir and its parents. It gives the path of
// promise.yaml or, in the split layout, that of the directory.
func Find(dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", diag.Machine(err)
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

// isSplit says whether a directory holds a Promise in the split layout.
func isSplit(dir string) bool {
	if isFile(filepath.Join(dir, APIFile)) {
		return true
	}
	for _, ref := range Workflows() {
		if isFile(workflowFile(dir, ref)) {
			return true
		}
	}
	return false
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
