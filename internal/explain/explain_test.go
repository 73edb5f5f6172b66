// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/work"
)

type labels = map[string]string

// subject places a request's Work with one document for each of the selectors.
func subject(t *testing.T, destinations []api.Destination, selectors ...labels) Subject {
	t.Helper()
	w := &api.Work{ObjectMeta: metav1.ObjectMeta{Name: "app-shop-instance-xxxxx", Namespace: "team-a"}}
	w.Spec = api.WorkSpec{PromiseName: "app", ResourceName: "shop"}
	for i, s := range selectors {
		dir := string(rune('a' + i))
		w.Spec.WorkloadGroups = append(w.Spec.WorkloadGroups, api.WorkloadGroup{
			ID: work.GroupID(dir), Directory: dir,
			DestinationSelectors: []api.WorkloadSelector{{MatchLabels: s, Source: api.SourceResourceWorkflow}},
			Workloads:            []api.Workload{{Filepath: dir + "/file.yaml", Content: work.Compress(nil)}},
		})
	}
	world := &platform.Platform{Destinations: destinations}
	world.Complete()
	placements, err := placement.Place(w, world, placement.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Subject{Work: w, Placements: placements, Platform: world}
}

func destination(name string, l labels, change ...func(*api.Destination)) api.Destination {
	d := api.Destination{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: l}}
	d.Spec.Path = name
	d.Spec.StateStoreRef = &api.StateStoreRef{Kind: api.KindGitStateStore, Name: "git"}
	for _, c := range change {
		c(&d)
	}
	return d
}

func strict(d *api.Destination) { d.Spec.StrictMatchLabels = true }

func TestAsk(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		destinations []api.Destination
		selectors    labels
		question     Question
		sentence     string
		on           bool
		reasons      []schedule.Reason
		commands     []string
		then         string
	}{
		{
			"the only match is where it is",
			[]api.Destination{destination("eu", labels{"env": "dev"}), destination("us", nil)},
			labels{"env": "dev"},
			Question{Destination: "eu"},
			`Group "a" (1 document) is on eu.`, true,
			[]schedule.Reason{schedule.ReasonChosen, schedule.ReasonChosen},
			nil, "",
		},
		{
			"a label that is missing needs no overwriting",
			[]api.Destination{destination("eu", labels{"env": "dev"}), destination("us", nil)},
			labels{"env": "dev"},
			Question{Document: "a/file.yaml", Destination: "us"},
			"a/file.yaml is NOT on us.", false,
			[]schedule.Reason{schedule.ReasonLabelMissing},
			[]string{"kubectl label destination us env=dev", ""},
			"Kratix would draw one of 2 at random: eu, us",
		},
		{
			"one that differs does",
			[]api.Destination{destination("us", labels{"env": "prod"})},
			labels{"env": "dev"},
			Question{Destination: "us"},
			`Group "a" (1 document) is NOT on us.`, false,
			[]schedule.Reason{schedule.ReasonLabelMismatch},
			[]string{"kubectl label destination us env=dev --overwrite", ""},
			"it would be on us",
		},
		{
			"every label that does not fit is a reason",
			[]api.Destination{destination("us", labels{"env": "prod"})},
			labels{"env": "dev", "zone": "b"},
			Question{Destination: "us"},
			`Group "a" (1 document) is NOT on us.`, false,
			[]schedule.Reason{schedule.ReasonLabelMismatch, schedule.ReasonLabelMissing},
			[]string{"kubectl label destination us env=dev zone=b --overwrite", ""},
			"it would be on us",
		},
		{
			"a strict Destination can be opened",
			[]api.Destination{destination("eu", labels{"env": "dev"}, strict)},
			labels{},
			Question{Destination: "eu"},
			`Group "a" (1 document) is NOT on eu.`, false,
			[]schedule.Reason{schedule.ReasonStrict},
			[]string{`kubectl patch destination eu --type merge --patch '{"spec":{"strictMatchLabels":false}}'`, ""},
			"it would be on eu",
		},
		{
			"what is drawn elsewhere here may be there in a cluster",
			[]api.Destination{destination("a", nil), destination("b", nil)},
			labels{},
			Question{Destination: "b"},
			`Group "a" (1 document) is not on b here, but may be in a cluster.`, false,
			[]schedule.Reason{schedule.ReasonNotDrawn},
			nil, "",
		},
		{
			"without a Destination in the question the nearest one is the remedy",
			[]api.Destination{destination("far", nil), destination("near", labels{"env": "dev"})},
			labels{"env": "dev", "zone": "b"},
			Question{},
			`Group "a" (1 document) is on no Destination: none of 2 matches.`, false,
			nil,
			[]string{"kubectl label destination near zone=b", ""},
			"it would be on near",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers, err := Ask([]Subject{subject(t, test.destinations, test.selectors)}, test.question)
			if err != nil || len(answers) != 1 {
				t.Fatalf("%d answers, error %v", len(answers), err)
			}
			a := answers[0]
			if a.Sentence != test.sentence || a.On != test.on {
				t.Errorf("on: %v: %s", a.On, a.Sentence)
			}
			var reasons []schedule.Reason
			for _, r := range a.Reasons {
				reasons = append(reasons, r.Reason)
			}
			if diff := cmp.Diff(test.reasons, reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			var commands, thens []string
			for _, r := range a.Remedies {
				commands = append(commands, r.Command)
				thens = append(thens, r.Then)
			}
			then := strings.Join(thens, "")
			if diff := cmp.Diff(test.commands, commands); diff != "" || then != test.then {
				t.Errorf("then: %q; commands (-want +got):\n%s", then, diff)
			}
		})
	}
}

