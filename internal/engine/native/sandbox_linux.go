// SPDX-License-Identifier: Apache-2.0

package native

import (
	"encoding/binary"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// A sandbox is all that one container is started with: what is left of the
// image, the Pod and the container once every question is answered.
type sandbox struct {
	mode      Mode
	namespace *namespace // that it is in; nil for one of its own
	kernel    kernel

	scratch string   // an empty directory of the machine, to mount the root file system on
	layers  []string // directories of the machine, lowest first

	volumes      []volumeMount
	files        []etcFile
	hostname     string
	cgroup       *cgroup // nil for this process's own
	network      workflow.Network
	readOnlyRoot bool

	capabilities uint64            // that its root has and nobody gets beyond
	noNewPrivs   bool              // setuid programs give nothing
	unmasked     bool              // of /proc everything may be seen and tried
	filter       []unix.SockFilter // of system calls; none allows all

	user    identity
	workDir string
	args    []string
	env     []string
	places  []string // paths to try for args[0]; none only makes the sandbox and leaves

	stdin, stdout, stderr int
	terminal              bool // which is what these three are
}

// kernel says what this machine has, so that a sandbox asks for no more.
type kernel struct {
	caps      [2]unix.CapUserData // our own
	devices   []string            // of containerDevices
	freshProc bool                // a PID namespace's own /proc may be mounted
}

// volumeMount is a directory or file of the machine for the container.
type volumeMount struct {
	dir      string // of the volume
	sub      string // inside dir; empty for all of it
	file     bool   // the source is no directory
	target   string
	readOnly bool
}

// etcFile is a file that a container is given by those who run it.
type etcFile struct {
	path    string
	content []byte
}

// hostUser gives the machine's ids for the container's user or, where only the
// container itself may give files to that user, the caller's.
func (s *sandbox) hostUser() (uid, gid int) {
	if s.mode != ModeRange {
		return os.Geteuid(), os.Getegid()
	}
	return toHost(s.user.uid), toHost(s.user.gid)
}

// atCWD is unix.AT_FDCWD as an argument.
const atCWD = ^uintptr(-unix.AT_FDCWD - 1)

// cloneFlags are the namespaces that the child starts with. A range of ids is
// entered last (see drop), a single id first: without it, nothing is allowed.
func (s *sandbox) cloneFlags() uintptr {
	flags := unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	if s.network != workflow.NetworkHost {
		flags |= unix.CLONE_NEWNET
	}
	if s.mode == ModeSingle {
		flags |= unix.CLONE_NEWUSER
	}
	return uintptr(flags)
}

// start prepares the child. It makes the namespaces or, if they are to belong to
// a user namespace that there is already, enters that and has them made by a
// child of its own.
func (s *sandbox) start() (*process, error) {
	if s.namespace == nil {
		return newProcess(s.cloneFlags(), s.stdin, s.stdout, s.stderr)
	}
	p, err := s.namespace.process(s.stdin, s.stdout, s.stderr)
	if err == nil {
		p.divide("creating namespaces", s.cloneFlags())
	}
	return p, err
}

// process writes the program that makes the container. The order is most of
// its meaning: what is the machine's is opened before its root file system is
// gone, and what is the container's is touched only afterwards.
func (s *sandbox) process() (*process, error) {
	p, err := s.start()
	if err != nil {
		return nil, err
	}
	if s.cgroup != nil && s.cgroup.unified() >= 0 {
		p.startIn(s.cgroup.unified())
	}
	s.settle(p)
	s.becomeRoot(p.program)
	src := s.openSources(p.program)
	s.enterRoot(p.program)

	p.image = true
	s.mountDev(p.program, src)
	s.mountProc(p.program, src)
	s.mountSys(p.program, src)
	s.mountVolumes(p.program, src)
	s.writeFiles(p.program)
	s.enterWorkDir(p.program)
	p.image = false

	s.nameHost(p.program)
	s.sealRoot(p.program)
	s.drop(p)
	s.exec(p)
	if p.err != nil {
		p.close()
		return nil, p.err
	}
	return p, nil
}

// settle makes the child a process of its own, tied to the life of its parent.
func (s *sandbox) settle(p *process) {
	p.dieWithParent()
	p.do("starting a session", unix.SYS_SETSID)
	action := pin(p.program, &[4]uint64{}) // a struct sigaction for the default action
	for sig := uintptr(1); sig <= 64; sig++ {
		p.do("resetting signals", unix.SYS_RT_SIGACTION, sig, action, 0, 8).ignoring(unix.EINVAL)
	}
	if s.cgroup != nil {
		s.cgroup.join(p.program)
	}
	for fd, given := range []int{s.stdin, s.stdout, s.stderr} {
		p.do("handing over output", unix.SYS_DUP3, uintptr(given), uintptr(fd), 0)
	}
	if s.terminal {
		p.do("taking the terminal", unix.SYS_IOCTL, 0, unix.TIOCSCTTY, 0)
	}
	p.do("setting the umask", unix.SYS_UMASK, 0)
}

// becomeRoot makes the child the container's root as far as files are
// concerned, so that all it makes belongs to that root.
func (s *sandbox) becomeRoot(p *program) {
	if s.mode == ModeSingle {
		p.write("refusing other groups", "/proc/self/setgroups", "deny")
		p.write("mapping the user", "/proc/self/uid_map", fmt.Sprintf("%d %d 1\n", s.user.uid, os.Geteuid()))
		p.write("mapping the group", "/proc/self/gid_map", fmt.Sprintf("%d %d 1\n", s.user.gid, os.Getegid()))
		return
	}
	p.do("leaving groups", unix.SYS_SETGROUPS, 0, 0)
	if s.mode == ModeSubordinate { // it is root there
		for _, fd := range []uintptr{1, 2} {
			// A probe has /dev/null instead of a pipe.
			p.do("handing over output", unix.SYS_FCHOWN, fd, uintptr(s.user.uid), uintptr(s.user.gid)).ignoring(unix.EPERM)
		}
		return
	}
	p.do("becoming the container's root", unix.SYS_SETFSGID, uintptr(toHost(0)))
	p.do("becoming the container's root", unix.SYS_SETFSUID, uintptr(toHost(0)))
	p.setCaps("keeping capabilities", s.kernel.caps) // which setfsuid has reduced
}

// write writes a whole file.
func (p *program) write(what, name, content string) {
	p.writeTo(what, p.str(name), unix.O_WRONLY, []byte(content))
}

func (p *program) writeTo(what string, name uintptr, flags int, content []byte) {
	fd := p.slot()
	p.do(what, unix.SYS_OPENAT, atCWD, name, uintptr(flags|unix.O_CLOEXEC), 0o644).keep(fd)
	p.do(what, unix.SYS_WRITE, 0, p.bytes(content), uintptr(len(content))).with(fd).expect(uintptr(len(content)))
	p.do(what, unix.SYS_CLOSE, 0).with(fd)
	p.used-- // the slot is free again
}

func (p *program) setCaps(what string, caps [2]unix.CapUserData) {
	header := &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	p.do(what, unix.SYS_CAPSET, pin(p, header), pin(p, &caps))
}

// sources are mounts that are not attached to anything yet.
type sources struct {
	devices []uint8 // slots, one for each of kernel.devices
	volumes []uint8 // slots, one for each of sandbox.volumes
	cgroups []uint8 // slots, for cgroup.attach
	proc    uint8
	sys     uint8
}

func (s *sandbox) openSources(p *program) sources {
	var src sources
	p.do("making mounts private", unix.SYS_MOUNT, 0, p.str("/"), 0, unix.MS_REC|unix.MS_PRIVATE, 0)
	for _, name := range s.kernel.devices {
		src.devices = append(src.devices, p.openTree("opening /dev/"+name, "/dev/"+name, 0))
	}
	for _, v := range s.volumes {
		src.volumes = append(src.volumes, v.open(p))
	}
	if s.cgroup != nil {
		src.cgroups = s.cgroup.open(p)
	}
	// The kernel allows an unprivileged user these two only as long as the
	// machine's own are in sight.
	const safe = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
	if s.kernel.freshProc {
		src.proc = p.newMount(mountingProc, "proc", safe)
	} else {
		src.proc = p.openTree("opening /proc", "/proc", unix.AT_RECURSIVE)
		p.restrict(src.proc, unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY|safe)
	}
	src.sys = p.newMount("mounting /sys", "sysfs", unix.MOUNT_ATTR_RDONLY|safe, unix.EPERM, unix.EINVAL, unix.EBADF) // see mountSys
	return src
}

// mountingProc is what may be refused although all else is allowed.
const mountingProc = "mounting /proc"

// newMount makes a mount of a file system that takes no options, to be attached
// later. If it may fail, its slot holds no descriptor then.
func (p *program) newMount(what, fstype string, attrs uintptr, ignore ...syscall.Errno) uint8 {
	fs, fd := p.slot(), p.slot()
	p.do(what, unix.SYS_FSOPEN, p.str(fstype), unix.FSOPEN_CLOEXEC).keep(fs).ignoring(ignore...)
	p.do(what, unix.SYS_FSCONFIG, 0, unix.FSCONFIG_SET_STRING, p.str("source"), p.str(fstype), 0).with(fs).ignoring(ignore...)
	p.do(what, unix.SYS_FSCONFIG, 0, unix.FSCONFIG_CMD_CREATE, 0, 0, 0).with(fs).ignoring(ignore...)
	p.do(what, unix.SYS_FSMOUNT, 0, unix.FSMOUNT_CLOEXEC, attrs).with(fs).keep(fd).ignoring(ignore...)
	return fd
}

// openTree makes a copy of a mount, or of a part of one, to be attached later.
func (p *program) openTree(what, name string, flags uintptr) uint8 {
	fd := p.slot()
	p.do(what, unix.SYS_OPEN_TREE, atCWD, p.str(name), unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|flags).keep(fd)
	return fd
}

// restrict adds attributes to a mount that is not attached yet.
func (p *program) restrict(fd uint8, flags, attrs uintptr) {
	attr := &unix.MountAttr{Attr_set: uint64(attrs)}
	p.do("restricting a mount", unix.SYS_MOUNT_SETATTR, 0, p.str(""), unix.AT_EMPTY_PATH|flags, pin(p, attr), unsafe.Sizeof(*attr)).with(fd)
}

// attach mounts what openTree gave.
func (p *program) attach(what string, fd uint8, target string) *op {
	return p.do(what, unix.SYS_MOVE_MOUNT, 0, p.str(""), atCWD, p.str(target), unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_SYMLINKS).with(fd)
}

func (v volumeMount) open(p *program) uint8 {
	what := "opening the volume for " + v.target
	fd := p.slot()
	p.do(what, unix.SYS_OPENAT, atCWD, p.str(v.dir), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).keep(fd)
	if v.sub != "" {
		// Links in the volume are a container's work and must not lead out.
		how := &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS}
		sub := p.do(what, unix.SYS_OPENAT2, 0, p.str(v.sub), pin(p, how), unsafe.Sizeof(*how)).with(fd).keep(fd)
		sub.image = true
	}
	p.do(what, unix.SYS_OPEN_TREE, 0, p.str(""), unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH).with(fd).keep(fd)
	attrs := uintptr(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV)
	if v.readOnly {
		attrs |= unix.MOUNT_ATTR_RDONLY
	}
	p.restrict(fd, 0, attrs)
	return fd
}

