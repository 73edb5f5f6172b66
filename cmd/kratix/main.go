// SPDX-License-Identifier: Apache-2.0

// Kratix runs, tests and inspects Kratix Promises. See "kratix --help".
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kratix-tools/kratix/internal/cli"
	"github.com/kratix-tools/kratix/internal/shell"
)

func main() { os.Exit(run()) }

func run() int {
	if len(os.Args) > 1 && os.Args[1] == shell.Command {
		return shell.Main(os.Args[2:], os.Stdin, os.Stdout, os.Stderr)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A second Ctrl-C ends the program at once.
	context.AfterFunc(ctx, stop)
	return cli.Main(ctx, &cli.Env{
		In:     os.Stdin,
		Out:    os.Stdout,
		Err:    os.Stderr,
		Getenv: os.Getenv,
		Name:   os.Args[0],
		Become: become,
	}, os.Args[1:])
}
