// SPDX-License-Identifier: Apache-2.0

package native

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// A machine runs filters as the kernel does.
type machine struct{ *bpf.VM }

func newMachine(tb testing.TB, code []unix.SockFilter) machine {
	tb.Helper()
	var list []bpf.Instruction
	for _, c := range code {
		list = append(list, bpf.RawInstruction{Op: c.Code, Jt: c.Jt, Jf: c.Jf, K: c.K}.Disassemble())
	}
	vm, err := bpf.NewVM(list)
	if err != nil {
		tb.Fatal(err)
	}
	return machine{vm}
}

// decide says what happens to a system call. The machine of package bpf reads
// numbers as they come over a network, so that is how they are written here;
// the halves of an argument stay where this machine has them.
func (m machine) decide(tb testing.TB, id arch.AuditArch, number int, args ...uint64) string {
	tb.Helper()
	data := binary.BigEndian.AppendUint32(nil, uint32(number))
	data = binary.BigEndian.AppendUint32(data, uint32(id))
	data = append(data, make([]byte, 8)...)
	for i := range 6 {
		var arg uint64
		if i < len(args) {
			arg = args[i]
		}
		halves := binary.NativeEndian.AppendUint64(nil, arg)
		for ; len(halves) > 0; halves = halves[4:] {
			data = binary.BigEndian.AppendUint32(data, binary.NativeEndian.Uint32(halves))
		}
	}
	verdict, err := m.Run(data)
	if err != nil {
		tb.Fatal(err)
	}
	return verdictName(uint32(verdict))
}

func verdictName(verdict uint32) string {
	switch verdict & unix.SECCOMP_RET_ACTION_FULL {
	case unix.SECCOMP_RET_ALLOW:
		return "allowed"
	case unix.SECCOMP_RET_ERRNO:
		return unix.ErrnoName(unix.Errno(verdict & unix.SECCOMP_RET_DATA))
	default:
		return fmt.Sprintf("%#x", verdict)
	}
}

// TestTheFilterIsTheProfile compares, for every system call of every
// architecture, what the filter says with a plain reading of the profile's
// rules.
func TestTheFilterIsTheProfile(t *testing.T) {
	t.Parallel()
	profile := &specs.LinuxSeccomp{
		Architectures: []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32, specs.ArchAARCH64, specs.ArchARM},
		Syscalls:      defaultRules(t),
	}
	code, err := compile(profile)
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, code)
	interesting := []uint64{0, 1, 2, 7, 8, 9, 16, 17, 38, 40, 41, 0x20000, 0x20008, 0x10000000, 0x7e020000, 0xffffffff, 1 << 32, 1<<32 | 2, 1 << 63}
	for _, name := range profile.Architectures {
		info := architecture(name)
		if info == nil {
			continue
		}
		for number := range 600 {
			for _, arg := range interesting {
				got, want := m.decide(t, info.ID, number, arg), reading(profile, info, number, arg)
				if got != want {
					t.Errorf("%s %s(%#x): %s, want %s", name, info.SyscallNumbers[number], arg, got, want)
				}
			}
		}
	}
	for _, foreign := range []arch.AuditArch{0, 0xc00000f3} {
		if got := m.decide(t, foreign, 0); got != "ENOSYS" {
			t.Errorf("architecture %#x: %s", foreign, got)
		}
	}
	if got := m.decide(t, arch.X86_64.ID, 0x40000000); got != "ENOSYS" {
		t.Errorf("x32: %s", got)
	}
}

// defaultRules are those of the default profile for the usual capabilities.
func defaultRules(tb testing.TB) []specs.LinuxSyscall {
	tb.Helper()
	nosys := uint(unix.ENOSYS)
	rules := []specs.LinuxSyscall{
		{Names: []string{"read", "write", "openat", "mmap2", "newfstatat"}, Action: specs.ActAllow},
		{Names: []string{"clone3"}, Action: specs.ActErrno, ErrnoRet: &nosys},
		{Names: []string{"clone"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Index: 0, Value: 0x7e020000, Op: specs.OpMaskedEqual}}},
		{Names: []string{"socket"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Index: 0, Value: 17, Op: specs.OpLessThan}}},
		{Names: []string{"bind"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{
			{Index: 0, Value: 8, Op: specs.OpEqualTo}, {Index: 1, Value: 0, Op: specs.OpEqualTo},
		}},
		{Names: []string{"listen"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Index: 0, Value: 1<<32 + 1, Op: specs.OpLessThan}}},
	}
	for _, value := range []uint64{0, 8, 0x20000, 0x20008, 0xffffffff, 1<<32 | 2} {
		for _, name := range []string{"personality", "socket"} {
			rules = append(rules, specs.LinuxSyscall{
				Names: []string{name}, Action: specs.ActAllow,
				Args: []specs.LinuxSeccompArg{{Index: 0, Value: value, Op: specs.OpEqualTo}},
			})
		}
	}
	return rules
}

// reading is the plain reading of a profile; arg is the first argument, all
// others are 0.
func reading(profile *specs.LinuxSeccomp, info *arch.Info, number int, arg uint64) string {
	name, known := info.SyscallNumbers[number]
	if !known {
		return "ENOSYS"
	}
	holds := func(a specs.LinuxSeccompArg) bool {
		value := arg
		if a.Index > 0 {
			value = 0
		}
		switch a.Op {
		case specs.OpEqualTo:
			return value == a.Value
		case specs.OpLessThan:
			return value < a.Value
		case specs.OpMaskedEqual:
			return value&a.Value == a.ValueTwo
		}
		return false
	}
	for _, rule := range profile.Syscalls {
		if slices.Contains(rule.Names, name) && !slices.ContainsFunc(rule.Args, func(a specs.LinuxSeccompArg) bool { return !holds(a) }) {
			if rule.Action == specs.ActAllow {
				return "allowed"
			}
			return unix.ErrnoName(unix.Errno(*rule.ErrnoRet))
		}
	}
	return "EPERM"
}

