// SPDX-License-Identifier: Apache-2.0

package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An op is one system call that the child makes.
type op struct {
	nr   uintptr
	args [6]uintptr

	on     uint8 // the slot whose content is the first argument; 0 for none
	save   uint8 // the slot that keeps the result; 0 for none
	next   bool  // on "not found" or "not allowed", go on to the next op: one of several places
	split  bool  // it makes another child, which goes on in the place of this one
	exact  bool  // a result other than want is a failure
	want   uintptr
	ignore [3]syscall.Errno

	what  string // for the parent: "mounting /proc"
	image bool   // for the parent: it depends on what the image holds
}

// with makes the content of a slot, a descriptor, the first argument.
func (o *op) with(slot uint8) *op { o.on = slot; return o }

// keep saves the result in a slot.
func (o *op) keep(slot uint8) *op { o.save = slot; return o }

// ignoring makes errors no failure.
func (o *op) ignoring(errnos ...syscall.Errno) { copy(o.ignore[:], errnos) }

// expect makes any other result a failure.
func (o *op) expect(result uintptr) { o.exact, o.want = true, result }

// A program is what a child does between clone and execve. The parent builds
// it; all memory that it needs stays alive and in place as long as the program
// does.
type program struct {
	ops   []op
	slots [256]uintptr
	used  uint8
	image bool  // for the ops to come
	split bool  // one of the ops is a split
	err   error // the first argument that cannot be passed to the kernel

	memory []any // what the arguments of ops point to
	given  []int // descriptors that go over to the child

	report     int       // where the child tells of a failure
	message    [2]uint32 // number of the op, errno
	allSignals uint64
	oldSignals uint64
	clone      cloneArgs
}

// cloneArgs are those of clone3 (struct clone_args).
type cloneArgs struct {
	flags, pidFD, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// What stands in the place of an errno when nothing has failed.
const (
	reached   = 0       // the child is only saying where it is
	successor = 1 << 31 // and the number of the process that goes on in its place
)

// do appends a system call.
func (p *program) do(what string, nr uintptr, args ...uintptr) *op {
	o := op{nr: nr, what: what, image: p.image}
	copy(o.args[:], args)
	p.ops = append(p.ops, o)
	return &p.ops[len(p.ops)-1]
}

// slot gives a place for a result of the child.
func (p *program) slot() uint8 {
	p.used++ // slot 0 is nobody's
	return p.used
}

// str gives the address of a C string.
func (p *program) str(s string) uintptr {
	b, err := unix.BytePtrFromString(s)
	if err != nil {
		p.err = cmp.Or(p.err, fmt.Errorf("%q holds a NUL byte", s))
		return 0
	}
	return pin(p, b)
}

// strs gives the address of a nil-terminated list of C strings.
func (p *program) strs(list []string) uintptr {
	ptrs := make([]uintptr, len(list)+1)
	for i, s := range list {
		ptrs[i] = p.str(s)
	}
	return pin(p, unsafe.SliceData(ptrs))
}

// bytes gives the address of some bytes.
func (p *program) bytes(b []byte) uintptr { return pin(p, unsafe.SliceData(b)) }

// pin gives the address of a thing on the heap, which lives as long as p.
// Go's collector does not move such things.
func pin[T any](p *program, v *T) uintptr {
	p.memory = append(p.memory, v)
	return uintptr(unsafe.Pointer(v))
}

// execute makes the system calls and never returns.
//
// It runs in a copy of this process that has one thread and in which the Go
// runtime no longer works: no locks, no allocation, no growing of stacks, no
// preemption. So neither it nor what it calls may be split or instrumented, and
// signals, which would run Go's handlers, are blocked until they have none.
//
//go:nosplit
//go:norace
func (p *program) execute() {
	var failed syscall.Errno
	at := 0
	for i := range p.ops {
		o := &p.ops[i]
		a := o.args
		if o.on != 0 {
			a[0] = p.slots[o.on]
		}
		r, _, errno := syscall.RawSyscall6(o.nr, a[0], a[1], a[2], a[3], a[4], a[5])
		if errno == 0 && o.exact && r != o.want {
			errno = syscall.ECANCELED
		}
		if errno == 0 || errno == o.ignore[0] || errno == o.ignore[1] || errno == o.ignore[2] {
			p.slots[o.save] = r
			if !o.split || r == 0 {
				continue
			}
			failed, at = syscall.Errno(successor|r), i
			break
		}
		// As with a shell's PATH: a place where the program is but may not
		// be run says more than one where it is not.
		if failed != syscall.EACCES {
			failed, at = errno, i
		}
		if !o.next || errno != syscall.ENOENT && errno != syscall.ENOTDIR && errno != syscall.EACCES {
			failed, at = errno, i
			break
		}
	}
	p.message[0], p.message[1] = uint32(at), uint32(failed)
	_, _, _ = syscall.RawSyscall6(unix.SYS_WRITE, uintptr(p.report), uintptr(unsafe.Pointer(&p.message)), 8, 0, 0, 0)
	for {
		_, _, _ = syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 1, 0, 0, 0, 0, 0)
	}
}

