// SPDX-License-Identifier: Apache-2.0

package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// The container's id i is the machine's firstID+i, for all of rangeIDs but the
// last: systemd documents these as used by nobody. The last stands for all ids
// beyond, of which a container can only see its own user's.
const (
	firstID  = 0x70000000
	rangeIDs = 1 << 28
	lastID   = rangeIDs - 1
)

// toHost gives the machine's id for a container's.
func toHost(id int) int { return firstID + min(id, lastID) }

// owners says how layers are unpacked.
func (r *runner) owners() image.Owners {
	switch r.mode {
	case ModeSingle:
		return image.Owners{}
	case ModeSubordinate:
		return r.usual.owners()
	}
	return image.Owners{
		Name:  fmt.Sprintf("shifted-%x", firstID),
		Shift: func(uid, gid int) (int, int) { return toHost(uid), toHost(gid) },
	}
}

// mapRange defines the ids of a child's user namespace.
func mapRange(pid int, user identity) error {
	write := func(name string, own int) error {
		ids := fmt.Sprintf("0 %d %d\n", firstID, lastID)
		if own >= lastID {
			ids += fmt.Sprintf("%d %d 1\n", own, toHost(own))
		}
		return os.WriteFile(fmt.Sprintf("/proc/%d/%s", pid, name), []byte(ids), 0)
	}
	if err := write("uid_map", user.uid); err != nil {
		return err
	}
	return write("gid_map", user.gid)
}

// A runner is the way in which this machine lets us run containers.
type runner struct {
	mode   Mode
	kernel kernel
	// Of ModeSubordinate only: the ids, and the namespace that has all but
	// unusual users.
	ids   *subordinates
	usual *namespace
	// lacks is why an ordinary user has ModeSingle.
	lacks error
}

// Probe finds the mode in which this machine lets us run containers, by making
// an empty one. Its error says why there is none, with what to do as a hint.
// An empty dir means the one for temporary files. Where a better mode would
// take little, lacks says what, with a hint.
func Probe(ctx context.Context, dir string) (mode Mode, lacks, err error) {
	r, err := probe(ctx, dir, &filters{})
	return r.mode, r.lacks, err
}

func probe(ctx context.Context, dir string, filters *filters) (runner, error) {
	k, err := ownKernel()
	if err != nil {
		return runner{}, diag.Machine(err)
	}
	filter, err := filters.filter(workflow.Security{}.Capabilities())
	if err != nil {
		return runner{}, diag.Machine(err)
	}
	single := runner{mode: ModeSingle, kernel: k}
	better := runner{mode: ModeRange, kernel: k}
	if os.Geteuid() != 0 {
		better, single.lacks = subordinateRunner(ctx, k)
	}
	if better.mode != "" {
		if err = better.probe(ctx, dir, filter); err == nil {
			return better, nil
		}
		if better.mode == ModeSubordinate {
			single.lacks = explain(err, machineSetting)
		}
	}
	if err = single.probe(ctx, dir, filter); err == nil {
		return single, nil
	}
	return runner{}, cmp.Or(ctx.Err(), explain(err, machineSetting))
}

// subordinateRunner is how to run containers with subordinate ids, or why that
// is not possible.
func subordinateRunner(ctx context.Context, k kernel) (r runner, lacks error) {
	ids, err := findSubordinates("/etc")
	if err != nil {
		return r, err
	}
	usual, err := ids.namespace(ctx, identity{})
	if err != nil {
		return r, fmt.Errorf("those of /etc/subuid and /etc/subgid cannot be had: %w", err)
	}
	return runner{mode: ModeSubordinate, kernel: k, ids: ids, usual: usual}, nil
}

// probe tries with a /proc of the container's own, then with the machine's:
// some outer containers allow no other.
func (r *runner) probe(ctx context.Context, dir string, filter []unix.SockFilter) error {
	r.kernel.freshProc = true
	err := r.try(ctx, dir, filter)
	if f := (*fault)(nil); errors.As(err, &f) && f.what == mountingProc {
		r.kernel.freshProc = false
		err = r.try(ctx, dir, filter)
	}
	return err
}

