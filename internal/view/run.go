// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// Delivery shows what one run of a workflow delivered: the steps, what they
// left behind, where it would go and what the status says. Told says that what
// the steps print was shown while they ran.
func Delivery(w term.Stream, d *simulate.Delivery, told bool) {
	v := newViewer(w)
	v.told = told
	for i := range d.Pipelines {
		if i > 0 {
			fmt.Fprintln(w)
		}
		v.pipeline(&d.Pipelines[i])
	}
	if _, failed := d.Failed(); !failed {
		v.status(d.Object)
	}
}

// A viewer writes text to one stream in one style.
type viewer struct {
	term.Stream
	styles

	told bool  // what steps print was shown while they ran
	live *live // of a Work in a cluster; nil for what has only been computed
	// brief is the command that lists what rejects a group that is placed; empty
	// to list it here.
	brief string
}

func newViewer(w term.Stream) viewer { return viewer{Stream: w, styles: stylesFor(w)} }

func (v viewer) pipeline(p *simulate.Pipeline) {
	fmt.Fprintf(v, "pipeline %s\n", v.strong.Render(p.Name))
	v.steps(p.Steps, "  ")
	if p.Failure != nil {
		v.failure(p, "  ")
		return
	}
	v.files("output", p.Output)
	v.files("metadata", p.Metadata)
	if s := p.Suspension; s != nil {
		fmt.Fprintf(v, "  %s: %s\n", v.warn.Render("suspended"), suspension(s))
	}
	for i := range p.Placements {
		v.group(&p.Placements[i], "  ")
	}
	if p.Work != nil && len(p.Placements) == 0 {
		fmt.Fprintln(v, "  no documents: the Work is empty, and documents of an earlier run are removed")
	}
}

// suspension says for what a workflow waits.
func suspension(s *simulate.Suspension) string {
	var b strings.Builder
	if s.RetryAfter != "" {
		fmt.Fprintf(&b, "Kratix runs the pipeline again after %s", s.RetryAfter)
	} else {
		fmt.Fprintf(&b, "Kratix waits until the label %s is removed", api.LabelSuspended)
	}
	if s.Message != "" {
		fmt.Fprintf(&b, " (message: %q)", s.Message)
	}
	return b.String()
}

// steps lists the containers of a Pipeline.
func (v viewer) steps(steps []workflow.Step, indent string) {
	t := table{indent: indent}
	for _, s := range steps {
		number := fmt.Sprintf("step %d/%d", s.Number, s.Of)
		switch s.State {
		case workflow.StepNotStarted:
			t.row(number, s.Container, "", v.faint.Render("not started"))
		case workflow.StepSucceeded:
			t.row(number, s.Container, v.faint.Render(s.Image), v.ok.Render("ok"), seconds(s.Duration))
		case workflow.StepTimedOut:
			t.row(number, s.Container, v.faint.Render(s.Image), v.bad.Render("timeout"), seconds(s.Duration))
		default:
			t.row(number, s.Container, v.faint.Render(s.Image), v.bad.Render(failed(s)), seconds(s.Duration))
		}
	}
	t.print(v)
}

// failed says in two or three words how a step failed.
func failed(s workflow.Step) string {
	if s.OutOfMemory > 0 {
		return "out of memory"
	}
	return fmt.Sprintf("exit %d", s.Exit)
}

// failure shows why Kratix would fail a Pipeline: the last lines of the step,
// or the words of Kratix' own container.
func (v viewer) failure(p *simulate.Pipeline, indent string) {
	if step, failed := p.Failed(); failed {
		if !v.told {
			fmt.Fprintln(v)
			v.log(step, indent)
		}
		if step.State == workflow.StepTimedOut {
			fmt.Fprintf(v, "%s%s\n", indent, text(p.Failure.Err.Error()))
			hints(v, p.Failure.Err, indent)
		} else if step.OutOfMemory > 0 {
			fmt.Fprintf(v, "%s%s %s\n", indent, step, step.Ending())
		}
		return
	}
	fmt.Fprintf(v, "%s%s of Kratix %s: %s\n", indent, p.Failure.Container, v.bad.Render("fails"),
		indentRest(text(p.Failure.Err.Error()), indent+"  "))
	hints(v, p.Failure.Err, indent)
}

// How much of a log a failure shows: the last lines, and the last ones of
// stderr even if they stand further up. The two streams reach us separately, so
// the reason of a failure may be recorded before what was printed earlier.
const (
	lastLines       = 12
	lastStderrLines = 6
)

// tail picks the lines to show.
func tail(all []workflow.Line) []workflow.Line {
	from, stderr := max(0, len(all)-lastLines), 0
	var lines []workflow.Line
	for i, line := range slices.Backward(all) {
		if line.Stderr {
			stderr++
		}
		if i >= from || line.Stderr && stderr <= lastStderrLines {
			lines = append(lines, line)
		}
	}
	slices.Reverse(lines)
	return lines
}

