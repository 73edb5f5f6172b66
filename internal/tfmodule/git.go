package tfmodule

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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
// to give a branch, a tag or a commit by its full name.
func (r repository) fetch(ctx context.Context, dir string) (string, error) {
	ref := r.ref
	if ref == "" {
		ref = "HEAD"
	}
	if strings.HasPrefix(ref, "-") || strings.HasPrefix(r.url, "-") {
		return "", diag.Inputf("%s?ref=%s is no Git repository", r.url, ref)
	}
	for _, args := range [][]string{
		{"init", "--quiet", "."},
		{"fetch", "--quiet", "--depth", "1", "--", r.url, ref},
		{"checkout", "--quiet", "FETCH_HEAD"},
	} {
		if err := git(ctx, dir, args...); err != nil {
			return "", err
		}
	}
	return below(dir, r.within)
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

// git runs git without asking anybody anything.
func git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh", "LC_ALL=C")
	err := run(cmd, dir)
	if errors.Is(err, exec.ErrNotFound) {
		return diag.Hint(diag.Machinef("there is no git on the PATH"), byHand)
	}
	return err
}

const byHand = "get the module yourself, and give its directory as well: --module-dir DIR"

// run runs a program; if it refuses, its last words are the error.
func run(cmd *exec.Cmd, dir string) error {
	cmd.Dir = dir
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
