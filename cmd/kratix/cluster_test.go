// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-tools/kratix/internal/kube/kubetest"
)

// clusters are the API servers of the scripts: one with the recorded platform
// for all of them, and those that a script has for itself.
type clusters struct {
	platform kubetest.Shared

	mu    sync.Mutex
	own   map[*testscript.TestScript]*kubetest.Server
	nodes map[*testscript.TestScript]*kubetest.Node
}

func newClusters() *clusters {
	return &clusters{
		platform: kubetest.Shared{Load: (*kubetest.Server).LoadPlatform},
		own:      map[*testscript.TestScript]*kubetest.Server{},
		nodes:    map[*testscript.TestScript]*kubetest.Node{},
	}
}

// end ends the server of all scripts, if it was ever started.
func (c *clusters) end() { c.platform.Stop() }

// hasCluster is "[cluster]": scripts may use the command cluster.
func hasCluster() bool {
	_, err := kubetest.Program("kube-apiserver")
	return err == nil
}

// "cluster" sets $KUBECONFIG, and $KUBECTL to a kubectl of the same version. Its
// other forms say what is behind it:
//
//	cluster                        the recorded platform, to be read by many
//	cluster fresh [platform|bare]  a server for this script alone, empty but for
//	                               Kratix's CRDs, with the recorded platform, or
//	                               without even the CRDs
//	cluster load FILE...           creates objects, with their status
//	cluster pods FILE DIR          creates Pods; what their containers printed
//	                               is DIR/NAMESPACE/POD/CONTAINER, a line each
//	                               second from 2026-11-23T05:00:00Z on; those
//	                               that the Pod's status calls running go on
//	cluster print NAMESPACE/POD/CONTAINER LINE
//	cluster end NAMESPACE/POD/CONTAINER
//	                               what such a container does next
//	cluster forward NAMESPACE/POD PORT ADDRESS
//	                               what answers at a port of a Pod
//	cluster account NAME RESOURCE[.GROUP]...
//	                               a ServiceAccount that may read only this
//
// All of these but account are for servers of their own.
func (c *clusters) use(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! cluster")
	}
	form := ""
	if len(args) > 0 {
		form, args = args[0], args[1:]
	}
	switch {
	case form == "" || form == "fresh" && len(args) <= 1:
		c.start(ts, form == "fresh", strings.Join(args, " "))
	case form == "load" && len(args) > 0:
		for i := range args {
			args[i] = ts.MkAbs(args[i])
		}
		objects, err := kubetest.Objects(args...)
		ts.Check(err)
		ts.Check(c.server(ts, true).Create(context.Background(), objects...))
	case form == "pods" && len(args) == 2:
		c.pods(ts, ts.MkAbs(args[0]), ts.MkAbs(args[1]))
	case form == "print" && len(args) == 2:
		c.node(ts).Print(containerOf(ts, args[0]), time.Now(), args[1])
	case form == "end" && len(args) == 1:
		c.node(ts).End(containerOf(ts, args[0]))
	case form == "forward" && len(args) == 3:
		namespace, pod, _ := strings.Cut(args[0], "/")
		port, err := strconv.Atoi(args[1])
		ts.Check(err)
		c.node(ts).Forward(namespace, pod, port, args[2])
	case form == "account" && len(args) > 1:
		c.account(ts, args[0], args[1:])
	default:
		ts.Fatalf("unknown form of cluster")
	}
}

// start sets $KUBECONFIG to the platform, or to a server of the script's own.
func (c *clusters) start(ts *testscript.TestScript, fresh bool, with string) {
	if fresh {
		server, err := kubetest.Start(context.Background())
		ts.Check(err)
		ts.Defer(server.Stop)
		c.mu.Lock()
		c.own[ts] = server
		c.mu.Unlock()
		switch with {
		case "":
			ts.Check(server.LoadCRDs(context.Background()))
		case "platform":
			ts.Check(server.LoadPlatform(context.Background()))
		case "bare":
		default:
			ts.Fatalf("unknown form of cluster fresh")
		}
	}
	ts.Setenv("KUBECONFIG", c.server(ts, false).Kubeconfig)
	kubectl, err := kubetest.Program("kubectl")
	ts.Check(err)
	ts.Setenv("KUBECTL", kubectl)
}

// server is that of the script.
func (c *clusters) server(ts *testscript.TestScript, own bool) *kubetest.Server {
	c.mu.Lock()
	server := c.own[ts]
	c.mu.Unlock()
	if server != nil {
		return server
	}
	if own {
		ts.Fatalf("a script that changes a cluster begins with: cluster fresh")
	}
	server, err := c.platform.Get()
	ts.Check(err)
	return server
}

func (c *clusters) account(ts *testscript.TestScript, name string, resources []string) {
	var grants []kubetest.Grant
	for _, resource := range resources {
		resource, group, _ := strings.Cut(resource, ".")
		grants = append(grants, kubetest.Read(group, resource))
	}
	kubeconfig, err := c.server(ts, false).Account(context.Background(), name, grants...)
	ts.Check(err)
	ts.Setenv("KUBECONFIG", kubeconfig)
}

// node is the Node of the script's own server, which it starts.
func (c *clusters) node(ts *testscript.TestScript) *kubetest.Node {
	server := c.server(ts, true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nodes[ts] == nil {
		node, err := server.StartNode(context.Background(), "node")
		ts.Check(err)
		ts.Defer(node.Stop)
		c.nodes[ts] = node
	}
	return c.nodes[ts]
}

// containerOf reads NAMESPACE/POD/CONTAINER.
func containerOf(ts *testscript.TestScript, path string) kubetest.Container {
	parts := strings.Split(path, "/")
	if len(parts) != 3 {
		ts.Fatalf("%s is not namespace/pod/container", path)
	}
	return kubetest.Container{Namespace: parts[0], Pod: parts[1], Name: parts[2]}
}

func (c *clusters) pods(ts *testscript.TestScript, file, logs string) {
	node := c.node(ts)
	objects, err := kubetest.Objects(file)
	ts.Check(err)
	running := map[kubetest.Container]bool{}
	for _, object := range objects {
		var pod corev1.Pod
		ts.Check(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pod))
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			at := kubetest.Container{Namespace: cmp.Or(pod.Namespace, "default"), Pod: pod.Name, Name: status.Name}
			running[at] = status.State.Running != nil
		}
		ts.Check(node.Run(context.Background(), &pod))
	}
	files, err := filepath.Glob(filepath.Join(logs, "*", "*", "*"))
	ts.Check(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		ts.Check(err)
		path, err := filepath.Rel(logs, file)
		ts.Check(err)
		at := containerOf(ts, filepath.ToSlash(path))
		start := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
		for line := range strings.Lines(string(text)) {
			node.Print(at, start, strings.TrimSuffix(line, "\n"))
			start = start.Add(time.Second)
		}
		if !running[at] {
			node.End(at)
		}
	}
}
