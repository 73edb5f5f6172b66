// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An Expectation says how a workflow should end other than by completing. At
// most one of its ways is set; nil means that it should complete.
type Expectation struct {
	Exit *ExpectedExit
	// Refused says that no workflow should begin.
	Refused   *ExpectedRefusal
	Suspended *ExpectedSuspension
	// RetryAfter is the delay after which a Pipeline asks to be run again.
	RetryAfter *time.Duration
}

// An ExpectedExit says which container should fail.
type ExpectedExit struct {
	Container string // any if empty
	Code      int    // any but 0 if 0
	Stderr    *regexp.Regexp
}

// An ExpectedRefusal says that the API server should refuse the request.
type ExpectedRefusal struct {
	Message *regexp.Regexp // its words; any if nil
}

// An ExpectedSuspension says that a Pipeline should suspend the workflow.
type ExpectedSuspension struct {
	Message string // any if empty
}

// An Outcome is how a workflow ended; the zero value says that it completed.
type Outcome struct {
	// Refusal is what the API server says against the request, a line for each
	// field; then there was no workflow.
	Refusal    string
	Failure    *Failure
	Suspension *Suspension
}

// A Failure is a container that failed, which may be one of Kratix' own.
type Failure struct {
	Pipeline  string
	Container string
	Code      int
	Ending    string // in words, where it is not an exit with Code
	Stderr    string // its end, at least
}

// ending says in words how the container ended.
func (f *Failure) ending() string {
	return cmp.Or(f.Ending, fmt.Sprintf("exited %d", f.Code))
}

// A Suspension is what a Pipeline asked for in workflow-control.yaml.
type Suspension struct {
	Pipeline string
	Message  string
	// RetryAfter is nil if it did not ask to be run again.
	RetryAfter *time.Duration
}

// Refuses reports whether the request should be refused, so that nothing is run.
func (e *Expectation) Refuses() bool { return e != nil && e.Refused != nil }

// NeedsGolden reports whether a case without expected/ must fail: the output
// of a workflow that is expected to fail goes nowhere.
func (e *Expectation) NeedsGolden() bool {
	return e == nil || e.Exit == nil && e.Refused == nil
}

// check says why the outcome is not the expected one; "" if it is.
func (e *Expectation) check(o Outcome) (Reason, string) {
	switch {
	case e == nil || *e == Expectation{}:
		return completed(o)
	case e.Exit != nil:
		return e.Exit.check(o)
	case e.Refused != nil:
		return e.Refused.check(o)
	case e.Suspended != nil:
		return e.Suspended.check(o)
	default:
		return checkRetry(*e.RetryAfter, o)
	}
}

func completed(o Outcome) (Reason, string) {
	switch {
	case o.Failure != nil:
		return ReasonStepFailed, fmt.Sprintf("step %q %s", o.Failure.Container, o.Failure.ending())
	case o.Suspension != nil:
		return ReasonUnexpected, "expected the workflow to complete; " + o.String()
	}
	return "", ""
}

// String tells the outcome as a clause.
func (o Outcome) String() string {
	switch {
	case o.Refusal != "":
		return "the API server refuses the request: " + oneLine(o.Refusal)
	case o.Failure != nil:
		return o.Failure.Container + " " + o.Failure.ending()
	case o.Suspension == nil:
		return "the workflow completed"
	case o.Suspension.RetryAfter != nil:
		return fmt.Sprintf("pipeline %q asked for a retry after %s", o.Suspension.Pipeline, *o.Suspension.RetryAfter)
	default:
		return fmt.Sprintf("pipeline %q suspended the workflow with message %q", o.Suspension.Pipeline, o.Suspension.Message)
	}
}

func (e *ExpectedExit) check(o Outcome) (Reason, string) {
	switch f := o.Failure; {
	case f == nil,
		e.Container != "" && e.Container != f.Container,
		e.Code != 0 && e.Code != f.Code:
		return ReasonUnexpected, fmt.Sprintf("expected %s; %s", e, o)
	case e.Stderr != nil && !e.Stderr.MatchString(f.Stderr):
		return ReasonUnexpected, fmt.Sprintf("%s exited %d as expected, but its stderr does not match %q", f.Container, f.Code, e.Stderr)
	}
	return "", ""
}

// String tells the expectation as a clause.
func (e *ExpectedExit) String() string {
	code := "with a code other than 0"
	if e.Code != 0 {
		code = strconv.Itoa(e.Code)
	}
	return cmp.Or(e.Container, "a container") + " to exit " + code
}

func (e *ExpectedRefusal) check(o Outcome) (Reason, string) {
	switch {
	case o.Refusal == "":
		return ReasonUnexpected, "expected the API server to refuse the request; it accepts it"
	case e.Message != nil && !e.Message.MatchString(o.Refusal):
		return ReasonUnexpected, fmt.Sprintf("the request is refused as expected, but this does not match %q: %s", e.Message, oneLine(o.Refusal))
	}
	return "", ""
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }

func (e *ExpectedSuspension) check(o Outcome) (Reason, string) {
	s := o.Suspension
	if s == nil || s.RetryAfter != nil || e.Message != "" && e.Message != s.Message {
		want := "a suspension"
		if e.Message != "" {
			want += fmt.Sprintf(" with message %q", e.Message)
		}
		return ReasonUnexpected, fmt.Sprintf("expected %s; %s", want, o)
	}
	return "", ""
}

func checkRetry(after time.Duration, o Outcome) (Reason, string) {
	s := o.Suspension
	if s == nil || s.RetryAfter == nil || *s.RetryAfter != after {
		return ReasonUnexpected, fmt.Sprintf("expected a retry after %s; %s", after, o)
	}
	return "", ""
}
