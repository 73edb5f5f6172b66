package work

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/tree"
)

// The directories of the work-writer container.
const (
	creatorRoot   = "/work-creator-files"
	inputRoot     = creatorRoot + "/input" // /kratix/output
	metadataRoot  = creatorRoot + "/metadata"
	systemRoot    = creatorRoot + "/kratix-system"
	schedulingAt  = systemRoot + "/promise-scheduling"
	creatorUID    = 65532 // user and group of the adapter image
	maximumOfHops = 40    // links that Linux follows in one path
)

// An errno is what the kernel of the work-writer container would answer, in
// its words, on whatever system this program runs.
type errno string

func (e errno) Error() string { return string(e) }

const (
	errNotExist   errno = "no such file or directory"
	errNotDir     errno = "not a directory"
	errIsDir      errno = "is a directory"
	errPermission errno = "permission denied"
	errLoop       errno = "too many levels of symbolic links"
	errNoDevice   errno = "no such device or address"
)

// A pathError is a call of the work-writer that failed.
type pathError struct {
	op, path string
	err      errno
}

func (e *pathError) Error() string { return e.op + " " + e.path + ": " + string(e.err) }
func (e *pathError) Unwrap() error { return e.err }

// mounts is the file system of the work-writer container, as far as an output
// can reach it. Its paths are absolute.
type mounts struct {
	volumes map[string]tree.FS // by mount point
	// scheduling is the file that a ConfigMap puts beside them.
	scheduling []byte
	// doubtful is told of each file whose mode would refuse the work-writer
	// and whose owner is not known.
	doubtful func(name string, info fs.FileInfo)
}

// A file is what a path leads to, after all links.
type file struct {
	path string // without links
	info fs.FileInfo
}

