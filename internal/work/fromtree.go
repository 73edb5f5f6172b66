// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/adapter"
	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
)

// An Input is what the work-writer of one configure Pipeline is given.
type Input struct {
	Output   tree.FS // what the containers left in /kratix/output; nil is an empty directory
	Metadata tree.FS // what they left in /kratix/metadata; nil is an empty directory

	WorkflowType      api.WorkflowType
	PromiseName       string
	PipelineName      string
	ResourceName      string // of the request; empty in a promise workflow
	ResourceNamespace string // of the request
	// Namespace is that of the Job; the system namespace when empty.
	Namespace string
	// PipelineNamespaceSet says that the Promise sets
	// workflows.config.pipelineNamespace: then the request's namespace becomes
	// part of names and labels.
	PipelineNamespaceSet bool
	// PromiseSelectors are the destinationSelectors of the Promise.
	PromiseSelectors []api.PromiseSelector
	DryRun           bool

	// NameSuffix stands for the five characters that Kratix draws;
	// [DefaultSuffix] when empty.
	NameSuffix string
	// Existing are the Works that stand already: the one with the labels of
	// this Pipeline keeps its name.
	Existing []api.Work
}

// A Result is what the work-writer left behind.
type Result struct {
	// Work is the Work that Kratix creates or updates; nil when
	// workflow-control.yaml makes it leave everything as it was.
	Work *api.Work
	// Control is what workflow-control.yaml says.
	Control adapter.Control
	// Updates says that Work replaces the spec of one that exists.
	Updates bool
	Sizes   Sizes
	// Warnings tell what Kratix does silently, sorted by file and code.
	Warnings []diag.Finding
}

// Sizes tell how large a Work is.
type Sizes struct {
	Documents int   `json:"documents"`
	Bytes     int64 `json:"bytes"` // of all documents, uncompressed
	// Stored estimates what the API server has to store: the Work as JSON,
	// with its contents compressed.
	Stored int64 `json:"stored"`
}

// FromTree makes the Work that Kratix would make of the output of a configure
// Pipeline. If Kratix' work-writer would fail, the error wraps a [*Failure]
// with its words; any other error is about reading the trees themselves. The
// Result is never nil: it has the warnings in either case.
func FromTree(in Input) (*Result, error) {
	c := &creator{in: in, compressor: newCompressor(), result: &Result{}}
	c.container = adapter.WorkWriter(in.Output, in.Metadata, promiseScheduling(in.PromiseSelectors), c.warnMode)
	err := c.run()
	c.result.Warnings = sortFindings(c.result.Warnings)
	return c.result, err
}

// A creator is one run of the work-writer.
type creator struct {
	in         Input
	container  *adapter.Container
	compressor *compressor
	result     *Result
}

func (c *creator) run() error {
	c.lintMetadata()
	selectors, err := c.selectors()
	if err != nil {
		return err
	}
	if c.result.Control, err = c.control(); err != nil {
		return err
	}
	c.lintSelectors(selectors)
	if c.result.Control.Suspends() {
		return nil
	}
	groups, err := c.groups(selectors)
	if err != nil {
		return err
	}
	c.lintOutput(groups)
	if c.result.Work, err = c.work(groups); err != nil {
		return err
	}
	return c.checkSize()
}

func (c *creator) selectors() ([]WorkflowDestinationSelectors, error) {
	data, err := c.metadata(adapter.SelectorsFile)
	if err != nil {
		return nil, err
	}
	return parseSelectors(data)
}

func (c *creator) control() (adapter.Control, error) {
	control, err := c.container.ReadControl()
	if malformed, ok := errors.AsType[*adapter.ControlError](err); ok {
		return control, failed("M20", "suspend is a boolean without quotes; retryAfter and message are strings", "%s", malformed)
	}
	return control, c.fail(adapter.Metadata(adapter.ControlFile), err)
}

// metadata reads a file of /kratix/metadata; it is nil if there is none.
func (c *creator) metadata(name string) ([]byte, error) {
	name = adapter.Metadata(name)
	data, err := c.container.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, c.fail(name, err)
}

// groups makes one group of each directory with selectors of its own, in the
// order of the file, and one of the rest.
func (c *creator) groups(selectors []WorkflowDestinationSelectors) ([]api.WorkloadGroup, error) {
	var groups []api.WorkloadGroup
	var root []api.WorkloadSelector
	ignored := map[string]bool{}
	for _, s := range selectors {
		own := []api.WorkloadSelector{{MatchLabels: s.MatchLabels, Source: c.workflowSource()}}
		if s.Directory == DefaultDirectory {
			root = own
			continue
		}
		ignored[s.Directory] = true
		group, err := c.group(s.Directory, own, nil)
		if err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	rest, err := c.group(DefaultDirectory, append(root, promiseSelectors(c.in.PromiseSelectors)...), ignored)
	if err != nil || len(rest.Workloads) == 0 {
		return groups, err
	}
	return append(groups, rest), nil
}

func (c *creator) workflowSource() api.SelectorSource {
	return api.SelectorSource(c.in.WorkflowType + "-workflow")
}

func (c *creator) group(directory string, selectors []api.WorkloadSelector, ignored map[string]bool) (api.WorkloadGroup, error) {
	g := api.WorkloadGroup{ID: GroupID(directory), Directory: directory, DestinationSelectors: selectors}
	workloads, err := c.walk(path.Join(adapter.InputRoot, directory), ignored, nil)
	g.Workloads = workloads
	return g, err
}

// walk appends the files below a directory, depth first and sorted by name.
// The ignored names are left out at this level only.
func (c *creator) walk(dir string, ignored map[string]bool, to []api.Workload) ([]api.Workload, error) {
	entries, err := c.container.ReadDir(dir)
	if err != nil {
		return to, c.fail(dir, err)
	}
	c.lintDirectory(dir, entries)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir() && ignored[e.Name()]:
		case e.IsDir():
			to, err = c.walk(name, nil, to)
		default:
			to, err = c.add(name, to)
		}
		if err != nil {
			return to, err
		}
	}
	return to, nil
}

