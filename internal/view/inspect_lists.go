// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/term"
)

// Works shows a list of Works. Everywhere says that it is of all namespaces.
func Works(w term.Stream, o *Output, l *inspect.WorkList, everywhere bool) error {
	if done, err := o.forPrograms(w, l, names(inspect.Works, l.Items, func(w inspect.WorkSummary) string { return w.Name })); done {
		return err
	}
	v := newViewer(w)
	if len(l.Items) == 0 {
		fmt.Fprintln(v, noWorks(l, everywhere))
		v.unknown(l.Unknown)
		return nil
	}
	v.workTable(l.Items, l.EvaluatedAt, everywhere, o.Format == Wide)
	v.workReasons(l.Items, everywhere)
	v.unknown(l.Unknown)
	fmt.Fprintln(v)
	v.worksSum(l, o)
	return nil
}

func noWorks(l *inspect.WorkList, everywhere bool) string {
	switch {
	case len(l.Unknown) > 0:
		return "No Work can be seen."
	case l.Total > 0:
		return fmt.Sprintf("All is well: %s, none to be shown.", count(l.Total, "Work"))
	}
	return none("Works", everywhere)
}

// none says that a list is empty, and where else to look.
func none(what string, everywhere bool) string {
	if everywhere {
		return "There are no " + what + "."
	}
	return "There are no " + what + " in this namespace; -A looks into all."
}

// names are those of listed objects, as kubectl takes them.
func names[T any](r inspect.Resource, items []T, name func(T) string) []string {
	all := make([]string, len(items))
	for i := range items {
		all[i] = typed(r, name(items[i]))
	}
	return all
}

// typed is how kubectl names an object: TYPE.GROUP/NAME.
func typed(r inspect.Resource, name string) string {
	return strings.ToLower(r.Kind) + strings.TrimPrefix(r.String(), r.Plural) + "/" + name
}

func (v viewer) workTable(works []inspect.WorkSummary, at time.Time, everywhere, wide bool) {
	t := table{}
	head := []string{"WORK", "FOR", "PLACED", "WRITTEN", "STATE", "AGE"}
	if wide {
		head = append(head, "PROMISE", "PIPELINE")
	}
	t.row(scoped(everywhere, "NAMESPACE", head...)...)
	for i := range works {
		w := &works[i]
		row := []string{
			name(w.Name), name(owner(w.For)), progressOf(w.Placed), progressOf(w.Written),
			v.state(w.Verdict), age(w.CreatedAt, at),
		}
		if wide {
			row = append(row, name(w.For.Promise), name(w.Pipeline))
		}
		t.row(scoped(everywhere, name(w.Namespace), row...)...)
	}
	t.print(v)
}

// scoped puts the namespace before the other cells, if it is wanted.
func scoped(everywhere bool, namespace string, cells ...string) []string {
	if everywhere {
		return append([]string{namespace}, cells...)
	}
	return cells
}

// owner says in words what a Work is for.
func owner(o inspect.Owner) string {
	switch o.Type {
	case api.WorkTypeResource:
		return "request " + o.Name
	case api.WorkTypeStaticDependency:
		return "dependencies of " + o.Promise
	}
	return "promise " + o.Promise
}

// progressOf is a count as a fraction; "?" stands for what is not known.
func progressOf(c *inspect.Count) string {
	switch {
	case c == nil:
		return "?"
	case c.Total == nil:
		return strconv.Itoa(c.Done) + "/?"
	}
	return fmt.Sprintf("%d/%d", c.Done, *c.Total)
}

// state is a verdict in a word, with what stands beside it.
func (v viewer) state(verdict inspect.Verdict) string {
	word := string(verdict.State)
	if verdict.Misplaced {
		word += ",Misplaced"
	}
	if verdict.Deleting {
		word += ",Deleting"
	}
	switch {
	case verdict.Healthy:
		return v.ok.Render(word)
	case verdict.State == inspect.StateUnknown, verdict.State == inspect.StatePlaced:
		return v.warn.Render(word)
	}
	return v.bad.Render(word)
}

// age says how long ago something was, as kubectl does.
func age(since, now time.Time) string {
	if since.IsZero() {
		return "?"
	}
	return duration.HumanDuration(max(0, now.Sub(since)))
}

// ago is age in a sentence.
func ago(since, now time.Time) string { return age(since, now) + " ago" }

// workReasons tells of every Work that is not fine what is wrong.
func (v viewer) workReasons(works []inspect.WorkSummary, everywhere bool) {
	t := table{}
	for i := range works {
		w := &works[i]
		for _, r := range w.Verdict.Reasons {
			t.row(v.stateWord(r.State), v.strong.Render(name(called(w.Namespace, w.Name, everywhere))), escaped(where(r)+r.Text))
		}
	}
	if len(t.rows) > 0 {
		fmt.Fprintln(v)
		t.print(v)
	}
}

