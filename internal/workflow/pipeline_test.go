// SPDX-License-Identifier: Apache-2.0

package workflow_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// steps is a Pipeline with one container per image.
func steps(images ...string) api.Pipeline {
	var p api.Pipeline
	p.Name = "instance"
	for _, i := range images {
		p.Spec.Containers = append(p.Spec.Containers, api.Container{Name: i, Image: i})
	}
	return p
}

func identity() workflow.Identity {
	return workflow.Identity{
		Action: api.ActionConfigure, Type: api.WorkflowResource, Promise: "postgres", Pipeline: "instance",
		Kind: "Postgres", Group: "acme.org", Version: "v1", Name: "orders", Namespace: "team-a", Plural: "postgreses",
	}
}

// run runs a Pipeline in a stand-in engine and checks that its Pod is gone.
func run(ctx context.Context, t *testing.T, images map[string]image, r workflow.PipelineRun) (workflow.PipelineResult, error) {
	t.Helper()
	engine := &standIn{dir: t.TempDir(), images: images}
	r.Identity = identity()
	if r.Dir == "" {
		r.Dir = t.TempDir()
	}
	result, err := workflow.RunPipeline(ctx, engine, r)
	if engine.open != 0 {
		t.Errorf("%d Pods are still open", engine.open)
	}
	return result, err
}

func ok(context.Context, box) int { return 0 }

// writer is a program that writes one file.
func writer(name, content string) image {
	return func(_ context.Context, c box) int {
		if err := c.write(name, content); err != nil {
			fmt.Fprintln(c.stderr, err)
			return 1
		}
		return 0
	}
}

func TestStepsShareTheDirectoriesOfThePod(t *testing.T) {
	t.Parallel()
	images := map[string]image{
		"render": func(_ context.Context, c box) int {
			object, err := c.read("/kratix/input/object.yaml")
			if err != nil || c.write("/kratix/output/seen.yaml", object) != nil {
				return 1
			}
			return 0
		},
		"sizing": func(_ context.Context, c box) int {
			seen, err := c.read("/kratix/output/seen.yaml")
			if err != nil || c.write("/kratix/metadata/status.yaml", "message: "+seen) != nil {
				return 1
			}
			return 0
		},
	}
	result, err := run(t.Context(), t, images, workflow.PipelineRun{
		Pipeline: steps("render", "sizing"), Object: []byte("kind: Postgres\n"),
	})
	if err != nil || result.Err() != nil {
		t.Fatal(err, result.Err())
	}
	status, err := fs.ReadFile(result.Metadata, "status.yaml")
	if err != nil || string(status) != "message: kind: Postgres\n" {
		t.Errorf("status.yaml: %q, %v", status, err)
	}
	if _, err := fs.Stat(result.Output, "seen.yaml"); err != nil {
		t.Error(err)
	}
	if got := result.Steps[1]; got.String() != `step 2/2 "sizing"` || got.Digest != "sha256:sizing" || got.State != workflow.StepSucceeded {
		t.Errorf("second step: %+v", got)
	}
}

func TestInputIsReadOnlyForEveryStep(t *testing.T) {
	t.Parallel()
	result, err := run(t.Context(), t, map[string]image{"a": writer("/kratix/input/x", "")},
		workflow.PipelineRun{Pipeline: steps("a")})
	if err != nil {
		t.Fatal(err)
	}
	if _, failed := result.Failed(); !failed {
		t.Error("a step wrote to /kratix/input")
	}
}

