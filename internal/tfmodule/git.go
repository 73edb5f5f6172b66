// SPDX-License-Identifier: Apache-2.0

package tfmodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A repository is a source that git fetches.
type repository struct {
	url    string
	ref    string // a branch, a tag or a commit; the default branch when empty
	within string // the module's directory
}

// repository tells whether the source is a Git repository. Besides git:: there
// are the abbreviations that Terraform knows.
func (s Source) repository() (repository, bool) {
	address, within := s.split()
	address, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return repository{}, false
	}
	r := repository{within: within, ref: values.Get("ref")}
	switch forced, isForced := strings.CutPrefix(address, "git::"); {
	case isForced:
		r.url = forced
	case strings.HasPrefix(address, "github.com/"), strings.HasPrefix(address, "bitbucket.org/"):
		return r.abbreviated(address)
	case strings.HasPrefix(address, "git@"):
		r.url = address
	default:
		return repository{}, false
	}
	return r, r.url != ""
}

// abbreviated is github.com/OWNER/REPOSITORY[/DIR].
func (r repository) abbreviated(address string) (repository, bool) {
	parts := strings.SplitN(address, "/", 4)
	if len(parts) < 3 {
		return repository{}, false
	}
	r.url = "https://" + strings.TrimSuffix(strings.Join(parts[:3], "/"), ".git") + ".git"
	if len(parts) == 4 && r.within == "" {
		r.within = parts[3]
	}
	return r, true
}

// fetch fetches one commit, and no history: of all servers the most are content
// to give a branch, a tag or a commit by its full name. The first letters of a
// commit's name mean something only where all commits are.
func (r repository) fetch(ctx context.Context, dir string) (string, error) {
	if strings.HasPrefix(r.ref, "-") || strings.HasPrefix(r.url, "-") {
		return "", diag.Inputf("%s?ref=%s is no Git repository", r.url, r.ref)
	}
	if err := git(ctx, dir, "init", "--quiet", "--template=", "."); err != nil {
		return "", err
	}
	found := "FETCH_HEAD"
	err := git(ctx, dir, "fetch", "--quiet", "--depth", "1", "--", r.url, cmp.Or(r.ref, "HEAD"))
	if err != nil && isCommit(r.ref) {
		found = r.ref
		err = git(ctx, dir, "fetch", "--quiet", "--tags", "--", r.url, "+refs/heads/*:refs/remotes/origin/*")
	}
	if err != nil {
		return "", err
	}
	if err := git(ctx, dir, "checkout", "--quiet", "--detach", found); err != nil {
		return "", err
	}
	return below(dir, r.within)
}

// isCommit tells whether a ref may be the beginning of a commit's name.
func isCommit(ref string) bool {
	return regexp.MustCompile(`^[0-9a-f]{7,64}$`).MatchString(ref)
}

// below is a directory of what was fetched, and of nothing else.
func below(dir, within string) (string, error) {
	if within == "" {
		return dir, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", diag.Machine(err)
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(filepath.FromSlash(within))
	if err != nil || !info.IsDir() {
		return "", diag.Inputf("it has no directory %s", within)
	}
	return filepath.Join(dir, filepath.FromSlash(within)), nil
}

// git runs git in a directory, without asking anybody anything. Hooks of the user
// do not run, and where git was told to look for a repository, as it is in a hook
// that runs this program, it does not look.
func git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), namesRepository)
	cmd.Env = append(cmd.Env, "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh", "LC_ALL=C")
	err := run(cmd, dir)
	if errors.Is(err, exec.ErrNotFound) {
		return diag.Hint(diag.Machinef("there is no git on the PATH"), byHand)
	}
	return err
}

// namesRepository tells whether a variable of the environment makes git work on
// another repository than that of its directory.
func namesRepository(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{
		"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE",
	}, name)
}

const byHand = "get the module yourself, and give its directory as well: --module-dir DIR"

// run runs a program; if it refuses, its last words are the error.
func run(cmd *exec.Cmd, dir string) error {
	cmd.Dir, cmd.WaitDelay = dir, 2*time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.Exited():
		err := diag.Machinef("%s: exit code %d: %s", filepath.Base(cmd.Path), exit.ExitCode(), strings.TrimSpace(string(out)))
		return diag.Hint(err, byHand)
	default:
		return diag.Machine(fmt.Errorf("running %s: %w", filepath.Base(cmd.Path), err))
	}
}
