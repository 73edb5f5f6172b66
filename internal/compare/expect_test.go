// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	minute, hour := time.Minute, time.Hour
	failed := func(container string, code int, stderr string) Outcome {
		return Outcome{Failure: &Failure{Pipeline: "p", Container: container, Code: code, Stderr: stderr}}
	}
	suspended := func(message string, after *time.Duration) Outcome {
		return Outcome{Suspension: &Suspension{Pipeline: "p", Message: message, RetryAfter: after}}
	}
	exit := func(container string, code int, stderr string) *Expectation {
		e := &ExpectedExit{Container: container, Code: code}
		if stderr != "" {
			e.Stderr = regexp.MustCompile(stderr)
		}
		return &Expectation{Exit: e}
	}
	message := func(text string) *Expectation { return &Expectation{Suspended: &ExpectedSuspension{text}} }
	refused := func(message string) *Expectation {
		return &Expectation{Refused: &ExpectedRefusal{Message: regexp.MustCompile(message)}}
	}
	clean := &Differences{}
	differs := &Differences{Files: []FileDiff{{Where: Where{Area: AreaOutput}}}, Documents: 3}

	tests := []struct {
		name    string
		expect  *Expectation
		outcome Outcome
		golden  *Differences
		want    Verdict
	}{
		{"all as expected", nil, Outcome{}, clean, Verdict{Result: Passed}},
		{"an absent golden fails", nil, Outcome{}, nil, Verdict{Failed, ReasonNoGolden, "no golden for this case; run with --update"}},
		{"a golden that differs", nil, Outcome{}, differs, Verdict{Failed, ReasonGoldenMismatch, "1 of 3 documents differs"}},
		{"a step fails", nil, failed("render", 7, ""), clean, Verdict{Failed, ReasonStepFailed, `step "render" exited 7`}},
		{
			"nobody expected a suspension", nil, suspended("wait", nil), clean,
			Verdict{Failed, ReasonUnexpected, `expected the workflow to complete; pipeline "p" suspended the workflow with message "wait"`},
		},

		{
			"an expected failure needs no golden", exit("validate", 1, "size .* not allowed"), failed("validate", 1, "x\nsize huge not allowed"), nil,
			Verdict{Result: Passed, Message: "expected failure: validate exited 1"},
		},
		{"any failure will do", exit("", 0, ""), failed("a", 9, ""), nil, Verdict{Result: Passed, Message: "expected failure: a exited 9"}},
		{"but a golden that is there counts", exit("", 0, ""), failed("a", 9, ""), differs, Verdict{Failed, ReasonGoldenMismatch, "1 of 3 documents differs"}},
		{
			"everything passed although a failure was expected", exit("validate", 1, ""),
			Outcome{},
			nil,
			Verdict{Failed, ReasonUnexpected, "expected validate to exit 1; the workflow completed"},
		},
		{
			"another container failed", exit("validate", 1, ""), failed("render", 1, ""), nil,
			Verdict{Failed, ReasonUnexpected, "expected validate to exit 1; render exited 1"},
		},
		{
			"another code", exit("validate", 1, ""), failed("validate", 2, ""), nil,
			Verdict{Failed, ReasonUnexpected, "expected validate to exit 1; validate exited 2"},
		},
		{
			"another reason", exit("validate", 0, "size"), failed("validate", 2, "name is wrong"), nil,
			Verdict{Failed, ReasonUnexpected, `validate exited 2 as expected, but its stderr does not match "size"`},
		},
		{
			"suspended instead of failed", exit("", 0, ""), suspended("m", nil), nil,
			Verdict{Failed, ReasonUnexpected, `expected a container to exit with a code other than 0; pipeline "p" suspended the workflow with message "m"`},
		},

		{"an expected suspension", message("wait"), suspended("wait", nil), clean, Verdict{Result: Passed, Message: "expected suspension: wait"}},
		{"its output is asserted", message("wait"), suspended("wait", nil), nil, Verdict{Failed, ReasonNoGolden, "no golden for this case; run with --update"}},
		{
			"an expected refusal", refused("size"),
			Outcome{Refusal: "spec.size: Required value\nspec.a: Invalid"},
			nil,
			Verdict{Result: Passed, Message: "expected refusal: spec.size: Required value; spec.a: Invalid"},
		},
		{
			"refused in other words", refused("^color"),
			Outcome{Refusal: "spec.size: Required value\nspec.a: Invalid"},
			nil,
			Verdict{Failed, ReasonUnexpected, `the request is refused as expected, but this does not match "^color": spec.size: Required value; spec.a: Invalid`},
		},
		{
			"accepted although a refusal was expected", &Expectation{Refused: &ExpectedRefusal{}},
			Outcome{},
			nil,
			Verdict{Failed, ReasonUnexpected, "expected the API server to refuse the request; it accepts it"},
		},
		{"any message", message(""), suspended("wait", nil), clean, Verdict{Result: Passed, Message: "expected suspension: wait"}},
		{
			"another message", message("wait"), suspended("go", nil), clean,
			Verdict{Failed, ReasonUnexpected, `expected a suspension with message "wait"; pipeline "p" suspended the workflow with message "go"`},
		},
		{"not suspended", message(""), Outcome{}, clean, Verdict{Failed, ReasonUnexpected, "expected a suspension; the workflow completed"}},
		{
			"a retry is no suspension", message(""), suspended("", &minute), clean,
			Verdict{Failed, ReasonUnexpected, `expected a suspension; pipeline "p" asked for a retry after 1m0s`},
		},

		{"an expected retry", &Expectation{RetryAfter: &minute}, suspended("", &minute), clean, Verdict{Result: Passed, Message: "expected retry: after 1m0s"}},
		{
			"another delay", &Expectation{RetryAfter: &hour}, suspended("", &minute), clean,
			Verdict{Failed, ReasonUnexpected, `expected a retry after 1h0m0s; pipeline "p" asked for a retry after 1m0s`},
		},
		{
			"no retry", &Expectation{RetryAfter: &hour}, failed("a", 1, ""), clean,
			Verdict{Failed, ReasonUnexpected, `expected a retry after 1h0m0s; a exited 1`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tt.want, Judge(tt.expect, tt.outcome, tt.golden)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestReportAsJSON(t *testing.T) {
	t.Parallel()
	diffs := compareTrees(t, files("d.yaml", deployment), files("d.yaml", "kind: Deployment\nmetadata: {name: orders-db}\n"), Rules{})
	d := Differences{Files: diffs[:1], Documents: 1}
	d.Files[0].ByStep = "render"
	d.Files[0].Fields, d.Files[0].Hunks = d.Files[0].Fields[:1], nil
	got, err := json.MarshalIndent(NewReport("resource-configure/small", Judge(nil, Outcome{}, &d), &d, nil), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "name": "resource-configure/small",
 "result": "failed",
 "reason": "GoldenMismatch",
 "message": "1 of 1 document differs",
 "durationMs": 0,
 "timing": {
  "pullMs": 0,
  "startMs": 0,
  "runMs": 0,
  "copyMs": 0,
  "compareMs": 0
 },
 "steps": [],
 "files": [
  {
   "area": "output",
   "path": "d.yaml",
   "change": "modified",
   "byStep": "render",
   "object": {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "namespace": "default",
    "name": "orders-db"
   },
   "fields": [
    {
     "path": "apiVersion",
     "change": "removed",
     "expected": "apps/v1",
     "actual": null
    }
   ],
   "expectedSize": 419,
   "actualSize": 45
  }
 ],
 "placementDiffs": [],
 "placements": []
}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
