// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Node is a stand-in for the kubelet of a Node: it runs nothing, but the API
// server asks it for the logs of its Pods and for connections to their ports, as
// it asks a kubelet, so that clients get them as they get them from a cluster.
type Node struct {
	Name string

	server *Server
	http   *http.Server

	mu    sync.Mutex
	logs  map[Container]*output
	ports map[endpoint]string // to the address that serves in its place
}

// A Container is one of a Pod, be it an init container or not.
type Container struct{ Namespace, Pod, Name string }

// An endpoint is a port of a Pod.
type endpoint struct {
	namespace, pod string
	port           int
}

// StartNode registers a Node and answers for it. The caller stops it.
func (s *Server) StartNode(ctx context.Context, name string) (*Node, error) {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{s.certificate.pair}})
	if err != nil {
		return nil, err
	}
	n := &Node{Name: name, server: s, logs: map[Container]*output{}, ports: map[endpoint]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", n.serveLog)
	mux.HandleFunc("/portForward/{namespace}/{pod}", n.servePorts)
	n.http = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = n.http.Serve(listener) }() // it ends when the Node is stopped

	if err := n.register(ctx, listener.Addr()); err != nil {
		n.Stop()
		return nil, err
	}
	return n, nil
}

// register tells the API server where the Node is.
func (n *Node) register(ctx context.Context, at net.Addr) error {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		return err
	}
	return n.server.Create(ctx, unstruct(&corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: n.Name},
		Status: corev1.NodeStatus{
			Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: host}},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(number)}},
			Conditions:      []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}))
}

// Stop ends the stand-in and every answer that it still gives.
func (n *Node) Stop() { _ = n.http.Close() }

// Run creates a Pod on the Node, with the status that it has. Without a phase
// it is Running and ready.
func (n *Node) Run(ctx context.Context, pod *corev1.Pod) error {
	pod = pod.DeepCopy()
	pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	pod.Namespace = cmp.Or(pod.Namespace, metav1.NamespaceDefault)
	pod.Spec.NodeName = n.Name
	if pod.Status.Phase == "" {
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
	}
	return n.server.Create(ctx, unstruct(pod))
}

// Print adds lines to the log of a container, as printed at a time. A container
// that never printed has not started yet.
func (n *Node) Print(c Container, at time.Time, lines ...string) {
	n.change(c, func(o *output) {
		for _, text := range lines {
			o.lines = append(o.lines, line{at, text})
		}
	})
}

// End ends a container: nobody waits for more of its log.
func (n *Node) End(c Container) {
	n.change(c, func(o *output) { o.ended = true })
}

// Forward leads connections to a port of a Pod to an address.
func (n *Node) Forward(namespace, pod string, port int, address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports[endpoint{namespace, pod, port}] = address
}

// An output is what a container has printed so far.
type output struct {
	lines   []line
	ended   bool
	changed chan struct{} // closed by the next change
}

type line struct {
	at   time.Time
	text string
}

func (n *Node) change(c Container, change func(*output)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	o := n.logs[c]
	if o == nil {
		o = &output{changed: make(chan struct{})}
		n.logs[c] = o
	}
	change(o)
	close(o.changed)
	o.changed = make(chan struct{})
}

// printed is what a container has printed until now.
func (n *Node) printed(c Container) (output, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	o := n.logs[c]
	if o == nil {
		return output{}, false
	}
	return *o, true
}

// A logQuery is what clients may ask of a log here; a kubelet knows more.
type logQuery struct {
	follow, timestamps bool
	tail               int // negative is all
}

var errQuery = errors.New("the stand-in for a kubelet does not know")

func parseLogQuery(r *http.Request) (logQuery, error) {
	q := logQuery{tail: -1}
	for name, values := range r.URL.Query() {
		var err error
		switch value := values[0]; name {
		case "follow":
			q.follow, err = strconv.ParseBool(value)
		case "timestamps":
			q.timestamps, err = strconv.ParseBool(value)
		case "tailLines":
			q.tail, err = strconv.Atoi(value)
		default:
			if name != "stream" || value != corev1.LogStreamAll {
				err = fmt.Errorf("%w %s=%s", errQuery, name, value)
			}
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

// serveLog answers as a kubelet does.
func (n *Node) serveLog(w http.ResponseWriter, r *http.Request) {
	c := Container{r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")}
	q, err := parseLogQuery(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o, started := n.printed(c)
	if !started {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "container %q in pod %q is waiting to start: PodInitializing", c.Name, c.Pod)
		return
	}
	shown := 0
	if q.tail >= 0 {
		shown = max(0, len(o.lines)-q.tail)
	}
	for {
		for _, line := range o.lines[shown:] {
			if q.timestamps {
				fmt.Fprint(w, line.at.UTC().Format(time.RFC3339Nano), " ")
			}
			fmt.Fprintln(w, line.text)
		}
		shown = len(o.lines)
		_ = http.NewResponseController(w).Flush() // who went away is seen below
		if o.ended || !q.follow {
			return
		}
		select {
		case <-o.changed:
			o, _ = n.printed(c)
		case <-r.Context().Done():
			return
		}
	}
}
