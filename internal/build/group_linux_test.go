// SPDX-License-Identifier: Apache-2.0

package build

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A go command that is stopped leaves neither compilers nor files behind. The
// one here is a program that tells of its child and waits.
func TestCancelledBuildLeavesNothing(t *testing.T) {
	bin, tmp := t.TempDir(), t.TempDir()
	fifo := filepath.Join(bin, "started")
	script := "#!/bin/sh\ntouch $GOTMPDIR/go-build-1\nsleep 1000 >/dev/null 2>&1 &\necho $! > " + fifo + "\nwait\n"
	err := errors.Join(syscall.Mkfifo(fifo, 0o600), os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755)) //nolint:gosec // a program
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := Go(ctx, GoOptions{Dir: stage(t, "go.mod", goMod, "main.go", program)})
		done <- err
	}()
	f, err := os.Open(fifo) // blocks until the program writes
	if err != nil {
		t.Fatal(err)
	}
	child, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(child)) + "/stat")
	if err == nil && !strings.Contains(string(stat), ") Z ") {
		t.Errorf("a child is still there: %s", stat)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "kratix-*", "*")); len(left) > 0 {
		t.Errorf("files left behind: %q", left)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "kratix-*")); len(left) > 0 {
		t.Errorf("directories left behind: %q", left)
	}
}
