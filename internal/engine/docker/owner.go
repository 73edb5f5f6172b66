// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// An owner is the process that made a container. Several machines may share a
// daemon, and several containers a machine, so a number is not enough.
type owner struct {
	host  string
	space string // of process numbers
	pid   int
}

func self() owner {
	host, _ := os.Hostname()
	space, _ := os.Readlink("/proc/self/ns/pid")
	return owner{host, space, os.Getpid()}
}

// String gives the owner as a label has it.
func (o owner) String() string { return o.host + "/" + o.space + "/" + strconv.Itoa(o.pid) }

func parseOwner(label string) owner {
	parts := strings.Split(label, "/")
	if len(parts) != 3 {
		return owner{}
	}
	pid, err := strconv.Atoi(parts[2])
	if err != nil || pid <= 0 {
		return owner{}
	}
	return owner{parts[0], parts[1], pid}
}

// dead tells that the process has certainly ended.
func (o owner) dead() bool {
	me := self()
	if o.pid == 0 || o.host != me.host || o.space != me.space {
		return false
	}
	process, err := os.FindProcess(o.pid)
	if err != nil {
		return true
	}
	defer func() { _ = process.Release() }()
	if runtime.GOOS == "windows" {
		return false // it was found
	}
	err = process.Signal(syscall.Signal(0))
	return err != nil && !errors.Is(err, syscall.EPERM)
}