func TestTheFirstFailureStopsThePipeline(t *testing.T) {
	t.Parallel()
	images := map[string]image{
		"validate": writer("/kratix/output/namespace.yaml", "x"),
		"render": func(_ context.Context, c box) int {
			fmt.Fprintln(c.stdout, "reading")
			fmt.Fprintln(c.stderr, "no size")
			return 7
		},
		"sizing": ok,
	}
	result, err := run(t.Context(), t, images, workflow.PipelineRun{Pipeline: steps("validate", "render", "sizing")})
	if err != nil {
		t.Fatal(err)
	}
	var states []workflow.StepState
	for _, s := range result.Steps {
		states = append(states, s.State)
	}
	want := []workflow.StepState{workflow.StepSucceeded, workflow.StepFailed, workflow.StepNotStarted}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	failed, _ := result.Failed()
	log := workflow.Log{Total: 2, Lines: []workflow.Line{{Text: "reading"}, {Text: "no size", Stderr: true}}}
	if diff := cmp.Diff(log, failed.Log); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if got, want := fmt.Sprint(result.Err()), `pipeline "instance": step 2/3 "render" exited 7`; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	if code := diag.ExitCode(result.Err()); code != diag.ExitAnswer {
		t.Errorf("exit code %d", code)
	}
	if _, err := fs.Stat(result.Output, "namespace.yaml"); err != nil {
		t.Errorf("what came out before the failure is lost: %v", err)
	}
}

func TestATimeoutNamesTheStep(t *testing.T) {
	t.Parallel()
	images := map[string]image{
		"endless": func(ctx context.Context, c box) int {
			if c.write("/kratix/output/half.yaml", "") != nil {
				return 1
			}
			<-ctx.Done()
			return 0
		},
	}
	result, err := run(t.Context(), t, images, workflow.PipelineRun{
		Pipeline: steps("endless", "after"), Timeout: 50 * time.Millisecond,
	})
	want := regexp.MustCompile(`^pipeline "instance": step 1/2 "endless" ran for [\d.]+m?s when the timeout of 50ms ended the pipeline$`)
	if !want.MatchString(fmt.Sprint(err)) {
		t.Errorf("error %q", err)
	}
	if diag.ExitCode(err) != diag.ExitAnswer || len(diag.Hints(err)) != 1 {
		t.Errorf("exit code %d, hints %q", diag.ExitCode(err), diag.Hints(err))
	}
	if result.Steps[0].State != workflow.StepTimedOut || result.Steps[1].State != workflow.StepNotStarted {
		t.Errorf("steps %+v", result.Steps)
	}
	if _, err := fs.Stat(result.Output, "half.yaml"); err != nil {
		t.Errorf("what came out before the timeout is lost: %v", err)
	}
}

func TestACancelledRunEndsWithTheErrorOfItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	images := map[string]image{"a": func(ctx context.Context, _ box) int {
		cancel()
		<-ctx.Done()
		return 0
	}}
	_, err := run(ctx, t, images, workflow.PipelineRun{Pipeline: steps("a"), Timeout: time.Hour})
	if !errors.Is(err, context.Canceled) || diag.ExitCode(err) != diag.ExitInterrupted {
		t.Errorf("error %v, exit code %d", err, diag.ExitCode(err))
	}
}

func TestUntilStopsAfterAContainer(t *testing.T) {
	t.Parallel()
	r := workflow.PipelineRun{Pipeline: steps("a", "b", "c"), Until: "b"}
	result, err := run(t.Context(), t, map[string]image{"a": ok, "b": ok, "c": ok}, r)
	if err != nil {
		t.Fatal(err)
	}
	if result.Steps[1].State != workflow.StepSucceeded || result.Steps[2].State != workflow.StepNotStarted {
		t.Errorf("steps %+v", result.Steps)
	}
	r.Until = "d"
	if _, err := run(t.Context(), t, nil, r); diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("an unknown container: %v", err)
	}
}

func TestAFaultOfTheMachineKeepsItsClass(t *testing.T) {
	t.Parallel()
	_, err := run(t.Context(), t, nil, workflow.PipelineRun{Pipeline: steps("missing")})
	if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(err.Error(), `step 1/1 "missing": image "missing"`) {
		t.Errorf("exit code %d: %v", diag.ExitCode(err), err)
	}
}

