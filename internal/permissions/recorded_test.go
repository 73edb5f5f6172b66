// SPDX-License-Identifier: Apache-2.0

package permissions_test

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/permissions"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// TestKratixMakesTheSame compares with all that a real Kratix made for the Jobs
// of the recordings, in both directions: each account, role and binding, and
// what the containers of the Jobs are held to.
func TestKratixMakesTheSame(t *testing.T) {
	t.Parallel()
	recordings, err := filepath.Glob("../../testdata/conformance/*")
	if err != nil || len(recordings) == 0 {
		t.Fatal("no recordings", err)
	}
	jobs := 0
	for _, dir := range recordings {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if filepath.Base(path) == "job.yaml" {
				t.Run(strings.TrimPrefix(path, "../../testdata/conformance/"), func(t *testing.T) {
					jobs += compareRecorded(t, promises(t, filepath.Join(dir, "input/promise.yaml")), path)
				})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if jobs == 0 {
		t.Error("no Job was compared")
	}
}

// compareRecorded gives the number of Jobs in the file.
func compareRecorded(t *testing.T, promises map[string]*promise.Promise, file string) int {
	t.Helper()
	recorded, made := map[string]any{}, map[string]any{}
	jobs := 0
	for _, document := range documents(t, file) {
		var job batchv1.Job
		if err := yaml.Unmarshal(document, &job); err != nil {
			t.Fatal(err)
		}
		if job.Kind == "Job" {
			jobs++
			p := explainJob(t, promises, &job)
			compareContainers(t, p, &job)
			for _, o := range p.Objects {
				made[address(permissions.Kind(o), o.GetNamespace(), o.GetName())] = plain(t, o)
			}
		} else if strings.HasPrefix(job.APIVersion, "rbac.") || job.Kind == "ServiceAccount" {
			if !strings.HasSuffix(job.Name, "-promise-controller") { // what Kratix itself needs
				recorded[address(job.Kind, job.Namespace, job.Name)] = plain(t, document)
			}
		}
	}
	for at, want := range recorded {
		got, ok := made[at]
		if !ok { // of a Job that is gone, and of no other
			continue
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-recorded +ours):\n%s", at, diff)
		}
	}
	for at := range made {
		if _, ok := recorded[at]; !ok {
			t.Errorf("Kratix did not make %s", at)
		}
	}
	if jobs > 0 && len(made) == 0 {
		t.Error("nothing was compared")
	}
	return jobs
}

func explainJob(t *testing.T, promises map[string]*promise.Promise, job *batchv1.Job) permissions.Pipeline {
	t.Helper()
	p := promises[job.Labels[api.LabelPromiseName]]
	ref := promise.WorkflowRef{
		Type:   api.WorkflowType(job.Labels["kratix.io/workflow-type"]),
		Action: api.WorkflowAction(job.Labels["kratix.io/workflow-action"]),
	}
	pipelines, err := p.Pipelines(ref.Type, ref.Action)
	if err != nil {
		t.Fatal(err)
	}
	id := workflow.Identity{
		Promise: p.Name, Type: ref.Type, Action: ref.Action, Pipeline: job.Labels[api.LabelPipelineName],
		Namespace:         job.Annotations["kratix.io/job-resource-namespace"],
		PipelineNamespace: p.Spec.Workflows.Config.PipelineNamespace,
	}
	if ref.Type == api.WorkflowResource {
		crd, err := p.CRD()
		if err != nil {
			t.Fatal(err)
		}
		id.Group, id.Plural = crd.Group, crd.Plural
	}
	for _, pipeline := range pipelines {
		if pipeline.Name == id.Pipeline {
			return permissions.Explain([]permissions.Subject{{Identity: id, Pipeline: pipeline}}, permissions.Platform{})[0]
		}
	}
	t.Fatalf("Promise %s has no Pipeline %s", p.Name, id.Pipeline)
	return permissions.Pipeline{}
}

func compareContainers(t *testing.T, p permissions.Pipeline, job *batchv1.Job) {
	t.Helper()
	pod := job.Spec.Template.Spec
	var want, got []corev1.Container
	for _, c := range append(pod.InitContainers, pod.Containers...) {
		want = append(want, corev1.Container{Name: c.Name, SecurityContext: c.SecurityContext, Resources: c.Resources})
	}
	for _, c := range p.Containers {
		got = append(got, corev1.Container{Name: c.Name, SecurityContext: c.SecurityContext, Resources: c.Resources})
	}
	if diff := gocmp.Diff(plain(t, want), plain(t, got)); diff != "" {
		t.Errorf("containers (-recorded +ours):\n%s", diff)
	}
	if got, want := p.Job.RestartPolicy, pod.RestartPolicy; got != want {
		t.Errorf("restartPolicy %s, recorded %s", got, want)
	}
	if got, want := p.Job.BackoffLimit, *job.Spec.BackoffLimit; got != want {
		t.Errorf("backoffLimit %d, recorded %d", got, want)
	}
	if got, want := p.Account.Name, pod.ServiceAccountName; got != want {
		t.Errorf("account %s, recorded %s", got, want)
	}
	if got, want := p.Namespace, job.Namespace; got != want {
		t.Errorf("namespace %s, recorded %s", got, want)
	}
}

func promises(t *testing.T, file string) map[string]*promise.Promise {
	t.Helper()
	all := map[string]*promise.Promise{}
	for _, document := range documents(t, file) {
		p, err := promise.Parse(file, document)
		if err != nil {
			t.Fatal(err)
		}
		all[p.Name] = p
	}
	return all
}

func documents(t *testing.T, file string) [][]byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	reader := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, document)
	}
}

func address(kind, namespace, name string) string {
	return kind + " " + cmp.Or(namespace, "-") + "/" + name
}

// plain is an object as the API server has it, without what it alone decides.
func plain(t *testing.T, object any) any {
	t.Helper()
	data, ok := object.([]byte)
	if !ok {
		var err error
		if data, err = yaml.Marshal(object); err != nil {
			t.Fatal(err)
		}
	}
	var value any
	if err := yaml.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	if o, ok := value.(map[string]any); ok {
		if m, ok := o["metadata"].(map[string]any); ok {
			for _, key := range []string{"creationTimestamp", "resourceVersion", "uid"} {
				delete(m, key)
			}
		}
	}
	return value
}
