// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/term"
)

// A workDiff is the public document of the difference between a Work and what
// lies in its state stores.
type workDiff struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Work       string         `json:"work"`
	Files      []workDiffFile `json:"files"`
}

type workDiffFile struct {
	inspect.FileDiff `json:",inline"`

	Diff string `json:"diff,omitempty"`
}

// Diff shows how state stores differ from what a Work wants there.
func Diff(w term.Stream, format Format, r *inspect.WorkReport, diffs []inspect.FileDiff) error {
	if format != Text {
		d := workDiff{APIVersion: apiVersion, Kind: "WorkDiff", Work: r.Namespace + "/" + r.Name, Files: []workDiffFile{}}
		for _, f := range diffs {
			d.Files = append(d.Files, workDiffFile{f, unified(f)})
		}
		return Encode(w, format, d)
	}
	v := newViewer(w)
	if len(diffs) == 0 {
		fmt.Fprintf(v, "No difference: in its state stores all is as it should be, %s.\n", count(len(r.Contents), "document"))
	}
	for i, f := range diffs {
		if i > 0 {
			fmt.Fprintln(v)
		}
		words := []string{v.stateWord(f.State), name(f.Destination), v.faint.Render(name(f.Kind + "/" + f.Store))}
		if f.Path != "" {
			words = append(words, v.path.Render(name(f.Path)))
		}
		fmt.Fprintln(v, strings.Join(words, "  "))
		if f.Why != "" {
			v.wrapped(escaped(f.Why), "  ")
		}
		v.hunks(unified(f))
	}
	return nil
}

// unified is a unified diff from what is stored to what is expected; empty
// where nobody knows what is stored.
func unified(f inspect.FileDiff) string {
	if f.State == inspect.StateUnverified || f.Expected == nil && f.Stored == nil {
		return ""
	}
	return string(diff.Diff("stored/"+f.Path, f.Stored, "expected/"+f.Path, f.Expected))
}

// hunks prints a unified diff without its first line, in colour.
func (v viewer) hunks(text string) {
	_, text, _ = strings.Cut(text, "\n")
	for line := range strings.Lines(text) {
		line = escaped(strings.TrimSuffix(line, "\n"))
		switch {
		case strings.HasPrefix(line, "+"):
			line = v.added.Render(line)
		case strings.HasPrefix(line, "-"):
			line = v.removed.Render(line)
		}
		fmt.Fprintln(v, "  "+line)
	}
}
