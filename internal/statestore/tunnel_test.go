// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
)

// Others on this machine find the proxy, but it opens to nobody without its
// password, and then to one address alone.
func TestProxyLeadsToOneAddressWithItsPassword(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	t.Cleanup(func() { _, _ = here.Close(), there.Close() })
	dial := func(context.Context, string, string) (net.Conn, error) { return there, nil }
	tunnel, err := newTunnel(dial, "git.forge.svc:443", true)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := url.Parse(tunnel.proxyURL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", proxy.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	answers := bufio.NewReader(conn)
	password, _ := proxy.User.Password()
	for _, try := range []struct {
		method, address, password string
		want                      int
	}{
		{http.MethodConnect, "git.forge.svc:443", "", http.StatusProxyAuthRequired},
		{http.MethodConnect, "git.forge.svc:443", "guess", http.StatusProxyAuthRequired},
		{http.MethodConnect, "vault.forge.svc:443", password, http.StatusForbidden},
		{http.MethodGet, "git.forge.svc:443", password, http.StatusForbidden},
		{http.MethodConnect, "git.forge.svc:443", password, http.StatusOK},
	} {
		if got := ask(t, conn, answers, try.method, try.address, try.password); got != try.want {
			t.Errorf("%s %s with %q: %d, want %d", try.method, try.address, try.password, got, try.want)
		}
	}
	go func() { _, _ = io.WriteString(here, "hello\n") }()
	if line, err := answers.ReadString('\n'); line != "hello\n" {
		t.Errorf("read %q, %v", line, err)
	}
	if err := tunnel.close(); err != nil {
		t.Error(err)
	}
	if _, err := here.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v, want the end of the connection", err)
	}
}

func ask(t *testing.T, conn io.Writer, answers *bufio.Reader, method, address, password string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("kratix", password)
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nProxy-Authorization: %s\r\n\r\n", method, address, address, request.Header.Get("Authorization"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(answers, request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}
