// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/term"
)

// Work shows all about one Work.
func Work(w term.Stream, o *Output, r *inspect.WorkReport) error {
	if o.Format == Dot || o.Format == Mermaid {
		return picture(w, o.Format, graphOf("Work "+r.Name, r.Groups))
	}
	if done, err := o.forPrograms(w, r, []string{typed(inspect.Works, r.Name)}); done {
		return err
	}
	newViewer(w).work(r)
	return nil
}

func (v viewer) work(r *inspect.WorkReport) {
	v.workHead(r)
	v.reasons(r.Verdict.Reasons)
	v.workBody(r, "")
	v.conditionList(r.Conditions)
	v.disagreements(r.Disagreements)
	v.events(r.Events, r.EvaluatedAt, "Work/"+r.Name)
	v.unknown(r.Unknown)
	if words := evaluated(r); words != "" {
		fmt.Fprintf(v, "\n%s\n", v.faint.Render(words))
	}
}

// evaluated says what the verdicts rest on; nothing if Destinations could not
// be read.
func evaluated(r *inspect.WorkReport) string {
	if slices.ContainsFunc(r.Unknown, func(u inspect.Unknown) bool { return u.Resource == inspect.Destinations.String() }) {
		return ""
	}
	n := 0
	for i := range r.Groups {
		n = max(n, len(r.Groups[i].Candidates))
	}
	return fmt.Sprintf("Evaluated against %s as they are labelled now; Kratix records no reasons.", count(n, "Destination"))
}

func (v viewer) workHead(r *inspect.WorkReport) {
	t := table{}
	made := fmt.Sprintf("generation %d", r.Generation)
	if r.Pipeline != "" {
		made += fmt.Sprintf(", written by pipeline %q", r.Pipeline)
	}
	if r.ExecutedAt != nil {
		made += " " + ago(*r.ExecutedAt, r.EvaluatedAt)
	}
	t.row("Work", v.strong.Render(name(r.Namespace+"/"+r.Name)), v.faint.Render(escaped(made)))
	t.row("For", name(ownerInFull(r.For)), v.faint.Render(escaped(fromPromise(r))))
	t.row("Verdict", v.sentence(r.Verdict))
	t.loose(v)
}

// sentence is a verdict in a sentence, after its state.
func (v viewer) sentence(verdict inspect.Verdict) string {
	rest := strings.TrimPrefix(verdict.Sentence, string(verdict.State)+": ")
	rest = strings.TrimSuffix(rest, " ("+string(verdict.State)+")")
	return v.state(verdict) + ": " + escaped(rest)
}

func ownerInFull(o inspect.Owner) string {
	if o.Type != api.WorkTypeResource {
		return owner(o)
	}
	kind := o.Kind
	if kind == "" {
		kind = "request"
	}
	if o.Namespace == "" {
		return kind + " " + o.Name
	}
	return kind + " " + o.Namespace + "/" + o.Name
}

func fromPromise(r *inspect.WorkReport) string {
	if r.For.Type != api.WorkTypeResource {
		return r.PromiseVersion
	}
	return ofPromise(r.For.Promise, r.PromiseVersion)
}

// ofPromise names a Promise with its version, if it has one: Kratix calls a
// missing one not-set.
func ofPromise(promise, version string) string {
	if version == "not-set" {
		version = ""
	}
	return strings.TrimSpace("of Promise " + promise + " " + version)
}

// reasons lists what is wrong, unless the verdict's sentence is all.
func (v viewer) reasons(reasons []inspect.Reason) {
	t := table{indent: "  "}
	for _, r := range reasons {
		t.row(v.stateWord(r.State), escaped(where(r)+r.Text))
	}
	t.print(v)
}

// workBody shows the groups of a Work.
func (v viewer) workBody(r *inspect.WorkReport, indent string) {
	v.live = newLive(r)
	for i := range r.Groups {
		fmt.Fprintln(v)
		v.group(&r.Groups[i], indent)
	}
}