func called(namespace, name string, everywhere bool) string {
	if everywhere && namespace != "" {
		return namespace + "/" + name
	}
	return name
}

// where says which part of a Work a reason speaks of.
func where(r inspect.Reason) string {
	var parts []string
	if r.Group != "" {
		parts = append(parts, strconv.Quote(r.Group))
	}
	if r.Destination != "" {
		parts = append(parts, "on "+r.Destination)
	}
	if len(parts) == 0 {
		return ""
	}
	if r.Group != "" {
		parts[0] = "group " + parts[0]
	}
	return strings.Join(parts, " ") + ": "
}

func (v viewer) stateWord(s inspect.State) string {
	switch s {
	case inspect.StateWritten, inspect.StateVerified, inspect.StateEmpty:
		return v.ok.Render(string(s))
	case inspect.StatePlaced, inspect.StateUnknown, inspect.StateUnverified:
		return v.warn.Render(string(s))
	}
	return v.bad.Render(string(s))
}

// worksSum is the last line: how many are fine, and how to ask on.
func (v viewer) worksSum(l *inspect.WorkList, o *Output) {
	sum := fmt.Sprintf("%s, %d ok.", count(l.Total, "Work"), l.Healthy)
	if l.Unexplained > 0 {
		sum += fmt.Sprintf("   not looked into: %d", l.Unexplained)
	}
	if i := slices.IndexFunc(l.Items, func(w inspect.WorkSummary) bool { return !w.Verdict.Healthy }); i >= 0 {
		words := []string{"kratix inspect work", l.Items[i].Name}
		if namespace := l.Items[i].Namespace; namespace != "" {
			words = append(words, "-n", namespace)
		}
		sum += "   why: " + o.ask(words...)
	}
	fmt.Fprintln(v, sum)
}

// unknown tells what could not be read, so that nobody takes the rest for all.
func (v viewer) unknown(unknown []inspect.Unknown) {
	if len(unknown) == 0 {
		return
	}
	fmt.Fprintln(v)
	for _, u := range unknown {
		fmt.Fprintln(v, v.warn.Render("unknown")+" "+escaped(strings.TrimPrefix(u.Text, "unknown ")))
	}
}

// WorkPlacements shows a list of WorkPlacements.
func WorkPlacements(w term.Stream, o *Output, l *inspect.WorkPlacementList, everywhere bool) error {
	if done, err := o.forPrograms(w, l, names(inspect.WorkPlacements, l.Items, func(p inspect.Placed) string { return p.Name })); done {
		return err
	}
	v := newViewer(w)
	if len(l.Items) == 0 {
		fmt.Fprintln(v, none("WorkPlacements", everywhere))
		v.unknown(l.Unknown)
		return nil
	}
	t := table{}
	head := []string{"WORKPLACEMENT", "DESTINATION", "STATE", "AGE"}
	if o.Format == Wide {
		head = append(head, "FOR", "GROUP", "VERSION")
	}
	t.row(scoped(everywhere, "NAMESPACE", head...)...)
	for i := range l.Items {
		p := &l.Items[i]
		row := []string{name(p.Name), name(p.Destination), v.placedState(p), age(p.CreatedAt, l.EvaluatedAt)}
		if o.Format == Wide {
			row = append(row, name(owner(p.For)), name(p.Group.Directory), short(p.VersionID))
		}
		t.row(scoped(everywhere, name(p.Namespace), row...)...)
	}
	t.print(v)
	v.placedReasons(l.Items, everywhere)
	v.unknown(l.Unknown)
	fmt.Fprintf(v, "\n%s, %d ok.\n", count(len(l.Items), "WorkPlacement"), l.Healthy)
	return nil
}

// placedState is the state of a WorkPlacement in a word.
func (v viewer) placedState(p *inspect.Placed) string {
	return v.state(inspect.Verdict{
		State: p.State, Misplaced: p.Misplaced, Deleting: p.Deleting,
		Healthy: p.State == inspect.StateWritten && !p.Misplaced && !p.Deleting,
	})
}

func (v viewer) placedReasons(placed []inspect.Placed, everywhere bool) {
	t := table{}
	for i := range placed {
		if p := &placed[i]; p.Message != "" {
			t.row(v.stateWord(p.State), v.strong.Render(name(called(p.Namespace, p.Name, everywhere))), escaped(p.Message))
		}
	}
	if len(t.rows) > 0 {
		fmt.Fprintln(v)
		t.print(v)
	}
}

