// SPDX-License-Identifier: Apache-2.0

package kubetest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kratix-tools/kratix/internal/kube/kubetest"
)

var server = kubetest.Shared{Load: (*kubetest.Server).LoadPlatform}

// victim is set in the environment of a process that starts a server and is
// then killed.
const victim = "KUBETEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		beKilled()
	}
	defer server.Stop()
	m.Run()
}

func TestVersionIsWhatIsBuilt(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../../../tools/kubeapiserver/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "k8s.io/kubernetes " + kubetest.Version + " "; !strings.Contains(string(module), want) {
		t.Errorf("tools/kubeapiserver/go.mod does not require %q", want)
	}
}

// resources are those of the recorded objects that are no requests.
var resources = map[string]schema.GroupVersionResource{
	"BucketStateStore":   {Group: "platform.kratix.io", Version: "v1alpha1", Resource: "bucketstatestores"},
	"ClusterRole":        {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	"ClusterRoleBinding": {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
	"ConfigMap":          {Version: "v1", Resource: "configmaps"},
	"Destination":        {Group: "platform.kratix.io", Version: "v1alpha1", Resource: "destinations"},
	"Event":              {Group: "events.k8s.io", Version: "v1", Resource: "events"},
	"GitStateStore":      {Group: "platform.kratix.io", Version: "v1alpha1", Resource: "gitstatestores"},
	"Job":                {Group: "batch", Version: "v1", Resource: "jobs"},
	"Promise":            {Group: "platform.kratix.io", Version: "v1alpha1", Resource: "promises"},
	"PromiseRevision":    {Group: "platform.kratix.io", Version: "v1alpha1", Resource: "promiserevisions"},
	"ResourceBinding":    {Group: "platform.kratix.io", Version: "v1alpha1", Resource: "resourcebindings"},
	"Role":               {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
	"RoleBinding":        {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
	"ServiceAccount":     {Version: "v1", Resource: "serviceaccounts"},
	"Work":               {Group: "platform.kratix.io", Version: "v1alpha1", Resource: "works"},
	"WorkPlacement":      {Group: "platform.kratix.io", Version: "v1alpha1", Resource: "workplacements"},
}

// withRequests adds the resources that recorded CRDs define.
func withRequests(t *testing.T, recorded []*unstructured.Unstructured) map[string]schema.GroupVersionResource {
	t.Helper()
	all := maps.Clone(resources)
	for _, o := range recorded {
		if o.GetKind() != "CustomResourceDefinition" {
			continue
		}
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "names", "kind")
		plural, group, _ := strings.Cut(o.GetName(), ".")
		all[kind] = schema.GroupVersionResource{Group: group, Version: "v1", Resource: plural}
	}
	return all
}

// What was recorded is in the server, with the spec and the status that it had.
func TestPlatformIsLoadedAsRecorded(t *testing.T) {
	t.Parallel()
	client := connect(t, server.Server(t).Kubeconfig)
	recorded, err := kubetest.Objects("../../../testdata/live-platform/live.yaml")
	if err != nil {
		t.Fatal(err)
	}
	resources := withRequests(t, recorded)
	counts, live := map[string]int{}, map[string]map[string]unstructured.Unstructured{}
	for _, want := range recorded {
		kind, namespace, name := want.GetKind(), want.GetNamespace(), want.GetName()
		counts[kind]++
		if kind == "Namespace" || kind == "CustomResourceDefinition" {
			continue // they get a life of their own in the server
		}
		if live[kind] == nil {
			live[kind] = list(t, client, resources[kind])
		}
		got, ok := live[kind][namespace+"/"+name]
		if !ok {
			t.Errorf("%s %s/%s is not in the server", kind, namespace, name)
			continue
		}
		for _, part := range []string{"metadata.labels", "spec", "status", "data"} {
			if kind == "Job" && part != "status" {
				continue // the server makes its selector, and the labels for it
			}
			path := strings.Split(part, ".")
			want, _, _ := unstructured.NestedFieldNoCopy(want.Object, path...)
			got, _, _ := unstructured.NestedFieldNoCopy(got.Object, path...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s/%s: %s (-recorded +live):\n%s", kind, namespace, name, part, diff)
			}
		}
	}
	want := map[string]int{
		"Archive": 1, "BucketStateStore": 3, "ClusterRole": 13, "ClusterRoleBinding": 13, "ConfigMap": 16,
		"CustomResourceDefinition": 12, "Destination": 7, "Env": 1, "Event": 203, "GitStateStore": 1, "Job": 19,
		"Kafka": 1, "LegacyPostgres": 1, "Namespace": 4, "Postgres": 3, "Promise": 13, "PromiseRevision": 13,
		"Redis": 2, "ResourceBinding": 15, "Role": 17, "RoleBinding": 17, "Sealed": 1, "ServiceAccount": 18,
		"Stack": 1, "TfBucket": 1, "Vault": 1, "Vm": 2, "WebApp": 2, "Work": 14, "WorkPlacement": 14,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("recorded objects (-want +got):\n%s", diff)
	}
}

func TestRequestIsBeingDeleted(t *testing.T) {
	t.Parallel()
	client := connect(t, server.Server(t).Kubeconfig)
	redises := schema.GroupVersionResource{Group: "data.acme.example", Version: "v1", Resource: "redises"}
	request, err := client.Resource(redises).Namespace("team-b").Get(t.Context(), "old-cache", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if request.GetDeletionTimestamp() == nil {
		t.Error("Redis team-b/old-cache is not being deleted")
	}
}

// The generated CRDs refuse what those of Kratix refuse.
func TestCRDsValidate(t *testing.T) {
	t.Parallel()
	s := server.Server(t)
	for name, test := range map[string]struct{ object, want string }{
		"Destination without a path": {
			`{"kind": "Destination", "spec": {}}`,
			"spec.path: Required value",
		},
		"a state store of another kind": {
			`{"kind": "Destination", "spec": {"path": "a", "stateStoreRef": {"kind": "Disk", "name": "d"}}}`,
			`spec.stateStoreRef.kind: Unsupported value: "Disk": supported values: "BucketStateStore", "GitStateStore"`,
		},
		"a Promise whose API is no whole object": {
			`{"kind": "Promise", "spec": {"api": {"kind": "CustomResourceDefinition"}}}`,
			"spec.api.apiVersion: Required value",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, err := kubetest.Parse([]byte(test.object))
			if err != nil {
				t.Fatal(err)
			}
			objects[0].SetAPIVersion("platform.kratix.io/v1alpha1")
			objects[0].SetName("refused")
			err = s.Create(t.Context(), objects...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant ... %s", err, test.want)
			}
		})
	}
}

func TestFilepathModeIsImmutable(t *testing.T) {
	t.Parallel()
	client := connect(t, server.Server(t).Kubeconfig)
	patch := []byte(`{"spec": {"filepath": {"mode": "none"}}}`)
	_, err := client.Resource(resources["Destination"]).Patch(t.Context(), "worker-dev", "application/merge-patch+json", patch, metav1.PatchOptions{})
	if err == nil || !strings.Contains(err.Error(), "filepath.mode is immutable") {
		t.Errorf("got %v", err)
	}
}

func TestAccountHasItsGrantsAndNoMore(t *testing.T) {
	t.Parallel()
	s := server.Server(t)
	role := kubetest.Read("", "configmaps")
	role.Namespace = "team-a"
	kubeconfig, err := s.Account(t.Context(), "reader", kubetest.Read("platform.kratix.io", "works", "destinations"), role)
	if err != nil {
		t.Fatal(err)
	}
	client := connect(t, kubeconfig)
	for _, test := range []struct {
		kind, namespace string
		allowed         bool
	}{
		{"Work", "", true},
		{"Work", "team-a", true},
		{"Destination", "", true},
		{"WorkPlacement", "", false},
		{"Promise", "", false},
		{"ConfigMap", "team-a", true},
		{"ConfigMap", "team-b", false},
		{"ConfigMap", "", false},
	} {
		_, err := client.Resource(resources[test.kind]).Namespace(test.namespace).List(t.Context(), metav1.ListOptions{})
		if test.allowed && err != nil || !test.allowed && !apierrors.IsForbidden(err) {
			t.Errorf("%s in %q: want allowed %t, got %v", test.kind, test.namespace, test.allowed, err)
		}
	}
}

// Create serves whoever needs many objects, and says which one was refused.
func TestCreateNamesWhatWasRefused(t *testing.T) {
	t.Parallel()
	s := server.Server(t)
	objects, err := kubetest.Parse([]byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Ä}\n---\n# nothing\n"))
	if err != nil || len(objects) != 1 {
		t.Fatal(objects, err)
	}
	want := `ConfigMap /Ä: ConfigMap "Ä" is invalid`
	if err := s.Create(t.Context(), objects...); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v\nwant %s ...", err, want)
	}
	objects[0].SetKind("Nothing")
	want = "Nothing /Ä: the API server has no kind /v1, Kind=Nothing"
	if err := s.Create(t.Context(), objects...); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// A server that does not start says what its programs said.
func TestStartTellsWhatWentWrong(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("KUBEBUILDER_ASSETS", dir)
	t.Setenv("TMPDIR", t.TempDir())
	if _, err := kubetest.Start(t.Context()); !errors.Is(err, kubetest.ErrNoPrograms) {
		t.Errorf("want %v, got %v", kubetest.ErrNoPrograms, err)
	}
	for name, script := range map[string]string{
		"etcd":           "#!/bin/sh\necho no space left\nexit 3\n",
		"kube-apiserver": "#!/bin/sh\nexec sleep 1000\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	_, err := kubetest.Start(t.Context())
	if want := "etcd ended: exit status 3\nno space left"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v\nwant ... %s", err, want)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
}

// Nothing outlives a process that was killed.
func TestProgramsDieWithTheirParent(t *testing.T) {
	if _, err := kubetest.Program("kube-apiserver"); err != nil {
		t.Skip(err)
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends programs with their parent")
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"=1", "TMPDIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	before := running(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if started != "started\n" || len(before) != 2 {
		t.Fatalf("it said %q and started %q", started, before)
	}
	for deadline := time.Now().Add(time.Minute); len(running(t, dir)) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("still running: %q", running(t, dir))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// beKilled starts a server and waits.
func beKilled() {
	_, err := kubetest.Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("started")
	select {}
}

// running lists the command lines that mention a directory.
func running(t *testing.T, dir string) []string {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, process := range processes {
		line, err := os.ReadFile(process)
		if err == nil && strings.Contains(string(line), dir) {
			found = append(found, string(line))
		}
	}
	return found
}

func connect(t *testing.T, kubeconfig string) dynamic.Interface {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// list gives all objects of a kind by "NAMESPACE/NAME".
func list(t *testing.T, client dynamic.Interface, resource schema.GroupVersionResource) map[string]unstructured.Unstructured {
	t.Helper()
	all, err := client.Resource(resource).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatalf("%s: %v", resource, err)
	}
	found := map[string]unstructured.Unstructured{}
	for _, item := range all.Items {
		found[item.GetNamespace()+"/"+item.GetName()] = item
	}
	return found
}
