// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"

	"github.com/spf13/cobra"
)

type buildPromiseOptions struct {
	promiseFlags

	name   string
	output string
}

func newBuildPromiseCmd(env *Env) *cobra.Command {
	var opts buildPromiseOptions
	cmd := &cobra.Command{
		Use:   "promise [NAME]",
		Short: "Print the whole Promise as one YAML document",
		Long: `Print the Promise, whatever the layout that it is written in, as one YAML
document and nothing else. It is checked first: what Kratix would refuse is not
printed. The same Promise gives the same bytes.`,
		Example: `  kratix build promise | kubectl apply -f -

  # under another name
  kratix build promise postgres-v2 --output postgres-v2.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.name = args[0]
			}
			return runBuildPromise(env, opts, len(args) == 1)
		},
	}
	opts.register(cmd)
	cmd.Flags().StringVarP(&opts.output, "output", "o", "", "write it to `FILE` in place of standard output")
	return cmd
}

func runBuildPromise(env *Env, opts buildPromiseOptions, named bool) error {
	p, err := opts.load()
	if err != nil {
		return err
	}
	if named {
		if p, err = p.Named(opts.name); err != nil {
			return err
		}
	}
	if err := checkPromise(env, p); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		return err
	}
	if opts.output == "" {
		_, err := env.Out.Write(out.Bytes())
		return err
	}
	return writeOutput(opts.output, func(f *os.File) error {
		_, err := f.Write(out.Bytes())
		return err
	})
}
