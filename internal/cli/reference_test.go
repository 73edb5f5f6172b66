// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-tools/kratix/internal/schema"
)

var update = flag.Bool("update", false, "write docs/reference/commands anew")

// TestReference compares docs/reference/commands with the help of the commands:
// a page for each verb, and an index.
func TestReference(t *testing.T) {
	t.Parallel()
	root := newRootCmd(&Env{Name: "kratix", Getenv: func(string) string { return "" }})
	want := map[string]string{"README.md": index(root)}
	for _, verb := range shownIn(root) {
		want[verb.Name()+".md"] = page(verb)
	}
	dir := filepath.Join("..", "..", "docs", "reference", "commands")
	if *update {
		writePages(t, dir, want)
	}
	got := map[string]string{}
	files := os.DirFS(dir)
	names, err := fs.Glob(files, "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/reference/commands is out of date; run: make docs (-want +got):\n%s", diff)
	}
}

// TestVersionSchema compares the JSON Schema of "kratix version -o json" with
// its type; those of all other documents are made where they are printed.
func TestVersionSchema(t *testing.T) {
	t.Parallel()
	const module = "github.com/kratix-tools/kratix"
	comments, err := schema.ReadComments(filepath.Join("..", ".."), module, module+"/internal/cli")
	if err != nil {
		t.Fatal(err)
	}
	want, err := schema.JSON(version{}, "Version", comments)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "docs", "reference", "schemas", "Version.schema.json")
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil { //nolint:gosec // nothing secret
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date; run: make docs (-want +got):\n%s", file, diff)
	}
}

func writePages(t *testing.T, dir string, pages map[string]string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // nothing secret
			t.Fatal(err)
		}
	}
}

// shownIn lists the commands that help shows.
func shownIn(cmd *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			list = append(list, sub)
		}
	}
	return list
}

// index lists all commands, by the groups of help.
func index(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\nGenerated from the program by `make docs`; do not edit. `kratix COMMAND --help` says\nthe same.\n")
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n| command | |\n|---|---|\n", strings.TrimSuffix(g.Title, ":"))
		for _, verb := range shownIn(root) {
			if verb.GroupID == g.ID {
				indexOf(&b, verb, verb.Name()+".md")
			}
		}
	}
	fmt.Fprintf(&b, "\n## All commands\n\n```\n%s```\n", root.PersistentFlags().FlagUsages())
	return b.String()
}

func indexOf(b *strings.Builder, cmd *cobra.Command, page string) {
	if subs := shownIn(cmd); len(subs) > 0 {
		for _, sub := range subs {
			indexOf(b, sub, page)
		}
		return
	}
	fmt.Fprintf(b, "| [`%s`](%s#%s) | %s |\n", cmd.CommandPath(), page, strings.ReplaceAll(cmd.CommandPath(), " ", "-"), cmd.Short)
}

// page is a verb with all below it.
func page(verb *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# kratix %s\n\nGenerated from the program by `make docs`; do not edit. [All commands](README.md)\n\n", verb.Name())
	if !verb.HasAvailableSubCommands() {
		section(&b, verb)
		return b.String()
	}
	fmt.Fprintf(&b, "%s\n", prose(about(verb)))
	sections(&b, verb)
	return b.String()
}

func sections(b *strings.Builder, cmd *cobra.Command) {
	for _, sub := range shownIn(cmd) {
		fmt.Fprintf(b, "\n## %s\n\n", sub.CommandPath())
		section(b, sub)
		sections(b, sub)
	}
}

// section is what the help of one command says.
func section(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "```\n%s\n```\n\n%s\n", cmd.UseLine(), prose(about(cmd)))
	if cmd.Example != "" {
		fmt.Fprintf(b, "\nExamples:\n\n```\n%s\n```\n", outdented(cmd.Example))
	}
	flags := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "jobs" {
			f.DefValue = "one for each processor" // of this machine, that is
		}
		if f.Name != "help" {
			flags.AddFlag(f)
		}
	})
	if usages := flags.FlagUsages(); usages != "" {
		fmt.Fprintf(b, "\nFlags:\n\n```\n%s```\n", usages)
	}
}

func about(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return strings.TrimSpace(cmd.Long)
	}
	return cmd.Short + "."
}

// prose keeps what is indented in a help text as it is, and the rest from
// meaning anything in Markdown.
func prose(text string) string {
	var paragraphs []string
	for p := range strings.SplitSeq(text, "\n\n") {
		if strings.HasPrefix(p, "  ") || strings.HasPrefix(p, "\t") {
			p = "```\n" + outdented(p) + "\n```"
		} else {
			p = strings.NewReplacer("<", "&lt;", "*", `\*`, "[", `\[`).Replace(p)
		}
		paragraphs = append(paragraphs, p)
	}
	return strings.Join(paragraphs, "\n\n")
}

// outdented is a text without the indentation that all of its lines have.
func outdented(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "  "), "\t")
	}
	return strings.TrimLeft(strings.Join(lines, "\n"), "\n")
}
