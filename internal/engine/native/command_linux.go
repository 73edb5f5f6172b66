package native

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// defaultPath is the PATH of a container whose image has none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// arguments gives the program and its arguments, as Kubernetes defines them:
// a command replaces entrypoint and cmd of the image, args only its cmd.
func arguments(config v1.Config, c workflow.Container) ([]string, error) {
	entrypoint, cmd := config.Entrypoint, config.Cmd
	if len(c.Command) > 0 {
		entrypoint, cmd = c.Command, nil
	}
	if len(c.Args) > 0 {
		cmd = c.Args
	}
	args := slices.Concat(entrypoint, cmd)
	if len(args) == 0 {
		return nil, diag.Hint(diag.Inputf("no command: image %s has neither entrypoint nor cmd", c.Image),
			"set command in the Pipeline, or ENTRYPOINT in the image")
	}
	return args, nil
}

// environment gives the variables of the program: the image's, then the
// container's. A name keeps its first place and has its last value.
func environment(config v1.Config, c workflow.Container, home string) []string {
	env := []string{"PATH=" + defaultPath, "HOSTNAME=" + c.Hostname}
	at := map[string]int{"PATH": 0, "HOSTNAME": 1}
	set := func(name, value string) {
		i, ok := at[name]
		if !ok {
			i = len(env)
			at[name], env = i, append(env, "")
		}
		env[i] = name + "=" + value
	}
	for _, e := range config.Env {
		if name, value, ok := strings.Cut(e, "="); ok {
			set(name, value)
		}
	}
	for _, e := range c.Env {
		set(e.Name, e.Value)
	}
	if _, ok := at["HOME"]; !ok {
		set("HOME", home)
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
