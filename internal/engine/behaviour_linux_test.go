package engine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kratix-tools/kratix/internal/engine"
	"github.com/kratix-tools/kratix/internal/engine/enginetest"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func TestNativeBehaviour(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, images *image.Store) workflow.Engine {
		t.Helper()
		e, err := engine.New(t.Context(), "native", engine.Config{Images: images, Dir: t.TempDir(), Getenv: os.Getenv})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}, nil)
}

// TestNativeBehaviourAsOrdinaryUser runs the same as a user without any rights.
func TestNativeBehaviourAsOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("TestNativeBehaviour is this already")
	}
	const uid = 12345
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, uid, uid); err != nil {
		t.Fatal(err)
	}
	args := slices.DeleteFunc(slices.Clone(os.Args[1:]), func(a string) bool {
		return strings.Contains(a, "testlogfile") || strings.Contains(a, "gocoverdir") || strings.Contains(a, "coverprofile") || strings.Contains(a, "test.run")
	})
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", append(args, "-test.run=^TestNativeBehaviour$")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as uid %d: %v\n%s", uid, err, out)
	}
}
