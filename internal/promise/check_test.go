// SPDX-License-Identifier: Apache-2.0

package promise_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
)

// container is a Pipeline with one container that has more than a name.
func container(text string) string {
	return pipelineWith("containers:\n- name: a\n  image: a:1\n" + indented(2, text))
}

// TestCheckRefusesWhatTheJobCannotBe goes through the rules that the API
// server has for Kratix' Job: where the author made the mistake, and what the
// API server calls it.
func TestCheckRefusesWhatTheJobCannotBe(t *testing.T) {
	t.Parallel()
	const containers = "spec.workflows.resource.configure[0].spec.containers"
	const spec = "spec.workflows.resource.configure[0].spec"
	tests := map[string]struct{ text, field, job string }{
		"a container without name":        {pipelineWith("containers:\n- image: acme/render:1\n"), containers + "[0].name", `spec.template.spec.initContainers[1].name: Required value`},
		"a container name in upper case":  {pipelineWith("containers:\n- {name: A, image: a}\n"), containers + "[0].name", `spec.template.spec.initContainers[1].name: Invalid value: "A"`},
		"the name of Kratix' main":        {pipelineWith("containers:\n- {name: status-writer, image: a}\n"), containers + "[0].name", `initContainers[1].name: Duplicate value: "status-writer"`},
		"the name of Kratix' last":        {pipelineWith("containers:\n- {name: work-writer, image: a}\n- {name: b, image: b}\n"), containers + "[0].name", `initContainers[3].name: Duplicate value: "work-writer"`},
		"a Pipeline's container, again":   {pipelineWith("containers:\n- {name: a, image: a}\n- {name: a, image: b}\n"), containers + "[1].name", `initContainers[2].name: Duplicate value: "a"`},
		"a resource that is none":         {container("resources: {limits: {memroy: 1Gi}}\n"), containers + "[0].resources.limits.memroy", `initContainers[1].resources.limits[memroy]: Invalid value: "memroy": must be a standard resource for containers`},
		"an image with a space":           {pipelineWith("containers:\n- {name: a, image: ' a'}\n"), containers + "[0].image", `initContainers[1].image: Invalid value: " a": must not have leading or trailing whitespace`},
		"a pull policy that is none":      {container("imagePullPolicy: Sometimes\n"), containers + "[0].imagePullPolicy", `initContainers[1].imagePullPolicy: Unsupported value: "Sometimes"`},
		"a variable without name":         {container("env: [{value: a}]\n"), containers + "[0].env[0].name", `initContainers[1].env[11].name: Required value`},
		"a variable with = in its name":   {container("env: [{name: A=B}]\n"), containers + "[0].env[0].name", `initContainers[1].env[11].name: Invalid value: "A=B"`},
		"a variable with two values":      {container("env: [{name: A, value: b, valueFrom: {secretKeyRef: {name: s, key: k}}}]\n"), containers + "[0].env[0].valueFrom", "may not be specified when `value` is not empty"},
		"a variable from nowhere":         {container("env: [{name: A, valueFrom: {}}]\n"), containers + "[0].env[0].valueFrom", "must specify one of"},
		"a variable from two places":      {container("env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}, fieldRef: {fieldPath: x}}}]\n"), containers + "[0].env[0].valueFrom", "may not have more than one field specified at a time"},
		"variables from nowhere":          {container("envFrom: [{prefix: A}]\n"), containers + "[0].envFrom[0]", "must specify one of: `configMapRef` or `secretRef`"},
		"a mount of an unknown volume":    {container("volumeMounts: [{name: v, mountPath: /v}]\n"), containers + "[0].volumeMounts[0].name", `volumeMounts[3].name: Not found: "v"`},
		"a mount without path":            {container("volumeMounts: [{name: shared-input}]\n"), containers + "[0].volumeMounts[0].mountPath", `volumeMounts[3].mountPath: Required value`},
		"a mount over Kratix' own":        {container("volumeMounts: [{name: shared-input, mountPath: /kratix/output}]\n"), containers + "[0].volumeMounts[0].mountPath", `volumeMounts[3].mountPath: Invalid value: "/kratix/output": must be unique`},
		"two mounts at one path":          {container("volumeMounts: [{name: shared-input, mountPath: /a}, {name: shared-input, mountPath: /a}]\n"), containers + "[0].volumeMounts[1].mountPath", `volumeMounts[4].mountPath: Invalid value: "/a": must be unique`},
		"a sub-path that leaves":          {container("volumeMounts: [{name: shared-input, mountPath: /a, subPath: a/../b}]\n"), containers + "[0].volumeMounts[0].subPath", `subPath: Invalid value: "a/../b": must not contain '..'`},
		"a request over its limit":        {container("resources: {requests: {cpu: 2}, limits: {cpu: 1}}\n"), containers + "[0].resources.requests.cpu", `resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`},
		"a negative limit":                {container("resources: {limits: {memory: -1Gi}}\n"), containers + "[0].resources.limits.memory", `resources.limits[memory]: Invalid value: "-1Gi": must be greater than or equal to 0`},
		"a negative user":                 {container("securityContext: {runAsUser: -1}\n"), containers + "[0].securityContext.runAsUser", `runAsUser: Invalid value: -1`},
		"privileged and not":              {container("securityContext: {privileged: true, allowPrivilegeEscalation: false}\n"), containers + "[0].securityContext", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"},
		"a volume without name":           {pipelineWith("volumes: [{emptyDir: {}}]\n"), spec + ".volumes[0].name", `spec.template.spec.volumes[4].name: Required value`},
		"a volume named as one of Kratix": {pipelineWith("volumes: [{name: shared-input}]\n"), spec + ".volumes[0].name", `volumes[4].name: Duplicate value: "shared-input"`},
		"two volumes of one name":         {pipelineWith("volumes: [{name: a}, {name: a}]\n"), spec + ".volumes[1].name", `volumes[5].name: Duplicate value: "a"`},
		"a volume of two sources":         {pipelineWith("volumes: [{name: a, emptyDir: {}, hostPath: {path: /}}]\n"), spec + ".volumes[0]", `volumes[4]: Forbidden: may not specify more than 1 volume type`},
		"a secret volume without secret":  {pipelineWith("volumes: [{name: a, secret: {}}]\n"), spec + ".volumes[0].secret.secretName", `volumes[4].secret.secretName: Required value`},
		"restart policy Always":           {pipelineWith("restartPolicy: Always\n"), spec + ".restartPolicy", `spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"`},
		"a negative backoff limit":        {pipelineWith("jobOptions: {backoffLimit: -1}\n"), spec + ".jobOptions.backoffLimit", `spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0`},
		"a service account in upper case": {pipelineWith("rbac: {serviceAccount: Me}\n"), spec + ".rbac.serviceAccount", `spec.template.spec.serviceAccountName: Invalid value: "Me"`},
		"a node selector that is none":    {pipelineWith("nodeSelector: {a: b c}\n"), spec + ".nodeSelector", `spec.template.spec.nodeSelector: Invalid value: "b c"`},
		"a toleration of no operator":     {pipelineWith("tolerations: [{key: a, operator: Is}]\n"), spec + ".tolerations[0].operator", `tolerations[0].operator: Unsupported value: "Is"`},
		"a toleration of no effect":       {pipelineWith("tolerations: [{key: a, effect: Nope}]\n"), spec + ".tolerations[0].effect", `tolerations[0].effect: Unsupported value: "Nope"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := load(t, test.text).Check()
			if len(found) != 1 {
				t.Fatalf("%d findings, want 1: %v", len(found), found)
			}
			f := found[0]
			if f.Field != test.field || f.Severity != diag.SeverityError || f.Line < 24 {
				t.Errorf("finding of %s at line %d, want %s", f.Field, f.Line, test.field)
			}
			if !strings.Contains(f.Message, test.job) {
				t.Errorf("message %q\nwant the API server's %q", f.Message, test.job)
			}
			if !strings.Contains(f.Message, "resource.configure pipeline with name instance failed to generate Job definition: ") {
				t.Errorf("message %q\nwant Kratix' frame", f.Message)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	pipeline := "- {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: %s}}\n"
	named := func(name string) string { return strings.Replace(pipeline, "%s", name, 1) }
	tests := map[string]struct {
		text string
		want []string
	}{
		"no name":                       {strings.Replace(head, "things", `""`, 1), []string{"4: metadata.name: the Promise has no name"}},
		"a name in upper case":          {strings.Replace(head, "things", "Things", 1), []string{"4: metadata.name: the Promise's name is not valid"}},
		"a name that is no label":       {strings.Replace(head, "things", strings.Repeat("a", 64), 1), []string{"4: metadata.name: the name has 64 characters; Kratix uses it as a label, which has at most 63"}},
		"an interval that is none":      {head + "  annotations: {kratix.io/reconciliation-interval: often}\n", []string{"5: metadata.annotations[kratix.io/reconciliation-interval]: the interval is not a duration"}},
		"an interval that is short":     {head + "  annotations: {kratix.io/reconciliation-interval: 59s}\n", []string{"5: metadata.annotations[kratix.io/reconciliation-interval]: the interval is too short"}},
		"resource workflow without API": {head + "spec:\n  api: {}\n  workflows:\n    resource:\n      delete:\n" + indented(6, named("a")), []string{"9: spec.workflows.resource.delete: a Promise without spec.api has no requests, so no resource workflows"}},
		"a Pipeline without name":       {withWorkflows("promise:\n  delete:\n  - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline}\n"), []string{"30: spec.workflows.promise.delete[0].metadata.name: the Pipeline has no name"}},
		"a Pipeline name that is none":  {withWorkflows("promise:\n  delete:\n  " + named("My_P")), []string{`30: spec.workflows.promise.delete[0].metadata.name: "My_P" is no valid Pipeline name`}},
		"a label key that is none":      {withWorkflows("promise:\n  delete:\n  - {apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: a, labels: {'a b': c}}}\n"), []string{`30: spec.workflows.promise.delete[0].metadata.labels.a b: "a b" is no valid label key`}},
		"the same name in two lists":    {withWorkflows("resource:\n  configure:\n  " + named("a") + "  delete:\n  " + named("a")), nil},
		"an API without versions":       {head + "spec:\n  api: {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {scope: Namespaced}}\n", []string{"6: spec.api.spec.versions: the API has no versions, on which Kratix' webhook panics"}},
		"an API of wrong types":         {head + "spec:\n  api: {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {versions: 1}}\n", []string{"6: spec.api.spec.versions: want a list, not 1"}},
		"a second version that is bare": {
			strings.Replace(withWorkflows("{}\n"), "  - name: v1\n", "  - {name: v2, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}\n      - name: v1\n", 1),
			[]string{"16: spec.api.spec.versions[0].schema.openAPIV3Schema: the schema has no properties, on which Kratix' controller panics"},
		},
		"a misspelt field in the API": {strings.Replace(withWorkflows("{}\n"), "    type: object\n", "    type: object\n            requierd: [spec]\n", 1), []string{`22: spec.api.spec.versions[0].schema.openAPIV3Schema.requierd: unknown field "requierd", which Kratix drops without a word`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, short(load(t, test.text).Check())); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckSaysWhatIsSaidInACluster goes through refusals of which every word
// is the API server's or that of Kratix' webhook.
func TestCheckSaysWhatIsSaidInACluster(t *testing.T) {
	t.Parallel()
	const subdomain = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters`
	named := func(metadata string) string {
		return withWorkflows("resource:\n  configure:\n  - apiVersion: platform.kratix.io/v1alpha1\n    kind: Pipeline\n    metadata: " + metadata + "\n")
	}
	api := func(old, now string) string { return strings.Replace(withWorkflows("{}\n"), old, now, 1) }
	long := strings.Repeat("!", 64)
	tests := map[string]struct {
		text string
		want []string
	}{
		"an API without kind":       {api("    kind: CustomResourceDefinition\n", ""), []string{"spec.api.kind: Required value"}},
		"an API without apiVersion": {api("    apiVersion: apiextensions.k8s.io/v1\n", ""), []string{"spec.api.apiVersion: Required value"}},
		"an API of an empty kind":   {api("kind: CustomResourceDefinition", `kind: ""`), []string{`spec.api.kind: Invalid value: "": must not be empty`}},
		"an API of another kind":    {api("kind: CustomResourceDefinition", "kind: Definition"), nil},
		"an API that does not decode": {
			api("group: acme.org", "group: 1"),
			[]string{"api is not a valid CRD: json: cannot unmarshal number into Go struct field CustomResourceDefinitionSpec.spec.group of type string"},
		},
		"a label value with two faults": {
			named("{name: a, labels: {b: '" + long + "'}}"),
			[]string{`invalid label value "` + long + `" for key "b" in workflow "resource" action "configure": must be no more than 63 bytes,a valid label must be`},
		},
		"a Pipeline without name": {
			named("{}"),
			[]string{`resource.configure pipeline with name  failed to generate Job definition: Job.batch is invalid: ` +
				`spec.template.spec.serviceAccountName: Invalid value: "things-resource-configure-": ` + subdomain},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := load(t, test.text).Check()
			if len(found) != len(test.want) {
				t.Fatalf("findings %v, want %d", found, len(test.want))
			}
			for i, f := range found {
				if !strings.Contains(f.Message, test.want[i]) || f.Line == 0 || f.Severity != diag.SeverityError {
					t.Errorf("%s at line %d: %s\nwant %s", f.Severity, f.Line, f.Message, test.want[i])
				}
			}
		})
	}
}

func TestCheckHintsCanBePasted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		pipelineWith("containers:\n- image: registry:5000/acme/my_render@sha256:0123456789abcdef0123456789abcdef\n"): "name: my-render",
		pipelineWith("containers:\n- {name: My Step, image: a}\n"):                                                   "use my-step",
		pipelineWith("container: []\n"):                                                  "did you mean containers?",
		container("volumeMounts: [{name: shared-inputs, mountPath: /a}]\n"):              "did you mean shared-input?",
		container("resources: {requests: {cpu: 2}, limits: {cpu: 1}}\n"):                 "request 1 or less",
		strings.Replace(withWorkflows("{}\n"), "scope: Namespaced", "scope: Cluster", 1): "scope: Namespaced",
		strings.Replace(withWorkflows("{}\n"), "name: things.", "name: thing.", 1):       "name: things.acme.org",
	} {
		found := load(t, text).Check()
		if len(found) != 1 || found[0].Hint != want {
			t.Errorf("findings %v, want one with hint %q", found, want)
		}
	}
}

func TestCheckFindsWhatIsNoImage(t *testing.T) {
	t.Parallel()
	for image, valid := range map[string]bool{
		"render": true, "render:v1": true, "acme/render": true, "ghcr.io/acme/my-render_1:v0.1.0": true,
		"localhost:5000/a/b.c__d:latest": true, "[::1]:5000/a": true, "render@sha256:" + strings.Repeat("a0", 32): true,
		"ghcr.io/a:v1@sha256:" + strings.Repeat("a0", 32): true,
		"a b": false, "Render": false, "ghcr.io/Acme/render": false, "render:": false, "render:v 1": false,
		"https://ghcr.io/a": false, "a//b": false, "render@sha256:abc": false, ":v1": false, "a/b:c/d": false,
	} {
		p := load(t, pipelineWith(fmt.Sprintf("containers: [{name: a, image: %q}]\n", image)))
		var found []string
		for _, f := range p.Check() {
			if strings.HasSuffix(f.Field, ".image") && f.Severity == diag.SeverityError && f.Line > 0 {
				found = append(found, f.Message)
			}
		}
		if (len(found) == 0) != valid {
			t.Errorf("image %q: findings %q", image, found)
		}
	}
}
