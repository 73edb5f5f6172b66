// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// A cgroupParent is a directory in which this process may make cgroups with
// some kinds of limits.
type cgroupParent struct {
	dir     string
	unified bool // cgroup v2; else a hierarchy of v1
	memory  bool
	cpu     bool
}

// cgroups says where limits can be set: nowhere, in one place with cgroup v2,
// or in one for each kind of limit with v1.
type cgroups []cgroupParent

// has tells whether any of them fulfils a condition.
func (g cgroups) has(kind func(cgroupParent) bool) bool { return slices.ContainsFunc(g, kind) }

func (p cgroupParent) limitsMemory() bool { return p.memory }
func (p cgroupParent) limitsCPU() bool    { return p.cpu }

// findCgroups looks for places by trying. It reads two files of /proc/self
// through read, and also removes what a killed process left behind.
func findCgroups(read func(name string) string) cgroups {
	var found cgroups
	own := ownCgroups(read("cgroup"))
	for line := range strings.Lines(read("mountinfo")) {
		mount, ok := parseCgroupMount(line)
		if !ok {
			continue
		}
		if parent, ok := mount.parent(own); ok {
			sweep(parent.dir, nil)
			found = append(found, parent)
		}
	}
	return found
}

// ownCgroups gives this process's cgroup for each controller of v1, and that
// of v2 under the empty name.
func ownCgroups(text string) map[string]string {
	own := map[string]string{}
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			own[controller] = fields[2]
		}
	}
	return own
}

// cgroupMount is a mount of a hierarchy of cgroups.
type cgroupMount struct {
	root    string // the cgroup that is mounted
	at      string
	unified bool
	options []string // among them the controllers of v1
}

// parseCgroupMount reads a line of /proc/self/mountinfo, for which see proc(5).
func parseCgroupMount(line string) (cgroupMount, bool) {
	before, after, _ := strings.Cut(line, " - ")
	mount, super := strings.Fields(before), strings.Fields(after)
	if len(mount) < 5 || len(super) < 3 || super[0] != "cgroup" && super[0] != "cgroup2" {
		return cgroupMount{}, false
	}
	return cgroupMount{root: mount[3], at: mount[4], unified: super[0] == "cgroup2", options: strings.Split(super[2], ",")}, true
}

// parent finds the place for cgroups in a hierarchy. With v1 that is our own
// cgroup. With v2, one that has processes cannot have cgroups with limits, and
// so it is one further up, if that has been left to us.
func (m cgroupMount) parent(own map[string]string) (cgroupParent, bool) {
	if m.unified {
		for dir := m.dir(own[""]); ; dir = path.Dir(dir) {
			if p, ok := tryCgroup(dir, true); ok {
				return p, true
			}
			if len(dir) <= len(m.at) {
				return cgroupParent{}, false
			}
		}
	}
	for _, controller := range []string{"memory", "cpu"} {
		if slices.Contains(m.options, controller) {
			return tryCgroup(m.dir(own[controller]), false)
		}
	}
	return cgroupParent{}, false
}

// dir gives the directory of a cgroup. One that is not below what is mounted
// is what is mounted, seen from outside of an outer container.
func (m cgroupMount) dir(cgroup string) string {
	rest, below := strings.CutPrefix(cgroup, strings.TrimSuffix(m.root, "/"))
	if !below || strings.HasPrefix(cgroup, "/../") {
		return m.at
	}
	return path.Join(m.at, rest)
}

// tryCgroup tells what a cgroup below dir can limit, by making one.
func tryCgroup(dir string, unified bool) (cgroupParent, bool) {
	p := cgroupParent{dir: dir, unified: unified}
	// It takes this permission to start a process in a cgroup below.
	if unix.Access(filepath.Join(dir, "cgroup.procs"), unix.W_OK) != nil {
		return p, false
	}
	trial, err := lockedDir(dir)
	if err != nil {
		return p, false
	}
	defer func() { _ = removeCgroup(trial) }()
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(trial.path, name))
		return err == nil
	}
	if unified {
		p.memory, p.cpu = has("memory.max"), has("cpu.max")
	} else {
		p.memory, p.cpu = has("memory.limit_in_bytes"), has("cpu.cfs_quota_us")
	}
	return p, p.memory || p.cpu && !unified
}

// A cgroup is what keeps one container to its limits: a directory in each of
// some places.
type cgroup struct {
	dirs    []*podDir
	parents []cgroupParent
}

// create makes a cgroup with these limits, as far as there are places for them.
func (g cgroups) create(limits workflow.Limits) (*cgroup, error) {
	c := &cgroup{}
	for _, parent := range g {
		settings := parent.settings(limits)
		if len(settings) == 0 {
			continue
		}
		dir, err := makeCgroup(parent.dir)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making a cgroup: %w", err), c.remove())
		}
		c.dirs, c.parents = append(c.dirs, dir), append(c.parents, parent)
		if err := apply(settings, dir.path); err != nil {
			return nil, errors.Join(fmt.Errorf("limiting a container: %w", err), c.remove())
		}
	}
	return c, nil
}

