// SPDX-License-Identifier: Apache-2.0

// Release makes what a release has beside the programs: the manual page, the
// shell completions and the licences of what is linked in; an SBOM for each
// program; and the container image. All of it depends on the commit and on
// nothing else, so that two releases of one commit are the same, byte for byte.
//
// What goes into a release is written down in .goreleaser.yaml, which calls
// this; "make snapshot" tries all of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `usage: release share DIR            manual page, completions and licence texts
       release licenses            what is linked in and its licences, as Markdown
       release sbom PROGRAM FILE   the SBOM of a program, as CycloneDX
       release image [-push] [-tag REF] DIST
                                   the container image of what GoReleaser built`

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	var command string
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch {
	case command == "share" && len(args) == 1:
		return share(ctx, args[0])
	case command == "licenses" && len(args) == 0:
		modules, err := linkedModules(ctx)
		if err != nil {
			return err
		}
		return writeLicenses(out, modules)
	case command == "sbom" && len(args) == 2:
		return writeSBOM(ctx, args[0], args[1])
	case command == "image":
		return image(ctx, out, args)
	}
	return errors.New(usage)
}

func image(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	push := flags.Bool("push", false, "push it")
	tag := flags.String("tag", "ghcr.io/kratix-tools/kratix:snapshot", "`REF` to push to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New(usage)
	}
	return makeImage(ctx, out, flags.Arg(0), *tag, *push)
}
