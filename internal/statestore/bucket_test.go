// SPDX-License-Identifier: Apache-2.0

package statestore_test

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/statestore"
	"github.com/kratix-tools/kratix/internal/statestore/storetest"
)

func bucketServer(t *testing.T, content files) *storetest.Bucket {
	t.Helper()
	b, err := storetest.NewBucket()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Put(content); err != nil {
		t.Fatal(err)
	}
	return b
}

func openBucket(t *testing.T, b *storetest.Bucket, o statestore.Options) statestore.Reader {
	t.Helper()
	return opened(t)(statestore.OpenBucket(t.Context(), b.Spec(), b.Secret(), o))
}

func TestBucketReadsEveryByteOfEveryKey(t *testing.T) {
	t.Parallel()
	content := randomFiles(rand.New(rand.NewPCG(3, 4)))
	b := bucketServer(t, content)
	store := openBucket(t, b, statestore.Options{})
	checkAll(t, store, content)
	if store.Version() != "" {
		t.Errorf("version %q", store.Version())
	}
}

func TestBucketKeepsTheLeadingSlash(t *testing.T) {
	t.Parallel()
	b := bucketServer(t, files{"/worker/a": []byte("with"), "worker/a": []byte("without")})
	store := openBucket(t, b, statestore.Options{})
	for key, want := range map[string]string{"/worker/a": "with", "worker/a": "without"} {
		got, err := store.Read(t.Context(), key)
		same, sameErr := store.Same(t.Context(), key, []byte(want))
		if string(got) != want || !same || err != nil || sameErr != nil {
			t.Errorf("%s: %q, %v, %v, %v", key, got, err, same, sameErr)
		}
	}
	keys, err := store.List(t.Context(), "/worker")
	if diff := cmp.Diff([]string{"/worker/a"}, keys); diff != "" || err != nil {
		t.Errorf("%v; keys (-want +got):\n%s", err, diff)
	}
}

func TestBucketListsMoreThanAPage(t *testing.T) {
	t.Parallel()
	content := files{}
	for i := range 2500 {
		content["p/"+strings.Repeat("x", 1+i%50)+string(rune('a'+i%26))+strings.Repeat("y", i/50)] = nil
	}
	b := bucketServer(t, content)
	keys, err := openBucket(t, b, statestore.Options{}).List(t.Context(), "p/")
	if err != nil || len(keys) != len(content) {
		t.Errorf("%d keys of %d, %v", len(keys), len(content), err)
	}
}

// A bucket is read as it is, not as it was when it was opened.
func TestBucketAsItIs(t *testing.T) {
	t.Parallel()
	b := bucketServer(t, files{"a": []byte("1")})
	store := openBucket(t, b, statestore.Options{})
	if same, err := store.Same(t.Context(), "a", []byte("1")); !same || err != nil {
		t.Fatalf("%v, %v", same, err)
	}
	if err := b.Put(files{"a": []byte("2")}); err != nil {
		t.Fatal(err)
	}
	if same, err := store.Same(t.Context(), "a", []byte("1")); same || err != nil {
		t.Errorf("the same as before: %v, %v", same, err)
	}
	if err := b.Delete("a"); err != nil {
		t.Fatal(err)
	}
	_, readErr := store.Read(t.Context(), "a")
	_, sameErr := store.Same(t.Context(), "a", []byte("1"))
	if !errors.Is(readErr, fs.ErrNotExist) || !errors.Is(sameErr, fs.ErrNotExist) {
		t.Errorf("errors %v and %v, want that it does not exist", readErr, sameErr)
	}
}

// An ETag that is no MD5, as of an upload in parts, says nothing.
func TestBucketComparesContentWhereTheETagIsNoMD5(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("location") {
			_, _ = w.Write([]byte(`<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`))
			return
		}
		w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef-2"`)
		w.Header().Set("Last-Modified", "Mon, 23 Nov 2026 08:00:00 GMT")
		_, _ = w.Write([]byte("content"))
	}))
	t.Cleanup(server.Close)
	spec := api.BucketStateStoreSpec{BucketName: "platform", Endpoint: server.Listener.Addr().String(), Insecure: true}
	store := opened(t)(statestore.OpenBucket(t.Context(), spec, statestore.Credentials{"accessKeyID": []byte("k"), "secretAccessKey": []byte("s")}, statestore.Options{}))
	for content, want := range map[string]bool{"content": true, "CONTENT": false, "shorter": false, "longer than it": false} {
		if same, err := store.Same(t.Context(), "a", []byte(content)); same != want || err != nil {
			t.Errorf("%s: %v, %v", content, same, err)
		}
	}
}

