// SPDX-License-Identifier: Apache-2.0

// Package kubelet holds the rules by which a kubelet makes a process of a
// container: what it runs, with which environment, and as whom it must not run.
// They combine the image's configuration with what the Pipeline asks for. Every
// engine follows them, so that a container is the same process on all of them.
package kubelet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// Arguments gives the program and its arguments: a command replaces entrypoint
// and cmd of the image, args only its cmd.
func Arguments(config v1.Config, c workflow.Container) ([]string, error) {
	entrypoint, cmd := config.Entrypoint, config.Cmd
	if len(c.Command) > 0 {
		entrypoint, cmd = c.Command, nil
	}
	if len(c.Args) > 0 {
		cmd = c.Args
	}
	args := slices.Concat(entrypoint, cmd)
	if len(args) == 0 {
		return nil, diag.Hint(diag.Inputf("no command: image %s has neither entrypoint nor cmd", c.Image),
			"set command in the Pipeline, or ENTRYPOINT in the image")
	}
	return args, nil
}

// Environment gives the variables of the program: the runtime's own, then the
// image's, then the container's. A name keeps its first place and has its last
// value.
func Environment(runtime []string, config v1.Config, c workflow.Container) []string {
	var env []string
	at := map[string]int{}
	set := func(variable string) {
		name, _, ok := strings.Cut(variable, "=")
		if !ok {
			return
		}
		i, known := at[name]
		if !known {
			i = len(env)
			at[name], env = i, append(env, "")
		}
		env[i] = variable
	}
	for _, variable := range slices.Concat(runtime, config.Env) {
		set(variable)
	}
	for _, e := range c.Env {
		set(e.Name + "=" + e.Value)
	}
	return env
}

// CheckNonRoot refuses the user that a kubelet refuses because of runAsNonRoot,
// in its words. The image's user is that of its configuration, without a group.
func CheckNonRoot(imageUser string, security workflow.Security) error {
	if !security.RunAsNonRoot {
		return nil
	}
	if security.RunAsUser != nil {
		if *security.RunAsUser == 0 {
			return diag.Input(errors.New("container's runAsUser breaks non-root policy"))
		}
		return nil
	}
	uid, err := strconv.Atoi(imageUser)
	switch {
	case imageUser == "" || err == nil && uid == 0:
		return diag.Input(errors.New("container has runAsNonRoot and image will run as root"))
	case err != nil:
		return diag.Input(fmt.Errorf("container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root", imageUser))
	}
	return nil
}

// Failure is the error of a container that an engine has tried to run, with its
// name; once nobody waits for the container any more, it is only that.
func Failure(ctx context.Context, c workflow.Container, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("container %q: %w", c.Name, err)
	}
	return nil
}
