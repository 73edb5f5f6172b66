// SPDX-License-Identifier: Apache-2.0

package view

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/kratix-tools/kratix/internal/term"
)

// A Busy tells on standard error of one thing that takes time: on a terminal in
// a live line, which is taken away in the end, elsewhere in a line now and then.
// What takes no time is not mentioned. All else that goes to standard error
// meanwhile is written through it.
type Busy struct {
	w    term.Stream
	stop chan struct{}
	done sync.WaitGroup

	mu          sync.Mutex
	what        string // "" before Start and after Stop
	began, told time.Time
	drawn       bool
	open        bool // the last line written through has no end yet
}

// NewBusy gives one that has nothing to tell yet.
func NewBusy(w term.Stream) *Busy { return &Busy{w: w} }

// StartBusy begins to tell that something is being done, such as "fetching the
// chart", until the function that it gives is called.
func StartBusy(w term.Stream, what string) (stop func()) {
	b := NewBusy(w)
	b.Start(what)
	return b.Stop
}

// Start begins to tell that something is being done, until Stop.
func (b *Busy) Start(what string) {
	b.begin(what, time.Now())
	b.stop = make(chan struct{})
	b.done.Go(func() {
		ticker := time.NewTicker(redraw)
		defer ticker.Stop()
		for {
			select {
			case <-b.stop:
				return
			case now := <-ticker.C:
				b.show(now)
			}
		}
	})
}

// Stop ends it. One that was not started, or has ended, stays as it is.
func (b *Busy) Stop() {
	if b.stop != nil {
		close(b.stop)
		b.done.Wait()
		b.stop = nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	b.what = ""
}

// Write writes above the live line.
func (b *Busy) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	if len(p) > 0 {
		b.open = !bytes.HasSuffix(p, []byte("\n"))
	}
	return b.w.Write(p)
}

func (b *Busy) begin(what string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.what, b.began, b.told = what, now, now
}

func (b *Busy) show(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.what == "" || b.open {
		return
	}
	took := now.Sub(b.began)
	if b.w.TTY {
		b.clear()
		line := fmt.Sprintf("%s %.1fs", name(b.what), took.Seconds())
		fmt.Fprint(b.w, line[:min(len(line), max(0, b.w.Width-1))])
		b.drawn = true
	} else if now.Sub(b.told) >= heartbeat {
		b.told = now
		fmt.Fprintf(b.w, "still %s (%s)\n", name(b.what), took.Round(time.Second))
	}
}

func (b *Busy) clear() {
	if b.drawn {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.drawn = false
	}
}
