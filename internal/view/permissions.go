// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/permissions"
	"github.com/kratix-tools/kratix/internal/term"
)

// A PermissionsReport is what the Pipelines of a Promise may do. It is a public
// document: fields are only ever added, and lists are never null.
type PermissionsReport struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Promise    string `json:"promise"`
	// RequestNamespace is the namespace of the request that is supposed.
	RequestNamespace string                 `json:"requestNamespace"`
	Pipelines        []permissions.Pipeline `json:"pipelines"`
}

// Permissions shows what Pipelines may do.
func Permissions(w term.Stream, format Format, r PermissionsReport) error {
	r.APIVersion, r.Kind = apiVersion, "PermissionsReport"
	if format != Text {
		return Encode(w, format, r)
	}
	v := newViewer(w)
	for i := range r.Pipelines {
		if i > 0 {
			fmt.Fprintln(v)
		}
		if err := v.permissions(&r.Pipelines[i], r.RequestNamespace); err != nil {
			return err
		}
	}
	return nil
}

func (v viewer) permissions(p *permissions.Pipeline, request string) error {
	fmt.Fprintln(v, v.strong.Render(escaped(p.Workflow)))
	head := table{indent: "  "}
	head.row("runs in", whereJobs(p, request))
	head.row("runs as", "ServiceAccount "+escaped(p.Account.Name)+madeBy(p.Account))
	for i, other := range p.SharedWith {
		label := ""
		if i == 0 {
			label = "as does"
		}
		head.row(label, escaped(other)+", so each may what the other may")
	}
	head.row("repeated", repeated(p.Job))
	head.loose(v)
	fmt.Fprintln(v)
	v.grants(p.Grants)
	fmt.Fprintln(v)
	v.made(p)
	fmt.Fprintln(v)
	return v.settings(p.Containers)
}

// whereJobs says in which namespace a Pipeline runs, and why there.
func whereJobs(p *permissions.Pipeline, request string) string {
	text := "namespace " + escaped(p.Namespace)
	switch {
	case strings.HasPrefix(p.Workflow, string(api.WorkflowPromise)+"/"):
		return text
	case p.Namespace == request:
		return text + ", that of the request"
	default:
		return text + ", for a request in " + escaped(request)
	}
}

func madeBy(a permissions.Account) string {
	if a.From == permissions.Kratix {
		return ""
	}
	return ", made if there is none"
}

func repeated(j permissions.Job) string {
	return fmt.Sprintf("%d times (%s), restartPolicy %s (%s)",
		j.BackoffLimit, j.BackoffLimitFrom, j.RestartPolicy, j.RestartPolicyFrom)
}

func (v viewer) grants(grants []permissions.Grant) {
	t := table{indent: "  "}
	t.row("MAY", "WITH", "IN NAMESPACE", "FROM")
	for _, g := range grants {
		from := "Kratix"
		if g.Field != "" {
			from = g.String()
		}
		what := with(g)
		for i, line := range what {
			if i == 0 {
				t.row(verbs(g.Verbs), line, inNamespace(g.Namespace), v.faint.Render(escaped(from)))
				continue
			}
			t.row("", line)
		}
	}
	t.print(v)
}

func verbs(verbs []string) string {
	if slices.Contains(verbs, "*") {
		return "do anything"
	}
	return escaped(strings.Join(verbs, ", "))
}

// with lists what a grant is about, one thing on a line.
func with(g permissions.Grant) []string {
	var lines []string
	only := ""
	if len(g.ResourceNames) > 0 {
		only = " named " + escaped(strings.Join(g.ResourceNames, ", "))
	}
	for _, r := range slices.Concat(g.Resources, g.URLs) {
		lines = append(lines, escaped(r)+only)
	}
	return lines
}

func inNamespace(namespace string) string {
	if namespace == "*" {
		return "all"
	}
	return escaped(namespace)
}

// made lists the objects that Kratix makes.
func (v viewer) made(p *permissions.Pipeline) {
	t := table{indent: "  "}
	t.row("KRATIX MAKES", "NAMESPACE", "NAME")
	for _, o := range p.Objects {
		kind, shared := permissions.Kind(o), ""
		if slices.Contains(p.Shared, kind+"/"+o.GetName()) {
			shared = v.faint.Render("for all requests")
		}
		t.row(kind, escaped(cmp.Or(o.GetNamespace(), "-")), escaped(o.GetName()), shared)
	}
	t.print(v)
}

// A heldGroup is containers that are held to the same, in the order of the
// first of them.
type heldGroup struct {
	names []string
	lines [][]string // setting, value and source
}

// settings shows what containers are held to, those with the same together.
func (v viewer) settings(containers []permissions.Container) error {
	groups, err := heldAlike(containers)
	if err != nil {
		return err
	}
	t := table{indent: "  "}
	t.row("CONTAINERS", "SETTING", "VALUE", "FROM")
	for _, g := range groups {
		names := wrap(strings.Join(g.names, ", "), containersWidth)
		for i := range max(len(names), len(g.lines)) {
			cells := []string{""}
			if i < len(names) {
				cells[0] = names[i]
			}
			if i < len(g.lines) {
				cells = append(cells, g.lines[i]...)
			}
			t.row(cells...)
		}
	}
	t.print(v)
	return nil
}

// containersWidth is how wide the names of a group of containers may be before
// they go on below.
const containersWidth = 24

// heldAlike puts containers with the same settings together. Those that Kratix
// adds are never in one group with those of the Promise.
func heldAlike(containers []permissions.Container) ([]heldGroup, error) {
	var groups []heldGroup
	at := map[string]int{}
	for _, c := range containers {
		lines, err := settingLines(c)
		if err != nil {
			return nil, err
		}
		key := fmt.Sprint(c.Kratix, lines)
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key], groups = i, append(groups, heldGroup{lines: lines})
		}
		groups[i].names = append(groups[i].names, escaped(c.Name))
	}
	return groups, nil
}

// settingLines are the rows of one container: setting, value and source.
func settingLines(c permissions.Container) ([][]string, error) {
	security, err := flat(c.SecurityContext)
	if err != nil {
		return nil, err
	}
	if len(security) == 0 {
		security = [][]string{{"securityContext", "none: the user of the image"}}
	}
	resources := slices.Concat(quantities("requests", c.Resources.Requests), quantities("limits", c.Resources.Limits))
	if len(resources) == 0 {
		resources = [][]string{{"resources", "none: no limit"}}
	}
	for i := range security {
		security[i] = append(security[i], string(c.SecurityContextFrom))
	}
	for i := range resources {
		resources[i] = append(resources[i], string(c.ResourcesFrom))
	}
	return append(security, resources...), nil
}

// flat lists the fields of a securityContext that are set, by name.
func flat(s *corev1.SecurityContext) ([][]string, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	var lines [][]string
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		value, err := json.Marshal(fields[key])
		if err != nil {
			return nil, err
		}
		lines = append(lines, []string{key, escaped(strings.NewReplacer(`"`, "", `:`, ": ", `,`, ", ").Replace(string(value)))})
	}
	return lines, nil
}

func quantities(name string, list corev1.ResourceList) [][]string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(list)) {
		q := list[key]
		parts = append(parts, string(key)+" "+q.String())
	}
	if len(parts) == 0 {
		return nil
	}
	return [][]string{{name, escaped(strings.Join(parts, ", "))}}
}
