// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/kube/kubetest"
	"github.com/kratix-tools/kratix/internal/work"
)

// The platform that is measured.
const (
	platformWorks = 10_000
	workSize      = 20 << 10 // bytes of compressed content in each
	bigDocuments  = 10       // of a large Work
	bigDocument   = 1 << 20  // bytes of each before compression, a tenth after
	bigWork       = "large-instance-configure-0c0de"
)

// What is promised of reading it, in terms of what kubectl needs for its Works
// alone.
const (
	mostBytes    = 0.1 // of the bytes of "kubectl get works -A -o json"
	mostTime     = 0.5 // of its time
	mostInspect  = 100 // MB
	mostBigWork  = 1.2 // of the time of kubectl, base64 and gunzip
	platformRuns = 3
)

// A platformBench is a real API server with a large platform, behind something
// that counts bytes.
type platformBench struct {
	dir, program, kubectl string
	kubeconfig            string
	wire                  *wire
}

// platform measures reading a large platform against kubectl, where "make
// kube-apiserver" was.
func platform(ctx context.Context, dir, program string) error {
	kubectl, err := kubetest.Program("kubectl")
	if err != nil {
		fmt.Printf("%-28s not measured: %v\n", fmt.Sprintf("a platform of %d Works", platformWorks), err)
		return nil
	}
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	server, err := kubetest.Start(ctx)
	if err != nil {
		return err
	}
	defer server.Stop()
	started := time.Now()
	if err := load(ctx, server); err != nil {
		return err
	}
	fmt.Printf("%-28s loaded in %.0f s\n", fmt.Sprintf("a platform of %d Works", platformWorks), time.Since(started).Seconds())
	p := &platformBench{dir: dir, program: program, kubectl: kubectl}
	if p.wire, err = tap(strings.TrimPrefix(server.Config.Host, "https://")); err != nil {
		return err
	}
	defer p.wire.close()
	if p.kubeconfig, err = p.wire.kubeconfig(dir, server); err != nil {
		return err
	}
	forget()
	if err := p.list(ctx); err != nil {
		return err
	}
	return p.large(ctx)
}

// list measures what is wrong on the whole platform, which is nothing.
func (p *platformBench) list(ctx context.Context) error {
	peer, err := p.measure("kubectl get works -o json", func() *exec.Cmd {
		return exec.CommandContext(ctx, p.kubectl, "get", "works", "-A", "-o", "json")
	})
	if err != nil {
		return err
	}
	ours, err := p.measure("kratix inspect works", func() *exec.Cmd {
		return exec.CommandContext(ctx, p.program, "inspect", "works", "-A")
	})
	if err != nil {
		return err
	}
	compared("  bytes of kubectl's", float64(ours.moved)/float64(peer.moved), "times", "at most", mostBytes)
	compared("  time of kubectl's", ours.ratio(peer), "times", "at most", mostTime)
	compared("  peak memory", float64(ours.peak)/1e6, "MB", "at most", mostInspect)
	return nil
}

// large measures one Work whose documents are large. The peer decompresses
// them too, which is the least that one has to do to read them.
func (p *platformBench) large(ctx context.Context) error {
	const pipeline = `"$0" get work "$1" -o go-template='{{range .spec.workloadGroups}}{{range .workloads}}{{.content}}{{"\n"}}{{end}}{{end}}' |
while read -r content; do printf %s "$content" | base64 -d | gunzip; done`
	peer, err := p.measure("kubectl, base64, gunzip", func() *exec.Cmd {
		return exec.CommandContext(ctx, "sh", "-c", pipeline, p.kubectl, bigWork)
	})
	if err != nil {
		return err
	}
	ours, err := p.measure("kratix inspect work, 10 MB", func() *exec.Cmd {
		return exec.CommandContext(ctx, p.program, "inspect", "work", bigWork)
	})
	if err != nil {
		return err
	}
	compared("  time of that pipeline's", ours.ratio(peer), "times", "at most", mostBigWork)
	return nil
}

// A cost is what a command took.
type cost struct {
	times durations
	moved int64 // bytes, of the last run
	peak  int64 // bytes, of the worst run
}

func (c *cost) ratio(peer *cost) float64 {
	return float64(c.times.median()) / float64(peer.times.median())
}

// measure runs a command several times, whose output nobody sees.
func (p *platformBench) measure(what string, command func() *exec.Cmd) (*cost, error) {
	var c cost
	var err error
	c.times, err = measure(platformRuns, func() error {
		before := p.wire.moved.Load()
		cmd := command()
		cmd.Env = append(os.Environ(), "KUBECONFIG="+p.kubeconfig, "KUBECACHEDIR="+filepath.Join(p.dir, "kubectl"))
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w\n%s", what, err, said.String())
		}
		c.moved = p.wire.moved.Load() - before
		c.peak = max(c.peak, peakOf(cmd.ProcessState))
		return nil
	})
	c.times.print(what)
	if err == nil {
		fmt.Printf("%-28s %.1f MB moved, %.0f MB of memory at most\n", "", float64(c.moved)/1e6, float64(c.peak)/1e6)
	}
	return &c, err
}

// peakOf is the most memory that a process had, in bytes, but at least what
// this one had when it started the other.
func peakOf(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin":
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}

// forget gives memory back and, on Linux, makes the kernel forget how much
// there was: processes that are started now inherit that figure.
func forget() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // elsewhere figures are larger
}

