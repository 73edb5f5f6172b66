// SPDX-License-Identifier: Apache-2.0

package fetch_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fetch"
)

// No error names the URL, which has a password here.
func TestErrors(t *testing.T) {
	t.Parallel()
	var mux http.ServeMux
	server := httptest.NewServer(&mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/ten", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("0123456789")) })
	mux.HandleFunc("/private", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	host := strings.Replace(server.URL, "http://", "http://me:secret@", 1)
	for _, test := range []struct {
		url          string
		code         int
		want         string
		unauthorized bool
	}{
		{host + "/none", diag.ExitInput, "404 Not Found", false},
		{host + "/ten", diag.ExitInput, "it is larger than 9 B", false},
		{host + "/private", diag.ExitMachine, "403 Forbidden", true},
		{"http://me:secret@127.0.0.1:1/", diag.ExitMachine, "connection refused", false},
		{"http://me:secret@[", diag.ExitInput, "it is no URL", false},
	} {
		_, err := fetch.Request{URL: test.url, Limit: 9}.Get(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.want) || diag.ExitCode(err) != test.code || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v of class %d, want %q of class %d", test.url, err, diag.ExitCode(err), test.want, test.code)
		}
		if got := errors.Is(err, fetch.ErrUnauthorized); got != test.unauthorized {
			t.Errorf("%s: not authorized: %t", test.url, got)
		}
	}
	data, err := fetch.Request{URL: host + "/ten", Limit: 10}.Get(t.Context())
	if err != nil || string(data) != "0123456789" {
		t.Errorf("got %q and error %v", data, err)
	}
}
