// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"context"
	"crypto/sha1" // it is how Git names things
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// A gitStore is the head of a branch: the tree with the hash of every file, and
// of the contents those that were asked for.
type gitStore struct {
	repo  *repository
	head  string
	files map[string]file // by path
	limit int64

	mu      sync.Mutex
	here    map[string]bool // hashes of the contents that were fetched
	objects *objects        // nil until it is needed
}

// A file is an entry of a commit's tree.
type file struct {
	mode, hash string
}

// OpenGit reads the head of a state store's branch, at the moment of the call.
// The context is for the call alone. Nothing but the commit and its tree is
// fetched; contents follow when they are read.
func OpenGit(ctx context.Context, spec api.GitStateStoreSpec, credentials Credentials, o Options) (Reader, error) {
	access, err := newAccess(ctx, &spec, credentials, &o)
	if err != nil {
		return nil, fmt.Errorf("git repository %s: %w", withoutUser(spec.URL), err)
	}
	repo, err := newRepository(ctx, access, &spec, &o)
	if err != nil {
		return nil, err
	}
	store := &gitStore{repo: repo, here: map[string]bool{}, limit: o.maxObject()}
	if err := store.fetch(ctx); err != nil {
		return nil, errors.Join(err, repo.remove())
	}
	return store, nil
}

func (s *gitStore) fetch(ctx context.Context) error {
	if err := s.repo.fetchHead(ctx); err != nil {
		return err
	}
	var err error
	if s.head, err = s.repo.head(ctx); err != nil {
		return err
	}
	s.files, err = s.repo.tree(ctx, s.head)
	return err
}

func (s *gitStore) Version() string { return s.head }

// find gives the file at a path. Only regular files are documents.
func (s *gitStore) find(name string) (file, error) {
	f, ok := s.files[inTree(name)]
	switch {
	case !ok:
		return file{}, absent(name)
	case f.mode == "120000":
		return file{}, diag.Machinef("read %s: it is a symbolic link", name)
	case f.mode == "160000":
		return file{}, diag.Machinef("read %s: it is a submodule", name)
	}
	return f, nil
}

// inTree is a path as a tree has it. Kratix, too, takes a leading slash of a
// path in a repository away.
func inTree(name string) string { return path.Clean(strings.TrimLeft(name, "/")) }

func (s *gitStore) Same(_ context.Context, name string, content []byte) (bool, error) {
	f, err := s.find(name)
	if err != nil {
		return false, err
	}
	return f.hash == blobHash(content, len(f.hash)), nil
}

// blobHash is the hash that Git gives to a content: SHA-1, or SHA-256 in the
// repositories where names have as many digits.
func blobHash(content []byte, digits int) string {
	h := sha1.New()
	if digits == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

func (s *gitStore) List(_ context.Context, prefix string) ([]string, error) {
	prefix = strings.TrimLeft(prefix, "/")
	var paths []string
	for name := range s.files {
		if strings.HasPrefix(name, prefix) {
			paths = append(paths, name)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

func (s *gitStore) Prefetch(ctx context.Context, paths []string) error {
	wanted := map[string]bool{}
	for _, name := range paths {
		if f, err := s.find(name); err == nil {
			wanted[f.hash] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bring(ctx, wanted)
}

// bring fetches contents that are not here.
func (s *gitStore) bring(ctx context.Context, wanted map[string]bool) error {
	maps.DeleteFunc(wanted, func(hash string, _ bool) bool { return s.here[hash] })
	if len(wanted) == 0 {
		return nil
	}
	if err := s.repo.fetchBlobs(ctx, slices.Sorted(maps.Keys(wanted))); err != nil {
		return err
	}
	maps.Copy(s.here, wanted)
	return nil
}

func (s *gitStore) Read(ctx context.Context, name string) ([]byte, error) {
	f, err := s.find(name)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.bring(ctx, map[string]bool{f.hash: true}); err != nil {
		return nil, err
	}
	content, size, err := s.object(ctx, f.hash)
	switch {
	case err != nil:
		return nil, s.repo.fault(ctx, fmt.Errorf("read %s: %w", name, err))
	case size > s.limit:
		return nil, tooBig(name, size, s.limit)
	}
	return content, nil
}

// object asks the process that reads objects; one that failed is replaced by
// the next call.
func (s *gitStore) object(ctx context.Context, hash string) (content []byte, size int64, err error) {
	if s.objects == nil {
		if s.objects, err = s.repo.openObjects(); err != nil {
			return nil, 0, err
		}
	}
	content, size, err = s.objects.read(ctx, hash, s.limit)
	if err != nil {
		s.objects.close()
		s.objects = nil
	}
	return content, size, err
}

func (s *gitStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects != nil {
		s.objects.close()
		s.objects = nil
	}
	return s.repo.remove()
}

// parseTree reads what git ls-tree -r -z writes.
func parseTree(out string) (map[string]file, error) {
	files := map[string]file{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		about, name, ok := strings.Cut(entry, "\t")
		fields := strings.Fields(about)
		switch {
		case entry == "": // a commit without files
		case !ok || len(fields) != 3:
			return nil, fmt.Errorf("git ls-tree wrote %q", entry)
		default:
			files[name] = file{mode: fields[0], hash: fields[2]}
		}
	}
	return files, nil
}
