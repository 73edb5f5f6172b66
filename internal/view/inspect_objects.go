// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/term"
)

// Request shows the whole story of one request, beginning with where it
// landed.
func Request(w term.Stream, o *Output, r *inspect.RequestReport, resource string) error {
	if o.Format == Dot || o.Format == Mermaid {
		return picture(w, o.Format, graphOfRequest(r))
	}
	if done, err := o.forPrograms(w, r, []string{resource + "/" + r.Name}); done {
		return err
	}
	newViewer(w).request(r, o)
	return nil
}

func graphOfRequest(r *inspect.RequestReport) *graph {
	g := &graph{ids: map[string]string{}}
	root := g.node("request", shapeWork, r.RequestKind+" "+r.Namespace+"/"+r.Name)
	for i := range r.Works {
		w := &r.Works[i]
		g.edges = append(g.edges, edge{from: root, to: g.work("Work "+w.Name, w.Groups)})
	}
	return g
}

func (v viewer) request(r *inspect.RequestReport, o *Output) {
	t := table{}
	t.row("Request", v.strong.Render(name(r.RequestKind+" "+r.Namespace+"/"+r.Name)), v.faint.Render(escaped(ofPromise(r.Promise, r.PromiseVersion))))
	t.row("Verdict", v.sentence(r.Verdict))
	t.loose(v)
	v.reasons(r.Verdict.Reasons)
	fmt.Fprintln(v)
	v.workflow(&r.Workflow, r)
	for i := range r.Works {
		fmt.Fprintln(v)
		v.workHead(&r.Works[i])
		v.brief = o.ask("kratix inspect work", r.Works[i].Name, "-n", r.Works[i].Namespace)
		v.workBody(&r.Works[i], "  ")
	}
	v.conditionList(r.Conditions)
	v.disagreements(r.Disagreements)
	v.events(r.Events, r.EvaluatedAt, r.RequestKind+"/"+r.Name)
	v.unknown(r.Unknown)
}

// workflow shows how far the Pipelines have come.
func (v viewer) workflow(w *inspect.Workflow, r *inspect.RequestReport) {
	fmt.Fprintf(v, "Workflow  %s: %s\n", v.workflowState(w.State), escaped(w.Sentence))
	t := table{indent: "  "}
	for _, p := range w.Pipelines {
		words := []string{p.Message}
		if p.NextRetryAt != "" {
			words = append(words, "next try at "+p.NextRetryAt)
		}
		if p.Attempts > 0 {
			words = append(words, count(int(p.Attempts), "attempt"))
		}
		since := ""
		if p.Since != nil && r != nil {
			since = ago(*p.Since, r.EvaluatedAt)
		}
		t.row("pipeline "+name(p.Name), v.phase(p.Phase), since, v.faint.Render(escaped(strings.Join(compact(words), ", "))))
	}
	t.print(v)
	for _, advice := range w.Advice { // on one line each: they hold commands
		fmt.Fprintf(v, "  %s\n", escaped(advice))
	}
}

func compact(words []string) []string {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return kept
}

func (v viewer) phase(phase string) string {
	switch phase {
	case "Succeeded":
		return v.ok.Render(phase)
	case "Failed":
		return v.bad.Render(phase)
	}
	return v.warn.Render(name(cmp.Or(phase, "Unknown")))
}

func (v viewer) workflowState(s inspect.WorkflowState) string {
	switch s {
	case inspect.WorkflowCompleted, inspect.WorkflowNone:
		return v.ok.Render(string(s))
	case inspect.WorkflowFailed, inspect.WorkflowUnavailable:
		return v.bad.Render(string(s))
	}
	return v.warn.Render(string(s))
}

// conditionList shows what Kratix says itself, in its own words.
func (v viewer) conditionList(conditions []metav1.Condition) {
	if len(conditions) == 0 {
		return
	}
	fmt.Fprintln(v, "\nKratix says")
	t := table{indent: "  "}
	for _, c := range conditions {
		t.row(name(c.Type), string(c.Status), name(c.Reason), v.faint.Render(escaped(c.Message)))
	}
	t.print(v)
}

// Promise shows all about one Promise.
func Promise(w term.Stream, o *Output, r *inspect.PromiseReport) error {
	if done, err := o.forPrograms(w, r, []string{typed(inspect.Promises, r.Name)}); done {
		return err
	}
	newViewer(w).promise(r)
	return nil
}

