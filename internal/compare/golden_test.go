// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

func requires(env string) []schedule.Requirement {
	return []schedule.Requirement{
		{Key: "env", Value: env, Source: api.SourcePromise},
		{Key: "region", Value: "eu", Source: api.SourceResourceWorkflow},
	}
}

func takes(name string, reason schedule.Reason, chosen bool) schedule.Candidate {
	return schedule.Candidate{Destination: name, Verdict: schedule.Matched, Reason: reason, Chosen: chosen}
}

func refuses(name, key, required, actual string) schedule.Candidate {
	m := schedule.LabelMismatch{Key: key, Required: required, Source: api.SourcePromise}
	if actual != "" {
		m.Actual = &actual
	}
	return schedule.Candidate{
		Destination: name, Verdict: schedule.Rejected, Reason: schedule.ReasonLabelMismatch,
		Labels: []schedule.LabelMismatch{m}, Distance: 1,
	}
}

func place(dir string, rule schedule.Rule, req []schedule.Requirement, docs []string, candidates ...schedule.Candidate) placement.Placement {
	p := placement.Placement{Decision: schedule.Decision{
		Group: schedule.Group{Directory: dir}, Rule: rule, Requires: req, Candidates: candidates,
	}}
	for _, doc := range docs {
		p.Documents = append(p.Documents, placement.Document{Path: doc})
	}
	return p
}

