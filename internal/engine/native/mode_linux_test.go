// SPDX-License-Identifier: Apache-2.0

package native

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/diag"
)

// inside names a test that is run in a process prepared for it.
const inside = "KRATIX_TEST_INSIDE"

// rerun runs this test in a process of its own, and tells whether this is that
// process.
func rerun(t *testing.T, attr *syscall.SysProcAttr, end func(*exec.Cmd, error, string)) bool {
	t.Helper()
	if os.Getenv(inside) == t.Name() {
		return true
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"="+t.Name())
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	end(cmd, err, string(out))
	return false
}

func succeed(t *testing.T) func(*exec.Cmd, error, string) {
	t.Helper()
	return func(_ *exec.Cmd, err error, out string) {
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// alone is a user namespace with one id.
func alone() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

func TestNamespacesOff(t *testing.T) {
	if !rerun(t, alone(), succeed(t)) {
		return
	}
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	_, err := New(t.Context(), Config{Dir: t.TempDir()})
	if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(err.Error(), "user.max_user_namespaces=0") {
		t.Errorf("got %v", err)
	}
	if hints := diag.Hints(err); len(hints) != 1 || hints[0] != "sudo sysctl -w user.max_user_namespaces=65536" {
		t.Errorf("hints %q", hints)
	}
}

func TestInsideAUserNamespaceWithOneID(t *testing.T) {
	if !rerun(t, alone(), succeed(t)) {
		return
	}
	w := newWorld(t, v1.Config{})
	if w.Mode() != ModeSingle {
		t.Errorf("mode %s", w.Mode())
	}
	if got := w.run(step("pid", "stat /v")); got.Stdout != "1\n/v 40777 0:0\n" {
		t.Errorf("%+v", got)
	}
}

func TestAKilledProcessLeavesNoContainer(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv(inside) == "" {
		t.Setenv("KRATIX_TEST_DIR", dir)
		t.Setenv("TMPDIR", t.TempDir()) // a killed test does not remove its own
	}
	killed := func(_ *exec.Cmd, err error, out string) {
		if err == nil || err.Error() != "signal: killed" {
			t.Fatalf("%v\n%s", err, out)
		}
		if left, _ := os.ReadDir(dir); len(left) == 0 {
			t.Error("the killed process had nothing to leave behind")
		}
		for len(processes(t, "orphan")) > 0 { // until the kernel has killed it: else the test times out
			syscall.Sync()
		}
		sweep(dir, nil)
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if !rerun(t, nil, killed) {
		return
	}
	w := newWorld(t, v1.Config{})
	w.config.Dir = os.Getenv("KRATIX_TEST_DIR")
	pod, err := w.NewPod(t.Context(), []string{"v"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = pod.Run(t.Context(), step("echo orphan", "sleep"), suicide{}, suicide{})
	t.Errorf("still alive: %v", err)
}

// suicide kills this process at the first write.
type suicide struct{}

func (suicide) Write([]byte) (int, error) {
	return 0, syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		errno    syscall.Errno
		settings map[string]string
		want     string
		hint     string
	}{
		{"the kernel lacks a call", unix.ENOSYS, nil, "Linux 5.12", ""},
		{"a limit of another namespace", unix.ENOSPC, map[string]string{"sys/user/max_net_namespaces": "0"}, "user.max_net_namespaces=0", "sudo sysctl -w user.max_net_namespaces=65536"},
		{"Debian's switch", unix.EPERM, map[string]string{"sys/kernel/unprivileged_userns_clone": "0"}, "kernel.unprivileged_userns_clone=0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
		{"Ubuntu's switch", unix.EACCES, map[string]string{"sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, "kernel.apparmor_restrict_unprivileged_userns=1", "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
		{"an outer container", unix.EPERM, map[string]string{"self/status": "Name:\tx\nSeccomp:\t2\n"}, "seccomp", "start the outer container with --security-opt seccomp=unconfined or, in Kubernetes, seccompProfile: {type: Unconfined}"},
		{"anything else", unix.EIO, nil, "mounting /dev: input/output error", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := explain(&fault{what: "mounting /dev", errno: tt.errno}, func(name string) string { return tt.settings[name] })
			if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
			if got := strings.Join(diag.Hints(err), "\n"); got != tt.hint {
				t.Errorf("hint %q", got)
			}
		})
	}
}

func TestExplainAKernelWithoutSeccomp(t *testing.T) {
	t.Parallel()
	err := explain(&fault{what: filteringCalls, errno: unix.EINVAL}, func(string) string { return "" })
	if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(err.Error(), "CONFIG_SECCOMP_FILTER") {
		t.Errorf("got %v", err)
	}
}