func TestBucketRefusesLargeObjects(t *testing.T) {
	t.Parallel()
	b := bucketServer(t, files{"large": make([]byte, 1001), "small": make([]byte, 1000)})
	store := openBucket(t, b, statestore.Options{MaxObject: 1000})
	_, err := store.Read(t.Context(), "large")
	checkFault(t, err, "read large: it has 1001 bytes, and no more than 1000 are read", "")
	if got, err := store.Read(t.Context(), "small"); err != nil || len(got) != 1000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestBucketBehindTLSAndDial(t *testing.T) {
	t.Parallel()
	b, err := storetest.NewTLSBucket(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Put(files{"a": []byte("a")}); err != nil {
		t.Fatal(err)
	}
	var dialled atomic.Int64
	spec := b.Spec()
	spec.Endpoint = "example.com:9000" // which httptest's certificate is for
	for name, o := range map[string]statestore.Options{
		"authority": {CAFile: b.CAFile, Dial: to(b.Endpoint, &dialled)},
		"insecure":  {InsecureSkipTLSVerify: true, Dial: to(b.Endpoint, &dialled)},
	} {
		store := opened(t)(statestore.OpenBucket(t.Context(), spec, b.Secret(), o))
		if got, err := store.Read(t.Context(), "a"); err != nil || string(got) != "a" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if dialled.Load() == 0 {
		t.Error("nobody dialled")
	}
	store := openBucket(t, b, statestore.Options{})
	_, err = store.Read(t.Context(), "a")
	checkFault(t, err, "bucket platform at "+b.Endpoint+": its certificate is not trusted: x509: certificate signed by unknown authority", "skip the verification")
}

func TestBucketThatCannotBeRead(t *testing.T) {
	t.Parallel()
	plain := bucketServer(t, files{"a": []byte("a")})
	tls, err := storetest.NewTLSBucket(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tls.Close)
	closed := closedAddress(t)
	for name, test := range map[string]struct {
		change func(*api.BucketStateStoreSpec, statestore.Credentials)
		want   string
		hint   string
	}{
		"unknown key": {
			func(_ *api.BucketStateStoreSpec, c statestore.Credentials) { c["accessKeyID"] = []byte("me") },
			"authentication failed (InvalidAccessKeyId: The access key ID you provided does not exist in our records.)", "check accessKeyID",
		},
		"wrong secret": {
			func(_ *api.BucketStateStoreSpec, c statestore.Credentials) { c["secretAccessKey"] = []byte("hunter2") },
			"authentication failed (SignatureDoesNotMatch: The signature we calculated does not match.)", "check accessKeyID and secretAccessKey",
		},
		"no bucket":    {func(s *api.BucketStateStoreSpec, _ statestore.Credentials) { s.BucketName = "none" }, "there is no such bucket", "check spec.bucketName"},
		"nobody there": {func(s *api.BucketStateStoreSpec, _ statestore.Credentials) { s.Endpoint = closed }, closed + " refuses connections", "check the address"},
		"no such host": {func(s *api.BucketStateStoreSpec, _ statestore.Credentials) { s.Endpoint = "no-such-host.invalid:9000" }, "no such host no-such-host.invalid", "check the address"},
		"no TLS there": {func(s *api.BucketStateStoreSpec, _ statestore.Credentials) { s.Insecure = false }, plain.Endpoint + " does not speak TLS", "spec.insecure: true"},
		"TLS there": {
			func(s *api.BucketStateStoreSpec, _ statestore.Credentials) { s.Endpoint = tls.Endpoint },
			tls.Endpoint + " speaks TLS", "spec.insecure: false",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, secret := plain.Spec(), plain.Secret()
			test.change(&spec, secret)
			store := opened(t)(statestore.OpenBucket(t.Context(), spec, secret, statestore.Options{}))
			want := "bucket " + spec.BucketName + " at " + spec.Endpoint + ": " + test.want
			_, err := store.Read(t.Context(), "a")
			checkFault(t, err, want, test.hint)
			_, err = store.Same(t.Context(), "a", []byte("a"))
			checkFault(t, err, want, test.hint)
			_, err = store.List(t.Context(), "")
			checkFault(t, err, want, test.hint)
		})
	}
}

func TestBucketRefusesWhatKratixRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spec   api.BucketStateStoreSpec
		secret statestore.Credentials
		want   string
	}{
		"no key":         {api.BucketStateStoreSpec{Endpoint: "h"}, statestore.Credentials{}, "h: secret is missing key: accessKeyID"},
		"no secret":      {api.BucketStateStoreSpec{Endpoint: "h"}, statestore.Credentials{"accessKeyID": nil}, "h: secret is missing key: secretAccessKey"},
		"unknown method": {api.BucketStateStoreSpec{Endpoint: "h", AuthMethod: "magic"}, nil, "h: unknown authMethod: magic"},
		"a scheme": {
			api.BucketStateStoreSpec{Endpoint: "http://u:hunter2@h"},
			nil,
			`http://h: error initialising S3 client: Endpoint url scheme "http" conflicts with the secure option; remove the scheme from the endpoint or align the secure option.`,
		},
		"no URL": {
			api.BucketStateStoreSpec{Endpoint: "https://u:hunter2@h:x"},
			nil,
			`https://h:x: error initialising S3 client: invalid port ":x" after host`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.spec.BucketName = "platform"
			_, err := statestore.OpenBucket(t.Context(), test.spec, test.secret, statestore.Options{})
			checkFault(t, err, "bucket platform at "+test.want, "")
		})
	}
}

func TestBucketWithWhatTheUserHas(t *testing.T) {
	b := bucketServer(t, files{"a": []byte("a")})
	t.Setenv("AWS_ACCESS_KEY_ID", b.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", b.SecretAccessKey)
	for _, method := range []string{"IAM", "accessKey"} {
		spec := b.Spec()
		spec.AuthMethod = method
		store := opened(t)(statestore.OpenBucket(t.Context(), spec, nil, statestore.Options{}))
		if got, err := store.Read(t.Context(), "a"); err != nil || string(got) != "a" {
			t.Errorf("%s: %q, %v", method, got, err)
		}
	}
}

func TestBucketEndsWithItsContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // and nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	b := bucketServer(t, nil)
	spec := b.Spec()
	spec.Endpoint = listener.Addr().String()
	store := opened(t)(statestore.OpenBucket(t.Context(), spec, b.Secret(), statestore.Options{}))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = store.Read(ctx, "a")
	checkFault(t, err, "bucket platform at "+spec.Endpoint+": no answer in time: context deadline exceeded", "network")
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err = store.List(ctx, ""); diag.ExitCode(err) != diag.ExitInterrupted {
		t.Errorf("error %v, want that it was cancelled", err)
	}
}
