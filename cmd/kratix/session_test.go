// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/kube/kubetest"
	"github.com/kratix-tools/kratix/internal/screen"
	"github.com/kratix-tools/kratix/internal/statestore/storetest"
)

// A session runs the commands of a page as a reader would type them, one after
// the other, in a home directory of its own.
type session struct {
	home string
	dir  string // that the last command ended in
	exit int    // its exit code
	env  []string
}

// newSession gives a session in an empty directory, in which $REPO is this
// repository.
func newSession(t *testing.T) *session {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	repo, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	s := &session{home: home, dir: home, env: append(os.Environ(), goCaches(t)...)}
	s.env = append(s.env, "HOME="+home, "REPO="+repo, "XDG_CACHE_HOME="+filepath.Join(t.TempDir(), "cache"),
		"NO_COLOR=1", "LC_ALL=C.UTF-8", "TZ=UTC", "CI=", "GITHUB_ACTIONS=", "KUBECONFIG=", "XDG_CONFIG_HOME=", "COLUMNS=80")
	return s
}

// goCaches are the machine's caches of Go, as variables.
func goCaches(t *testing.T) []string {
	t.Helper()
	names := []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"}
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"GOFLAGS=-modcacherw"}
	for i, value := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		env = append(env, names[i]+"="+value)
	}
	return env
}

// inTurn is the program of bash that runs a command after others: $1 is where
// they ended, $2 their exit code, $3 the command and $4 the file for where it
// ends.
const inTurn = `cd "$1"; (exit "$2"); eval "$3"; code=$?; pwd > "$4"; exit $code`

// command prepares one command; done takes note of how it ended.
func (s *session) command(t *testing.T, line string) (cmd *exec.Cmd, done func(error)) {
	t.Helper()
	ended := filepath.Join(t.TempDir(), "dir")
	cmd = exec.CommandContext(t.Context(), "bash", "-c", inTurn, "bash", s.dir, strconv.Itoa(s.exit), line, ended)
	cmd.Env = s.env
	return cmd, func(err error) {
		var exit *exec.ExitError
		switch {
		case err == nil:
			s.exit = 0
		case errors.As(err, &exit):
			s.exit = exit.ExitCode()
		default:
			t.Fatalf("%s: %v", line, err)
		}
		if dir, err := os.ReadFile(ended); err == nil { // else the command ended the shell
			s.dir = strings.TrimSuffix(string(dir), "\n")
		}
	}
}

// run gives what a command prints to both of its streams.
func (s *session) run(t *testing.T, line string) string {
	t.Helper()
	cmd, done := s.command(t, line)
	printed, err := cmd.CombinedOutput()
	done(err)
	return strings.ReplaceAll(string(printed), s.home, "~")
}

// stdout gives what a command prints to its standard output, however it ends.
func (s *session) stdout(t *testing.T, line string) string {
	t.Helper()
	cmd, done := s.command(t, line)
	printed, err := cmd.Output()
	done(err)
	return string(printed)
}

// answer gives what a command prints to its standard output; it must succeed.
func (s *session) answer(t *testing.T, line string) string {
	t.Helper()
	cmd, done := s.command(t, line)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	printed, err := cmd.Output()
	if done(err); err != nil {
		t.Fatalf("%s: %v\n%s%s", line, err, printed, complaint.String())
	}
	return strings.ReplaceAll(string(printed), s.home, "~")
}

// play runs the commands of a console block, each of which begins with "$ " and
// goes on with "> ", and gives the block with what they print now. The exit code
// of a command that fails has to be shown by the next one: "$ echo $?".
func (s *session) play(t *testing.T, block string) string {
	t.Helper()
	var out strings.Builder
	for _, typed := range typedIn(block) {
		command := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSuffix(typed, "\n"), "$ "), "\n> ", "\n")
		if s.exit != 0 && command != "echo $?" {
			t.Errorf("before %q a command exits %d; show it with: $ echo $?", command, s.exit)
		}
		out.WriteString(typed)
		out.WriteString(s.run(t, command))
	}
	if s.exit != 0 {
		t.Errorf("the last command of a block exits %d:\n%s", s.exit, out.String())
	}
	return out.String()
}

// typedIn lists what is typed in a console block, with its prompts.
func typedIn(block string) []string {
	var typed []string
	open := false // the last line was typed
	for line := range strings.Lines(block) {
		switch {
		case strings.HasPrefix(line, "$ "):
			typed = append(typed, line)
			open = true
		case open && strings.HasPrefix(line, "> "):
			typed[len(typed)-1] += line
		default:
			open = false
		}
	}
	return typed
}

// record runs commands on a terminal, and gives its picture.
func (s *session) record(t *testing.T, commands []string) string {
	t.Helper()
	const columns = 100
	drawn := screen.New(columns)
	for i, line := range commands {
		if i > 0 {
			_, _ = drawn.Write([]byte("\r\n"))
		}
		fmt.Fprintf(drawn, "\x1b[2m$\x1b[0m \x1b[1m%s\x1b[0m\r\n", line)
		cmd, done := s.command(t, line)
		cmd.Env = append(cmd.Env, "NO_COLOR=", "TERM=xterm")
		done(onTerminal(t, cmd, columns, drawn))
	}
	s.exit = 0
	return strings.ReplaceAll(drawn.SVG("kratix"), s.home, "~")
}

// useStore starts a Git server with what Work team-b/tf-bucket-reports of the
// recorded platform wants there. $STORE is its address, and $STORE_CA,
// $STORE_USER and $STORE_PASSWORD let one in.
func (s *session) useStore(t *testing.T) {
	t.Helper()
	server, err := storetest.NewGit(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if _, err := server.Commit("main", map[string][]byte{
		"live/reports/main.tf": []byte("# reports\n"),
		"live/.kratix/team-b-tf-bucket-reports-instance-configure-a9dd3.terraform-5058f.yaml": []byte("files:\n- live/reports/main.tf\n"),
	}); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "STORE="+server.Address(), "STORE_CA="+server.CAFile, "STORE_USER="+server.Username, "STORE_PASSWORD="+server.Password)
}

// useCluster gives the session a kubectl and an API server that knows the kinds
// of Kratix; there is no Kratix behind it.
func (s *session) useCluster(t *testing.T) {
	t.Helper()
	server, err := kubetest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	if err := server.LoadCRDs(t.Context()); err != nil {
		t.Fatal(err)
	}
	kubectl, err := kubetest.Program("kubectl")
	if err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "KUBECONFIG="+server.Kubeconfig, "PATH="+filepath.Dir(kubectl)+string(os.PathListSeparator)+os.Getenv("PATH"))
}
