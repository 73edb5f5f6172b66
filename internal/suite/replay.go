// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/simulate"
)

// replay judges a case by what its containers left when its golden files were
// written: only what follows on them can differ, which is the placements.
// Cases without a Work are skipped, and say why.
func (j *judgement) replay(ctx context.Context, sim simulate.Simulation, pipelines []string) (*Case, error) {
	c := j.fixture
	if why := noWork(c); why != "" {
		return skipped(c, why), nil
	}
	if !c.HasGolden() {
		verdict := compare.Verdict{Result: compare.Failed, Reason: compare.ReasonNoGolden, Message: "no golden for this case; its workflow has to run once"}
		return &Case{Report: compare.NewReport(c.Name, verdict, nil, nil)}, nil
	}
	expected, err := c.Expected(pipelines)
	if err != nil && !j.suite.Update {
		return nil, err
	}
	if isPartial(c, expected) {
		return skipped(c, "only part of its output is recorded"), nil
	}
	sim.Only, sim.Recorded = pipelines, c.Recorded(pipelines)
	delivery, err := simulate.Run(ctx, sim)
	if err != nil {
		return nil, err
	}
	result, err := j.judge(delivery, pipelines)
	if err == nil && result.Result == compare.Passed && result.Message != "" && !slices.ContainsFunc(delivery.Pipelines, hasWork) {
		return skipped(c, "no Work: "+result.Message), nil
	}
	return result, err
}

func hasWork(p simulate.Pipeline) bool { return p.Work != nil }

func skipped(c *fixture.Case, why string) *Case {
	return &Case{Report: compare.NewReport(c.Name, compare.Verdict{Result: compare.Skipped, Message: why}, nil, nil)}
}

// noWork says why a case can have no Work; "" if it can.
func noWork(c *fixture.Case) string {
	ours := []string{simulate.WorkWriter, simulate.StatusWriter, simulate.Scheduler}
	switch {
	case c.Action == api.ActionDelete:
		return "no Work: a delete workflow makes none"
	case c.Expect == nil || c.Expect.Exit == nil:
		return ""
	case c.HasGolden() && slices.Contains(ours, c.Expect.Exit.Container):
		return "" // Kratix' own containers are simulated
	default:
		return fmt.Sprintf("no Work: expected failure: %s", c.Expect.Exit)
	}
}

// isPartial says whether the golden files leave out something that placements
// depend on, as the case allows them to.
func isPartial(c *fixture.Case, expected []compare.Expected) bool {
	if len(c.Rules.Partial) == 0 {
		return false
	}
	for _, e := range expected {
		if e.Placements == nil {
			continue
		}
		for _, g := range e.Placements.Groups {
			if lacks(e.Output, g.Documents...) {
				return true
			}
			for _, s := range g.Selectors {
				if s.From != api.SourcePromise && lacks(e.Metadata, "destination-selectors.yaml") {
					return true
				}
			}
		}
	}
	return false
}

func lacks(files fs.FS, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, err := fs.Stat(files, name)
		return err != nil
	})
}
