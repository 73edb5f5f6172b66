// SPDX-License-Identifier: Apache-2.0

package image

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
)

// A registry is tried with https and then with http: one reason is enough.
func TestExplainGivesOneReason(t *testing.T) {
	t.Parallel()
	unreachable := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ENETUNREACH}
	proxy := &net.OpError{Op: "proxyconnect", Net: "tcp", Err: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}}
	for want, err := range map[string]error{
		"dial tcp: network is unreachable":                          unreachable,
		"the proxy cannot be reached: dial tcp: connection refused": proxy,
	} {
		both := errors.Join(fmt.Errorf("https: %w", err), fmt.Errorf("http: %w", err))
		reason, hints := explain("ghcr.io", both)
		if reason != want || len(hints) != 1 || !strings.Contains(hints[0], "HTTPS_PROXY") {
			t.Errorf("reason %q with hints %q, want %q", reason, hints, want)
		}
	}
}
