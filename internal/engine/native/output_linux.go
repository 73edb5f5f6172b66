// SPDX-License-Identifier: Apache-2.0

package native

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// outputs copies what a container writes while it runs. One goroutine reads
// stdout and stderr, so that they arrive as they were written as well as can be
// told: of what is there at the same time, stdout is taken first, and an error
// message stays behind the lines that led to it.
type outputs struct {
	fds     [3]int // stdin, stdout and stderr of the container
	in      input  // what the container reads, if anything
	streams []*stream
	stop    func() // called when a writer fails: nobody reads any more what the container writes

	done      chan struct{}
	err       error        // the first writer that failed; read it when done is closed
	abandoned atomic.Int64 // when to end, in nanoseconds since 1970, if what is read does not; 0 for never
}

// A stream is one of the pipes that are copied.
type stream struct {
	fd int // -1 when it has ended
	w  io.Writer
}

// openNull opens /dev/null n times.
func openNull(n int) ([]int, error) {
	fds := make([]int, 0, n)
	for range n {
		fd, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			closeAll(fds)
			return nil, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
		}
		fds = append(fds, fd)
	}
	return fds, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

// openOutputs starts to copy for a container.
func openOutputs(ctx context.Context, stop func(), uid, gid int, c workflow.Container, stdout, stderr io.Writer) (*outputs, error) {
	o := &outputs{stop: stop, done: make(chan struct{})}
	fds, err := o.openAll(c, stdout, stderr)
	if err == nil {
		// A program may open /dev/stdout anew, which takes permission as
		// with any other file.
		err = os.NewSyscallError("fchown", errors.Join(unix.Fchown(fds[1], uid, gid), unix.Fchown(fds[2], uid, gid)))
	}
	if err != nil {
		closeAll(fds)
		o.in.close()
		for _, s := range o.streams {
			s.close()
		}
		return nil, err
	}
	copy(o.fds[:], fds)
	go o.copy()
	if c.Terminal != nil {
		go o.in.converse(ctx, c.Stdin, c.Terminal.Resized, o.done)
	}
	return o, nil
}

// openAll opens what a container is given, as far as it comes.
func (o *outputs) openAll(c workflow.Container, stdout, stderr io.Writer) (fds []int, err error) {
	if c.Terminal != nil {
		return o.terminal(c.Terminal.Size, stdout)
	}
	if c.Stdin == nil {
		fds, err = openNull(1)
	} else {
		var fd int
		o.in, fd, err = openStdin(c.Stdin)
		fds = []int{fd}
	}
	if err != nil {
		return nil, err
	}
	return o.open(fds, stdout, stderr)
}

// terminal gives a container a terminal that is copied to w.
func (o *outputs) terminal(size workflow.Size, w io.Writer) ([]int, error) {
	in, fd, err := openTerminal(size)
	if err != nil {
		return nil, err
	}
	o.in = in
	var shown int
	connection, err := in.SyscallConn()
	if err == nil {
		err = connection.Control(func(master uintptr) {
			shown, err = unix.FcntlInt(master, unix.F_DUPFD_CLOEXEC, 3)
		})
	}
	if err != nil {
		return []int{fd}, err
	}
	o.streams = append(o.streams, &stream{shown, w})
	return dupTwice(fd)
}

// open adds what the container writes to.
func (o *outputs) open(fds []int, stdout, stderr io.Writer) ([]int, error) {
	fd, err := o.pipe(stdout)
	if err != nil {
		return fds, err
	}
	fds = append(fds, fd)
	if sameWriter(stdout, stderr) {
		fd, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	} else {
		fd, err = o.pipe(stderr)
	}
	if err != nil {
		return fds, err
	}
	return append(fds, fd), nil
}

func sameWriter(a, b io.Writer) bool {
	defer func() { _ = recover() }() // types that cannot be compared
	return a == b
}

// pipe gives the end to write to of a pipe that is copied to w.
func (o *outputs) pipe(w io.Writer) (int, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return -1, os.NewSyscallError("pipe2", err)
	}
	o.streams = append(o.streams, &stream{pipe[0], w})
	return pipe[1], nil
}

// pipeSize is what a pipe holds.
const pipeSize = 64 << 10

// copy copies until nobody can write any more.
func (o *outputs) copy() {
	defer close(o.done)
	buf := make([]byte, pipeSize)
	for {
		ready, running := o.poll()
		for _, s := range ready {
			if err := s.copy(buf); err != nil {
				o.fail(err)
			}
		}
		if !running {
			break
		}
	}
	for _, s := range o.streams {
		s.close()
	}
}

// patience is how long nothing need be written before a cancellation is
// noticed.
const patience = 100 * time.Millisecond

// poll waits until streams can be read, and tells whether to go on.
func (o *outputs) poll() (ready []*stream, running bool) {
	var fds [2]unix.PollFd
	var open [2]*stream
	n := 0
	for _, s := range o.streams {
		if s.fd >= 0 {
			fds[n], open[n] = unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN}, s //nolint:gosec // a descriptor
			n++
		}
	}
	if n == 0 || o.late() {
		return nil, false
	}
	_, err := unix.Poll(fds[:n], int(patience.Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		o.fail(os.NewSyscallError("poll", err))
		return nil, false
	}
	k := 0
	for i := range n {
		if err == nil && fds[i].Revents != 0 {
			open[k] = open[i]
			k++
		}
	}
	return open[:k], true
}

func (o *outputs) late() bool {
	end := o.abandoned.Load()
	return end != 0 && time.Now().UnixNano() > end
}

func (o *outputs) fail(err error) {
	if o.err == nil {
		o.err = err
	}
	o.stop()
}

// copy copies what is there, which poll has found to be something or the end.
// After a writer's failure nothing is read any more.
func (s *stream) copy(buf []byte) error {
	n, err := unix.Read(s.fd, buf)
	if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
		return nil
	}
	if n <= 0 {
		s.close()
		if hungUp(err) {
			return nil
		}
		return os.NewSyscallError("read", err)
	}
	if _, err := s.w.Write(buf[:n]); err != nil {
		s.close()
		return err
	}
	return nil
}

func (s *stream) close() {
	if s.fd >= 0 {
		_ = unix.Close(s.fd)
		s.fd = -1
	}
}

// wait waits until all is copied. The container has ended and with it all that
// could write, unless a descriptor was passed to somebody outside: after a
// cancellation, that is not waited for.
func (o *outputs) wait(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { o.abandoned.Store(time.Now().Add(time.Second).UnixNano()) })()
	<-o.done
	o.in.close()
	return o.err
}
