// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
)

// maxIDs is how many ids a container has of those that are left to the caller:
// images have no more.
const maxIDs = 1 << 16

// subordinates are the ids that the machine's administrator has left to the
// caller, and the programs that may give them to a user namespace.
type subordinates struct {
	newuidmap, newgidmap string
	uids, gids           []idRange

	mu   sync.Mutex
	open map[[2]int]*namespace // by the user and group that the usual ids lack; 0 for none
}

// idRange is a range of the machine's ids.
type idRange struct{ first, count int }

// findSubordinates looks for the caller's ids. An error says in a sentence
// what is missing, with a hint.
func findSubordinates(etc string) (*subordinates, error) {
	s := &subordinates{open: map[[2]int]*namespace{}}
	for name, path := range map[string]*string{"newuidmap": &s.newuidmap, "newgidmap": &s.newgidmap} {
		var err error
		if *path, err = exec.LookPath(name); err != nil {
			return nil, diag.Hint(errors.New("there is no newuidmap on this machine"), "sudo apt-get install uidmap, or the package of that program in another distribution")
		}
	}
	id := strconv.Itoa(os.Getuid())
	name := id
	if u, err := user.LookupId(id); err == nil {
		name = u.Username
	}
	for file, ranges := range map[string]*[]idRange{"subuid": &s.uids, "subgid": &s.gids} {
		data, err := os.ReadFile(filepath.Join(etc, file))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		*ranges = parseRanges(data, name, id)
	}
	if len(s.uids) == 0 || len(s.gids) == 0 {
		return nil, diag.Hint(fmt.Errorf("/etc/subuid and /etc/subgid leave no ids to %s", name),
			"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "+name)
	}
	return s, nil
}

// parseRanges reads the ranges of a user, by name or number, from a file of
// lines such as "alice:100000:65536".
func parseRanges(data []byte, name, id string) []idRange {
	var ranges []idRange
	for scanner := bufio.NewScanner(bytes.NewReader(data)); scanner.Scan(); {
		fields := strings.Split(strings.TrimSpace(scanner.Text()), ":")
		if len(fields) != 3 || fields[0] != name && fields[0] != id {
			continue
		}
		first, firstErr := strconv.Atoi(fields[1])
		count, countErr := strconv.Atoi(fields[2])
		if firstErr == nil && countErr == nil && first > 0 && count > 0 {
			ranges = append(ranges, idRange{first, count})
		}
	}
	return ranges
}

// An idMap says which of the machine's ids those of a container are.
type idMap []extent

// extent maps some ids that follow each other.
type extent struct{ inside, outside, count int }

// newIDMap makes the container's root the caller, and the others those that are
// left to the caller. One that a user needs and that lies beyond takes the
// place of the last.
func newIDMap(caller int, ranges []idRange, beyond int) idMap {
	m := idMap{{0, caller, 1}}
	for _, r := range ranges {
		if n := min(r.count, maxIDs-m.size()); n > 0 {
			m = append(m, extent{m.size(), r.first, n})
		}
	}
	if beyond > 0 {
		last := &m[len(m)-1]
		last.count--
		m = append(m, extent{beyond, last.outside + last.count, 1})
	}
	return slices.DeleteFunc(m, func(e extent) bool { return e.count == 0 })
}

// size counts the ids.
func (m idMap) size() int {
	n := 0
	for _, e := range m {
		n += e.count
	}
	return n
}

// has tells that a container has an id.
func (m idMap) has(id int) bool {
	return slices.ContainsFunc(m, func(e extent) bool { return id >= e.inside && id < e.inside+e.count })
}

// toHost gives the machine's id for a container's. One that there is not is
// the last of all.
func (m idMap) toHost(id int) int {
	for _, e := range m {
		if id >= e.inside && id < e.inside+e.count {
			return e.outside + id - e.inside
		}
	}
	last := m[len(m)-1]
	return last.outside + last.count - 1
}

