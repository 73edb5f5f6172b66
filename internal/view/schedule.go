// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/work"
)

// Formats of a Schedule beside text, JSON and YAML: pictures.
const (
	Dot     Format = "dot"
	Mermaid Format = "mermaid"
)

// A Scheduled is a Schedule with the names of what it was made of.
type Scheduled struct {
	*simulate.Schedule

	Promise, Version string
	// Workflow and Pipeline are empty for static dependencies.
	Workflow, Pipeline string
	// Request is namespace/name; empty if the Work is of the Promise itself.
	Request string
}

// Spoiled says whether a finding is an error: Kratix places documents where it
// cannot write them, or not as they are.
func (s *Scheduled) Spoiled() bool {
	return slices.ContainsFunc(s.Findings, func(f diag.Finding) bool { return f.Severity == diag.SeverityError })
}

// Schedule shows where Kratix would place a Work, and why.
func Schedule(w term.Stream, format Format, s Scheduled) error {
	switch format {
	case Text:
		newViewer(w).schedule(&s)
		return nil
	case Dot:
		return writeDot(w, newGraph(&s))
	case Mermaid:
		return writeMermaid(w, newGraph(&s))
	default:
		return Encode(w, format, newScheduleDocument(&s))
	}
}

func (v viewer) schedule(s *Scheduled) {
	v.scheduleHead(s)
	for i := range s.Placements {
		fmt.Fprintln(v)
		v.group(&s.Placements[i], "")
	}
	if f := s.Failure; f != nil {
		fmt.Fprintf(v, "\n%s of Kratix %s: %s\n", f.Container, v.bad.Render("fails"), indentRest(f.Err.Error(), "  "))
		hints(v, f.Err, "")
		return
	}
	fmt.Fprintf(v, "\n%s\n", v.outcome(s))
}

func (v viewer) scheduleHead(s *Scheduled) {
	t := table{}
	if s.Work != nil {
		t.row("Work", v.strong.Render(s.Work.Namespace+"/"+s.Work.Name))
		t.row("Size", fmt.Sprintf("%s, %s; %s as Kratix stores it",
			count(s.Sizes.Documents, "document"), size(s.Sizes.Bytes), size(s.Sizes.Stored)))
	}
	if s.Request != "" {
		t.row("For", "request "+s.Request)
	}
	by := "static dependencies"
	if s.Pipeline != "" {
		by = "pipeline " + s.Workflow + "/" + s.Pipeline
	}
	t.row("From", strings.TrimSpace(fmt.Sprintf("%s of Promise %s %s", by, s.Promise, s.Version)))
	t.print(v)
}

// outcome is the sentence at the end: what follows from all that.
func (v viewer) outcome(s *Scheduled) string {
	unplaced := s.Unplaced()
	switch {
	case s.Suspension != nil:
		return v.warn.Render("Suspended") + ": Kratix makes no Work, and leaves one that exists as it is; " + suspension(s.Suspension) + "."
	case len(s.Placements) == 0:
		return "No documents: the Work is empty, and documents of an earlier run are removed."
	case unplaced > 0:
		return fmt.Sprintf("%s: %d of %s no Destination.", v.bad.Render("Unplaced"), unplaced, have(len(s.Placements), "group"))
	case s.Spoiled():
		return fmt.Sprintf("%s: %s.", v.bad.Render("Placed, but not as it should be"), strings.Join(perDestination(s.Placements), ", "))
	}
	return fmt.Sprintf("%s: %s.", v.ok.Render("Placed"), strings.Join(perDestination(s.Placements), ", "))
}

// have is the number of some things with the verb: "1 group has", "2 groups
// have".
func have(n int, noun string) string {
	if n == 1 {
		return count(n, noun) + " has"
	}
	return count(n, noun) + " have"
}

// perDestination counts the documents on each Destination.
func perDestination(placements []placement.Placement) []string {
	documents := map[string]int{}
	var names []string
	for i := range placements {
		for _, c := range placements[i].Candidates {
			if c.Chosen && !slices.Contains(names, c.Destination) {
				names = append(names, c.Destination)
			}
		}
		for _, d := range placements[i].Documents {
			documents[d.Destination]++
		}
	}
	slices.Sort(names)
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s on %s", count(documents[name], "document"), name)
	}
	return parts
}

// A scheduleDocument is a Schedule as a public document: fields are only ever
// added, and lists are never null.
type scheduleDocument struct {
	APIVersion string                `json:"apiVersion"`
	Kind       string                `json:"kind"`
	Promise    string                `json:"promise"`
	Workflow   string                `json:"workflow,omitempty"`
	Pipeline   string                `json:"pipeline,omitempty"`
	Request    string                `json:"request,omitempty"`
	Work       *api.Work             `json:"work"` // nil if there is none
	Sizes      work.Sizes            `json:"sizes"`
	Groups     []placement.Placement `json:"groups"`
	Suspension *suspensionRun        `json:"suspension,omitempty"`
	Failure    *failureRun           `json:"failure,omitempty"`
	Warnings   []diag.Finding        `json:"warnings"`
}

func newScheduleDocument(s *Scheduled) scheduleDocument {
	d := scheduleDocument{
		APIVersion: apiVersion, Kind: "Schedule", Promise: s.Promise, Workflow: s.Workflow, Pipeline: s.Pipeline, Request: s.Request,
		Work: s.Work, Sizes: s.Sizes,
		Groups: append([]placement.Placement{}, s.Placements...), Warnings: append([]diag.Finding{}, s.Findings...),
	}
	if p := s.Suspension; p != nil {
		d.Suspension = &suspensionRun{p.Message, p.RetryAfter}
	}
	if f := s.Failure; f != nil {
		d.Failure = &failureRun{f.Container, f.Code, f.Err.Error()}
	}
	return d
}