// readDir lists a directory by name, as os.ReadDir does there.
func (m *mounts) readDir(name string) ([]fs.DirEntry, error) {
	dir, err := m.find(name)
	switch {
	case err != nil:
		return nil, m.fault("open", name, err)
	case !dir.info.IsDir():
		return nil, m.fault("open", name, errNotDir)
	case !m.allows(dir, 0o4):
		return nil, m.fault("open", name, errPermission)
	}
	entries, err := m.entries(dir.path)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// open opens a file for reading; the caller closes it.
func (m *mounts) open(name string) (io.ReadCloser, error) {
	f, err := m.find(name)
	switch mode := f.mode(); {
	case err != nil:
		return nil, m.fault("open", name, err)
	case mode.IsDir():
		return nil, m.fault("read", name, errIsDir)
	case !m.allows(f, 0o4):
		return nil, m.fault("open", name, errPermission)
	case mode&fs.ModeSocket != 0:
		return nil, m.fault("open", name, errNoDevice)
	case !mode.IsRegular():
		return nil, &endlessError{name, mode}
	}
	if f.path == schedulingAt {
		return io.NopCloser(bytes.NewReader(m.scheduling)), nil
	}
	fsys, rel, _ := m.volume(f.path)
	return fsys.Open(rel)
}

// An endlessError is a file that never ends or never opens.
type endlessError struct {
	path string
	mode fs.FileMode
}

func (e *endlessError) Error() string { return e.path + " is no regular file: " + e.mode.String() }

func (f file) mode() fs.FileMode {
	if f.info == nil {
		return 0
	}
	return f.info.Mode()
}

// fault makes the error of a call; errors of our own disk stay what they are.
func (m *mounts) fault(op, name string, err error) error {
	if no, ok := errors.AsType[errno](err); ok {
		return &pathError{op, name, no}
	}
	return err
}

// find follows name to its end, as the kernel does.
func (m *mounts) find(name string) (file, error) {
	todo := strings.Split(name, "/")
	at := file{"/", directoryInfo("/")}
	for hops := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		if !at.info.IsDir() {
			return file{}, errNotDir
		}
		if !m.allows(at, 0o1) {
			return file{}, errPermission
		}
		next, err := m.step(at, part)
		if err != nil {
			return file{}, err
		}
		if next.info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if hops++; hops > maximumOfHops {
			return file{}, errLoop
		}
		target, err := m.readLink(next.path)
		if err != nil {
			return file{}, err
		}
		if path.IsAbs(target) {
			at = file{"/", directoryInfo("/")}
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return at, nil
}

// step goes from a directory to one of its entries, without following a link.
func (m *mounts) step(at file, part string) (file, error) {
	switch part {
	case "", ".":
		return at, nil
	case "..":
		return m.lstat(path.Dir(at.path))
	default:
		return m.lstat(path.Join(at.path, part))
	}
}

// lstat tells what lies at a path whose directory has no links.
func (m *mounts) lstat(name string) (file, error) {
	switch name {
	case "/", creatorRoot, systemRoot:
		return file{name, directoryInfo(name)}, nil
	case schedulingAt:
		return file{name, memoryInfo{name, int64(len(m.scheduling)), 0o644}}, nil
	}
	fsys, rel, ok := m.volume(name)
	if !ok {
		return file{}, errNotExist
	}
	if fsys == nil && rel == "." { // an empty volume
		return file{name, directoryInfo(name)}, nil
	}
	if fsys == nil {
		return file{}, errNotExist
	}
	info, err := fsys.Lstat(rel)
	if errors.Is(err, fs.ErrNotExist) {
		return file{}, errNotExist
	}
	return file{name, info}, err
}

func (m *mounts) readLink(name string) (string, error) {
	fsys, rel, _ := m.volume(name)
	return fsys.ReadLink(rel)
}

// volume tells which volume a path without links lies in, and where.
func (m *mounts) volume(name string) (fsys tree.FS, rel string, ok bool) {
	for at, fsys := range m.volumes {
		if name == at {
			return fsys, ".", true
		}
		if rest, ok := strings.CutPrefix(name, at+"/"); ok {
			return fsys, rest, true
		}
	}
	return nil, "", false
}

func (m *mounts) entries(dir string) ([]fs.DirEntry, error) {
	switch dir {
	case "/":
		return []fs.DirEntry{fs.FileInfoToDirEntry(directoryInfo(creatorRoot))}, nil
	case creatorRoot:
		var entries []fs.DirEntry
		for _, name := range []string{inputRoot, systemRoot, metadataRoot} {
			entries = append(entries, fs.FileInfoToDirEntry(directoryInfo(name)))
		}
		return entries, nil
	case systemRoot:
		info := memoryInfo{schedulingAt, int64(len(m.scheduling)), 0o644}
		return []fs.DirEntry{fs.FileInfoToDirEntry(info)}, nil
	}
	fsys, rel, _ := m.volume(dir)
	if fsys == nil {
		return nil, nil
	}
	return fs.ReadDir(fsys, rel)
}

// allows says whether the work-writer's user has a permission (4 to read, 1 to
// search) on a file. It is given the benefit of the doubt where the owner is
// not known, as on a directory that somebody gave us by name.
func (m *mounts) allows(f file, bit fs.FileMode) bool {
	perm := f.info.Mode().Perm()
	owner, known := tree.Owner(f.info)
	switch {
	case known && owner.UID == creatorUID:
		return perm>>6&bit != 0
	case known && owner.GID == creatorUID:
		return perm>>3&bit != 0
	case perm&bit != 0:
		return true
	case known:
		return false
	}
	m.doubtful(f.path, f.info)
	return true
}

// memoryInfo describes what no volume holds.
type memoryInfo struct {
	path string
	size int64
	mode fs.FileMode
}

func directoryInfo(name string) memoryInfo { return memoryInfo{name, 0, fs.ModeDir | 0o777} }

func (i memoryInfo) Name() string       { return path.Base(i.path) }
func (i memoryInfo) Size() int64        { return i.size }
func (i memoryInfo) Mode() fs.FileMode  { return i.mode }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return i.mode.IsDir() }
func (i memoryInfo) Sys() any           { return nil }
