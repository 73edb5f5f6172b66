// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
)

// promiseFlags say which Promise a command is about.
type promiseFlags struct{ dir string }

func (f *promiseFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.dir, "dir", "d", ".", "`DIR` of the Promise, or one below it")
}

// load reads the Promise that the directory belongs to.
func (f *promiseFlags) load() (*promise.Promise, error) {
	dir, err := promise.Find(f.dir)
	if err != nil {
		return nil, err
	}
	return promise.Load(dir)
}

// loadChecked reads the Promise and refuses what Kratix would refuse; what
// Kratix would accept silently is told on standard error.
func (f *promiseFlags) loadChecked(env *Env) (*promise.Promise, error) {
	p, err := f.load()
	if err != nil {
		return nil, err
	}
	return p, checkPromise(env, p)
}

func checkPromise(env *Env, p *promise.Promise) error {
	var errs, others []diag.Finding
	for _, finding := range p.Check() {
		if finding.Severity == diag.SeverityError {
			errs = append(errs, finding)
		} else {
			others = append(others, finding)
		}
	}
	view.Findings(env.err(), others)
	return diag.Problems("Kratix would refuse this Promise", errs)
}
