// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// A Subject is a Work that was placed, and what decided about it.
type Subject struct {
	Pipeline   string // empty for static dependencies
	Work       *api.Work
	Placements []placement.Placement
	Platform   *platform.Platform
	// Promise tells where the Promise's destinationSelectors stand.
	Promise string
	// Failure says why there is no Work, or why it could not be placed.
	Failure string
}

// A Question asks where documents are, and why.
type Question struct {
	// Document is a path below /kratix/output; empty asks about whole groups.
	Document string `json:"document,omitempty"`
	// Destination asks about this one; empty asks where the documents are.
	Destination string `json:"destination,omitempty"`
}

// An Answer is about one workload group.
type Answer struct {
	Pipeline string `json:"pipeline,omitempty"`
	Work     string `json:"work,omitempty"` // namespace/name; empty if there is none
	// Sentence is the answer; Reasons and Remedies say more.
	Sentence string `json:"sentence"`
	// On says that the documents are on the Destination that was asked about
	// or, if none was, on any.
	On       bool     `json:"on"`
	Reasons  []Reason `json:"reasons"`  // never nil
	Remedies []Remedy `json:"remedies"` // never nil
	// Places are where the documents are instead, or at all.
	Places []placement.Document `json:"places"` // never nil
	// Placement is the whole decision; nil if there is no Work.
	Placement *placement.Placement `json:"placement"`
}

// A Reason is one thing that decided.
type Reason struct {
	Reason  schedule.Reason `json:"reason"`
	Text    string          `json:"text"`
	Details []Detail        `json:"details"` // never nil
}

// A Detail is a fact behind a Reason, and what kind of fact.
type Detail struct {
	What string `json:"what"`
	Text string `json:"text"`
}

// Ask answers a question about the Works of some Pipelines. What the question
// names and none of them knows is an error of the class [diag.NotFound].
func Ask(subjects []Subject, q Question) ([]Answer, error) {
	q.Document = strings.TrimPrefix(q.Document, "./")
	if err := known(subjects, q); err != nil {
		return nil, err
	}
	var answers []Answer
	for i := range subjects {
		answers = append(answers, subjects[i].answers(q)...)
	}
	return answers, nil
}

func (s *Subject) answers(q Question) []Answer {
	if s.Work == nil {
		a := newAnswer(s)
		a.Sentence = "Nothing is placed: " + s.Failure
		return []Answer{a}
	}
	var answers []Answer
	for i := range s.Placements {
		p := &s.Placements[i]
		if q.Document != "" && !slices.Contains(documents(p), q.Document) {
			continue
		}
		answers = append(answers, s.answer(p, q))
	}
	if len(answers) == 0 && q.Document == "" {
		a := newAnswer(s)
		a.Sentence = "Nothing is placed: the Work has no documents."
		answers = append(answers, a)
	}
	return answers
}

func newAnswer(s *Subject) Answer {
	a := Answer{Pipeline: s.Pipeline, Reasons: []Reason{}, Remedies: []Remedy{}, Places: []placement.Document{}}
	if s.Work != nil {
		a.Work = s.Work.Namespace + "/" + s.Work.Name
	}
	return a
}

// known reports what the question names but nobody has heard of.
func known(subjects []Subject, q Question) error {
	var works int
	var paths []string
	for _, s := range subjects {
		if s.Work != nil {
			works++
		}
		for i := range s.Placements {
			paths = append(paths, documents(&s.Placements[i])...)
		}
	}
	if q.Destination != "" && len(subjects) > 0 {
		if err := knowsDestination(subjects[0].Platform, q.Destination); err != nil && !kept(subjects, q.Destination) {
			return err
		}
	}
	if q.Document == "" || works == 0 || slices.Contains(paths, q.Document) {
		return nil
	}
	return diag.Hint(diag.NotFoundf("there is no document %q", q.Document), suggestion(q.Document, paths, "documents"))
}

// kept says whether a Destination is known by its WorkPlacements only.
func kept(subjects []Subject, destination string) bool {
	for _, s := range subjects {
		for i := range s.Placements {
			if _, found := candidate(&s.Placements[i].Decision, destination); found {
				return true
			}
		}
	}
	return false
}

