// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kratix-tools/kratix/internal/kube/kubetest"
)

// A wire leads to a server and counts what is moved on it in both directions:
// bytes as TCP has them, encrypted and perhaps compressed.
type wire struct {
	moved atomic.Int64

	to       string
	listener net.Listener
	running  sync.WaitGroup
}

// tap makes a wire to an address.
func tap(address string) (*wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{to: address, listener: listener}
	w.running.Go(w.accept)
	return w, nil
}

// close takes the wire away from who is not yet connected, and waits for the
// others.
func (w *wire) close() {
	_ = w.listener.Close()
	w.running.Wait()
}

func (w *wire) accept() {
	for {
		here, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.running.Go(func() { w.join(here) })
	}
}

func (w *wire) join(here net.Conn) {
	there, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = here.Close()
		return
	}
	var copying sync.WaitGroup
	for _, pair := range [][2]net.Conn{{here, there}, {there, here}} {
		copying.Go(func() {
			_, _ = io.Copy(&counted{pair[0], &w.moved}, pair[1])
			_, _ = here.Close(), there.Close()
		})
	}
	copying.Wait()
}

// counted counts what is written.
type counted struct {
	io.Writer
	moved *atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.moved.Add(int64(n))
	return n, err
}

// kubeconfig writes a file that leads to a server over the wire.
func (w *wire) kubeconfig(dir string, server *kubetest.Server) (string, error) {
	text, err := os.ReadFile(server.Kubeconfig)
	if err != nil {
		return "", err
	}
	over := strings.Replace(string(text), server.Config.Host, "https://"+w.listener.Addr().String(), 1)
	if over == string(text) {
		return "", fmt.Errorf("%s does not name %s", server.Kubeconfig, server.Config.Host)
	}
	file := filepath.Join(dir, "kubeconfig")
	return file, os.WriteFile(file, []byte(over), 0o600)
}
