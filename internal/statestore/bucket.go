// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"context"
	"crypto/md5" // it is what ETags are
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// A bucketStore is a bucket. Its keys are paths as they are: unlike in a
// repository, a leading slash is part of them.
type bucketStore struct {
	client    minio.Core
	transport *http.Transport
	bucket    string
	endpoint  string
	limit     int64
	secrets   []string
}

// OpenBucket reads a state store's bucket. It connects to nobody yet; whether
// the bucket is there, and opens to these credentials, the first read tells.
func OpenBucket(_ context.Context, spec api.BucketStateStoreSpec, credentials Credentials, o Options) (Reader, error) {
	s := &bucketStore{bucket: spec.BucketName, endpoint: spec.Endpoint, limit: o.maxObject()}
	provider, err := bucketCredentials(&spec, credentials)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	if secret := credentials["secretAccessKey"]; len(secret) > 0 {
		s.secrets = []string{string(secret)}
	}
	if s.transport, err = o.transport(o.Dial); err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	client, err := minio.New(spec.Endpoint, &minio.Options{Creds: provider, Secure: !spec.Insecure, Transport: s.transport, MaxRetries: 3})
	if parse, ok := errors.AsType[*url.Error](err); ok {
		err = parse.Err // the rest is the endpoint, with all that it has
	}
	if err != nil {
		return nil, diag.Hint(diag.Machinef("%s: error initialising S3 client: %w", s, err), "spec.endpoint is HOST or HOST:PORT, without https://")
	}
	client.SetS3EnableDualstack(spec.UseDualStack)
	s.client = minio.Core{Client: client}
	return s, nil
}

// String names the bucket in messages.
func (s *bucketStore) String() string {
	return fmt.Sprintf("bucket %s at %s", s.bucket, withoutUser(s.endpoint))
}

// bucketCredentials are those of the Secret, refused in Kratix' words, or what
// this machine has.
func bucketCredentials(spec *api.BucketStateStoreSpec, secret Credentials) (*credentials.Credentials, error) {
	switch spec.AuthMethod {
	case "IAM":
		if secret == nil {
			return ambient(&credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}}), nil
		}
	case "", "accessKey":
		if secret == nil {
			return ambient(), nil
		}
	default:
		return nil, diag.Machinef("unknown authMethod: %s", spec.AuthMethod)
	}
	for _, key := range []string{"accessKeyID", "secretAccessKey"} {
		if _, ok := secret[key]; !ok {
			return nil, diag.Machinef("secret is missing key: %s", key)
		}
	}
	return credentials.NewStaticV4(string(secret["accessKeyID"]), string(secret["secretAccessKey"]), ""), nil
}

// ambient looks where AWS' and MinIO's own tools look, and then at more.
func ambient(more ...credentials.Provider) *credentials.Credentials {
	return credentials.NewChainCredentials(append([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.EnvMinio{}, &credentials.FileAWSCredentials{}, &credentials.FileMinioClient{},
	}, more...))
}

// Version is empty: a bucket as a whole has none.
func (s *bucketStore) Version() string { return "" }

// Prefetch does nothing: objects come one by one.
func (s *bucketStore) Prefetch(context.Context, []string) error { return nil }

func (s *bucketStore) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// Same asks for the ETag first, as Kratix does: it is the MD5 of the content
// where an object was uploaded in one piece and not encrypted with a key of its
// own. Where it differs, only the content can tell.
func (s *bucketStore) Same(ctx context.Context, name string, content []byte) (bool, error) {
	info, err := s.client.StatObject(ctx, s.bucket, name, minio.StatObjectOptions{})
	var answer minio.ErrorResponse
	sum := md5.Sum(content)
	switch {
	case errors.As(err, &answer): // which has no body after HEAD, and says little
	case err != nil:
		return false, s.fault(ctx, name, err)
	case info.Size != int64(len(content)):
		return false, nil
	case info.ETag == hex.EncodeToString(sum[:]):
		return true, nil
	}
	there, err := s.Read(ctx, name)
	return string(there) == string(content) && err == nil, err
}

func (s *bucketStore) Read(ctx context.Context, name string) ([]byte, error) {
	object, info, _, err := s.client.GetObject(ctx, s.bucket, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.fault(ctx, name, err)
	}
	defer func() { _ = object.Close() }()
	if info.Size > s.limit {
		return nil, tooBig(name, info.Size, s.limit)
	}
	content, err := io.ReadAll(io.LimitReader(object, s.limit+1))
	if err != nil {
		return nil, s.fault(ctx, name, err)
	}
	if int64(len(content)) > s.limit {
		return nil, tooBig(name, int64(len(content)), s.limit)
	}
	return content, nil
}

func (s *bucketStore) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	for object := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if object.Err != nil {
			return nil, s.fault(ctx, prefix, object.Err)
		}
		keys = append(keys, object.Key)
	}
	if ctx.Err() != nil {
		return nil, interrupted(ctx, s.String())
	}
	slices.Sort(keys)
	return keys, nil
}

// fault says why the bucket could not be read, or that there is no such object.
func (s *bucketStore) fault(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return interrupted(ctx, s.String())
	}
	why, _ := networkReason(err, s.endpoint)
	if answer, ok := errors.AsType[minio.ErrorResponse](err); ok {
		if answer.Code == minio.NoSuchKey {
			return absent(name)
		}
		why = answerReason(&answer, s.endpoint)
	}
	return diag.Hint(diag.Machinef("%s: %s", s, redacted(why.text, s.secrets)), why.hint)
}

// answerReason understands what an S3 server answers.
func answerReason(answer *minio.ErrorResponse, endpoint string) reason {
	said := answer.Code
	if answer.Message != "" {
		said += ": " + answer.Message
	}
	switch {
	case answer.Code == minio.NoSuchBucket:
		return reason{"there is no such bucket", "check spec.bucketName; Kratix does not create it"}
	case answer.Code == "InvalidAccessKeyId", answer.Code == "SignatureDoesNotMatch":
		return reason{"authentication failed (" + said + ")", "check accessKeyID and secretAccessKey"}
	case answer.StatusCode == http.StatusForbidden, answer.StatusCode == http.StatusUnauthorized:
		return reason{"access denied (" + said + ")", "check the credentials, and that they may read (s3:GetObject, s3:ListBucket)"}
	case strings.Contains(said, "HTTP request to an HTTPS server"): // as servers in Go say
		return reason{endpoint + " speaks TLS", "spec.insecure: false"}
	}
	return reason{text: said}
}
