// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/promise"
)

// beyond are the objects that Kratix refuses for what only a cluster knows.
// They are fine otherwise, and have to pass.
var beyond = map[string]string{
	"missing-pipeline-namespace": "only a cluster knows its namespaces",
	"changed-kind":               "the objection is to the change of an installed Promise",
	"destination-mode-changed":   "the objection is to the change of an installed Destination",
}

// rejections loads the objects that Kratix judged and compares its words with
// ours.
func rejections(t *testing.T, c *testCase) []row {
	t.Helper()
	var rows []row
	for _, s := range c.Steps {
		t.Run(s.Dir, func(t *testing.T) { rows = append(rows, compareRejection(t, c, &s)) })
	}
	return rows
}

func compareRejection(t *testing.T, c *testCase, s *step) row {
	t.Helper()
	want := s.verdict(t)
	r := row{Case: c.Name, Step: s.Dir, Failure: apiServer + ": " + want}
	o := s.judge(t, c)
	if why := beyond[s.Dir]; why != "" {
		r.Failure, r.Missing = "", []string{fmt.Sprintf("%q: %s", want, why)}
		want = accepted
	}
	if want == accepted {
		if o.errors != "" {
			t.Errorf("Kratix accepts it, we say %q", o.errors)
		}
		return r
	}
	for part := range strings.SplitSeq(randomJob.ReplaceAllString(want, "\n"), "\n") {
		if !strings.Contains(o.errors+"\n"+o.warnings, part) {
			t.Errorf("Kratix says %q, we say %q and warn %q", part, o.errors, o.warnings)
		}
	}
	if o.errors == "" {
		r.Failure += " (a warning here)"
	}
	return r
}

// An opinion is all that the program has to say about an object.
type opinion struct{ errors, warnings string }

const accepted = "accepted"

// randomJob is the part of an answer with the random name of a Job.
var randomJob = regexp.MustCompile(` Job\.batch "[^"]*" is invalid: `)

// verdict is what the API server said, on one line.
func (s *step) verdict(t *testing.T) string {
	t.Helper()
	file := filepath.Join(s.dir, "recorded/error.txt")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(data)) == accepted {
		return accepted
	}
	return oneLine(refusal(t, file))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// judge gives the opinion on the object of a step.
func (s *step) judge(t *testing.T, c *testCase) opinion {
	t.Helper()
	file := s.judged(t)
	if decodeAll[metav1.TypeMeta](t, file)[0].Kind == "Promise" {
		return judgePromise(t, file)
	}
	p, err := platform.Load(nil, append(existing(c.dir, "input/destinations.yaml", "input/statestores.yaml"), file)...)
	if err != nil {
		return opinion{errors: oneLine(err.Error())}
	}
	return opinion{warnings: fmt.Sprint(p.Warnings)}
}

func judgePromise(t *testing.T, file string) opinion {
	t.Helper()
	p, err := promise.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range p.Check() {
		if f.Severity != diag.SeverityError {
			continue
		}
		lines = append(lines, oneLine(f.String()))
		if f.Line == 0 || f.Field == "" {
			t.Errorf("a finding without a place: %+v", f)
		}
	}
	return opinion{errors: strings.Join(lines, "\n")}
}

// judged is the object of a step as it was judged last.
func (s *step) judged(t *testing.T) string {
	t.Helper()
	file := filepath.Join(s.dir, "object.yaml")
	updates := existing(s.dir, "update.yaml")
	if len(updates) == 0 {
		return file
	}
	object := decodeAll[map[string]any](t, file)[0]
	return jsonFile(t, merge(object, decodeAll[map[string]any](t, updates[0])[0]))
}

// merge applies a JSON merge patch.
func merge(object, patch map[string]any) map[string]any {
	merged := maps.Clone(object)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(merged, key)
		case map[string]any:
			old, _ := merged[key].(map[string]any)
			merged[key] = merge(old, value)
		default:
			merged[key] = value
		}
	}
	return merged
}
