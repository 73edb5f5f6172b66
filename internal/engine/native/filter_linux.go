// SPDX-License-Identifier: Apache-2.0

package native

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// filters are the seccomp filters of an engine. Which one a container gets
// depends on its capabilities only, so each is made once.
type filters struct {
	mu   sync.Mutex
	made map[uint64][]unix.SockFilter
}

// filter gives the filter for a container with these capabilities: the one
// that Docker and, in slightly other words, containerd have as their default.
func (f *filters) filter(capabilities []string) ([]unix.SockFilter, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := capabilityBits(capabilities)
	if code, ok := f.made[key]; ok {
		return code, nil
	}
	code, err := defaultFilter(capabilities)
	if err != nil {
		return nil, fmt.Errorf("making the seccomp filter: %w", err)
	}
	if f.made == nil {
		f.made = map[uint64][]unix.SockFilter{}
	}
	f.made[key] = code
	return code, nil
}

func defaultFilter(capabilities []string) ([]unix.SockFilter, error) {
	var bounding []string
	for _, name := range capabilities {
		bounding = append(bounding, "CAP_"+name)
	}
	profile, err := seccomp.GetDefaultProfile(&specs.Spec{
		Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: bounding}},
	})
	if err != nil {
		return nil, err
	}
	return compile(profile)
}

// Where the kernel tells a filter what is being called (struct seccomp_data).
const (
	numberOffset = 0
	archOffset   = 4
	argsOffset   = 16
)

// architecture gives the system calls of an architecture, or nil. One of
// amd64's two 32-bit variants, x32, has none: almost no kernel has it.
func architecture(name specs.Arch) *arch.Info {
	switch name {
	case specs.ArchX86_64:
		return arch.X86_64
	case specs.ArchX86:
		return arch.I386
	case specs.ArchAARCH64:
		return arch.AARCH64
	case specs.ArchARM:
		return arch.ARM
	default:
		return nil
	}
}

// compile makes a program for the kernel's filter machine of a profile. A
// system call that the profile does not allow fails with EPERM; one that is
// newer than our list of them fails with ENOSYS, so that programs do without
// it instead of giving up.
func compile(profile *specs.LinuxSeccomp) ([]unix.SockFilter, error) {
	code := []unix.SockFilter{load(archOffset)}
	known := 0
	for _, name := range profile.Architectures {
		info := architecture(name)
		if info == nil {
			continue
		}
		block, err := compileArch(profile, info)
		if err != nil {
			return nil, err
		}
		code = append(code, jump(unix.BPF_JEQ, uint32(info.ID), 1, 0), skip(len(block)))
		code = append(code, block...)
		known++
	}
	if known == 0 {
		return nil, fmt.Errorf("no system calls are known of %v", profile.Architectures)
	}
	return append(code, refuse(unix.ENOSYS)), nil
}

// A span is a run of system calls, by number, about which the same code
// decides. It ends where the next one starts.
type span struct {
	first uint32
	code  []unix.SockFilter // ends with a return, whatever happens
}

