// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/work"
)

// Warnings tells what Kratix does silently with the placements of a Work: what
// is left to chance, what stays where it does not belong, and documents that
// overwrite each other or never arrive.
func Warnings(w *api.Work, placements []Placement, p *platform.Platform) []diag.Finding {
	l := linter{work: w, platform: p, sites: newSites(p)}
	l.taken = l.takenPaths()
	for i := range placements {
		l.decision(&placements[i].Decision)
		l.documents(&placements[i], &w.Spec.WorkloadGroups[i])
	}
	l.overlaps()
	slices.SortStableFunc(l.findings, func(a, b diag.Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(l.findings)
}

type linter struct {
	work     *api.Work
	platform *platform.Platform
	sites    map[string]site
	// taken says who has a path already.
	taken    map[location]string
	findings []diag.Finding
}

// A location is a path in one of several stores.
type location struct {
	store storeKey
	path  StorePath
}

func (l *linter) note(severity diag.Severity, code, where, field, message, hint string) {
	l.findings = append(l.findings, diag.Finding{
		Severity: severity, Code: code, Position: diag.Position{File: where}, Field: field, Message: message, Hint: hint,
	})
}

func groupName(d *schedule.Decision) string { return fmt.Sprintf("group %q", d.Group.Directory) }

// decision notes what is surprising in where a group goes.
func (l *linter) decision(d *schedule.Decision) {
	var drawn, strict, misplaced []string
	for _, c := range d.Candidates {
		switch c.Reason {
		case schedule.ReasonNotDrawn:
			drawn = append(drawn, c.Destination)
		case schedule.ReasonStrict:
			strict = append(strict, c.Destination)
		case schedule.ReasonMisplaced:
			misplaced = append(misplaced, c.Destination)
		}
		if c.Chosen {
			l.notReady(d, c.Destination)
		}
	}
	if len(drawn) > 0 {
		l.note(diag.SeverityNote, "M8", groupName(d), "", fmt.Sprintf("Kratix draws one of %d matching Destinations at random and keeps it; these match too: %s",
			len(drawn)+1, strings.Join(drawn, ", ")), "")
	}
	if len(misplaced) > 0 {
		l.note(diag.SeverityWarning, "M9", groupName(d), "", "stays on Destinations that do not match: "+strings.Join(misplaced, ", "),
			"Kratix never moves a placement; delete the WorkPlacement to have it placed anew, which deletes its documents")
	}
	if len(strict) > 0 {
		l.note(diag.SeverityNote, "M10", groupName(d), "", "has no selectors, so Destinations with strictMatchLabels pass it over: "+strings.Join(strict, ", "), "")
	}
}

func (l *linter) notReady(d *schedule.Decision, name string) {
	i := slices.IndexFunc(l.platform.Destinations, func(o api.Destination) bool { return o.Name == name })
	if i < 0 {
		return
	}
	if ready := meta.FindStatusCondition(l.platform.Destinations[i].Status.Conditions, "Ready"); ready != nil && ready.Status == metav1.ConditionFalse {
		l.note(diag.SeverityWarning, "M11", groupName(d), "",
			fmt.Sprintf("goes to Destination %s, which is not ready: %s", name, ready.Message), "Kratix does not look at readiness when it schedules")
	}
}

// takenPaths lists the places of all WorkPlacements of other Works: their
// documents where they lie bare, their directories where they own one.
func (l *linter) takenPaths() map[location]string {
	taken := map[location]string{}
	for i := range l.platform.WorkPlacements {
		wp := &l.platform.WorkPlacements[i]
		s, ok := l.sites[wp.Spec.TargetDestinationName]
		if !ok || wp.Namespace == l.work.Namespace && wp.Labels[api.LabelWork] == l.work.Name {
			continue
		}
		who := "WorkPlacement " + wp.Namespace + "/" + wp.Name
		if s.mode == api.FilepathNested {
			taken[s.locate(ownerOfPlacement(wp), ".")] = who
			continue
		}
		for _, file := range wp.Spec.Workloads {
			if s.mode == api.FilepathNone {
				taken[s.locate(ownerOfPlacement(wp), file.Filepath)] = who
			}
		}
	}
	return taken
}

func (s *site) locate(o owner, filepath string) location {
	return location{storeKey{s.store.Kind, s.store.Name}, s.pathOf(o, filepath)}
}

// documents notes documents that do not arrive as they are.
func (l *linter) documents(placement *Placement, g *api.WorkloadGroup) {
	contents := map[string]string{}
	for _, file := range g.Workloads {
		contents[file.Filepath] = file.Content
	}
	own := ownerOf(l.work, g.ID)
	for _, d := range placement.Documents {
		s, ok := l.sites[d.Destination]
		if !ok {
			continue
		}
		file := "output/" + d.Path
		if d.SHA256 == "" {
			l.unreadable(file, contents[d.Path])
			continue
		}
		at := s.locate(own, d.Path)
		switch {
		case at.path.escapes():
			l.note(diag.SeverityError, "T3", file, "", fmt.Sprintf("its path on Destination %s leaves the %s: %s", d.Destination, s.store.Kind, at.path),
				escapeHint(s.store.Kind))
		case s.mode == api.FilepathAggregated:
			l.aggregated(file, d.Destination, contents[d.Path])
		case s.mode == api.FilepathNested:
			l.sharedDirectory(groupName(&placement.Decision), &s, s.locate(own, "."))
		default:
			l.collision(file, &s, at, placement.Group.Directory, d.Path)
		}
	}
}

// escapeHint tells what becomes of documents that leave their state store. Only
// the writer to Git looks where a path leads.
func escapeHint(kind string) string {
	if kind == api.KindBucketStateStore {
		return "what a key that begins with ../ means is up to the server of the bucket"
	}
	return "Kratix reports it as written and writes nothing of the whole group"
}

// unreadable notes a document whose content is corrupt, or larger than what
// the caller wanted to read.
func (l *linter) unreadable(file, content string) {
	message := "is larger than the limit: neither size nor sum is known"
	if r, err := work.Open(content, 0); err != nil {
		message = "cannot be read: " + err.Error()
	} else if _, err := io.Copy(io.Discard, r); err != nil {
		message = "cannot be read: " + err.Error()
	}
	l.note(diag.SeverityError, "", file, "", message, "")
}

// aggregated notes what corrupts a file that is joined of many.
func (l *linter) aggregated(file, destination, content string) {
	r, err := work.Open(content, 0)
	if err != nil {
		return
	}
	head := make([]byte, 8192)
	n, _ := io.ReadFull(r, head) // a short document is fine
	head = head[:n]
	switch {
	case bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(trimRune(head)):
		l.note(diag.SeverityError, "O8", file, "", "is binary and corrupts the aggregated file of Destination "+destination, "")
	case bytes.HasPrefix(head, []byte("---")):
		l.note(diag.SeverityNote, "O8", file, "", fmt.Sprintf(`begins with "---": the aggregated file of Destination %s gets an empty document`, destination), "")
	}
}

// trimRune drops a last rune that was cut in two.
func trimRune(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// sharedDirectory notes that another Work owns the same directory, as requests
// of one name do that run in one pipeline namespace.
func (l *linter) sharedDirectory(group string, s *site, at location) {
	if other, ok := l.taken[at]; ok {
		l.note(diag.SeverityError, "O18", group, "",
			fmt.Sprintf("has the directory of %s on Destination %s: %s; each write removes the documents of the other", other, s.destination, at.path), "")
	}
}

// collision notes two documents with one path, and documents where Kratix has
// files of its own.
func (l *linter) collision(file string, s *site, at location, directory, name string) {
	me := fmt.Sprintf("%s of group %q", name, directory)
	if other, ok := l.taken[at]; ok && other != me {
		l.note(diag.SeverityWarning, "O18", file, "",
			fmt.Sprintf("has the path of a document of %s on Destination %s: %s; the last writer wins, and deleting one deletes it for both", other, s.destination, at.path), "")
	}
	l.taken[at] = me
	if strings.HasPrefix(name, ".kratix/") || name == "kratix-canary-namespace.yaml" || name == "kratix-canary-configmap.yaml" {
		l.note(diag.SeverityWarning, "O17", file, "", "Kratix has files of its own there on Destination "+s.destination, "")
	}
}

// overlaps notes Destinations of one store that lie inside each other.
func (l *linter) overlaps() {
	roots := map[location]string{} // the first by name
	for _, d := range l.platform.Destinations {
		s := l.sites[d.Name]
		if _, ok := roots[s.root()]; !ok {
			roots[s.root()] = d.Name
		}
	}
	for _, d := range l.platform.Destinations {
		s := l.sites[d.Name]
		if outer := outermost(roots, s.root(), d.Name); outer != "" {
			l.overlap(&s, outer)
		}
	}
}

// outermost finds another Destination at a place or above it.
func outermost(roots map[location]string, at location, name string) string {
	for ; ; at.path = StorePath(path.Dir(string(at.path))) {
		if outer, ok := roots[at]; ok && outer != name {
			return outer
		}
		if at.path == "." {
			return ""
		}
	}
}

// root is the directory of a Destination; that of the whole store is ".".
func (s *site) root() location {
	return location{storeKey{s.store.Kind, s.store.Name}, StorePath(path.Clean(strings.TrimPrefix(string(s.join()), "/")))}
}

func (l *linter) overlap(inner *site, outer string) {
	l.note(diag.SeverityWarning, "T7", "Destination "+inner.destination, "spec.path",
		fmt.Sprintf("%q lies inside Destination %s of the same state store: their files mix", inner.path, outer), "")
}
