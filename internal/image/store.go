// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// LocalHost is the registry host of images that only ever exist in a [Store],
// such as those built on the way to a test. No registry is asked for them,
// whatever the pull policy.
const LocalHost = "kratix.local"

// defaultMaxLayer is what one layer may unpack to unless a Store says
// otherwise.
const defaultMaxLayer = 20 << 30

// A Store is a cache of images in a directory. Several goroutines and several
// processes may use the same directory at once.
type Store struct {
	// MaxLayer is the number of bytes that one layer may unpack to; 0 means
	// 20 GiB.
	MaxLayer int64
	// RemoveAll removes a directory of layers with owners that this process
	// has not the rights of; see Owners.Give. Nil is for whoever has none.
	RemoveAll func(path string) error

	dir    string
	opened time.Time

	mu    sync.Mutex
	inUse *os.File // a shared lock, from the first use until Close
}

// DefaultDir gives the directory for the program's caches: $XDG_CACHE_HOME/kratix
// or, without that, what is customary on this system.
func DefaultDir(getenv func(string) string) (string, error) {
	switch dir := getenv("XDG_CACHE_HOME"); {
	case filepath.IsAbs(dir):
		return filepath.Join(dir, "kratix"), nil
	case dir != "": // to be ignored, but the go command does not either
		return "", diag.Hint(diag.Machinef("finding the cache directory: XDG_CACHE_HOME is %q, which is no absolute path", dir),
			"export XDG_CACHE_HOME=$PWD/"+dir)
	}
	home, below := "HOME", ".cache"
	switch runtime.GOOS {
	case "darwin":
		below = "Library/Caches"
	case "windows":
		home, below = "LocalAppData", ""
	}
	if dir := getenv(home); filepath.IsAbs(dir) {
		return filepath.Join(dir, below, "kratix"), nil
	}
	return "", diag.Hint(diag.Machinef("finding the cache directory: neither XDG_CACHE_HOME nor %s is an absolute path", home),
		"export XDG_CACHE_HOME=/var/tmp/cache")
}

// Open gives the Store below the cache directory dir, which is made if it is
// not there.
func Open(dir string) (*Store, error) {
	abs, err := filepath.Abs(filepath.Join(dir, "images"))
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("opening the image cache: %w", err))
	}
	s := &Store{dir: abs, opened: time.Now()}
	for _, sub := range []string{"blobs/sha256", "refs", "layers", "locks", "tmp"} {
		// A container's root may not be the machine's: it must be able to
		// pass through to its layers, and need not list the others.
		if err := os.MkdirAll(s.path(sub), 0o711); err != nil {
			return nil, diag.Hint(diag.Machine(fmt.Errorf("opening the image cache: %w", err)),
				"export XDG_CACHE_HOME=DIR, a directory that you may write to")
		}
	}
	return s, nil
}

// Dir is the directory that holds the Store, and nothing else.
func (s *Store) Dir() string { return s.dir }

// Close says that the directories given by [Store.Unpack] are no longer
// needed, so that another process may remove them. The end of the process does
// the same.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inUse == nil {
		return nil
	}
	err := release(s.inUse)
	s.inUse = nil
	return err
}

func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

// use keeps others from removing anything until Close. Whoever comes first,
// with nobody else at work, also clears away what killed processes left.
func (s *Store) use(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inUse != nil {
		return nil
	}
	if f, err := tryLock(s.path("lock")); err == nil {
		s.sweep()
		_ = release(f)
	}
	f, err := openLocked(ctx, s.path("lock"), shared)
	if err != nil {
		return storeError(err)
	}
	s.inUse = f
	return nil
}

// sweep removes unfinished files and directories. The lock on the whole Store
// is held, so that they belong to nobody. What cannot be removed is in nobody's
// way.
func (s *Store) sweep() {
	for _, path := range s.unfinished() {
		_ = s.removeAll(path)
	}
}

func (s *Store) unfinished() []string {
	left, _ := filepath.Glob(s.path("tmp", "*"))
	unpacking, _ := filepath.Glob(s.path("layers", "*", unfinished+"*"))
	return append(left, unpacking...)
}

// lock gives this process and goroutine the right to make the thing named key.
func (s *Store) lock(ctx context.Context, key string) (unlock func(), err error) {
	f, err := openLocked(ctx, s.path("locks", key), exclusive)
	if err != nil {
		return nil, storeError(err)
	}
	return func() { _ = release(f) }, nil
}

// storeError is a fault of the cache itself, not of an image.
func storeError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return diag.Machine(fmt.Errorf("image cache: %w", err))
}

// writeFile writes a whole file or nothing.
func (s *Store) writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(s.path("tmp"), "file-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(data)
	return finish(f, path, err)
}

// finish closes a temporary file and, if nothing went wrong, moves it to its
// place, for everybody to read.
func finish(f *os.File, path string, err error) error {
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// removeAll removes an unpacked layer.
func (s *Store) removeAll(path string) error {
	err := removeAll(path)
	if s.RemoveAll != nil && errors.Is(err, fs.ErrPermission) {
		return s.RemoveAll(path)
	}
	return err
}

// removeAll is os.RemoveAll that also removes what directories without
// permissions hold.
func removeAll(path string) error {
	if err := os.RemoveAll(path); err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(path)
}
