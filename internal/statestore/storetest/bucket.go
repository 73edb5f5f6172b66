// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/kratix-tools/kratix/internal/api"
)

// A Bucket is an S3 server with one bucket.
type Bucket struct {
	Name            string
	Endpoint        string // host:port
	CAFile          string // the certificate of the server; empty without TLS
	AccessKeyID     string
	SecretAccessKey string

	backend *s3mem.Backend
	server  *httptest.Server
}

// NewBucket starts an S3 server, without TLS.
func NewBucket() (*Bucket, error) { return newBucket((*httptest.Server).Start) }

// NewTLSBucket starts an S3 server with TLS, whose certificate lies in dir.
func NewTLSBucket(dir string) (*Bucket, error) {
	b, err := newBucket((*httptest.Server).StartTLS)
	if err != nil {
		return nil, err
	}
	b.CAFile = filepath.Join(dir, "bucket-ca.pem")
	if err := writeCertificate(b.server, b.CAFile); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func newBucket(start func(*httptest.Server)) (*Bucket, error) {
	b := &Bucket{Name: "platform", AccessKeyID: "platform-key", SecretAccessKey: "a bucket's secret", backend: s3mem.New()}
	if err := b.backend.CreateBucket(b.Name); err != nil {
		return nil, err
	}
	b.server = httptest.NewUnstartedServer(b.signed(gofakes3.New(b.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()))
	quiet(b.server)
	start(b.server)
	b.Endpoint = b.server.Listener.Addr().String()
	return b, nil
}

// Close ends the server.
func (b *Bucket) Close() { b.server.Close() }

// Put stores objects by their keys.
func (b *Bucket) Put(objects map[string][]byte) error {
	meta := map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
	for key, content := range objects {
		if _, err := b.backend.PutObject(b.Name, key, maps.Clone(meta), strings.NewReader(string(content)), int64(len(content)), nil); err != nil {
			return fmt.Errorf("object %s: %w", key, err)
		}
	}
	return nil
}

// Delete removes an object.
func (b *Bucket) Delete(key string) error {
	_, err := b.backend.DeleteObject(b.Name, key)
	return err
}

// Secret is what the Secret of a state store holds.
func (b *Bucket) Secret() map[string][]byte {
	return map[string][]byte{"accessKeyID": []byte(b.AccessKeyID), "secretAccessKey": []byte(b.SecretAccessKey)}
}

// Spec is a state store on the bucket.
func (b *Bucket) Spec() api.BucketStateStoreSpec {
	return api.BucketStateStoreSpec{
		BucketName: b.Name, Endpoint: b.Endpoint, Insecure: b.CAFile == "", AuthMethod: "accessKey",
		SecretRef: &api.SecretRef{Name: "bucket", Namespace: "default"},
	}
}

// signed lets only requests in that the key of b has signed, by AWS' Signature
// Version 4, which the server behind does not look at.
func (b *Bucket) signed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch given, ok := parseSignature(r.Header.Get("Authorization")); {
		case !ok:
			refuse(w, "AccessDenied", "Access Denied")
		case given.key != b.AccessKeyID:
			refuse(w, "InvalidAccessKeyId", "The access key ID you provided does not exist in our records.")
		case given.value != given.expect(r, b.SecretAccessKey):
			refuse(w, "SignatureDoesNotMatch", "The signature we calculated does not match.")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

// A signature is the header that a client sends.
type signature struct {
	key, scope string   // who signed, and for what: day/region/service/aws4_request
	headers    []string // that are signed
	value      string
}

func parseSignature(authorization string) (signature, bool) {
	rest, ok := strings.CutPrefix(authorization, "AWS4-HMAC-SHA256 ")
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	key, scope, _ := strings.Cut(fields["Credential"], "/")
	return signature{key, scope, strings.Split(fields["SignedHeaders"], ";"), fields["Signature"]}, ok
}

// expect gives the value that the secret makes.
func (s *signature) expect(r *http.Request, secret string) string {
	request := sha256.Sum256([]byte(s.canonical(r)))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), s.scope, hex.EncodeToString(request[:])}, "\n")
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(s.scope, "/") {
		key = sum(key, part)
	}
	return hex.EncodeToString(sum(key, text))
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// canonical is the text of a request that is signed.
func (s *signature) canonical(r *http.Request) string {
	var headers strings.Builder
	for _, name := range s.headers {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return strings.Join([]string{
		r.Method, r.URL.EscapedPath(), canonicalQuery(r.URL.Query()), headers.String(),
		strings.Join(s.headers, ";"), r.Header.Get("X-Amz-Content-Sha256"),
	}, "\n")
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, escaped(name)+"="+escaped(value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
