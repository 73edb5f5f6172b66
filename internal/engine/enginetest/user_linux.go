// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// ordinaryUser is one that the machine need not know.
const ordinaryUser = 12345

// subordinateIDs is the variable that says that ids are left to this user.
const subordinateIDs = "KRATIX_TEST_SUBORDINATE_IDS"

// HasSubordinateIDs tells that [AsOrdinaryUser] has left ids to this process.
func HasSubordinateIDs() bool { return os.Getenv(subordinateIDs) != "" }

// AsOrdinaryUser runs the test program once more as a user without any rights
// but, if so wanted, with subordinate ids. The files that leave these to the
// user are there for its processes only. The arguments select the tests.
func AsOrdinaryUser(t *testing.T, ids bool, args ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("it takes root to become another user")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := userDir(t)
	line := append(append([]string{program}, ownFlags()...), args...)
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	env := append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	if ids {
		line, env = append(leavingIDs(t), line...), append(env, subordinateIDs+"=1")
	} else {
		line[0] = "/proc/self/exe" // which needs no way to it
		attr.Credential = &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser}
	}
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...) //nolint:gosec // the test itself
	cmd.SysProcAttr, cmd.Env = attr, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as uid %d: %v\n%s", ordinaryUser, err, out)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "kratix-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("%s", out)
}

// ownFlags are this process's flags for tests, without those that select tests
// or name files.
func ownFlags() []string {
	return slices.DeleteFunc(slices.Clone(os.Args[1:]), func(arg string) bool {
		return slices.ContainsFunc([]string{"testlogfile", "gocoverdir", "coverprofile", "test.run", "test.bench"}, func(flag string) bool {
			return strings.Contains(arg, flag)
		})
	})
}

// userDir is a directory of the ordinary user's.
func userDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, ordinaryUser, ordinaryUser); err != nil {
		t.Fatal(err)
	}
	return dir
}

// leavingIDs is a command that runs another as the ordinary user, on a machine
// that seems to leave ids to that one.
func leavingIDs(t *testing.T) []string {
	t.Helper()
	for _, program := range []string{"newuidmap", "newgidmap", "unshare", "mount", "setpriv"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	const ids = "ordinary:200000:65536\n"
	script := []string{"set -e"}
	for name, content := range map[string]string{
		"passwd": fmt.Sprintf("root:x:0:0::/root:/bin/sh\nordinary:x:%d:%[1]d::/:/bin/sh\n", ordinaryUser), "subuid": ids, "subgid": ids,
	} {
		if _, err := os.Stat("/etc/" + name); err != nil {
			t.Skip(err)
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil { //nolint:gosec // as the one in /etc
			t.Fatal(err)
		}
		script = append(script, fmt.Sprintf("mount --bind %s /etc/%s", file, name))
	}
	script = append(script, fmt.Sprintf("exec setpriv --reuid %d --regid %[1]d --clear-groups -- \"$@\"", ordinaryUser))
	return []string{"unshare", "--mount", "sh", "-c", strings.Join(script, "\n"), "sh"}
}
