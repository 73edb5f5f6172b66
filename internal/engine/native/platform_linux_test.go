// SPDX-License-Identifier: Apache-2.0

package native

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
)

// What qemu-user-static registers.
const (
	aarch64 = "enabled\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: POCF\noffset 0\n" +
		"magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n"
	s390x = "enabled\ninterpreter /usr/libexec/qemu-binfmt/s390x-binfmt-P\nflags: F\noffset 0\n" +
		"magic 7f454c4602020100000000000000000000020016\nmask ffffffffffffff00fffffffffffffffffffeffff\n"
)

func TestAnEmulatorRunsForeignImages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, architecture, handler string
		want                        bool
	}{
		{"with a handler that the kernel has opened", "arm64", aarch64, true},
		{"of the other byte order", "s390x", s390x, true},
		{"not with one that a container does not have", "arm64", strings.Replace(aarch64, "POCF", "POC", 1), false},
		{"not with one that is off", "arm64", strings.Replace(aarch64, "enabled", "disabled", 1), false},
		{"not with another's", "riscv64", aarch64, false},
		{"not with one for scripts", "arm64", "enabled\ninterpreter /usr/bin/jexec\nflags: F\nextension .jar\n", false},
		{"not with one that looks beyond the header", "arm64", strings.Replace(aarch64, "offset 0", "offset 250", 1), false},
		{"not without", "arm64", "", false},
		{"not what nobody knows", "vax", aarch64, false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "handler"), []byte(tt.handler), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := emulated(tt.architecture, dir); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
		err := checkPlatform(&image.Image{Reference: "x", OS: "linux", Architecture: tt.architecture}, dir)
		if foreign := !runsItself(tt.architecture); foreign && (err == nil) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestAForeignImageIsRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	const none = "/no/such/directory"
	err := checkPlatform(&image.Image{Reference: "acme/x", OS: "linux", Architecture: "s390x"}, none)
	if want := "image acme/x is for linux/s390x, and this machine is linux/" + runtime.GOARCH; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if hints := strings.Join(diag.Hints(err), "\n"); !strings.Contains(hints, "qemu-user-static") {
		t.Errorf("hints %s", hints)
	}
	err = checkPlatform(&image.Image{Reference: "acme/x", OS: "windows", Architecture: runtime.GOARCH}, none)
	if err == nil || strings.Contains(strings.Join(diag.Hints(err), "\n"), "qemu") {
		t.Errorf("a Windows image: %v, %q", err, diag.Hints(err))
	}
	for _, architecture := range []string{"", runtime.GOARCH} {
		if err := checkPlatform(&image.Image{Architecture: architecture}, none); err != nil {
			t.Errorf("%q: %v", architecture, err)
		}
	}
}
