// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// How often progress is shown: on a terminal a line is drawn anew, elsewhere a
// line is added now and then, so that nobody takes a long step for a dead one.
const (
	redraw    = 100 * time.Millisecond
	heartbeat = 10 * time.Second
)

// A Progress tells on standard error which steps run.
type Progress struct {
	w    term.Stream
	stop chan struct{}
	done sync.WaitGroup

	mu      sync.Mutex
	running map[string]running // by name
	drawn   bool
}

// A running step, and since when it runs.
type running struct {
	name, step string
	since      time.Time
}

// NewProgress begins to tell of progress, until Stop.
func NewProgress(w term.Stream) *Progress {
	p := &Progress{w: w, stop: make(chan struct{}), running: map[string]running{}}
	every := heartbeat
	if w.TTY {
		every = redraw
	}
	p.done.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-p.stop:
				return
			case now := <-ticker.C:
				p.show(now)
			}
		}
	})
	return p
}

// Observer follows the steps of something that runs, such as a case.
func (p *Progress) Observer(name string) workflow.Observer {
	return workflow.Observer{
		StepStarted: func(s workflow.Step) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.running[name] = running{name, s.Container, time.Now()}
		},
		StepFinished: func(workflow.Step) {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.running, name)
		},
	}
}

// Clear takes the live line away, so that something else can be printed; nil
// has none.
func (p *Progress) Clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) clear() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// Stop ends it and takes the live line away.
func (p *Progress) Stop() {
	close(p.stop)
	p.done.Wait()
	p.Clear()
}

func (p *Progress) show(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	steps := make([]running, 0, len(p.running))
	for _, r := range p.running {
		steps = append(steps, r)
	}
	slices.SortFunc(steps, func(a, b running) int { return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.name, b.name)) })
	if p.w.TTY {
		p.draw(steps, now)
		return
	}
	for _, r := range steps {
		if ran := now.Sub(r.since); ran >= heartbeat {
			fmt.Fprintf(p.w, "still running: %s, step %s (%s)\n", r.name, r.step, ran.Round(time.Second))
		}
	}
}

// draw shows the running steps on one line, as many as fit.
func (p *Progress) draw(steps []running, now time.Time) {
	p.clear()
	if len(steps) == 0 {
		return
	}
	texts := make([]string, len(steps))
	for i, r := range steps {
		texts[i] = fmt.Sprintf("%s %s %.1fs", r.name, r.step, now.Sub(r.since).Seconds())
	}
	line := "running  " + strings.Join(texts, "  ")
	if limit := p.w.Width - 1; len(line) > limit {
		line = line[:max(0, limit)]
	}
	fmt.Fprint(p.w, line)
	p.drawn = true
}

// StepLog prints what steps print while they run, each line behind prefix and
// the step's name.
func StepLog(w term.Stream, prefix string) workflow.Observer {
	return workflow.Observer{
		Line: func(step workflow.Step, line workflow.Line) {
			mark := " "
			if line.Stderr {
				mark = "!"
			}
			fmt.Fprintf(w, "%s%s %s %s\n", prefix, step.Container, mark, printable(line.Text))
		},
	}
}
