// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A reason is why a store cannot be read, in words, and what might help.
type reason struct{ text, hint string }

const (
	certificateHint = "give the certificate of the authority that signed it, or skip the verification, as Kratix does for Git"
	networkHint     = "check the address and the network from here: Kratix reaches the store from inside its cluster"
)

// fault says why the store could not be read, of what git said or of what the
// tunnel met.
func (r *repository) fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return interrupted(ctx, r.access.String())
	}
	why, known := networkReason(r.tunnel.fault(), r.access.address)
	if !known {
		why = reason{text: err.Error()}
		if failed, ok := errors.AsType[*gitError](err); ok {
			why = r.gitReason(failed)
		}
	}
	text := redacted(why.text, r.access.secrets)
	return diag.Hint(diag.Machinef("%s: %s", r.access, text), why.hint)
}

// interrupted is the error of a call whose context has ended.
func interrupted(ctx context.Context, what string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return diag.Hint(diag.Machinef("%s: no answer in time: %w", what, ctx.Err()), networkHint)
	}
	return ctx.Err()
}

// gitReason understands git, and ssh and curl, which git uses.
func (r *repository) gitReason(failed *gitError) reason {
	authentication := "check the credentials"
	for _, known := range []struct {
		says string // one of these, divided by "|"
		reason
	}{
		{"Host key verification failed", reason{"the host key of " + r.access.address + " is none of the known hosts", "ssh-keyscan, and compare with knownHosts of the Secret"}},
		{"Permission denied (|Authentication failed for|could not read Username|could not read Password|returned error: 401", reason{"authentication failed", authentication}},
		{"returned error: 403", reason{"access denied (403)", authentication}},
		{"Repository not found|repository not found|' not found|does not appear to be a git repository|returned error: 404", reason{"there is no such repository, or it is hidden from these credentials", "check spec.url, and the credentials"}},
		{"find remote ref|invalid refspec", reason{"there is no branch " + r.branch, "check spec.branch; Kratix does not create it: git push ORIGIN " + r.branch}},
		{"Could not resolve", reason{"no such host " + r.access.address, networkHint}},
		{"Connection refused|Failed to connect", reason{r.access.address + " refuses connections", networkHint}},
		{"timed out|No route to host|unreachable", reason{r.access.address + " does not answer", networkHint}},
		{"certificate", reason{"its certificate is not trusted: " + failed.last(), certificateHint}},
		{"transport '", reason{"it leads to a protocol that is not allowed: " + failed.last(), ""}},
		{"unable to find remote helper for|run ssh: No such file|ssh: not found", reason{"a part of git is missing: " + failed.last(), "install git with its support for https, and ssh"}},
	} {
		said := failed.own(r.access.url)
		for says := range strings.SplitSeq(known.says, "|") {
			if strings.Contains(said, says) {
				return known.reason
			}
		}
	}
	return reason{text: failed.last()}
}

// own is what git itself said, without the words of the server and without the
// URL, which may have any words in it.
func (e *gitError) own(url string) string {
	var own strings.Builder
	for line := range strings.Lines(e.said) {
		if !strings.HasPrefix(line, "remote: ") {
			own.WriteString(line)
		}
	}
	return strings.ReplaceAll(own.String(), url, "URL")
}

// last is the last line that git calls an error, or the last of all.
func (e *gitError) last() string {
	last := ""
	for line := range strings.Lines(e.said) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "fatal: "); ok {
			return text
		}
		if line != "" {
			last = line
		}
	}
	if last == "" {
		return "git: " + e.err.Error()
	}
	return last
}

// networkReason understands what this process itself meets on its way to an
// address.
func networkReason(err error, address string) (reason, bool) {
	var (
		dns         *net.DNSError
		timeout     net.Error
		network     *net.OpError
		record      tls.RecordHeaderError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case err == nil:
		return reason{}, false
	case errors.As(err, &certificate):
		return reason{"its certificate is not trusted: " + certificate.Err.Error(), certificateHint}, true
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return reason{address + " does not speak TLS", "spec.insecure: true, if that is meant"}, true
	case errors.As(err, &dns):
		return reason{"no such host " + dns.Name, networkHint}, true
	case errors.Is(err, syscall.ECONNREFUSED):
		return reason{address + " refuses connections", networkHint}, true
	case errors.As(err, &timeout) && timeout.Timeout():
		return reason{address + " does not answer", networkHint}, true
	case errors.As(err, &network):
		return reason{network.Error(), networkHint}, true
	}
	return reason{err.Error(), ""}, true
}
