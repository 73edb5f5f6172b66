// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine"
)

// nowhere is an environment in which no daemon is to be found.
func nowhere(t *testing.T) func(string) string {
	t.Helper()
	dir := t.TempDir()
	vars := map[string]string{
		"HOME": dir, "XDG_RUNTIME_DIR": dir, "DOCKER_CONFIG": dir,
		"DOCKER_HOST":    "unix://" + filepath.Join(dir, "docker.sock"),
		"CONTAINER_HOST": "unix://" + filepath.Join(dir, "podman.sock"),
	}
	return func(name string) string { return vars[name] }
}

func TestAutoIsNativeWhereThatWorks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no native engine for " + runtime.GOOS)
	}
	for _, name := range []string{"", engine.Auto, "native"} {
		e, err := engine.New(t.Context(), name, engine.Config{Dir: t.TempDir(), Getenv: nowhere(t)})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if e.Name() != "native" || !strings.HasPrefix(e.Why, "engine native (in this machine's kernel)") {
			t.Errorf("%q gives engine %q: %s", name, e.Name(), e.Why)
		}
	}
}

func TestAnEngineThatDoesNotAnswerIsTheMachinesFault(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"docker", "podman"} {
		e, err := engine.New(t.Context(), name, engine.Config{Getenv: nowhere(t)})
		if diag.ExitCode(err) != diag.ExitMachine || e != nil {
			t.Fatalf("%s: %v, %v", name, e, err)
		}
		if !strings.HasPrefix(err.Error(), "container engine "+name+": unix://") || !strings.HasSuffix(err.Error(), "not running") || len(diag.Hints(err)) == 0 {
			t.Errorf("%s: %v, %q", name, err, diag.Hints(err))
		}
	}
}

func TestWithoutAnyEngineEachIsNamedWithItsReason(t *testing.T) {
	t.Parallel()
	getenv := nowhere(t)
	// The native engine fails where it cannot have a directory.
	_, err := engine.New(t.Context(), engine.Auto, engine.Config{Dir: "/dev/null/none", Getenv: getenv})
	if diag.ExitCode(err) != diag.ExitMachine {
		t.Fatalf("got %v", err)
	}
	lines := strings.Split(err.Error(), "\n")
	for i, prefix := range []string{"no container engine answers", "tried native  ", "tried docker  unix://", "tried podman  unix://"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], prefix) {
			t.Errorf("line %d does not begin with %q:\n%v", i+1, prefix, err)
		}
	}
	if hints := strings.Join(diag.Hints(err), "\n"); !strings.Contains(hints, "DOCKER_HOST") || !strings.Contains(hints, "kratix doctor") {
		t.Errorf("hints %q", hints)
	}
}

func TestAMistakeInTheEnvironmentIsNotPassedOver(t *testing.T) {
	t.Parallel()
	getenv := func(name string) string { return map[string]string{"DOCKER_HOST": "gopher://x"}[name] }
	_, err := engine.New(t.Context(), engine.Auto, engine.Config{Dir: "/dev/null/none", Getenv: getenv})
	if diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), "DOCKER_HOST") {
		t.Errorf("got %v", err)
	}
}

func TestNewRefusesOtherNames(t *testing.T) {
	t.Parallel()
	_, err := engine.New(t.Context(), "lxc", engine.Config{})
	if diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), "auto, native, docker, podman") {
		t.Errorf("got %v", err)
	}
}

func TestAPlatformThatTheMachineDoesNotRunIsRefusedBeforeAnythingIsFetched(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no native engine for " + runtime.GOOS)
	}
	config := engine.Config{Dir: t.TempDir(), Getenv: nowhere(t), Platform: "linux/mips64le"}
	_, err := engine.New(t.Context(), "native", config)
	if want := "no container for linux/mips64le runs here: this machine is linux/" + runtime.GOARCH; diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if hints := strings.Join(diag.Hints(err), "\n"); !strings.Contains(hints, "--platform") {
		t.Errorf("hints %q", hints)
	}
	config.Platform = "arm64"
	if _, err := engine.New(t.Context(), "native", config); diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("a platform that is none: %v", err)
	}
	for _, platform := range []string{"", "linux/" + runtime.GOARCH, "linux/" + runtime.GOARCH + "/v1"} {
		config.Platform = platform
		e, err := engine.New(t.Context(), "native", config)
		if err != nil || e.Emulated || !strings.HasPrefix(e.Platform, "linux/"+runtime.GOARCH) {
			t.Errorf("%q: %+v, %v", platform, e, err)
		}
	}
}