// fork starts a child in new namespaces and, if there is one, in a cgroup of
// v2. All signals are blocked meanwhile, so that the child is not interrupted
// by one before it has reset their handlers.
//
//go:nosplit
//go:norace
func (p *program) fork() (int, syscall.Errno) {
	_, _, _ = syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&p.allSignals)), uintptr(unsafe.Pointer(&p.oldSignals)), 8, 0, 0)
	var pid uintptr
	var errno syscall.Errno
	if p.clone.flags&unix.CLONE_INTO_CGROUP != 0 {
		pid, _, errno = syscall.RawSyscall6(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&p.clone)), unsafe.Sizeof(p.clone), 0, 0, 0, 0)
	} else {
		pid, _, errno = syscall.RawSyscall6(unix.SYS_CLONE, uintptr(p.clone.flags|p.clone.exitSignal), 0, 0, 0, 0, 0)
	}
	if errno == 0 && pid == 0 {
		p.execute()
	}
	_, _, _ = syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&p.oldSignals)), 0, 8, 0, 0)
	return int(pid), errno
}

// A fault is a system call of a child that failed.
type fault struct {
	what  string
	errno syscall.Errno
	op    int  // -1 for the start of the child itself
	next  bool // the last of several places was tried in vain
	image bool
}

func (f *fault) Error() string { return fmt.Sprintf("%s: %v", f.what, f.errno) }
func (f *fault) Unwrap() error { return f.errno }

// A process is a program to run, and what the parent has to do with it.
type process struct {
	*program
	admit func(pid int) error // called when the child has reached its gate

	failures int // where the parent hears of failures
	gate     int // where the parent lets the child on
	wait     int // the child's end of it
}

// newProcess prepares a child that will be given some descriptors, and closes
// all else that this process has open at once: it must hold nothing of other
// containers, such as the ends of their pipes.
func newProcess(flags uintptr, given ...int) (*process, error) {
	p := &process{program: &program{given: given, allSignals: ^uint64(0)}}
	p.clone = cloneArgs{flags: uint64(flags), exitSignal: uint64(unix.SIGCHLD)}
	var report, gate [2]int
	if err := unix.Pipe2(report[:], unix.O_CLOEXEC); err != nil {
		p.closeGiven()
		return nil, os.NewSyscallError("pipe2", err)
	}
	p.failures, p.report = report[0], report[1]
	p.given = append(p.given, p.report)
	if err := unix.Pipe2(gate[:], unix.O_CLOEXEC); err != nil {
		p.gate = -1
		p.close()
		return nil, os.NewSyscallError("pipe2", err)
	}
	p.wait, p.gate = gate[0], gate[1]
	p.given = append(p.given, p.wait)
	p.closeOthers()
	return p, nil
}

// startIn has the child start in the cgroup of v2 whose directory this is.
func (p *process) startIn(cgroup int) {
	p.clone.flags |= unix.CLONE_INTO_CGROUP
	p.clone.cgroup = uint64(cgroup)
}

// closeOthers closes in the child what it is not given.
func (p *program) closeOthers() {
	keep := append([]int{0, 1, 2}, p.given...)
	slices.Sort(keep)
	for i, fd := range keep {
		first, last := uintptr(fd+1), uintptr(math.MaxUint32)
		if i+1 < len(keep) {
			last = uintptr(keep[i+1] - 1)
		}
		if first <= last {
			p.do("closing descriptors", unix.SYS_CLOSE_RANGE, first, last, 0)
		}
	}
}

// close closes all descriptors of a process that did not start.
func (p *process) close() {
	p.closeGiven()
	_ = unix.Close(p.failures)
	_ = unix.Close(p.gate)
}

// closeGiven closes the parent's descriptors of what the child has now.
func (p *program) closeGiven() {
	for _, fd := range p.given {
		_ = unix.Close(fd)
	}
	p.given = nil
}

