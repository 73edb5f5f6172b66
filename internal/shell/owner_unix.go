// SPDX-License-Identifier: Apache-2.0

//go:build unix

package shell

import (
	"io/fs"
	"strconv"
	"syscall"
)

// owner tells the numbers of a file's user and group.
func owner(info fs.FileInfo) (uid, gid string) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "?", "?"
	}
	return strconv.Itoa(int(stat.Uid)), strconv.Itoa(int(stat.Gid))
}
