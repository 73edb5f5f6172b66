// SPDX-License-Identifier: Apache-2.0

package changed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Since lists the files of the Git repository around dir that differ from what
// they were in the commit ref: changed, added or removed, committed since or
// not, and those that Git does not know yet. What it ignores is left out.
func Since(ctx context.Context, dir, ref string) ([]string, error) {
	up, err := git(ctx, dir, "rev-parse", "--show-cdup")
	if err != nil {
		return nil, err
	}
	root, err := filepath.Abs(filepath.Join(dir, strings.TrimSpace(up)))
	if err != nil {
		return nil, diag.Machine(err)
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		if diag.ExitCode(err) != diag.ExitInput {
			return nil, err
		}
		return nil, diag.Hint(diag.Inputf("Git knows no commit %q in %s", ref, root), "git log --oneline --all lists what it knows; a shallow clone lacks most: git fetch --unshallow")
	}
	different, err := git(ctx, root, "diff", "--name-only", "--no-renames", "-z", strings.TrimSpace(commit), "--")
	if err != nil {
		return nil, err
	}
	unknown, err := git(ctx, root, "ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return nil, err
	}
	var files []string
	for name := range strings.SplitSeq(different+unknown, "\x00") {
		if name != "" {
			files = append(files, filepath.Join(root, filepath.FromSlash(name)))
		}
	}
	return files, nil
}

// git runs Git in a directory and gives what it prints.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case err == nil:
		return stdout.String(), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", diag.Hint(diag.Machine(errors.New("the program git is not on the PATH")), "install Git")
	}
	said := strings.TrimPrefix(strings.TrimSpace(stderr.String()), "fatal: ")
	if said == "" {
		said = err.Error()
	}
	first, _, _ := strings.Cut(said, "\n")
	return "", diag.Input(fmt.Errorf("git: %s", first))
}
