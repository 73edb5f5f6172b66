// SPDX-License-Identifier: Apache-2.0

// Package cli holds the commands of the program: one file each, flags in,
// one call into the domain, the result handed to package view.
package cli

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/kratix-tools/kratix/internal/term"
)

// Env is all that a command may take from the world outside its arguments.
// Tests make their own; main fills it from the process.
type Env struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	// Name is how the program was called, argv[0].
	Name string
	// Become runs another program in place of this one and gives its exit
	// code, if there is still a process to do so.
	Become func(path string, args []string) (code int, err error)

	colour term.ColourMode
}

// out is standard output, where answers go.
func (e *Env) out() term.Stream {
	a, ok := e.Out.(*answer)
	if !ok {
		return e.open(e.Out)
	}
	s := e.open(a.Writer)
	s.Writer = a
	return s
}

// An answer is standard output as commands see it. It remembers the first
// error, so that nobody who writes text has to look: an answer that is cut
// short must not look like a whole one.
type answer struct {
	io.Writer
	err error
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.Writer.Write(p)
	if a.err == nil {
		a.err = err
	}
	return n, err
}

// err is standard error, where progress, warnings and hints go.
func (e *Env) err() term.Stream { return e.open(e.Err) }

func (e *Env) open(w io.Writer) term.Stream {
	s := term.Open(w, e.Getenv, e.colour)
	s.Program = e.program()
	return s
}

// called is the name that the program was called by.
func (e *Env) called() string { return strings.TrimSuffix(filepath.Base(e.Name), ".exe") }

// program is what usage lines call the program: "kubectl kratix" when kubectl
// runs it as a plugin.
func (e *Env) program() string {
	if strings.HasPrefix(e.called(), "kubectl-kratix") {
		return "kubectl kratix"
	}
	return "kratix"
}