// enterRoot makes the root file system, a writable layer in memory over those
// of the image, and leaves the machine's.
func (s *sandbox) enterRoot(p *program) {
	p.mount("mounting memory", "tmpfs", s.scratch, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755")
	p.do("entering the scratch directory", unix.SYS_CHDIR, p.str(s.scratch))
	for _, dir := range []string{"upper", "work", "root"} {
		p.mkdir(dir, 0o755)
	}
	// The kernel takes all options in one page, and an image can have more
	// layers than there is room for their names: they get short ones here.
	var lower []string
	for i, layer := range s.layers {
		p.do("naming layers", unix.SYS_SYMLINKAT, p.str(layer), atCWD, p.str(strconv.Itoa(i)))
		lower = append(lower, strconv.Itoa(i))
	}
	if len(lower) == 0 {
		p.mkdir("empty", 0o755)
		lower = append(lower, "empty")
	}
	slices.Reverse(lower)
	p.mount("mounting the root file system with overlayfs", "overlay", "root", "overlay", unix.MS_NODEV,
		"userxattr,upperdir=upper,workdir=work,lowerdir="+strings.Join(lower, ":"))
	p.do("entering the root file system", unix.SYS_CHDIR, p.str("root"))
	dot := p.str(".")
	p.do("entering the root file system", unix.SYS_PIVOT_ROOT, dot, dot) // the old root now lies on top of the new one
	p.do("leaving the machine's file systems", unix.SYS_UMOUNT2, dot, unix.MNT_DETACH)
	p.do("leaving the machine's file systems", unix.SYS_CHDIR, p.str("/"))
}

func (p *program) mount(what, source, target, fstype string, flags uintptr, options string) *op {
	return p.do(what, unix.SYS_MOUNT, p.str(source), p.str(target), p.str(fstype), flags, p.str(options))
}

// mkdir makes one directory, unless there is one.
func (p *program) mkdir(name string, mode uintptr) {
	p.do("making directory "+name, unix.SYS_MKDIRAT, atCWD, p.str(name), mode).ignoring(unix.EEXIST)
}

// mkdirAll makes a directory and all above it.
func (p *program) mkdirAll(name string) {
	for i := 1; i < len(name); i++ {
		if name[i] == '/' {
			p.mkdir(name[:i], 0o755)
		}
	}
	if name != "/" {
		p.mkdir(name, 0o755)
	}
}

// mkfile makes an empty file, unless there is one.
func (p *program) mkfile(name string) {
	fd := p.slot()
	p.do("making file "+name, unix.SYS_OPENAT, atCWD, p.str(name), unix.O_CREAT|unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o644).keep(fd)
	p.do("making file "+name, unix.SYS_CLOSE, 0).with(fd)
	p.used--
}

// containerDevices are the machine's devices that every container has.
func containerDevices() []string {
	return []string{"null", "zero", "full", "random", "urandom", "tty"}
}

func (s *sandbox) mountDev(p *program, src sources) {
	p.mkdir("/dev", 0o755)
	p.mount("mounting /dev", "tmpfs", "/dev", "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC, "mode=0755,size=65536k")
	for i, name := range s.kernel.devices {
		p.mkfile("/dev/" + name)
		p.attach("mounting /dev/"+name, src.devices[i], "/dev/"+name)
	}
	for _, link := range [][2]string{
		{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"},
		{"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"},
		{"pts/ptmx", "/dev/ptmx"},
	} {
		p.do("making "+link[1], unix.SYS_SYMLINKAT, p.str(link[0]), atCWD, p.str(link[1]))
	}
	for _, dir := range []string{"/dev/pts", "/dev/shm", "/dev/mqueue"} {
		p.mkdir(dir, 0o755)
	}
	const safe = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	pts := p.mount("mounting /dev/pts", "devpts", "/dev/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
	if s.mode == ModeSingle {
		pts.ignoring(unix.EINVAL) // refused where the id 0 is not mapped
	}
	p.mount("mounting /dev/shm", "shm", "/dev/shm", "tmpfs", safe, "mode=1777,size=65536k")
	p.mount("mounting /dev/mqueue", "mqueue", "/dev/mqueue", "mqueue", safe, "").ignoring(unix.ENODEV)
}

func (s *sandbox) mountProc(p *program, src sources) {
	p.mkdir("/proc", 0o555)
	p.attach("attaching /proc", src.proc, "/proc")
	if !s.kernel.freshProc || s.unmasked {
		return // otherwise it is read-only, and with its outer container's masks
	}
	// The user namespace alone keeps a step from using these; container
	// runtimes hide them as well, and programs may look.
	for _, name := range []string{"bus", "fs", "irq", "sys", "sysrq-trigger"} {
		p.bind("/proc/"+name, "/proc/"+name)
		attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		p.do("restricting /proc/"+name, unix.SYS_MOUNT_SETATTR, atCWD, p.str("/proc/"+name), 0, pin(p, attr), unsafe.Sizeof(*attr)).ignoring(unix.ENOENT, unix.EINVAL)
	}
	for _, name := range []string{"kcore", "keys", "latency_stats", "sched_debug", "timer_list", "timer_stats"} {
		p.bind("/dev/null", "/proc/"+name)
	}
	for _, name := range []string{"acpi", "asound", "scsi"} {
		p.hide("/proc/" + name)
	}
}

// bind mounts something of the container at another place of it, if there is
// such a place.
func (p *program) bind(source, target string) {
	p.mount("mounting "+target, source, target, "", unix.MS_BIND, "").ignoring(unix.ENOENT)
}

// hide puts an empty directory over one, if there is one.
func (p *program) hide(target string) {
	p.mount("hiding "+target, "tmpfs", target, "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0555").ignoring(unix.ENOENT)
}

// mountSys mounts /sys where it is allowed: not with the machine's network but
// without rights over it, nor in some outer containers. Few steps look.
func (s *sandbox) mountSys(p *program, src sources) {
	p.mkdir("/sys", 0o555)
	p.attach("attaching /sys", src.sys, "/sys").ignoring(unix.EBADF)
	p.hide("/sys/firmware")
	if s.cgroup != nil {
		s.cgroup.attach(p, src.cgroups)
	}
}

func (s *sandbox) nameHost(p *program) {
	p.do("setting the hostname", unix.SYS_SETHOSTNAME, p.str(s.hostname), uintptr(len(s.hostname)))
}

// startLoopback gives a network of the container's own its one interface.
func (s *sandbox) startLoopback(p *program) {
	if s.network == workflow.NetworkHost {
		return
	}
	var request [40]byte // a struct ifreq: name, flags
	copy(request[:], "lo")
	binary.NativeEndian.PutUint16(request[unix.IFNAMSIZ:], unix.IFF_UP|unix.IFF_RUNNING)
	fd := p.slot()
	p.do("starting loopback", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0).keep(fd)
	p.do("starting loopback", unix.SYS_IOCTL, 0, unix.SIOCSIFFLAGS, pin(p, &request)).with(fd)
	p.do("starting loopback", unix.SYS_CLOSE, 0).with(fd)
}

func (s *sandbox) mountVolumes(p *program, src sources) {
	for i, v := range s.volumes {
		if v.file {
			p.mkdirAll(path.Dir(v.target))
			p.mkfile(v.target)
		} else {
			p.mkdirAll(v.target)
		}
		p.attach("mounting a volume at "+v.target, src.volumes[i], v.target)
	}
}

func (s *sandbox) writeFiles(p *program) {
	for _, f := range s.files {
		p.mkdirAll(path.Dir(f.path))
		p.writeTo("writing "+f.path, p.str(f.path), unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_NONBLOCK, f.content)
	}
}

func (s *sandbox) enterWorkDir(p *program) {
	p.mkdirAll(s.workDir)
	p.do("entering the working directory "+s.workDir, unix.SYS_CHDIR, p.str(s.workDir))
}

func (s *sandbox) sealRoot(p *program) {
	if !s.readOnlyRoot {
		return
	}
	attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	p.do("making the root file system read-only", unix.SYS_MOUNT_SETATTR, atCWD, p.str("/"), 0, pin(p, attr), unsafe.Sizeof(*attr))
}

// drop gives up all that the container must not have.
func (s *sandbox) drop(p *process) {
	s.enterNamespaces(p)
	p.install(s.filter) // while it has the capability for it
	for c := range 64 {
		if s.capabilities&(1<<c) == 0 {
			p.do("dropping capabilities", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, uintptr(c)).ignoring(unix.EINVAL)
		}
	}
	p.do("dropping capabilities", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	if s.mode != ModeSingle {
		s.becomeUser(p.program)
	}
	p.setCaps("dropping capabilities", s.startCaps())
	if s.noNewPrivs {
		p.do("forbidding new privileges", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	}
	p.dieWithParent() // the kernel forgot it with the change of ids
	p.checkParent()
}

// enterNamespaces enters the user namespace of a range of ids. The namespaces
// that the child started with are none of that namespace's, so that no
// capability in it allows to change them: a step that has been given such
// capabilities gets ones of its own.
func (s *sandbox) enterNamespaces(p *process) {
	switch {
	case s.mode != ModeRange:
		s.startLoopback(p.program)
	case s.capabilities&^usualCapabilities() == 0:
		s.startLoopback(p.program)
		s.enterRange(p, unix.CLONE_NEWUSER)
	case s.network == workflow.NetworkHost:
		s.enterRange(p, unix.CLONE_NEWUSER|unix.CLONE_NEWNS|unix.CLONE_NEWUTS)
	default:
		s.enterRange(p, unix.CLONE_NEWUSER|unix.CLONE_NEWNS|unix.CLONE_NEWUTS|unix.CLONE_NEWNET)
		s.startLoopback(p.program)
	}
}

func (s *sandbox) enterRange(p *process, namespaces uintptr) {
	p.admit = func(pid int) error { return mapRange(pid, s.user) }
	p.do("creating a user namespace", unix.SYS_UNSHARE, namespaces)
	p.arrive("waiting for the ids")
}

func (s *sandbox) becomeUser(p *program) {
	uid, gid := uintptr(s.user.uid), uintptr(s.user.gid)
	groups := make([]uint32, 0, len(s.user.groups)+1)
	for _, g := range s.user.groups {
		groups = append(groups, uint32(g))
	}
	p.do("setting groups", unix.SYS_SETGROUPS, uintptr(len(groups)), pin(p, unsafe.SliceData(groups)))
	p.do("becoming the container's user", unix.SYS_SETRESGID, gid, gid, gid)
	p.do("becoming the container's user", unix.SYS_SETRESUID, uid, uid, uid)
}

// startCaps are what the user's program starts with.
func (s *sandbox) startCaps() [2]unix.CapUserData {
	if s.user.uid != 0 {
		return capData(0)
	}
	return capData(s.capabilities)
}

func (s *sandbox) exec(p *process) {
	p.do("setting the umask", unix.SYS_UMASK, 0o022)
	p.do("unblocking signals", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, pin(p.program, new(uint64)), 0, 8)
	if len(s.places) == 0 {
		p.do("leaving", unix.SYS_EXIT_GROUP, 0)
	}
	argv, envp := p.strs(s.args), p.strs(s.env)
	for _, place := range s.places {
		p.do("starting "+place, unix.SYS_EXECVE, p.str(place), argv, envp).next = true
	}
}
