// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// startError is why a container did not start, in the words of a daemon and
// the runtime below it.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

var (
	noUser   = regexp.MustCompile(`unable to find (user|group) ([^: ]+): `)
	badMount = regexp.MustCompile(`not a directory|Are you trying to mount a directory onto a file|mountpoint`)
	// program matches what runc and crun say of a program that cannot be
	// started; the reason follows.
	program = regexp.MustCompile("(?i)exec: \"[^\"]*\": |exec(?:utable)?(?: file)? [`'\"]?[^ `'\"]*[`'\"]? not found|open executable: ")
)

// exit tells a program that cannot be started, which counts as one that ended
// with the code that shells give then, from a mistake in the input and from a
// fault of the machine.
func (e *startError) exit(name string, exit workflow.Exit, stderr io.Writer) (workflow.Exit, error) {
	said := e.Error()
	if m := noUser.FindStringSubmatch(said); m != nil {
		return exit, diag.Inputf("%s %q is not in /etc/%s of the image", m[1], m[2], map[string]string{"user": "passwd", "group": "group"}[m[1]])
	}
	if !program.MatchString(said) {
		if badMount.MatchString(said) {
			return exit, diag.Input(e.err)
		}
		return exit, e.err
	}
	why, code := cannotStart(name, strings.ToLower(said))
	exit.Code = code
	if _, err := fmt.Fprintf(stderr, "exec: %q: %s\n", name, why); err != nil {
		return exit, diag.Machine(err)
	}
	return exit, nil
}

// cannotStart gives the reason in the words of the native engine.
func cannotStart(name, said string) (why string, code int) {
	switch {
	case strings.Contains(said, "permission denied"), strings.Contains(said, "is a directory"):
		return "permission denied", 126
	case strings.Contains(said, "exec format error"):
		return "exec format error", 126
	case !strings.Contains(name, "/"):
		return "executable file not found in $PATH", 127
	default:
		return "no such file, or the interpreter that it names is missing", 127
	}
}
