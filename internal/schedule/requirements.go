// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/kratix-tools/kratix/internal/api"
)

// SourceDryRun is the source of the only requirement of a dry run.
const SourceDryRun api.SelectorSource = "dry-run"

// Requirements joins the selectors of a group: of equal keys the Promise wins
// over a promise workflow, and that over a resource workflow. They are sorted
// by key. Those of a dry run are replaced.
func Requirements(selectors []api.WorkloadSelector, dryRun bool) []Requirement {
	if dryRun {
		return []Requirement{{Key: api.LabelDryRun, Value: "true", Source: SourceDryRun}}
	}
	joined := map[string]Requirement{}
	for _, s := range byStrength(selectors) {
		for key, value := range s.MatchLabels {
			r := Requirement{Key: key, Value: value, Source: s.Source}
			if weaker, ok := joined[key]; ok {
				r.Overrides = overridden(weaker, value)
			}
			joined[key] = r
		}
	}
	return slices.SortedFunc(maps.Values(joined), func(a, b Requirement) int { return cmp.Compare(a.Key, b.Key) })
}

// overridden lists what a value replaces, strongest first; asking for the same
// value overrides nothing.
func overridden(weaker Requirement, value string) []Override {
	if weaker.Value == value {
		return weaker.Overrides
	}
	return slices.Concat([]Override{{weaker.Value, weaker.Source}}, weaker.Overrides)
}

// byStrength sorts selectors so that later ones win.
func byStrength(selectors []api.WorkloadSelector) []api.WorkloadSelector {
	return slices.SortedStableFunc(slices.Values(selectors), func(a, b api.WorkloadSelector) int {
		return cmp.Compare(strength(a.Source), strength(b.Source))
	})
}

func strength(s api.SelectorSource) int {
	switch s {
	case api.SourceResourceWorkflow:
		return 0
	case api.SourcePromiseWorkflow:
		return 1
	default:
		return 2
	}
}

// A SelectorError says that the requirements of a group are no selector. Kratix
// then schedules neither this group nor any later one of the Work.
type SelectorError struct {
	Group    Group
	Selector string // as rendered by Kratix
	Reason   error
}

// Error gives the message of the Work's condition ScheduleSucceeded, and why.
func (e *SelectorError) Error() string {
	return "Failed to schedule or update for workloadGroups: [" + e.Group.ID + "]: selector \"" + e.Selector + "\": " + e.Reason.Error()
}

// Unwrap gives the reason.
func (e *SelectorError) Unwrap() error { return e.Reason }

// A term is one condition that Kratix derives from the requirements. Kratix
// writes them as a string and reads it back, so that a comma in a value makes
// a term of what follows it.
type term struct {
	key, value string // what nearly every term asks for: this value
	source     api.SelectorSource
	// other is set for the odd term that asks for something else.
	other *labels.Requirement
}

func newTerm(r *labels.Requirement, source api.SelectorSource) term {
	if r.Operator() == selection.Equals {
		return term{key: r.Key(), value: r.ValuesUnsorted()[0], source: source}
	}
	return term{key: r.Key(), value: r.String(), source: source, other: r}
}

// parse turns requirements into terms by way of a string, as Kratix does.
func parse(requirements []Requirement) (terms []term, rendered string, err error) {
	set := make(labels.Set, len(requirements))
	for _, r := range requirements {
		set[r.Key] = r.Value
	}
	rendered = set.String()
	if len(set) == 0 {
		return nil, rendered, nil
	}
	parsed, err := labels.ParseToRequirements(rendered)
	if err != nil {
		return nil, rendered, err
	}
	for i := range parsed {
		terms = append(terms, newTerm(&parsed[i], sourceOf(&parsed[i], requirements)))
	}
	return terms, rendered, nil
}

// sourceOf tells who asked for a term: the requirement of its key or, for what
// stood behind a comma, the first whose text has it.
func sourceOf(p *labels.Requirement, requirements []Requirement) api.SelectorSource {
	for _, r := range requirements {
		if r.Key == p.Key() {
			return r.Source
		}
	}
	for _, r := range requirements {
		if strings.Contains(r.Value, p.Key()) {
			return r.Source
		}
	}
	return requirements[0].Source
}

// mismatch tells how labels miss the term, if they do.
func (t *term) mismatch(have map[string]*string) (LabelMismatch, bool) {
	actual := have[t.key]
	if t.fits(actual) {
		return LabelMismatch{}, false
	}
	return LabelMismatch{Key: t.key, Required: t.value, Actual: actual, Source: t.source}, true
}

func (t *term) fits(actual *string) bool {
	switch {
	case t.other == nil:
		return actual != nil && *actual == t.value
	case actual == nil:
		return t.other.Matches(labels.Set{})
	default:
		return t.other.Matches(labels.Set{t.key: *actual})
	}
}
