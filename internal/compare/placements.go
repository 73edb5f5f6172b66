// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// A PlacementDiff is a workload group whose placement differs.
type PlacementDiff struct {
	Pipeline  string  `json:"pipeline,omitempty"` // as in [Where]
	Directory string  `json:"directory"`
	Change    Change  `json:"change"`
	Fields    []Field `json:"fields"` // never nil
	Hunks     []Hunk  `json:"hunks,omitempty"`
	// Lost holds the verdict on every Destination that was expected and does
	// not match.
	Lost []Lost `json:"lost,omitempty"`

	summary string
}

// Summary says on one line what is different: `group ".": eu-prod -> eu-dev`.
func (d PlacementDiff) Summary() string { return d.summary }

// A Lost is a Destination that was expected to match.
type Lost struct {
	Destination string `json:"destination"`
	// Verdict is nil if there is no such Destination, or no such group.
	Verdict *schedule.Candidate `json:"verdict"`
}

// Why says on one line what keeps the group away: the labels that do not fit,
// or the rule of Kratix that decides.
func (l Lost) Why() string {
	if l.Verdict == nil {
		return "not evaluated: no such Destination or group"
	}
	if len(l.Verdict.Labels) == 0 {
		return string(l.Verdict.Reason)
	}
	reasons := make([]string, len(l.Verdict.Labels))
	for i, m := range l.Verdict.Labels {
		reasons[i] = mismatch(m)
	}
	return strings.Join(reasons, ";  ")
}

func mismatch(m schedule.LabelMismatch) string {
	has := m.Key + " missing"
	if m.Actual != nil {
		has = m.Key + "=" + *m.Actual
	}
	return fmt.Sprintf("%s, required %s=%s   (from %s)", has, m.Key, m.Required, m.Source)
}

// Placements compares the placements of one Pipeline. That a Work without
// groups was expected and none came out, or the other way round, is a
// difference of no group; it is told as one of the root group.
func Placements(pipeline string, expected *Golden, actual []placement.Placement, rules Rules) []PlacementDiff {
	got := NewGolden(actual)
	if expected == nil && rules.isPartial(placementsNames(pipeline)) {
		return nil
	}
	diffs := comparePlacements(pipeline, expected, got, actual)
	if len(diffs) == 0 && (expected == nil) != (got == nil) {
		diffs = append(diffs, noWork(pipeline, expected != nil))
	}
	return diffs
}

func noWork(pipeline string, expected bool) PlacementDiff {
	d := PlacementDiff{Pipeline: pipeline, Directory: ".", Change: Added, Fields: []Field{}, summary: "a Work without groups, none was expected"}
	if expected {
		d.Change, d.summary = Removed, "no Work came out, one without groups was expected"
	}
	return d
}

func placementsNames(pipeline string) []string {
	if pipeline == "" {
		return []string{"placements.yaml"}
	}
	return []string{"placements.yaml", pipeline + "/placements.yaml"}
}

// comparePlacements lists the groups that differ, in the order of the expected
// side. Decisions are where the actual golden came from.
func comparePlacements(pipeline string, expected, actual *Golden, decisions []placement.Placement) []PlacementDiff {
	want, got := expected.byDirectory(), actual.byDirectory()
	var diffs []PlacementDiff
	for _, dir := range directories(expected, actual) {
		e, a := want[dir], got[dir]
		if equal(e.value(), a.value()) {
			continue
		}
		d := PlacementDiff{Pipeline: pipeline, Directory: dir, Change: pair{expected: e.value(), actual: a.value()}.change(), Fields: []Field{}}
		d.fill(e, a)
		d.Lost = lost(e, a, decisions)
		diffs = append(diffs, d)
	}
	return diffs
}

func (g *Golden) byDirectory() map[string]*GoldenGroup {
	groups := map[string]*GoldenGroup{}
	if g != nil {
		for i, group := range g.Groups {
			groups[group.Directory] = &g.Groups[i]
		}
	}
	return groups
}

func directories(goldens ...*Golden) []string {
	var dirs []string
	for _, g := range goldens {
		if g == nil {
			continue
		}
		for _, group := range g.Groups {
			if !slices.Contains(dirs, group.Directory) {
				dirs = append(dirs, group.Directory)
			}
		}
	}
	return dirs
}

