// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/view"
)

// followFlags say how long to look.
type followFlags struct {
	watch   bool
	waitFor waitState
	timeout time.Duration
}

// A waitState is how far something has to come, as it is typed.
type waitState string

const (
	waitPlaced   waitState = "placed"
	waitWritten  waitState = "written"
	waitVerified waitState = "verified"
)

func (w waitState) state() inspect.State {
	switch w {
	case waitPlaced:
		return inspect.StatePlaced
	case waitVerified:
		return inspect.StateVerified
	}
	return inspect.StateWritten
}

func (o *followFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVarP(&o.watch, "watch", "w", false, "show it again whenever something changes")
	waiting := newEnum(&o.waitFor, "", waitPlaced, waitWritten, waitVerified)
	waiting.allowed = waiting.allowed[1:]
	flags.Var(waiting, "wait-for", "wait until all documents are `STATE`: "+waiting.list())
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long --wait-for waits")
}

// A progress is one look at something that may change.
type progress struct {
	report  any // what is shown
	show    func() error
	reached func(inspect.State) bool
	verdict error // that of --exit-code
}

// state is all that a report says but when it was made.
func (p *progress) state() (string, error) {
	data, err := json.Marshal(p.report)
	return string(regexp.MustCompile(`"evaluatedAt":"[^"]*"`).ReplaceAll(data, nil)), err
}

// A scope is where changes would be seen.
type scope struct {
	namespace string // empty is all
	resources []inspect.Resource
}

// scope of a list of Works.
func worksScope(q inspect.WorksQuery) scope {
	s := scope{q.Namespace, []inspect.Resource{inspect.Works, inspect.WorkPlacements, inspect.Destinations}}
	if q.AllNamespaces {
		s.namespace = ""
	}
	return s
}

// run looks once, or as often as the flags say.
func (o *followFlags) run(ctx context.Context, env *Env, source *platformSource, s scope, format view.Format, look func(context.Context) (progress, error)) error {
	if o.watch || o.waitFor != "" {
		if source.client == nil {
			return diag.Inputf("--watch and --wait-for need a cluster: a file does not change")
		}
		return o.follow(ctx, env, source, s, format, look)
	}
	p, err := look(ctx)
	if err != nil {
		return err
	}
	if err := p.show(); err != nil {
		return err
	}
	return p.verdict
}

// quiet is how long to wait for further changes after one, since controllers
// change several objects in a row.
const quiet = 200 * time.Millisecond

// again is how often to look when nothing is told, since what lies in a state
// store cannot be watched.
const again = 10 * time.Second

// follow looks again after every change, until the state is reached or, with
// --watch alone, for ever.
func (o *followFlags) follow(ctx context.Context, env *Env, source *platformSource, s scope, format view.Format, look func(context.Context) (progress, error)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	f := &follower{flags: o, env: env, format: format, look: look, changes: changesOf(ctx, source, s)}
	if o.waitFor != "" {
		timer := time.NewTimer(o.timeout)
		defer timer.Stop()
		f.expired = timer.C
	}
	for {
		if done, err := f.glance(ctx); done || err != nil {
			return err
		}
		if err := f.wait(ctx); err != nil {
			return err
		}
	}
}

// A follower looks at something again and again.
type follower struct {
	flags  *followFlags
	env    *Env
	format view.Format
	look   func(context.Context) (progress, error)

	changes <-chan struct{}
	expired <-chan time.Time // nil without --wait-for

	last  *progress // nil while there is nothing to be seen
	none  error     // why there is nothing
	shown bool
	state string // what was shown
	told  bool   // that it is being waited for
}

// glance looks once and tells whether that was the end. What is waited for need
// not exist yet.
func (f *follower) glance(ctx context.Context) (done bool, err error) {
	p, err := f.look(ctx)
	waiting := f.flags.waitFor != ""
	if waiting && diag.ExitCode(err) == diag.ExitNotFound {
		f.last, f.none = nil, err
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f.last = &p
	done = waiting && p.reached(f.flags.waitFor.state())
	if f.flags.watch || done {
		err = f.show()
	}
	if done && err == nil {
		err = p.verdict
	}
	return done, err
}

// show shows what was seen last, in the place of what was shown before. On a
// terminal ages grow; elsewhere the same is not shown twice.
func (f *follower) show() error {
	state, err := f.last.state()
	if err != nil || f.shown && state == f.state && !f.env.out().TTY {
		return err
	}
	f.state = state
	if f.shown {
		view.Again(f.env.out(), f.format)
	}
	f.shown = true
	return f.last.show()
}

// wait waits for a reason to look again. The time that runs out is an answer,
// and is given with what there is.
func (f *follower) wait(ctx context.Context) error {
	if f.expired != nil && !f.told {
		f.told = true
		view.Note(f.env.err(), fmt.Sprintf("waiting until all is %s, for at most %s", f.flags.waitFor, f.flags.timeout))
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-f.changes:
	case <-time.After(again):
	case <-f.expired:
		if f.last == nil {
			return diag.Answer(fmt.Errorf("not %s after %s: %w", f.flags.waitFor, f.flags.timeout, f.none))
		}
		if !f.flags.watch {
			if err := f.show(); err != nil {
				return err
			}
		}
		return diag.Answer(fmt.Errorf("not %s after %s", f.flags.waitFor, f.flags.timeout))
	}
	return nil
}

// changesOf tells of changes, those in a row once. A watch that ends is begun
// anew; one that is not allowed leaves the regular looks.
func changesOf(ctx context.Context, source *platformSource, s scope) <-chan struct{} {
	changed := make(chan struct{}, 1)
	tell := func() {
		select {
		case changed <- struct{}{}:
		default: // one is enough
		}
	}
	for _, r := range s.resources {
		go func() {
			for ctx.Err() == nil {
				if source.client.Watch(ctx, r, inspect.Query{Namespace: s.namespace}, tell) != nil {
					return
				}
			}
		}()
	}
	settled := make(chan struct{})
	go settle(ctx, changed, settled)
	return settled
}

// settle passes a change on when no other has come for a while.
func settle(ctx context.Context, changed <-chan struct{}, settled chan<- struct{}) {
	timer := time.NewTimer(quiet)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			timer.Reset(quiet)
		case <-timer.C:
			select {
			case <-ctx.Done():
				return
			case settled <- struct{}{}:
			}
		}
	}
}