// toContainer gives the container's id for one of the machine's.
func (m idMap) toContainer(host int) int {
	for _, e := range m {
		if host >= e.outside && host < e.outside+e.count {
			return e.inside + host - e.outside
		}
	}
	return overflowID
}

// args are the arguments of newuidmap and newgidmap after the process.
func (m idMap) args() []string {
	var list []string
	for _, e := range m {
		list = append(list, strconv.Itoa(e.inside), strconv.Itoa(e.outside), strconv.Itoa(e.count))
	}
	return list
}

// A namespace is a user namespace with subordinate ids. The kernel keeps it
// for as long as its file is open; containers of one engine enter the same,
// since it takes two programs to make one.
type namespace struct {
	file       *os.File
	uids, gids idMap
}

// namespace gives the user namespace in which a user exists.
func (s *subordinates) namespace(ctx context.Context, user identity) (*namespace, error) {
	key := [2]int{}
	if id := user.uid; id >= newIDMap(0, s.uids, 0).size() {
		key[0] = id
	}
	if id := user.gid; id >= newIDMap(0, s.gids, 0).size() {
		key[1] = id
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.open[key]; n != nil {
		return n, nil
	}
	n, err := s.newNamespace(ctx, newIDMap(os.Geteuid(), s.uids, key[0]), newIDMap(os.Getegid(), s.gids, key[1]))
	if err == nil {
		s.open[key] = n
	}
	return n, err
}

// enter gives the user namespace in which a container's user exists, if it is not
// to have one of its own. Groups that do not exist there are left out.
func (r *runner) enter(ctx context.Context, user *identity) (*namespace, error) {
	if r.mode != ModeSubordinate {
		return nil, nil //nolint:nilnil // as documented
	}
	n, err := r.ids.namespace(ctx, *user)
	if err != nil {
		return nil, cmp.Or(ctx.Err(), diag.Machine(err))
	}
	user.groups = slices.DeleteFunc(user.groups, func(id int) bool { return !n.gids.has(id) })
	return n, nil
}

// newNamespace makes a user namespace by starting a process in it, which has
// nothing else to do.
func (s *subordinates) newNamespace(ctx context.Context, uids, gids idMap) (*namespace, error) {
	p, err := newProcess(unix.CLONE_NEWUSER)
	if err != nil {
		return nil, err
	}
	n := &namespace{uids: uids, gids: gids}
	p.admit = func(pid int) error {
		child := strconv.Itoa(pid)
		for _, cmd := range []*exec.Cmd{
			exec.CommandContext(ctx, s.newuidmap, append([]string{child}, uids.args()...)...), //nolint:gosec // numbers
			exec.CommandContext(ctx, s.newgidmap, append([]string{child}, gids.args()...)...), //nolint:gosec // numbers
		} {
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, bytes.TrimSpace(out))
			}
		}
		var err error
		n.file, err = os.Open("/proc/" + child + "/ns/user")
		return err
	}
	p.dieWithParent()
	p.arrive("waiting for the ids")
	p.do("leaving", unix.SYS_EXIT_GROUP, 0)
	if _, err := p.run(ctx); err != nil {
		return nil, err
	}
	return n, nil
}

// owners says how layers are unpacked for the namespace.
func (n *namespace) owners() image.Owners {
	sum := sha256.Sum256(fmt.Append(nil, n.uids, n.gids))
	return image.Owners{
		Name:  fmt.Sprintf("subordinate-%x", sum[:8]),
		Shift: func(uid, gid int) (int, int) { return n.uids.toHost(uid), n.gids.toHost(gid) },
		Give:  n.give,
	}
}

