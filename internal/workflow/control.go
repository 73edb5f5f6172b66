package workflow

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"sigs.k8s.io/yaml"
)

// The names of the files that Kratix reads in /kratix/metadata; a file of any
// other name, be it .yml, is ignored without a word.
const (
	controlFile = "workflow-control.yaml"
	statusFile  = "status.yaml"
)

// A Control is what a Pipeline asks for in /kratix/metadata/workflow-control.yaml.
type Control struct {
	Suspend bool   `json:"suspend"`
	Message string `json:"message"`
	// RetryAfter is a Go duration; not empty it suspends the workflow as
	// Suspend does and resumes it after that time.
	RetryAfter string `json:"retryAfter"`
}

// ReadControl reads workflow-control.yaml as Kratix does: leniently, only the
// first document, a missing or empty file asking for nothing. The error has
// the text of Kratix' work-writer and status-writer.
func ReadControl(metadata fs.FS) (Control, error) {
	type WorkflowControl Control // the name that Kratix' errors have
	var c WorkflowControl
	content, err := readMetadata(metadata, controlFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Control{}, nil
	case err != nil:
		return Control{}, fmt.Errorf("failed to read the workflow control file: %q with error: %w", mounted(controlFile), err)
	}
	if err := yaml.Unmarshal(content, &c); err != nil {
		return Control{}, fmt.Errorf("failed to unmarshal the workflow control file: %q with error: %w", mounted(controlFile), err)
	}
	return Control(c), nil
}

// Suspends reports whether the workflow stops here: the work-writer leaves the
// Work as it was, and no further Pipeline starts.
func (c Control) Suspends() bool { return c.Suspend || c.RetryAfter != "" }

// RetryDuration parses RetryAfter; zero and negative durations mean now. Only
// the status-writer does so: the work-writer is content that the text is not
// empty.
func (c Control) RetryDuration() (time.Duration, error) {
	d, err := time.ParseDuration(c.RetryAfter)
	if err != nil {
		return 0, fmt.Errorf("failed to parse retry duration: %q with error: %w", c.RetryAfter, err)
	}
	return d, nil
}
