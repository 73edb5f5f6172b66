// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/schedule"
)

type labels = map[string]string

func destination(name string, l labels) api.Destination {
	return api.Destination{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: l}}
}

func strict(d api.Destination) api.Destination {
	d.Spec.StrictMatchLabels = true
	return d
}

func terminating(d api.Destination) api.Destination {
	d.DeletionTimestamp = &metav1.Time{}
	return d
}

func asks(selectors ...api.WorkloadSelector) *api.WorkloadGroup {
	return &api.WorkloadGroup{ID: "5058f1af8388633f609cadb75a75dc9d", Directory: ".", DestinationSelectors: selectors}
}

func from(source api.SelectorSource, l labels) api.WorkloadSelector {
	return api.WorkloadSelector{MatchLabels: l, Source: source}
}

// TestTruthTable is Kratix' table of labels against selectors.
func TestTruthTable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		have, want         labels
		lax, strictly      bool
		missed             int
		reason, whenStrict schedule.Reason
	}{
		"nothing asked, nothing had":  {lax: true, strictly: true},
		"nothing asked, labels had":   {have: labels{"env": "dev"}, lax: true, whenStrict: schedule.ReasonStrict},
		"equal":                       {have: labels{"env": "dev"}, want: labels{"env": "dev"}, lax: true, strictly: true},
		"more labels than asked":      {have: labels{"env": "dev", "zone": "eu"}, want: labels{"env": "dev"}, lax: true, strictly: true},
		"a label is missing":          {have: labels{"env": "dev"}, want: labels{"env": "dev", "zone": "eu"}, missed: 1, reason: schedule.ReasonLabelMissing, whenStrict: schedule.ReasonLabelMissing},
		"no labels":                   {want: labels{"env": "dev"}, missed: 1, reason: schedule.ReasonLabelMissing, whenStrict: schedule.ReasonLabelMissing},
		"another value":               {have: labels{"env": "dev"}, want: labels{"env": "prod"}, missed: 1, reason: schedule.ReasonLabelMismatch, whenStrict: schedule.ReasonLabelMismatch},
		"one missing, one other":      {have: labels{"env": "dev"}, want: labels{"env": "prod", "a": "b"}, missed: 2, reason: schedule.ReasonLabelMismatch, whenStrict: schedule.ReasonLabelMismatch},
		"an empty value is a value":   {have: labels{"env": ""}, want: labels{"env": ""}, lax: true, strictly: true},
		"an absent label is no empty": {have: labels{"a": "b"}, want: labels{"env": ""}, missed: 1, reason: schedule.ReasonLabelMissing, whenStrict: schedule.ReasonLabelMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := asks(from(api.SourcePromise, tt.want))
			for _, o := range []struct {
				d       api.Destination
				matches bool
				reason  schedule.Reason
			}{
				{destination("d", tt.have), tt.lax, tt.reason},
				{strict(destination("d", tt.have)), tt.strictly, tt.whenStrict},
			} {
				decision, err := schedule.Decide(group, []api.Destination{o.d}, schedule.Options{Rule: schedule.AllOf})
				if err != nil {
					t.Fatal(err)
				}
				want := schedule.Candidate{Destination: "d", Verdict: schedule.Rejected, Reason: o.reason, Distance: tt.missed}
				if o.matches {
					want = schedule.Candidate{Destination: "d", Verdict: schedule.Matched, Reason: schedule.ReasonAllMatch, Chosen: true}
				}
				got := decision.Candidates[0]
				got.Labels = nil
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("strict %v (-want +got):\n%s", o.d.Spec.StrictMatchLabels, diff)
				}
			}
		})
	}
}

