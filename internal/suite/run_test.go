// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"testing"
)

// A run that is interrupted before it began has no report.
func TestAnInterruptedRunHasNoReport(t *testing.T) {
	t.Parallel()
	p, cases := twoWorkflowCases(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := Suite{Promise: p, Cases: cases, Jobs: 1, Recorded: true}
	if report, err := s.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", report, err)
	}
}
