package native

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// outputs copies what a container writes while it runs.
type outputs struct {
	fds     [3]int // stdin, stdout and stderr of the container
	readers []*os.File
	copying sync.WaitGroup

	mu  sync.Mutex
	err error // the first writer that failed
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

// openOutputs starts to copy. When a writer fails, stop is called: nobody
// reads any more what the container writes.
func openOutputs(stop func(), uid, gid int, stdout, stderr io.Writer) (*outputs, error) {
	null, err := openNull(1)
	if err != nil {
		return nil, err
	}
	o := &outputs{fds: [3]int{null[0], -1, -1}}
	if o.fds[1], err = o.copyTo(stdout, stop); err != nil {
		closeAll(null)
		return nil, err
	}
	if sameWriter(stdout, stderr) {
		o.fds[2], err = unix.FcntlInt(uintptr(o.fds[1]), unix.F_DUPFD_CLOEXEC, 3)
	} else {
		o.fds[2], err = o.copyTo(stderr, stop)
	}
	if err != nil {
		closeAll(o.fds[:2])
		return nil, err
	}
	// A program may open /dev/stdout anew, which takes permission as with any
	// other file.
	if err := errors.Join(unix.Fchown(o.fds[1], uid, gid), unix.Fchown(o.fds[2], uid, gid)); err != nil {
		closeAll(o.fds[:])
		return nil, os.NewSyscallError("fchown", err)
	}
	return o, nil
}

func sameWriter(a, b io.Writer) bool {
	defer func() { _ = recover() }() // types that cannot be compared
	return a == b
}

// copyTo gives the end of a pipe to write to, and copies from the other.
func (o *outputs) copyTo(w io.Writer, stop func()) (int, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return -1, os.NewSyscallError("pipe2", err)
	}
	// Only our end is non-blocking, so that a deadline works.
	_ = unix.SetNonblock(pipe[0], true)
	r := os.NewFile(uintptr(pipe[0]), "|0")
	o.readers = append(o.readers, r)
	o.copying.Go(func() {
		_, err := io.Copy(w, r)
		if err != nil {
			o.fail(err)
			stop()
		}
		_ = r.Close()
	})
	return pipe[1], nil
}

func (o *outputs) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
}

// wait waits until all is copied. The container has ended and with it all that
// could write, unless a descriptor was passed to somebody outside: after a
// cancellation, that is not waited for.
func (o *outputs) wait(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		for _, r := range o.readers {
			_ = r.SetReadDeadline(time.Now().Add(time.Second))
		}
	})()
	o.copying.Wait()
	return o.err
}
