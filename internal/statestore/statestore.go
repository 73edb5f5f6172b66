// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"cmp"
	"context"
	"io/fs"
	"net"
	"strings"
	"unicode"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Reader reads one state store. It may be used by several goroutines.
//
// Of a branch it shows one commit, that which was the head when it was opened;
// a bucket is read as it is at the moment of the call.
type Reader interface {
	// Same reports whether the file at path holds exactly content. It fails
	// with fs.ErrNotExist if there is no such file.
	Same(ctx context.Context, path string, content []byte) (bool, error)

	// Read gives the content of the file at path. It fails with
	// fs.ErrNotExist if there is no such file.
	Read(ctx context.Context, path string) ([]byte, error)

	// Prefetch brings the content of files that will be read, in one go where
	// the store can do that. Paths without a file are passed over.
	Prefetch(ctx context.Context, paths []string) error

	// List gives the paths of all files that begin with prefix, sorted. The
	// prefix need not end with a slash.
	List(ctx context.Context, prefix string) ([]string, error)

	// Version is the full hash of the commit that is read; empty for buckets,
	// which have none.
	Version() string

	// Close ends what the Reader started and removes what it kept.
	Close() error
}

// Credentials are the data of a state store's Secret: username and password;
// sshPrivateKey and knownHosts; appID, installationID and privateKey; or
// accessKeyID and secretAccessKey. Nil stands for what the user has on this
// machine.
type Credentials map[string][]byte

// Options say how to reach a state store.
type Options struct {
	// Dial connects to the store, if not nil, in place of the network and of
	// the proxies that the environment names. It is for stores that only a
	// cluster reaches; see [InCluster]. Names stay what they are for TLS, for
	// HTTP and for ssh's known hosts.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// CAFile is a file of certificates in PEM form. A bucket's server may
	// have a certificate of these authorities or of the system's, a Git
	// server only of these.
	CAFile string

	// InsecureSkipTLSVerify accepts every certificate of the store.
	InsecureSkipTLSVerify bool

	// MaxObject is the size in bytes above which no file is read; 64 MiB when
	// 0.
	MaxObject int64

	// GitHubAPI is where tokens for GitHub Apps come from; Kratix knows only
	// the default, https://api.github.com.
	GitHubAPI string
}

func (o *Options) maxObject() int64 { return cmp.Or(o.MaxObject, 64<<20) }

// InCluster tells whether a host, with or without a port, is the name of a
// Service inside a cluster: NAME.NAMESPACE.svc, with or without cluster.local.
func InCluster(host string) (namespace, service string, ok bool) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(host, ".")
	host, ok = strings.CutSuffix(strings.TrimSuffix(host, ".cluster.local"), ".svc")
	if !ok {
		return "", "", false
	}
	service, namespace, ok = strings.Cut(host, ".")
	if !ok || service == "" || namespace == "" || strings.Contains(namespace, ".") {
		return "", "", false
	}
	return namespace, service, true
}

// absent is the error for a path without a file.
func absent(path string) error { return &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist} }

// tooBig is the error for a file above the limit.
func tooBig(path string, size, limit int64) error {
	return diag.Machinef("read %s: it has %d bytes, and no more than %d are read", path, size, limit)
}

// redacted is text, as a server may have written it, without anything secret or
// that a terminal would obey.
func redacted(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret = strings.TrimSpace(secret); secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
