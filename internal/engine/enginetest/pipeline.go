// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// pipeline has what a Pod can take variables and files from.
const pipeline = `
metadata: {name: instance, labels: {team: a}}
spec:
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: config, configMap: {name: config, defaultMode: 0o440, items: [{key: app.yaml, path: sub/app.yaml}, {key: run.sh, path: run.sh, mode: 0o755}]}}
  - {name: secret, secret: {secretName: secret, defaultMode: 0o400}}
  - name: all
    projected:
      defaultMode: 0o600
      sources:
      - secret: {name: secret, items: [{key: password, path: credentials/password, mode: 0o444}]}
      - configMap: {name: config, items: [{key: app.yaml, path: app.yaml}]}
      - downwardAPI: {items: [{path: labels/promise, fieldRef: {fieldPath: "metadata.labels['kratix.io/promise-name']"}}]}
  containers:
  - name: first
    image: IMAGE
    args: [hello, $(LITERAL)]
    command: [/bin/sh, -c, SCRIPT, sh]
    envFrom:
    - {prefix: C_, configMapRef: {name: env}}
    - {secretRef: {name: secret}}
    - {secretRef: {name: none, optional: true}}
    env:
    - {name: LITERAL, value: "1"}
    - {name: COMPOSED, value: $(LITERAL)-$(C_NAME)-$$(LITERAL)-$(NONE)}
    - {name: password, valueFrom: {secretKeyRef: {name: secret, key: password}}}
    - {name: LEVEL, valueFrom: {configMapKeyRef: {name: env, key: LEVEL}}}
    - {name: ABSENT, valueFrom: {configMapKeyRef: {name: env, key: ABSENT, optional: true}}}
    - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
    - {name: LITERAL, value: "2"}
    resources: {limits: {memory: 64Mi}}
    volumeMounts:
    - {name: scratch, mountPath: /scratch}
    - {name: config, mountPath: /config}
    - {name: config, mountPath: /etc/app.yaml, subPath: sub/app.yaml}
    - {name: secret, mountPath: /secret}
    - {name: all, mountPath: /all}
    - {name: shared-output, mountPath: /part, subPath: docs}
    - {name: scratch, mountPath: /expanded, subPathExpr: $(POD_NAMESPACE)/x}
  - name: second
    image: IMAGE
    command: [/bin/sh, -c, "cat /scratch/f /scratch/team-a/x/g; ls /kratix/output"]
    volumeMounts: [{name: scratch, mountPath: /scratch}]
`

// pipelineScript looks at all of it.
func pipelineScript() string {
	return strings.Join([]string{
		`echo "$@"; env | grep -E '^(C_|password|LITERAL|COMPOSED|LEVEL|ABSENT|POD_|MEMORY)' | sort`,
		`for f in /config/sub/app.yaml /config/run.sh /etc/app.yaml /secret/password /all/credentials/password /all/app.yaml /all/labels/promise /kratix/input/object.yaml; do`,
		`stat -c '%A %u %n' $f; cat $f; echo; { echo x > $f; } 2>/dev/null && echo written; done`,
		`for d in /config /secret /all /kratix/input; do { echo x > $d/new; } 2>/dev/null && echo $d can be written to; done`,
		`echo 1 > /scratch/f; echo 2 > /expanded/g; echo 3 > /part/h; echo 4 > /kratix/output/out; echo 5 > /kratix/metadata/m`,
	}, "\n")
}

func testPipeline(t *testing.T, w *world) {
	text := strings.ReplaceAll(pipeline, "IMAGE", w.image(t, v1.Config{Entrypoint: []string{"/bin/false"}, Cmd: []string{"unused"}}))
	var p api.Pipeline
	if err := yaml.UnmarshalStrict([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	p.Spec.Containers[0].Command[2] = pipelineScript()
	var lines []string
	result, err := workflow.RunPipeline(t.Context(), w, workflow.PipelineRun{
		Identity: workflow.Identity{
			Action: api.ActionConfigure, Type: api.WorkflowResource, Promise: "postgres", Pipeline: "instance",
			Kind: "Postgres", Group: "acme.org", Version: "v1", Name: "orders", Namespace: "team-a", Plural: "postgreses",
		},
		Pipeline: p, Object: []byte("kind: Postgres"), Dir: t.TempDir(),
		Fixtures: workflow.Fixtures{
			Secrets: map[string]map[string][]byte{"secret": {"password": []byte("open sesame")}},
			ConfigMaps: map[string]map[string][]byte{
				"config": {"app.yaml": []byte("a: 1"), "run.sh": []byte("#!"), "left-out": nil},
				"env":    {"NAME": []byte("n"), "LEVEL": []byte("debug")},
			},
		},
		Observer: workflow.Observer{Line: func(_ workflow.Step, l workflow.Line) { lines = append(lines, l.Text) }},
	})
	if err != nil || result.Err() != nil {
		t.Fatalf("%v, %v\n%s", err, result.Err(), strings.Join(lines, "\n"))
	}
	want := `hello 2
COMPOSED=1-n-$(LITERAL)-$(NONE)
C_LEVEL=debug
C_NAME=n
LEVEL=debug
LITERAL=2
MEMORY=64
POD_NAMESPACE=team-a
password=***
-r--r----- 0 /config/sub/app.yaml
a: 1
-rwxr-xr-x 0 /config/run.sh
#!
-r--r----- 0 /etc/app.yaml
a: 1
-r-------- 0 /secret/password
***
-r--r--r-- 0 /all/credentials/password
***
-rw------- 0 /all/app.yaml
a: 1
-rw------- 0 /all/labels/promise
postgres
-rw-r--r-- 0 /kratix/input/object.yaml
kind: Postgres
1
2
docs
out`
	if diff := cmp.Diff(want, strings.Join(lines, "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	want = `drwxrwxrwx 0:0 "docs"
-rw-r--r-- 0:0 "docs/h" "3\n"
-rw-r--r-- 0:0 "out" "4\n"
`
	_, got, _ := strings.Cut(listing(t, result.Output, true), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