func knowsDestination(p *platform.Platform, name string) error {
	var names []string
	for i := range p.Destinations {
		names = append(names, p.Destinations[i].Name)
	}
	if slices.Contains(names, name) {
		return nil
	}
	return diag.Hint(diag.NotFoundf("there is no Destination %q", name), suggestion(name, names, "Destinations"))
}

// suggestion names what may have been meant, or all that there is.
func suggestion(word string, names []string, what string) string {
	if near := diag.Nearest(word, names); near != "" {
		return "did you mean " + near + "?"
	}
	if len(names) == 0 {
		return "there are no " + what
	}
	return what + ": " + list(names)
}

// list joins names, the first ten of them.
func list(names []string) string {
	const most = 10
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// documents lists the documents of a group, each once.
func documents(p *placement.Placement) []string {
	var paths []string
	seen := map[string]bool{}
	for _, d := range p.Documents {
		if !seen[d.Path] {
			paths = append(paths, d.Path)
		}
		seen[d.Path] = true
	}
	return paths
}

func candidate(d *schedule.Decision, destination string) (schedule.Candidate, bool) {
	for _, c := range d.Candidates {
		if c.Destination == destination {
			return c, true
		}
	}
	return schedule.Candidate{}, false
}

// names lists the candidates that a test holds for.
func names(d *schedule.Decision, test func(schedule.Candidate) bool) []string {
	var found []string
	for _, c := range d.Candidates {
		if test(c) {
			found = append(found, c.Destination)
		}
	}
	return found
}

func chosen(c schedule.Candidate) bool  { return c.Chosen }
func matches(c schedule.Candidate) bool { return c.Verdict == schedule.Matched }

// about names what an answer is about.
func about(p *placement.Placement, q Question) string {
	if q.Document != "" {
		return q.Document
	}
	n := len(documents(p))
	if n == 1 {
		return fmt.Sprintf("Group %q (1 document)", p.Group.Directory)
	}
	return fmt.Sprintf("Group %q (%d documents)", p.Group.Directory, n)
}

func (s *Subject) answer(p *placement.Placement, q Question) Answer {
	a := newAnswer(s)
	a.Placement = p
	for _, d := range p.Documents {
		if d.Store != nil && (q.Document == "" || q.Document == d.Path) {
			a.Places = append(a.Places, d)
		}
	}
	if q.Destination == "" {
		s.whereabouts(&a, p, about(p, q))
		return a
	}
	c, _ := candidate(&p.Decision, q.Destination)
	a.On = c.Chosen
	s.explain(&a, p, c)
	a.Sentence = sentence(about(p, q), c)
	return a
}

// whereabouts answers where a group is.
func (s *Subject) whereabouts(a *Answer, p *placement.Placement, what string) {
	on := names(&p.Decision, chosen)
	a.On = len(on) > 0
	switch {
	case a.On:
		a.Sentence = fmt.Sprintf("%s is on %s.", what, list(on))
	case unknown(p):
		a.Sentence = what + " is on no Destination: Kratix cannot schedule it."
	case len(p.Candidates) == 0:
		a.Sentence = what + " is on no Destination: there is none."
	default:
		a.Sentence = fmt.Sprintf("%s is on no Destination: none of %d matches.", what, len(p.Candidates))
		a.Remedies = s.computed(p, ToPlace(&p.Decision))
	}
}

func unknown(p *placement.Placement) bool {
	return len(p.Candidates) > 0 && p.Candidates[0].Reason == schedule.ReasonUnknown
}

// sentence is the answer about one Destination.
func sentence(what string, c schedule.Candidate) string {
	switch {
	case c.Reason == schedule.ReasonMisplaced:
		return fmt.Sprintf("%s is on %s, which does not match.", what, c.Destination)
	case c.Chosen:
		return fmt.Sprintf("%s is on %s.", what, c.Destination)
	case c.Reason == schedule.ReasonNotDrawn:
		return fmt.Sprintf("%s is not on %s here, but may be in a cluster.", what, c.Destination)
	default:
		return fmt.Sprintf("%s is NOT on %s.", what, c.Destination)
	}
}
