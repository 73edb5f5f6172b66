// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/buildinfo"
	"flag"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/cli"
)

var update = flag.Bool("update", false, "rewrite docs/licenses.md")

func tree() *cobra.Command {
	return cli.Commands(&cli.Env{Getenv: func(string) string { return "" }, Name: "kratix"})
}

// Also holds the licences to the list of those that are allowed.
func TestLicensesAreListed(t *testing.T) {
	const file = "../../docs/licenses.md"
	modules, err := linkedModules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := writeLicenses(&got, modules); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil { //nolint:gosec // nothing secret
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("docs/licenses.md is out of date: make licenses (-want +got):\n%s", diff)
	}
}

func TestManualHasAllCommands(t *testing.T) {
	t.Parallel()
	page := string(manual(tree(), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)))
	var below func(cmd *cobra.Command)
	below = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			below(sub)
			if sub.HasSubCommands() || sub.Hidden || strings.HasPrefix(sub.CommandPath(), "kratix completion") || sub.Name() == "help" {
				continue
			}
			if !strings.Contains(page, "\n.SS "+roff(sub.CommandPath())) {
				t.Errorf("the manual has nothing of %s", sub.CommandPath())
			}
		}
	}
	below(tree())
}

func TestManualIsRoff(t *testing.T) {
	t.Parallel()
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), groff, "-man", "-Tascii", "-ww", "-z")
	cmd.Stdin = bytes.NewReader(manual(tree(), time.Now()))
	said, err := cmd.CombinedOutput()
	if err != nil || len(said) > 0 {
		t.Errorf("groff: %v\n%s", err, said)
	}
}

func TestRoffEscapes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"--flag":   `\-\-flag`,
		`a\b`:      `a\eb`,
		".hidden":  `\&.hidden`,
		"'quoted'": `\(aqquoted\(aq`,
		"plain":    "plain",
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q) = %q, want %q", text, got, want)
		}
	}
}

// The test itself is a program with modules.
func TestSBOM(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := sha256Of(program)
	if err != nil {
		t.Fatal(err)
	}
	b := newBOM(info, sum, []module{{path: "github.com/spf13/cobra", licenses: []string{"Apache-2.0"}}})
	if len(b.Components) != len(info.Deps)+1 || len(b.Dependencies[0].DependsOn) != len(b.Components) {
		t.Errorf("%d components of %d modules", len(b.Components), len(info.Deps))
	}
	for _, c := range b.Components {
		if c.Name == "github.com/spf13/cobra" && (len(c.Licenses) != 1 || len(c.Hashes) != 1 || !strings.HasPrefix(c.PURL, "pkg:golang/github.com/spf13/cobra@v")) {
			t.Errorf("component: %+v", c)
		}
	}
	again := newBOM(info, sum, nil)
	if b.Serial != again.Serial || !strings.HasPrefix(b.Serial, "urn:uuid:") || len(b.Serial) != len("urn:uuid:")+36 {
		t.Errorf("serial numbers %s and %s", b.Serial, again.Serial)
	}
}

func TestPURLEscapesTheVersion(t *testing.T) {
	t.Parallel()
	got := purl(&debug.Module{Path: "github.com/moby/moby", Version: "v28.0.0+incompatible"})
	if want := "pkg:golang/github.com/moby/moby@v28.0.0%2Bincompatible"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
