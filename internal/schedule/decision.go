// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
)

// A Decision says where a workload group may go, and why not elsewhere.
type Decision struct {
	Group Group `json:"group"`
	Rule  Rule  `json:"rule"`
	// Requires are the labels a Destination must have, by key; never nil.
	Requires []Requirement `json:"requires"`
	// Candidates holds one verdict for every Destination, by name; never nil.
	Candidates []Candidate `json:"candidates"`
}

// Unplaced reports whether no Destination takes the group.
func (d Decision) Unplaced() bool {
	return !slices.ContainsFunc(d.Candidates, func(c Candidate) bool {
		return c.Chosen || c.Verdict == Matched
	})
}

// Misplaced reports whether the group stays on a Destination that does not
// match.
func (d Decision) Misplaced() bool {
	return slices.ContainsFunc(d.Candidates, func(c Candidate) bool { return c.Reason == ReasonMisplaced })
}

// Undecided reports whether Kratix does not get as far as a verdict: the
// requirements are no selector, or those of an earlier group are none.
func (d Decision) Undecided() bool {
	if len(d.Candidates) > 0 {
		return d.Candidates[0].Reason == ReasonUnknown
	}
	_, _, err := parse(d.Requires)
	return err != nil
}

// A Group names a workload group.
type Group struct {
	Directory string `json:"directory"` // "." for the default group
	ID        string `json:"id"`        // hexadecimal md5 of Directory
}

// A Rule says how many of the matching Destinations Kratix uses.
type Rule string

// The rules.
const (
	// OneOf is one at random, kept for life: resource requests.
	OneOf Rule = "one-of"
	// AllOf is every one: promise workflows and static dependencies.
	AllOf Rule = "all-of"
)

// A Requirement is a label that a Destination must have.
type Requirement struct {
	Key    string             `json:"key"`
	Value  string             `json:"value"`
	Source api.SelectorSource `json:"source"`
	// Overrides lists the values that lost against this one.
	Overrides []Override `json:"overrides,omitempty"`
}

// An Override is a value that a stronger source replaced.
type Override struct {
	Value  string             `json:"value"`
	Source api.SelectorSource `json:"source"`
}

// A Candidate is the verdict on one Destination.
type Candidate struct {
	Destination string  `json:"destination"`
	Verdict     Verdict `json:"verdict"`
	// Chosen says that the group's documents go (or went) there.
	Chosen bool   `json:"chosen"`
	Reason Reason `json:"reason"`
	// Labels lists every label that does not fit, by key.
	Labels []LabelMismatch `json:"labels,omitempty"`
	// Distance is how many labels would have to change for a match.
	Distance int `json:"distance,omitempty"`
}

// A Verdict says whether a Destination satisfies the requirements.
type Verdict string

// The verdicts.
const (
	Matched  Verdict = "matched"
	Rejected Verdict = "rejected"
)

// A Reason is the branch of Kratix' scheduler that decided a verdict.
type Reason string

// The closed list of reasons.
const (
	ReasonChosen        Reason = "Chosen"                // one-of: drawn, or kept from before
	ReasonAllMatch      Reason = "AllMatch"              // all-of: matched, so used
	ReasonNotDrawn      Reason = "NotDrawn"              // matched, but another one was or may be drawn
	ReasonKeptElsewhere Reason = "KeptElsewhere"         // matched, but the group already has a placement
	ReasonLabelMissing  Reason = "LabelMissing"          // a required label is absent (and none differs)
	ReasonLabelMismatch Reason = "LabelMismatch"         // a required label has another value
	ReasonStrict        Reason = "StrictMatchNoSelector" // strictMatchLabels, and nothing is required
	ReasonTerminating   Reason = "Terminating"           // the Destination is being deleted
	ReasonDryRunOnly    Reason = "DryRunOnly"            // reserved for dry runs
	ReasonMisplaced     Reason = "Misplaced"             // kept there although it no longer matches
	ReasonUnknown       Reason = "Unknown"               // could not be evaluated
)

// A LabelMismatch is a requirement that a Destination does not satisfy. Actual
// is nil when the label is absent.
type LabelMismatch struct {
	Key      string             `json:"key"`
	Required string             `json:"required"`
	Actual   *string            `json:"actual"`
	Source   api.SelectorSource `json:"source"`
}