func TestAPipelineWithoutContainersLeavesEmptyDirectories(t *testing.T) {
	t.Parallel()
	result, err := run(t.Context(), t, nil, workflow.PipelineRun{Pipeline: steps()})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := fs.ReadDir(result.Output, ".")
	if err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestTraceTellsWhichStepWroteAFile(t *testing.T) {
	t.Parallel()
	images := map[string]image{
		"render": func(ctx context.Context, c box) int {
			return writer("/kratix/output/a.yaml", "1")(ctx, c) + writer("/kratix/output/b.yaml", "1")(ctx, c)
		},
		"sizing": func(ctx context.Context, c box) int {
			return writer("/kratix/output/b.yaml", "2")(ctx, c) + writer("/kratix/metadata/status.yaml", "")(ctx, c)
		},
		"idle": ok,
	}
	result, err := run(t.Context(), t, images, workflow.PipelineRun{Pipeline: steps("render", "sizing", "idle"), Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	var wrote [][]string
	for _, s := range result.Steps {
		wrote = append(wrote, s.Wrote)
	}
	want := [][]string{{"output/a.yaml", "output/b.yaml"}, {"metadata/status.yaml", "output/b.yaml"}, nil}
	if diff := cmp.Diff(want, wrote); diff != "" {
		t.Errorf("wrote (-want +got):\n%s", diff)
	}
}

func TestTheObserverSeesEveryStepAndLine(t *testing.T) {
	t.Parallel()
	var events []string
	note := func(format string, args ...any) { events = append(events, fmt.Sprintf(format, args...)) }
	images := map[string]image{
		"a": func(_ context.Context, c box) int {
			fmt.Fprint(c.stdout, "one\ntw")
			fmt.Fprint(c.stdout, "o")
			return 0
		},
		"b": func(_ context.Context, c box) int { fmt.Fprintln(c.stderr, "bad"); return 2 },
	}
	_, err := run(t.Context(), t, images, workflow.PipelineRun{
		Pipeline: steps("a", "b"),
		Observer: workflow.Observer{
			StepStarted:  func(s workflow.Step) { note("%s %s", s.Container, s.State) },
			Line:         func(s workflow.Step, l workflow.Line) { note("%s: %s %v", s.Container, l.Text, l.Stderr) },
			StepFinished: func(s workflow.Step) { note("%s %s %d", s.Container, s.State, s.Exit) },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a running", "a: one false", "a: two false", "a succeeded 0", "b running", "b: bad true", "b failed 2"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A file takes a log and tells whether it was closed.
type file struct {
	bytes.Buffer
	closed bool
	fail   error
}

func (f *file) Write(p []byte) (int, error) {
	if f.fail != nil {
		return 0, f.fail
	}
	return f.Buffer.Write(p)
}

func (f *file) Close() error { f.closed = true; return nil }

func TestSecretsNeverReachALog(t *testing.T) {
	t.Parallel()
	images := map[string]image{"a": func(_ context.Context, c box) int {
		secret := c.getenv("PASSWORD")
		fmt.Fprint(c.stdout, "password="+secret[:3]) // split across two writes
		fmt.Fprintln(c.stdout, secret[3:]+";")
		fmt.Fprintln(c.stderr, "in base64 "+base64.StdEncoding.EncodeToString([]byte(secret)))
		return 1
	}}
	p := steps("a")
	p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{
		SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "db"}, Key: "password"},
	}}}
	var log file
	var live []string
	result, err := run(t.Context(), t, images, workflow.PipelineRun{
		Pipeline: p,
		Fixtures: workflow.Fixtures{Secrets: map[string]map[string][]byte{"db": {"password": []byte("s3cr3t!\n")}}},
		Logs:     func(string) (io.WriteCloser, error) { return &log, nil },
		Observer: workflow.Observer{Line: func(_ workflow.Step, l workflow.Line) { live = append(live, l.Text) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"password=***", ";", "in base64 ***"}
	if diff := cmp.Diff(strings.Join(want, "\n")+"\n", log.String()); diff != "" {
		t.Errorf("log file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, live); diff != "" {
		t.Errorf("live (-want +got):\n%s", diff)
	}
	for i, l := range result.Steps[0].Log.Lines {
		if l.Text != want[i] {
			t.Errorf("kept %q, want %q", l.Text, want[i])
		}
	}
	if !log.closed {
		t.Error("the log file was not closed")
	}
}

func TestALogThatCannotBeWrittenIsAFaultOfTheMachine(t *testing.T) {
	t.Parallel()
	images := map[string]image{"a": func(_ context.Context, c box) int {
		_, err := fmt.Fprintln(c.stdout, "hello")
		if err != nil {
			return 1 // the container must not notice
		}
		return 0
	}}
	full := errors.New("no space left on device")
	result, err := run(t.Context(), t, images, workflow.PipelineRun{
		Pipeline: steps("a"),
		Logs:     func(string) (io.WriteCloser, error) { return &file{fail: full}, nil },
	})
	if !errors.Is(err, full) || diag.ExitCode(err) != diag.ExitMachine || result.Steps[0].Exit != 0 {
		t.Errorf("exit code %d: %v; %+v", diag.ExitCode(err), err, result.Steps[0])
	}
}

func TestOnlyTheLastLinesAreKept(t *testing.T) {
	t.Parallel()
	images := map[string]image{"a": func(_ context.Context, c box) int {
		for i := range 41 {
			fmt.Fprintf(c.stdout, "line %d\r\n", i)
		}
		fmt.Fprintf(c.stdout, "%s\xff%s\n", strings.Repeat("\u00e9", 3000), strings.Repeat("x", 200_000))
		return 0
	}}
	result, err := run(t.Context(), t, images, workflow.PipelineRun{Pipeline: steps("a"), TailLines: 6})
	if err != nil {
		t.Fatal(err)
	}
	log := result.Steps[0].Log
	if log.Total != 45 || len(log.Lines) != 6 {
		t.Fatalf("%d of %d lines", len(log.Lines), log.Total)
	}
	if log.Lines[0].Text != "line 39" || log.Lines[1].Text != "line 40" {
		t.Errorf("first lines %q, %q", log.Lines[0].Text, log.Lines[1].Text)
	}
	cut := log.Lines[2].Text
	if len(cut) > 5000 || !strings.HasSuffix(cut, "\u00e9...") {
		t.Errorf("a long line is kept with %d bytes, ending in %q", len(cut), cut[len(cut)-8:])
	}
}

func TestContainersSeeWhatTheirPodWould(t *testing.T) {
	t.Parallel()
	p := steps("a")
	p.Labels = map[string]string{"team": "data"}
	c := &p.Spec.Containers[0]
	yes := true
	user := int64(1000)
	c.Command = []string{"/bin/render", "$(KRATIX_OBJECT_NAME)"}
	c.Args = []string{"$(GREETING)", "$$(GREETING)", "$(UNKNOWN)"}
	c.SecurityContext = &corev1.SecurityContext{RunAsUser: &user, RunAsNonRoot: &yes, ReadOnlyRootFilesystem: &yes}
	c.EnvFrom = []corev1.EnvFromSource{
		{Prefix: "DB_", SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "db"}}},
		{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "absent"}, Optional: &yes}},
		{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "conf"}}},
	}
	field := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
	}
	c.Env = []corev1.EnvVar{
		{Name: "GREETING", Value: "hello $(KRATIX_OBJECT_NAME), $(DB_user)"},
		{Name: "LATER", Value: "$(AFTER)"},
		{Name: "AFTER", Value: "x"},
		{Name: "KRATIX_PROMISE_NAME", Value: "mine"},
		{Name: "NAMESPACE", ValueFrom: field("metadata.namespace")},
		{Name: "TEAM", ValueFrom: field("metadata.labels['team']")},
		{Name: "ACCOUNT", ValueFrom: field("spec.serviceAccountName")},
		{Name: "MISSING", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "conf"}, Key: "none", Optional: &yes,
		}}},
		{Name: "COLOUR", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "conf"}, Key: "colour",
		}}},
	}
	r := workflow.PipelineRun{
		Identity: identity(), Pipeline: p,
		Env: []workflow.EnvVar{{Name: "REGION", Value: "eu"}},
		Fixtures: workflow.Fixtures{
			Secrets:    map[string]map[string][]byte{"db": {"user": []byte("admin"), "not=a name": nil}},
			ConfigMaps: map[string]map[string][]byte{"conf": {"colour": []byte("red"), "KRATIX_OBJECT_KIND": []byte("no")}},
		},
	}
	containers, err := r.Containers()
	if err != nil {
		t.Fatal(err)
	}
	got := containers[0]
	want := workflow.Container{
		Name: "a", Image: "a",
		Command: []string{"/bin/render", "orders"},
		Args:    []string{"hello orders, admin", "$(GREETING)", "$(UNKNOWN)"},
		Env: []workflow.EnvVar{
			{"KRATIX_WORKFLOW_ACTION", "configure"},
			{"KRATIX_WORKFLOW_TYPE", "resource"},
			{"KRATIX_PROMISE_NAME", "mine"},
			{"KRATIX_PIPELINE_NAME", "instance"},
			{"KRATIX_OBJECT_KIND", "Postgres"},
			{"KRATIX_OBJECT_GROUP", "acme.org"},
			{"KRATIX_OBJECT_VERSION", "v1"},
			{"KRATIX_OBJECT_NAME", "orders"},
			{"KRATIX_OBJECT_NAMESPACE", "team-a"},
			{"KRATIX_CRD_PLURAL", "postgreses"},
			{"KRATIX_CLUSTER_SCOPED", "false"},
			{"DB_user", "admin"},
			{"colour", "red"},
			{"GREETING", "hello orders, admin"},
			{"LATER", "$(AFTER)"},
			{"AFTER", "x"},
			{"NAMESPACE", "team-a"},
			{"TEAM", "data"},
			{"ACCOUNT", "postgres-resource-configure-instance"},
			{"COLOUR", "red"},
			{"REGION", "eu"},
		},
		Mounts: []workflow.Mount{
			{Volume: "shared-input", Target: "/kratix/input", ReadOnly: true},
			{Volume: "shared-output", Target: "/kratix/output"},
			{Volume: "shared-metadata", Target: "/kratix/metadata"},
		},
		Network:  workflow.NetworkNone,
		Hostname: "kratix-postgres-orders-instance-xxxxx-xxxxx",
		Security: workflow.Security{RunAsUser: &user, RunAsNonRoot: true, ReadOnlyRootFilesystem: true},
		Limits:   workflow.Limits{Memory: 256 << 20},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("container (-want +got):\n%s", diff)
	}
}

