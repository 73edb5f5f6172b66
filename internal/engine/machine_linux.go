// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/doctor"
)

// ThisMachine reads what the kernel says of itself.
func ThisMachine() doctor.Machine { return readMachine("/") }

func readMachine(root string) doctor.Machine {
	return doctor.Machine{
		Platform:       runtime.GOOS + "/" + runtime.GOARCH,
		UserNamespaces: userNamespaces(root),
		Cgroups:        cgroups(root),
	}
}

// userNamespaces tells whether there are any, and for whom.
func userNamespaces(root string) string {
	setting := func(name string) string {
		data, err := os.ReadFile(filepath.Join(root, "proc/sys", name))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(data))
	}
	most := setting("user/max_user_namespaces")
	switch {
	case most == "":
		return "none: the kernel does not know them"
	case most == "0":
		return "off: user.max_user_namespaces=0"
	case setting("kernel/unprivileged_userns_clone") == "0":
		return "for root only: kernel.unprivileged_userns_clone=0"
	case setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
		return "restricted by AppArmor: kernel.apparmor_restrict_unprivileged_userns=1"
	}
	return "on, up to " + most + " for each user"
}

// cgroups tells which version there is, and which limits it can set.
func cgroups(root string) string {
	var versions, has []string
	if matches, _ := filepath.Glob(filepath.Join(root, "sys/fs/cgroup/*/tasks")); len(matches) > 0 {
		versions = append(versions, "v1")
		for _, m := range matches {
			has = append(has, strings.Split(filepath.Base(filepath.Dir(m)), ",")...)
		}
	}
	for _, dir := range []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"} {
		if data, err := os.ReadFile(filepath.Join(root, dir, "cgroup.controllers")); err == nil {
			versions = append(versions, "v2")
			has = append(has, strings.Fields(string(data))...)
			break
		}
	}
	if len(versions) == 0 {
		return "none"
	}
	limits := slices.DeleteFunc([]string{"memory", "cpu"}, func(c string) bool { return !slices.Contains(has, c) })
	if len(limits) == 0 {
		return strings.Join(versions, " and ") + ", no controllers"
	}
	return strings.Join(versions, " and ") + ", controllers " + strings.Join(limits, " and ")
}