// short is enough of a version to find it.
func short(version string) string { return version[:min(len(version), 7)] }

// Destinations shows a list of Destinations.
func Destinations(w term.Stream, o *Output, l *inspect.DestinationList) error {
	if done, err := o.forPrograms(w, l, names(inspect.Destinations, l.Items, func(d inspect.DestinationSummary) string { return d.Name })); done {
		return err
	}
	v := newViewer(w)
	if len(l.Items) == 0 {
		fmt.Fprintln(v, "There are no Destinations.")
		v.unknown(l.Unknown)
		return nil
	}
	t := table{}
	head := []string{"DESTINATION", "READY", "WRITTEN", "STORE", "LABELS", "AGE"}
	if o.Format == Wide {
		head = append(head, "MODE", "PATH")
	}
	t.row(head...)
	for i := range l.Items {
		d := &l.Items[i]
		row := []string{
			name(d.Name), v.ready(d.Ready, d.Deleting), progressOf(d.WorkPlacements), name(storeName(d.Store)),
			name(labelList(d.Labels)), age(d.CreatedAt, l.EvaluatedAt),
		}
		if o.Format == Wide {
			row = append(row, string(d.Mode), name(d.Path))
		}
		t.row(row...)
	}
	t.print(v)
	v.siteReasons(l.Items)
	v.unknown(l.Unknown)
	return nil
}

func (v viewer) ready(r *inspect.Readiness, deleting bool) string {
	word := "Unknown"
	if r != nil {
		word = string(r.Status)
	}
	if deleting {
		word += ",Deleting"
	}
	if word == "True" {
		return v.ok.Render(word)
	}
	return v.bad.Render(word)
}

func storeName(s *inspect.Store) string {
	if s == nil {
		return "none"
	}
	return s.Kind + "/" + s.Name
}

func labelList(labels map[string]string) string {
	var parts []string
	for key, value := range labels {
		parts = append(parts, key+"="+value)
	}
	slices.Sort(parts)
	return cmp.Or(strings.Join(parts, ","), "none")
}

// siteReasons tells why Destinations and their stores are not ready.
func (v viewer) siteReasons(sites []inspect.DestinationSummary) {
	t := table{}
	for i := range sites {
		d := &sites[i]
		if r := d.Ready; r != nil && r.Status != "True" {
			t.row(v.bad.Render("NotReady"), v.strong.Render(name(d.Name)), escaped(r.Message))
		}
		if s := d.Store; s != nil && s.Ready != nil && s.Ready.Status != "True" {
			t.row(v.bad.Render("NotReady"), v.strong.Render(name(storeName(s))), escaped(s.Ready.Message))
		}
		if s := d.Store; s != nil && !s.Exists {
			t.row(v.bad.Render("Missing"), v.strong.Render(name(storeName(s))), "there is no such state store, or it may not be read")
		}
		if d.Misplaced > 0 {
			t.row(v.warn.Render("Misplaced"), v.strong.Render(name(d.Name)), noLongerMatch(d.Misplaced))
		}
	}
	t.rows = slices.CompactFunc(t.rows, slices.Equal)
	if len(t.rows) > 0 {
		fmt.Fprintln(v)
		t.print(v)
	}
}

func noLongerMatch(n int) string {
	if n == 1 {
		return "1 WorkPlacement there no longer matches its labels"
	}
	return fmt.Sprintf("%d WorkPlacements there no longer match its labels", n)
}

// Promises shows a list of Promises.
func Promises(w term.Stream, o *Output, l *inspect.PromiseList) error {
	if done, err := o.forPrograms(w, l, names(inspect.Promises, l.Items, func(p inspect.PromiseSummary) string { return p.Name })); done {
		return err
	}
	v := newViewer(w)
	if len(l.Items) == 0 {
		fmt.Fprintln(v, "There are no Promises.")
		v.unknown(l.Unknown)
		return nil
	}
	t := table{}
	t.row("PROMISE", "STATUS", "KIND", "VERSION", "AGE")
	for i := range l.Items {
		p := &l.Items[i]
		status := cmp.Or(p.Status, "Unknown")
		if p.Deleting {
			status += ",Deleting"
		}
		if p.Healthy {
			status = v.ok.Render(status)
		} else {
			status = v.bad.Render(status)
		}
		t.row(name(p.Name), status, name(cmp.Or(p.APIKind, "-")), name(cmp.Or(p.Version, "-")), age(p.CreatedAt, l.EvaluatedAt))
	}
	t.print(v)
	v.unknown(l.Unknown)
	return nil
}
