package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// kratixKnown is the Kratix whose behaviour the simulation reproduces.
const kratixKnown = "ae170e22 (August 2026)"

func newVersionCmd(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program and of the Kratix it knows",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			_, err := fmt.Fprintf(env.Out, "kratix %s\ncommit  %s\ngo      %s %s/%s\nkratix  %s\n",
				v.version, v.commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, kratixKnown)
			return err
		},
	}
}

type version struct{ version, commit string }

// buildVersion reads what the Go toolchain recorded about the build; releases
// are ordinary module builds, so there is no constant to edit.
func buildVersion() version {
	v := version{version: "(devel)", commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.version = info.Main.Version
	}
	dirty := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = " (modified)"
			}
		}
	}
	v.commit += dirty
	return v
}
