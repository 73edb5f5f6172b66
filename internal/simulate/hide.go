// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/redact"
	"github.com/kratix-tools/kratix/internal/scratch"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/work"
)

// secretsDir is a directory for files that nobody may get to see: beside the
// others where there is nothing to hide, and else one that is removed in the
// end, also if this process is killed before.
func secretsDir(dir string, secrets *redact.Secrets) (path string, remove func() error, err error) {
	if secrets.Empty() {
		return dir, func() error { return nil }, nil
	}
	temp, err := scratch.New("kratix-unredacted-")
	if err != nil {
		return "", nil, err
	}
	return temp.Path, temp.Remove, nil
}

// hide takes the secrets out of what a Pipeline has left, once Kratix has seen
// it: from then on there are only copies without them, in dir or, if that is
// empty, in memory.
func (p *Pipeline) hide(dir string, secrets *redact.Secrets) (err error) {
	if secrets.Empty() {
		return nil
	}
	p.Output, err = hideTree(p.Output, dir, "output", secrets)
	if err == nil {
		p.Metadata, err = hideTree(p.Metadata, dir, "metadata", secrets)
	}
	if err == nil {
		p.Work, err = hideWork(p.Work, secrets)
	}
	if err != nil {
		// What is left of them must not be used.
		p.Output, p.Metadata, p.Work = nil, nil, nil
		return diag.Machine(err)
	}
	p.Object = secrets.File("object.yaml", p.Object)
	p.Warnings, p.Findings = slices.Clone(p.Warnings), slices.Clone(p.Findings)
	for _, shown := range []any{&p.Warnings, &p.Findings, &p.Placements, p.Suspension} {
		secrets.In(shown)
	}
	if p.Failure != nil {
		p.Failure.Err = diag.Reworded(p.Failure.Err, secrets.Text)
	}
	return nil
}

// hideTree copies a tree without secrets to a directory in dir or, if that is
// empty, to memory.
func hideTree(files tree.FS, dir, name string, secrets *redact.Secrets) (tree.FS, error) {
	if files == nil {
		return nil, nil
	}
	hidden := tree.NewMemory()
	if dir != "" {
		top, err := fs.Stat(files, ".")
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // nothing secret
			return nil, err
		}
		if hidden, err = tree.NewCopy(path, tree.Attr{Mode: top.Mode(), ModTime: top.ModTime()}); err != nil {
			return nil, err
		}
	}
	return hidden, hidden.Rewrite(files, secrets.Text, secrets.File)
}

// hideWork copies a Work without secrets.
func hideWork(w *api.Work, secrets *redact.Secrets) (*api.Work, error) {
	if w == nil {
		return nil, nil
	}
	text, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	var hidden api.Work
	if err := json.Unmarshal(text, &hidden); err != nil {
		return nil, err
	}
	secrets.In(&hidden)
	for i, group := range w.Spec.WorkloadGroups {
		for j, load := range group.Workloads {
			content, err := work.Decompress(load.Content, 0)
			if err != nil {
				return nil, err
			}
			hidden.Spec.WorkloadGroups[i].Workloads[j].Content = work.Compress(secrets.File(load.Filepath, content))
		}
	}
	return &hidden, nil
}
