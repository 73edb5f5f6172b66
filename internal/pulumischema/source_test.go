// SPDX-License-Identifier: Apache-2.0

package pulumischema_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/pulumischema"
)

const schema = `{"name": "p", "version": "1.0.0", "resources": {"p:index:A": {"isComponent": true}}}`

// secret is a token. No message may have it.
const secret = "pul-0123456789abcdef"

// serve starts servers with and without TLS. What is below /private/ needs the
// token. Whoever talks through the transport comes to them as example.com, too.
func serve(t *testing.T) (https, plain string, transport http.RoundTripper) {
	t.Helper()
	var mux http.ServeMux
	open := httptest.NewServer(&mux)
	t.Cleanup(open.Close)
	server := httptest.NewUnstartedServer(&mux)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	mux.HandleFunc("/schema.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(schema)) })
	mux.HandleFunc("/private/schema.json", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(schema))
	})
	mux.Handle("/moved", http.RedirectHandler("/private/schema.json", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(strings.Replace(server.URL, "127.0.0.1", "example.com", 1)+"/private/schema.json", http.StatusFound))
	mux.Handle("/down", http.RedirectHandler(open.URL+"/private/schema.json", http.StatusFound))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/down/for/repair", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	trusting, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the client of a test server has no transport of net/http")
	}
	trusting.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, strings.Replace(address, "example.com", "127.0.0.1", 1))
	}
	return server.URL, open.URL, trusting
}

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestURLs(t *testing.T) {
	t.Parallel()
	https, plain, transport := serve(t)
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := map[string]string{"PULUMI_ACCESS_TOKEN": secret}
	file := map[string]string{"PULUMI_ACCESS_TOKEN_FILE": tokenFile}
	for name, test := range map[string]struct {
		address string
		env     map[string]string
		code    int
		err     string
		hint    string
	}{
		"public":                        {address: https + "/schema.json"},
		"public, in the clear":          {address: plain + "/schema.json"},
		"with a query":                  {address: https + "/schema.json?sig=" + secret},
		"with a token":                  {address: https + "/private/schema.json", env: token},
		"with the token of a file":      {address: https + "/private/schema.json", env: file},
		"moved on the same host":        {address: https + "/moved", env: token},
		"without its token":             {address: https + "/private/schema.json", code: 3, err: "401 Unauthorized", hint: "PULUMI_ACCESS_TOKEN_FILE"},
		"with another token":            {address: https + "/private/schema.json", env: map[string]string{"PULUMI_ACCESS_TOKEN": "other"}, code: 3, err: "does not take the token"},
		"a token in the clear":          {address: plain + "/schema.json", env: token, code: 2, err: "PULUMI_ACCESS_TOKEN is set, and a token is not sent over plain http://", hint: "unset PULUMI_ACCESS_TOKEN"},
		"that of a file in the clear":   {address: strings.Replace(plain, "http", "HTTP", 1) + "/schema.json", env: file, code: 2, err: "PULUMI_ACCESS_TOKEN_FILE is set"},
		"a password in the clear":       {address: "http://me:" + secret + "@acme.org/schema.json", code: 2, err: "a password is not sent over plain http://"},
		"a token and another host":      {address: https + "/away", env: token, code: 3, err: "401 Unauthorized"},
		"out of https":                  {address: https + "/down", env: token, code: 3, err: "plain http:// URL, to which nothing is sent"},
		"without end":                   {address: https + "/round", code: 3, err: "it redirects 10 times"},
		"a token with a line in it":     {address: https + "/schema.json", env: map[string]string{"PULUMI_ACCESS_TOKEN": secret + "\nX: y"}, code: 2, err: "no control characters"},
		"a file of a token that is not": {address: https + "/schema.json", env: map[string]string{"PULUMI_ACCESS_TOKEN_FILE": "gone"}, code: 2, err: "PULUMI_ACCESS_TOKEN_FILE: open gone"},
		"an empty file of a token":      {address: https + "/schema.json", env: map[string]string{"PULUMI_ACCESS_TOKEN_FILE": os.DevNull}, code: 2, err: "is empty"},
		"not there":                     {address: https + "/gone.json?sig=" + secret, code: 2, err: "/gone.json: 404 Not Found"},
		"a server with a fault":         {address: https + "/down/for/repair?sig=" + secret, code: 3, err: "502 Bad Gateway"},
		"a server that hangs up":        {address: https + "/broken?sig=" + secret, code: 3, err: "EOF"},
		"a server that says nothing":    {address: https + "/hang?sig=" + secret, code: 3, err: "no answer within 50ms"},
		"another scheme":                {address: "ftp://acme.org/schema.json", code: 2, err: "no schemas at ftp: URLs"},
		"no host":                       {address: "https:///schema.json", code: 2, err: "it is no URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pulumischema.Source{Address: test.address, Getenv: env(test.env), Transport: transport}
			if strings.Contains(test.address, "/hang") {
				s.Timeout = 50 * time.Millisecond
			}
			p, err := s.Get(t.Context())
			if test.code == 0 {
				if err != nil || string(p) != schema {
					t.Fatalf("got %s and error %v", p, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.err) || diag.ExitCode(err) != test.code {
				t.Errorf("error %v of class %d, want %q of class %d", err, diag.ExitCode(err), test.err, test.code)
			}
			hints := strings.Join(diag.Hints(err), "\n")
			if !strings.Contains(hints, test.hint) || strings.Contains(hints+err.Error(), secret) {
				t.Errorf("hints %q, want %q and no secret", hints, test.hint)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	https, _, transport := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (pulumischema.Source{Address: https + "/schema.json", Transport: transport}).Get(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"json/schema.json", "json/schema.yaml", "yaml/schema.yaml", "none/other.json", "odd/schema.json/x"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"json": "json/schema.json", "json/schema.yaml": "json/schema.yaml", "yaml": "yaml/schema.yaml", "none/other.json": "none/other.json",
		"none": "none: the directory has no schema.json and no schema.yaml",
		"gone": "gone: no such file or directory",
		"odd":  "odd: is a directory",
	} {
		data, err := pulumischema.Source{Address: filepath.Join(dir, name)}.Get(t.Context())
		if err == nil && string(data) != want {
			t.Errorf("%s: got %s, want %s", name, data, want)
		}
		if err != nil && (!strings.Contains(err.Error(), want) || diag.ExitCode(err) != diag.ExitInput) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
}