// add reads one file, whatever it is, as the work-writer does.
func (c *creator) add(name string, to []api.Workload) ([]api.Workload, error) {
	r, err := c.container.Open(name)
	if err != nil {
		return to, c.fail(name, err)
	}
	defer func() { _ = r.Close() }() // opened for reading
	content, size, err := c.compressor.compress(r)
	if err != nil {
		return to, fmt.Errorf("reading %s: %w", adapter.Shown(name), err)
	}
	rel, err := filepath.Rel(adapter.InputRoot, name)
	if err != nil {
		return to, err
	}
	c.lintFile(name)
	c.result.Sizes.Documents++
	c.result.Sizes.Bytes += size
	return append(to, api.Workload{Filepath: filepath.ToSlash(rel), Content: content}), nil
}

// work makes the object, with the name of the Work that it replaces, if any.
func (c *creator) work(groups []api.WorkloadGroup) (*api.Work, error) {
	w := &api.Work{
		TypeMeta: metav1.TypeMeta{APIVersion: api.GroupVersion, Kind: "Work"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      Name(c.baseName(), orDefault(c.in.NameSuffix, DefaultSuffix)),
			Namespace: orDefault(c.in.Namespace, api.SystemNamespace),
			Labels:    c.labels(),
		},
		Spec: api.WorkSpec{PromiseName: c.in.PromiseName, WorkloadGroups: groups},
	}
	if c.in.WorkflowType == api.WorkflowResource {
		w.Spec.ResourceName = c.in.ResourceName
	}
	return w, c.replace(w)
}

// replace gives w the identity of the existing Work with its labels.
func (c *creator) replace(w *api.Work) error {
	var found []api.Work
	for _, e := range c.in.Existing {
		if e.Namespace == w.Namespace && hasLabels(e.Labels, w.Labels) {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		found[0].DeepCopyInto(&w.ObjectMeta)
		w.Generation++
		c.result.Updates = true
		return nil
	default:
		return failed("", fmt.Sprintf("delete all but one of the Works in namespace %s that carry these labels", w.Namespace),
			"more than 1 work exist with the matching labels: %v. Unable to update", w.Labels)
	}
}

func hasLabels(labels, want map[string]string) bool {
	for key, value := range want {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

func (c *creator) baseName() string {
	switch {
	case c.in.WorkflowType == api.WorkflowPromise:
		return c.in.PromiseName + "-" + c.in.PipelineName
	case c.in.PipelineNamespaceSet:
		return c.in.PromiseName + "-" + c.in.ResourceName + "-" + c.in.ResourceNamespace + "-" + c.in.PipelineName
	default:
		return c.in.PromiseName + "-" + c.in.ResourceName + "-" + c.in.PipelineName
	}
}

func (c *creator) labels() map[string]string {
	labels := map[string]string{
		api.LabelPromiseName:  c.in.PromiseName,
		api.LabelWorkType:     string(c.in.WorkflowType),
		api.LabelPipelineName: c.in.PipelineName,
	}
	if c.in.WorkflowType == api.WorkflowResource {
		labels[api.LabelResourceName] = c.in.ResourceName
		if c.in.PipelineNamespaceSet {
			labels[api.LabelResourceNamespace] = c.in.ResourceNamespace
		}
	}
	if c.in.DryRun {
		labels[api.LabelDryRun] = "true"
	}
	return labels
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// fail turns an error of the container into that of the work-writer.
func (c *creator) fail(name string, err error) error {
	no, ok := errors.AsType[adapter.Errno](err)
	if !ok && !utf8.ValidString(name) {
		return diag.Hint(err, "its name is not UTF-8: rename it")
	}
	if !ok {
		return err
	}
	code, hint := c.advise(name, no)
	return failed(code, hint, "%s", err)
}

// promiseScheduling is the file that Kratix mounts from a ConfigMap: a list
// with lower-cased keys.
func promiseScheduling(selectors []api.PromiseSelector) []byte {
	type entry struct {
		MatchLabels map[string]string  `yaml:"matchlabels"`
		Source      api.SelectorSource `yaml:"source"`
	}
	entries := make([]entry, len(selectors))
	for i, s := range selectors {
		entries[i] = entry{maps.Clone(s.MatchLabels), api.SourcePromise}
	}
	data, err := yamlv2.Marshal(entries)
	if err != nil { // strings always marshal
		panic(err)
	}
	return data
}