func (v viewer) promise(r *inspect.PromiseReport) {
	t := table{}
	t.row("Promise", v.strong.Render(name(r.Name)), v.faint.Render(name(r.Version)))
	if r.APIKind != "" {
		t.row("API", name(r.APIKind), v.faint.Render(name(r.APIGroup)))
	}
	t.row("Verdict", v.promiseSentence(r))
	t.loose(v)
	v.reasons(r.Verdict.Reasons)
	if len(r.RequiredPromises) > 0 {
		fmt.Fprintln(v, "\nRequires")
		t := table{indent: "  "}
		for _, p := range r.RequiredPromises {
			t.row("promise "+name(p.Name), name(p.Version), name(p.State))
		}
		t.print(v)
	}
	if r.Workflow != nil {
		fmt.Fprintln(v)
		v.workflow(r.Workflow, nil)
	}
	if len(r.Works) > 0 {
		fmt.Fprintln(v)
		v.workTable(r.Works, r.EvaluatedAt, true, false)
	}
	v.requests(r)
	v.conditionList(r.Conditions)
	v.disagreements(r.Disagreements)
	v.events(r.Events, r.EvaluatedAt, "Promise/"+r.Name)
	v.unknown(r.Unknown)
}

// promiseSentence is the verdict on a Promise. One that places nothing itself
// has no state but whether it is available.
func (v viewer) promiseSentence(r *inspect.PromiseReport) string {
	if r.Verdict.State != inspect.StateEmpty {
		return v.sentence(r.Verdict)
	}
	word, rest, _ := strings.Cut(r.Verdict.Sentence, ";")
	if rest != "" {
		rest = ";" + rest
	}
	style := v.bad
	if r.Healthy {
		style = v.ok
	}
	return style.Render(escaped(strings.ToUpper(word[:1])+word[1:])) + escaped(rest)
}

func (v viewer) requests(r *inspect.PromiseReport) {
	if len(r.Requests) == 0 {
		return
	}
	fmt.Fprintln(v)
	t := table{}
	t.row("NAMESPACE", "REQUEST", "WORKFLOW", "VERSION", "AGE", "MESSAGE")
	for i := range r.Requests {
		q := &r.Requests[i]
		t.row(name(q.Namespace), name(q.Name), v.workflowState(q.Workflow), name(cmp.Or(q.Version, "-")),
			age(q.CreatedAt, r.EvaluatedAt), v.faint.Render(cut(escaped(q.Message))))
	}
	t.print(v)
}

// Destination shows what landed on one Destination.
func Destination(w term.Stream, o *Output, r *inspect.DestinationReport) error {
	if done, err := o.forPrograms(w, r, []string{typed(inspect.Destinations, r.Name)}); done {
		return err
	}
	newViewer(w).destination(r)
	return nil
}

func (v viewer) destination(r *inspect.DestinationReport) {
	t := table{}
	t.row("Destination", v.strong.Render(name(r.Name)), v.faint.Render(name(labelList(r.Labels))))
	t.row("Store", name(storeName(r.Store)), v.faint.Render(escaped(address(r.Store))))
	t.row("Path", v.path.Render(name(r.Path)), v.faint.Render(string(r.Mode)))
	t.row("Verdict", v.sentence(r.Verdict))
	t.loose(v)
	v.reasons(r.Verdict.Reasons)
	v.siteTrouble(&r.Site, "")
	for i := range r.Landed {
		l := &r.Landed[i]
		fmt.Fprintf(v, "\n%s  %s  %s\n", v.strong.Render(name(l.Namespace+"/"+l.Name)), name(owner(l.For)), v.placedState(&l.Placed))
		if l.Message != "" {
			v.wrapped(escaped(l.Message), "  ")
		}
		v.locations(l.Documents, "  ")
	}
	if a := r.Aggregate; a != nil {
		fmt.Fprintf(v, "\nAggregate  %s  %s, %s\n", v.path.Render(name(a.Path)), count(a.Documents, "document"), size(a.Size))
		if a.Problem != "" {
			v.wrapped(v.warn.Render(escaped(a.Problem)), "  ")
		}
	}
	for _, c := range r.Collisions {
		fmt.Fprintf(v, "\n%s  %s is written by %s\n", v.bad.Render("Collision"), v.path.Render(name(c.Path)), name(strings.Join(c.WorkPlacements, " and ")))
	}
	v.conditionList(r.Conditions)
	v.events(r.Events, r.EvaluatedAt, "Destination/"+r.Name)
	v.unknown(r.Unknown)
}

// address says where a state store is.
func address(s *inspect.Store) string {
	if s == nil {
		return ""
	}
	words := s.Address
	if s.Branch != "" {
		words += " branch " + s.Branch
	}
	return words
}
