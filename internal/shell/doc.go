// SPDX-License-Identifier: Apache-2.0

// Package shell opens a shell in a step that has ended: with its volumes, its
// environment and its user, to look for what went wrong.
//
// The surprise is what happens when the image has no shell, as one that is
// built FROM scratch: then this program itself is brought into the container,
// where it is one. [Interpret] is that shell, made of mvdan.cc/sh and the few
// commands that one needs to look around. It takes a program without
// libraries, as ours is when it is built as it should be, of the system and
// processor of the container; [Find] tries it before it says that there is one.
//
//	found, err := shell.Find(ctx, halted, shell.Options{Program: os.Executable})
//	err = found.Open(ctx, shell.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
//
// The container is a new one. What the step wrote outside of its volumes is
// gone, no program of the step runs any more, and the values of its secrets are
// there for all to see.
package shell
