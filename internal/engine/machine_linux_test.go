// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMachineInWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		files      map[string]string
		namespaces string
		cgroups    string
	}{
		{"nothing at all", nil, "none: the kernel does not know them", "none"},
		{
			"a current distribution",
			map[string]string{"proc/sys/user/max_user_namespaces": "62000\n", "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n"},
			"on, up to 62000 for each user",
			"v2, controllers memory and cpu",
		},
		{
			"Ubuntu's restriction, and a hybrid of both cgroups",
			map[string]string{
				"proc/sys/user/max_user_namespaces":                     "62000\n",
				"proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
				"sys/fs/cgroup/memory/tasks":                            "", "sys/fs/cgroup/cpu,cpuacct/tasks": "", "sys/fs/cgroup/unified/cgroup.controllers": "",
			},
			"restricted by AppArmor: kernel.apparmor_restrict_unprivileged_userns=1",
			"v1 and v2, controllers memory and cpu",
		},
		{
			"switched off, in a container without delegation",
			map[string]string{"proc/sys/user/max_user_namespaces": "0\n", "sys/fs/cgroup/cgroup.controllers": "\n"},
			"off: user.max_user_namespaces=0",
			"v2, no controllers",
		},
		{
			"an old Debian",
			map[string]string{"proc/sys/user/max_user_namespaces": "100\n", "proc/sys/kernel/unprivileged_userns_clone": "0\n", "sys/fs/cgroup/memory/tasks": ""},
			"for root only: kernel.unprivileged_userns_clone=0",
			"v1, controllers memory",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for name, content := range tt.files {
				file := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			m := readMachine(root)
			if m.UserNamespaces != tt.namespaces || m.Cgroups != tt.cgroups {
				t.Errorf("got %q and %q, want %q and %q", m.UserNamespaces, m.Cgroups, tt.namespaces, tt.cgroups)
			}
		})
	}
}
