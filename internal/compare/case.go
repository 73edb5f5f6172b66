// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
)

// Expected is what one Pipeline of a case should leave.
type Expected struct {
	Pipeline string // its name
	Output   fs.FS  // exact tree of /kratix/output; nil for no files
	Metadata fs.FS  // exact tree of /kratix/metadata; nil for no files
	// Placements is nil if no Work is expected: of delete workflows, and of
	// Pipelines that suspend.
	Placements *Golden
}

// Actual is what one Pipeline of a case left.
type Actual struct {
	Pipeline string
	Output   fs.FS
	Metadata fs.FS
	// Placements are those of the Pipeline's Work in its own order: nil if
	// there is no Work, and empty if it has no groups.
	Placements []placement.Placement
	// WrittenBy names the container that last wrote a file, by its path with
	// the area in front, as "output/deployment.yaml"; nil if nobody looked.
	WrittenBy map[string]string
}

// Differences are all differences of a case.
type Differences struct {
	Files      []FileDiff      // by Pipeline, area and path
	Placements []PlacementDiff // by Pipeline and group
	Documents  int             // files in /kratix/output of all Pipelines
}

// Clean reports whether there are none.
func (d Differences) Clean() bool { return len(d.Files) == 0 && len(d.Placements) == 0 }

// Summary says on one line how much is different:
// "1 of 6 documents differs, 1 placement differs".
func (d Differences) Summary() string {
	if d.Clean() {
		return "no differences"
	}
	var text string
	if documents := d.documents(); documents > 0 {
		text = fmt.Sprintf("%d of %s %s", documents, diag.Count(max(d.Documents, documents), "document"), verb(documents))
	}
	if metadata := len(d.Files) - d.documents(); metadata > 0 {
		text = also(text, diag.Count(metadata, "other file")+" "+verb(metadata))
	}
	if n := len(d.Placements); n > 0 {
		text = also(text, diag.Count(n, "placement")+" "+verb(n))
	}
	return text
}

func also(text, more string) string {
	if text == "" {
		return more
	}
	return text + ", " + more
}

// documents counts the files of the area output that differ.
func (d Differences) documents() int {
	n := 0
	for _, f := range d.Files {
		if f.Area == AreaOutput {
			n++
		}
	}
	return n
}

func verb(n int) string {
	if n == 1 {
		return "differs"
	}
	return "differ"
}

// Case compares what the Pipelines of a case left with what is expected of
// them. Expected has an entry for every Pipeline that the case runs, in order;
// a Pipeline that never started left nothing.
func Case(expected []Expected, actual []Actual, rules Rules) (Differences, error) {
	var d Differences
	left := map[string]Actual{}
	for _, a := range actual {
		left[a.Pipeline] = a
	}
	for _, e := range expected {
		where := Where{Pipeline: e.Pipeline}
		if len(expected) == 1 {
			where.Pipeline = ""
		}
		if err := d.pipeline(where, e, left[e.Pipeline], rules); err != nil {
			return Differences{}, fmt.Errorf("comparing pipeline %q: %w", e.Pipeline, err)
		}
	}
	return d, nil
}

func (d *Differences) pipeline(where Where, e Expected, a Actual, rules Rules) error {
	for _, area := range []struct {
		name             Area
		expected, actual fs.FS
	}{{AreaOutput, e.Output, a.Output}, {AreaMetadata, e.Metadata, a.Metadata}} {
		where.Area = area.name
		diffs, err := Trees(where, area.expected, area.actual, rules)
		if err != nil {
			return err
		}
		for i, f := range diffs {
			diffs[i].ByStep = a.WrittenBy[path.Join(string(area.name), f.Path)]
		}
		d.Files = append(d.Files, diffs...)
	}
	files, err := readTree(a.Output)
	d.Documents += len(files)
	d.Placements = append(d.Placements, Placements(where.Pipeline, e.Placements, a.Placements, rules)...)
	return err
}
