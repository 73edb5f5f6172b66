// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scratch"
)

// A repository is a temporary bare repository, in fact two: one that knows the
// store and fetches from it, and one that has the same objects and knows
// nobody. From the first, git would fetch whatever object is missing, one at a
// time; from the second, it says that it is missing.
type repository struct {
	access *access
	branch string
	dir    *scratch.Dir
	tunnel *tunnel // nil without Options.Dial
	caFile string  // absolute, since git runs elsewhere
	// insecure accepts every certificate
	insecure bool

	fetching []string // the environment of git where it fetches
	reading  []string // and where it reads
}

// headRef is the name that the head of the branch has here.
const headRef = "refs/kratix/head"

func newRepository(ctx context.Context, a *access, spec *api.GitStateStoreSpec, o *Options) (*repository, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, diag.Hint(diag.Machinef("%s: there is no git on this machine: %w", a, err), "install git: Kratix uses it too")
	}
	dir, err := scratch.New("kratix-store-")
	if err != nil {
		return nil, err
	}
	r := &repository{access: a, branch: cmp.Or(spec.Branch, "main"), dir: dir, insecure: o.InsecureSkipTLSVerify}
	if err := r.prepare(ctx, o); err != nil {
		return nil, errors.Join(err, r.remove())
	}
	return r, nil
}

// remove ends the tunnel and removes all files.
func (r *repository) remove() error {
	err := r.dir.Remove()
	if r.tunnel != nil {
		err = errors.Join(err, r.tunnel.close())
		r.tunnel = nil
	}
	return err
}

func (r *repository) path(name string) string { return filepath.Join(r.dir.Path, name) }

func (r *repository) prepare(ctx context.Context, o *Options) error {
	if _, err := o.tlsConfig(); err != nil {
		return err
	}
	var err error
	if r.caFile, err = absolute(o.CAFile); err != nil {
		return diag.Machine(err)
	}
	if err := r.openTunnel(o); err != nil {
		return diag.Machine(err)
	}
	base := r.environment()
	r.fetching = slices.Concat(base, r.fetchEnvironment(), []string{"GIT_DIR=" + r.path("fetch.git")})
	r.reading = slices.Concat(base, []string{"GIT_DIR=" + r.path("read.git"), "GIT_OBJECT_DIRECTORY=" + r.path("fetch.git/objects"), "GIT_ALLOW_PROTOCOL="})
	if err := r.writeFiles(); err != nil {
		return diag.Machine(err)
	}
	return r.fault(ctx, r.initialise(ctx, "sha1"))
}

// initialise makes the two repositories, for objects whose names are of a kind.
func (r *repository) initialise(ctx context.Context, kind string) error {
	for _, env := range [][]string{r.fetching, r.reading} {
		if _, err := r.git(ctx, env, "", "init", "--quiet", "--bare", "--template=", "--object-format="+kind); err != nil {
			return err
		}
	}
	return r.configure()
}

func absolute(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	return filepath.Abs(file)
}

func (r *repository) openTunnel(o *Options) (err error) {
	if o.Dial != nil {
		r.tunnel, err = newTunnel(o.Dial, r.access.address, isHTTPS(r.access.url))
	}
	return err
}

// writeFiles writes what ssh is to read.
func (r *repository) writeFiles() error {
	for name, content := range r.access.files {
		if err := os.WriteFile(r.path(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// configure adds to what git knows of the store.
func (r *repository) configure() error {
	config, err := os.OpenFile(r.path("fetch.git/config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = config.WriteString(r.configuration())
	return errors.Join(err, config.Close())
}

// fetchHead fetches the commit at the head of the branch with its trees.
func (r *repository) fetchHead(ctx context.Context) error {
	err := r.fetchTrees(ctx)
	if failed, ok := errors.AsType[*gitError](err); ok && strings.Contains(failed.said, "mismatched algorithms") {
		err = r.startAnew(ctx, "sha256")
		if err == nil {
			err = r.fetchTrees(ctx)
		}
	}
	return r.fault(ctx, err)
}

func (r *repository) fetchTrees(ctx context.Context) error {
	_, err := r.fetch(ctx, "", "--depth=1", "--filter=blob:none", "origin", r.refspec())
	return err
}

func (r *repository) startAnew(ctx context.Context, kind string) error {
	if err := errors.Join(os.RemoveAll(r.path("fetch.git")), os.RemoveAll(r.path("read.git"))); err != nil {
		return err
	}
	return r.initialise(ctx, kind)
}

func (r *repository) refspec() string { return "+refs/heads/" + r.branch + ":" + headRef }

// fetchBlobs fetches contents that are not here yet. Servers that speak only
// Git's oldest protocol may give them with the branch alone: then all of them
// are fetched.
func (r *repository) fetchBlobs(ctx context.Context, hashes []string) error {
	absent, err := r.missing(ctx, hashes)
	if err != nil || absent == "" {
		return r.fault(ctx, err)
	}
	_, err = r.fetch(ctx, absent, "--filter=blob:none", "--stdin", "origin")
	if failed, ok := errors.AsType[*gitError](err); ok && strings.Contains(failed.said, "unadvertised object") {
		_, err = r.fetch(ctx, "", "--depth=1", "--no-filter", "origin", r.refspec())
	}
	return r.fault(ctx, err)
}

// fetch asks for objects without telling which ones are here: those that are
// wanted never are.
func (r *repository) fetch(ctx context.Context, input string, args ...string) (string, error) {
	return r.git(ctx, r.fetching, input, append([]string{
		"-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no",
	}, args...)...)
}

// missing gives those of the hashes whose contents are not here, one a line:
// servers that know no filter sent everything at once.
func (r *repository) missing(ctx context.Context, hashes []string) (string, error) {
	out, err := r.git(ctx, r.reading, strings.Join(hashes, "\n")+"\n", "cat-file", "--batch-check", "--buffer")
	var absent strings.Builder
	for line := range strings.Lines(out) {
		if hash, ok := strings.CutSuffix(line, " missing\n"); ok {
			absent.WriteString(hash + "\n")
		}
	}
	return absent.String(), err
}

func (r *repository) head(ctx context.Context) (string, error) {
	out, err := r.git(ctx, r.fetching, "", "rev-parse", "--verify", headRef+"^{commit}")
	return strings.TrimSpace(out), r.fault(ctx, err)
}

func (r *repository) tree(ctx context.Context, commit string) (map[string]file, error) {
	out, err := r.git(ctx, r.reading, "", "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, r.fault(ctx, err)
	}
	files, err := parseTree(out)
	return files, diag.Machine(err)
}