// try makes an empty container and leaves it.
func (r *runner) try(ctx context.Context, dir string, filter []unix.SockFilter) (err error) {
	pod, err := r.newPodDir(dir, []string{"volume"})
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, pod.remove()) }()
	null, err := openNull(3)
	if err != nil {
		return err
	}
	s := &sandbox{
		mode: r.mode, namespace: r.usual, kernel: r.kernel, scratch: pod.scratch(), hostname: "probe", workDir: "/", filter: filter,
		volumes: []volumeMount{{dir: pod.volume(0), target: "/volume"}},
		stdin:   null[0], stdout: null[1], stderr: null[2],
	}
	p, err := s.process()
	if err != nil {
		return err
	}
	_, err = p.run(ctx)
	return err
}

func ownKernel() (kernel, error) {
	var k kernel
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capget(&header, &k.caps[0]); err != nil {
		return k, err
	}
	for i := range k.caps {
		k.caps[i].Effective = k.caps[i].Permitted
	}
	k.devices = slices.DeleteFunc(containerDevices(), func(name string) bool {
		_, err := os.Stat(filepath.Join("/dev", name))
		return err != nil
	})
	return k, nil
}

// explain makes of a fault an error that names the setting behind it. Setting
// reads a file below /proc, and gives "" for one that is not there.
func explain(err error, setting func(name string) string) error {
	var f *fault
	if !errors.As(err, &f) {
		return diag.Machine(fmt.Errorf("starting containers: %w", err))
	}
	why, hint := "", ""
	if f.what == filteringCalls {
		return diag.Machine(fmt.Errorf("starting containers: the kernel filters no system calls, which takes CONFIG_SECCOMP_FILTER (%w)", err))
	}
	switch f.errno {
	case unix.ENOSYS:
		why, hint = "this kernel is too old: it takes Linux 5.12", ""
	case unix.ENOSPC, unix.EUSERS:
		why, hint = explainLimit(setting)
	case unix.EPERM, unix.EACCES:
		why, hint = explainRefusal(setting)
	}
	if why == "" {
		return diag.Machine(fmt.Errorf("starting containers: %w", err))
	}
	return diag.Hint(diag.Machine(fmt.Errorf("starting containers: %s (%w)", why, err)), hint)
}

func explainLimit(setting func(string) string) (why, hint string) {
	for _, kind := range []string{"user", "mnt", "pid", "net", "ipc", "uts"} {
		name := "max_" + kind + "_namespaces"
		if setting("sys/user/"+name) == "0" {
			return "namespaces are off: user." + name + "=0", "sudo sysctl -w user." + name + "=65536"
		}
	}
	return "the limit of namespaces is reached", "cat /proc/sys/user/max_*_namespaces, and raise the lowest with sysctl"
}

func explainRefusal(setting func(string) string) (why, hint string) {
	switch {
	case setting("sys/kernel/unprivileged_userns_clone") == "0":
		return "user namespaces are off for ordinary users: kernel.unprivileged_userns_clone=0",
			"sudo sysctl -w kernel.unprivileged_userns_clone=1"
	case setting("sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
		return "user namespaces are restricted by AppArmor: kernel.apparmor_restrict_unprivileged_userns=1",
			"sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
	case strings.Contains(setting("self/status"), "\nSeccomp:\t2"):
		return "a seccomp filter forbids namespaces, as that of an outer container does",
			"start the outer container with --security-opt seccomp=unconfined or, in Kubernetes, seccompProfile: {type: Unconfined}"
	}
	return "", ""
}

// machineSetting reads from the machine's /proc.
func machineSetting(name string) string {
	data, err := os.ReadFile(filepath.Join("/proc", name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
