// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manual gives the manual page: one for all commands, so that one search finds
// everything.
func manual(root *cobra.Command, date time.Time) []byte {
	p := &page{}
	fmt.Fprintf(p, ".TH KRATIX 1 %q %q %q\n", date.Format(time.DateOnly), "kratix", "User Commands")
	p.section("NAME")
	p.lines("kratix - " + strings.ToLower(root.Short[:1]) + root.Short[1:])
	p.section("SYNOPSIS")
	p.lines("kratix [command] [flags]")
	p.section("DESCRIPTION")
	p.prose(root.Long)
	p.prose("\nAlone, kratix shows what there is in this directory and what comes next.")
	p.section("OPTIONS OF ALL COMMANDS")
	p.flags(root.PersistentFlags())
	p.section("COMMANDS")
	p.commands(root)
	p.section("EXIT STATUS")
	for _, exit := range [][2]string{
		{"0", "All is good."},
		{"1", "The answer is bad: a golden file differs, a step failed, what was inspected is not healthy."},
		{"2", "The question is bad: flags, a file that cannot be read, an invalid Promise."},
		{"3", "The machine is bad: no container engine, an image that cannot be fetched, a cluster that does not answer."},
		{"4", "Nothing was selected, or what was named is not there."},
		{"130", "Interrupted."},
	} {
		p.item(exit[0], exit[1])
	}
	p.section("ENVIRONMENT")
	for _, variable := range [][2]string{
		{"KUBECONFIG", "Files that say how to reach the cluster, as for kubectl."},
		{"DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG", "The daemon and the credentials of docker, as for docker."},
		{"XDG_CACHE_HOME", "Where the cache of images is kept."},
		{"CI", "If set, nothing is drawn on the terminal anew."},
		{"NO_COLOR", "If set, there is no colour."},
	} {
		p.item(variable[0], variable[1])
	}
	p.section("SEE ALSO")
	p.lines("https://github.com/kratix-tools/kratix, https://kratix.io")
	return p.Bytes()
}

// A page is roff.
type page struct{ bytes.Buffer }

func (p *page) section(title string) { fmt.Fprintf(p, ".SH %s\n", roff(title)) }

// commands adds those below cmd that are more than a name for others.
func (p *page) commands(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.Hidden || sub.Name() == "help" || sub.Name() == "completion" {
			continue
		}
		if !sub.HasSubCommands() || sub.HasLocalFlags() {
			p.command(sub)
		}
		p.commands(sub)
	}
}

func (p *page) command(cmd *cobra.Command) {
	fmt.Fprintf(p, ".SS %s\n", roff(strings.TrimSuffix(cmd.UseLine(), " [flags]")))
	p.lines(cmd.Short + ".")
	if cmd.Long != "" {
		p.prose("\n" + cmd.Long)
	}
	p.flags(cmd.NonInheritedFlags())
	if cmd.Example != "" {
		p.lines(".PP", "Examples:")
		p.verbatim(strings.Split(cmd.Example, "\n"))
	}
}

// flags adds those that are not hidden, in the order of their names.
func (p *page) flags(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		what, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if what != "" {
			name += " " + what
		}
		p.item(name, usage)
	})
}

// item adds a term and what it means.
func (p *page) item(term, meaning string) {
	p.lines(".TP", `\fB`+roff(term)+`\fR`, roff(meaning))
}

// prose adds paragraphs as help has them: an indented line stays as it is.
func (p *page) prose(text string) {
	var block []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "  ") {
			block = append(block, line)
			continue
		}
		p.verbatim(block)
		block = nil
		if strings.TrimSpace(line) == "" {
			p.lines(".PP")
		} else {
			p.lines(roff(line))
		}
	}
	p.verbatim(block)
}

// verbatim adds lines as they are.
func (p *page) verbatim(lines []string) {
	if len(lines) == 0 {
		return
	}
	p.lines(".PP", ".nf")
	for _, line := range lines {
		p.lines(roff(line))
	}
	p.lines(".fi")
}

// lines adds lines of roff.
func (p *page) lines(lines ...string) {
	for _, line := range lines {
		p.WriteString(line + "\n")
	}
}

// roff escapes what would mean something else.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`, "'", `\(aq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
