package cli

import (
	"context"
	"errors"
	"fmt"
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
	show    func() error
	reached func(inspect.State) bool
	verdict error // that of --exit-code
}

// A scope is where changes would be seen.
type scope struct {
	namespace string // empty is all
	resources []inspect.Resource
}

// scope of a list of Works.
func worksScope(q inspect.WorksQuery) scope {
	s := scope{q.Namespace, []inspect.Resource{inspect.Works, inspect.WorkPlacements}}
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

// again is how often to look when nothing is told: labels of Destinations and
// the content of a state store are not watched.
const again = 10 * time.Second

// follow looks again after every change, until the state is reached or, with
// --watch alone, for ever.
func (o *followFlags) follow(ctx context.Context, env *Env, source *platformSource, s scope, format view.Format, look func(context.Context) (progress, error)) error {
	var expired <-chan time.Time
	if o.waitFor != "" {
		timer := time.NewTimer(o.timeout)
		defer timer.Stop()
		expired = timer.C
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	changes := changesOf(watching, source, s)
	for first := true; ; first = false {
		p, err := look(ctx)
		if err != nil && !(o.waitFor != "" && diag.ExitCode(err) == diag.ExitNotFound) {
			return err
		}
		if err == nil {
			done := o.waitFor != "" && p.reached(o.waitFor.state())
			if o.watch || done {
				if o.watch && !first {
					view.Again(env.out(), format)
				}
				if err := p.show(); err != nil {
					return err
				}
			}
			if done {
				return p.verdict
			}
		}
		if o.waitFor != "" && first {
			view.Note(env.err(), fmt.Sprintf("waiting until all is %s, for at most %s", o.waitFor, o.timeout))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-expired:
			if p.show != nil && !o.watch {
				if err := p.show(); err != nil {
					return err
				}
			}
			return diag.Answer(fmt.Errorf("not %s after %s", o.waitFor, o.timeout))
		case <-changes:
		case <-time.After(again):
		}
	}
}

// changesOf tells of changes, those in a row once. A watch that ends is begun
// anew; one that is not allowed leaves the regular looks.
func changesOf(ctx context.Context, source *platformSource, s scope) <-chan struct{} {
	changed := make(chan struct{}, 1)
	for _, r := range s.resources {
		go func() {
			for ctx.Err() == nil {
				err := source.client.Watch(ctx, r, inspect.Query{Namespace: s.namespace}, func() {
					select {
					case changed <- struct{}{}:
					default:
					}
				})
				if err != nil && !errors.Is(err, context.Canceled) {
					return
				}
			}
		}()
	}
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			for pending := true; pending; {
				select {
				case <-ctx.Done():
					return
				case <-changed:
				case <-time.After(quiet):
					pending = false
				}
			}
			select {
			case <-ctx.Done():
				return
			case settled <- struct{}{}:
			}
		}
	}()
	return settled
}
