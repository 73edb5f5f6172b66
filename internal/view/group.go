// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/explain"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// group shows one workload group: what it requires, the verdict on every
// Destination and the place of every document. It is the same wherever a group
// is shown.
func (v viewer) group(p *placement.Placement, indent string) {
	v.groupHead(p, indent)
	v.groupBody(p, indent+"  ")
}

func (v viewer) groupHead(p *placement.Placement, indent string) {
	fmt.Fprintf(v, "%sgroup %q  %s  %s\n", indent, p.Group.Directory, count(len(paths(p)), "document"), v.rule(p))
}

func (v viewer) groupBody(p *placement.Placement, indent string) {
	v.requirements(p.Requires, indent)
	if !undecided(p) {
		v.candidates(p, indent)
	}
	switch {
	case v.live != nil && v.live.unread != "" && nowhere(p):
		v.documents(p, "holds", indent)
	case v.live != nil && v.live.unread != "":
	case p.Unplaced():
		v.documents(p, "waiting", indent)
		v.remedies(explain.ToPlace(&p.Decision), "to place it: ", indent)
	case v.live != nil && nowhere(p):
		v.documents(p, "waiting", indent)
	}
}

// nowhere says whether no document of a group has a Destination, be it that
// none matches or that Kratix has not placed it.
func nowhere(p *placement.Placement) bool {
	return !slices.ContainsFunc(p.Documents, func(d placement.Document) bool { return d.Destination != "" })
}

// undecided says whether Kratix does not get to decide about the group.
func undecided(p *placement.Placement) bool {
	return len(p.Candidates) > 0 && p.Candidates[0].Reason == schedule.ReasonUnknown
}

// paths lists the documents of a group, each once.
func paths(p *placement.Placement) []string {
	var all []string
	for _, d := range p.Documents {
		if !slices.Contains(all, d.Path) {
			all = append(all, d.Path)
		}
	}
	return all
}

// rule says in words how many Destinations a group goes to.
func (v viewer) rule(p *placement.Placement) string {
	drawn, kept, matched := 0, false, 0
	for _, c := range p.Candidates {
		switch c.Reason {
		case schedule.ReasonNotDrawn:
			drawn++
		case schedule.ReasonKeptElsewhere, schedule.ReasonMisplaced:
			kept = true
		}
		if c.Verdict == schedule.Matched {
			matched++
		}
	}
	switch {
	case v.live != nil && v.live.unread != "":
		return v.warn.Render("UNKNOWN") + ": " + v.live.unread + " cannot be read"
	case len(p.Candidates) == 0 && v.live != nil:
		return v.bad.Render("UNPLACED") + ": there are no Destinations"
	case len(p.Candidates) == 0:
		return v.bad.Render("UNPLACED") + ": there are no Destinations; put some into tests/destinations"
	case undecided(p):
		return v.bad.Render("UNPLACED") + ": Kratix does not get to schedule it"
	case p.Unplaced():
		return v.bad.Render("UNPLACED")
	case p.Rule == schedule.AllOf:
		return "every Destination that matches"
	case drawn > 0 && matched > 1:
		return fmt.Sprintf("one of %d Destinations, drawn at random and kept", matched)
	case kept:
		return "stays where it was placed first"
	default:
		return "one Destination"
	}
}

func (v viewer) requirements(requires []schedule.Requirement, indent string) {
	t := table{indent: indent}
	for i, r := range requires {
		label := "requires"
		if i > 0 {
			label = ""
		}
		source := []string{string(r.Source)}
		for _, o := range r.Overrides {
			source = append(source, fmt.Sprintf("overrides %s=%s of %s", r.Key, o.Value, o.Source))
		}
		t.row(label, escaped(r.Key+"="+r.Value), v.faint.Render(strings.Join(source, "  ")))
	}
	t.print(v)
}

// mostRejected is how many Destinations are shown that reject a group.
const mostRejected = 12

