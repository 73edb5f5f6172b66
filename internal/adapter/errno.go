// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/kratix-tools/kratix/internal/diag"
)

// An Errno is what the kernel would answer one of Kratix' own containers, in
// its words, which other systems than Linux do not have.
type Errno string

// What the kernel answers.
const (
	ErrNotExist   Errno = "no such file or directory"
	ErrNotDir     Errno = "not a directory"
	ErrIsDir      Errno = "is a directory"
	ErrPermission Errno = "permission denied"
	ErrLoop       Errno = "too many levels of symbolic links"
	ErrNoDevice   Errno = "no such device or address"
	ErrInvalid    Errno = "invalid argument"
)

func (e Errno) Error() string { return string(e) }

// Is says which error of package io/fs it is.
func (e Errno) Is(target error) bool {
	switch e {
	case ErrNotExist:
		return target == fs.ErrNotExist
	case ErrPermission:
		return target == fs.ErrPermission
	default:
		return false
	}
}

// fault makes the error of a call. What is no Errno is about a tree, which the
// user knows under another name.
func (c *Container) fault(op, name string, err error) error {
	if err == nil {
		return nil
	}
	if no, ok := errors.AsType[Errno](err); ok {
		return diag.Answer(&fs.PathError{Op: op, Path: name, Err: no})
	}
	return diag.Input(fmt.Errorf("reading %s: %w", Shown(name), err))
}

// endless is the error of a file on which the container would hang.
func (c *Container) endless(name string, mode fs.FileMode) error {
	what := "a device"
	if mode&fs.ModeNamedPipe != 0 {
		what = "a named pipe"
	}
	return diag.Answer(diag.Hint(
		fmt.Errorf("%s never ends: %s is %s, and reading it waits for a writer", c.name, Shown(name), what),
		"remove it at the end of the step that makes it"))
}
