// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// portForwardV1 is the only protocol that kubelets speak for tunnels.
const portForwardV1 = "portforward.k8s.io"

// servePorts answers as a kubelet does: over one connection come pairs of
// streams, one for the bytes of a connection to a port and one for its error.
func (n *Node) servePorts(w http.ResponseWriter, r *http.Request) {
	if _, err := httpstream.Handshake(r, w, []string{portForwardV1}); err != nil {
		return // the client was told
	}
	streams := make(chan httpstream.Stream)
	done := make(chan struct{})
	defer close(done)
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, replied <-chan struct{}) error {
		go func() {
			<-replied
			select {
			case streams <- stream:
			case <-done:
			}
		}()
		return nil
	})
	if connection == nil {
		return // the client was told
	}
	defer func() { _ = connection.Close() }()

	half := map[string]httpstream.Stream{} // the first of each pair
	for {
		select {
		case <-connection.CloseChan():
			return
		case stream := <-streams:
			id := stream.Headers().Get(corev1.PortForwardRequestIDHeader)
			other := half[id]
			if other == nil {
				half[id] = stream
				continue
			}
			delete(half, id)
			data, failure := stream, other
			if data.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
				data, failure = failure, data
			}
			go n.tunnel(r.PathValue("namespace"), r.PathValue("pod"), data, failure)
		}
	}
}

// tunnel connects a stream with the port of a Pod that it asks for.
func (n *Node) tunnel(namespace, pod string, data, failure httpstream.Stream) {
	defer func() { _ = failure.Close() }()
	defer func() { _ = data.Close() }()
	connection, err := n.dial(namespace, pod, data.Headers().Get(corev1.PortHeader))
	if err != nil {
		fmt.Fprint(failure, err)
		return
	}
	var copies sync.WaitGroup
	copies.Go(func() {
		_, _ = io.Copy(connection, data)
		if half, ok := connection.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
	})
	_, _ = io.Copy(data, connection)
	_ = errors.Join(data.Close(), connection.Close())
	copies.Wait()
}

func (n *Node) dial(namespace, pod, port string) (net.Conn, error) {
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	address, ok := n.ports[endpoint{namespace, pod, number}]
	n.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("nothing listens on port %d of pod %s/%s", number, namespace, pod)
	}
	return net.Dial("tcp", address)
}
