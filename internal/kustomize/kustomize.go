// SPDX-License-Identifier: Apache-2.0

// Package kustomize runs the kustomize of this machine.
//
// A kustomization is a small program: it fetches bases, applies patches and
// names what it generates after its content. Its own implementation is several
// times the size of this program, and everybody who has kustomizations has it,
// alone or inside kubectl; so [Build] runs whichever is there.
package kustomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Build gives the objects that a kustomization in a directory makes, as YAML.
// Without kustomize and kubectl on the PATH it is a fault of the machine; what
// they say of the kustomization is an input error.
func Build(ctx context.Context, dir string) ([]byte, error) {
	command, err := find()
	if err != nil {
		return nil, err
	}
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], dir)...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.Bytes(), nil
	case errors.As(err, &exit) && exit.Exited():
		return nil, diag.Inputf("%s %s: exit code %d: %s", strings.Join(command, " "), dir, exit.ExitCode(), strings.TrimSpace(problems.String()))
	default:
		return nil, diag.Machine(errors.Join(ctx.Err(), fmt.Errorf("%s %s: %w", strings.Join(command, " "), dir, err)))
	}
}

// find gives the command that builds: kustomize, else kubectl.
func find() ([]string, error) {
	if _, err := exec.LookPath("kustomize"); err == nil {
		return []string{"kustomize", "build"}, nil
	}
	if _, err := exec.LookPath("kubectl"); err == nil {
		return []string{"kubectl", "kustomize"}, nil
	}
	err := diag.Machinef("there is neither kustomize nor kubectl on the PATH")
	return nil, diag.Hint(err, "install one of the two, or give the YAML that it makes: ... | kratix update dependencies -")
}
