// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// maxOutput is how much git may write, in bytes: the list of some hundred
// thousand files, and not that of a tree which holds another a thousand times.
const maxOutput = 64 << 20

var errTooMuch = errors.New("the repository has too many files")

// git runs git to its end and gives what it wrote.
func (r *repository) git(ctx context.Context, env []string, input string, args ...string) (string, error) {
	cmd := r.command(ctx, env, args...)
	var out limited
	var said tail
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &said
	err := cmd.Run()
	switch {
	case out.full:
		return "", errTooMuch
	case err != nil:
		return "", &gitError{said.String(), err}
	}
	return out.kept.String(), nil
}

// command is a git process that ends with ctx, and all that it started too. It
// has no terminal, so that neither git nor ssh can ask there.
func (r *repository) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env, cmd.Dir = env, r.dir.Path
	cmd.WaitDelay = 2 * time.Second
	alone(cmd)
	return cmd
}

// A gitError is what git said before it failed.
type gitError struct {
	said string
	err  error
}

func (e *gitError) Error() string { return e.err.Error() + ": " + e.said }
func (e *gitError) Unwrap() error { return e.err }

// limited keeps what is written, up to maxOutput.
type limited struct {
	kept bytes.Buffer // not embedded: io.Copy would use its ReadFrom
	full bool
}

func (l *limited) Write(p []byte) (int, error) {
	if l.kept.Len()+len(p) > maxOutput {
		l.full = true
		return 0, errTooMuch
	}
	return l.kept.Write(p)
}

// tail keeps the end of what is written.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 16 << 10
	t.kept = append(t.kept, p...)
	if len(t.kept) > most {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-most:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.kept)) }

// objects is a process that reads contents by their hashes.
type objects struct {
	cmd  *exec.Cmd
	end  context.CancelFunc
	in   io.WriteCloser
	out  *bufio.Reader
	said tail
}

func (r *repository) openObjects() (*objects, error) {
	ctx, end := context.WithCancel(context.Background())
	o := &objects{cmd: r.command(ctx, r.reading, "cat-file", "--batch"), end: end}
	out, err := o.cmd.StdoutPipe()
	if err == nil {
		o.in, err = o.cmd.StdinPipe()
	}
	if err == nil {
		o.cmd.Stderr, o.out = &o.said, bufio.NewReader(out)
		err = o.cmd.Start()
	}
	if err != nil {
		end()
		return nil, diag.Machinef("git cat-file: %w", err)
	}
	return o, nil
}

// read gives a content, or its size alone if that is above the limit. After an
// error the process is of no use.
func (o *objects) read(ctx context.Context, hash string, limit int64) (content []byte, size int64, err error) {
	defer context.AfterFunc(ctx, o.end)()
	if _, err := io.WriteString(o.in, hash+"\n"); err != nil {
		return nil, 0, err
	}
	header, err := o.out.ReadString('\n')
	if err != nil {
		return nil, 0, err
	}
	fields := strings.Fields(header)
	if len(fields) == 2 && fields[1] == "missing" {
		return nil, 0, errors.New("the server no longer has it: the branch has moved on")
	}
	if len(fields) != 3 || fields[1] != "blob" {
		return nil, 0, fmt.Errorf("git cat-file: %s", strings.TrimSpace(header))
	}
	if size, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return nil, 0, fmt.Errorf("git cat-file: %w", err)
	}
	if size > limit {
		_, err = io.CopyN(io.Discard, o.out, size)
	} else {
		content = make([]byte, size)
		_, err = io.ReadFull(o.out, content)
	}
	if err == nil {
		_, err = o.out.Discard(1) // the line break after it
	}
	return content, size, err
}

func (o *objects) close() {
	_ = o.in.Close()
	o.end()
	_ = o.cmd.Wait() // it was killed, perhaps
}

func split(address string) (host, port string) {
	host, port, _ = net.SplitHostPort(address)
	return host, port
}