func compileArch(profile *specs.LinuxSeccomp, info *arch.Info) ([]unix.SockFilter, error) {
	byName := map[string][]specs.LinuxSyscall{}
	for _, rule := range profile.Syscalls {
		for _, name := range rule.Names {
			byName[name] = append(byName[name], rule)
		}
	}
	var spans []span
	add := func(first uint32, code []unix.SockFilter) {
		if len(spans) == 0 || !slices.Equal(spans[len(spans)-1].code, code) {
			spans = append(spans, span{first, code})
		}
	}
	newest := 0
	for number := range info.SyscallNumbers {
		newest = max(newest, number)
	}
	for number := range newest + 1 {
		code := []unix.SockFilter{refuse(unix.ENOSYS)}
		if name, ok := info.SyscallNumbers[number]; ok {
			var err error
			if code, err = decide(byName[name]); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		add(uint32(number), code) //nolint:gosec // small
	}
	add(uint32(newest+1), []unix.SockFilter{refuse(unix.ENOSYS)}) //nolint:gosec // small
	return append([]unix.SockFilter{load(numberOffset)}, search(spans)...), nil
}

// search finds the span of a system call by halving, and runs its code.
func search(spans []span) []unix.SockFilter {
	if len(spans) == 1 {
		return spans[0].code
	}
	middle := len(spans) / 2
	low, high := search(spans[:middle]), search(spans[middle:])
	code := []unix.SockFilter{jump(unix.BPF_JGE, spans[middle].first, 0, 1), skip(len(low))}
	return slices.Concat(code, low, high)
}

// decide makes the code for one system call: the first rule whose conditions
// all hold says what happens.
func decide(rules []specs.LinuxSyscall) ([]unix.SockFilter, error) {
	var code []unix.SockFilter
	for _, rule := range rules {
		verdict, err := action(rule)
		if err != nil {
			return nil, err
		}
		then := []unix.SockFilter{verdict}
		for _, arg := range slices.Backward(rule.Args) {
			test, err := condition(arg, len(then))
			if err != nil {
				return nil, err
			}
			then = append(test, then...)
		}
		code = append(code, then...)
		if len(rule.Args) == 0 {
			return code, nil
		}
	}
	return append(code, refuse(unix.EPERM)), nil
}

func action(rule specs.LinuxSyscall) (unix.SockFilter, error) {
	switch {
	case rule.Action == specs.ActAllow:
		return give(unix.SECCOMP_RET_ALLOW), nil
	case rule.Action == specs.ActErrno && rule.ErrnoRet != nil:
		return refuse(unix.Errno(*rule.ErrnoRet)), nil
	default:
		return unix.SockFilter{}, fmt.Errorf("action %s is not supported", rule.Action)
	}
}

// condition makes the code that tests an argument, and skips the next n
// instructions if the test fails. The machine has 32 bits and arguments have
// 64, so that there are two comparisons.
func condition(arg specs.LinuxSeccompArg, n int) ([]unix.SockFilter, error) {
	high, low := uint32(arg.Value>>32), uint32(arg.Value) //nolint:gosec // its halves
	no := func(more int) uint8 { return uint8(n + more) } //nolint:gosec // n is a few
	switch arg.Op {
	case specs.OpEqualTo:
		return []unix.SockFilter{
			loadHigh(arg.Index), jump(unix.BPF_JEQ, high, 0, no(2)),
			loadLow(arg.Index), jump(unix.BPF_JEQ, low, 0, no(0)),
		}, nil
	case specs.OpLessThan:
		return []unix.SockFilter{
			loadHigh(arg.Index), jump(unix.BPF_JGT, high, no(3), 0), jump(unix.BPF_JEQ, high, 0, 2),
			loadLow(arg.Index), jump(unix.BPF_JGE, low, no(0), 0),
		}, nil
	case specs.OpMaskedEqual:
		wantHigh, wantLow := uint32(arg.ValueTwo>>32), uint32(arg.ValueTwo) //nolint:gosec // its halves
		return []unix.SockFilter{
			loadHigh(arg.Index), mask(high), jump(unix.BPF_JEQ, wantHigh, 0, no(3)),
			loadLow(arg.Index), mask(low), jump(unix.BPF_JEQ, wantLow, 0, no(0)),
		}, nil
	default:
		return nil, fmt.Errorf("comparison %s is not supported", arg.Op)
	}
}

// The instructions.

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func loadHigh(arg uint) unix.SockFilter { return load(argHalf(arg, 1)) }
func loadLow(arg uint) unix.SockFilter  { return load(argHalf(arg, 0)) }

// argHalf gives the offset of the lower (0) or higher (1) half of an argument.
func argHalf(arg uint, half uint32) uint32 {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 { // big endian
		half = 1 - half
	}
	return argsOffset + 8*uint32(arg) + 4*half //nolint:gosec // one of six
}

func mask(bits uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: bits}
}

func jump(test uint16, value uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, Jt: yes, Jf: no, K: value}
}

func skip(n int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(n)} //nolint:gosec // a program has 4096 instructions at most
}

func give(value uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
}

func refuse(errno unix.Errno) unix.SockFilter {
	return give(unix.SECCOMP_RET_ERRNO | uint32(errno))
}

// filteringCalls is what a kernel without seccomp refuses.
const filteringCalls = "filtering system calls with seccomp"

// install has the kernel check every system call from here on. It takes
// CAP_SYS_ADMIN in the user namespace: no_new_privs, the other way, would be
// seen by the step.
func (p *program) install(filter []unix.SockFilter) {
	if len(filter) == 0 {
		return
	}
	prog := &unix.SockFprog{Len: uint16(len(filter)), Filter: unsafe.SliceData(filter)} //nolint:gosec // 4096 at most
	p.do(filteringCalls, unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, pin(p, prog))
}
