//go:build !linux

package engine

import "runtime"

// ThisMachine tells of a machine on which containers run elsewhere: in the
// virtual machine of a daemon.
func ThisMachine() Machine {
	return Machine{Platform: runtime.GOOS + "/" + runtime.GOARCH, UserNamespaces: "none: this is not Linux", Cgroups: "none: this is not Linux"}
}
