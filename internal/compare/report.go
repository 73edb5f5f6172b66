// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"

	"github.com/kratix-tools/kratix/internal/placement"
)

// A Report is the result of one case. It is the public JSON object of the
// program: fields are only ever added, and lists are never null.
type Report struct {
	Name string `json:"name"`
	Verdict
	DurationMS int64  `json:"durationMs"`
	Timing     Timing `json:"timing"`
	Steps      []Step `json:"steps"`
	// Files and PlacementDiffs are what differs from the golden.
	Files          []FileDiff      `json:"files"`
	PlacementDiffs []PlacementDiff `json:"placementDiffs"`
	// Placements are where everything would go.
	Placements []placement.Placement `json:"placements"`
}

// Timing tells where the time of a case went, in milliseconds.
type Timing struct {
	PullMS    int64 `json:"pullMs"`
	StartMS   int64 `json:"startMs"`
	RunMS     int64 `json:"runMs"`
	CopyMS    int64 `json:"copyMs"`
	CompareMS int64 `json:"compareMs"`
}

// A Step is one container of a case. ExitCode is nil if it was not started.
type Step struct {
	Pipeline   string `json:"pipeline"`
	Container  string `json:"container"`
	Image      string `json:"image"`
	Digest     string `json:"digest,omitempty"`
	ExitCode   *int   `json:"exitCode"`
	DurationMS int64  `json:"durationMs"`
	Log        string `json:"log,omitempty"` // path of the full log
}

// A Verdict says whether a case passed, and why not.
type Verdict struct {
	Result  Result `json:"result"`
	Reason  Reason `json:"reason,omitempty"`
	Message string `json:"message,omitempty"` // for people
}

// A Result is passed, failed or skipped.
type Result string

// The results.
const (
	Passed  Result = "passed"
	Failed  Result = "failed"
	Skipped Result = "skipped"
)

// A Reason is why a case did not pass.
type Reason string

// The closed list of reasons.
const (
	ReasonGoldenMismatch Reason = "GoldenMismatch"    // something differs from expected/
	ReasonNoGolden       Reason = "NoGolden"          // there is no expected/
	ReasonStepFailed     Reason = "StepFailed"        // a step failed that should not
	ReasonUnexpected     Reason = "ExpectationNotMet" // the workflow ended in another way than expected
	ReasonTimeout        Reason = "Timeout"           // the case took too long
	ReasonError          Reason = "Error"             // the case could not be run
)

// Judge says whether a case passed: the workflow must have ended as expected
// and left what its golden says. Differences is nil if the case has no golden.
func Judge(expect *Expectation, outcome Outcome, differences *Differences) Verdict {
	if reason, message := expect.check(outcome); reason != "" {
		return Verdict{Failed, reason, message}
	}
	switch {
	case differences == nil && expect.NeedsGolden():
		return Verdict{Failed, ReasonNoGolden, "no golden for this case; run with --update"}
	case differences != nil && !differences.Clean():
		return Verdict{Failed, ReasonGoldenMismatch, differences.Summary()}
	}
	return Verdict{Result: Passed, Message: expect.met(outcome)}
}

// met tells what went wrong as expected; "" if the workflow completed.
func (e *Expectation) met(o Outcome) string {
	switch {
	case o.Refusal != "":
		return "expected refusal: " + oneLine(o.Refusal)
	case o.Failure != nil:
		return fmt.Sprintf("expected failure: %s", o)
	case o.Suspension != nil && o.Suspension.RetryAfter != nil:
		return fmt.Sprintf("expected retry: after %s", *o.Suspension.RetryAfter)
	case o.Suspension != nil:
		return "expected suspension: " + o.Suspension.Message
	}
	return ""
}

// NewReport gives the report of a case without steps and times, which the
// caller adds. Lists that are nil become empty.
func NewReport(name string, verdict Verdict, differences *Differences, placements []placement.Placement) Report {
	r := Report{
		Name: name, Verdict: verdict, Steps: []Step{},
		Files: []FileDiff{}, PlacementDiffs: []PlacementDiff{},
		Placements: append([]placement.Placement{}, placements...),
	}
	if differences != nil {
		r.Files = append(r.Files, differences.Files...)
		r.PlacementDiffs = append(r.PlacementDiffs, differences.Placements...)
	}
	return r
}
