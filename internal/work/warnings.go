// SPDX-License-Identifier: Apache-2.0

package work

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/adapter"
	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// selectorsFile is where workflows ask for Destinations, as users know it.
const selectorsFile = "metadata/" + adapter.SelectorsFile

// warn notes what Kratix does silently. The file is a path as the user's
// containers know it, such as "output/a.yaml".
func (c *creator) warn(severity diag.Severity, code, file, message, hint string) {
	c.warnAt(severity, code, diag.Position{File: file}, message, hint)
}

func (c *creator) warnAt(severity diag.Severity, code string, at diag.Position, message, hint string) {
	c.result.Warnings = append(c.result.Warnings, diag.Finding{
		Severity: severity, Code: code, Position: at, Message: message, Hint: hint,
	})
}

// sortFindings sorts findings and drops repetitions, which a directory that is
// part of two groups makes.
func sortFindings(findings []diag.Finding) []diag.Finding {
	slices.SortStableFunc(findings, func(a, b diag.Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(findings)
}

// warnMode is told of files of unknown owner whose mode keeps others out.
func (c *creator) warnMode(name string, info fs.FileInfo) {
	c.warn(diag.SeverityWarning, "O2", adapter.Shown(name),
		fmt.Sprintf("mode %s: the work-writer (user %d) fails with permission denied unless it owns the file", info.Mode(), adapter.UID),
		"chmod -R a+rX /kratix/output")
}

// lintDirectory notes a directory that leaves no trace in the Work.
func (c *creator) lintDirectory(dir string, entries []fs.DirEntry) {
	if len(entries) == 0 && path.Dir(dir) != adapter.InputRoot && dir != adapter.InputRoot {
		c.warnEmpty(dir)
	}
}

func (c *creator) warnEmpty(dir string) {
	c.warn(diag.SeverityWarning, "O4", adapter.Shown(dir), "an empty directory does not reach the Work", "")
}

// lintFile notes what a file loses on its way, and files that were hardly
// meant to be shipped.
func (c *creator) lintFile(name string) {
	info, err := c.container.Stat(name)
	if err != nil {
		return // it was opened a moment ago
	}
	if info.Mode()&0o111 != 0 {
		c.warn(diag.SeverityWarning, "O5", adapter.Shown(name), "the executable bit is lost on the way", "")
	}
	if hidden := strayPart(adapter.Shown(name)); hidden != "" {
		c.warn(diag.SeverityNote, "O6", hidden, "is shipped to the Destination like everything else in /kratix/output", "remove it if it is a leftover")
	}
}

// strayPart gives the path up to the first part that looks like a leftover.
func strayPart(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, ".") && part != ".." || isBackup(part) {
			return strings.Join(parts[:i+1], "/")
		}
	}
	return ""
}

func isBackup(name string) bool {
	if strings.HasSuffix(name, "~") {
		return true
	}
	return slices.Contains([]string{".bak", ".orig", ".rej", ".swp", ".tmp"}, path.Ext(name))
}

// lintOutput notes what the groups as a whole will surprise with.
func (c *creator) lintOutput(groups []api.WorkloadGroup) {
	if len(groups) == 0 {
		c.warn(diag.SeverityWarning, "O7", "output", "no output: the Work has no groups, and documents of an earlier run are deleted", "")
	}
	for _, g := range groups {
		if len(g.Workloads) == 0 {
			c.warn(diag.SeverityWarning, "M4", "output/"+g.Directory,
				"a directory with selectors but without files: it gets a WorkPlacement with no documents", "")
		}
	}
	c.lintEmptyAtRoot(groups)
}

// lintEmptyAtRoot notes the empty directories of the first level that have no
// selectors of their own.
func (c *creator) lintEmptyAtRoot(groups []api.WorkloadGroup) {
	entries, err := c.container.ReadDir(adapter.InputRoot)
	if err != nil {
		return // the walk has been here before
	}
	for _, e := range entries {
		own := slices.ContainsFunc(groups, func(g api.WorkloadGroup) bool { return g.Directory == e.Name() })
		if !e.IsDir() || own {
			continue
		}
		dir := path.Join(adapter.InputRoot, e.Name())
		if below, err := c.container.ReadDir(dir); err == nil && len(below) == 0 {
			c.warnEmpty(dir)
		}
	}
}

