// SPDX-License-Identifier: Apache-2.0

// Package diag holds what a command says when it cannot do its work, and what
// it found while doing it.
//
// An error stopped the command. It says what failed and why; what to do next
// travels beside it as a hint ([Hint]), and its class ([Input], [Answer],
// [Machine], [NotFound]) decides the exit code ([ExitCode]). A [Finding] did
// not stop anything by itself: it is data about an input, with the file, the
// line and the field it speaks of. [Problems] turns findings that make an
// input unusable into one error, so that a user sees all of them at once.
package diag

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Exit codes of the program, identical for all its verbs.
const (
	ExitOK          = 0   // all good
	ExitAnswer      = 1   // the answer is bad: a golden differs, a step failed
	ExitInput       = 2   // the question is bad: flags, fixtures, an invalid Promise
	ExitMachine     = 3   // the machine is bad: no engine, no registry, no cluster
	ExitNotFound    = 4   // nothing was selected, or the object does not exist
	ExitInterrupted = 130 // the user pressed Ctrl-C
)

// classified gives an error the exit code of its class.
type classified struct {
	err  error
	code int
}

func (c *classified) Error() string { return c.err.Error() }
func (c *classified) Unwrap() error { return c.err }

func classify(err error, code int) error {
	if err == nil {
		return nil
	}
	return &classified{err, code}
}

// Answer marks err as a bad answer: the question was good, and what came out
// is not what the user wants. Its exit code is [ExitAnswer].
func Answer(err error) error { return classify(err, ExitAnswer) }

// Input marks err as a mistake in what the user gave. Its exit code is
// [ExitInput].
func Input(err error) error { return classify(err, ExitInput) }

// Inputf is [Input] of a formatted error.
func Inputf(format string, args ...any) error { return Input(fmt.Errorf(format, args...)) }

// Machine marks err as a fault of the machine, the network or the cluster, for
// which trying again is sensible. Its exit code is [ExitMachine].
func Machine(err error) error { return classify(err, ExitMachine) }

// Machinef is [Machine] of a formatted error.
func Machinef(format string, args ...any) error { return Machine(fmt.Errorf(format, args...)) }

// NotFound marks err as a selection that is empty. Its exit code is
// [ExitNotFound].
func NotFound(err error) error { return classify(err, ExitNotFound) }

// NotFoundf is [NotFound] of a formatted error.
func NotFoundf(format string, args ...any) error { return NotFound(fmt.Errorf(format, args...)) }

// ExitCode gives the exit code for err: that of its outermost class, 130 for a
// cancelled context, and [ExitAnswer] for an error without a class.
func ExitCode(err error) int {
	var c *classified
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.As(err, &c):
		return c.code
	default:
		return ExitAnswer
	}
}

// hinted carries advice beside an error.
type hinted struct {
	err    error
	advice string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// Hint returns err with advice on what to do next. Its text is that of err
// alone; the command line prints the advice on a line of its own.
func Hint(err error, advice string) error {
	if err == nil || advice == "" {
		return err
	}
	return &hinted{err, advice}
}

// Hints lists the advice that travels with err, the outermost first and each
// once.
func Hints(err error) []string {
	var hints []string
	add := func(advice string) {
		if advice != "" && !slices.Contains(hints, advice) {
			hints = append(hints, advice)
		}
	}
	walk(err, func(err error) {
		switch e := err.(type) { //nolint:errorlint // walk already visits every wrapped error
		case *hinted:
			add(e.advice)
		case *problemsError:
			for _, p := range e.problems {
				add(p.Hint)
			}
		case *fs.PathError:
			if errors.Is(e.Err, syscall.ENOSPC) {
				add(roomHint(filepath.Dir(e.Path)))
			}
		}
	})
	return hints
}

// roomHint is what to do about a directory that has no more room, wherever in
// the program that was noticed. If the directory is gone meanwhile, with all that
// was written in vain, it speaks of the one around it. Relative paths are in the
// user's own directories, for which no variable names another place.
func roomHint(dir string) string {
	for !exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	hint := "make room in " + dir + " (df -h " + dir + ")"
	if filepath.IsAbs(dir) {
		hint += ", or name another place: XDG_CACHE_HOME is for images, TMPDIR for runs"
	}
	return hint
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// walk visits err and all that it wraps.
func walk(err error, visit func(error)) {
	for err != nil {
		visit(err)
		switch e := err.(type) { //nolint:errorlint // this is the walk over wrapped errors
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, sub := range e.Unwrap() {
				walk(sub, visit)
			}
			return
		default:
			return
		}
	}
}

// A Position is a place in a file. Line and Column count from 1; 0 is unknown.
type Position struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String gives the position as compilers do: file, file:line or
// file:line:column.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Severity says how bad a finding is.
type Severity string

// The severities, from worst to mildest.
const (
	SeverityError   Severity = "error"   // Kratix refuses it, or it will fail
	SeverityWarning Severity = "warning" // it silently does something else than one expects
	SeverityNote    Severity = "note"    // it is a risk
)

// A Finding is one thing noticed about an input.
type Finding struct {
	Severity Severity `json:"severity"`
	// Code is the stable name of the rule, such as "KRX401"; empty for plain
	// decoding errors.
	Code string `json:"code,omitempty"`
	Position
	// Field is the path inside the document, such as
	// "spec.workflows.resource.configure[0].spec.containers[1].image".
	Field string `json:"field,omitempty"`
	// Message says what is wrong, without position and field.
	Message string `json:"message"`
	// Hint says what to do next, ready to paste where possible.
	Hint string `json:"hint,omitempty"`
}

// String gives the finding on one line: position, field, message.
func (f Finding) String() string {
	parts := make([]string, 0, 3)
	for _, part := range []string{f.Position.String(), f.Field, f.Message} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// ByPosition compares findings by where they are, for sorting.
func ByPosition(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// problemsError is one error made of several findings.
type problemsError struct {
	what     string
	problems []Finding
}

func (e *problemsError) Error() string {
	switch {
	case e.what == "":
		return e.list()
	case len(e.problems) == 1:
		return e.what + ": " + e.list()
	default:
		return e.what + ":\n" + e.list()
	}
}

// list gives the problems, one a line.
func (e *problemsError) list() string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Problems makes one input error of the findings, in file order, or nil if
// there are none. What says what was being done, as in "loading Promise".
func Problems(what string, findings []Finding) error {
	if len(findings) == 0 {
		return nil
	}
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, ByPosition)
	return Input(&problemsError{what, sorted})
}

// Findings lists the findings that err was made of by [Problems].
func Findings(err error) []Finding {
	if p, ok := errors.AsType[*problemsError](err); ok {
		return p.problems
	}
	return nil
}

// What says what was being done when the findings of err were made: the text
// of err without them.
func What(err error) string {
	var p *problemsError
	if !errors.As(err, &p) {
		return ""
	}
	before, _, _ := strings.Cut(err.Error(), p.list())
	return strings.TrimRight(before, ": \n")
}