func TestStrongerSourceWinsAndSaysWhatItOverrides(t *testing.T) {
	t.Parallel()
	got := schedule.Requirements([]api.WorkloadSelector{
		from(api.SourcePromise, labels{"env": "prod", "same": "x"}),
		from(api.SourceResourceWorkflow, labels{"env": "dev", "region": "eu", "same": "x"}),
		from(api.SourcePromiseWorkflow, labels{"env": "test"}),
	}, false)
	want := []schedule.Requirement{
		{Key: "env", Value: "prod", Source: api.SourcePromise, Overrides: []schedule.Override{
			{Value: "test", Source: api.SourcePromiseWorkflow}, {Value: "dev", Source: api.SourceResourceWorkflow},
		}},
		{Key: "region", Value: "eu", Source: api.SourceResourceWorkflow},
		{Key: "same", Value: "x", Source: api.SourcePromise},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("requirements (-want +got):\n%s", diff)
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	dev := asks(from(api.SourcePromise, labels{"env": "dev"}))
	a, b, prod := destination("a", labels{"env": "dev"}), destination("b", labels{"env": "dev"}), destination("prod", labels{"env": "prod"})
	dry := destination("dry", labels{"env": "dev", "kratix.io/dry-run": "true"})
	for name, tt := range map[string]struct {
		destinations []api.Destination
		options      schedule.Options
		want         string
	}{
		"a promise goes everywhere":                        {[]api.Destination{b, prod, a}, schedule.Options{Rule: schedule.AllOf}, "a:AllMatch* b:AllMatch* prod:LabelMismatch"},
		"a request goes to one":                            {[]api.Destination{b, prod, a}, schedule.Options{Rule: schedule.OneOf}, "a:Chosen* b:NotDrawn prod:LabelMismatch"},
		"a request can be drawn elsewhere":                 {[]api.Destination{b, a}, schedule.Options{Rule: schedule.OneOf, Choose: "b"}, "a:NotDrawn b:Chosen*"},
		"a request stays":                                  {[]api.Destination{b, a}, schedule.Options{Rule: schedule.OneOf, Existing: []string{"b"}}, "a:KeptElsewhere b:Chosen*"},
		"a request stays where choosing cannot move it":    {[]api.Destination{b, a}, schedule.Options{Rule: schedule.OneOf, Existing: []string{"b"}, Choose: "a"}, "a:KeptElsewhere b:Chosen*"},
		"a request stays on two":                           {[]api.Destination{b, a}, schedule.Options{Rule: schedule.OneOf, Existing: []string{"b", "a"}}, "a:Chosen* b:Chosen*"},
		"a request stays where it does not match":          {[]api.Destination{a, prod}, schedule.Options{Rule: schedule.OneOf, Existing: []string{"prod"}}, "a:KeptElsewhere prod:Misplaced*"},
		"a request stays on a Destination that is gone":    {[]api.Destination{a}, schedule.Options{Rule: schedule.OneOf, Existing: []string{"gone"}}, "a:KeptElsewhere gone:Misplaced*"},
		"a promise stays too, and goes to all matches":     {[]api.Destination{a, prod}, schedule.Options{Rule: schedule.AllOf, Existing: []string{"prod"}}, "a:AllMatch* prod:Misplaced*"},
		"a Destination that is being deleted is passed by": {[]api.Destination{terminating(a), b}, schedule.Options{Rule: schedule.AllOf}, "a:Terminating b:AllMatch*"},
		"a placement on one that is being deleted":         {[]api.Destination{terminating(a), b}, schedule.Options{Rule: schedule.OneOf, Existing: []string{"a"}}, "a:Misplaced* b:KeptElsewhere"},
		"Destinations for dry runs are passed by":          {[]api.Destination{dry, a}, schedule.Options{Rule: schedule.AllOf}, "a:AllMatch* dry:DryRunOnly"},
		"a dry run goes there and nowhere else":            {[]api.Destination{dry, a}, schedule.Options{Rule: schedule.OneOf, DryRun: true}, "a:LabelMissing dry:Chosen*"},
		"nothing matches":                                  {[]api.Destination{prod}, schedule.Options{Rule: schedule.OneOf}, "prod:LabelMismatch"},
		"there are none":                                   {nil, schedule.Options{Rule: schedule.OneOf}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decision, err := schedule.Decide(dev, tt.destinations, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(tt.want, summary(decision.Candidates)); diff != "" {
				t.Errorf("candidates (-want +got):\n%s", diff)
			}
		})
	}
}

func summary(candidates []schedule.Candidate) string {
	var parts []string
	for _, c := range candidates {
		part := c.Destination + ":" + string(c.Reason)
		if c.Chosen {
			part += "*"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

func TestMismatchesNameTheirSource(t *testing.T) {
	t.Parallel()
	group := asks(from(api.SourcePromise, labels{"env": "prod"}), from(api.SourceResourceWorkflow, labels{"region": "eu"}))
	decision, err := schedule.Decide(group, []api.Destination{destination("d", labels{"env": "dev"})}, schedule.Options{Rule: schedule.OneOf})
	if err != nil {
		t.Fatal(err)
	}
	want := []schedule.LabelMismatch{
		{Key: "env", Required: "prod", Actual: new("dev"), Source: api.SourcePromise},
		{Key: "region", Required: "eu", Source: api.SourceResourceWorkflow},
	}
	if diff := gocmp.Diff(want, decision.Candidates[0].Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestSelectorThatKratixCannotRead(t *testing.T) {
	t.Parallel()
	group := asks(from(api.SourcePromise, labels{"env": "not valid"}))
	decision, err := schedule.Decide(group, []api.Destination{destination("d", nil)}, schedule.Options{Rule: schedule.OneOf})
	var unreadable *schedule.SelectorError
	if !errors.As(err, &unreadable) || unreadable.Selector != "env=not valid" ||
		!strings.HasPrefix(err.Error(), "Failed to schedule or update for workloadGroups: [5058f1af8388633f609cadb75a75dc9d]") {
		t.Errorf("got %v", err)
	}
	if got := summary(decision.Candidates); got != "d:Unknown" {
		t.Errorf("got candidates %s", got)
	}
}

func TestCommaInAValueIsAnotherRequirement(t *testing.T) {
	t.Parallel()
	group := asks(from(api.SourceResourceWorkflow, labels{"env": "dev,gpu"}))
	decision, err := schedule.Decide(group, []api.Destination{
		destination("a", labels{"env": "dev", "gpu": "any"}),
		destination("b", labels{"env": "dev"}),
	}, schedule.Options{Rule: schedule.OneOf})
	if err != nil {
		t.Fatal(err)
	}
	if got := summary(decision.Candidates); got != "a:Chosen* b:LabelMissing" {
		t.Errorf("got candidates %s", got)
	}
	want := []schedule.LabelMismatch{{Key: "gpu", Required: "gpu", Source: api.SourceResourceWorkflow}}
	if diff := gocmp.Diff(want, decision.Candidates[1].Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestChoosingWhatKratixCannotDraw(t *testing.T) {
	t.Parallel()
	destinations := []api.Destination{destination("a", labels{"env": "dev"}), destination("b", nil)}
	for name, want := range map[string]string{
		"b":    `choosing Destination "b": it does not match, so Kratix cannot draw it`,
		"none": `choosing Destination "none": there is no such Destination`,
	} {
		_, err := schedule.Decide(asks(from(api.SourcePromise, labels{"env": "dev"})), destinations, schedule.Options{Rule: schedule.OneOf, Choose: name})
		if err == nil || err.Error() != want || diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("got %v, want %s", err, want)
		}
		if diff := gocmp.Diff([]string{"matching Destinations: [a]"}, diag.Hints(err)); diff != "" {
			t.Errorf("hints (-want +got):\n%s", diff)
		}
	}
}

// naive restates the rules of the scheduler without looking at the code above:
// which Destinations a group reaches, by name.
func naive(selectors []api.WorkloadSelector, destinations []api.Destination, dryRun bool) []string {
	need := labels{}
	for _, source := range []api.SelectorSource{"resource-workflow", "promise-workflow", "promise"} {
		for _, s := range selectors {
			for key, value := range s.MatchLabels {
				if s.Source == source {
					need[key] = value
				}
			}
		}
	}
	if dryRun {
		need = labels{"kratix.io/dry-run": "true"}
	}
	names := []string{}
	for _, d := range destinations {
		fits := d.DeletionTimestamp == nil
		for key, value := range need {
			if got, ok := d.Labels[key]; !ok || got != value {
				fits = false
			}
		}
		if len(need) == 0 && d.Spec.StrictMatchLabels && len(d.Labels) != 0 {
			fits = false
		}
		if d.Labels["kratix.io/dry-run"] == "true" && !dryRun {
			fits = false
		}
		if fits {
			names = append(names, d.Name)
		}
	}
	slices.Sort(names)
	return names
}

func FuzzVerdictsAgreeWithANaiveRestatement(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		destinations := randomDestinations(random)
		group := asks(randomSelectors(random)...)
		o := schedule.Options{Rule: schedule.AllOf, DryRun: random.IntN(8) == 0}
		prepared := schedule.Among(destinations)
		first, err := prepared.Decide(group, o)
		if err != nil {
			t.Fatal(err)
		}
		var got, chosen []string
		for _, c := range first.Candidates {
			if c.Verdict == schedule.Matched {
				got = append(got, c.Destination)
			}
			if c.Chosen {
				chosen = append(chosen, c.Destination)
			}
			if c.Verdict == schedule.Matched && c.Distance > 0 {
				t.Errorf("%s: verdict %s at distance %d", c.Destination, c.Verdict, c.Distance)
			}
		}
		want := naive(group.DestinationSelectors, destinations, o.DryRun)
		if !slices.Equal(want, got) || !slices.Equal(want, chosen) {
			t.Errorf("matched %v, chosen %v, want %v", got, chosen, want)
		}
		again, _ := prepared.Decide(group, o)
		random.Shuffle(len(destinations), func(i, j int) { destinations[i], destinations[j] = destinations[j], destinations[i] })
		afresh, _ := schedule.Decide(group, destinations, o)
		if diff := gocmp.Diff(first, again) + gocmp.Diff(first, afresh); diff != "" {
			t.Errorf("asked again, or with the Destinations in another order:\n%s", diff)
		}
	})
}

func randomDestinations(random *rand.Rand) []api.Destination {
	destinations := make([]api.Destination, random.IntN(12))
	for i := range destinations {
		d := destination(fmt.Sprint("d", i), randomLabels(random))
		if random.IntN(3) == 0 {
			d = strict(d)
		}
		if random.IntN(6) == 0 {
			d = terminating(d)
		}
		if random.IntN(6) == 0 {
			d.Labels["kratix.io/dry-run"] = []string{"true", "false"}[random.IntN(2)]
		}
		destinations[i] = d
	}
	return destinations
}

func randomSelectors(random *rand.Rand) []api.WorkloadSelector {
	sources := []api.SelectorSource{api.SourcePromise, api.SourcePromiseWorkflow, api.SourceResourceWorkflow}
	random.Shuffle(3, func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
	var selectors []api.WorkloadSelector
	for _, source := range sources[:random.IntN(4)] {
		selectors = append(selectors, from(source, randomLabels(random)))
	}
	return selectors
}

func randomLabels(random *rand.Rand) labels {
	l := labels{}
	for _, key := range []string{"env", "zone", "acme.io/tier"} {
		if n := random.IntN(4); n < 3 {
			l[key] = []string{"", "a", "b"}[n]
		}
	}
	return l
}

// BenchmarkDecide decides 1,000 groups against 1,000 Destinations, each with
// labels of its own.
func BenchmarkDecide(b *testing.B) {
	for _, equal := range []bool{true, false} {
		b.Run(fmt.Sprintf("equal=%v", equal), func(b *testing.B) {
			var destinations []api.Destination
			for i := range 1000 {
				destinations = append(destinations, destination(fmt.Sprint("d", i), labels{"env": "dev", "zone": fmt.Sprint("z", i%10), "n": strconv.Itoa(i)}))
			}
			b.ReportAllocs()
			for b.Loop() {
				prepared := schedule.Among(destinations)
				for i := range 1000 {
					selectors := labels{"env": "dev", "zone": fmt.Sprint("z", i%10)}
					if !equal {
						selectors["group"] = strconv.Itoa(i)
					}
					if _, err := prepared.Decide(asks(from(api.SourceResourceWorkflow, selectors)), schedule.Options{Rule: schedule.OneOf}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
