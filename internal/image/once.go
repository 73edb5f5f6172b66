// SPDX-License-Identifier: Apache-2.0

package image

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"
)

// A Once remembers what an engine has made of images to run them, by their
// references. Each is made once, also if several goroutines ask for it at the
// same time; what could not be made is tried again by whoever asks next. The
// zero Once remembers nothing yet.
type Once[T any] struct {
	mu   sync.Mutex
	made map[string]*making[T]
}

// making is something that is being made until done is closed.
type making[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// Get gives what was made of an image, or makes it.
func (o *Once[T]) Get(ctx context.Context, ref string, produce func(ctx context.Context, ref string) (T, error)) (T, error) {
	for {
		m, mine := o.begin(ref)
		if mine {
			m.value, m.err = produce(ctx, ref)
			o.end(ref, m)
			return m.value, m.err
		}
		select {
		case <-m.done:
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
		if !cancelled(m.err) {
			return m.value, m.err
		}
	}
}

// All does it for several images, a few at the same time. Their values are to
// be had with Get.
func (o *Once[T]) All(ctx context.Context, refs []string, produce func(ctx context.Context, ref string) (T, error)) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, ref := range refs {
		group.Go(func() error {
			_, err := o.Get(groupCtx, ref, produce)
			return err
		})
	}
	return cmp.Or(group.Wait(), ctx.Err())
}

// begin gives what is made of an image, and tells whether it is the caller who
// has to make it.
func (o *Once[T]) begin(ref string) (m *making[T], mine bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := o.made[ref]; m != nil {
		return m, false
	}
	if o.made == nil {
		o.made = map[string]*making[T]{}
	}
	m = &making[T]{done: make(chan struct{})}
	o.made[ref] = m
	return m, true
}

func (o *Once[T]) end(ref string, m *making[T]) {
	if m.err != nil {
		o.mu.Lock()
		delete(o.made, ref)
		o.mu.Unlock()
	}
	close(m.done)
}

// cancelled tells that something was given up by somebody who may have had
// less time than others.
func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
