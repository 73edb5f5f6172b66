// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // what client-go's portforward takes
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
)

var services = inspect.Resource{Version: "v1", Plural: "services", Kind: "Service", Namespaced: true}

// A Tunnel leads from this machine through the API server to a port of a Pod.
type Tunnel struct {
	address string
	stop    context.CancelFunc
	ended   chan error
}

// Dial connects to the other end.
func (t *Tunnel) Dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", t.address)
}

// Close ends the tunnel and all connections through it.
func (t *Tunnel) Close() error {
	t.stop()
	err := <-t.ended
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Forward opens a Tunnel to a port of a Service, which is one of the Pods
// behind it that are ready, as "kubectl port-forward service/NAME" does.
func (c *Client) Forward(ctx context.Context, namespace, service string, port int) (*Tunnel, error) {
	pod, target, err := c.behind(ctx, namespace, service, port)
	if err != nil {
		return nil, err
	}
	dialer, err := c.tunnelDialer(namespace, pod)
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("opening a tunnel to Pod %s/%s: %w", namespace, pod, err))
	}
	ctx, stop := context.WithCancel(ctx)
	ready := make(chan struct{})
	forwarder, err := portforward.NewOnAddressesWithContext(ctx, dialer, []string{"127.0.0.1"},
		[]string{"0:" + strconv.Itoa(target)}, ready, io.Discard, io.Discard)
	if err != nil {
		stop()
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- forwarder.ForwardPorts()
		close(ended)
	}()
	select {
	case <-ready:
	case err := <-ended:
		stop()
		return nil, diag.Hint(c.failed(err, fmt.Sprintf("opening a tunnel to Pod %s/%s", namespace, pod)),
			"kubectl auth can-i create pods/portforward -n "+namespace)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		stop()
		return nil, err
	}
	return &Tunnel{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(int(ports[0].Local))), stop: stop, ended: ended}, nil
}

// tunnelDialer speaks WebSocket with API servers that do and SPDY with others,
// as kubectl does.
func (c *Client) tunnelDialer(namespace, pod string) (httpstream.Dialer, error) {
	base, _, err := rest.DefaultServerUrlFor(c.config)
	if err != nil {
		return nil, err
	}
	at := base.JoinPath("/api/v1/namespaces", namespace, "pods", pod, "portforward")
	return dialerFor(c.config, at)
}

func dialerFor(config *rest.Config, at *url.URL) (httpstream.Dialer, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	old := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, at)
	current, err := portforward.NewSPDYOverWebsocketDialer(at, config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialer(current, old, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// behind finds a Pod that serves a port of a Service, and its own port.
func (c *Client) behind(ctx context.Context, namespace, service string, port int) (pod string, target int, err error) {
	var s corev1.Service
	if err := c.Get(ctx, services, namespace, service, &s); err != nil {
		if apierrors.IsNotFound(err) {
			err = diag.Machinef("there is no Service %s/%s in the cluster", namespace, service)
		}
		return "", 0, err
	}
	i := portOf(&s, port)
	if i < 0 {
		return "", 0, diag.Machinef("Service %s/%s has no port %d", namespace, service, port)
	}
	if len(s.Spec.Selector) == 0 {
		return "", 0, diag.Machinef("Service %s/%s selects no Pods, so nothing can be reached through the API server", namespace, service)
	}
	err = c.List(ctx, pods, inspect.Query{Namespace: namespace, Labels: labels.Set(s.Spec.Selector).String()}, func(object []byte) error {
		var p corev1.Pod
		if err := unmarshal(object, &p); err != nil || !isReady(&p) {
			return err
		}
		if number, ok := targetPort(&s.Spec.Ports[i], &p); ok {
			pod, target = p.Name, number
			return errFound
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFound) {
		return "", 0, err
	}
	if pod == "" {
		return "", 0, diag.Hint(diag.Machinef("no Pod behind Service %s/%s is ready", namespace, service), "kubectl get pods -n "+namespace)
	}
	return pod, target, nil
}

// errFound ends a list early.
var errFound = errors.New("found")

func portOf(s *corev1.Service, port int) int {
	for i := range s.Spec.Ports {
		if int(s.Spec.Ports[i].Port) == port {
			return i
		}
	}
	return -1
}

func isReady(p *corev1.Pod) bool {
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil
		}
	}
	return false
}

// targetPort is the number behind a port of a Service, which may name it.
func targetPort(s *corev1.ServicePort, p *corev1.Pod) (int, bool) {
	if s.TargetPort.StrVal == "" {
		if s.TargetPort.IntVal == 0 {
			return int(s.Port), true
		}
		return int(s.TargetPort.IntVal), true
	}
	for i := range p.Spec.Containers {
		for _, port := range p.Spec.Containers[i].Ports {
			if port.Name == s.TargetPort.StrVal {
				return int(port.ContainerPort), true
			}
		}
	}
	return 0, false
}