func TestCapabilitiesWidenTheFilter(t *testing.T) {
	t.Parallel()
	info := architecture(map[string]specs.Arch{"amd64": specs.ArchX86_64, "arm64": specs.ArchAARCH64}[runtime.GOARCH])
	if info == nil {
		t.Skip("no filter on", runtime.GOARCH)
	}
	var engine filters
	for _, tt := range []struct {
		name     string
		security workflow.Security
		want     map[string]string
	}{
		{"usual", workflow.Security{}, map[string]string{
			"execve": "allowed", "unshare": "EPERM", "clone3": "ENOSYS", "mount": "EPERM", "chroot": "allowed", "reboot": "EPERM", "keyctl": "EPERM",
		}},
		{"none", workflow.Security{DropCapabilities: []string{"ALL"}}, map[string]string{"chroot": "EPERM", "mount": "EPERM", "execve": "allowed"}},
		{"SYS_ADMIN", workflow.Security{AddCapabilities: []string{"SYS_ADMIN"}}, map[string]string{"unshare": "allowed", "mount": "allowed", "reboot": "EPERM"}},
	} {
		code, err := engine.filter(tt.security.Capabilities())
		if err != nil {
			t.Fatal(err)
		}
		again, err := engine.filter(tt.security.Capabilities())
		if err != nil || &again[0] != &code[0] {
			t.Errorf("%s: made twice, or %v", tt.name, err)
		}
		m := newMachine(t, code)
		for _, name := range slices.Sorted(maps.Keys(tt.want)) {
			if got := m.decide(t, info.ID, info.SyscallNames[name]); got != tt.want[name] {
				t.Errorf("%s: %s is %s, want %s", tt.name, name, got, tt.want[name])
			}
		}
	}
}

func TestWhatTheCompilerDoesNotKnowIsRefused(t *testing.T) {
	t.Parallel()
	allow := func(op specs.LinuxSeccompOperator) specs.LinuxSyscall {
		return specs.LinuxSyscall{Names: []string{"read"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Op: op}}}
	}
	for _, profile := range []specs.LinuxSeccomp{
		{Architectures: []specs.Arch{specs.ArchS390X}},
		{Architectures: []specs.Arch{specs.ArchX86}, Syscalls: []specs.LinuxSyscall{allow(specs.OpGreaterEqual)}},
		{Architectures: []specs.Arch{specs.ArchX86}, Syscalls: []specs.LinuxSyscall{{Names: []string{"read"}, Action: specs.ActTrap}}},
	} {
		if code, err := compile(&profile); err == nil {
			t.Errorf("%+v: %d instructions", profile, len(code))
		}
	}
}

func TestSystemCallsAreFiltered(t *testing.T) {
	t.Parallel()
	const newUser = 0x10000000 // which a program with threads like ours could not have anyway: EINVAL
	unshare := fmt.Sprintf("syscall %d %d", unix.SYS_UNSHARE, newUser)
	clone3 := fmt.Sprintf("syscall %d 0 0", unix.SYS_CLONE3)
	for _, tt := range []struct {
		name     string
		security workflow.Security
		status   string
		unshare  string
		clone3   string
	}{
		{"by default", workflow.Security{}, "2", "operation not permitted", "function not implemented"},
		{"also as another user", workflow.Security{RunAsUser: new(int64(7))}, "2", "operation not permitted", "function not implemented"},
		{"without capabilities", workflow.Security{DropCapabilities: []string{"ALL"}, NoNewPrivileges: true}, "2", "operation not permitted", "function not implemented"},
		{"not if Unconfined", workflow.Security{Seccomp: workflow.SeccompUnconfined}, "0", "invalid argument", "invalid argument"},
		{"less with SYS_ADMIN", workflow.Security{AddCapabilities: []string{"SYS_ADMIN"}}, "2", "invalid argument", "invalid argument"},
		{"not if privileged", workflow.Security{Privileged: true}, "0", "invalid argument", "invalid argument"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v1.Config{})
			c := step("status Seccomp", clone3, unshare, "syscall 4000")
			c.Security = tt.security
			want := fmt.Sprintf("Seccomp %s\n%s\n%s\nfunction not implemented\n", tt.status, tt.clone3, tt.unshare)
			if diff := cmp.Diff(result{Stdout: want}, w.run(c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A program for the 32-bit variant of a machine makes other system calls.
func TestA32BitProgramRuns(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("needs amd64")
	}
	program := filepath.Join(t.TempDir(), "step")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./testdata/step")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=386")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("no compiler: %v\n%s", err, out)
	}
	if err := exec.CommandContext(t.Context(), program).Run(); err != nil {
		t.Skipf("the machine does not run it: %v", err)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, v1.Config{}, layer(t, file{name: "bin/step32", content: string(content)}))
	c := step("status Seccomp", "loopback", "background sleep", "write /v/f x", "cat /v/f")
	c.Command = []string{"/bin/step32"}
	if diff := cmp.Diff(result{Stdout: "Seccomp 2\nx\n"}, w.run(c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func BenchmarkFilter(b *testing.B) {
	capabilities := workflow.Security{}.Capabilities()
	for b.Loop() {
		if _, err := defaultFilter(capabilities); err != nil {
			b.Fatal(err)
		}
	}
}
