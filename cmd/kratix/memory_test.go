// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A small file that becomes a very large one is refused at the limit, and takes
// no more memory whatever the limit is.
func TestBombsTakeConstantMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it decompresses a gigabyte")
	}
	snapshot := filepath.Join(t.TempDir(), "platform.yaml")
	if err := os.WriteFile(snapshot, []byte("apiVersion: platform.kratix.io/v1alpha1\nkind: Work\nmetadata: {name: bomb, namespace: default}\n"+
		"spec: {workloadGroups: [{id: 5058f1af8388633f609cadb75a75dc9d, directory: ., workloads: [{filepath: bomb.yaml, content: "+bomb(t)+"}]}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const limit = 512 << 20
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "larger than the limit of 67108864 bytes"},
		{[]string{"--max-document", strconv.Itoa(limit)}, fmt.Sprintf("larger than the limit of %d bytes", limit)},
	} {
		cmd := exec.Command(os.Args[0], append([]string{"inspect", "work", "bomb", "-f", snapshot}, test.args...)...)
		cmd.Args[0] = "kratix"
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
		}
		if !strings.Contains(strings.Join(strings.Fields(string(out)), " "), test.want) {
			t.Errorf("%v does not say %q:\n%s", cmd.Args, test.want, out)
		}
		// The kernel counts what this process had when it started the other.
		if peak, own := memory(t, cmd.ProcessState), memory(t, nil); peak > max(limit*3/4, own) {
			t.Errorf("%v took %d MB", cmd.Args, peak>>20)
		}
	}
}

// bomb is 10 GB as 10 MB: one member of a gzip file many times.
func bomb(t *testing.T) string {
	t.Helper()
	const member, members = 64 << 20, 160
	var one bytes.Buffer
	w, err := gzip.NewWriterLevel(&one, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, member)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(bytes.Repeat(one.Bytes(), members))
}

// memory is the most that a process that has ended had, or else this one.
func memory(t *testing.T, ended *os.ProcessState) int64 {
	t.Helper()
	usage := &syscall.Rusage{}
	if ended != nil {
		usage, _ = ended.SysUsage().(*syscall.Rusage)
	} else if err := syscall.Getrusage(syscall.RUSAGE_SELF, usage); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}
