// SPDX-License-Identifier: Apache-2.0

package workflow_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// planned plans a container that is written in YAML.
func planned(t *testing.T, text string) (workflow.Container, []string, error) {
	t.Helper()
	var c api.Container
	if err := yaml.UnmarshalStrict([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	c.Name, c.Image = "a", "a"
	p := steps()
	p.Spec.Containers = []api.Container{c}
	containers, err := workflow.PipelineRun{Identity: identity(), Pipeline: p}.Containers()
	if err != nil {
		return workflow.Container{}, nil, err
	}
	result, err := run(t.Context(), t, map[string]image{"a": ok}, workflow.PipelineRun{Pipeline: p})
	var warnings []string
	for _, w := range result.Warnings {
		if w.Severity != diag.SeverityWarning {
			t.Errorf("%s is of severity %s", w, w.Severity)
		}
		warnings = append(warnings, w.String())
	}
	return containers[0], warnings, err
}

func TestSecurityIsWhatThePodWouldHave(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, context string
		want          workflow.Security
		warnings      []string
	}{
		{"nothing asked for", `{}`, workflow.Security{}, nil},
		{
			"what Kratix' own containers have",
			`{allowPrivilegeEscalation: false, privileged: false, runAsNonRoot: true, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}`,
			workflow.Security{NoNewPrivileges: true, RunAsNonRoot: true, DropCapabilities: []string{"ALL"}},
			nil,
		},
		{"escalation allowed", `{allowPrivilegeEscalation: true}`, workflow.Security{}, nil},
		{"unconfined", `{seccompProfile: {type: Unconfined}}`, workflow.Security{Seccomp: workflow.SeccompUnconfined}, nil},
		{
			"privileged", `{privileged: true}`,
			workflow.Security{Privileged: true},
			[]string{"spec.containers[0].securityContext.privileged: a local run gives all capabilities inside the container only, and none of the machine's devices"},
		},
		{
			"names of capabilities", `{capabilities: {add: [net_admin, CAP_SYS_TIME, FLY], drop: [MKNOD]}}`,
			workflow.Security{AddCapabilities: []string{"NET_ADMIN"}, DropCapabilities: []string{"MKNOD"}},
			[]string{
				"spec.containers[0].securityContext.capabilities.add[1]: CAP_SYS_TIME has no effect: Kubernetes writes it SYS_TIME",
				"spec.containers[0].securityContext.capabilities.add[2]: FLY has no effect: there is no such capability",
			},
		},
		{
			"what only a node has", `{procMount: Default, appArmorProfile: {type: RuntimeDefault}, seLinuxOptions: {level: s0}, windowsOptions: {}}`,
			workflow.Security{},
			[]string{
				"spec.containers[0].securityContext.appArmorProfile: a local run has no AppArmor profile",
				"spec.containers[0].securityContext.seLinuxOptions: a local run has no SELinux label",
				"spec.containers[0].securityContext.windowsOptions: a local run has Linux containers only",
			},
		},
		{"no AppArmor asked for", `{appArmorProfile: {type: Unconfined}}`, workflow.Security{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, warnings, err := planned(t, "securityContext: "+tt.context)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, c.Security); diff != "" {
				t.Errorf("security (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatNoPodCouldHaveIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, container, want string }{
		{
			"a profile of the nodes", `securityContext: {seccompProfile: {type: Localhost, localhostProfile: x.json}}`,
			"securityContext.seccompProfile.type: Localhost names a file of the cluster's nodes, which a local run does not have",
		},
		{
			"no profile at all", `securityContext: {seccompProfile: {type: Strict}}`,
			`securityContext.seccompProfile.type: "Strict" is none of RuntimeDefault, Unconfined and Localhost`,
		},
		{"a negative user", `securityContext: {runAsUser: -1}`, "securityContext.runAsUser: -1 is not between 0 and 2147483647"},
		{"too high a group", `securityContext: {runAsGroup: 2147483648}`, "securityContext.runAsGroup: 2147483648 is not between 0 and 2147483647"},
		{
			"an unmasked /proc", `securityContext: {procMount: Unmasked}`,
			"securityContext.procMount: Unmasked takes hostUsers: false, which a Pipeline cannot set",
		},
		{
			"privileged without escalation", `securityContext: {privileged: true, allowPrivilegeEscalation: false}`,
			"securityContext: cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
		},
		{
			"CAP_SYS_ADMIN without escalation", `securityContext: {capabilities: {add: [CAP_SYS_ADMIN]}, allowPrivilegeEscalation: false}`,
			"securityContext: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
		},
		{
			"more requested than allowed", `resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}`,
			"resources.requests.memory: 1Gi: must be less than or equal to memory limit of 512Mi",
		},
		{"less than nothing", `resources: {limits: {cpu: "-1"}}`, "resources.limits.cpu: -1: must be greater than or equal to 0"},
		{
			"a limit of the node", `{resources: {}, env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]}`,
			`env[0].valueFrom.resourceFieldRef: container "a" has no limits.cpu, and what its node has is not known to a local run`,
		},
		{
			"a resource that there is not", `{env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.gpu}}}]}`,
			`env[0].valueFrom.resourceFieldRef: "limits.gpu" is no limit or request of cpu, memory or ephemeral-storage`,
		},
		{
			"another container's resource", `{env: [{name: A, valueFrom: {resourceFieldRef: {containerName: b, resource: limits.cpu}}}]}`,
			`env[0].valueFrom.resourceFieldRef: there is no container "b"`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := planned(t, tt.container)
			if want := "planning the Pod: spec.containers[0]." + tt.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("exit code %d", diag.ExitCode(err))
			}
		})
	}
}

func TestCapabilitiesAreCountedAsRuntimesDo(t *testing.T) {
	t.Parallel()
	standard := workflow.Security{}.Capabilities()
	for _, tt := range []struct {
		name     string
		security workflow.Security
		want     string
	}{
		{"the default", workflow.Security{}, "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP"},
		{"none", workflow.Security{DropCapabilities: []string{"ALL"}}, ""},
		{"some after none", workflow.Security{AddCapabilities: []string{"SYS_TIME", "CHOWN"}, DropCapabilities: []string{"ALL"}}, "CHOWN SYS_TIME"},
		{"none beats all", workflow.Security{AddCapabilities: []string{"ALL"}, DropCapabilities: []string{"ALL"}}, ""},
		{"dropped after added", workflow.Security{AddCapabilities: []string{"SYS_TIME"}, DropCapabilities: []string{"SYS_TIME", "ALL"}}, ""},
		{"all", workflow.Security{AddCapabilities: []string{"ALL"}}, strings.Join(workflow.CapabilityNames(), " ")},
		{"privileged", workflow.Security{Privileged: true, DropCapabilities: []string{"ALL"}}, strings.Join(workflow.CapabilityNames(), " ")},
		{"in small letters", workflow.Security{DropCapabilities: []string{"all"}, AddCapabilities: []string{"kill"}}, "KILL"},
	} {
		if got := strings.Join(tt.security.Capabilities(), " "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	if after := (workflow.Security{}).Capabilities(); cmp.Diff(standard, after) != "" {
		t.Errorf("the default has become %v", after)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, container string
		want            workflow.Limits
		warnings        []string
	}{
		{"Kratix' default for memory, not that for CPU", `{}`, workflow.Limits{Memory: 256 << 20}, nil},
		{"an empty list is a list", `resources: {}`, workflow.Limits{}, nil},
		{"requests limit nothing", `resources: {requests: {cpu: 1, memory: 1Gi}}`, workflow.Limits{}, nil},
		{"the container's own", `resources: {limits: {cpu: 1500m, memory: 64M}}`, workflow.Limits{Memory: 64e6, MilliCPU: 1500}, nil},
		{
			"what no engine limits", `resources: {limits: {ephemeral-storage: 1Gi, example.com/gpu: 1}}`,
			workflow.Limits{},
			[]string{
				"spec.containers[0].resources.limits.ephemeral-storage: a local run does not limit or provide ephemeral-storage",
				"spec.containers[0].resources.limits.example.com/gpu: a local run does not limit or provide example.com/gpu",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, warnings, err := planned(t, tt.container)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, c.Limits); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAContainerCanReadItsResources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, container, ref, want string }{
		{"the default limit, in whole cores", `{}`, "resource: limits.cpu", "1"},
		{"in thousandths", `{}`, "{resource: limits.cpu, divisor: 1m}", "200"},
		{"the default request", `{}`, "{resource: requests.memory, divisor: 1Mi}", "128"},
		{"rounded up", `resources: {limits: {memory: 1025Ki}}`, "{resource: limits.memory, divisor: 1Mi}", "2"},
		{"a request that is not made is the limit", `resources: {limits: {memory: 1Ki}}`, "resource: requests.memory", "1024"},
		{"or nothing", `resources: {}`, "resource: requests.memory", "0"},
		{"storage", `{}`, "{resource: limits.ephemeral-storage, divisor: 1Mi}", "256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c api.Container
			var ref corev1.ResourceFieldSelector
			if yaml.UnmarshalStrict([]byte(tt.container), &c) != nil || yaml.UnmarshalStrict([]byte(tt.ref), &ref) != nil {
				t.Fatal("bad test")
			}
			c.Name, c.Image = "a", "a"
			c.Env = []corev1.EnvVar{{Name: "A", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &ref}}}
			c.VolumeMounts = []corev1.VolumeMount{{Name: "pod", MountPath: "/pod"}}
			p := steps()
			p.Spec.Containers = []api.Container{c}
			named := ref
			named.ContainerName = "a"
			p.Spec.Volumes = []corev1.Volume{{Name: "pod", VolumeSource: corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{
				Items: []corev1.DownwardAPIVolumeFile{{Path: "a", ResourceFieldRef: &named}},
			}}}}
			var variable, file string
			images := map[string]image{"a": func(_ context.Context, c box) int {
				variable = c.getenv("A")
				file, _ = c.read("/pod/a")
				return 0
			}}
			if _, err := run(t.Context(), t, images, workflow.PipelineRun{Pipeline: p}); err != nil {
				t.Fatal(err)
			}
			if variable != tt.want || file != tt.want {
				t.Errorf("variable %q, file %q, want %q", variable, file, tt.want)
			}
		})
	}
}
