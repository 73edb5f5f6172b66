// SPDX-License-Identifier: Apache-2.0

package view

import (
	"regexp"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/simulate"
)

// awkward is a name with all that means something to Graphviz or Mermaid.
const awkward = "a \"b\" \\n <c> & #d; `e` --> [f] | {g}"

func awkwardGraph() *graph {
	return newGraph(&Scheduled{Schedule: &simulate.Schedule{Placements: []placement.Placement{{
		Decision: schedule.Decision{
			Group:    schedule.Group{Directory: awkward},
			Requires: []schedule.Requirement{{Key: "key", Value: awkward}},
			Candidates: []schedule.Candidate{
				{Destination: "in", Verdict: schedule.Matched, Chosen: true, Reason: schedule.ReasonChosen},
				{Destination: "drawn", Verdict: schedule.Matched, Reason: schedule.ReasonNotDrawn},
				{Destination: "out", Verdict: schedule.Rejected, Reason: schedule.ReasonLabelMissing, Labels: []schedule.LabelMismatch{{Key: "key", Required: awkward}}},
			},
		},
		Documents: []placement.Document{{Path: awkward, Destination: "in", Store: &placement.Store{Kind: "GitStateStore", Name: "git", Path: awkward}}},
	}}}})
}

// A grammar names the statements that a picture may consist of.
type grammar []*regexp.Regexp

func (g grammar) check(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !func() bool {
			for _, statement := range g {
				if statement.MatchString(line) {
					return true
				}
			}
			return false
		}() {
			t.Errorf("not a statement: %s", line)
		}
	}
}

func TestPicturesAreWellFormedWhateverTheNames(t *testing.T) {
	t.Parallel()
	const dotString = `"(?:[^"\\]|\\["\\nl])*"`
	dot := grammar{
		regexp.MustCompile(`^digraph \w+ \{$`), regexp.MustCompile(`^\}$`), regexp.MustCompile(`^rankdir=LR;$`),
		regexp.MustCompile(`^(?:node|edge) \[[^\]]*\];$`),
		regexp.MustCompile(`^n\d+ \[shape=\w+, label=` + dotString + `\];$`),
		regexp.MustCompile(`^n\d+ -> n\d+ \[label=` + dotString + `(?:, \w+=\w+)*\];$`),
	}
	const mermaidString = "\"(?:[^\"<>&`\\\\#]|#(?:\\w+);|<br/>)*\""
	mermaid := grammar{
		regexp.MustCompile(`^flowchart LR$`),
		regexp.MustCompile(`^n\d+(?:\(\[` + mermaidString + `\]\)|\[` + mermaidString + `\]|\[\[` + mermaidString + `\]\]|\[\(` + mermaidString + `\)\])$`),
		regexp.MustCompile(`^n\d+ (?:-->|==>|-\.->) n\d+$`),
		regexp.MustCompile(`^n\d+ (?:-- ` + mermaidString + ` -->|== ` + mermaidString + ` ==>|-\. ` + mermaidString + ` \.->) n\d+$`),
	}
	var text strings.Builder
	if err := writeDot(&text, awkwardGraph()); err != nil {
		t.Fatal(err)
	}
	dot.check(t, text.String())
	text.Reset()
	if err := writeMermaid(&text, awkwardGraph()); err != nil {
		t.Fatal(err)
	}
	mermaid.check(t, text.String())
}

func TestEdgesEndAtNodes(t *testing.T) {
	t.Parallel()
	g := awkwardGraph()
	known := map[string]bool{}
	for _, n := range g.nodes {
		if known[n.id] {
			t.Errorf("node %s stands twice", n.id)
		}
		known[n.id] = true
	}
	for _, e := range g.edges {
		if !known[e.from] || !known[e.to] {
			t.Errorf("edge from %s to %s: no such node", e.from, e.to)
		}
	}
	if want := 6; len(g.nodes) != want { // Work, group, three Destinations, one place
		t.Errorf("%d nodes, want %d", len(g.nodes), want)
	}
}
