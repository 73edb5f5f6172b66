// SPDX-License-Identifier: Apache-2.0

package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// An input is this process's end of a container's stdin: a pipe, or the
// terminal that serves as all three streams.
type input struct {
	*os.File
}

// openFile makes a file of a descriptor such that closing it ends whoever
// writes to it.
func openFile(fd int, name string) (*os.File, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// openStdin gives a container a pipe with what is read from r.
func openStdin(r io.Reader) (in input, fd int, err error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return in, -1, os.NewSyscallError("pipe2", err)
	}
	if in.File, err = openFile(pipe[1], "stdin"); err != nil {
		_ = unix.Close(pipe[0])
		return in, -1, err
	}
	go func() {
		_, _ = io.Copy(in, r)
		_ = in.Close()
	}()
	return in, pipe[0], nil
}

// openTerminal makes a terminal. Its other end, fd, is for the container.
func openTerminal(size workflow.Size) (in input, fd int, err error) {
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return in, -1, fmt.Errorf("making a terminal: %w", &os.PathError{Op: "open", Path: "/dev/ptmx", Err: err})
	}
	fd, err = slave(master)
	if err != nil {
		_ = unix.Close(master)
		return in, -1, fmt.Errorf("making a terminal: %w", err)
	}
	if in.File, err = openFile(master, "terminal"); err != nil {
		_ = unix.Close(fd)
		return in, -1, err
	}
	in.resize(size)
	return in, fd, nil
}

// slave opens the other end of a terminal.
func slave(master int) (int, error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return -1, os.NewSyscallError("unlocking it", err)
	}
	// By its master and not by its name, which may be another's in /dev/pts.
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return -1, os.NewSyscallError("opening it", errno)
	}
	return int(fd), nil
}

// converse passes on what is typed and how large the terminal is, until stop is
// closed. It does not wait for somebody who does not type.
func (in input) converse(ctx context.Context, r io.Reader, resized <-chan workflow.Size, stop <-chan struct{}) {
	if r != nil {
		go func() { _, _ = io.Copy(in, r) }()
	}
	for {
		select {
		case size, more := <-resized:
			if !more {
				resized = nil
				continue
			}
			in.resize(size)
		case <-ctx.Done():
			return
		case <-stop:
			return
		}
	}
}

// resize is a courtesy: a terminal of the wrong size is one all the same.
func (in input) resize(size workflow.Size) {
	connection, err := in.SyscallConn()
	if err != nil || size == (workflow.Size{}) {
		return
	}
	_ = connection.Control(func(fd uintptr) {
		_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Rows, Col: size.Columns})
	})
}

// close ends what still waits to be passed on.
func (in input) close() {
	if in.File != nil {
		_ = in.Close()
	}
}

// dupTwice gives two more descriptors of the same file.
func dupTwice(fd int) ([]int, error) {
	fds := []int{fd}
	for range 2 {
		again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return fds, os.NewSyscallError("fcntl", err)
		}
		fds = append(fds, again)
	}
	return fds, nil
}

// hungUp tells that an error of reading a terminal is its end: nobody has the
// other end open any more.
func hungUp(err error) bool { return errors.Is(err, unix.EIO) }