// candidates shows the verdicts as a tree: first where the documents go, last
// what is furthest from matching.
func (v viewer) candidates(p *placement.Placement, indent string) {
	all := slices.SortedStableFunc(slices.Values(p.Candidates), func(a, b schedule.Candidate) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Distance, b.Distance))
	})
	shown := all
	rejected := slices.IndexFunc(all, func(c schedule.Candidate) bool { return rank(c) == rankRejected })
	command := "-o json"
	switch {
	case v.brief != "" && rejected > 0:
		shown, command = all[:rejected], v.brief
	case rejected >= 0 && len(all)-rejected > mostRejected:
		shown = all[:rejected+mostRejected-1]
	}
	width := 0
	for _, c := range shown {
		width = max(width, len(name(c.Destination)))
	}
	closest := v.closest(p)
	for i, c := range shown {
		mark, below := "|- ", "|  "
		if i == len(all)-1 {
			mark, below = "`- ", "   "
		}
		lines := reason(c)
		switch {
		case v.live == nil:
		case lines[0] == "CHOSEN":
			lines[0] += v.live.since(p.Group.ID, c.Destination)
		case v.live.unread != "" && c.Reason == schedule.ReasonNotDrawn:
			lines[0] = "it may be here"
		case c.Reason == schedule.ReasonNotDrawn && nowhere(p):
			lines[0] = "nothing is placed yet"
		}
		if closest[c.Destination] != "" {
			lines[0] += "   " + closest[c.Destination]
		}
		fmt.Fprintf(v, "%s%s%-*s  %s  %s\n", indent, v.faint.Render(mark), width, name(c.Destination), v.verdict(c), lines[0])
		for _, line := range lines[1:] {
			fmt.Fprintf(v, "%s%s%*s%s\n", indent, v.faint.Render(below), width+len("  rejected  "), "", line)
		}
		v.located(p, c.Destination, indent+v.faint.Render(below)+"  ")
		if v.live != nil {
			v.landed(p, c.Destination, indent+v.faint.Render(below)+"  ")
		}
	}
	if more := len(all) - len(shown); more > 0 {
		fmt.Fprintf(v, "%s%s%s  %s  %s lists them\n", indent, v.faint.Render("`- "), count(more, "other"), v.faint.Render("rejected"), command)
	}
}

const rankRejected = 2

// rank sorts verdicts: chosen, other matches, rejected.
func rank(c schedule.Candidate) int {
	switch {
	case c.Chosen:
		return 0
	case c.Verdict == schedule.Matched:
		return 1
	default:
		return rankRejected
	}
}

// verdict is a verdict in a word, and always of one width.
func (v viewer) verdict(c schedule.Candidate) string {
	if c.Verdict == schedule.Matched {
		return v.ok.Render("matched ")
	}
	return v.faint.Render("rejected")
}

// closest says of the Destinations nearest to a group without any how near
// they are.
func (v viewer) closest(p *placement.Placement) map[string]string {
	near := map[string]string{}
	closest := explain.Closest(&p.Decision)
	if !p.Unplaced() || len(closest) == len(p.Candidates) {
		return near
	}
	for _, c := range closest {
		near[c.Destination] = v.warn.Render(fmt.Sprintf("closest: %s away", count(c.Distance, "label")))
	}
	return near
}