// value gives the group as a document, so that it is compared as one.
func (g *GoldenGroup) value() *value {
	if g == nil {
		return nil
	}
	selectors := &value{kind: object, fields: map[string]*value{}}
	for _, key := range slices.Sorted(maps.Keys(g.Selectors)) {
		selectors.set(key, g.Selectors[key].value())
	}
	v := &value{kind: object, fields: map[string]*value{}}
	v.set("selectors", selectors)
	v.set("rule", newText(string(g.Rule)))
	v.set("matched", set(g.Matched))
	v.set("documents", set(g.Documents))
	return v
}

func (s Selector) value() *value {
	v := &value{kind: object, fields: map[string]*value{}}
	v.set("value", newText(s.Value))
	v.set("from", newText(string(s.From)))
	return v
}

// set gives strings whose order does not count.
func set(items []string) *value {
	v := &value{kind: list}
	for _, item := range slices.Compact(slices.Sorted(slices.Values(items))) {
		v.items = append(v.items, newText(item))
	}
	return v
}

// fill lists what differs in a group: its selectors one by one, and each of
// the rest as a whole.
func (d *PlacementDiff) fill(expected, actual *GoldenGroup) {
	e, a := expected.value(), actual.value()
	var lines []string
	add := func(path, head string, p pair) {
		if equal(p.expected, p.actual) {
			return
		}
		d.Fields = append(d.Fields, p.field(path))
		for _, side := range []struct {
			mark string
			v    *value
		}{{"-", p.expected}, {"+", p.actual}} {
			if side.v != nil {
				lines = append(lines, side.mark+head+": "+flowValue(side.v))
			}
		}
	}
	for _, p := range alignFields(e.fieldOrEmpty("selectors"), a.fieldOrEmpty("selectors")) {
		add(join("selectors", p.step), strings.TrimSuffix(p.head, ":"), p)
	}
	for _, key := range []string{"rule", "matched", "documents"} {
		add(key, key, pair{expected: e.field(key), actual: a.field(key)})
	}
	d.Hunks = []Hunk{{At: fmt.Sprintf("group %q", d.Directory), Lines: lines}}
	d.summary = fmt.Sprintf("group %q: %s", d.Directory, d.brief(expected, actual))
}

func (v *value) fieldOrEmpty(key string) *value {
	if field := v.field(key); field != nil {
		return field
	}
	return &value{kind: object}
}

// flowValue writes a value on one line.
func flowValue(v *value) string {
	switch v.kind {
	case object:
		parts := make([]string, len(v.keys))
		for i, key := range v.keys {
			parts[i] = flow(key) + ": " + flowValue(v.fields[key])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case list:
		parts := make([]string, len(v.items))
		for i, item := range v.items {
			parts[i] = flowValue(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return flow(v.text)
	}
}

func (d *PlacementDiff) brief(expected, actual *GoldenGroup) string {
	switch {
	case expected == nil:
		return "new, " + nameAll(actual.Matched)
	case actual == nil:
		return "gone, was " + nameAll(expected.Matched)
	case !equal(set(expected.Matched), set(actual.Matched)):
		return nameAll(expected.Matched) + " -> " + nameAll(actual.Matched)
	default:
		paths := make([]string, len(d.Fields))
		for i, f := range d.Fields {
			paths[i] = f.Path
		}
		return strings.Join(paths, ", ")
	}
}

func nameAll(destinations []string) string {
	if len(destinations) == 0 {
		return "no Destination"
	}
	return strings.Join(destinations, ", ")
}

// lost finds the verdict on every expected Destination that does not match.
func lost(expected, actual *GoldenGroup, decisions []placement.Placement) []Lost {
	if expected == nil {
		return nil
	}
	var out []Lost
	for _, name := range expected.Matched {
		if actual != nil && slices.Contains(actual.Matched, name) {
			continue
		}
		out = append(out, Lost{name, verdict(decisions, expected.Directory, name)})
	}
	return out
}

func verdict(decisions []placement.Placement, directory, destination string) *schedule.Candidate {
	for _, p := range decisions {
		if p.Group.Directory != directory {
			continue
		}
		for i, c := range p.Candidates {
			if c.Destination == destination {
				return &p.Candidates[i]
			}
		}
	}
	return nil
}
