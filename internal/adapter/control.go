// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Control is what a Pipeline asks for in /kratix/metadata/workflow-control.yaml.
type Control struct {
	Suspend bool   `json:"suspend"`
	Message string `json:"message"`
	// RetryAfter is a Go duration; not empty it suspends the workflow as
	// Suspend does and resumes it after that time.
	RetryAfter string `json:"retryAfter"`
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

// A ControlError says that workflow-control.yaml cannot be decoded, in the
// words of Kratix.
type ControlError struct {
	err error
}

func (e *ControlError) Error() string {
	return fmt.Sprintf("failed to unmarshal the workflow control file: %q with error: %s", Metadata(ControlFile), upstreamType(e.err))
}

// ReadControl reads workflow-control.yaml as Kratix does (ae170e22): leniently,
// only the first document, a missing or empty file asking for nothing. Kratix
// looks whether there is a file before it reads it, and the errors of the two
// steps differ.
func (c *Container) ReadControl() (Control, error) {
	name := Metadata(ControlFile)
	_, err := c.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Control{}, nil
	}
	if err != nil {
		return Control{}, err
	}
	content, err := c.ReadFile(name)
	if _, ok := errors.AsType[Errno](err); ok {
		return Control{}, fmt.Errorf("failed to read the workflow control file: %q with error: %w", name, err)
	}
	if err != nil {
		return Control{}, err
	}
	return parseControl(content)
}

func parseControl(content []byte) (Control, error) {
	type WorkflowControl Control // the name that Kratix' errors have
	var control WorkflowControl
	if err := yaml.Unmarshal(content, &control); err != nil {
		return Control{}, diag.Answer(&ControlError{err})
	}
	return Control(control), nil
}

// upstreamType gives the text of a decoding error with the package that the
// type has in Kratix.
func upstreamType(err error) string {
	return strings.ReplaceAll(err.Error(), "adapter.WorkflowControl", "lib.WorkflowControl")
}
