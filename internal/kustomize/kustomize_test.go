// SPDX-License-Identifier: Apache-2.0

package kustomize

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
)

// TestBuild runs the kustomize of this machine.
func TestBuild(t *testing.T) {
	if _, err := find(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"kustomization.yaml": "namePrefix: dev-\nresources: [a.yaml]\n",
		"a.yaml":             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "name: dev-a") {
		t.Errorf("built %s", out)
	}
	_, err = Build(t.Context(), filepath.Join(dir, "nothing"))
	if diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), "exit code 1") {
		t.Errorf("error of class %d: %v", diag.ExitCode(err), err)
	}
}

func TestBuildWithoutKustomize(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Build(t.Context(), ".")
	if diag.ExitCode(err) != diag.ExitMachine || len(diag.Hints(err)) == 0 {
		t.Errorf("error of class %d: %v", diag.ExitCode(err), err)
	}
	if _, err := exec.LookPath("kubectl"); err == nil {
		t.Error("there is a kubectl in an empty directory")
	}
}
