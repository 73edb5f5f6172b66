// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/term"
)

// A Review shows the differences of cases one by one, and what somebody has
// decided about each.
type Review struct {
	tests *Tests
	last  string // the case shown last
}

// ReviewCounts tells what was decided.
type ReviewCounts struct{ Accepted, Rejected, Skipped int }

// NewReview begins to show differences.
func NewReview(w term.Stream) *Review {
	return &Review{tests: &Tests{v: newViewer(w), verb: "workflow"}}
}

// Proposal shows one difference.
func (r *Review) Proposal(c suite.Case, p fixture.Proposal) {
	v := r.tests.v
	if r.last != c.Name {
		fmt.Fprintf(v, "\n%s\n", v.strong.Render(c.Name))
		r.last = c.Name
	}
	fmt.Fprintln(v)
	file := slices.IndexFunc(c.Files, func(f compare.FileDiff) bool { return f.Name() == p.Path })
	if file >= 0 {
		r.tests.file(c.Files[file])
	} else if !r.placements(c, p) {
		fmt.Fprintf(v, "  %s  new (%s)\n\n", v.path.Render(name(p.Path)), size(int64(len(p.After))))
	}
	if p.Change.Change == compare.Added && path.Base(p.Path) != "placements.yaml" || file < 0 && p.Before == nil {
		r.content(p.After)
	}
}

// placements shows the groups that a placements.yaml is about, and tells
// whether there are any.
func (r *Review) placements(c suite.Case, p fixture.Proposal) bool {
	shown := false
	for _, d := range c.PlacementDiffs {
		if path.Join(d.Pipeline, "placements.yaml") == p.Path {
			r.tests.placement(d)
			shown = true
		}
	}
	return shown
}

// content shows the beginning of a new file.
func (r *Review) content(content []byte) {
	const most = 40
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	for _, line := range lines[:min(most, len(lines))] {
		r.tests.line("+" + cut(strings.ToValidUTF8(line, "\uFFFD")))
	}
	if more := len(lines) - most; more > 0 {
		fmt.Fprintf(r.tests.v, "  ... and %s\n", count(more, "more line"))
	}
	fmt.Fprintln(r.tests.v)
}

// Ask asks what is to become of it.
func (r *Review) Ask() { fmt.Fprint(r.tests.v, "  accept, reject, skip or quit? [a/r/s/q] ") }

// Answer shows the answer.
func (r *Review) Answer(word string) { fmt.Fprintln(r.tests.v, word) }

// Sum tells what was decided in all.
func (r *Review) Sum(n ReviewCounts) {
	all := n.Accepted + n.Rejected + n.Skipped
	fmt.Fprintf(r.tests.v, "\n%s: %d accepted, %d rejected, %d skipped.\n", count(all, "difference"), n.Accepted, n.Rejected, n.Skipped)
}
