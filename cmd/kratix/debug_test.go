// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/sys/unix"
)

// Somebody talks to a shell in a step: Ctrl-C is for what runs there, the size
// of the window is known there, and afterwards the terminal is as before.
func TestDebugOnATerminal(t *testing.T) {
	d := newDebugged(t)
	before := d.mode()
	d.start()
	d.enter("echo $((1+1))ready\n", "2ready")
	if d.mode().Lflag&(unix.ICANON|unix.ISIG|unix.ECHO) != 0 {
		t.Error("the terminal is not raw while there is a shell")
	}
	// What says that it sleeps is what Ctrl-C reaches, and not the shell itself.
	d.enter("busybox sh -c 'echo $((2+2))asleep; busybox sleep 1000'\n", "4asleep")
	d.enter("\x03echo code=$?\n", "code=130")
	d.resize(99, 22)
	d.enter("until [ \"$(busybox stty size)\" = '22 99' ]; do :; done; echo $((3+3))resized\n", "6resized")
	d.enter("exit\n", "step 1/1 \"render\"")
	if code := d.end(); code != 1 {
		t.Errorf("exit code %d, want that of a step that failed\n%s", code, d.shown())
	}
	if diff := cmp.Diff(before, d.mode()); diff != "" {
		t.Errorf("mode of the terminal (-before +after)\n%s", diff)
	}
}

// A signal that ends the program ends the shell, and leaves the terminal as it
// was.
func TestDebugEndedBySignal(t *testing.T) {
	d := newDebugged(t)
	before := d.mode()
	d.start()
	d.enter("echo $((1+1))ready\n", "2ready")
	for range 2 { // the second of which would end another program at once
		if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	if code := d.end(); code != 130 {
		t.Errorf("exit code %d\n%s", code, d.shown())
	}
	if diff := cmp.Diff(before, d.mode()); diff != "" {
		t.Errorf("mode of the terminal (-before +after)\n%s", diff)
	}
}

// debugged is a workflow with a step that fails, on a terminal of its own.
type debugged struct {
	*testing.T

	cmd           *exec.Cmd
	master, slave *os.File

	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newDebugged(t *testing.T) *debugged {
	t.Helper()
	if ok, err := condition("containers"); !ok || err != nil {
		t.Skip("needs the native engine and busybox-static")
	}
	dir := t.TempDir()
	d := &debugged{T: t, more: make(chan struct{}, 1)}
	d.write(dir, "image/run.sh", "exit 7\n")
	promise, _, _ := strings.Cut(interruptedPromise, "containers:")
	d.write(dir, "promise.yaml", promise+"containers: [{name: render, image: acme.org/step:v1}]\n")
	d.write(dir, "example-resource.yaml", "apiVersion: acme.org/v1\nkind: App\nmetadata: {name: example}\n")
	img, err := shellImage(filepath.Join(dir, "image"))
	d.check(err)
	d.check(tarball.WriteToFile(filepath.Join(dir, "step.tar"), name.MustParseReference("acme.org/step:v1"), img))
	d.open()
	d.cmd = exec.Command(os.Args[0], "run", "workflow", "--debug", "--image", "acme.org/step:v1=step.tar")
	d.cmd.Args[0], d.cmd.Dir = "kratix", dir
	d.cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "TERM=vt100", "NO_COLOR=1")
	d.cmd.Stdin, d.cmd.Stdout, d.cmd.Stderr = d.slave, d.slave, d.slave
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	return d
}

func (d *debugged) check(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *debugged) write(dir, file, content string) {
	d.Helper()
	path := filepath.Join(dir, file)
	d.check(os.MkdirAll(filepath.Dir(path), 0o755))
	d.check(os.WriteFile(path, []byte(content), 0o755))
}

// open makes the terminal.
func (d *debugged) open() {
	d.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		d.Skipf("there are no terminals here: %v", err)
	}
	d.master = os.NewFile(uintptr(master), "ptmx")
	d.check(unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0))
	slave, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		d.Fatal(errno)
	}
	d.slave = os.NewFile(slave, "pts")
	d.Cleanup(func() { _, _ = d.slave.Close(), d.master.Close() })
}

func (d *debugged) start() {
	d.Helper()
	d.check(d.cmd.Start())
	d.Cleanup(func() { _ = d.cmd.Process.Kill() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := d.master.Read(b)
			d.mu.Lock()
			d.text.Write(b[:n])
			d.mu.Unlock()
			select {
			case d.more <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	d.await("leave: ")
}

func (d *debugged) shown() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

// enter types a text and waits for another to be shown.
func (d *debugged) enter(text, answer string) {
	d.Helper()
	_, err := d.master.WriteString(text)
	d.check(err)
	d.await(answer)
}

func (d *debugged) await(text string) {
	d.Helper()
	for deadline := time.After(time.Minute); !strings.Contains(d.shown(), text); {
		select {
		case <-d.more:
		case <-deadline:
			d.Fatalf("%q is not shown within a minute, but\n%s", text, d.shown())
		}
	}
}

func (d *debugged) resize(columns, rows uint16) {
	d.Helper()
	d.check(unix.IoctlSetWinsize(int(d.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}))
}

func (d *debugged) mode() unix.Termios {
	d.Helper()
	mode, err := unix.IoctlGetTermios(int(d.slave.Fd()), unix.TCGETS)
	d.check(err)
	return *mode
}

func (d *debugged) end() (code int) {
	d.Helper()
	err := d.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.Fatal(err)
	}
	return d.cmd.ProcessState.ExitCode()
}