// makeCgroup makes a cgroup that its container may look into.
func makeCgroup(parent string) (*podDir, error) {
	dir, err := lockedDir(parent)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir.path, 0o755); err != nil { //nolint:gosec // there is nothing secret in it
		return nil, errors.Join(err, removeCgroup(dir))
	}
	return dir, nil
}

// A setting is a file of a cgroup and what to write to it.
type setting struct {
	name, value string
	optional    bool // some kernels have no such file
}

func apply(settings []setting, dir string) error {
	for _, s := range settings {
		err := writeCgroup(filepath.Join(dir, s.name), s.value)
		if err != nil && (!s.optional || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// writeCgroup writes to a file that is there.
func writeCgroup(name, value string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// cpuPeriod is the time in microseconds in which a container may use up its
// share, as in Kubernetes, and minQuota the kernel's least share of it.
const (
	cpuPeriod = 100_000
	minQuota  = 1_000
)

// settings are what a cgroup at this place needs for these limits. Nodes of
// Kubernetes have no swap, and since cgroup v2 a container ends as a whole.
func (p cgroupParent) settings(limits workflow.Limits) []setting {
	var list []setting
	memory, period := strconv.FormatInt(limits.Memory, 10), strconv.Itoa(cpuPeriod)
	quota := strconv.FormatInt(max(limits.MilliCPU*cpuPeriod/1000, minQuota), 10)
	switch {
	case !p.memory || limits.Memory == 0:
	case p.unified:
		list = append(list, setting{"memory.max", memory, false}, setting{"memory.swap.max", "0", true}, setting{"memory.oom.group", "1", true})
	default:
		list = append(list, setting{"memory.limit_in_bytes", memory, false}, setting{"memory.memsw.limit_in_bytes", memory, true})
	}
	switch {
	case !p.cpu || limits.MilliCPU == 0:
	case p.unified:
		list = append(list, setting{"cpu.max", quota + " " + period, false})
	default:
		list = append(list, setting{"cpu.cfs_period_us", period, false}, setting{"cpu.cfs_quota_us", quota, false})
	}
	return list
}

// join has the child enter the cgroups of v1, which it can do for itself
// without holding up anybody. One of v2 it is born in; see unified.
func (c *cgroup) join(p *program) {
	for i, dir := range c.dirs {
		if !c.parents[i].unified {
			p.write("entering a cgroup", filepath.Join(dir.path, "tasks"), "0")
		}
	}
}

// open gives mounts of the cgroup for the container, in which programs look how
// much memory they may use.
func (c *cgroup) open(p *program) []uint8 {
	var fds []uint8
	for _, dir := range c.dirs {
		fd := p.openTree("opening a cgroup", dir.path, 0)
		p.restrict(fd, 0, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
		fds = append(fds, fd)
	}
	return fds
}

// attach mounts what open gave, at the usual places.
func (c *cgroup) attach(p *program, fds []uint8) {
	const root = "/sys/fs/cgroup"
	if len(fds) == 0 {
		return
	}
	p.mkdirAll(root)
	if c.unified() < 0 {
		p.mount("mounting "+root, "tmpfs", root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0755")
	}
	for i, fd := range fds {
		target := root
		if parent := c.parents[i]; !parent.unified {
			target = path.Join(root, parent.controllers())
			p.mkdir(target, 0o755)
		}
		p.attach("attaching "+target, fd, target)
	}
}

// controllers names the mount of a hierarchy of v1.
func (p cgroupParent) controllers() string {
	if p.memory {
		return "memory"
	}
	return "cpu"
}

// unified gives the directory of the cgroup of v2 as a descriptor, or -1.
func (c *cgroup) unified() int {
	for i, dir := range c.dirs {
		if c.parents[i].unified {
			return int(dir.lock.Fd())
		}
	}
	return -1
}

// outOfMemory tells that the kernel has killed a process for the limit.
func (c *cgroup) outOfMemory() bool {
	for i, dir := range c.dirs {
		name := "memory.oom_control"
		if c.parents[i].unified {
			name = "memory.events"
		}
		content, _ := os.ReadFile(filepath.Join(dir.path, name))
		for line := range bytes.Lines(content) {
			if count, ok := bytes.CutPrefix(line, []byte("oom_kill ")); ok && string(bytes.TrimSpace(count)) != "0" {
				return true
			}
		}
	}
	return false
}

// remove removes the cgroup, once its processes have ended.
func (c *cgroup) remove() error {
	var errs []error
	for _, dir := range c.dirs {
		errs = append(errs, removeCgroup(dir))
	}
	return errors.Join(errs...)
}

// removeCgroup waits a little for the kernel, which may still be busy with the
// end of the last process.
func removeCgroup(d *podDir) error {
	err := unix.Rmdir(d.path)
	for wait := time.Millisecond; errors.Is(err, unix.EBUSY) && wait < time.Second; wait *= 2 {
		time.Sleep(wait)
		err = unix.Rmdir(d.path)
	}
	if err != nil {
		err = &os.PathError{Op: "rmdir", Path: d.path, Err: err}
	}
	return errors.Join(err, d.lock.Close())
}
