// SPDX-License-Identifier: Apache-2.0

package permissions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/permissions"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// subject is a Pipeline of the Promise "db", whose requests are in namespace
// "team"; ref is as users write it, spec is YAML.
func subject(t *testing.T, ref, spec string) permissions.Subject {
	t.Helper()
	parts := strings.Split(ref, "/")
	s := permissions.Subject{Field: "spec", Identity: workflow.Identity{
		Promise: "db", Type: api.WorkflowType(parts[0]), Action: api.WorkflowAction(parts[1]), Pipeline: parts[2],
		Group: "acme.org", Plural: "databases",
	}}
	if s.Identity.Type == api.WorkflowResource {
		s.Identity.Namespace = "team"
	}
	if err := yaml.UnmarshalStrict([]byte(spec), &s.Pipeline.Spec); err != nil {
		t.Fatal(err)
	}
	return s
}

// summary is what the permissions of a Pipeline come to: a line for each grant
// that it asks for, and for each finding.
func summary(p permissions.Pipeline) string {
	var lines []string
	for _, g := range p.Grants {
		if g.Field == "" {
			continue
		}
		line := strings.Join(g.Verbs, ",") + " " + strings.Join(slices.Concat(g.Resources, g.URLs), ",")
		if len(g.ResourceNames) > 0 {
			line += " named " + strings.Join(g.ResourceNames, ",")
		}
		lines = append(lines, line+" in "+g.Namespace)
	}
	for _, f := range p.Findings {
		lines = append(lines, string(f.Severity)+" "+strings.TrimPrefix(f.Field, "spec.spec.rbac."))
	}
	return strings.Join(lines, "\n")
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		permissions string
		want        string
	}{
		{"nothing is asked for", `[]`, ""},
		{
			"without a namespace, it is the one of the Job",
			`[{apiGroups: ["", apps], resources: [secrets, deployments/status], verbs: [get, list]}]`,
			"get,list secrets,deployments/status,secrets.apps,deployments.apps/status in team",
		},
		{
			"some objects only",
			`[{apiGroups: [""], resources: [secrets], resourceNames: [a, b], verbs: [get]}]`,
			"get secrets named a,b in team",
		},
		{
			"by namespace, each once",
			`[{resourceNamespace: z, apiGroups: [""], resources: [pods], verbs: [get]},
			  {resourceNamespace: a, apiGroups: [""], resources: [pods], verbs: [list]},
			  {resourceNamespace: z, apiGroups: [""], resources: [secrets], verbs: [get]},
			  {resourceNamespace: "*", nonResourceURLs: [/healthz], verbs: [get]}]`,
			"get /healthz in *\nlist pods in a\nget pods in z\nget secrets in z",
		},
		{
			"what is in no namespace takes all of them",
			`[{apiGroups: [""], resources: [nodes, pods, namespaces], verbs: [get]},
			  {resourceNamespace: "*", apiGroups: [""], resources: [nodes], verbs: [get]}]`,
			"get pods,namespaces in team\nget nodes in *\nwarning permissions[0].resources",
		},
		{
			"paths of the API server are in no namespace",
			`[{resourceNamespace: a, nonResourceURLs: [/healthz], verbs: [get]}]`,
			"warning permissions[0].nonResourceURLs",
		},
		{
			"one bad rule takes its whole role along, and no other",
			`[{apiGroups: [""], resources: [secrets], verbs: [get]},
			  {apiGroups: [""], resources: [pods]},
			  {nonResourceURLs: [/healthz], verbs: [get]},
			  {resourceNamespace: a, resources: [pods], verbs: [get]},
			  {resourceNamespace: b, apiGroups: [""], verbs: [get]},
			  {resourceNamespace: c, apiGroups: [""], resources: [pods], nonResourceURLs: [/x], verbs: [get]},
			  {resourceNamespace: d, apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]`,
			"* *.* in d\nwarning permissions[1]\nwarning permissions[2]\nwarning permissions[3]\nwarning permissions[4]\nwarning permissions[5]",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := subject(t, "resource/configure/instance", "rbac: {permissions: "+test.permissions+"}")
			got := summary(permissions.Explain([]permissions.Subject{s}, permissions.Platform{})[0])
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// objects lists the objects of a Pipeline; those that all requests share have a
// mark.
func objects(p permissions.Pipeline) []string {
	var lines []string
	for _, o := range p.Objects {
		line := permissions.Kind(o) + " " + o.GetNamespace() + "/" + o.GetName()
		if slices.Contains(p.Shared, permissions.Kind(o)+"/"+o.GetName()) {
			line += " shared"
		}
		lines = append(lines, line)
	}
	return lines
}

const oneOfEach = `rbac:
  permissions:
  - {apiGroups: [""], resources: [secrets], verbs: [get]}
  - {resourceNamespace: infra, apiGroups: [""], resources: [pods], verbs: [get]}
  - {resourceNamespace: "*", apiGroups: [""], resources: [nodes], verbs: [get]}
`

func TestObjectsOfRequestsInTheirNamespaces(t *testing.T) {
	t.Parallel()
	s := subject(t, "resource/configure/instance", oneOfEach)
	want := []string{
		"ServiceAccount team/db-resource-configure-instance",
		"Role team/db-resource-configure-instance",
		"Role team/db-resource-configure-instance-c81bb",
		"RoleBinding team/db-resource-configure-instance",
		"RoleBinding team/db-resource-configure-instance-c81bb",
		"RoleBinding infra/db-resource-configure-instance-team-c73d9",
		"ClusterRole /db-resource-configure-instance-kratix-all-namespaces-98e6a shared",
		"ClusterRole /db-resource-configure-instance-infra-76bba shared",
		"ClusterRoleBinding /db-resource-configure-instance-team-c73d9",
	}
	if diff := cmp.Diff(want, objects(permissions.Explain([]permissions.Subject{s}, permissions.Platform{})[0])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestObjectsInOneNamespaceForAll(t *testing.T) {
	t.Parallel()
	s := subject(t, "resource/delete/instance", `rbac: {serviceAccount: robot}`)
	s.Identity.PipelineNamespace = "jobs"
	got := permissions.Explain([]permissions.Subject{s}, permissions.Platform{})[0]
	want := []string{
		"ServiceAccount jobs/robot shared",
		"Role jobs/db-resource-delete-instance shared",
		"RoleBinding jobs/db-resource-delete-instance shared",
		"ClusterRole /db-resource-delete-instance-team",
		"ClusterRoleBinding /db-resource-delete-instance-team",
	}
	if diff := cmp.Diff(want, objects(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	binding, ok := got.Objects[4].(*rbacv1.ClusterRoleBinding)
	if !ok {
		t.Fatalf("%T is no ClusterRoleBinding", got.Objects[4])
	}
	if diff := cmp.Diff([]rbacv1.Subject{{Kind: "ServiceAccount", Name: "robot", Namespace: "jobs"}}, binding.Subjects); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
}

func TestPipelinesUnderOneAccount(t *testing.T) {
	t.Parallel()
	robot := `{rbac: {serviceAccount: robot}}`
	explained := permissions.Explain([]permissions.Subject{
		subject(t, "promise/configure/setup", robot), // in another namespace
		subject(t, "resource/configure/a", robot),
		subject(t, "resource/configure/b", `{}`),
		subject(t, "resource/delete/c", robot),
	}, permissions.Platform{})
	var got [][]string
	for _, p := range explained {
		got = append(got, p.SharedWith)
	}
	if diff := cmp.Diff([][]string{{}, {"resource/delete/c"}, {}, {"resource/configure/a"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPipelinesOfOneNameRemoveEachOthersRoles(t *testing.T) {
	t.Parallel()
	asks := `rbac: {permissions: [{apiGroups: [""], resources: [secrets], verbs: [get]}]}`
	explained := permissions.Explain([]permissions.Subject{
		subject(t, "promise/configure/same", asks), // in another namespace
		subject(t, "resource/configure/same", asks),
		subject(t, "resource/configure/other", asks),
		subject(t, "resource/delete/same", asks),
	}, permissions.Platform{})
	for i, want := range []string{"", "", "", "a run of resource/configure/same removes"} {
		var got []diag.Finding
		got = append(got, explained[i].Findings...)
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0].Message, want)) {
			t.Errorf("%s: %v, want %q", explained[i].Workflow, got, want)
		}
	}
}

func TestSourcesOfSettings(t *testing.T) {
	t.Parallel()
	spec := `
containers:
- {name: plain}
- {name: own, securityContext: {runAsUser: 7}, resources: {limits: {memory: 1Gi}}}
- {name: empty, securityContext: {}, resources: {}}
`
	platform, err := permissions.ParsePlatform([]byte(`
workflows:
  defaultContainerSecurityContext: {runAsNonRoot: true}
  defaultContainerResources: {limits: {cpu: 1}}
  jobOptions: {defaultBackoffLimit: 2}
telemetry: {endpoint: somewhere}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		platform permissions.Platform
		want     []string
	}{
		{"without a configuration", permissions.Platform{}, []string{
			"reader Kratix Kratix", "plain Kratix Kratix", "own container container", "empty container container",
			"work-writer Kratix Kratix", "status-writer Kratix Kratix", "backoffLimit 6 Kubernetes",
		}},
		{"with one", platform, []string{
			"reader Kratix platform", "plain platform platform", "own container container", "empty container container",
			"work-writer Kratix platform", "status-writer Kratix platform", "backoffLimit 2 platform",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := permissions.Explain([]permissions.Subject{subject(t, "resource/configure/instance", spec)}, test.platform)[0]
			var got []string
			for _, c := range p.Containers {
				got = append(got, c.Name+" "+string(c.SecurityContextFrom)+" "+string(c.ResourcesFrom))
			}
			got = append(got, fmt.Sprintf("backoffLimit %d %s", p.Job.BackoffLimit, p.Job.BackoffLimitFrom))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeleteHasNoWorkWriter(t *testing.T) {
	t.Parallel()
	p := permissions.Explain([]permissions.Subject{subject(t, "resource/delete/bye", `containers: [{name: bye}]`)}, permissions.Platform{})[0]
	var got []string
	for _, c := range p.Containers {
		got = append(got, c.Name)
	}
	if diff := cmp.Diff([]string{"reader", "bye", "status-writer"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParsePlatformMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "---\n", "it is empty"},
		{"another object", "kind: ConfigMap\nmetadata: {name: other}\n", "it has no ConfigMap named kratix"},
		{"no config", "kind: ConfigMap\nmetadata: {name: kratix}\ndata: {}\n", "ConfigMap kratix has no key config, and Kratix does not start without it"},
		{"no quantity", "workflows: {defaultContainerResources: {limits: {cpu: lots}}}\n", "quantities must match the regular expression"},
		{"in the ConfigMap", "kind: ConfigMap\nmetadata: {name: kratix}\ndata: {config: 'workflows: 7'}\n", "ConfigMap kratix, key config: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := permissions.ParsePlatform([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if code := diag.ExitCode(err); code != diag.ExitInput {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
