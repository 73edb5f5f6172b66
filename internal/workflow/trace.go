// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/kratix-tools/kratix/internal/diag"
)

// contents are the files of some directories, each with a text that changes
// when the file does.
type contents map[string]string

// trace finds out what a step wrote by looking at the directories before and
// after it.
func (p *pipelineRun) trace(ctx context.Context, step *Step) error {
	after := contents{}
	for volume, name := range map[string]string{volumeOutput: "output", volumeMetadata: "metadata"} {
		if err := p.snapshot(ctx, volume, name, after); err != nil {
			return fmt.Errorf("tracing %s: %w", step, err)
		}
	}
	step.Wrote = changes(p.before, after)
	for i, name := range step.Wrote {
		step.Wrote[i] = p.secrets.Text(name)
	}
	p.before = after
	return nil
}

func (p *pipelineRun) snapshot(ctx context.Context, volume, name string, into contents) (err error) {
	dir, err := os.MkdirTemp(p.Dir, ".trace-")
	if err != nil {
		return diag.Machine(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	files, err := p.pod.CopyOut(ctx, volume, dir)
	if err != nil {
		return err
	}
	return fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		into[path.Join(name, file)], err = fingerprint(files, file, entry)
		return err
	})
}

func fingerprint(files fs.FS, file string, entry fs.DirEntry) (string, error) {
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := fs.ReadLink(files, file)
		return "link " + target, err
	case !info.Mode().IsRegular():
		return info.Mode().String(), nil
	}
	content, err := fs.ReadFile(files, file)
	return fmt.Sprintf("%s %x", info.Mode(), sha256.Sum256(content)), err
}

// changes lists what differs between two states, in order.
func changes(before, after contents) []string {
	var changed []string
	for name, content := range after {
		if old, existed := before[name]; !existed || old != content {
			changed = append(changed, name)
		}
	}
	for name := range maps.Keys(before) {
		if _, exists := after[name]; !exists {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}