func TestGoldenOfPlacements(t *testing.T) {
	t.Parallel()
	const (
		drawn, not = schedule.ReasonChosen, schedule.ReasonNotDrawn
		kept       = schedule.ReasonKeptElsewhere
	)
	misplaced := schedule.Candidate{Destination: "old", Verdict: schedule.Rejected, Reason: schedule.ReasonMisplaced, Chosen: true}
	tests := []struct {
		name       string
		rule       schedule.Rule
		candidates []schedule.Candidate
		want       []string
	}{
		{"all that may be drawn", schedule.OneOf, []schedule.Candidate{takes("b", not, false), takes("a", not, false), refuses("c", "env", "x", "")}, []string{"a", "b"}},
		{"whichever was drawn", schedule.OneOf, []schedule.Candidate{takes("a", not, false), takes("b", drawn, true)}, []string{"a", "b"}},
		{"only the one that is kept", schedule.OneOf, []schedule.Candidate{takes("a", kept, false), takes("b", drawn, true)}, []string{"b"}},
		{"one that is kept although it no longer matches", schedule.OneOf, []schedule.Candidate{takes("a", kept, false), misplaced}, []string{"old"}},
		{"all of a promise's", schedule.AllOf, []schedule.Candidate{takes("a", schedule.ReasonAllMatch, true), takes("b", schedule.ReasonAllMatch, true)}, []string{"a", "b"}},
		{"all of a promise's and the misplaced", schedule.AllOf, []schedule.Candidate{takes("a", schedule.ReasonAllMatch, true), misplaced}, []string{"a", "old"}},
		{"none", schedule.OneOf, []schedule.Candidate{refuses("a", "env", "x", "y")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := NewGolden([]placement.Placement{place(".", tt.rule, nil, nil, tt.candidates...)})
			if d := cmp.Diff(tt.want, g.Groups[0].Matched); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestGoldenIsWrittenToBeRead(t *testing.T) {
	t.Parallel()
	g := NewGolden([]placement.Placement{
		place("catalog", schedule.OneOf, []schedule.Requirement{{Key: "backstage.io/kind", Value: "yes", Source: api.SourceResourceWorkflow}}, []string{"catalog/a, b.yaml"}),
		place(".", schedule.OneOf, requires("prod"), []string{"secret.yaml", "deployment.yaml", "deployment.yaml"},
			takes("eu-prod-2", schedule.ReasonNotDrawn, false), takes("eu-prod", schedule.ReasonNotDrawn, false)),
	})
	want := `groups:
- directory: catalog
  selectors: {backstage.io/kind: {value: "yes", from: resource-workflow}}
  rule: one-of
  matched: []
  documents: ["catalog/a, b.yaml"]
- directory: .
  selectors: {env: {value: prod, from: promise}, region: {value: eu, from: resource-workflow}}
  rule: one-of
  matched: [eu-prod, eu-prod-2]
  documents: [deployment.yaml, secret.yaml]
unmatched: [catalog]
`
	if d := cmp.Diff(want, g.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := (&Golden{}).String(); got != "groups: []\nunmatched: []\n" {
		t.Errorf("a Work without groups is written as %q", got)
	}
}

func showPlacements(diffs []PlacementDiff) string {
	var b strings.Builder
	for _, d := range diffs {
		b.WriteString(string(d.Change) + " " + d.Summary() + "\n")
		for _, h := range d.Hunks {
			b.WriteString(h.At + "\n" + strings.Join(h.Lines, "\n") + "\n")
		}
		for _, l := range d.Lost {
			b.WriteString(l.Destination + ": " + l.Why() + "\n")
		}
	}
	return b.String()
}

func TestPlacementsDiff(t *testing.T) {
	t.Parallel()
	before := []placement.Placement{place(".", schedule.OneOf, requires("prod"), []string{"a.yaml"},
		takes("eu-prod", schedule.ReasonNotDrawn, false), takes("eu-prod-2", schedule.ReasonNotDrawn, false))}
	catalog := place("catalog", schedule.OneOf, nil, []string{"catalog/c.yaml"}, takes("catalog", schedule.ReasonNotDrawn, false))
	tests := []struct {
		name             string
		expected, actual []placement.Placement
		want             string
	}{
		{"the same", before, before, ""},
		{"groups in another order", append([]placement.Placement{catalog}, before...), append(before[:1:1], catalog), ""},
		{"another label", before, []placement.Placement{place(".", schedule.OneOf, requires("dev"), []string{"a.yaml"},
			takes("eu-dev", schedule.ReasonNotDrawn, false), refuses("eu-prod", "env", "dev", "prod"), refuses("eu-prod-2", "zone", "x", ""))}, `
modified group ".": eu-prod, eu-prod-2 -> eu-dev
group "."
-env: {value: prod, from: promise}
+env: {value: dev, from: promise}
-matched: [eu-prod, eu-prod-2]
+matched: [eu-dev]
eu-prod: env=prod, required env=dev   (from promise)
eu-prod-2: zone missing, required zone=x   (from promise)
`},
		{"another document", before, []placement.Placement{place(".", schedule.OneOf, requires("prod"), []string{"a.yaml", "b.yaml"},
			takes("eu-prod", schedule.ReasonNotDrawn, false), takes("eu-prod-2", schedule.ReasonNotDrawn, false))}, `
modified group ".": documents
group "."
-documents: [a.yaml]
+documents: [a.yaml, b.yaml]
`},
		{"a group more", before, append(before[:1:1], catalog), `
added group "catalog": new, catalog
group "catalog"
+rule: one-of
+matched: [catalog]
+documents: [catalog/c.yaml]
`},
		{"a group less", append(before[:1:1], catalog), before, `
removed group "catalog": gone, was catalog
group "catalog"
-rule: one-of
-matched: [catalog]
-documents: [catalog/c.yaml]
catalog: not evaluated: no such Destination or group
`},
		{"no Work where one without groups was expected", []placement.Placement{}, nil, "removed no Work came out, one without groups was expected\n"},
		{"a Work without groups where none was expected", nil, []placement.Placement{}, "added a Work without groups, none was expected\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := showPlacements(Placements("", NewGolden(tt.expected), tt.actual, Rules{}))
			if d := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCase(t *testing.T) {
	t.Parallel()
	expected := []Expected{
		{Pipeline: "one", Output: files("a", "1", "b", "1"), Metadata: files("status.yaml", "a: 1")},
		{Pipeline: "two", Output: files("c", "1")},
	}
	actual := []Actual{{
		Pipeline: "one", Output: files("a", "2", "b", "1"), Metadata: files("status.yaml", "a: 2"),
		WrittenBy: map[string]string{"output/a": "render", "metadata/status.yaml": "status"},
	}}
	d, err := Case(expected, actual, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	type line struct{ Name, By string }
	var got []line
	for _, f := range d.Files {
		got = append(got, line{f.Name(), f.ByStep})
	}
	want := []line{{"one/output/a", "render"}, {"one/metadata/status.yaml", "status"}, {"two/output/c", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := d.Summary(), "2 of 2 documents differ, 1 other file differs"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}
