package workflow

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/kratix-tools/kratix/internal/tree"
)

// metadataMount is where Kratix' own containers see /kratix/metadata.
const metadataMount = "/work-creator-files/metadata"

// adapterUser is the user and group of Kratix' own containers, who read what
// the user's containers left behind.
const adapterUser = 65532

func mounted(name string) string { return path.Join(metadataMount, name) }

// readMetadata reads a file of the metadata tree as the status-writer can: by
// its own user and at its own mount point, so that an absolute link to
// /kratix/metadata leads nowhere. Errors read as those of os.ReadFile there.
func readMetadata(metadata fs.FS, name string) ([]byte, error) {
	resolved, err := resolve(metadata, name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: mounted(name), Err: err}
	}
	info, err := fs.Lstat(metadata, resolved)
	switch {
	case err != nil:
		return nil, &fs.PathError{Op: "open", Path: mounted(name), Err: cause(err)}
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: mounted(name), Err: syscall.EISDIR}
	case !readable(info):
		return nil, &fs.PathError{Op: "open", Path: mounted(name), Err: fs.ErrPermission}
	}
	content, err := fs.ReadFile(metadata, resolved)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: mounted(name), Err: cause(err)}
	}
	return content, nil
}

// cause is the reason within a path error, whose path is one of this machine.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// maxLinks is how many links Linux follows in one path.
const maxLinks = 40

// resolve follows the links of name inside the tree. What leaves the tree does
// not exist: the status-writer has mounted nothing else of the Pod.
func resolve(fsys fs.FS, name string) (string, error) {
	todo, done := strings.Split(name, "/"), "."
	for links := 0; len(todo) > 0; {
		next := path.Join(done, todo[0])
		todo = todo[1:]
		if !fs.ValidPath(next) {
			return "", fs.ErrNotExist
		}
		info, err := fs.Lstat(fsys, next)
		if err != nil {
			return "", cause(err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", syscall.ELOOP
		}
		target, err := fs.ReadLink(fsys, next)
		if err != nil {
			return "", cause(err)
		}
		if rest, inside := strings.CutPrefix(target, metadataMount+"/"); inside {
			target, done = rest, "."
		} else if path.IsAbs(target) {
			return "", fs.ErrNotExist
		}
		todo = append(strings.Split(path.Clean(target), "/"), todo...)
	}
	return done, nil
}

// readable reports whether the user of Kratix' own containers may read a file;
// one whose owner is not known has been made by the user at hand.
func readable(info fs.FileInfo) bool {
	owner, known := tree.Owner(info)
	if !known {
		return true
	}
	mode := info.Mode().Perm()
	switch {
	case owner.UID == adapterUser:
		return mode&0o400 != 0
	case owner.GID == adapterUser:
		return mode&0o040 != 0
	default:
		return mode&0o004 != 0
	}
}
