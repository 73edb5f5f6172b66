// SPDX-License-Identifier: Apache-2.0

// Package storetest has state stores for tests, on loopback and real as far as
// a client can see: git's own http-backend behind TLS and a password, the same
// repository behind an SSH server, and an S3 server that checks signatures.
//
// They need no testing.TB, so that scripts can start them too. What they return
// as Spec and Secret is what a cluster has of such a store.
package storetest

import (
	"io"
	"log"
	"net/http/httptest"
)

// quiet keeps what a server thinks of its clients out of the test's output.
func quiet(s *httptest.Server) {
	s.Config.ErrorLog = log.New(io.Discard, "", 0) //nolint:forbidigo // the only way to be quiet
}