func TestWhatNobodyKnowsIsNotFound(t *testing.T) {
	t.Parallel()
	s := []Subject{subject(t, []api.Destination{destination("eu-production", nil)}, labels{})}
	for question, hint := range map[Question]string{
		{Destination: "eu-producton"}: "did you mean eu-production?",
		{Destination: "x"}:            "Destinations: eu-production",
		{Document: "a/fil.yaml"}:      "did you mean a/file.yaml?",
	} {
		_, err := Ask(s, question)
		if diag.ExitCode(err) != diag.ExitNotFound {
			t.Errorf("%v: %v", question, err)
		}
		if diff := cmp.Diff([]string{hint}, diag.Hints(err)); diff != "" {
			t.Errorf("%v: hints (-want +got):\n%s", question, diff)
		}
	}
}

// TestRemediesKeepTheirWord: on generated platforms, what a remedy says comes
// true, the Destination matches afterwards, and the platform stays as it was.
func TestRemediesKeepTheirWord(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func() labels {
		l := labels{}
		for _, key := range []string{"env", "region", "tier"} {
			if n := random.IntN(3); n > 0 {
				l[key] = string(rune('a' + n))
			}
		}
		return l
	}
	tried := 0
	for range 200 {
		var all []api.Destination
		for i := range 1 + random.IntN(4) {
			d := destination(string(rune('p'+i)), pick())
			d.Spec.StrictMatchLabels = random.IntN(3) == 0
			all = append(all, d)
		}
		s := subject(t, all, pick())
		before := maps.Clone(s.Platform.Destinations[0].Labels)
		for _, c := range s.Placements[0].Candidates {
			if c.Verdict == schedule.Matched {
				continue
			}
			for _, r := range Remedies(&s.Placements[0].Decision, c) {
				if r.apply == nil {
					continue
				}
				tried++
				changed := change(s.Platform, r.destination, r.apply)
				placed, err := placement.Place(s.Work, changed, placement.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if now, _ := candidate(&placed[0].Decision, c.Destination); now.Verdict != schedule.Matched {
					t.Errorf("%s: the verdict is still %s (%s)", r.Command, now.Verdict, now.Reason)
				}
			}
		}
		if diff := cmp.Diff(before, s.Platform.Destinations[0].Labels); diff != "" {
			t.Fatalf("the platform was changed (-want +got):\n%s", diff)
		}
	}
	if tried < 100 {
		t.Errorf("only %d remedies were tried", tried)
	}
}