// log shows the end of a step's log, with a mark before what came from stderr.
func (v viewer) log(s workflow.Step, indent string) {
	lines := tail(s.Log.Lines)
	if len(lines) == 0 {
		fmt.Fprintf(v, "%s%s printed nothing\n", indent, s.Container)
		return
	}
	what := fmt.Sprintf("%d of %s", len(lines), count(s.Log.Total, "line"))
	if len(lines) == s.Log.Total {
		what = count(s.Log.Total, "line")
	} else {
		what = "last " + what
	}
	fmt.Fprintf(v, "%s%s, %s (stderr marked !)\n", indent, s.Container, what)
	for _, line := range lines {
		mark := " "
		if line.Stderr {
			mark = v.bad.Render("!")
		}
		fmt.Fprintln(v, strings.TrimRight(indent+mark+" "+cut(printable(line.Text)), " "))
	}
}

// mostFiles is how many files of one kind are listed.
const mostFiles = 20

func (v viewer) files(what string, files fs.FS) {
	t := table{indent: "    "}
	for file, info := range walk(files) {
		t.row(v.path.Render(name(file)), size(info.Size()))
	}
	fmt.Fprintf(v, "  %s  %s\n", what, count(len(t.rows), "file"))
	v.first(t)
}

// first prints the first rows of a long table.
func (v viewer) first(t table) {
	more := len(t.rows) - mostFiles
	t.rows = t.rows[:min(mostFiles, len(t.rows))]
	t.print(v)
	if more > 0 {
		fmt.Fprintf(v, "%s... and %d more\n", t.indent, more)
	}
}

// walk gives the files of a tree, directories left out.
func walk(files fs.FS) func(yield func(string, fs.FileInfo) bool) {
	return func(yield func(string, fs.FileInfo) bool) {
		if files == nil {
			return
		}
		//nolint:errcheck // what cannot be read was reported where it was copied
		fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil //nolint:nilerr // see above
			}
			info, err := entry.Info()
			if err == nil && !yield(name, info) {
				return fs.SkipAll
			}
			return nil
		})
	}
}

// places lists the paths in the state stores, Destination by Destination, and
// the documents that have none.
func (v viewer) places(p placement.Placement, indent string) {
	var names []string
	byDestination := map[string][]placement.Document{}
	for _, d := range p.Documents {
		if d.Store == nil {
			fmt.Fprintf(v, "%swaiting: %s (%s)\n", indent, v.path.Render(name(d.Path)), size(d.Size))
			continue
		}
		if _, seen := byDestination[d.Destination]; !seen {
			names = append(names, d.Destination)
		}
		byDestination[d.Destination] = append(byDestination[d.Destination], d)
	}
	for _, on := range names {
		store := byDestination[on][0].Store
		fmt.Fprintf(v, "%s%s  %s/%s\n", indent, v.strong.Render(name(on)), store.Kind, name(store.Name))
		v.stored(byDestination[on], indent+"  ")
	}
}

// stored lists paths in a store, each once: where a Destination gathers its
// documents in one file, with the documents that are in it.
func (v viewer) stored(documents []placement.Document, indent string) {
	var paths []string
	in := map[string][]string{}
	for _, d := range documents {
		path := d.Store.Path
		if in[path] == nil {
			paths = append(paths, path)
		}
		in[path] = append(in[path], name(d.Path))
	}
	for _, path := range paths {
		from := ""
		if len(in[path]) > 1 {
			from = "  (" + strings.Join(in[path], ", ") + ")"
		}
		fmt.Fprintf(v, "%s%s%s\n", indent, v.path.Render(name(path)), from)
	}
}

// controllerKeys are those of a status that Kratix' controllers keep; the
// workflow writes the others.
var controllerKeys = map[string]bool{
	"conditions": true, "kratix": true, "observedGeneration": true, "workflows": true, "workflowsSucceeded": true,
	"workflowsFailed": true, "promiseVersion": true, "resourceBindingVersion": true, "lastSuccessfulConfigureWorkflowTime": true,
	"apiVersion": true, "kind": true, "version": true, "status": true, "lastAvailableTime": true, "requiredPromises": true,
}

// status shows what the user of the Promise would read in the status.
func (v viewer) status(object map[string]any) {
	status, ok := object["status"].(map[string]any)
	if !ok {
		return
	}
	shown := map[string]any{}
	for key, value := range status {
		if !controllerKeys[key] {
			shown[key] = value
		}
	}
	text, err := yaml.Marshal(shown)
	if err != nil || len(shown) == 0 {
		return
	}
	fmt.Fprintf(v, "\nstatus\n  %s\n", indentRest(string(text), "  "))
}
