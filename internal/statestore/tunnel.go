// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// A dialer connects to an address as net.Dialer.DialContext does.
type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// A tunnel lets git, a process of its own, connect to one address by a function
// of this process. It listens on loopback: for https as an HTTP proxy that
// knows the one address and wants a password, for ssh as the address itself.
type tunnel struct {
	address  string
	dial     dialer
	password string // of the proxy; empty for ssh

	listener net.Listener
	end      context.CancelFunc
	running  sync.WaitGroup

	mu      sync.Mutex
	refused error // why the address could not be reached the last time
}

// newTunnel listens, as a proxy or as the address itself.
func newTunnel(dial dialer, address string, proxy bool) (*tunnel, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	t := &tunnel{address: address, dial: dial, listener: listener, end: end}
	if proxy {
		t.password = rand.Text()
	}
	t.running.Go(func() { t.accept(ctx) })
	return t, nil
}

// close ends the tunnel and all connections through it.
func (t *tunnel) close() error {
	t.end()
	err := t.listener.Close()
	t.running.Wait()
	return err
}

// local is where the tunnel listens.
func (t *tunnel) local() string { return t.listener.Addr().String() }

// proxyURL is the tunnel as git's http.proxy.
func (t *tunnel) proxyURL() string { return "http://kratix:" + t.password + "@" + t.local() }

func (t *tunnel) accept(ctx context.Context) {
	for {
		here, err := t.listener.Accept()
		if err != nil {
			return
		}
		t.running.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = here.Close() })()
			defer func() { _ = here.Close() }()
			t.serve(ctx, here)
		})
	}
}

// serve joins a connection to the address, after a proxy's handshake.
func (t *tunnel) serve(ctx context.Context, here net.Conn) {
	if t.password == "" {
		if there, err := t.reach(ctx); err == nil {
			join(ctx, here, there)
		}
		return
	}
	buffered := bufio.NewReader(here)
	there := t.handshake(ctx, here, buffered)
	if there != nil {
		join(ctx, &readAhead{here, buffered}, there)
	}
}

// handshake answers requests until one of them is a CONNECT that succeeds; nil
// if none was.
func (t *tunnel) handshake(ctx context.Context, here io.Writer, requests *bufio.Reader) net.Conn {
	for {
		request, err := http.ReadRequest(requests)
		if err != nil {
			return nil
		}
		status, there := t.answer(ctx, request)
		if _, err := fmt.Fprintf(here, "HTTP/1.1 %d %s\r\n%s\r\n", status, http.StatusText(status), answerHeaders(status)); err != nil {
			if there != nil {
				_ = there.Close()
			}
			return nil
		}
		if there != nil {
			return there
		}
	}
}

func answerHeaders(status int) string {
	switch status {
	case http.StatusOK:
		return ""
	case http.StatusProxyAuthRequired:
		return "Proxy-Authenticate: Basic realm=\"kratix\"\r\nContent-Length: 0\r\n"
	default:
		return "Content-Length: 0\r\n"
	}
}

func (t *tunnel) answer(ctx context.Context, r *http.Request) (status int, there net.Conn) {
	if !t.knows(r.Header.Get("Proxy-Authorization")) {
		return http.StatusProxyAuthRequired, nil
	}
	if r.Method != http.MethodConnect || r.Host != t.address {
		return http.StatusForbidden, nil
	}
	there, err := t.reach(ctx)
	if err != nil {
		return http.StatusBadGateway, nil
	}
	return http.StatusOK, there
}

// knows keeps the others on this machine out of what dial reaches.
func (t *tunnel) knows(authorization string) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("kratix:"+t.password))
	return subtle.ConstantTimeCompare([]byte(want), []byte(authorization)) == 1
}

func (t *tunnel) reach(ctx context.Context) (net.Conn, error) {
	conn, err := t.dial(ctx, "tcp", t.address)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = err
	return conn, err
}

// fault says why the address could not be reached, if it could not.
func (t *tunnel) fault() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// join copies between two connections until one of them ends, or ctx, and
// closes both.
func join(ctx context.Context, a, b net.Conn) {
	end := func() { _, _ = a.Close(), b.Close() }
	defer context.AfterFunc(ctx, end)()
	var copying sync.WaitGroup
	copying.Go(func() { defer end(); _, _ = io.Copy(a, b) })
	copying.Go(func() { defer end(); _, _ = io.Copy(b, a) })
	copying.Wait()
}

// A readAhead is a connection of which something was read already.
type readAhead struct {
	net.Conn
	buffered *bufio.Reader
}

func (c *readAhead) Read(p []byte) (int, error) { return c.buffered.Read(p) }
