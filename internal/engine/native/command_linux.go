// SPDX-License-Identifier: Apache-2.0

package native

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/engine/kubelet"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// defaultPath is the PATH of a container whose image has none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment gives the variables of the program, the runtime's own among them:
// what is not set by the image or the Pipeline has a value all the same.
func environment(config v1.Config, c workflow.Container, home string) []string {
	env := kubelet.Environment([]string{"PATH=" + defaultPath, "HOSTNAME=" + c.Hostname}, config, c)
	if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "HOME=") }) {
		env = append(env, "HOME="+home)
	}
	return env
}

// places lists the paths at which the program may be: itself, if it is a path,
// else in each directory of PATH.
func places(program string, env []string) []string {
	if strings.Contains(program, "/") {
		return []string{program}
	}
	var list []string
	for dir := range strings.SplitSeq(variable(env, "PATH"), ":") {
		if dir == "" {
			dir = "."
		}
		list = append(list, dir+"/"+program)
	}
	return list
}

func variable(env []string, name string) string {
	for _, e := range env {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

// cannotStart tells, as a shell does, why a program could not be started, and
// the exit code that shells and docker give then.
func cannotStart(program string, f *fault) (message string, code int) {
	why, code := f.errno.Error(), 126
	switch {
	case errors.Is(f, unix.ENOENT) && !strings.Contains(program, "/"):
		why, code = "executable file not found in $PATH", 127
	case errors.Is(f, unix.ENOENT):
		why, code = "no such file, or the interpreter that it names is missing", 127
	case errors.Is(f, unix.ENOTDIR):
		code = 127
	}
	return fmt.Sprintf("exec: %q: %s\n", program, why), code
}

// absolute is a path of the container, clean and from its root.
func absolute(name string) string { return path.Join("/", name) }
