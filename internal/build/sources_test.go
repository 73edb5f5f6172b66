// SPDX-License-Identifier: Apache-2.0

package build

import (
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
)

func TestCheckImages(t *testing.T) {
	t.Parallel()
	goStage := stage(t, "go.mod", goMod, "main.go", program)
	same := stage(t, "go.mod", goMod, "main.go", program)
	other := stage(t, "go.mod", goMod, "main.go", program+"// other\n")
	docker, docker2 := stage(t, "Dockerfile", "FROM a\n"), stage(t, "Dockerfile", "FROM b\n")
	tests := []struct {
		name           string
		image1, image2 string
		dir1, dir2     string
		refused        bool
	}{
		{"different sources for one name", "render:v1", "render:v1", goStage, other, true},
		{"a program and a Dockerfile for one name", "render:v1", "render:v1", docker, other, true},
		{"the same sources twice", "render:v1", "render:v1", goStage, same, false},
		{"a name each", "render:v1", "render:v2", goStage, other, false},
		{"sources for one of them only", "render:v1", "render:v1", goStage, t.TempDir(), false},
		{"nothing that is built here", "render:v1", "render:v1", docker, docker2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := CheckImages([]Sources{{"a/one", tt.image1, tt.dir1}, {"b/two", tt.image2, tt.dir2}})
			if !tt.refused {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			if diag.ExitCode(err) != diag.ExitInput {
				t.Fatalf("error %v, want one of the input", err)
			}
			for _, want := range []string{"a/one", "b/two", tt.dir1, tt.dir2, "render:v1"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not tell of %q", err, want)
				}
			}
		})
	}
}
