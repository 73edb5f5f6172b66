package docker

import "golang.org/x/sys/unix"

// currentUlimits gives limits that a daemon without rights to raise any can
// set: those that are in force here.
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
		hard := int64(r.Max) //nolint:gosec // the largest stands for no limit, and so does -1
		limits = append(limits, ulimit{l.name, hard, hard})
	}
	return limits
}