// load fills a server with Works, all of them written to one of a few
// Destinations, and the large one.
func load(ctx context.Context, server *kubetest.Server) error {
	definitions, err := kubetest.Objects("internal/api/crds")
	if err != nil {
		return err
	}
	for _, crd := range definitions {
		withoutSubresources(crd)
	}
	if err := server.Create(ctx, append(definitions, world()...)...); err != nil {
		return err
	}
	const batch = 200
	random := rand.NewChaCha8([32]byte{})
	for first := 0; first < platformWorks; first += batch {
		var objects []*unstructured.Unstructured
		for n := range batch {
			name := fmt.Sprintf("app-%05d-instance-configure-0c0de", first+n)
			objects = append(objects, placed(name, []any{document("config.yaml", random, workSize*3/4)}, destination(n))...)
		}
		if err := server.Create(ctx, objects...); err != nil {
			return err
		}
	}
	var documents []any
	for n := range bigDocuments {
		documents = append(documents, document(fmt.Sprintf("config-%d.yaml", n), random, bigDocument/10))
	}
	return server.Create(ctx, placed(bigWork, documents, destination(0))...)
}

// withoutSubresources lets an object be created with its status at once, which
// halves the time that loading takes and changes nothing for readers.
func withoutSubresources(crd *unstructured.Unstructured) {
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, version := range versions {
		if v, ok := version.(map[string]any); ok {
			delete(v, "subresources")
		}
	}
	_ = unstructured.SetNestedSlice(crd.Object, versions, "spec", "versions")
}

func destination(n int) string { return fmt.Sprintf("worker-%d", n%5) }

// world is what Works are placed on, and what they are for.
func world() []*unstructured.Unstructured {
	objects := []*unstructured.Unstructured{
		object("Promise", "", "app", nil, map[string]any{}, nil),
		object(api.KindBucketStateStore, "", "bucket", nil, map[string]any{
			"bucketName": "platform", "endpoint": "minio:9000", "authMethod": "IAM",
		}, ready()),
	}
	for n := range 5 {
		objects = append(objects, object("Destination", "", destination(n), map[string]any{"environment": "dev"}, map[string]any{
			"path":          destination(n),
			"filepath":      map[string]any{"mode": string(api.FilepathNested)},
			"stateStoreRef": map[string]any{"kind": api.KindBucketStateStore, "name": "bucket"},
		}, ready()))
	}
	return objects
}

// placed is a Work and its WorkPlacement, which was written.
func placed(name string, documents []any, destination string) []*unstructured.Unstructured {
	request, _, _ := strings.Cut(name, "-instance")
	labels := map[string]any{
		api.LabelPromiseName: "app", api.LabelResourceName: request, api.LabelResourceNamespace: "default",
		api.LabelPipelineName: "instance-configure", api.LabelWorkType: "resource",
	}
	id := work.GroupID(".")
	group := map[string]any{
		"id": id, "directory": ".", "workloads": documents,
		"destinationSelectors": []any{map[string]any{"matchLabels": map[string]any{"environment": "dev"}, "source": "promise"}},
	}
	objects := []*unstructured.Unstructured{
		object("Work", "default", name, labels, map[string]any{
			"promiseName": "app", "resourceName": request, "workloadGroups": []any{group},
		}, ready()),
		object("WorkPlacement", "default", name+"."+destination+"-"+work.ShortID(id), map[string]any{
			api.LabelWork: name, api.LabelTargetDestinationName: destination, api.LabelWorkloadGroupID: id,
			api.LabelPipelineName: "instance-configure",
		}, map[string]any{
			"id": id, "promiseName": "app", "resourceName": request, "targetDestinationName": destination, "workloads": documents,
		}, ready()),
	}
	objects[1].SetFinalizers([]string{"finalizers.workplacement.kratix.io/repo-cleanup"})
	objects[1].SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: objects[0].GetAPIVersion(), Kind: "Work", Name: name, UID: "00000000-0000-0000-0000-000000000000",
	}})
	return objects
}

func ready() map[string]any {
	conditions := []any{}
	for kind, message := range map[string]string{"Ready": "Ready", "ScheduleSucceeded": "Scheduled to correct Destination"} {
		conditions = append(conditions, map[string]any{
			"type": kind, "status": "True", "reason": "Fine", "message": message, "lastTransitionTime": "2026-11-23T05:00:00Z",
		})
	}
	return map[string]any{"status": "Ready", "conditions": conditions}
}

func object(kind, namespace, name string, labels, spec, status map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": api.Group + "/" + api.Version, "kind": kind,
		"metadata": map[string]any{"name": name, "labels": labels}, "spec": spec, "status": status,
	}}
	o.SetNamespace(namespace)
	return o
}

// document is a workload whose content takes so many bytes compressed, before
// base64. Ten times as many lines of it are alike.
func document(name string, random io.Reader, size int) any {
	noise := make([]byte, size*3/4) // base64 of it has size bytes, which compress to three quarters
	_, _ = io.ReadFull(random, noise)
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, namespace: default}\ndata:\n  noise: " +
		base64.StdEncoding.EncodeToString(noise) + "\n"
	if size > workSize {
		text += "  alike: |\n" + strings.Repeat("    a line as there are many\n", 9*size/29)
	}
	return map[string]any{"filepath": name, "content": work.Compress([]byte(text))}
}
