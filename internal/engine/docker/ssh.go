// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// dialSSH connects to the daemon of another machine, as the docker command
// does: the program there passes on what it is sent.
func dialSSH(ctx context.Context, u *url.URL, program string) (net.Conn, error) {
	args := []string{"-o", "ConnectTimeout=30", "-T"}
	if user := u.User.Username(); user != "" {
		args = append(args, "-l", user)
	}
	if port := u.Port(); port != "" {
		args = append(args, "-p", port)
	}
	args = append(args, "--", u.Hostname(), program, "system", "dial-stdio")
	return dialCommand(ctx, u.Hostname(), exec.Command("ssh", args...))
}

// dialCommand makes a connection of a program's standard input and output. It
// ends with Close, not with ctx, which is for connecting only.
func dialCommand(ctx context.Context, target string, cmd *exec.Cmd) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &commandConn{cmd: cmd, target: target}
	cmd.Stderr = &c.stderr
	cmd.SysProcAttr = ownGroup() // Ctrl-C is for us: what runs has yet to be removed
	var err error
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if c.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return c, cmd.Start()
}

// commandConn is a connection through a program.
type commandConn struct {
	cmd    *exec.Cmd
	target string
	in     io.WriteCloser
	out    io.ReadCloser
	stderr complaint
	once   sync.Once
}

func (c *commandConn) Read(b []byte) (int, error) {
	n, err := c.out.Read(b)
	if n == 0 && err != nil {
		err = c.ended(err)
	}
	return n, err
}

func (c *commandConn) Write(b []byte) (int, error) {
	n, err := c.in.Write(b)
	if err != nil {
		err = c.ended(err)
	}
	return n, err
}

// ended gives what the program said in the end, or else the error by which its
// end was noticed.
func (c *commandConn) ended(err error) error {
	_ = c.Close()
	if said := c.stderr.String(); said != "" {
		return &sshError{target: c.target, said: said}
	}
	return err
}

// CloseWrite tells the program, and so the daemon, that no more will come.
func (c *commandConn) CloseWrite() error { return c.in.Close() }

// Close ends the program.
func (c *commandConn) Close() error {
	c.once.Do(func() {
		_ = c.in.Close()
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	return nil
}

func (c *commandConn) LocalAddr() net.Addr              { return commandAddr(c.target) }
func (c *commandConn) RemoteAddr() net.Addr             { return commandAddr(c.target) }
func (c *commandConn) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (c *commandConn) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (c *commandConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

type commandAddr string

func (a commandAddr) Network() string { return "ssh" }
func (a commandAddr) String() string  { return string(a) }

// complaint keeps the beginning of what a program complains of.
type complaint struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *complaint) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := 4<<10 - t.buf.Len(); room > 0 {
		t.buf.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (t *complaint) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(t.buf.String()), " ")
}

// sshError is what ssh, or the program at its other end, said instead of
// making a connection.
type sshError struct{ target, said string }

func (e *sshError) Error() string { return cmp.Or(e.said, "ssh "+e.target+" ended") }
