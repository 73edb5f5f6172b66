// SPDX-License-Identifier: Apache-2.0

package changed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Editors and Git make many changes at once: they are told when nothing has
// happened for a moment or, if something never rests, after a while.
const (
	quiet    = 100 * time.Millisecond
	patience = 2 * time.Second
)

// A Watcher watches a directory and all below it.
type Watcher struct {
	notify *fsnotify.Watcher
	skip   func(dir string) bool
	files  map[string]bool // changed and not yet told
}

// Watch begins to watch dir, but for the directories below it that skip names.
// The caller closes the Watcher.
func Watch(dir string, skip func(dir string) bool) (*Watcher, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, diag.Machine(err)
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, watchError(root, err)
	}
	w := &Watcher{notify: notify, skip: skip, files: map[string]bool{}}
	if err := w.add(root, false); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() error { return w.notify.Close() }

// Next waits until something has changed since it was called last, and then
// until nothing has for a moment. It lists the files in order.
func (w *Watcher) Next(ctx context.Context) ([]string, error) {
	still := time.NewTimer(quiet)
	defer still.Stop()
	var first time.Time
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case event := <-w.notify.Events:
			err = w.take(event)
		case lost := <-w.notify.Errors:
			err = w.recover(lost)
		case <-still.C:
			if len(w.files) > 0 {
				files := slices.Sorted(maps.Keys(w.files))
				clear(w.files)
				return files, nil
			}
			continue
		}
		switch {
		case err != nil:
			return nil, err
		case len(w.files) == 0:
		case first.IsZero():
			first = time.Now()
			still.Reset(quiet)
		case time.Since(first) < patience:
			still.Reset(quiet)
		}
	}
}

// recover takes all files for changed if the kernel had more to tell than there
// was room for.
func (w *Watcher) recover(err error) error {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		return diag.Machine(fmt.Errorf("watching files: %w", err))
	}
	for _, dir := range w.notify.WatchList() {
		if err := w.add(dir, true); err != nil {
			return err
		}
	}
	return nil
}

// take notes what an event is about. A directory that appears may have files
// in it already.
func (w *Watcher) take(event fsnotify.Event) error {
	if event.Op == fsnotify.Chmod {
		return nil // tools that index files do it all the time
	}
	if w.skip != nil && w.skip(event.Name) {
		return nil
	}
	if event.Op.Has(fsnotify.Create) {
		if info, err := os.Lstat(event.Name); err == nil && info.IsDir() {
			return w.add(event.Name, true)
		}
	}
	w.files[event.Name] = true
	return nil
}

// add watches a directory and all below it. Told says that the files in them
// count as changed.
func (w *Watcher) add(dir string, told bool) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // it was there for a moment only
		case errors.Is(err, fs.ErrPermission) && path != dir:
			return nil // whoever cannot read it does not test with it
		case err != nil:
			return watchError(path, err)
		case path != dir && w.skip != nil && w.skip(path):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !entry.IsDir():
			if told {
				w.files[path] = true
			}
			return nil
		}
		if err := w.notify.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return watchError(path, err)
		}
		return nil
	})
}

func watchError(path string, err error) error {
	err = diag.Machine(fmt.Errorf("watching %s: %w", path, err))
	if errors.Is(err, errNoWatches) {
		return diag.Hint(err, "the kernel's limit is reached: sysctl fs.inotify.max_user_watches fs.inotify.max_user_instances")
	}
	return err
}
