// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// A graph is a Schedule as a picture: from the Work over its groups and the
// Destinations to the places in the state stores.
type graph struct {
	nodes []node
	edges []edge
	ids   map[string]string
}

type node struct {
	id    string
	shape shape
	lines []string
}

type edge struct {
	from, to string
	lines    []string
	line     line
}

type shape int

const (
	shapeWork shape = iota
	shapeGroup
	shapeDestination
	shapePlace
)

type line int

const (
	lineSolid  line = iota
	lineChosen      // where documents go
	lineDashed      // rejected
)

func newGraph(s *Scheduled) *graph {
	title := "no Work"
	if s.Work != nil {
		title = "Work " + s.Work.Name
	}
	return graphOf(title, s.Placements)
}

// graphOf is the picture of one Work.
func graphOf(title string, placements []placement.Placement) *graph {
	g := &graph{ids: map[string]string{}}
	g.work(title, placements)
	return g
}

// picture writes a graph in one of the formats for pictures.
func picture(w io.Writer, format Format, g *graph) error {
	if format == Dot {
		return writeDot(w, g)
	}
	return writeMermaid(w, g)
}

// work adds a Work with its groups and gives its id.
func (g *graph) work(title string, placements []placement.Placement) string {
	root := g.node(title, shapeWork, title)
	for i := range placements {
		p := &placements[i]
		label := "group " + p.Group.Directory
		group := g.node(title+" "+label, shapeGroup, label, count(len(paths(p)), "document"))
		g.edges = append(g.edges, edge{from: root, to: group})
		for _, c := range p.Candidates {
			g.candidate(group, p, c)
		}
	}
	return root
}

// node gives the id of the node for a key, which is made when it is new.
func (g *graph) node(key string, s shape, lines ...string) string {
	if id, ok := g.ids[key]; ok {
		return id
	}
	id := fmt.Sprintf("n%d", len(g.nodes))
	g.ids[key] = id
	g.nodes = append(g.nodes, node{id, s, lines})
	return id
}

func (g *graph) candidate(group string, p *placement.Placement, c schedule.Candidate) {
	to := g.node("destination "+c.Destination, shapeDestination, c.Destination)
	e := edge{from: group, to: to, line: lineDashed, lines: reason(c)}
	if c.Verdict == schedule.Matched {
		e.line, e.lines = lineSolid, required(p)
	}
	if c.Chosen {
		e.line = lineChosen
	}
	g.edges = append(g.edges, e)
	var documents []placement.Document
	for _, d := range p.Documents {
		if d.Destination == c.Destination && d.Store != nil {
			documents = append(documents, d)
		}
	}
	if len(documents) > 0 {
		g.place(to, p, documents)
	}
}

// place adds the paths of a group on one Destination.
func (g *graph) place(destination string, p *placement.Placement, documents []placement.Document) {
	store := documents[0].Store
	lines := []string{store.Kind + "/" + store.Name}
	for _, d := range documents {
		if !slices.Contains(lines, d.Store.Path) {
			lines = append(lines, d.Store.Path)
		}
	}
	to := g.node("place "+destination+" "+p.Group.Directory, shapePlace, lines...)
	g.edges = append(g.edges, edge{from: destination, to: to, line: lineChosen})
}

func required(p *placement.Placement) []string {
	if len(p.Requires) == 0 {
		return []string{"no label required"}
	}
	var lines []string
	for _, r := range p.Requires {
		lines = append(lines, r.Key+"="+r.Value)
	}
	return lines
}

// writeDot writes the graph in the language of Graphviz.
func writeDot(w io.Writer, g *graph) error {
	shapes := map[shape]string{
		shapeWork: "shape=folder", shapeGroup: "shape=box", shapeDestination: "shape=component", shapePlace: "shape=note",
	}
	styles := map[line]string{lineSolid: "", lineChosen: ", penwidth=2", lineDashed: ", style=dashed, color=gray"}
	var b strings.Builder
	b.WriteString("digraph schedule {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	for _, n := range g.nodes {
		end := `\n`
		if n.shape == shapePlace {
			end = `\l` // paths are easier to compare when they begin in one column
		}
		fmt.Fprintf(&b, "  %s [%s, label=%s];\n", n.id, shapes[n.shape], dotText(n.lines, end))
	}
	for _, e := range g.edges {
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s];\n", e.from, e.to, dotText(e.lines, `\n`), styles[e.line])
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dotText gives lines as a quoted string of Graphviz.
func dotText(lines []string, end string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	quoted := make([]string, len(lines))
	for i, l := range lines {
		quoted[i] = escape.Replace(printable(l))
	}
	text := strings.Join(quoted, end)
	if end == `\l` {
		text += end
	}
	return `"` + text + `"`
}

// writeMermaid writes the graph as a Mermaid flowchart.
func writeMermaid(w io.Writer, g *graph) error {
	shapes := map[shape][2]string{
		shapeWork: {"([", "])"}, shapeGroup: {"[", "]"}, shapeDestination: {"[[", "]]"}, shapePlace: {"[(", ")]"},
	}
	arrows := map[line][2]string{lineSolid: {"--", "-->"}, lineChosen: {"==", "==>"}, lineDashed: {"-.", ".->"}}
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, n := range g.nodes {
		fmt.Fprintf(&b, "  %s%s%s%s\n", n.id, shapes[n.shape][0], mermaidText(n.lines), shapes[n.shape][1])
	}
	for _, e := range g.edges {
		arrow := arrows[e.line]
		if len(e.lines) == 0 {
			whole := map[line]string{lineSolid: "-->", lineChosen: "==>", lineDashed: "-.->"}[e.line]
			fmt.Fprintf(&b, "  %s %s %s\n", e.from, whole, e.to)
			continue
		}
		fmt.Fprintf(&b, "  %s %s %s %s %s\n", e.from, arrow[0], mermaidText(e.lines), arrow[1], e.to)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidText gives lines as a quoted string of Mermaid, which knows entities
// but no escapes.
func mermaidText(lines []string) string {
	escape := strings.NewReplacer("#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "`", "#96;", `\`, "#92;")
	quoted := make([]string, len(lines))
	for i, l := range lines {
		quoted[i] = escape.Replace(printable(l))
	}
	return `"` + strings.Join(quoted, "<br/>") + `"`
}
