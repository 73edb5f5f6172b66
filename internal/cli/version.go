// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/view"
)

// kratixKnown is the Kratix whose behaviour the simulation reproduces.
const kratixKnown = "ae170e22 (August 2026)"

func newVersionCmd(env *Env) *cobra.Command {
	var format view.Format
	cmd := &cobra.Command{
		Use:     "version",
		GroupID: groupProgram,
		Short:   "Print the version of this program and of the Kratix it knows",
		Example: `  kratix version -o json`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			if format != view.Text {
				return view.Encode(env.Out, format, v)
			}
			_, err := fmt.Fprintf(env.Out, "kratix %s\ncommit  %s\ndate    %s\ngo      %s %s\nkratix  %s\n",
				v.Version, v.Commit, v.Date, v.Go, v.Platform, v.Kratix)
			return err
		},
	}
	cmd.Flags().VarP(newEnum(&format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

// A version is a public document: fields are only ever added.
type version struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`

	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Date     string `json:"date"` // of the commit, as RFC 3339 has it
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Kratix   string `json:"kratix"` // whose behaviour is reproduced
	// KratixVersions are the commits and releases of Kratix that were compared
	// with, the one that is reproduced first.
	KratixVersions []string `json:"kratixVersions"`
}

// line is the version for those who ask with a flag.
func (v version) line() string {
	return fmt.Sprintf("kratix version %s (commit %s, %s)\n", v.Version, v.Commit, v.Date)
}

// buildVersion reads what the Go toolchain recorded about the build; releases
// are ordinary module builds, so there is no constant to edit.
func buildVersion() version {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionFrom(info)
}

// pseudoVersion matches the version of a commit without a tag: its time and the
// beginning of its hash.
var pseudoVersion = regexp.MustCompile(`[-.](\d{14})-([0-9a-f]{12})(\+|$)`)

// versionFrom tells a build's version. What "go install" built from a module
// knows of its commit what the version says.
func versionFrom(info *debug.BuildInfo) version {
	v := version{
		APIVersion: "cli.kratix.io/v1", Kind: "Version",
		Version: cmp.Or(info.Main.Version, "(devel)"), Commit: "unknown", Date: "unknown", Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Kratix: kratixKnown, KratixVersions: []string{kratixKnown},
	}
	if m := pseudoVersion.FindStringSubmatch(v.Version); m != nil {
		v.Commit = m[2]
		if t, err := time.Parse("20060102150405", m[1]); err == nil {
			v.Date = t.Format(time.RFC3339)
		}
	}
	dirty := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Date = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = " (modified)"
			}
		}
	}
	v.Commit += dirty
	return v
}
