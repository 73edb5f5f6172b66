// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package docker

// currentUlimits gives none: the daemon is on another machine.
func currentUlimits() []ulimit { return nil }
