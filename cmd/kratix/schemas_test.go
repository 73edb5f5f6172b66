// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// "schemas DIR" serves the files below DIR on loopback, by HTTPS and without, and
// sets $HTTPS and $HTTP, their URLs. What is below private/ is for those who bring
// the token "sesame". $SSL_CERT_FILE is the certificate, for a command that is to
// trust it.
func serveSchemas(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: schemas dir")
	}
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/private/") && r.Header.Get("Authorization") != "Bearer sesame" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	})
	plain := httptest.NewServer(handler)
	ts.Defer(plain.Close)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	ts.Defer(server.Close)
	certificate := filepath.Join(ts.Getenv("WORK"), ".certificate.pem")
	ts.Check(os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	ts.Setenv("SSL_CERT_FILE", certificate)
	ts.Setenv("HTTPS", server.URL)
	ts.Setenv("HTTP", plain.URL)
}
