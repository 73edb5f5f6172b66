// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/view"
)

// initFlags are the flags of all commands that make a Promise.
type initFlags struct {
	scaffold.PromiseOptions

	dir    string
	force  bool
	dryRun bool
}

// register adds the flags. Version says what the version is by default.
func (o *initFlags) register(cmd *cobra.Command, version string) {
	flags := cmd.Flags()
	flags.StringVarP(&o.Group, "group", "g", "", "`GROUP` of the API, such as acme.org (required)")
	flags.StringVarP(&o.Kind, "kind", "k", "", "`KIND` of the API, such as Database (required)")
	flags.StringVarP(&o.Version, "version", "v", "", "`VERSION` of the API (default "+version+")")
	flags.StringVar(&o.Plural, "plural", "", "`PLURAL` of the kind (default the kind in lower case and an s)")
	flags.StringVarP(&o.dir, "dir", "d", ".", "`DIR` to write to; made if it does not exist")
	flags.BoolVar(&o.Split, "split", false, "write api.yaml, dependencies.yaml and workflows in place of promise.yaml")
	flags.BoolVar(&o.force, "force", false, "overwrite files that exist")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only list what would be written")
}

// options are those of the Promise, with what its README repeats.
func (o *initFlags) options() scaffold.PromiseOptions {
	options := o.PromiseOptions
	if o.dir != "." {
		options.Dir = o.dir
	}
	return options
}

// translateFlags are the flags of all commands that make a Promise of something
// else.
type translateFlags struct {
	initFlags

	stageImage string
}

func (o *translateFlags) register(cmd *cobra.Command, version, stageImage string) {
	o.initFlags.register(cmd, version)
	cmd.Flags().StringVar(&o.stageImage, "stage-image", "", "`IMAGE` of the stage that serves requests, such as a copy in a registry of your own (default "+stageImage+")")
}

// check refuses what can be known before the source is read.
func (o *translateFlags) check(required ...scaffold.Required) error {
	return scaffold.CheckTranslation(o.options(), o.stageImage, required...)
}

// tryOut is the command that shows what a new Promise does.
func tryOut(content scaffold.Content) string {
	if content.Sample != nil {
		return "kratix test workflow"
	}
	return "kratix run workflow"
}

// write writes the Promise that has the content, and tells what was found out on
// the way to it. What has to be done next comes before trying it out.
func (o *translateFlags) write(env *Env, content scaffold.Content, findings []diag.Finding, next ...string) error {
	files, more, err := scaffold.Translate(o.options(), content)
	if err != nil {
		return err
	}
	if err := writeFiles(env, o.dir, files, o.force, o.dryRun); err != nil {
		return err
	}
	view.Findings(env.err(), append(findings, more...))
	view.Findings(env.err(), o.options().Notes())
	commands := append(next, tryOut(content))
	commands[0] = inDir(o.dir, commands[0])
	view.Next(env.err(), commands...)
	return nil
}
