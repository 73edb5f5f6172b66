// SPDX-License-Identifier: Apache-2.0

package native

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestFilesOfAnImageAreFoundAsTheContainerFindsThem compares the two.
func TestFilesOfAnImageAreFoundAsTheContainerFindsThem(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("the machine's"), 0o644); err != nil {
		t.Fatal(err)
	}
	w := newWorld(
		t, v1.Config{},
		layer(
			t, file{name: "nix/"}, file{name: "nix/store/"}, file{name: "nix/store/etc/"},
			file{name: "nix/store/etc/passwd", content: "low", mode: 0o644},
			file{name: "nix/store/etc/group", content: "group", mode: 0o644},
			file{name: "gone/"}, file{name: "gone/file", content: "gone", mode: 0o644},
			file{name: "opaque/"}, file{name: "opaque/old", content: "old", mode: 0o644},
			file{name: "replaced/"}, file{name: "replaced/file", content: "x", mode: 0o644},
		),
		layer(
			t, file{name: "nix/"}, file{name: "nix/store/"}, file{name: "nix/store/etc/"},
			file{name: "nix/store/etc/passwd", content: "high", mode: 0o644},
			file{name: "etc", link: "nix/store/etc"}, file{name: "absolute", link: "/etc/passwd"},
			file{name: "up", link: "../../../nix/./store//etc/../etc/group"},
			file{name: "out", link: "../../.." + secret}, file{name: "loop", link: "loop"}, file{name: "nowhere", link: "/no/such"},
			file{name: "gone/"}, file{name: "gone/.wh.file"},
			file{name: "opaque/"}, file{name: "opaque/.wh..wh..opq"}, file{name: "opaque/new", content: "new", mode: 0o644},
			file{name: "replaced", content: "now a file", mode: 0o644},
		),
	)
	img, err := w.image(t.Context(), "img")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"etc/passwd", "etc/group", "nix/store/etc/passwd", "absolute", "up", "out", "loop", "nowhere", "gone/file",
		"opaque/old", "opaque/new", "replaced", "replaced/file", "etc", "none/at/all", "etc/passwd/x",
	} {
		want := w.run(step("cat /" + name))
		got, err := readImageFile(img.layers, name)
		if (err == nil) != (want.Code == 0) {
			t.Errorf("%s: %v, the container: %+v", name, err, want)
		}
		if diff := cmp.Diff(want.Stdout, string(got)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if got, _ := readImageFile(img.layers, "etc/passwd"); !strings.HasPrefix(string(got), "high") {
		t.Errorf("behind a link: %q", got)
	}
}
