// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// limited runs a step with limits.
func (w *world) limited(limits workflow.Limits, commands ...string) (workflow.Exit, string) {
	w.tb.Helper()
	c := step(commands...)
	c.Limits = limits
	var out bytes.Buffer
	exit, err := w.pod.Run(w.tb.Context(), c, &out, &out)
	if err != nil {
		w.tb.Fatal(err)
	}
	return exit, out.String()
}

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	const limit, more = 48 << 20, "100000000"
	if !w.cgroups.has(cgroupParent.limitsMemory) {
		if !strings.Contains(strings.Join(w.Notes(), "\n"), "not kept to their memory limits") {
			t.Errorf("nobody is told: %q", w.Notes())
		}
		if exit, out := w.limited(workflow.Limits{Memory: limit}, "allocate "+more); exit.Code != 0 || exit.OOMKilled || out != "allocated\n" {
			t.Errorf("without cgroups: %+v, %s", exit, out)
		}
		return
	}
	for _, tt := range []struct {
		name, command string
		limit         int64
		code          int
		oom           bool
		out           string
	}{
		{"enough", "allocate 1000000", limit, 0, false, "allocated\n"},
		{"not enough", "allocate " + more, limit, 137, true, ""},
		{"no limit", "allocate " + more, 0, 0, false, "allocated\n"},
		{"a code that looks like it", "exit 137", limit, 137, false, ""},
	} {
		exit, out := w.limited(workflow.Limits{Memory: tt.limit}, tt.command)
		if exit.Code != tt.code || exit.OOMKilled != tt.oom || out != tt.out {
			t.Errorf("%s: %+v, %q", tt.name, exit, out)
		}
	}
	if exit, _ := w.limited(workflow.Limits{Memory: limit}, "run /bin/step allocate "+more); exit.Code == 0 || !exit.OOMKilled {
		t.Errorf("a child that is killed: %+v", exit)
	}
}

func TestAStepSeesItsLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	if !w.cgroups.has(cgroupParent.limitsMemory) {
		t.Skip("this process can make no cgroups")
	}
	command := "cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
	if w.cgroups.has(func(p cgroupParent) bool { return p.unified }) {
		command = "cat /sys/fs/cgroup/memory.max"
	}
	exit, out := w.limited(workflow.Limits{Memory: 64 << 20, MilliCPU: 500}, command, "not write "+strings.Fields(command)[1]+" 1")
	if diff := cmp.Diff(strconv.Itoa(64<<20)+"\nrefused: write\n", out); diff != "" || exit.Code != 0 {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCPULimit(t *testing.T) {
	w := newWorld(t, v1.Config{})
	if !w.cgroups.has(cgroupParent.limitsCPU) {
		t.Skip("this process can make no cgroups")
	}
	const clock = 1000
	_, out := w.limited(workflow.Limits{MilliCPU: 200}, "spin "+strconv.Itoa(clock))
	used, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil || used > clock/2 {
		t.Errorf("of %d ms it had %d ms: %v", clock, used, err)
	}
}

func TestCgroupMounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line, own, want string }{
		{"v2", "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate", "0::/user.slice/a.scope", "/sys/fs/cgroup/user.slice/a.scope"},
		{"v2 in a namespace", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw", "0::/", "/sys/fs/cgroup"},
		{"a part of v1", "35 31 0:32 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory", "4:memory:/docker/1", "/sys/fs/cgroup/memory"},
		{"below a part of v1", "35 31 0:32 /docker/1 /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory", "4:memory:/docker/1/x", "/sys/fs/cgroup/memory/x"},
		{"two controllers", "35 31 0:32 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct", "4:cpu,cpuacct:/x", "/sys/fs/cgroup/cpu,cpuacct/x"},
		{"outside of the namespace", "35 31 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup rw", "0::/../x", "/sys/fs/cgroup"},
	} {
		mount, ok := parseCgroupMount(tt.line)
		own := ownCgroups(tt.own + "\n")
		controller := ""
		if !mount.unified {
			controller = mount.options[1]
		}
		if got := mount.dir(own[controller]); !ok || got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if _, ok := parseCgroupMount("22 1 8:1 / / rw - ext4 /dev/sda1 rw"); ok {
		t.Error("ext4 is a hierarchy of cgroups")
	}
}

// TestCgroupSettings has the files of cgroup v2, which the machine of a test
// may not have, as plain files.
func TestCgroupSettings(t *testing.T) {
	t.Parallel()
	limits := workflow.Limits{Memory: 1 << 30, MilliCPU: 1500}
	for _, tt := range []struct {
		name   string
		parent cgroupParent
		limits workflow.Limits
		want   map[string]string
	}{
		{"v2", cgroupParent{unified: true, memory: true, cpu: true}, limits, map[string]string{
			"memory.max": "1073741824", "memory.swap.max": "0", "memory.oom.group": "1", "cpu.max": "150000 100000",
		}},
		{"v2 without cpu", cgroupParent{unified: true, memory: true}, limits, map[string]string{
			"memory.max": "1073741824", "memory.swap.max": "0", "memory.oom.group": "1",
		}},
		{"v1 cpu", cgroupParent{cpu: true}, limits, map[string]string{"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "150000"}},
		{"a tiny share", cgroupParent{cpu: true}, workflow.Limits{MilliCPU: 1}, map[string]string{"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "1000"}},
		{"nothing", cgroupParent{unified: true, memory: true, cpu: true}, workflow.Limits{}, map[string]string{}},
	} {
		got := map[string]string{}
		for _, s := range tt.parent.settings(tt.limits) {
			got[s.name] = s.value
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "there"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := apply([]setting{{"there", "1", false}, {"absent", "1", true}}, dir); err != nil {
		t.Error(err)
	}
	if err := apply([]setting{{"absent", "1", false}}, dir); err == nil {
		t.Error("a limit was set nowhere")
	}
}

func TestOutOfMemoryIsRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file, content string
		unified, want bool
	}{
		{"memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n", true, true},
		{"memory.events", "low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n", true, false},
		{"memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", false, true},
		{"memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", false, false},
		{"other", "", false, false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &cgroup{dirs: []*podDir{{path: dir}}, parents: []cgroupParent{{unified: tt.unified, memory: true}}}
		if got := c.outOfMemory(); got != tt.want {
			t.Errorf("%q: %v", tt.content, got)
		}
	}
}

// A container can start in a cgroup of v2, whatever can be limited there.
func TestAContainerStartsInItsUnifiedCgroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	parent := cgroupParent{dir: unifiedParent(t), unified: true}
	dir, err := makeCgroup(parent.dir)
	if err != nil {
		t.Skipf("this process can make no cgroup: %v", err)
	}
	p, ok := w.pod.(*pod)
	if !ok {
		t.Fatalf("%T", w.pod)
	}
	img, err := w.image(t.Context(), "img")
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.sandbox(t.Context(), step("cat /proc/self/cgroup /sys/fs/cgroup/cgroup.procs", "background sleep"), img)
	if err != nil {
		t.Fatal(err)
	}
	s.cgroup = &cgroup{dirs: []*podDir{dir}, parents: []cgroupParent{parent}}
	var out bytes.Buffer
	if exit, err := p.start(t.Context(), s, workflow.Container{}, &out, &out); err != nil || exit.Code != 0 {
		t.Errorf("%+v, %v", exit, err)
	}
	if got := out.String(); !strings.Contains(got, "/"+filepath.Base(dir.path)+"\n1\n") {
		t.Errorf("not in %s:\n%s", dir.path, got)
	}
	if err := s.cgroup.remove(); err != nil {
		t.Error(err)
	}
}

// unifiedParent is this process's cgroup of v2, or the test ends here.
func unifiedParent(t *testing.T) string {
	t.Helper()
	own := ownCgroups(machineSetting("self/cgroup"))
	for line := range strings.Lines(machineSetting("self/mountinfo")) {
		if mount, ok := parseCgroupMount(line); ok && mount.unified {
			return mount.dir(own[""])
		}
	}
	t.Skip("no cgroup v2")
	return ""
}

func TestCgroupsOfAKilledProcessAreRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	if len(w.cgroups) == 0 {
		t.Skip("this process can make no cgroups")
	}
	left, err := w.cgroups.create(workflow.Limits{Memory: 1 << 30, MilliCPU: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range left.dirs {
		if err := dir.lock.Close(); err != nil { // as the kernel does when a process is killed
			t.Fatal(err)
		}
	}
	for _, parent := range w.cgroups {
		sweep(parent.dir, nil) // as findCgroups does with the usual places
	}
	for _, dir := range left.dirs {
		if _, err := os.Stat(dir.path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", dir.path, err)
		}
	}
}

// Processes of this program may come and go at the same time.
func TestCgroupsAreNotSweptAwayWhileTheyAreMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	if len(w.cgroups) == 0 {
		t.Skip("this process can make no cgroups")
	}
	var group errgroup.Group
	for i := range 4 {
		group.Go(func() error {
			for range 50 {
				if i%2 == 0 {
					sweep(w.cgroups[0].dir, nil)
					continue
				}
				c, err := w.cgroups.create(workflow.Limits{Memory: 1 << 30, MilliCPU: 1000})
				if err != nil {
					return err
				}
				if err := c.remove(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
