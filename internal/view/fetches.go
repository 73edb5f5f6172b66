// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/kratix-tools/kratix/internal/term"
)

// Fetches tells on standard error how images come along that are fetched: on a
// terminal a line for each, which in the end says how long it took; elsewhere
// a line at the beginning, one at the end, and one now and then in between. Of
// what need not be fetched it says nothing.
type Fetches struct {
	w    term.Stream
	stop chan struct{}
	done sync.WaitGroup
	once sync.Once // for the first image

	mu      sync.Mutex
	running []*fetch // in the order in which they began
	drawn   int      // live lines on the terminal
}

// A fetch is one image on its way.
type fetch struct {
	ref         string
	began, told time.Time
	done, total int64
}

// NewFetches tells of images that are fetched, until Stop.
func NewFetches(w term.Stream) *Fetches { return &Fetches{w: w, stop: make(chan struct{})} }

// watch shows now and then how far the images are.
func (f *Fetches) watch() {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-f.stop:
			return
		case now := <-ticker.C:
			f.show(now)
		}
	}
}

// Progress follows one image: what it gives takes the bytes that have arrived
// and those that are to arrive.
func (f *Fetches) Progress(ref string) func(done, total int64) {
	return func(done, total int64) { f.progress(ref, done, total, time.Now()) }
}

func (f *Fetches) progress(ref string, done, total int64, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.running {
		if r.ref == ref {
			r.done, r.total = done, total
			return
		}
	}
	f.once.Do(func() { f.done.Go(f.watch) })
	f.running = append(f.running, &fetch{ref: ref, began: now, told: now, done: done, total: total})
	if !f.w.TTY {
		fmt.Fprintf(f.w, "fetching %s\n", name(ref))
	}
}

// Done ends the line of an image. One that failed is told by its error.
func (f *Fetches) Done(ref string, err error) { f.end(ref, err, time.Now()) }

func (f *Fetches) end(ref string, err error, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, r := range f.running {
		if r.ref != ref {
			continue
		}
		f.clear()
		f.running = append(f.running[:i:i], f.running[i+1:]...)
		if err == nil {
			fmt.Fprintf(f.w, "fetched %s %s in %.1fs\n", name(ref), size(r.total), now.Sub(r.began).Seconds())
		}
		f.draw()
		return
	}
}

// Stop ends it and takes the live lines away.
func (f *Fetches) Stop() {
	close(f.stop)
	f.done.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clear()
}

func (f *Fetches) show(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.w.TTY {
		f.clear()
		f.draw()
		return
	}
	for _, r := range f.running {
		if now.Sub(r.told) >= heartbeat {
			r.told = now
			fmt.Fprintf(f.w, "still fetching %s, %s of %s\n", name(r.ref), size(r.done), size(r.total))
		}
	}
}

// clear takes the live lines away: the cursor is below them.
func (f *Fetches) clear() {
	fmt.Fprint(f.w, strings.Repeat("\x1b[1A\x1b[2K", f.drawn))
	f.drawn = 0
}

// draw shows a live line for each image, on a terminal.
func (f *Fetches) draw() {
	if !f.w.TTY {
		return
	}
	for _, r := range f.running {
		fmt.Fprintln(f.w, r.line(f.w.Width-1))
		f.drawn++
	}
}

// line tells how far an image is in so many columns. The end of a long name
// says more than its beginning.
func (r *fetch) line(width int) string {
	what, how := name(r.ref), fmt.Sprintf(" %s of %s", size(r.done), size(r.total))
	if room := width - len("fetching ") - len(how); len(what) > room && room > len("...") {
		what = "..." + what[len(what)-room+len("..."):]
	}
	line := "fetching " + what + how
	return line[:min(len(line), max(0, width))]
}
