// SPDX-License-Identifier: Apache-2.0

package work

import (
	"crypto/md5" // Kratix names groups by it; nothing is protected
	"encoding/hex"
)

// DefaultSuffix stands where Kratix draws five characters at random.
const DefaultSuffix = "xxxxx"

// The default group: what is below /kratix/output and not in a directory with
// selectors of its own.
const (
	DefaultDirectory = "."
	DefaultGroupID   = "5058f1af8388633f609cadb75a75dc9d"
)

// GroupID gives the id of the workload group for a directory.
func GroupID(directory string) string {
	sum := md5.Sum([]byte(directory))
	return hex.EncodeToString(sum[:])
}

// ShortID gives the part of a group id that names WorkPlacements and
// directories in a state store.
func ShortID(id string) string { return id[:min(5, len(id))] }

// Name gives the name of a Work: base cut to the length that leaves room for
// the suffix. Kratix keeps 57 bytes whole but cuts what is longer to 56, one
// less, and then drops what is neither letter nor digit from the end.
func Name(base, suffix string) string {
	if len(base) > 57 {
		base = base[:56]
	}
	for base != "" && !isAlphanumeric(base[len(base)-1]) {
		base = base[:len(base)-1]
	}
	return base + "-" + suffix
}

func isAlphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}
