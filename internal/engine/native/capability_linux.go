// SPDX-License-Identifier: Apache-2.0

package native

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// capabilityBits gives capabilities as the kernel's set of bits.
func capabilityBits(names []string) uint64 {
	var bits uint64
	for number, name := range workflow.CapabilityNames() {
		if slices.Contains(names, name) {
			bits |= 1 << number
		}
	}
	return bits
}

// usualCapabilities are those of a container that asks for nothing.
func usualCapabilities() uint64 { return capabilityBits(workflow.Security{}.Capabilities()) }

// capData gives a set of capabilities that are permitted and in effect.
func capData(bits uint64) [2]unix.CapUserData {
	var data [2]unix.CapUserData
	for i := range data {
		half := uint32(bits >> (32 * i)) //nolint:gosec // its halves
		data[i] = unix.CapUserData{Effective: half, Permitted: half}
	}
	return data
}
