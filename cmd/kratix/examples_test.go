// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/cli"
)

// commandTree is that of the program.
func commandTree() *cobra.Command {
	return cli.Commands(&cli.Env{Getenv: func(string) string { return "" }, Name: "kratix"})
}

// exampled lists the commands that must have an example.
func exampled(cmd *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	if cmd.Hidden || cmd.Name() == "completion" || cmd.Name() == "help" {
		return nil
	}
	if !cmd.HasSubCommands() || cmd.Example != "" {
		all = append(all, cmd)
	}
	for _, sub := range cmd.Commands() {
		all = append(all, exampled(sub)...)
	}
	return all
}

// TestExamplesParse looks at every line of every example: its command exists,
// and so do the flags, and the number of arguments is right.
func TestExamplesParse(t *testing.T) {
	t.Parallel()
	for _, cmd := range exampled(commandTree()) {
		if cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		own := false
		for _, line := range exampleLines(cmd) {
			for _, words := range programCalls(t, line) {
				called, args, err := commandTree().Find(words)
				if err == nil {
					own = own || called.CommandPath() == cmd.CommandPath()
					called.InitDefaultHelpFlag()
					if err = called.ParseFlags(args); err == nil {
						err = called.ValidateArgs(called.Flags().Args())
					}
				}
				if err != nil {
					t.Errorf("%s: %s: %v", cmd.CommandPath(), line, err)
				}
			}
		}
		if cmd.Example != "" && !own {
			t.Errorf("the example of %s is one of something else", cmd.CommandPath())
		}
	}
}

// elsewhere matches what cannot be run in a copy of examples/postgres: it asks a
// cluster or the network, takes a file that is not there, or never ends.
var elsewhere = regexp.MustCompile(`^kratix (inspect|diff|logs|platform|plan|init [a-z-]+-promise)\b` +
	`|explain placement [a-z]+/|--(push|watch|kustomize|from-cluster|from-upstream|engine|debug|review)\b|://` +
	`|dependencies operator|kustomize build|kratix-config\.yaml`)

// TestExamplesRun runs the examples that need nothing but a Promise, in copies
// of examples/postgres; those of init in empty directories. In place of programs
// that other people may not have, there are scripts.
func TestExamplesRun(t *testing.T) {
	if ok, err := condition("containers"); !ok || err != nil {
		t.Skip("needs the native engine")
	}
	if testing.Short() {
		t.Skip("builds Go stages")
	}
	bin, cache := t.TempDir(), t.TempDir()
	for name, script := range map[string]string{
		"kubectl": `case $1 in get) for f in tests/destinations/*.yaml; do echo ---; cat "$f"; done ;; *) cat >/dev/null ;; esac`,
		"helm":    `printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nginx, namespace: default}\n'`,
		"jq":      `cat >/dev/null`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	env := append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "XDG_CACHE_HOME="+cache,
		"KUBECONFIG="+filepath.Join(bin, "none"), "GITHUB_ACTIONS=", "GIT_CONFIG_GLOBAL="+os.DevNull)
	for _, cmd := range exampled(commandTree()) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			dir := t.TempDir()
			if !strings.HasPrefix(cmd.CommandPath(), "kratix init ") {
				checkout(t, dir)
			}
			for _, line := range exampleLines(cmd) {
				if elsewhere.MatchString(line) {
					continue
				}
				cmd := exec.CommandContext(t.Context(), "sh", "-ec", line)
				cmd.Dir, cmd.Env = dir, env
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", line, err, out)
				}
			}
		})
	}
}

// checkout makes dir a clone of a repository with examples/postgres in it.
func checkout(t *testing.T, dir string) {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "examples", "postgres"))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", `git init -q .; git add .
git -c user.name=me -c user.email=me@acme.org commit -q -m example; git update-ref refs/remotes/origin/main HEAD`)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// exampleLines gives the commands of an example, one line each.
func exampleLines(cmd *cobra.Command) []string {
	var lines []string
	goesOn := false
	for line := range strings.Lines(cmd.Example) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		text, more := strings.CutSuffix(line, `\`)
		if goesOn {
			lines[len(lines)-1] += " " + text
		} else {
			lines = append(lines, text)
		}
		goesOn = more || strings.HasSuffix(line, "|")
	}
	return lines
}

// programCalls gives the arguments of each call of this program in a line.
func programCalls(t *testing.T, line string) [][]string {
	t.Helper()
	var calls [][]string
	for call := range strings.SplitSeq(line, " | ") {
		call, _, _ = strings.Cut(call, " > ")
		if !slices.Contains(strings.Fields(call), "kratix") || !strings.HasPrefix(strings.TrimSpace(call), "kratix") {
			continue
		}
		// The shell knows what its quotes mean.
		out, err := exec.CommandContext(t.Context(), "sh", "-ec", "set -f; for word in "+call+`; do printf '%s\n' "$word"; done`).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		calls = append(calls, strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")[1:])
	}
	return calls
}
