// SPDX-License-Identifier: Apache-2.0

package adapter_test

import (
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/adapter"
	"github.com/kratix-tools/kratix/internal/diag"
)

func TestWorkflowControlIsReadLeniently(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule, content string
		want          adapter.Control
	}{
		{"an empty file asks for nothing", "", adapter.Control{}},
		{"yes is true", "suspend: yes", adapter.Control{Suspend: true}},
		{"case does not count", "Suspend: true\nMESSAGE: m", adapter.Control{Suspend: true, Message: "m"}},
		{"numbers are texts", "retryAfter: 30\nmessage: 1", adapter.Control{RetryAfter: "30", Message: "1"}},
		{"unknown keys are ignored", "suspended: true", adapter.Control{}},
		{"only the first document counts", "message: a\n---\nsuspend: true", adapter.Control{Message: "a"}},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			got, err := adapter.StatusWriter(files{adapter.ControlFile: text(tc.content)}).ReadControl()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got, err := adapter.StatusWriter(nil).ReadControl(); err != nil || got.Suspends() {
		t.Errorf("no file: %+v, %v", got, err)
	}
}

func TestWorkflowControlFailsInTheWordsOfKratix(t *testing.T) {
	t.Parallel()
	const path = "/work-creator-files/metadata/workflow-control.yaml"
	for _, tc := range []struct {
		rule string
		file *file
		want string
	}{
		{
			"quotes make a text", text(`suspend: "true"`),
			`failed to unmarshal the workflow control file: "` + path + `" with error: error unmarshaling JSON: while decoding JSON: ` +
				"json: cannot unmarshal string into Go struct field WorkflowControl.suspend of type bool",
		},
		{
			"the type has the name that it has in Kratix", text("- suspend"),
			`failed to unmarshal the workflow control file: "` + path + `" with error: error unmarshaling JSON: while decoding JSON: ` +
				"json: cannot unmarshal array into Go value of type lib.WorkflowControl",
		},
		{
			"what is there and cannot be read", owned(0, 0, 0o600),
			`failed to read the workflow control file: "` + path + `" with error: open ` + path + ": permission denied",
		},
		{
			"a directory", &file{Mode: fs.ModeDir | 0o755},
			`failed to read the workflow control file: "` + path + `" with error: read ` + path + ": is a directory",
		},
		{"what cannot be looked at", link(adapter.ControlFile), "stat " + path + ": too many levels of symbolic links"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			volume := files{adapter.ControlFile: tc.file}
			for _, c := range []*adapter.Container{adapter.StatusWriter(volume), workWriter(nil, volume)} {
				_, err := c.ReadControl()
				if diff := cmp.Diff(tc.want, words(err)); diff != "" {
					t.Errorf("error (-want +got):\n%s", diff)
				}
				if code := diag.ExitCode(err); code != diag.ExitAnswer {
					t.Errorf("exit code %d, want %d", code, diag.ExitAnswer)
				}
			}
		})
	}
}
