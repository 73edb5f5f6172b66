// SPDX-License-Identifier: Apache-2.0

package docker

import "golang.org/x/sys/unix"

// modest is enough of everything for a step, and as a rule not more than a
// daemon may have itself.
const modest = 1 << 14

// currentUlimits gives limits that a daemon without rights to raise any can
// set: none is higher than those that are in force here.
func currentUlimits() []ulimit {
	var limits []ulimit
	for _, l := range []struct {
		name     string
		resource int
	}{{"nofile", unix.RLIMIT_NOFILE}, {"nproc", unix.RLIMIT_NPROC}} {
		var r unix.Rlimit
		if err := unix.Getrlimit(l.resource, &r); err != nil {
			return nil
		}
		hard := int64(min(r.Max, modest)) //nolint:gosec // it is small
		limits = append(limits, ulimit{l.name, hard, hard})
	}
	return limits
}