// arrive lets the parent do its part, in admit, before the child goes on.
func (p *process) arrive(what string) {
	hello := pin(p.program, &[2]uint32{0, reached})
	p.do(what, unix.SYS_WRITE, uintptr(p.report), hello, 8)
	p.pass(what)
}

// pass waits until the parent lets the child on.
func (p *process) pass(what string) {
	p.do(what, unix.SYS_READ, uintptr(p.wait), p.bytes(make([]byte, 1)), 1).expect(1)
}

// dieWithParent has the kernel kill the child when its parent's thread ends.
func (p *program) dieWithParent() {
	p.do("tying the container to this process", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
}

// checkParent fails if the parent ended before dieWithParent: then there is
// nobody to read what the child writes.
func (p *process) checkParent() {
	poll := &unix.PollFd{Fd: int32(p.report)}
	p.do("looking for the parent", unix.SYS_PPOLL, pin(p.program, poll), 1, pin(p.program, &unix.Timespec{}), 0, 8).expect(0)
}

// run runs the process to its end, or kills it when ctx ends. A failure before
// execve is a [*fault].
//
// The thread is this goroutine's own meanwhile: the kernel kills the child
// when the thread that started it ends.
func (p *process) run(ctx context.Context) (*os.ProcessState, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer runtime.KeepAlive(p.program)
	defer p.close()

	syscall.ForkLock.Lock()
	pid, errno := p.fork()
	syscall.ForkLock.Unlock()
	p.closeGiven()
	if errno != 0 {
		return nil, &fault{what: "creating namespaces", errno: errno, op: -1}
	}
	pid, err := p.await(pid)
	if err != nil {
		return nil, err
	}
	child, err := os.FindProcess(pid) // nobody else waits for it, so it is still there
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = child.Kill() })()
	failed := p.attend(pid)
	if failed != nil {
		_ = child.Kill()
	}
	state, err := child.Wait()
	return state, cmp.Or(failed, err)
}

// await gives the number of the process that goes on in the place of a child
// that splits. The child is not killed before it has said so, as nobody would
// know the other one then; it does not take long.
func (p *process) await(pid int) (int, error) {
	if !p.split {
		return pid, nil
	}
	m, heard, err := p.hear()
	var status unix.WaitStatus
	for {
		if _, again := unix.Wait4(pid, &status, 0, nil); !errors.Is(again, unix.EINTR) {
			break
		}
	}
	switch {
	case err != nil:
		return 0, err
	case !heard:
		return 0, errors.New("the container's first process was killed")
	case m[1]&successor == 0:
		return 0, p.fault(m)
	}
	if _, err := unix.Write(p.gate, []byte{1}); err != nil {
		return 0, err
	}
	return int(m[1] &^ successor), nil
}

// divide goes on in another process, which begins with new namespaces. It is
// as much this process's child as the one that made it.
func (p *process) divide(what string, flags uintptr) {
	p.do(what, unix.SYS_CLONE, flags|unix.CLONE_PARENT|uintptr(unix.SIGCHLD), 0, 0, 0, 0).split = true
	p.split = true
	p.pass(what)
}

// attend listens to a child until it has become the container's program
// (nil), or has failed.
func (p *process) attend(pid int) error {
	for {
		m, heard, err := p.hear()
		switch {
		case err != nil || !heard:
			return err
		case m[1] != reached:
			return p.fault(m)
		}
		if err := p.admit(pid); err != nil {
			return err
		}
		if _, err := unix.Write(p.gate, []byte{1}); err != nil {
			return err
		}
	}
}

// hear reads one message of a child; there is none when it has become the
// container's program.
func (p *process) hear() (m [2]uint32, heard bool, err error) {
	n, err := readFull(p.failures, unsafe.Slice((*byte)(unsafe.Pointer(&m)), 8))
	return m, n > 0, err
}

// fault is what a message says has failed.
func (p *program) fault(m [2]uint32) *fault {
	o := p.ops[m[0]]
	return &fault{what: o.what, errno: syscall.Errno(m[1]), op: int(m[0]), next: o.next, image: o.image}
}

// readFull reads from a blocking pipe until b is full or nobody can write any
// more.
func readFull(fd int, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m, err := unix.Read(fd, b[n:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return n, err
		case m == 0 && n > 0:
			return n, io.ErrUnexpectedEOF
		case m == 0:
			return 0, nil
		default:
			n += m
		}
	}
	return n, nil
}
