// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	image := v1.Config{Entrypoint: []string{"entry"}, Cmd: []string{"cmd"}}
	for _, tt := range []struct {
		name string
		c    workflow.Container
		want []string
	}{
		{"the image's own", workflow.Container{}, []string{"entry", "cmd"}},
		{"args replace cmd", workflow.Container{Args: []string{"a"}}, []string{"entry", "a"}},
		{"command replaces both", workflow.Container{Command: []string{"c"}}, []string{"c"}},
		{"command and args", workflow.Container{Command: []string{"c"}, Args: []string{"a"}}, []string{"c", "a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Arguments(image, tt.c)
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
	if _, err := Arguments(v1.Config{}, workflow.Container{Image: "x"}); diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("no command: %v", err)
	}
}

func TestCheckNonRoot(t *testing.T) {
	t.Parallel()
	zero, seven := int64(0), int64(7)
	for _, tt := range []struct {
		name  string
		image string
		user  *int64
		want  string
	}{
		{"an image without user", "", nil, "container has runAsNonRoot and image will run as root"},
		{"an image of root", "0", nil, "container has runAsNonRoot and image will run as root"},
		{"an image of a name", "app", nil, "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root"},
		{"an image of a number", "65532", nil, ""},
		{"runAsUser is root", "65532", &zero, "container's runAsUser breaks non-root policy"},
		{"runAsUser is not", "app", &seven, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := CheckNonRoot(tt.image, workflow.Security{RunAsNonRoot: true, RunAsUser: tt.user}); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	got := Environment(
		[]string{"PATH=/bin", "HOSTNAME=pod"},
		v1.Config{Env: []string{"LANG=C", "PATH=/opt/bin", "nonsense"}},
		workflow.Container{Env: []workflow.EnvVar{{Name: "A", Value: "1"}, {Name: "LANG", Value: "a=b"}, {Name: "A", Value: "2"}}},
	)
	want := []string{"PATH=/opt/bin", "HOSTNAME=pod", "LANG=a=b", "A=2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}
