// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// testFault ends the step itself, which is process 1 and can be sent no signal
// from inside.
func testFault(t *testing.T, w *world) {
	code := map[string][]byte{"amd64": {0x0f, 0x0b}, "arm64": {0, 0, 0, 0}}[runtime.GOARCH]
	if code == nil {
		t.Skip("no program that faults is known for " + runtime.GOARCH)
	}
	c := w.sh(w.image(t, v1.Config{}, file{name: "faults", content: program(t, code)}))
	c.Command = []string{"/faults"}
	if diff := cmp.Diff(result{Code: 128 + int(syscall.SIGILL)}, w.run(t, w.pod(t), c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// program makes an executable file of some instructions.
func program(t *testing.T, code []byte) string {
	t.Helper()
	const base = 0x400000
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Ehsize: 64, Phoff: 64, Phentsize: 56, Phnum: 1, Entry: base + 64 + 56,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	size := uint64(64 + 56 + len(code))
	load := elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 0x1000}
	var file bytes.Buffer
	for _, part := range []any{header, load, code} {
		if err := binary.Write(&file, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return file.String()
}

func testSeccomp(t *testing.T, w *world) {
	c := w.sh(w.image(t, v1.Config{}), `grep Seccomp: /proc/self/status`, `unshare -U true 2>/dev/null && echo allowed || echo refused`)
	if diff := cmp.Diff(result{Stdout: "Seccomp:\t2\nrefused\n"}, w.run(t, w.pod(t), c)); diff != "" {
		t.Errorf("RuntimeDefault (-want +got)\n%s", diff)
	}
	c.Security.Seccomp = workflow.SeccompUnconfined
	if diff := cmp.Diff(result{Stdout: "Seccomp:\t0\nallowed\n"}, w.run(t, w.pod(t), c)); diff != "" {
		t.Errorf("Unconfined (-want +got)\n%s", diff)
	}
}

func testMemoryLimit(t *testing.T, w *world) {
	if w.lacks("memory") {
		t.Skip("the engine says that it cannot limit memory here")
	}
	ref, pod := w.image(t, v1.Config{}), w.pod(t)
	const take = "head -c %d /dev/zero | tail -c %[1]d | wc -c" // tail keeps all that it may have to show
	for _, tt := range []struct {
		name, script string
		limit        int64
		code         int
		killed       bool
	}{
		{"more than the limit", fmt.Sprintf("exec tail -c %d /dev/zero", 100<<20), 32 << 20, 137, true},
		{"a child of the step", fmt.Sprintf(take, 100<<20) + "; exit 137", 32 << 20, 137, true},
		{"less than the limit", fmt.Sprintf(take, 1<<20), 32 << 20, 0, false},
		{"without a limit", fmt.Sprintf(take, 100<<20), 0, 0, false},
		{"a code that looks like it", "exit 137", 32 << 20, 137, false},
	} {
		c := w.sh(ref, tt.script)
		c.Limits.Memory = tt.limit
		exit, err := pod.Run(t.Context(), c, io.Discard, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if exit.Code != tt.code || exit.OOMKilled != tt.killed {
			t.Errorf("%s: %+v", tt.name, exit)
		}
	}
}

func testCPULimit(t *testing.T, w *world) {
	if w.lacks("CPU") {
		t.Skip("the engine says that it cannot limit the CPU here")
	}
	// To use 200 ms takes 1 s with a fifth of a core, however busy the
	// machine is; the quota of the first period is free.
	const used, share = 200 * time.Millisecond, 200
	c := w.sh(w.image(t, v1.Config{}),
		`ticks() { read -r s < /proc/self/stat; s=${s##*)}; set -- $s; ticks=$((${12} + ${13})); }`,
		`ticks; while [ $ticks -lt 20 ]; do ticks; done`)
	c.Limits.MilliCPU = share
	exit, err := w.pod(t).Run(t.Context(), c, io.Discard, io.Discard)
	if err != nil || exit.Code != 0 {
		t.Fatalf("%+v, %v", exit, err)
	}
	if least := used*1000/share - 300*time.Millisecond; exit.Duration < least {
		t.Errorf("%v of the CPU took %v with a fifth of it", used, exit.Duration)
	}
}
