// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// A Golden is what is expected of the placements of one Pipeline: the part of
// them that does not depend on chance, on file contents or on state stores.
type Golden struct {
	Groups []GoldenGroup // in Kratix' order, that of the Work
}

// A GoldenGroup is what is expected of one workload group.
type GoldenGroup struct {
	Directory string
	Selectors map[string]Selector // by label
	Rule      schedule.Rule
	// Matched are the Destinations that the group goes to or, while Kratix has
	// yet to draw one, may go to; sorted.
	Matched   []string
	Documents []string // sorted
}

// A Selector is a label value that a Destination must have, and who wants it.
type Selector struct {
	Value string             `json:"value"`
	From  api.SelectorSource `json:"from"`
}

func (s Selector) String() string { return fmt.Sprintf("{value: %s, from: %s}", flow(s.Value), s.From) }

// NewGolden gives what there is to expect of placements; nil of none at all,
// which says that no Work came out.
func NewGolden(placements []placement.Placement) *Golden {
	if placements == nil {
		return nil
	}
	g := &Golden{}
	for _, p := range placements {
		g.Groups = append(g.Groups, newGroup(p))
	}
	return g
}

func newGroup(p placement.Placement) GoldenGroup {
	g := GoldenGroup{
		Directory: p.Group.Directory, Rule: p.Rule,
		Selectors: map[string]Selector{}, Matched: matched(p.Decision),
	}
	for _, r := range p.Requires {
		g.Selectors[r.Key] = Selector{r.Value, r.Source}
	}
	for _, d := range p.Documents {
		g.Documents = append(g.Documents, d.Path)
	}
	slices.Sort(g.Documents)
	g.Documents = slices.Compact(g.Documents)
	return g
}

// matched lists the Destinations of a group. A request's group that already
// has a placement stays where it is, so only that one counts; before, every
// Destination that matches may be drawn.
func matched(d schedule.Decision) []string {
	kept := d.Rule == schedule.OneOf && slices.ContainsFunc(d.Candidates, func(c schedule.Candidate) bool {
		return c.Reason == schedule.ReasonKeptElsewhere || c.Reason == schedule.ReasonMisplaced
	})
	var names []string
	for _, c := range d.Candidates {
		if c.Chosen || !kept && c.Verdict == schedule.Matched {
			names = append(names, c.Destination)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Unmatched lists the directories of the groups that no Destination takes.
func (g *Golden) Unmatched() []string {
	var dirs []string
	for _, group := range g.Groups {
		if len(group.Matched) == 0 {
			dirs = append(dirs, group.Directory)
		}
	}
	return dirs
}

// Equal reports whether two goldens expect the same, in whatever order.
func (g *Golden) Equal(other *Golden) bool {
	if g == nil || other == nil {
		return g == other
	}
	return len(comparePlacements("", g, other, nil)) == 0
}

// String writes the golden as it stands in placements.yaml.
func (g *Golden) String() string {
	var b strings.Builder
	if len(g.Groups) == 0 {
		b.WriteString("groups: []\n")
	} else {
		b.WriteString("groups:\n")
	}
	for _, group := range g.Groups {
		fmt.Fprintf(&b, "- directory: %s\n  selectors: %s\n  rule: %s\n  matched: %s\n  documents: %s\n",
			flow(group.Directory), group.selectors(), group.Rule, flowList(group.Matched), flowList(group.Documents))
	}
	fmt.Fprintf(&b, "unmatched: %s\n", flowList(g.Unmatched()))
	return b.String()
}

func (g GoldenGroup) selectors() string {
	parts := make([]string, 0, len(g.Selectors))
	for _, key := range slices.Sorted(maps.Keys(g.Selectors)) {
		parts = append(parts, flow(key)+": "+g.Selectors[key].String())
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func flowList(items []string) string {
	written := make([]string, len(items))
	for i, item := range items {
		written[i] = flow(item)
	}
	return "[" + strings.Join(written, ", ") + "]"
}

// flow writes a string so that it can stand inside brackets.
func flow(s string) string {
	line := newText(s).lines()
	if len(line) == 1 && !strings.ContainsAny(line[0], "{}[],") && s != "" {
		return line[0]
	}
	return quote(s)
}

// quote writes a string as JSON does, which YAML reads too.
func quote(s string) string {
	quoted, _ := json.Marshal(s) // strings are always encoded
	return string(quoted)
}