// process prepares a child that begins by entering the namespace, where it has
// all rights.
func (n *namespace) process(given ...int) (*process, error) {
	fd, err := unix.FcntlInt(n.file.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		closeAll(given)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p, err := newProcess(0, append(given, fd)...)
	if err != nil {
		return nil, err
	}
	p.do("entering the user namespace", unix.SYS_SETNS, uintptr(fd), unix.CLONE_NEWUSER)
	return p, nil
}

// A gift is a file that gets another owner and mode.
type gift struct {
	name     string // from the directory that it is in, over no links
	uid, gid int    // the container's
	mode     uint32 // with setuid and the like
	link     bool   // which has no mode
}

// chown gives files below dir to their owners, which the caller may not do
// itself.
func (n *namespace) chown(ctx context.Context, dir string, gifts []gift) error {
	for some := range slices.Chunk(gifts, 4096) {
		p, err := n.process()
		if err != nil {
			return err
		}
		p.do("entering "+dir, unix.SYS_CHDIR, p.str(dir))
		for _, g := range some {
			name := p.str(g.name)
			p.do("changing the owner of "+g.name, unix.SYS_FCHOWNAT, atCWD, name, uintptr(g.uid), uintptr(g.gid), unix.AT_SYMLINK_NOFOLLOW).ignoring(unix.ENOENT)
			if !g.link {
				p.do("changing the mode of "+g.name, unix.SYS_FCHMODAT, atCWD, name, uintptr(g.mode)).ignoring(unix.ENOENT)
			}
		}
		p.do("leaving", unix.SYS_EXIT_GROUP, 0)
		if p.err != nil {
			p.close()
			return p.err
		}
		if _, err := p.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// give does it for the files of a layer, with owners of the machine.
func (n *namespace) give(ctx context.Context, dir string, files []image.Given) error {
	gifts := make([]gift, len(files))
	for i, f := range files {
		gifts[i] = gift{f.Name, n.uids.toContainer(f.UID), n.gids.toContainer(f.GID), unixMode(f.Mode), f.Mode.Type() == fs.ModeSymlink}
	}
	return n.chown(ctx, dir, gifts)
}

// take makes the caller the owner of all directories below path, so that they
// can be removed. Each round finds what the one before has opened.
func (n *namespace) take(path string) error {
	for {
		var gifts []gift
		_ = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return nil //nolint:nilerr // it is for the removal to say what is wrong
			}
			info, err := entry.Info()
			rel, relErr := filepath.Rel(path, name)
			if err != nil || relErr != nil || foreign(info) == nil {
				return nil //nolint:nilerr // likewise
			}
			gifts = append(gifts, gift{name: rel, mode: 0o700})
			return nil
		})
		if len(gifts) == 0 {
			return nil
		}
		if err := n.chown(context.Background(), path, gifts); err != nil {
			return err
		}
	}
}

// foreign gives the owners of a file that is not the caller's.
func foreign(info fs.FileInfo) *syscall.Stat_t {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() {
		return nil
	}
	return stat
}

// unixMode gives the permissions as the kernel has them.
func unixMode(mode fs.FileMode) uint32 {
	n := uint32(mode.Perm())
	for _, bit := range []struct {
		mode fs.FileMode
		unix uint32
	}{{fs.ModeSetuid, unix.S_ISUID}, {fs.ModeSetgid, unix.S_ISGID}, {fs.ModeSticky, unix.S_ISVTX}} {
		if mode&bit.mode != 0 {
			n |= bit.unix
		}
	}
	return n
}

// RemoveAll removes what containers and their images may have left: files of
// the ids that are left to the caller, too, and in directories without
// permissions.
func RemoveAll(path string) error {
	err := removeAll(path)
	if !errors.Is(err, fs.ErrPermission) || os.Geteuid() == 0 {
		return err
	}
	if ids, none := findSubordinates("/etc"); none == nil {
		return ids.removeAll(path)
	}
	return err
}

// removeAll is the same for whoever knows the ids.
func (s *subordinates) removeAll(path string) error {
	err := removeAll(path)
	if s == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	n, none := s.namespace(context.Background(), identity{})
	if none != nil {
		return err
	}
	if err := n.take(path); err != nil {
		return err
	}
	return removeAll(path)
}
