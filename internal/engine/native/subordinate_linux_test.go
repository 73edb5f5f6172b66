// SPDX-License-Identifier: Apache-2.0

package native

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/engine/enginetest"
	"github.com/kratix-tools/kratix/internal/image"
)

func TestRangesAreThoseOfTheUser(t *testing.T) {
	t.Parallel()
	const file = "# a comment\nbob:1:2\nalice:100000:65536\n1000:300000:10\nalice:x:5\nalice:0:5\nalice:7:0\nalice:7\n\nalicea:1:1\n"
	want := []idRange{{100000, 65536}, {300000, 10}}
	if diff := cmp.Diff(want, parseRanges([]byte(file), "alice", "1000"), cmp.AllowUnexported(idRange{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestIDsOfAContainer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		ranges []idRange
		beyond int
		want   string
	}{
		{"the usual range", []idRange{{100000, 65536}}, 0, "0 1000 1 1 100000 65535"},
		{"two small ones", []idRange{{100000, 10}, {500, 5}}, 0, "0 1000 1 1 100000 10 11 500 5"},
		{"more than images have", []idRange{{100000, 65000}, {1000000, 65000}}, 0, "0 1000 1 1 100000 65000 65001 1000000 535"},
		{"a user beyond", []idRange{{100000, 65536}}, 1000620000, "0 1000 1 1 100000 65534 1000620000 165534 1"},
		{"a user beyond a range of one", []idRange{{100000, 1}}, 7, "0 1000 1 7 100000 1"},
	} {
		m := newIDMap(1000, tt.ranges, tt.beyond)
		if got := strings.Join(m.args(), " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		for _, e := range m {
			for _, id := range []int{e.inside, e.inside + e.count - 1} {
				if back := m.toContainer(m.toHost(id)); back != id || !m.has(id) {
					t.Errorf("%s: %d comes back as %d", tt.name, id, back)
				}
			}
		}
		if back := m.toContainer(m.toHost(1 << 30)); !m.has(back) || m.has(1<<30) {
			t.Errorf("%s: an id that there is not becomes %d", tt.name, back)
		}
	}
}

func TestWhatSubordinateIDsTakeIsSaid(t *testing.T) {
	if _, err := findSubordinates(t.TempDir()); err == nil || len(diag.Hints(err)) != 1 {
		t.Errorf("without files: %v, %q", err, diag.Hints(err))
	}
	t.Setenv("PATH", "")
	if _, err := findSubordinates("/etc"); err == nil || !strings.Contains(err.Error(), "newuidmap") || !strings.Contains(strings.Join(diag.Hints(err), ""), "uidmap") {
		t.Errorf("without programs: %v, %q", err, diag.Hints(err))
	}
}

// TestModeOfAnOrdinaryUser has the owners that the image says, and removes from
// the cache what belongs to them.
func TestModeOfAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("this is root")
	}
	w := newWorld(t, v1.Config{}, layer(t,
		file{name: "home/"}, file{name: "home/app/", mode: 0o700, uid: 1000, gid: 1001},
		file{name: "home/app/secret", content: "of app", mode: 0o4600, uid: 1000, gid: 1001},
		file{name: "home/app/link", link: "secret", uid: 1000, gid: 1001}))
	if !enginetest.HasSubordinateIDs() {
		if w.Mode() != ModeSingle || !strings.Contains(strings.Join(w.Notes(), "\n"), "subordinate ids") {
			t.Errorf("mode %s, notes %q", w.Mode(), w.Notes())
		}
		return
	}
	if w.Mode() != ModeSubordinate {
		t.Fatalf("mode %s, notes %q", w.Mode(), w.Notes())
	}
	want := "/home/app 40700 1000:1001\n/home/app/secret 104600 1000:1001\n/home/app/link 120777 1000:1001\n"
	if diff := cmp.Diff(result{Stdout: want}, w.run(step("stat /home/app", "stat /home/app/secret", "stat /home/app/link"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := w.config.Images.Close(); err != nil {
		t.Fatal(err)
	}
	w.config.Images.RemoveAll = RemoveAll
	if _, err := w.config.Images.Prune(t.Context(), image.PruneOptions{All: true}); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(w.cache, "images/layers/*/*")); len(left) > 0 {
		t.Errorf("left in the cache: %v", left)
	}
}
