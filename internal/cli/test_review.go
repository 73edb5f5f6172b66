// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/view"
)

// reviewCases asks about each difference of each case and writes what is
// accepted. Its error is that some case is still not as its golden says.
func (o *testWorkflowOptions) reviewCases(ctx context.Context, env *Env, report *suite.Report) error {
	r := &review{env: env, view: view.NewReview(env.out())}
	failed := 0
	for _, c := range report.Cases {
		switch {
		case c.Result != compare.Failed:
			continue
		case c.Review == nil:
			failed++
			continue
		}
		before := r.counts
		_, err := c.Review(func(p fixture.Proposal) (bool, error) { return r.decide(ctx, c, p) })
		if err != nil {
			return err
		}
		if r.counts.Rejected+r.counts.Skipped > before.Rejected+before.Skipped {
			failed++
		}
	}
	r.view.Sum(r.counts)
	if failed == 0 {
		return nil
	}
	return verdict(report)
}

// A review is under way.
type review struct {
	env    *Env
	view   *view.Review
	counts view.ReviewCounts
	quit   bool
}

// decide asks about one change. Having quit, one skips the others.
func (r *review) decide(ctx context.Context, c suite.Case, p fixture.Proposal) (bool, error) {
	if r.quit {
		r.counts.Skipped++
		return false, nil
	}
	r.view.Proposal(c, p)
	r.view.Ask()
	for {
		key, err := r.env.key(ctx)
		if err != nil {
			return false, err
		}
		word := map[byte]string{'a': "accepted", 'r': "rejected", 's': "skipped", 'q': "quit"}[key]
		if word == "" {
			continue
		}
		r.view.Answer(word)
		switch key {
		case 'a':
			r.counts.Accepted++
			return true, nil
		case 'r':
			r.counts.Rejected++
			return false, nil
		}
		r.quit = key == 'q'
		r.counts.Skipped++
		return false, nil
	}
}

// canAsk reports whether there is somebody to answer.
func (e *Env) canAsk() bool {
	in, ok := e.In.(*os.File)
	return ok && term.IsTerminal(int(in.Fd()))
}

// key waits for one key to be pressed. Ctrl-C, which is a key like others
// meanwhile, ends the program as ever.
func (e *Env) key(ctx context.Context) (key byte, err error) {
	in, ok := e.In.(*os.File)
	if !ok {
		return 0, diag.Machine(errors.New("standard input is no terminal"))
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return 0, diag.Machine(fmt.Errorf("preparing the terminal: %w", err))
	}
	defer func() { err = errors.Join(err, term.Restore(int(in.Fd()), state)) }()
	pressed := make(chan error, 1)
	var b [1]byte
	go func() {
		_, err := in.Read(b[:])
		pressed <- err
	}()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case err := <-pressed:
		const ctrlC, ctrlD = 3, 4
		switch {
		case err != nil:
			return 0, diag.Machine(fmt.Errorf("reading the terminal: %w", err))
		case b[0] == ctrlC || b[0] == ctrlD:
			return 0, context.Canceled
		}
		return b[0], nil
	}
}