// live is what is known of a Work in a cluster beyond its placements.
type live struct {
	at       time.Time
	contents map[string]*inspect.Content // by path
	placed   []inspect.Placed
	sites    map[string]*inspect.Site
	checks   map[string]*inspect.StoreCheck
	unread   string // the kind without which nobody knows where a group is
}

func newLive(r *inspect.WorkReport) *live {
	l := &live{
		at: r.EvaluatedAt, contents: map[string]*inspect.Content{}, placed: r.WorkPlacements,
		sites: map[string]*inspect.Site{}, checks: map[string]*inspect.StoreCheck{},
	}
	for i := range r.Contents {
		l.contents[r.Contents[i].Path] = &r.Contents[i]
	}
	for i := range r.Destinations {
		l.sites[r.Destinations[i].Name] = &r.Destinations[i]
	}
	for _, u := range r.Unknown {
		switch u.Resource {
		case inspect.Destinations.String():
			l.unread = "Destinations"
		case inspect.WorkPlacements.String():
			l.unread = "WorkPlacements"
		}
	}
	for i := range r.Verification {
		l.checks[r.Verification[i].Destination] = &r.Verification[i]
	}
	return l
}

// on gives the WorkPlacement of a group on a Destination.
func (l *live) on(group, destination string) *inspect.Placed {
	i := slices.IndexFunc(l.placed, func(p inspect.Placed) bool { return p.Group.ID == group && p.Destination == destination })
	if i < 0 {
		return nil
	}
	return &l.placed[i]
}

// since says how long a group has been on a Destination.
func (l *live) since(group, destination string) string {
	if p := l.on(group, destination); p != nil {
		return " " + ago(p.CreatedAt, l.at)
	}
	return ""
}

// landed shows the WorkPlacement on a Destination and what the store holds.
func (v viewer) landed(p *placement.Placement, destination, indent string) {
	placed := v.live.on(p.Group.ID, destination)
	if site := v.live.sites[destination]; site != nil && (placed == nil || placed.Message == "") {
		v.siteTrouble(site, indent)
	}
	if placed == nil {
		return
	}
	words := []string{v.placedState(placed)}
	if placed.WrittenAt != nil && placed.State == inspect.StateWritten {
		words = append(words, ago(*placed.WrittenAt, v.live.at))
	}
	if placed.VersionID != "" {
		words = append(words, "version "+name(short(placed.VersionID)))
	}
	if check := v.live.checks[destination]; check != nil {
		words = append(words, v.checked(check, placed.State))
	}
	fmt.Fprintf(v, "%sstate  %s\n", indent, strings.Join(words, "  "))
	if placed.Message != "" {
		v.wrapped(escaped(placed.Message), indent+"       ")
	}
	if check := v.live.checks[destination]; check != nil {
		v.checkTrouble(check, indent+"       ")
	}
}

// checked says what reading a state store gave, beside a state that may say
// the same.
func (v viewer) checked(c *inspect.StoreCheck, beside inspect.State) string {
	if c.Problem != "" && beside == inspect.StateUnverified {
		return "(not read)"
	}
	if c.Problem != "" {
		return v.warn.Render("Unverified")
	}
	sum := fmt.Sprintf("%d of %d identical", c.Identical, c.Checked)
	if c.Version != "" {
		sum = "head " + short(c.Version) + ", " + sum
	}
	if c.Identical == c.Checked && beside == inspect.StateVerified {
		return "(" + sum + ")"
	}
	if c.Identical < c.Checked && !slices.ContainsFunc(c.Files, differs) { // not read
		return "(" + sum + ")"
	}
	if c.Identical == c.Checked {
		return v.ok.Render("Verified") + " (" + sum + ")"
	}
	return v.bad.Render("differs") + " (" + sum + ")"
}

