// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"context"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// dialPipe connects to a named pipe. It is opened for overlapped operation, so
// that reading does not hold up writing.
func dialPipe(ctx context.Context, path string) (net.Conn, error) {
	name := strings.ReplaceAll(path, "/", `\`)
	for {
		f, err := openPipe(name)
		if err != windows.ERROR_PIPE_BUSY { //nolint:errorlint // a plain number from the system
			if err != nil {
				return nil, &os.PathError{Op: "open", Path: name, Err: err}
			}
			return pipeConn{f}, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func openPipe(name string) (*os.File, error) {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(wide, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_OVERLAPPED|windows.SECURITY_SQOS_PRESENT|windows.SECURITY_ANONYMOUS, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), name), nil
}

// pipeConn is a named pipe as a connection.
type pipeConn struct{ *os.File }

func (p pipeConn) LocalAddr() net.Addr  { return pipeAddr(p.Name()) }
func (p pipeConn) RemoteAddr() net.Addr { return pipeAddr(p.Name()) }

type pipeAddr string

func (a pipeAddr) Network() string { return "npipe" }
func (a pipeAddr) String() string  { return string(a) }

// ownGroup starts a program in a process group of its own.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}
