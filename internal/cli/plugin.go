// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/plugin"
	"github.com/kratix-tools/kratix/internal/view"
)

func newPluginCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plugin",
		GroupID: groupProgram,
		Short:   "List the commands that other programs add",
		Long: `A program kratix-foo on the PATH is the command "kratix foo", and
kratix-foo-bar is "kratix foo bar"; a dash inside of a word is an underscore in
the name of the program. It gets the arguments behind its name, the streams and
the environment, and its exit code is that of the command. Built-in commands
come first.`,
	}
	cmd.AddCommand(newPluginListCmd(env))
	return cmd
}

func newPluginListCmd(env *Env) *cobra.Command {
	var format view.Format
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the plugins on the PATH",
		Example: `  kratix plugin list`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plugins := plugin.Path(env.Getenv).List()
			view.Findings(env.err(), pluginFindings(cmd.Root(), plugins))
			return view.Plugins(env.out(), format, plugins)
		},
	}
	cmd.Flags().VarP(newEnum(&format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

// pluginFindings tells which plugins never run.
func pluginFindings(root *cobra.Command, plugins []plugin.Plugin) []diag.Finding {
	var found []diag.Finding
	warn := func(p plugin.Plugin, hint, message string) {
		found = append(found, diag.Finding{Severity: diag.SeverityWarning, Position: diag.Position{File: p.Path}, Message: message, Hint: hint})
	}
	for _, p := range plugins {
		switch builtin := builtinOf(root, p.Words()); {
		case builtin != "":
			warn(p, "", fmt.Sprintf("it never runs: %q is a command of kratix itself", builtin))
		case !p.Executable:
			warn(p, "chmod +x "+shellQuote(p.Path), "it never runs: it is not executable")
		case p.ShadowedBy != "":
			warn(p, "", "it never runs: "+p.ShadowedBy+" comes first on the PATH")
		}
	}
	if len(plugins) == 0 {
		found = append(found, diag.Finding{
			Severity: diag.SeverityNote, Message: "there are no plugins on the PATH",
			Hint: "a program kratix-foo in one of its directories is the command: kratix foo",
		})
	}
	return found
}

// builtinOf gives the command of the program itself that some words begin
// with; "" for words that a plugin may have.
func builtinOf(root *cobra.Command, words []string) string {
	if len(words) == 0 {
		return ""
	}
	for _, cmd := range root.Commands() {
		if cmd.Name() == words[0] || slices.Contains(cmd.Aliases, words[0]) {
			return root.Name() + " " + words[0]
		}
	}
	reserved := []string{"completion", "help", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd}
	if slices.Contains(reserved, words[0]) {
		return root.Name() + " " + words[0]
	}
	return ""
}

// runPlugin runs the plugin that the arguments name. It reports false if they
// name none.
func runPlugin(env *Env, root *cobra.Command, args []string) (code int, ran bool, err error) {
	if len(args) == 0 || builtinOf(root, args) != "" {
		return 0, false, nil
	}
	path, words, ok := plugin.Path(env.Getenv).Find(args)
	if !ok {
		return 0, false, nil
	}
	code, err = env.Become(path, args[words:])
	if err != nil {
		err = diag.Machine(fmt.Errorf("running the plugin %s: %w", path, err))
	}
	return code, true, err
}
