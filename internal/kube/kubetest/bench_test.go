// SPDX-License-Identifier: Apache-2.0

package kubetest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kratix-tools/kratix/internal/kube/kubetest"
)

// BenchmarkServer tells what a test package pays for a server of its own.
func BenchmarkServer(b *testing.B) {
	var starting, loading, stopping time.Duration
	for b.Loop() {
		begin := time.Now()
		s, err := kubetest.Start(b.Context())
		if errors.Is(err, kubetest.ErrNoPrograms) {
			b.Skip(err)
		}
		if err != nil {
			b.Fatal(err)
		}
		started := time.Now()
		if err := s.LoadPlatform(b.Context()); err != nil {
			b.Fatal(err)
		}
		loaded := time.Now()
		s.Stop()
		starting += started.Sub(begin)
		loading += loaded.Sub(started)
		stopping += time.Since(loaded)
	}
	for name, took := range map[string]time.Duration{"start": starting, "load": loading, "stop": stopping} {
		b.ReportMetric(took.Seconds()/float64(b.N), "s/"+name)
	}
}
