// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/scratch"
)

// DockerfileOptions says what [Dockerfile] builds.
type DockerfileOptions struct {
	Dir     string // of the stage: what the Dockerfile may copy from
	Builder *Builder

	// Platform is as in "linux/arm64"; empty for what the builder chooses.
	Platform string
	// Tag is what the builder calls the image as well; empty for no name.
	Tag string
	// Args are more arguments for the builder, such as "--no-cache".
	Args []string
	// Output, if set, is told all that the builder says. Without it the last
	// lines are part of the error.
	Output io.Writer
}

// Dockerfile has a builder build the Dockerfile of a stage, and takes the image
// into the store under a reference. A build that fails is a bad answer, and its
// error names the builder's exit code.
func Dockerfile(ctx context.Context, store *image.Store, ref string, o DockerfileOptions) (*image.Image, error) {
	tmp, err := scratch.New("kratix-build-")
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", o.Dir, err)
	}
	defer func() { _ = tmp.Remove() }()
	idFile := filepath.Join(tmp.Path, "id")
	if err := o.run(ctx, o.Output, o.buildArgs("--iidfile", idFile)...); err != nil {
		return nil, err
	}
	id, err := os.ReadFile(idFile)
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("building %s: %s does not say which image it built: %w", o.Dir, o.Builder.Name, err))
	}
	file := filepath.Join(tmp.Path, "image.tar")
	if err := o.run(ctx, nil, o.Builder.saveArgs(strings.TrimSpace(string(id)), file)...); err != nil {
		return nil, diag.Machine(fmt.Errorf("taking the image over: %w", err))
	}
	img, err := store.Import(ctx, ref, file, o.Platform)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", o.Dir, err)
	}
	return img, nil
}

// Publish has docker's buildx build a Dockerfile for one platform or several,
// separated by commas, and push what it built to the registry of o.Tag. That
// is the only way to an image for several platforms, which no local daemon
// keeps.
func Publish(ctx context.Context, o DockerfileOptions) error {
	if !o.Builder.Buildx {
		err := diag.Inputf("--platform %s: only docker's buildx builds for several platforms at once", o.Platform)
		return diag.Hint(err, "--buildx --push, or one platform")
	}
	return o.run(ctx, o.Output, o.buildArgs("--push")...)
}

// buildArgs is a command line for the builder, with some arguments of ours.
func (o DockerfileOptions) buildArgs(ours ...string) []string {
	args := []string{"build"}
	if o.Builder.Buildx {
		args = []string{"buildx", "build"}
		if ours[0] != "--push" {
			args = append(args, "--load")
		}
	}
	if o.Tag != "" {
		args = append(args, "--tag", o.Tag)
	}
	if o.Platform != "" {
		args = append(args, "--platform", o.Platform)
	}
	args = append(args, ours...)
	args = append(args, o.Args...)
	return append(args, o.Dir)
}

// saveArgs writes an image to a file: an OCI image layout or a docker tarball.
func (b *Builder) saveArgs(id, file string) []string {
	short := strings.TrimPrefix(id, "sha256:") // else the two take it for the name of an image
	switch b.Name {
	case podman:
		return []string{"save", "--quiet", "--format", "oci-archive", "--output", file, short}
	case buildah:
		return []string{"push", "--quiet", short, "oci-archive:" + file}
	}
	return []string{"save", "--output", file, id}
}

// tail is how many of a builder's last lines its error repeats.
const tail = 15

// run runs the builder. It is asked to stop before it is killed, since it has
// to clean up.
func (o DockerfileOptions) run(ctx context.Context, output io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, o.Builder.path, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if output != nil {
		cmd.Stdout, cmd.Stderr = output, output
	}
	err := runGroupUntil(cmd, syscall.SIGTERM)
	switch exit := (&exec.ExitError{}); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case !errors.As(err, &exit):
		return diag.Machine(fmt.Errorf("building %s: %w", o.Dir, err))
	}
	what := fmt.Sprintf("building %s: %s %s: %v", o.Dir, o.Builder.Name, args[0], exited(err))
	return diag.Answer(errors.New(strings.Join(append([]string{what}, lastLines(said.String(), tail)...), "\n")))
}

// exited says how a process ended, as one says of steps.
func exited(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() >= 0 {
		return fmt.Sprintf("exited %d", exit.ExitCode())
	}
	return err.Error() // by a signal
}
