// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/kratix-tools/kratix/internal/redact"
)

// A Log is the end of what a container has printed.
type Log struct {
	Lines []Line // the last ones
	Total int    // how many there were
}

// A Line is one line of a container's output, without its end and valid UTF-8.
type Line struct {
	Text   string
	Stderr bool
}

// How much of a line is kept in memory, and when one without an end is broken
// into two.
const (
	maxKept = 4 << 10
	maxLine = 64 << 10
)

// A recorder joins the two streams of a container line by line. Secrets are
// gone before anything is stored or shown.
type recorder struct {
	keep int
	hide *redact.Secrets
	file io.WriteCloser // may be nil
	live func(Line)     // may be nil

	mu       sync.Mutex
	out, err stream
	lines    []Line // a ring once it is full
	total    int
	failure  error
}

// A stream is the unfinished line of stdout or stderr.
type stream struct {
	held    []byte // not yet redacted: may be the beginning of a secret
	pending []byte // redacted
}

func (r *recorder) stdout() io.Writer { return writer{r, &r.out, false} }
func (r *recorder) stderr() io.Writer { return writer{r, &r.err, true} }

type writer struct {
	*recorder
	stream *stream
	stderr bool
}

// Write never fails, so that a full disk does not look to the container like a
// closed pipe; the failure is told by close.
func (w writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stream
	s.held = append(s.held, p...)
	s.pending, s.held = w.hide.Stream(s.pending, s.held, false)
	w.emitLines(s, w.stderr)
	return len(p), nil
}

func (r *recorder) emitLines(s *stream, stderr bool) {
	for {
		line, rest, complete := bytes.Cut(s.pending, []byte("\n"))
		switch {
		case complete && len(line) <= maxLine:
			r.emit(line, stderr)
			s.pending = rest
		case len(line) > maxLine:
			r.emit(s.pending[:maxLine], stderr)
			s.pending = s.pending[maxLine:]
		default:
			s.pending = bytes.Clone(s.pending)
			return
		}
	}
}

func (r *recorder) emit(raw []byte, stderr bool) {
	if r.file != nil && r.failure == nil {
		_, r.failure = r.file.Write(append(bytes.Clone(raw), '\n'))
	}
	text := strings.ToValidUTF8(strings.TrimSuffix(string(raw), "\r"), "\uFFFD")
	line := Line{Text: text, Stderr: stderr}
	if r.live != nil {
		r.live(line)
	}
	line.Text = cut(text)
	if len(r.lines) < r.keep {
		r.lines = append(r.lines, line)
	} else {
		r.lines[r.total%r.keep] = line
	}
	r.total++
}

// cut shortens a line to what is kept of it.
func cut(text string) string {
	if len(text) <= maxKept {
		return text
	}
	end := maxKept
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// close ends the last lines and the file, and tells the first failure to write
// it.
func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range []writer{{r, &r.out, false}, {r, &r.err, true}} {
		s := w.stream
		s.pending, s.held = r.hide.Stream(s.pending, s.held, true)
		r.emitLines(s, w.stderr)
		if len(s.pending) > 0 {
			r.emit(s.pending, w.stderr)
			s.pending = nil
		}
	}
	if r.file == nil {
		return r.failure
	}
	return errors.Join(r.failure, r.file.Close())
}

// tail gives the last lines in order.
func (r *recorder) tail() Log {
	r.mu.Lock()
	defer r.mu.Unlock()
	log := Log{Total: r.total}
	if r.total <= r.keep {
		log.Lines = append(log.Lines, r.lines...)
		return log
	}
	start := r.total % r.keep
	log.Lines = append(log.Lines, r.lines[start:]...)
	log.Lines = append(log.Lines, r.lines[:start]...)
	return log
}
