// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/explain"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/term"
)

// An Explanation is the answers to a question about placement. It is a public
// document: fields are only ever added, and lists are never null.
type Explanation struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Question   explain.Question `json:"question"`
	// Labels are changes that the answers suppose; Actual are the answers
	// without them.
	Labels  []explain.Label  `json:"labels"`
	Answers []explain.Answer `json:"answers"`
	Actual  []explain.Answer `json:"actual,omitempty"`
}

// Explain shows answers about placement.
func Explain(w term.Stream, format Format, e Explanation) error {
	e.APIVersion, e.Kind = apiVersion, "PlacementExplanation"
	e.Labels = append([]explain.Label{}, e.Labels...)
	if format != Text {
		return Encode(w, format, e)
	}
	v := newViewer(w)
	for i, l := range e.Labels {
		words := "If "
		if i > 0 {
			words = "and "
		}
		end := ""
		if i == len(e.Labels)-1 {
			end = ":"
		}
		fmt.Fprintf(v, "%s%s%s\n", words, v.strong.Render(l.String()), end)
	}
	for i := range e.Answers {
		if i > 0 {
			fmt.Fprintln(v)
		}
		v.answer(&e.Answers[i], e.Question)
		if i < len(e.Actual) {
			fmt.Fprintf(v, "\nAs the labels are: %s\n", e.Actual[i].Sentence)
		}
	}
	return nil
}

func (v viewer) answer(a *explain.Answer, q explain.Question) {
	sentence := a.Sentence
	if n := len(a.Reasons); n > 0 {
		sentence = fmt.Sprintf("%s, for %s:", strings.TrimSuffix(sentence, "."), count(n, "reason"))
	}
	fmt.Fprintln(v, v.strong.Render(escaped(sentence)))
	for i, r := range a.Reasons {
		fmt.Fprintf(v, "\n  %d. %s\n", i+1, strings.Join(wrap(escaped(r.Text), 75), "\n     "))
		t := table{indent: "     "}
		for _, d := range r.Details {
			t.row(escaped(d.What), v.faint.Render(escaped(d.Text)))
		}
		t.print(v)
	}
	if len(a.Remedies) > 0 && q.Destination != "" {
		fmt.Fprintln(v)
		v.remedies(a.Remedies, "to change it: ", "  ")
	}
	if a.Placement != nil && q.Destination == "" {
		fmt.Fprintln(v)
		v.groupHead(a.Placement, "")
		v.groupBody(only(a.Placement, q.Document), "  ")
		return
	}
	v.isOn(a)
}

// only leaves one document in a placement, if one was asked for.
func only(p *placement.Placement, document string) *placement.Placement {
	if document == "" {
		return p
	}
	one := *p
	one.Documents = slices.DeleteFunc(slices.Clone(p.Documents), func(d placement.Document) bool { return d.Path != document })
	return &one
}

// isOn shows where the documents are, Destination by Destination.
func (v viewer) isOn(a *explain.Answer) {
	var names []string
	on := map[string][]placement.Document{}
	for _, d := range a.Places {
		if _, seen := on[d.Destination]; !seen {
			names = append(names, d.Destination)
		}
		on[d.Destination] = append(on[d.Destination], d)
	}
	for _, destination := range names {
		fmt.Fprintf(v, "\nIt is on: %s\n", v.strong.Render(name(destination)))
		v.locations(on[destination], "  ")
	}
}