// reason says in words what decided about a Destination, on one line or more.
func reason(c schedule.Candidate) []string {
	var lines []string
	switch c.Reason {
	case schedule.ReasonChosen, schedule.ReasonAllMatch:
		lines = append(lines, "CHOSEN")
	case schedule.ReasonStrict:
		lines = append(lines, "strictMatchLabels is set and the group asks for no label")
	case schedule.ReasonTerminating:
		lines = append(lines, "it is being deleted")
	case schedule.ReasonDryRunOnly:
		lines = append(lines, "it is reserved for dry runs")
	case schedule.ReasonKeptElsewhere:
		lines = append(lines, "not chosen: the group stays where it is")
	case schedule.ReasonMisplaced:
		lines = append(lines, "MISPLACED: Kratix leaves the documents there")
	case schedule.ReasonNotDrawn:
		lines = append(lines, "not drawn here: one is enough")
	case schedule.ReasonUnknown:
		lines = append(lines, "unknown")
	}
	for _, l := range c.Labels {
		if l.Actual == nil {
			lines = append(lines, escaped(fmt.Sprintf("%s missing, required %s", l.Key, l.Required)))
		} else {
			lines = append(lines, escaped(fmt.Sprintf("%s=%s, required %s", l.Key, *l.Actual, l.Required)))
		}
	}
	if len(lines) == 0 {
		return []string{""}
	}
	return lines
}

// located shows where the documents of a group lie on one Destination: the
// directory, and below it the documents that have their own files there.
func (v viewer) located(p *placement.Placement, destination, indent string) {
	var documents []placement.Document
	for _, d := range p.Documents {
		if d.Destination == destination && d.Store != nil {
			documents = append(documents, d)
		}
	}
	v.locations(documents, indent)
}

func (v viewer) locations(documents []placement.Document, indent string) {
	if len(documents) == 0 {
		return
	}
	store := documents[0].Store
	dir, nested := directory(documents)
	fmt.Fprintf(v, "%s%s\n", indent, v.faint.Render(store.Kind+"/"+name(store.Name)))
	fmt.Fprintf(v, "%s%s\n", indent, v.path.Render(name(dir)))
	t := table{indent: indent + "  "}
	for _, d := range documents {
		document := name(d.Path)
		if !nested {
			document += " in it"
		}
		if v.live != nil {
			t.row(append([]string{document}, v.document(&d)...)...)
			continue
		}
		t.row(document, size(d.Size))
	}
	t.print(v)
}

// directory is what the paths of all documents begin with before their own;
// false if they share one file, which it then is.
func directory(documents []placement.Document) (string, bool) {
	full, own := documents[0].Store.Path, documents[0].Path
	if !strings.HasSuffix(full, own) || len(documents) > 1 && documents[1].Store.Path == full {
		return full, false
	}
	dir := path.Clean(strings.TrimSuffix(full, own))
	if dir == "." || dir == "/" {
		return "(its root)", true
	}
	return dir + "/", true
}

// documents shows what has no place, as far as one knows.
func (v viewer) documents(p *placement.Placement, head, indent string) {
	t := table{indent: indent}
	for i, document := range paths(p) {
		label := head
		if i > 0 {
			label = ""
		}
		words := []string{size(p.Documents[i].Size)}
		if v.live != nil {
			words = v.document(&p.Documents[i])[:2] // that it waits is said
		}
		t.row(append([]string{label, v.path.Render(name(document))}, words...)...)
	}
	v.first(t)
}

// remedies lists what would help, ready to be pasted.
func (v viewer) remedies(remedies []explain.Remedy, label, indent string) {
	for i, r := range remedies {
		text := r.Command
		switch {
		case r.Also:
			text = "and " + r.Command
		case r.Command == "" && i > 0:
			text = "or " + r.Text
		case r.Command == "":
			text = r.Text
		}
		fmt.Fprintf(v, "%s%s%s\n", indent, label, text)
		label = strings.Repeat(" ", len(label))
		if r.Then != "" {
			v.wrapped("then "+r.Then, indent+label)
		}
		if r.Caution != "" {
			v.wrapped(v.warn.Render("CAUTION:")+" "+r.Caution, indent+label)
		}
	}
}

// wrapped writes words on lines that fit the terminal.
func (v viewer) wrapped(text, indent string) {
	for _, line := range wrap(text, max(40, v.Width-len(indent))) {
		fmt.Fprintf(v, "%s%s\n", indent, line)
	}
}