func TestVolumesHoldWhatTheFixturesGive(t *testing.T) {
	t.Parallel()
	mode := int32(0o400)
	p := steps("write", "list")
	p.Annotations = map[string]string{"note": `a "quoted" one`}
	named := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
	p.Spec.Volumes = []corev1.Volume{
		{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		{Name: "conf", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: named("conf"), Items: []corev1.KeyToPath{{Key: "app.yaml", Path: "etc/app.yaml", Mode: &mode}},
		}}},
		{Name: "all", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{LocalObjectReference: named("tls")}},
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named("conf")}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
				{Path: "notes", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.annotations"}},
			}}},
		}}}},
	}
	p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "cache", MountPath: "/var/cache", SubPathExpr: "$(KRATIX_OBJECT_NAME)/a"}}
	p.Spec.Containers[1].VolumeMounts = []corev1.VolumeMount{
		{Name: "cache", MountPath: "/cache/"},
		{Name: "conf", MountPath: "/conf"},
		{Name: "all", MountPath: "/all"},
		{Name: "all", MountPath: "/one.crt", SubPath: "tls.crt"},
	}
	found := map[string]string{}
	images := map[string]image{
		"write": writer("/var/cache/file", "cached"),
		"list": func(_ context.Context, c box) int {
			for _, name := range []string{"/cache/orders/a/file", "/conf/etc/app.yaml", "/all/tls.crt", "/all/app.yaml", "/all/notes", "/one.crt"} {
				content, err := c.read(name)
				if err != nil {
					content = err.Error()
				}
				found[name] = content
			}
			if c.write("/all/new", "") == nil {
				return 1 // Kubernetes mounts such volumes read-only
			}
			return 0
		},
	}
	result, err := run(t.Context(), t, images, workflow.PipelineRun{Pipeline: p, Fixtures: workflow.Fixtures{
		Secrets:    map[string]map[string][]byte{"tls": {"tls.crt": []byte("CERT")}},
		ConfigMaps: map[string]map[string][]byte{"conf": {"app.yaml": []byte("a: 1")}},
	}})
	if err != nil || result.Err() != nil {
		t.Fatal(err, result.Err())
	}
	want := map[string]string{
		"/cache/orders/a/file": "cached",
		"/conf/etc/app.yaml":   "a: 1",
		"/all/tls.crt":         "CERT",
		"/all/app.yaml":        "a: 1",
		"/all/notes":           `note="a \"quoted\" one"`,
		"/one.crt":             "CERT",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// All that a local run cannot provide is told at once, each with its field.
func TestWhatCannotBeProvidedIsRefusedByField(t *testing.T) {
	t.Parallel()
	p := steps("a", "b")
	named := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
	p.Spec.Volumes = []corev1.Volume{
		{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{}}},
		{Name: "shared-output"},
		{Name: "keys", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "absent"}}},
		{Name: "conf", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: named("conf"), Items: []corev1.KeyToPath{{Key: "k", Path: "../k"}, {Key: "none", Path: "n"}},
		}}},
		{Name: "token", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{}}},
		}}},
	}
	p.Spec.Containers[0].Env = []corev1.EnvVar{
		{Name: "CPU", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{}}},
		{Name: "IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}},
		{Name: "S", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: named("x"), Key: "k"}}},
	}
	p.Spec.Containers[1].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: named("y")}}}
	p.Spec.Containers[1].VolumeMounts = []corev1.VolumeMount{
		{Name: "nope", MountPath: "/nope"},
		{Name: "conf", MountPath: "/kratix/output/"},
		{Name: "conf", MountPath: "/k", SubPath: "missing"},
		{Name: "conf", MountPath: "/k", SubPathExpr: "$(UNSET)"},
	}
	_, err := workflow.PipelineRun{
		Identity: identity(), Pipeline: p,
		Fixtures: workflow.Fixtures{ConfigMaps: map[string]map[string][]byte{"conf": {"k": nil}}},
		Field:    "spec.workflows.resource.configure[0]",
		Locate:   func(field string) diag.Position { return diag.Position{File: "promise.yaml", Line: len(field)} },
	}.Containers()
	if diag.ExitCode(err) != diag.ExitInput {
		t.Fatalf("exit code %d: %v", diag.ExitCode(err), err)
	}
	got := map[string]string{}
	for _, f := range diag.Findings(err) {
		field, ok := strings.CutPrefix(f.Field, "spec.workflows.resource.configure[0].spec.")
		if !ok || f.File != "promise.yaml" || f.Line != len(f.Field) {
			t.Errorf("finding at %s, field %s", f.Position, f.Field)
		}
		got[field] = f.Message
	}
	want := map[string]string{
		"volumes[0]":                                        "a local run provides emptyDir, secret, configMap, downwardAPI and projected volumes only",
		"volumes[1].name":                                   `there already is a volume "shared-output"`,
		"volumes[2].secret":                                 `Secret "absent" is not among the fixtures`,
		"volumes[3].configMap.items[0].path":                `"../k" is no path inside the volume`,
		"volumes[3].configMap.items[1].key":                 `ConfigMap "conf" has no key "none"`,
		"volumes[4].projected.sources[0]":                   "a local run projects Secrets, ConfigMaps and fields of the Pod only",
		"containers[0].env[0].valueFrom.resourceFieldRef":   `"" is no limit or request of cpu, memory or ephemeral-storage`,
		"containers[0].env[1].valueFrom.fieldRef.fieldPath": `"status.podIP" has no value in a local run`,
		"containers[0].env[2].valueFrom.secretKeyRef":       `Secret "x" is not among the fixtures`,
		"containers[1].envFrom[0].configMapRef":             `ConfigMap "y" is not among the fixtures`,
		"containers[1].volumeMounts[0].name":                `there is no volume "nope"; there are shared-input, shared-output, shared-metadata, data, keys, conf, token`,
		"containers[1].volumeMounts[1].mountPath":           "/kratix/output is mounted already",
		"containers[1].volumeMounts[2].subPath":             `volume "conf" has no "missing"`,
		"containers[1].volumeMounts[3].subPathExpr":         "there is no variable UNSET",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