// differs says whether a file was read and is another than it should be.
func differs(f inspect.FileCheck) bool {
	return f.State != inspect.StateVerified && f.State != inspect.StateUnverified
}

func (v viewer) checkTrouble(c *inspect.StoreCheck, indent string) {
	if c.Problem != "" {
		v.wrapped(escaped(c.Problem), indent)
	}
	t := table{indent: indent}
	for _, f := range c.Files {
		if f.State != inspect.StateVerified {
			t.row(v.stateWord(f.State), v.path.Render(name(f.Path)), escaped(f.Why))
		}
	}
	for _, path := range c.Extra {
		t.row(v.warn.Render("Extra"), v.path.Render(name(path)), "Kratix removes it with its next write")
	}
	t.print(v)
}

// siteTrouble tells why a Destination or its store is not ready.
func (v viewer) siteTrouble(s *inspect.Site, indent string) {
	if !s.Exists {
		fmt.Fprintf(v, "%s%s\n", indent, v.bad.Render("this Destination does not exist"))
	}
	if r := s.Ready; r != nil && r.Status != "True" {
		v.wrapped(v.bad.Render("not ready")+" "+escaped(r.Message), indent)
	}
	if s.Store == nil {
		return
	}
	if !s.Store.Exists {
		fmt.Fprintf(v, "%s%s\n", indent, v.bad.Render("there is no such state store, or it may not be read"))
	}
	if r := s.Store.Ready; r != nil && r.Status != "True" {
		v.wrapped(v.bad.Render("store not ready")+" "+escaped(r.Message), indent)
	}
}

// document describes one document of a live Work: what object it is, and how
// far it has come.
func (v viewer) document(d *placement.Document) []string {
	c := v.live.contents[d.Path]
	if c == nil {
		return []string{size(d.Size), "", v.stateWord(inspect.State(d.State))}
	}
	if c.Problem != "" {
		return []string{"?", v.bad.Render(escaped(c.Problem)), v.stateWord(inspect.State(d.State))}
	}
	return []string{contentSize(c), escaped(objectOf(c)), v.stateWord(inspect.State(d.State))}
}

func contentSize(c *inspect.Content) string {
	if len(c.Keys) > 0 {
		return count(len(c.Keys), "key")
	}
	return size(c.Size)
}

// objectOf names the first object in a document.
func objectOf(c *inspect.Content) string {
	object := c.Name
	if c.Namespace != "" {
		object = c.Namespace + "/" + c.Name
	}
	object = strings.TrimSpace(c.Kind + " " + object)
	if c.Objects > 1 {
		object += fmt.Sprintf(" and %d more", c.Objects-1)
	}
	return object
}

// disagreements tells where Kratix' own words mislead.
func (v viewer) disagreements(all []inspect.Disagreement) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(v, "\n%s\n", v.warn.Render("Differs from what Kratix says"))
	for _, d := range all {
		v.wrapped(escaped(d.Object)+": "+escaped(d.Text), "  ")
	}
}

// mostEvents is how many events are shown, the latest.
const mostEvents = 8

// events shows what controllers told; own is the object that all is about.
func (v viewer) events(events []inspect.Event, at time.Time, own string) {
	if len(events) == 0 {
		return
	}
	fmt.Fprintln(v, "\nEvents")
	if more := len(events) - mostEvents; more > 0 {
		fmt.Fprintf(v, "  %s\n", v.faint.Render(fmt.Sprintf("%d earlier; -o json lists them", more)))
		events = events[more:]
	}
	t := table{indent: "  "}
	for _, e := range events {
		reason := name(e.Reason)
		if e.Type == "Warning" {
			reason = v.warn.Render(reason)
		}
		times := ""
		if e.Count > 1 {
			times = fmt.Sprintf("x%d", e.Count)
		}
		t.row(age(e.LastSeen, at), times, reason, v.faint.Render(cut(escaped(strings.TrimPrefix(e.Object+": ", own+": ")+e.Message))))
	}
	t.print(v)
}
