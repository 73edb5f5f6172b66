// SPDX-License-Identifier: Apache-2.0

package adapter_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/adapter"
	"github.com/kratix-tools/kratix/internal/tree"
)

// Wherever links lead in trees drawn at random, a Container gives the content
// or the error that Linux gives for the same tree.
func TestLinksAreFollowedAsLinuxFollowsThem(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	contents, failures := 0, map[string]int{}
	for range 100 {
		root := t.TempDir()
		names := plant(t, random, root)
		c := workWriter(tree.Dir(filepath.Join(root, input)), tree.Dir(filepath.Join(root, adapter.MetadataRoot)))
		for _, name := range names {
			want, err := os.ReadFile(root + name)
			wantErr := strings.ReplaceAll(words(err), root, "")
			got, err := c.ReadFile(name)
			if diff := cmp.Diff(string(want)+wantErr, string(got)+words(err)); diff != "" {
				t.Fatalf("%s (-Linux +Container):\n%s", name, diff)
			}
			if err == nil {
				contents++
				continue
			}
			_, why, _ := strings.Cut(wantErr, ": ")
			failures[why]++
		}
	}
	if contents < 50 || len(failures) != 4 {
		t.Errorf("the trees are too dull: %d files read, failures %v", contents, failures)
	}
}

// plant fills both volumes below root with directories, files and links, and
// gives the paths of all of them and of some that are not there.
func plant(t *testing.T, random *rand.Rand, root string) []string {
	t.Helper()
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	dirs := []string{input, adapter.MetadataRoot}
	for _, dir := range dirs {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{input + "/absent", input + "/a/b/c"}
	for range 12 {
		name := pick(dirs...) + "/" + pick("a", "b", "c", "d")
		if _, err := os.Lstat(root + name); err == nil {
			continue
		}
		var err error
		switch random.IntN(5) {
		case 0:
			err = os.Mkdir(root+name, 0o755)
			dirs = append(dirs, name)
		case 1:
			err = os.WriteFile(root+name, []byte(name), 0o644)
		default:
			var target []string
			for range 1 + random.IntN(4) {
				target = append(target, pick("a", "b", "c", "d", "..", "..", ".", "input", "metadata"))
			}
			err = os.Symlink(strings.Join(target, pick("/", "//"))+pick("", "", "/", "/."), root+name)
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name, name+"/"+pick("a", "b", ".."))
	}
	return names
}
