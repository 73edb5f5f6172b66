// SPDX-License-Identifier: Apache-2.0

package view

import (
	"encoding/json"
	"fmt"

	"github.com/kratix-tools/kratix/internal/term"
)

// A TestPlan is what a test run would do. It is a public JSON object: fields are
// only ever added.
type TestPlan struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Promise    string        `json:"promise"`
	Cases      []PlannedCase `json:"cases"`
}

// A PlannedCase is a case that would be run.
type PlannedCase struct {
	Name  string        `json:"name"`
	Steps []PlannedStep `json:"steps"`
	// Problem is why the case cannot be run.
	Problem string `json:"problem,omitempty"`
}

// A PlannedStep is a container that would be run, and where its image would
// come from, in words.
type PlannedStep struct {
	Pipeline  string `json:"pipeline"`
	Number    int    `json:"number"`
	Of        int    `json:"of"`
	Container string `json:"container"`
	Image     string `json:"image"`
	Source    string `json:"source"`
}

// NewTestPlan makes a plan.
func NewTestPlan(promise string, cases []PlannedCase) *TestPlan {
	return &TestPlan{APIVersion: apiVersion, Kind: "TestPlan", Promise: promise, Cases: cases}
}

// Plan shows what a test run would do.
func Plan(w term.Stream, format Format, p *TestPlan) error {
	switch format {
	case Text:
		planText(w, p)
		return nil
	case NDJSON:
		return json.NewEncoder(w).Encode(p)
	default:
		return Encode(w, format, p)
	}
}

func planText(w term.Stream, p *TestPlan) {
	v := newViewer(w)
	fmt.Fprintf(w, "%s  tests: %s  nothing is run\n", v.strong.Render(p.Promise), count(len(p.Cases), "case"))
	for _, c := range p.Cases {
		fmt.Fprintf(w, "\n%s\n", c.Name)
		if c.Problem != "" {
			fmt.Fprintf(w, "  cannot be run: %s\n", indentRest(text(c.Problem), "    "))
		}
		rows := table{indent: "  "}
		for _, s := range c.Steps {
			rows.row(s.Pipeline, fmt.Sprintf("step %d/%d", s.Number, s.Of), s.Container, s.Image, s.Source)
		}
		rows.print(w)
	}
}
