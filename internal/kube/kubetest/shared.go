// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// A Shared is a server for all tests of a package, started by the first that
// asks for it. TestMain stops it.
type Shared struct {
	// Load fills the new server; nil leaves it empty.
	Load func(*Server, context.Context) error

	once   sync.Once
	server *Server
	err    error
}

// Get is the server, or why there is none.
func (s *Shared) Get() (*Server, error) {
	s.once.Do(func() {
		ctx := context.Background() // not that of the test that happens to be first
		if s.server, s.err = Start(ctx); s.err == nil && s.Load != nil {
			s.err = s.Load(s.server, ctx)
		}
	})
	return s.server, s.err
}

// Server is the server. The test is skipped where there is none to start.
func (s *Shared) Server(tb testing.TB) *Server {
	tb.Helper()
	server, err := s.Get()
	switch {
	case errors.Is(err, ErrNoPrograms):
		tb.Skip(err)
	case err != nil:
		tb.Fatal(err)
	}
	return server
}

// Stop ends the server, if it was ever started.
func (s *Shared) Stop() {
	if s.server != nil {
		s.server.Stop()
	}
}
