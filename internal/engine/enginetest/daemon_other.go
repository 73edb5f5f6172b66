// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package enginetest

import "errors"

// StartDocker starts no Docker daemon: that takes Linux.
func StartDocker(string) (host string, stop func(), err error) {
	return "", nil, errors.New("a Docker daemon of one's own takes Linux")
}

// StartPodman starts no service of Podman's either.
func StartPodman(string) (host string, stop func(), err error) { return StartDocker("") }
