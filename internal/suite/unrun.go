// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/simulate"
)

// Some cases need no container.

// refusal judges a case whose request should be refused by what came of reading
// it.
func (j *judgement) refusal(loaded error) (*Case, error) {
	var outcome compare.Outcome
	refused, ok := errors.AsType[*promise.RefusedError](loaded)
	switch {
	case ok:
		outcome.Refusal = refused.Words()
	case loaded != nil:
		return nil, loaded
	}
	c := j.fixture
	if c.HasGolden() {
		err := diag.Inputf("%s: a request that is refused leaves nothing that could be compared", c.ExpectedDir())
		return nil, diag.Hint(err, "rm -r "+c.ExpectedDir())
	}
	verdict := compare.Judge(c.Expect, outcome, nil)
	if j.suite.Recorded && verdict.Result == compare.Passed {
		return skipped(c, "no Work: "+verdict.Message), nil
	}
	result := &Case{Report: compare.NewReport(c.Name, verdict, nil, nil)}
	j.describe(result)
	return result, nil
}

// hintRefused says how to expect a refusal.
func hintRefused(err error, c *fixture.Case) error {
	if _, refused := errors.AsType[*promise.RefusedError](err); !refused {
		return err
	}
	return diag.Hint(err, "if it is to be refused: expect: {refused: {}} in "+filepath.Join(c.Dir, "case.yaml"))
}

// dependencies judges a case about the static dependencies of the Promise.
func (j *judgement) dependencies() (*Case, error) {
	c, p := j.fixture, j.suite.Promise
	world, err := platform.Load(nil, append(c.Destinations, c.Existing...)...)
	if err != nil {
		return nil, err
	}
	j.findings = append(j.findings, world.Warnings...)
	d, err := simulate.DeliverDependencies(p, world)
	if err != nil {
		return nil, err
	}
	if err := c.CheckContainer([]string{simulate.Scheduler, simulate.Controller}); err != nil {
		return nil, err
	}
	if j.dir != "" {
		left := filepath.Join(j.dir, "output")
		if err := errors.Join(os.MkdirAll(j.dir, 0o755), os.CopyFS(left, d.Pipelines[0].Output)); err != nil { //nolint:gosec // for people to look into
			return nil, diag.Machine(err)
		}
	}
	j.chain.pipelines = []string{simulate.StaticDependencies}
	return j.judge(d, j.chain.pipelines)
}
