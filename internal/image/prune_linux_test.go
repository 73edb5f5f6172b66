// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
)

// stockOf makes a Store with the images a, b and c, of about 100 kB each beside
// a layer that they share, last used one, two and three hours ago, and opens it
// anew.
func stockOf(t *testing.T) *Store {
	t.Helper()
	s := newStore(t)
	for i, name := range []string{"a", "b", "c"} {
		img, err := s.Put(t.Context(), name+":v1", makeImage(t, platform, files{"base": "1"}, noise(name)))
		if err != nil {
			t.Fatal(err)
		}
		mustUnpack(t, s, img)
		used := time.Now().Add(time.Duration(-1-i) * time.Hour)
		if err := os.Chtimes(s.recordPath(img.record.Reference, img.record.Platform), used, used); err != nil {
			t.Fatal(err)
		}
	}
	return again(t, s)
}

// noise is a file of 50 kB that takes as much room packed as unpacked.
func noise(seed string) files {
	var b strings.Builder
	for i := range 50_000 {
		b.WriteByte("0123456789abcdef"[(i*i*31+i*7+int(seed[0])*(i%251))%16])
	}
	return files{seed: b.String()}
}

// again opens the same directory once more, as another process does.
func again(t *testing.T, s *Store) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := Open(filepath.Dir(s.dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	return other
}

// names lists the images of a Store, or of a list, by their short names.
func names(entries []Entry) []string {
	short := []string{}
	for _, e := range entries {
		short = append(short, strings.TrimSuffix(strings.TrimPrefix(e.Reference, "index.docker.io/library/"), ":v1"))
	}
	return short
}

func left(t *testing.T, s *Store) []string {
	t.Helper()
	entries, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	return names(entries)
}

func TestPruneOptions(t *testing.T) {
	t.Parallel()
	size := func(n int) func(*testing.T, *Store) int64 {
		return func(t *testing.T, s *Store) int64 {
			t.Helper()
			entries, err := s.List()
			if err != nil {
				t.Fatal(err)
			}
			return (entries[0].Packed+entries[0].Unpacked)*int64(n) + 5000
		}
	}
	for _, tt := range []struct {
		name    string
		options PruneOptions
		max     func(*testing.T, *Store) int64
		want    []string
	}{
		{"nothing asked for", PruneOptions{}, nil, []string{"a", "b", "c"}},
		{"all", PruneOptions{All: true}, nil, []string{}},
		{"not used for long", PruneOptions{Before: time.Now().Add(-90 * time.Minute)}, nil, []string{"a"}},
		{"room for all", PruneOptions{}, size(3), []string{"a", "b", "c"}},
		{"room for two", PruneOptions{}, size(2), []string{"a", "b"}},
		{"room for one", PruneOptions{}, size(1), []string{"a"}},
		{"room for none", PruneOptions{MaxSize: 1}, nil, []string{}},
		{"the oldest is kept", PruneOptions{MaxSize: 1, Keep: func(e Entry) bool { return names([]Entry{e})[0] == "c" }}, nil, []string{"c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := stockOf(t)
			if tt.max != nil {
				tt.options.MaxSize = tt.max(t, s)
			}
			before, err := s.Size()
			if err != nil {
				t.Fatal(err)
			}
			dry := tt.options
			dry.DryRun = true
			would, err := s.Prune(t.Context(), dry)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"a", "b", "c"}, left(t, s)); diff != "" {
				t.Errorf("after a dry run (-want +got):\n%s", diff)
			}
			did, err := s.Prune(t.Context(), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(would, did); diff != "" {
				t.Errorf("a dry run says and a real one does (-would +did):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, left(t, s)); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
			gone := slices.Concat(names(did.Images), tt.want)
			slices.Sort(gone)
			if diff := cmp.Diff([]string{"a", "b", "c"}, gone); diff != "" {
				t.Errorf("removed and left together (-want +got):\n%s", diff)
			}
			after, err := s.Size()
			if err != nil || before-after < did.Freed || (did.Freed > 0) != (len(did.Images) > 0) || after < did.Size {
				t.Errorf("said to have freed %d and left %d; the size was %d and is %d (%v)", did.Freed, did.Size, before, after, err)
			}
			for _, name := range tt.want {
				mustUnpack(t, s, mustGet(t, s, name+":v1", GetOptions{Platform: platform, Pull: PullNever}))
			}
		})
	}
}

func TestTrim(t *testing.T) {
	t.Parallel()
	s := stockOf(t)
	trim := func(s *Store, limit int64) []string {
		pruned, err := s.Trim(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		return names(pruned.Images)
	}
	if got := trim(s, 0); len(got) > 0 {
		t.Errorf("without a limit %q were removed", got)
	}
	// The one that was used longest ago is in use.
	s = again(t, s)
	mustGet(t, s, "c:v1", GetOptions{Platform: platform})
	if diff := cmp.Diff([]string{"a", "b"}, trim(s, 1)); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	// It may go later, but nothing was added.
	s = again(t, s)
	if got := trim(s, 1); len(got) > 0 {
		t.Errorf("nothing was added and %q were removed", got)
	}
	put(t, s, makeImage(t, platform, noise("d")))
	if diff := cmp.Diff([]string{"c"}, trim(s, 1)); diff != "" {
		t.Errorf("removed after an addition (-want +got):\n%s", diff)
	}
}

func TestTrimIsLeftToTheLast(t *testing.T) {
	t.Parallel()
	first := stockOf(t)
	last, err := Open(filepath.Dir(first.dir))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = last.Close() }()
	put(t, first, makeImage(t, platform, noise("d")))
	mustGet(t, last, "a:v1", GetOptions{Platform: platform})
	pruned, err := first.Trim(t.Context(), 1)
	if err != nil || len(pruned.Images) > 0 {
		t.Errorf("while another uses the Store: %q, %v", names(pruned.Images), err)
	}
	pruned, err = last.Trim(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "c"}, names(pruned.Images)); diff != "" { // the new one was used since, too
		t.Errorf("the last removed (-want +got):\n%s", diff)
	}
}

// pruner is a process that removes all images.
func pruner(tb testing.TB, s *Store) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), os.Args[0], "-test.run=^TestPruner$", "-test.count=1")
	cmd.Env = append(os.Environ(), "KRATIX_TEST_PRUNE="+filepath.Dir(s.dir))
	return cmd
}

