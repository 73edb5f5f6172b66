// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kratix-tools/kratix/internal/diag"
)

// ReadFile reads a whole file. What is no file is an input error and not
// waited for, unless it is a pipe of this process, such as /dev/stdin or what
// a shell makes of <(command).
func ReadFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if target, linkErr := os.Readlink(name); errors.Is(err, fs.ErrNotExist) && linkErr == nil {
		return nil, diag.Inputf("%s: it is a link to %s, which does not exist", name, target)
	}
	if err != nil {
		return nil, diag.Input(err)
	}
	if !info.Mode().IsRegular() && !isOpen(name) {
		return nil, diag.Inputf("%s: it is %s, not a file", name, kind(info.Mode()))
	}
	data, err := os.ReadFile(name)
	return data, diag.Input(err)
}

// isOpen tells whether a name is that of a file that the process was started
// with.
func isOpen(name string) bool {
	switch filepath.Dir(name) {
	case "/dev/fd", "/proc/self/fd":
		return true
	}
	return name == "/dev/stdin"
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return fmt.Sprintf("something else (%s)", mode)
}
