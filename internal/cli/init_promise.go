// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/view"
)

func newInitCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "init",
		Short:   "Start a new Promise",
		GroupID: groupAuthor,
	}
	cmd.AddCommand(
		newInitPromiseCmd(env),
		newInitHelmCmd(env),
		newInitOperatorCmd(env),
		newInitCrossplaneCmd(env),
		newInitTFModuleCmd(env),
		newInitPulumiComponentCmd(env),
	)
	return cmd
}

func newInitPromiseCmd(env *Env) *cobra.Command {
	var opts initFlags
	cmd := &cobra.Command{
		Use:   "promise NAME --group GROUP --kind KIND",
		Short: "Write a Promise with an API and empty workflows",
		Example: `  kratix init promise postgresql --group acme.org --kind Database

  # in a directory of its own, in several files
  kratix init promise postgresql --group acme.org --kind Database --dir postgresql --split`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			opts.Name = args[0]
			return runInitPromise(env, opts)
		},
	}
	opts.register(cmd, "v1alpha1")
	return cmd
}

func runInitPromise(env *Env, opts initFlags) error {
	files, err := scaffold.Promise(opts.options())
	if err != nil {
		return err
	}
	if err := writeFiles(env, opts.dir, files, opts.force, opts.dryRun); err != nil {
		return err
	}
	view.Findings(env.err(), opts.Notes())
	view.Next(env.err(),
		inDir(opts.dir, "kratix add container resource/configure/instance --image ghcr.io/YOU/"+opts.Name+"-instance:v0.1.0 --language go"),
	)
	return nil
}

// writeFiles writes what a scaffold made, or only looks whether it could, and
// lists it.
func writeFiles(env *Env, dir string, files []scaffold.File, force, dryRun bool) error {
	write := scaffold.Write
	if dryRun {
		write = scaffold.Check
	}
	if err := write(dir, files, scaffold.WriteOptions{Force: force}); err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(env.Out, "%s %s\n", done(f, dryRun), shownPath(dir, f.Path))
	}
	return nil
}

// done says what became of a file.
func done(f scaffold.File, dryRun bool) string {
	switch {
	case dryRun && f.Replace:
		return "would change"
	case dryRun:
		return "would write"
	case f.Replace:
		return "changed"
	default:
		return "wrote"
	}
}

// inDir gives a command as it has to be typed for a Promise in dir.
func inDir(dir, command string) string {
	if dir == "." || dir == "" {
		return command
	}
	return "cd " + shellQuote(dir) + " && " + command
}
