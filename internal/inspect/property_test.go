// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/explain"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// generated gives a platform of few labels, so that much matches.
func generated(random *rand.Rand) *platform.Platform {
	p := &platform.Platform{BucketStores: []api.BucketStateStore{bucket()}}
	modes := []api.FilepathMode{api.FilepathNested, api.FilepathNone, api.FilepathAggregated}
	for i := range 1 + random.Intn(5) {
		d := destination(fmt.Sprintf("d%d", i), modes[random.Intn(3)], someLabels(random))
		d.Spec.StrictMatchLabels = random.Intn(3) == 0
		if random.Intn(8) == 0 {
			d.Labels[api.LabelDryRun] = "true"
		}
		p.Destinations = append(p.Destinations, d)
	}
	return p
}

func someLabels(random *rand.Rand) map[string]string {
	labels := map[string]string{}
	for _, key := range []string{"env", "region"} {
		if n := random.Intn(3); n > 0 {
			labels[key] = []string{"a", "b"}[n-1]
		}
	}
	return labels
}

func generatedWork(random *rand.Rand) api.Work {
	w := aWork([]string{"", "orders"}[random.Intn(2)], []string{".", "x", "y"}[:random.Intn(4)]...)
	for i := range w.Spec.WorkloadGroups {
		var selectors []api.WorkloadSelector
		for _, source := range []api.SelectorSource{api.SourceResourceWorkflow, api.SourcePromise} {
			if random.Intn(2) == 0 {
				selectors = append(selectors, api.WorkloadSelector{MatchLabels: someLabels(random), Source: source})
			}
		}
		w.Spec.WorkloadGroups[i].DestinationSelectors = selectors
	}
	return w
}

// decided is what a decision says, without what was drawn in it.
func decided(groups []placement.Placement) []schedule.Decision {
	var decisions []schedule.Decision
	for _, g := range groups {
		d := g.Decision
		d.Candidates = slices.Clone(d.Candidates)
		decisions = append(decisions, d)
	}
	return decisions
}

// What was placed as Kratix does it is judged as the scheduler judges it, and
// nothing disagrees. After Destinations were relabelled or removed, the
// judgement is again that of the scheduler, and what is stored agrees exactly
// if nothing is misplaced or missing.
func TestJudgementIsTheSchedulers(t *testing.T) {
	t.Parallel()
	for seed := range int64(150) {
		random := rand.New(rand.NewSource(seed))
		w := generatedWork(random)
		p := delivered(t, generated(random), &w)
		r := judged(t, seed, p)
		if len(r.Disagreements) > 0 {
			t.Errorf("seed %d: %+v", seed, r.Disagreements)
		}
		for _, g := range r.Groups {
			if g.AgreesWithStored == nil || !*g.AgreesWithStored {
				t.Errorf("seed %d: group %q does not agree with what was just placed: %+v", seed, g.Group.Directory, g.Candidates)
			}
		}
		for i := range p.Destinations {
			if random.Intn(2) == 0 {
				p.Destinations[i].Labels = someLabels(random)
			}
		}
		if len(p.Destinations) > 1 && random.Intn(3) == 0 {
			p.Destinations = p.Destinations[1:]
		}
		r = judged(t, seed, p)
		for i, g := range r.Groups {
			wrong := slices.ContainsFunc(g.Candidates, func(c schedule.Candidate) bool {
				return c.Reason == schedule.ReasonMisplaced || c.Verdict == schedule.Matched && !c.Chosen && (c.Reason == schedule.ReasonAllMatch || !anyChosen(g))
			})
			if *g.AgreesWithStored == wrong {
				t.Errorf("seed %d: group %d agrees %t, candidates %+v", seed, i, *g.AgreesWithStored, g.Candidates)
			}
		}
	}
}

func anyChosen(g placement.Placement) bool {
	return slices.ContainsFunc(g.Candidates, func(c schedule.Candidate) bool { return c.Chosen })
}

// judged inspects a platform, and compares with the scheduler.
func judged(t *testing.T, seed int64, p *platform.Platform) *inspect.WorkReport {
	t.Helper()
	r, err := inspector(saved(t, p)).Work(t.Context(), "team", "db-work")
	if err != nil {
		t.Fatal(err)
	}
	p.Complete()
	want, err := placement.Place(&p.Works[0], p, placement.Options{})
	if err != nil {
		t.Fatal(err)
	}
	drawn := decided(want)
	for i := range drawn { // what would be drawn only now was not drawn
		for j := range drawn[i].Candidates {
			c := &drawn[i].Candidates[j]
			if !slices.ContainsFunc(p.Placements(&p.Works[0], drawn[i].Group.ID), func(wp api.WorkPlacement) bool { return wp.Spec.TargetDestinationName == c.Destination }) {
				c.Chosen = false
				if c.Reason == schedule.ReasonChosen {
					c.Reason = schedule.ReasonNotDrawn
				}
			}
		}
	}
	if diff := cmp.Diff(drawn, decided(r.Groups)); diff != "" {
		t.Errorf("seed %d (-scheduler +inspector):\n%s", seed, diff)
	}
	return r
}

// A question has the same answer about a live Work as about a simulated one.
func TestExplainLive(t *testing.T) {
	t.Parallel()
	in := inspector(livePlatform(t))
	r, err := in.Request(t.Context(), "webapp", "team-a", "blog")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		question explain.Question
		want     []string
	}{
		{explain.Question{}, []string{`Group "edge" (1 document) is on no Destination: none of 7 matches.`, `Group "." (1 document) is on worker-dev.`}},
		{explain.Question{Document: "edge/cdn.yaml", Destination: "observability"}, []string{"edge/cdn.yaml is NOT on observability."}},
		{explain.Question{Document: "app.yaml", Destination: "worker-dev"}, []string{"app.yaml is on worker-dev."}},
	} {
		answers, err := explain.Ask(r.Subjects(), test.question)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range answers {
			got = append(got, a.Sentence)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.question, diff)
		}
	}
	suspended, err := in.Request(t.Context(), "vm", "default", "vm-1")
	if err != nil {
		t.Fatal(err)
	}
	answers, err := explain.Ask(suspended.Subjects(), explain.Question{})
	if err != nil || len(answers) != 1 || answers[0].Sentence != `Nothing is placed: pipeline "approve" is suspended: waiting for approval CHG-77` {
		t.Errorf("suspended: %+v, %v", answers, err)
	}
}
