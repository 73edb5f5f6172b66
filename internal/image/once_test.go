// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestOnceMakesEachImageOnce(t *testing.T) {
	t.Parallel()
	var o Once[string]
	var made atomic.Int32
	release := make(chan struct{})
	produce := func(_ context.Context, ref string) (string, error) {
		made.Add(1)
		<-release
		return "made of " + ref, nil
	}
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if got, err := o.Get(t.Context(), "x", produce); got != "made of x" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	close(release)
	wait.Wait()
	if err := o.All(t.Context(), []string{"x", "y", "y"}, produce); err != nil {
		t.Error(err)
	}
	if n := made.Load(); n != 2 {
		t.Errorf("made %d times", n)
	}
}

func TestOnceTriesAgainWhatFailed(t *testing.T) {
	t.Parallel()
	var o Once[int]
	errNo := errors.New("no")
	for _, want := range []error{errNo, nil} {
		if _, err := o.Get(t.Context(), "x", func(context.Context, string) (int, error) { return 1, want }); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// Whoever waits for another who gives up makes it, and is not given up with.
func TestOnceOutlivesWhoeverCameFirst(t *testing.T) {
	t.Parallel()
	var o Once[string]
	first, cancel := context.WithCancel(t.Context())
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := o.Get(first, "x", func(ctx context.Context, _ string) (string, error) {
			close(started)
			<-ctx.Done()
			return "", ctx.Err()
		})
		ended <- err
	}()
	<-started
	late, stop := context.WithCancel(t.Context())
	stop()
	if _, err := o.Get(late, "x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("with no time to wait: %v", err)
	}
	second := make(chan error, 1)
	go func() {
		got, err := o.Get(t.Context(), "x", func(context.Context, string) (string, error) { return "second", nil })
		if got != "second" {
			t.Errorf("got %q", got)
		}
		second <- err
	}()
	cancel()
	if err := <-second; err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the first got %v", err)
	}
}