// lintSelectors notes how the selectors of workflow and Promise work together.
func (c *creator) lintSelectors(entries []WorkflowDestinationSelectors) {
	promise := squash(c.in.PromiseSelectors)
	for _, e := range entries {
		c.lintLabels(e.MatchLabels, selectorsFile)
		switch {
		case e.Directory == DefaultDirectory:
			c.lintRoot(e.MatchLabels, promise)
		case e.Directory == "/":
			c.warn(diag.SeverityError, "M14", selectorsFile, `directory "/" is all of the output: every document is placed twice`, `name a directory directly below /kratix/output`)
		case e.Directory == "..":
			c.warn(diag.SeverityError, "M14", selectorsFile, `directory ".." is what lies around the output: metadata and a file of Kratix' own reach the Work or, where a kubelet mounts them, the work-writer fails`, `name a directory directly below /kratix/output`)
		case len(promise) > 0:
			c.warn(diag.SeverityWarning, "M5", selectorsFile,
				fmt.Sprintf("directory %q has selectors of its own: those of the Promise (%s) do not apply there", e.Directory, labelText(promise)),
				"repeat the labels of the Promise in this entry if they are wanted")
		}
	}
	c.lintLabels(promise, "spec.destinationSelectors of the Promise")
}

// lintRoot compares the workflow's selectors for the default group with those
// of the Promise.
func (c *creator) lintRoot(own, promise map[string]string) {
	var further []string
	for _, key := range slices.Sorted(maps.Keys(own)) {
		value, both := promise[key]
		switch {
		case both && value != own[key]:
			c.warn(diag.SeverityWarning, "M6", selectorsFile,
				fmt.Sprintf("%s=%s is overridden by %s=%s of the Promise", key, own[key], key, value), "the Promise always wins: change its spec.destinationSelectors")
		case !both:
			further = append(further, key+"="+own[key])
		}
	}
	if len(further) > 0 && len(promise) > 0 {
		c.warn(diag.SeverityNote, "M7", selectorsFile,
			fmt.Sprintf("a Destination must match %s and also %s of the Promise", strings.Join(further, ", "), labelText(promise)), "")
	}
}

// lintLabels finds what cannot be a label: Kratix then fails to schedule.
func (c *creator) lintLabels(labels map[string]string, file string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		for _, why := range validation.IsQualifiedName(key) {
			c.warn(diag.SeverityError, "M12", file, fmt.Sprintf("label key %q: %s", key, why), "")
		}
		for _, why := range validation.IsValidLabelValue(labels[key]) {
			c.warn(diag.SeverityError, "M12", file, fmt.Sprintf("label %s=%q: %s", key, labels[key], why), "")
		}
	}
}

func labelText(labels map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, key+"="+labels[key])
	}
	return strings.Join(parts, ", ")
}

// advise tells which rule a failed call broke, and what to do.
func (c *creator) advise(name string, no adapter.Errno) (code, hint string) {
	shown := adapter.Shown(name)
	info, err := c.container.Lstat(name)
	link := err == nil && info.Mode()&fs.ModeSymlink != 0
	switch {
	case no == adapter.ErrPermission:
		return "O2", fmt.Sprintf("the work-writer is user %d: chmod -R a+rX /kratix/output at the end of the last step", adapter.UID)
	case link && no == adapter.ErrIsDir:
		return "O1", shown + " is a link to a directory: copy the directory instead (cp -rL)"
	case link:
		return "O1", c.adviseLink(name)
	case no == adapter.ErrNoDevice:
		return "O3", "remove the socket " + shown + " at the end of the step that makes it"
	case no == adapter.ErrNotDir:
		return "M3", shown + " is a file: name a directory in destination-selectors.yaml"
	default:
		return "M3", fmt.Sprintf("make the directory %s in every case, or leave its entry out of destination-selectors.yaml", shown)
	}
}

func (c *creator) adviseLink(name string) string {
	shown := adapter.Shown(name)
	target, err := c.container.ReadLink(name)
	if err == nil && path.IsAbs(target) {
		return fmt.Sprintf("%s is a link to %s, and the work-writer has the output at %s: link relatively, or copy the file", shown, target, adapter.InputRoot)
	}
	return fmt.Sprintf("%s is a link to %s, which is not there: copy the file instead", shown, target)
}
