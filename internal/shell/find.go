// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// Options say which shell is taken.
type Options struct {
	// Image is one with a shell, to be run in place of the step's; empty for the
	// step's own.
	Image string
	// Program gives the path of a program that is a shell when it is called with
	// the argument [Command]. It is taken where the image has none; nil for no
	// such program.
	Program func() (string, error)
}

// Command is the argument that makes a shell of this program.
const Command = "__shell"

// A Shell is one that works in the place of a step.
type Shell struct {
	// Name is its path in the container.
	Name string
	// BuiltIn tells that it is this program.
	BuiltIn bool

	container workflow.Container
	pod       workflow.Pod
}

// Streams are those of whoever uses a shell.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal *workflow.Terminal // nil for a script
	Type     string             // of the terminal, as in TERM; may be empty
}

// home is where the built-in shell is in a container. Nothing of Kratix' is
// there, nor of any image that one has seen.
const home = "/.kratix-shell"

// shells are tried in this order. The first of them may know a better one.
func shells() []string { return []string{"/bin/sh", "/busybox/sh", "sh", "/bin/bash", "bash"} }

// Find looks for a shell for the step at which a run was halted.
func Find(ctx context.Context, at workflow.Halted, options Options) (*Shell, error) {
	s := &Shell{container: at.Container, pod: at.Pod}
	s.container.Args = nil
	// A step that needed more memory than it may have is looked into with more.
	s.container.Limits = workflow.Limits{}
	s.container.Image = cmp.Or(options.Image, s.container.Image)
	for _, name := range shells() {
		better, ok, err := s.try(ctx, name)
		if err != nil {
			return nil, err
		}
		if ok {
			s.Name = cmp.Or(better, name)
			s.container.Command = []string{s.Name}
			return s, nil
		}
	}
	if options.Image != "" {
		return nil, diag.Inputf("image %s has no shell", options.Image)
	}
	return s.builtIn(ctx, at.Spare, options.Program)
}

// try starts a shell that has nothing to do but to look for a better one.
func (s *Shell) try(ctx context.Context, name ...string) (better string, ok bool, err error) {
	var said bytes.Buffer
	c := s.container
	c.Command = append(name, "-c", "command -v bash || :")
	exit, err := s.pod.Run(ctx, c, &said, io.Discard)
	better, _, _ = strings.Cut(said.String(), "\n")
	return better, exit.Code == 0, err
}

// builtIn brings the program into the container.
func (s *Shell) builtIn(ctx context.Context, volume string, program func() (string, error)) (*Shell, error) {
	if program == nil {
		return nil, s.none("")
	}
	path, err := program()
	if err != nil {
		return nil, diag.Machine(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, diag.Machine(err)
	}
	files := tree.NewMemory()
	if err := files.AddFile("kratix", 0o755, content); err != nil {
		return nil, err
	}
	if err := s.pod.CopyIn(ctx, volume, files); err != nil {
		return nil, err
	}
	s.Name, s.BuiltIn = home+"/kratix", true
	s.container.Mounts = append(slices.Clip(s.container.Mounts),
		workflow.Mount{Volume: volume, Target: home, ReadOnly: true})
	_, ok, err := s.try(ctx, s.Name, Command)
	if err == nil && !ok {
		err = s.none(", and this program cannot run there")
	}
	s.container.Command = []string{s.Name, Command}
	return s, err
}

func (s *Shell) none(more string) error {
	err := diag.Machine(fmt.Errorf("image %s has no shell%s", s.container.Image, more))
	return diag.Hint(err, "name an image that has one: --debug-image busybox")
}

// Open runs the shell to its end. How it ends is nobody's failure.
func (s *Shell) Open(ctx context.Context, streams Streams) error {
	c := s.container
	c.Stdin, c.Terminal = streams.In, streams.Terminal
	if streams.Terminal != nil && streams.Type != "" {
		c.Env = append(slices.Clone(c.Env), workflow.EnvVar{Name: "TERM", Value: streams.Type})
	}
	_, err := s.pod.Run(ctx, c, streams.Out, streams.Err)
	return err
}
