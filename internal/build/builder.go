// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Builders names the programs that can build a Dockerfile, in the order in
// which they are tried.
func Builders() []string { return []string{docker, podman, buildah} }

const (
	docker  = "docker"
	podman  = "podman"
	buildah = "buildah"
)

// A Builder is a program on this machine that builds Dockerfiles.
type Builder struct {
	Name string
	// Buildx says that docker's buildx is to build, with whatever builder
	// instance is chosen there.
	Buildx bool

	path string
}

// answerTime is how long a builder may take to say that it is there: its daemon
// may be far away.
const answerTime = 20 * time.Second

// FindBuilder gives the first of some builders that answers. The error is a
// [NoBuilderError] if none does.
func FindBuilder(ctx context.Context, names ...string) (*Builder, error) {
	none := &NoBuilderError{}
	for _, name := range names {
		b, err := probe(ctx, name)
		switch {
		case err == nil:
			return b, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		none.Tried = append(none.Tried, Tried{name, err.Error()})
	}
	return nil, diag.Hint(diag.Machine(none), none.hint())
}

// WithBuildx is the same builder with docker's buildx, if it is there. Podman's
// command of that name does what it does without.
func (b *Builder) WithBuildx(ctx context.Context) (*Builder, error) {
	switch b.Name {
	case buildah:
		return nil, diag.Inputf("--buildx: buildah has no such thing; docker and podman have")
	case podman:
		return b, nil
	}
	if err := ask(ctx, b.path, "buildx", "version"); err != nil {
		err = diag.Machinef("--buildx: docker has no buildx here: %w", err)
		return nil, diag.Hint(err, "install it (Debian: apt-get install docker-buildx), or leave --buildx out")
	}
	return &Builder{Name: b.Name, Buildx: true, path: b.path}, nil
}

// probe asks a builder something for which it needs all that building needs.
func probe(ctx context.Context, name string) (*Builder, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, errors.New("not in PATH")
	}
	question := []string{"info"}
	if name == docker {
		question = []string{"version", "--format", "{{.Server.Version}}"} // which the daemon answers
	}
	if err := ask(ctx, path, question...); err != nil {
		return nil, err
	}
	return &Builder{Name: name, path: path}, nil
}

// ask runs a command that only asks. The error is the last that it said.
func ask(ctx context.Context, path string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr = &stderr
	err := runGroup(cmd)
	switch said := lastLines(stderr.String(), 1); {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("no answer within %s", answerTime)
	case len(said) > 0:
		return errors.New(said[0])
	}
	return err
}

// lastLines gives up to n lines from the end of a text, without empty ones.
func lastLines(text string, n int) []string {
	lines := slices.DeleteFunc(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), func(line string) bool {
		return strings.TrimSpace(line) == ""
	})
	return lines[max(0, len(lines)-n):]
}

// A NoBuilderError says that nothing on this machine builds Dockerfiles.
type NoBuilderError struct {
	Tried []Tried // in the order in which they were
}

// Tried is a builder that does not answer, and why.
type Tried struct{ Name, Why string }

func (e *NoBuilderError) Error() string {
	lines := []string{"nothing here builds Dockerfiles"}
	for _, t := range e.Tried {
		lines = append(lines, fmt.Sprintf("tried %-7s %s", t.Name, t.Why))
	}
	return strings.Join(lines, "\n")
}

// Summary says on one line who does not answer, and why.
func (e *NoBuilderError) Summary() string {
	var parts []string
	for _, t := range e.Tried {
		parts = append(parts, t.Name+": "+t.Why)
	}
	return strings.Join(parts, "; ")
}

func (e *NoBuilderError) hint() string {
	if len(e.Tried) == 1 {
		return fmt.Sprintf("install or start %s, or let the program choose: --engine auto", e.Tried[0].Name)
	}
	return "install one of them (buildah needs no daemon), start its daemon, or set DOCKER_HOST"
}