// TestPruner is what the processes of the tests below do.
func TestPruner(t *testing.T) {
	dir := os.Getenv("KRATIX_TEST_PRUNE")
	if dir == "" {
		t.Skip("this is for other tests to run")
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prune(t.Context(), PruneOptions{All: true}); err != nil && diag.ExitCode(err) != diag.ExitMachine {
		t.Fatal(err)
	}
}

// TestKilledWhilePruning kills a process as soon as it begins to remove a
// layer.
func TestKilledWhilePruning(t *testing.T) {
	t.Parallel()
	r, s := newRegistry(t), newStore(t)
	var all []map[string]string
	for i := range 5 {
		layer := many(500)
		layer["number"] = strconv.Itoa(i)
		all = append(all, layer)
	}
	ref := r.push(t, "acme/render:v1", makeImage(t, platform, all...))
	mustUnpack(t, s, mustGet(t, s, ref, GetOptions{Platform: platform}))
	s = again(t, s)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close() }()
	if err := watcher.Add(filepath.Join(s.dir, "layers", "own")); err != nil {
		t.Fatal(err)
	}
	cmd := pruner(t, s)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-watcher.Events
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := left(t, s); len(got) > 0 {
		t.Errorf("images %q are still known, and some of their layers are gone", got)
	}
	for i, files := range contentOf(t, mustUnpack(t, s, mustGet(t, s, ref, GetOptions{Platform: platform}))) {
		if len(files) != 501 {
			t.Errorf("layer %d has %d files, want 501", i, len(files))
		}
	}
	s = again(t, s)
	if out, err := pruner(t, s).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, pattern := range []string{"refs/*", "blobs/sha256/*", "layers/*/*", "layers/*/.*", "tmp/*", "locks/*", grown} {
		if left, _ := filepath.Glob(filepath.Join(s.dir, filepath.FromSlash(pattern))); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

// TestPruneWhileOthersRun has processes get and unpack an image while others
// remove everything again and again and some of them are killed. Nobody finds
// an image taken away.
func TestPruneWhileOthersRun(t *testing.T) {
	t.Parallel()
	r, s := newRegistry(t), newStore(t)
	ref := r.push(t, "acme/render:v1", makeImage(t, platform, many(100), files{"b": "2"}))
	done := make(chan struct{})
	var pruners, workers sync.WaitGroup
	for i := range 2 {
		pruners.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				cmd := pruner(t, s)
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				if (n+i)%2 == 0 {
					time.AfterFunc(time.Duration(n%7)*2*time.Millisecond, func() { _ = cmd.Process.Kill() })
				}
				if err := cmd.Wait(); err != nil && !strings.Contains(err.Error(), "killed") {
					t.Errorf("removing: %v", err)
				}
			}
		})
	}
	for range 3 {
		workers.Go(func() {
			for range 5 {
				if out, err := worker(t, s, ref).CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			}
		})
	}
	workers.Wait()
	close(done)
	pruners.Wait()
}
