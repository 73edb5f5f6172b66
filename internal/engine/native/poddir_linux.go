// SPDX-License-Identifier: Apache-2.0

package native

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// podPrefix begins the names of Pods' directories.
const podPrefix = "kratix-pod-"

// A podDir is the directory of a Pod, which nobody else may enter: "root", to
// mount root file systems on, and the volumes by number. While its owner lives
// it is locked, and so the directory of a killed process is known as such.
type podDir struct {
	path string
	lock *os.File      // the directory itself
	ids  *subordinates // that its files may belong to
}

func (d *podDir) scratch() string     { return filepath.Join(d.path, "root") }
func (d *podDir) volume(i int) string { return filepath.Join(d.path, "volume-"+strconv.Itoa(i)) }

// newPodDir makes a directory below dir, with empty volumes.
func (r *runner) newPodDir(dir string, volumes []string) (*podDir, error) {
	d, err := lockedDir(dir)
	if err != nil {
		return nil, err
	}
	d.ids = r.ids
	err = os.Mkdir(d.scratch(), 0o755)
	for i := range volumes {
		if err == nil {
			err = makeVolume(r.mode, d.volume(i))
		}
	}
	if err != nil {
		return nil, errors.Join(err, d.remove())
	}
	return d, nil
}

// makeVolume makes a directory as an emptyDir is: the container's root owns
// it, everybody may write.
func makeVolume(mode Mode, path string) error {
	if err := os.Mkdir(path, 0o777); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o777); err != nil { // Mkdir heeds the umask
		return err
	}
	return mode.own(path)
}

// own gives a file of the machine to the container's root.
func (m Mode) own(path string) error {
	if m != ModeRange {
		return nil // it is the caller
	}
	return os.Lchown(path, toHost(0), toHost(0))
}

// lockedDir makes and locks a directory. A sweep may come between the two and
// take it for one left behind: then there is none to lock, or what was locked
// is no longer there.
func lockedDir(dir string) (*podDir, error) {
	for {
		path, err := os.MkdirTemp(dir, podPrefix)
		if err != nil {
			return nil, err
		}
		d, err := lockDir(path, unix.LOCK_EX)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return d, err
		}
	}
}

func lockDir(path string, how int) (*podDir, error) {
	f, err := os.OpenFile(path, unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	var stat unix.Stat_t
	err = unix.Flock(int(f.Fd()), how)
	if err == nil {
		err = unix.Fstat(int(f.Fd()), &stat)
	}
	if err == nil {
		err = unix.Lstat(path, new(unix.Stat_t)) // once it is locked, nobody else removes it
	}
	if err == nil && int(stat.Uid) != os.Geteuid() {
		err = fs.ErrPermission
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	return &podDir{path: path, lock: f}, nil
}

// remove removes the directory, and at last the lock with it.
func (d *podDir) remove() error {
	return errors.Join(d.ids.removeAll(d.path), d.lock.Close())
}

// removeAll is os.RemoveAll that also removes what directories without
// permissions hold.
func removeAll(path string) error {
	err := os.RemoveAll(path)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o700) // before WalkDir reads it
		}
		return nil
	})
	return os.RemoveAll(path)
}

// sweep removes directories whose owners were killed. What is another user's,
// or cannot be removed, is left where it is.
func sweep(dir string, ids *subordinates) {
	if dir == "" {
		dir = os.TempDir()
	}
	paths, _ := filepath.Glob(filepath.Join(dir, podPrefix+"*"))
	for _, path := range paths {
		if d, err := lockDir(path, unix.LOCK_EX|unix.LOCK_NB); err == nil {
			d.ids = ids
			_ = d.remove()
		}
	}
}
