// SPDX-License-Identifier: Apache-2.0

package build

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
)

// programs makes PATH a directory with some shell scripts, by name.
func programs(t *testing.T, scripts map[string]string) (bin string) {
	t.Helper()
	bin = t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	return bin
}

func TestTheFirstBuilderThatAnswersIsTaken(t *testing.T) {
	const works, fails = "exit 0\n", "echo some words >&2; echo no daemon >&2; exit 1\n"
	for _, tt := range []struct {
		name    string
		scripts map[string]string
		among   []string
		want    string // the builder, or the error
	}{
		{"all answer", map[string]string{docker: works, podman: works, buildah: works}, Builders(), docker},
		{"docker has no daemon", map[string]string{docker: fails, podman: works}, Builders(), podman},
		{"only buildah", map[string]string{buildah: works}, Builders(), buildah},
		{"the one that is named", map[string]string{docker: works, buildah: works}, []string{buildah}, buildah},
		{
			"none",
			map[string]string{docker: fails, podman: "kill -9 $$"},
			Builders(),
			"nothing here builds Dockerfiles\ntried docker  no daemon\ntried podman  signal: killed\ntried buildah not in PATH",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			programs(t, tt.scripts)
			b, err := FindBuilder(t.Context(), tt.among...)
			if err != nil {
				var none *NoBuilderError
				if !errors.As(err, &none) || diag.ExitCode(err) != diag.ExitMachine || len(diag.Hints(err)) == 0 {
					t.Errorf("error %#v with hints %q", err, diag.Hints(err))
				}
				b = &Builder{Name: err.Error()}
			}
			got := b.Name
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuildx(t *testing.T) {
	programs(t, map[string]string{docker: "test $1 != buildx || { echo unknown command >&2; exit 1; }\n", podman: "", buildah: ""})
	for name, want := range map[string]int{docker: diag.ExitMachine, podman: diag.ExitOK, buildah: diag.ExitInput} {
		b, err := FindBuilder(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.WithBuildx(t.Context()); diag.ExitCode(err) != want {
			t.Errorf("%s: %v, want exit code %d", name, err, want)
		}
	}
	programs(t, map[string]string{docker: ""})
	b, err := FindBuilder(t.Context(), docker)
	if err == nil {
		b, err = b.WithBuildx(t.Context())
	}
	if err != nil || !b.Buildx {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestCommandLines(t *testing.T) {
	t.Parallel()
	line := func(args []string) string { return strings.Join(args, " ") }
	o := DockerfileOptions{Dir: "stage", Builder: &Builder{Name: docker}, Tag: "acme/x:v1", Platform: "linux/arm64", Args: []string{"--no-cache"}}
	plain := line(o.buildArgs("--iidfile", "id"))
	o.Builder = &Builder{Name: docker, Buildx: true}
	for got, want := range map[string]string{
		plain:                                "build --tag acme/x:v1 --platform linux/arm64 --iidfile id --no-cache stage",
		line(o.buildArgs("--iidfile", "id")): "buildx build --load --tag acme/x:v1 --platform linux/arm64 --iidfile id --no-cache stage",
		line(o.buildArgs("--push")):          "buildx build --tag acme/x:v1 --platform linux/arm64 --push --no-cache stage",
		line((&Builder{Name: docker}).saveArgs("sha256:abc", "f")):  "save --output f sha256:abc",
		line((&Builder{Name: podman}).saveArgs("sha256:abc", "f")):  "save --quiet --format oci-archive --output f abc",
		line((&Builder{Name: buildah}).saveArgs("sha256:abc", "f")): "push --quiet abc oci-archive:f",
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestAFailedBuildEndsWithTheLastLines(t *testing.T) {
	programs(t, map[string]string{buildah: `test $1 = info && exit
i=0
while [ $i -lt 100 ]; do i=$((i + 1)); echo line $i; done
echo >&2
echo no such file >&2
exit 125
`})
	b, err := FindBuilder(t.Context(), buildah)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Dockerfile(t.Context(), newStore(t), "acme/x:v1", DockerfileOptions{Dir: "stage", Builder: b})
	if diag.ExitCode(err) != diag.ExitAnswer {
		t.Fatalf("error %v, want one that is an answer", err)
	}
	lines := strings.Split(err.Error(), "\n")
	if diff := cmp.Diff([]string{"building stage: buildah build: exited 125", "line 87", "line 100", "no such file"},
		[]string{lines[0], lines[1], lines[len(lines)-2], lines[len(lines)-1]}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var said strings.Builder
	_, err = Dockerfile(t.Context(), newStore(t), "acme/x:v1", DockerfileOptions{Dir: "stage", Builder: b, Output: &said})
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(said.String(), "line 1\nline 2\n") {
		t.Errorf("what was told while it ran is told again: %v", err)
	}
}

// A builder that is told to stop may clean up, and the build ends as one that
// was interrupted.
func TestAnInterruptedBuilderCleansUp(t *testing.T) {
	bin := programs(t, nil)
	began, cleaned := filepath.Join(bin, "began"), filepath.Join(bin, "cleaned")
	script := "#!/bin/sh\n[ $1 = info ] && exit\ntrap 'echo > " + cleaned + "; exit 1' TERM\n/bin/sleep 1000 &\necho > " + began + "\nwait\n"
	err := errors.Join(syscall.Mkfifo(began, 0o600), os.WriteFile(filepath.Join(bin, buildah), []byte(script), 0o755)) //nolint:gosec // a program
	if err != nil {
		t.Fatal(err)
	}
	b, err := FindBuilder(t.Context(), buildah)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		_, _ = os.ReadFile(began) // ends when the program has written
		cancel()
	}()
	_, err = Dockerfile(ctx, newStore(t), "acme/x:v1", DockerfileOptions{Dir: "stage", Builder: b})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if _, err := os.Stat(cleaned); errors.Is(err, fs.ErrNotExist) {
		t.Error("the builder was killed before it could clean up")
	}
}
