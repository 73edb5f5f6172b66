// SPDX-License-Identifier: Apache-2.0

package kubetest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // client-go asks for it
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"

	"github.com/kratix-tools/kratix/internal/kube/kubetest"
)

// startNode starts a Node with one Pod, whose name is that of the Node.
func startNode(t *testing.T, s *kubetest.Server, name string) *kubetest.Node {
	t.Helper()
	node, err := s.StartNode(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.Stop)
	err = node.Run(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "reader", Image: "reader"}},
			Containers:     []corev1.Container{{Name: "writer", Image: "writer"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func logOf(ctx context.Context, s *kubetest.Server, pod, query string) (*http.Response, error) {
	client, err := rest.HTTPClientFor(s.Config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Config.Host+"/api/v1/namespaces/default/pods/"+pod+"/log?"+query, http.NoBody)
	if err != nil {
		return nil, err
	}
	return client.Do(request)
}

func TestLogs(t *testing.T) {
	t.Parallel()
	s := server.Server(t)
	node := startNode(t, s, "logs")
	at := time.Date(2026, 11, 23, 4, 40, 0, 500_000_000, time.UTC)
	reader := kubetest.Container{Namespace: "default", Pod: "logs", Name: "reader"}
	node.Print(reader, at, "one", "two")
	node.Print(reader, at.Add(time.Second), "three")
	for query, want := range map[string]string{
		"container=reader":                             "200 one\ntwo\nthree\n",
		"container=reader&tailLines=2":                 "200 two\nthree\n",
		"container=reader&tailLines=1&timestamps=true": "200 2026-11-23T04:40:01.5Z three\n",
		"container=writer":                             `400 container "writer" in pod "logs" is waiting to start: PodInitializing`,
		"container=nobody":                             "400 container nobody is not valid for pod logs",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			response, err := logOf(t.Context(), s, "logs", query)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%d %s", response.StatusCode, message(body))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// message is the text of a metav1.Status, or the body itself.
func message(body []byte) string {
	var status metav1.Status
	if err := json.Unmarshal(body, &status); err != nil {
		return string(body)
	}
	return status.Message
}

// Whoever follows a log sees a line when it is printed, and the end.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := server.Server(t)
	node := startNode(t, s, "follow")
	writer := kubetest.Container{Namespace: "default", Pod: "follow", Name: "writer"}
	node.Print(writer, time.Now(), "first")
	response, err := logOf(t.Context(), s, "follow", "container=writer&follow=true")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewReader(response.Body)
	for _, want := range []string{"first\n", "second\n"} {
		got, err := lines.ReadString('\n')
		if got != want || err != nil {
			t.Fatalf("want %q, got %q, %v", want, got, err)
		}
		if want == "first\n" {
			node.Print(writer, time.Now(), "second")
		}
	}
	node.End(writer)
	if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
		t.Errorf("want the end, got %q, %v", rest, err)
	}
}

// A tunnel leads to the address that serves in place of a Pod, whichever
// protocol the client speaks with the API server.
func TestTunnel(t *testing.T) {
	t.Parallel()
	s := server.Server(t)
	node := startNode(t, s, "tunnel")
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(echo.Close)
	node.Forward("default", "tunnel", 9000, echo.Listener.Addr().String())

	for name, dialer := range dialers(t, s, "tunnel") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := forward(t, dialer, 9000)
			long := strings.Repeat("0123456789", 100_000)
			for range 3 {
				response, err := http.Post("http://"+address, "text/plain", strings.NewReader(long))
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(response.Body)
				if err := errors.Join(err, response.Body.Close()); err != nil || string(body) != long {
					t.Fatalf("want %d bytes, got %d, %v", len(long), len(body), err)
				}
			}
		})
	}
}

func TestTunnelToNowhere(t *testing.T) {
	t.Parallel()
	s := server.Server(t)
	startNode(t, s, "nowhere")
	for name, dialer := range dialers(t, s, "nowhere") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection, err := net.Dial("tcp", forward(t, dialer, 9000))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = connection.Close() }()
			if got, _ := io.ReadAll(connection); len(got) > 0 {
				t.Errorf("want nothing, got %q", got)
			}
		})
	}
}

// dialers are the two ways in which clients reach the ports of a Pod.
func dialers(t *testing.T, s *kubetest.Server, pod string) map[string]httpstream.Dialer {
	t.Helper()
	base, _, err := rest.DefaultServerUrlFor(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	at := base.JoinPath("/api/v1/namespaces/default/pods", pod, "portforward")
	transport, upgrader, err := spdy.RoundTripperFor(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	websocket, err := portforward.NewSPDYOverWebsocketDialer(at, s.Config)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]httpstream.Dialer{
		"websocket": websocket,
		"spdy":      spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, at),
	}
}

// forward opens a tunnel and returns its address on this machine.
func forward(t *testing.T, dialer httpstream.Dialer, port int) string {
	t.Helper()
	stop, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(ended)
		ended <- forwarder.ForwardPorts()
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(stop)
		for range ended { // until it is closed
		}
	})
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", ports[0].Local)
}
